//! Plain events: `POST /v1/events` with any JSON that a person would write by hand.

pub(crate) mod parse;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use epoch_model::Code;
use epoch_model::event::Receipt;
use serde_json::{Value, json};

use crate::app::App;
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::key;
use crate::problem::Problem;

/// What the sender is told of a refused event.
struct Refused {
    index: u64,
    code: Code,
    message: String,
}

/// Answers `{"accepted", "duplicates", "rejected": [{"index", "code", "message"}]}` after the commit; 400 with code,
/// message and hint when no event was usable.
pub(crate) async fn events(State(app): State<App>, request: Request) -> Response {
    match take(&app, request).await {
        Ok((receipt, refused)) => Json(answer(&receipt, &refused)).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn take(app: &App, request: Request) -> Result<(Receipt, Vec<Refused>), Problem> {
    app.rate.any()?;
    let key =
        key::of(request.uri(), request.headers()).ok_or_else(|| Problem::unauthorized("no write key was given"))?;
    let Some(source) = app.config.keys.write_source(&key) else {
        return Err(Problem::unauthorized("this key may not send events"));
    };
    app.rate.of(&source)?;
    let incoming = Incoming::admitted(app, request).await?;
    let taken = incoming.decoded(app, move |shared, incoming| {
        let data = incoming.json(shared)?;
        parse::events(shared, source, incoming.kind(), &data, incoming.received)
    });
    let taken = taken.await??;
    let nothing_usable = taken.batch.is_empty();
    let refused: Vec<Refused> = taken
        .rejections
        .iter()
        .map(|r| Refused { index: r.position, code: r.code, message: r.reason.clone() })
        .collect();
    let receipt = commit(app, taken).await?;
    match refused.first() {
        None if nothing_usable => Err(Problem::bad("the request holds no event", "send at least one event")),
        Some(first) if nothing_usable => {
            let hint = "an event is {\"event\": name, \"unit\": who, \"time\": ISO 8601, \"properties\": {…}}";
            let mut problem = Problem::bad(format!("event {}: {}", first.index, first.message), hint);
            problem.error.code = first.code;
            Err(problem)
        }
        _ => Ok((receipt, refused)),
    }
}

fn answer(receipt: &Receipt, refused: &[Refused]) -> Value {
    let mut rejected: Vec<Value> =
        refused.iter().map(|r| json!({"index": r.index, "code": r.code, "message": r.message})).collect();
    if receipt.rejected > 0 {
        let message = format!("{} events have properties that do not parse", receipt.rejected);
        rejected.push(json!({"index": null, "code": Code::EventInvalid, "message": message}));
    }
    json!({"accepted": receipt.accepted, "duplicates": receipt.duplicates, "rejected": rejected})
}
