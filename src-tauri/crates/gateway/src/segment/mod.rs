//! Segment's tracking API: one call per message, or a batch of them, as Segment's SDKs send them.
//!
//! The answers are the vendor's: 200 whatever becomes of the messages, even for a key that is not known. What such a
//! request holds is not stored; that it came is recorded, once a second at most.

mod context;
mod message;
pub(crate) mod parse;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use epoch_model::Code;
use epoch_model::event::Rejection;
use serde_json::json;

use crate::app::App;
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::Taken;
use crate::problem::Problem;

/// Where requests with unknown keys are recorded: the vendor's protocol does not tell their senders.
const STRANGERS: &str = "segment";

/// `POST /v1/batch`, `/v1/identify`, `/v1/track`, …, and the browser SDK's `/v1/b`, `/v1/i`, `/v1/t`, ….
pub(crate) async fn messages(State(app): State<App>, request: Request) -> Response {
    match take(&app, request).await {
        Ok(()) => Json(json!({"success": true})).into_response(),
        Err(problem) => refused(&problem),
    }
}

/// Whether a message of this type is one of the API's calls.
pub(crate) fn is_call(kind: &str) -> bool {
    message::Kind::named(kind).is_some()
}

/// `POST /v1/m`: the SDK's own telemetry, of no use here.
pub(crate) async fn telemetry() -> Response {
    Json(json!({"success": true})).into_response()
}

async fn take(app: &App, request: Request) -> Result<(), Problem> {
    let incoming = Incoming::read(app, request).await?;
    let received = incoming.received;
    let taken = incoming.decoded(app, |shared, incoming| {
        parse::messages(shared, incoming.uri.path(), &incoming.headers, &incoming.json(shared)?, incoming.received)
    });
    match taken.await?? {
        parse::Outcome::Taken(taken) => keep(app, taken).await,
        parse::Outcome::UnknownKey { messages } => {
            if app.rate.may_note_stranger() {
                let reason = format!("{messages} messages came with a write key that is not known");
                let note = Rejection { position: 0, code: Code::Unauthorized, reason, raw: String::new() };
                let sink = app.config.sink.clone();
                let noted = tokio::task::spawn_blocking(move || sink.reject(STRANGERS, received, vec![note])).await;
                noted.map_err(|_| Problem::busy("transient error, please retry"))??;
            }
            Ok(())
        }
    }
}

async fn keep(app: &App, taken: Taken) -> Result<(), Problem> {
    commit(app, taken).await.map(drop)
}

/// 400 for whatever the SDK should not send again; else the status that makes it try again.
fn refused(problem: &Problem) -> Response {
    let status = match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE => StatusCode::BAD_REQUEST,
        status => status,
    };
    let body = json!({"success": false, "message": problem.error.message});
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
