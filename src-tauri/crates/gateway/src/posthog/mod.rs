//! PostHog's ingestion protocols (v0 and v1) and the first requests of its SDKs, as recorded from unmodified SDKs.
//!
//! Answers are the vendor's: `{"status":1}`, 204 for beacons, plain text for errors. Where the vendor refuses a whole
//! batch for one bad event, the good ones are kept here and the bad one is recorded: 400 only when nothing is usable.

pub(crate) mod flags;
pub(crate) mod parse;
mod props;
mod recordings;
mod startup;
pub(crate) mod v1;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(crate) use flags::{definitions, flags, payload};
pub(crate) use recordings::recordings;
pub(crate) use startup::{remote_config, remote_config_script};

use crate::app::App;
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::Taken;
use crate::key::query;
use crate::problem::Problem;

/// `POST|GET /batch`, `/e`, `/i/v0/e`, `/i/v0/ai/batch`, `/capture`.
pub(crate) async fn capture(State(app): State<App>, request: Request) -> Response {
    let beacon = is_beacon(request.uri());
    match take(&app, request).await {
        Ok(()) => accepted(beacon),
        Err(problem) => problem.text(),
    }
}

async fn take(app: &App, request: Request) -> Result<(), Problem> {
    let incoming = Incoming::read(app, request).await?;
    let taken = incoming.decoded(app, |shared, incoming| {
        let data = incoming.json(shared)?;
        parse::events(shared, &incoming.uri, &data, incoming.received)
    });
    keep(app, taken.await??).await
}

pub(crate) fn is_beacon(uri: &Uri) -> bool {
    query(uri, &["beacon"]).is_some_and(|value| value == "1")
}

/// What the SDKs take for success.
pub(crate) fn accepted(beacon: bool) -> Response {
    if beacon {
        return StatusCode::NO_CONTENT.into_response();
    }
    Json(json!({"status": 1})).into_response()
}

/// Commits what a request came to.
pub(crate) async fn keep(app: &App, taken: Taken) -> Result<(), Problem> {
    if taken.seen == 0 {
        return Err(Problem::bad("request holds no event", "send at least one event"));
    }
    let useless = taken.batch.is_empty().then(|| taken.rejections.first().map(|first| first.reason.clone())).flatten();
    commit(app, taken).await?;
    useless.map_or(Ok(()), |reason| Err(Problem::bad(reason, "")))
}
