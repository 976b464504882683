//! A request as every ingestion protocol reads it: its body within bounds, or what stands for it in the query.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Uri};
use epoch_model::time::Millis;

use super::body::{self, Held};
use super::{HEAVY_BYTES, on_its_own_thread};
use crate::app::{App, Shared};
use crate::decode::payload;
use crate::key::query;
use crate::problem::Problem;

/// Compressed bodies unfold to several times their size.
const HEAVY_PACKED_BYTES: usize = HEAVY_BYTES / 8;

/// What arrived.
pub(crate) struct Incoming {
    pub held: Held,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// When it arrived.
    pub received: Millis,
    /// The body came in the query, where no `Content-Encoding` speaks of it.
    in_query: bool,
}

impl Incoming {
    /// Reads it, if there are not too many.
    pub(crate) async fn read(app: &App, request: Request) -> Result<Self, Problem> {
        app.rate.any()?;
        Self::admitted(app, request).await
    }

    /// Reads one that was counted. A GET, and a POST without a body, may carry `?data=` instead.
    pub(crate) async fn admitted(app: &App, request: Request) -> Result<Self, Problem> {
        let (parts, payload) = request.into_parts();
        let mut held = None;
        if parts.method == Method::POST {
            held = Some(body::read(payload, &app.config.limits, &app.budget).await?).filter(|h| !h.bytes.is_empty());
        }
        let in_query = held.is_none();
        let held = held.unwrap_or_else(|| {
            let data = query(&parts.uri, &["data"]).map(|data| format!("data={}", encoded(&data)).into_bytes());
            body::held(data.unwrap_or_default())
        });
        let received = (app.config.clock)();
        Ok(Self { held, uri: parts.uri, headers: parts.headers, received, in_query })
    }

    /// As if it had arrived.
    #[cfg(any(test, feature = "probe"))]
    pub(crate) fn of_bytes(uri: Uri, kind: &str, bytes: Vec<u8>, received: Millis) -> Self {
        let kind = axum::http::HeaderValue::from_str(kind);
        let headers = kind.into_iter().map(|kind| (CONTENT_TYPE, kind)).collect();
        Self { held: body::held(bytes), uri, headers, received, in_query: false }
    }

    /// A header's text.
    pub(crate) fn header(&self, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `Content-Encoding`.
    pub(crate) fn encoding(&self) -> Option<&str> {
        if self.in_query { None } else { self.header(CONTENT_ENCODING) }
    }

    /// The `Content-Type`, empty when there is none.
    pub(crate) fn kind(&self) -> &str {
        self.header(CONTENT_TYPE).unwrap_or_default()
    }

    /// An option of the query or of the form around the data.
    pub(crate) fn option(&self, name: &str) -> Option<Cow<'_, str>> {
        query(&self.uri, &[name]).or_else(|| payload::field(&self.held.bytes, name))
    }

    /// The JSON inside.
    pub(crate) fn json(&self, shared: &Shared) -> Result<Cow<'_, [u8]>, Problem> {
        payload::unwrap(&self.held.bytes, self.encoding(), &shared.config.limits)
    }

    /// Runs `work` on it, on a thread of its own when it is large.
    pub(crate) async fn decoded<T: Send + 'static>(
        self,
        app: &App,
        work: impl FnOnce(&Shared, &Self) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let packed = self.encoding().is_some() || !matches!(self.held.bytes.first(), Some(b'{' | b'['));
        let heavy = self.held.bytes.len() > if packed { HEAVY_PACKED_BYTES } else { HEAVY_BYTES };
        let shared = Arc::clone(app);
        on_its_own_thread(app, heavy, move || work(&shared, &self)).await
    }
}

fn encoded(data: &str) -> String {
    form_urlencoded::byte_serialize(data.as_bytes()).collect()
}
