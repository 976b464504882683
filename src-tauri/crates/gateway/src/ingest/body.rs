//! Reads a request's body within bounds of size, time and memory.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::problem::Problem;

/// A body together with its share of the memory that bodies may take.
pub(crate) struct Held {
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// A body that came in the query and took no memory of its own.
pub(crate) fn held(bytes: Vec<u8>) -> Held {
    Held { bytes: bytes.into(), _share: None }
}

/// Reads `body` whole. Each chunk takes its share of `budget` (permits are bytes) and never waits for it: a full budget
/// is 503 at once, so senders that dribble cannot make others wait.
pub(crate) async fn read(body: Body, limits: &Limits, budget: &Arc<Semaphore>) -> Result<Held, Problem> {
    let too_large = || Problem::too_large(format!("the body is larger than {} bytes", limits.batch_bytes_max));
    let announced = body.size_hint().exact().and_then(|n| usize::try_from(n).ok());
    if announced.is_some_and(|n| n > limits.batch_bytes_max) {
        return Err(too_large());
    }
    let mut body = body;
    let mut share: Option<OwnedSemaphorePermit> = None;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let everything = async {
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|_| Problem::bad("failed to decode request: the body broke off", "send it again"))?;
            let Ok(data) = frame.into_data() else { continue };
            let size = first.len().saturating_add(rest.len()).saturating_add(data.len());
            if size > limits.batch_bytes_max {
                return Err(too_large());
            }
            let permits = u32::try_from(data.len()).map_err(|_| too_large())?;
            let part = Arc::clone(budget)
                .try_acquire_many_owned(permits)
                .map_err(|_| Problem::busy("transient error, please retry"))?;
            match share.as_mut() {
                Some(share) => share.merge(part),
                None => share = Some(part),
            }
            if first.is_empty() && rest.is_empty() {
                first = data;
                continue;
            }
            if rest.is_empty() {
                rest.reserve(announced.unwrap_or(size).max(size));
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&data);
        }
        Ok(())
    };
    let Ok(result) = tokio::time::timeout(limits.body_timeout, everything).await else {
        return Err(Problem::slow());
    };
    result?;
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    Ok(Held { bytes, _share: share })
}
