//! Plain events: `POST /v1/events` with any JSON that a person would write by hand.

pub(crate) mod parse;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use epoch_model::Code;
use epoch_model::event::{Receipt, Rejection};
use serde_json::{Value, json};

use crate::app::App;
use crate::ingest::body;
use crate::ingest::commit::commit;
use crate::ingest::{HEAVY_BYTES, on_its_own_thread};
use crate::key;
use crate::problem::Problem;

/// Answers `{"accepted", "duplicates", "rejected": [{"index", "code", "message"}]}` after the commit; 400 with code,
/// message and hint when no event was usable.
pub(crate) async fn events(State(app): State<App>, request: Request) -> Response {
    match take(&app, request).await {
        Ok((receipt, rejections)) => Json(answer(&receipt, &rejections)).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn take(app: &App, request: Request) -> Result<(Receipt, Vec<Rejection>), Problem> {
    app.rate.any()?;
    let (parts, payload) = request.into_parts();
    let key = key::of(&parts.uri, &parts.headers).ok_or_else(|| Problem::unauthorized("no write key was given"))?;
    let Some(source) = app.config.keys.write_source(&key) else {
        return Err(Problem::unauthorized("this key may not send events"));
    };
    app.rate.of(&source)?;
    let held = body::read(payload, &app.config.limits, &app.budget).await?;
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (encoding, kind) = (header(CONTENT_ENCODING), header(CONTENT_TYPE).unwrap_or_default());
    let received = (app.config.clock)();
    let heavy = held.bytes.len() > HEAVY_BYTES;
    let (shared, to) = (Arc::clone(app), Arc::clone(&source));
    let parse = move || parse::events(&shared, to, encoding.as_deref(), &kind, &held.bytes, received);
    let intake = on_its_own_thread(app, heavy, parse).await??;
    let nothing_usable = intake.batch.is_empty();
    let rejections = intake.rejections.clone();
    let receipt = commit(app, &source, intake).await?;
    match rejections.first() {
        None if nothing_usable => Err(Problem::bad("the request holds no event", "send at least one event")),
        Some(first) if nothing_usable => {
            let hint = "an event is {\"event\": name, \"unit\": who, \"time\": ISO 8601, \"properties\": {…}}";
            let mut problem = Problem::bad(format!("event {}: {}", first.position, first.reason), hint);
            problem.error.code = first.code;
            Err(problem)
        }
        _ => Ok((receipt, rejections)),
    }
}

fn answer(receipt: &Receipt, rejections: &[Rejection]) -> Value {
    let mut rejected: Vec<Value> =
        rejections.iter().map(|r| json!({"index": r.position, "code": r.code, "message": r.reason})).collect();
    if receipt.rejected > 0 {
        let message = format!("{} events have properties that do not parse", receipt.rejected);
        rejected.push(json!({"index": null, "code": Code::EventInvalid, "message": message}));
    }
    json!({"accepted": receipt.accepted, "duplicates": receipt.duplicates, "rejected": rejected})
}
