//! Session recordings: taken as the vendor takes them, so that SDKs do not repeat them, and dropped. Nothing of a
//! recording is looked at or stored; the remote configuration tells SDKs not to record in the first place.

use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::Body as _;

use super::{accepted, is_beacon};
use crate::app::App;
use crate::problem::Problem;

/// The vendor's limit.
const BYTES_MAX: u64 = 25 * 1024 * 1024;

/// `POST|GET /s`.
pub(crate) async fn recordings(State(app): State<App>, request: Request) -> Response {
    let beacon = is_beacon(request.uri());
    match drop_body(&app, request).await {
        Ok(()) => accepted(beacon),
        Err(problem) => problem.text(),
    }
}

async fn drop_body(app: &App, request: Request) -> Result<(), Problem> {
    app.rate.any()?;
    let too_large = || Problem::too_large(format!("the body is larger than {BYTES_MAX} bytes"));
    let mut body = request.into_body();
    if body.size_hint().exact().is_some_and(|announced| announced > BYTES_MAX) {
        return Err(too_large());
    }
    let everything = async {
        let mut seen = 0u64;
        while let Some(frame) = body.frame().await {
            let broken = |_| Problem::bad("failed to decode request: the body broke off", "send it again");
            seen += frame.map_err(broken)?.data_ref().map_or(0, |data| data.len() as u64);
            if seen > BYTES_MAX {
                return Err(too_large());
            }
        }
        Ok(())
    };
    let ended = tokio::time::timeout(app.config.limits.body_timeout, everything).await;
    ended.map_err(|_| Problem::slow())?
}
