//! Stripe's webhooks: `POST /hooks/stripe/{source}`, signed with the endpoint's secret, which is kept under the source's key.
//!
//! 200 after the commit; whatever else is answered makes Stripe send the event again, for up to three days. Its id makes
//! that harmless.

mod event;
mod money;
mod signature;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use epoch_model::Code;
use serde_json::json;

pub(crate) use event::{is_event, parse};

use crate::app::App;
use crate::config::Limits;
use crate::ingest::body;
use crate::ingest::commit::commit;
use crate::problem::Problem;

/// Stripe's events are a few kilobytes; one with everything expanded stays below this.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// `POST /hooks/stripe/{source}`.
pub(crate) async fn webhook(State(app): State<App>, Path(source): Path<String>, request: Request) -> Response {
    match take(&app, source.into(), request).await {
        Ok(()) => Json(json!({"received": true})).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn take(app: &App, source: Arc<str>, request: Request) -> Result<(), Problem> {
    app.rate.any()?;
    let secret = app.config.secrets.secret(&source).ok_or_else(unknown)?;
    app.rate.of(&source)?;
    let (parts, sent) = request.into_parts();
    let config = &app.config;
    let limits = Limits { batch_bytes_max: BODY_BYTES_MAX.min(config.limits.batch_bytes_max), ..config.limits.clone() };
    let held = body::read(sent, &limits, &app.budget).await?;
    let received = (config.clock)();
    let header = parts.headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    signature::check(header, &held.bytes, &secret, received)?;
    let taken = parse(app, source, &held.bytes, received)?;
    drop(held);
    commit(app, taken).await.map(drop)
}

fn unknown() -> Problem {
    let hint = "declare a [[source]] of kind stripe and keep its signing secret with `ras secret set`";
    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "there is no Stripe source of this name with a secret", hint)
}
