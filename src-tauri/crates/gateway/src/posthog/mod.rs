//! PostHog's ingestion protocol (v0) and the first requests of its SDKs, as recorded from unmodified SDKs.
//!
//! Answers are the vendor's: `{"status":1}`, 204 for beacons, plain text for errors. Where the vendor refuses a whole
//! batch for one bad event, the good ones are kept here and the bad one is recorded: 400 only when nothing is usable.

pub(crate) mod parse;
mod props;
mod startup;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(crate) use startup::{flags, remote_config, remote_config_script};

use crate::app::App;
use crate::ingest::body::{self, Held};
use crate::ingest::commit::commit;
use crate::ingest::{HEAVY_BYTES, on_its_own_thread};
use crate::key::query;
use crate::problem::Problem;

/// `POST|GET /batch`, `/e`, `/i/v0/e`, `/capture`, `/track`.
pub(crate) async fn capture(State(app): State<App>, request: Request) -> Response {
    let beacon = query(request.uri(), &["beacon"]).is_some_and(|value| value == "1");
    match take(&app, request).await {
        Ok(()) if beacon => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => Json(json!({"status": 1})).into_response(),
        Err(problem) => problem.text(),
    }
}

async fn take(app: &App, request: Request) -> Result<(), Problem> {
    let (held, uri, encoding) = body_of(app, request).await?;
    let received = (app.config.clock)();
    let heavy = held.bytes.len() > HEAVY_BYTES;
    let shared = Arc::clone(app);
    let parse = move || parse::events(&shared, &uri, encoding.as_deref(), &held.bytes, received);
    let (source, intake) = on_its_own_thread(app, heavy, parse).await??;
    if intake.seen() == 0 {
        return Err(Problem::bad("request holds no event", "send at least one event"));
    }
    let useless =
        intake.batch.is_empty().then(|| intake.rejections.first().map(|first| first.reason.clone())).flatten();
    commit(app, &source, intake).await?;
    useless.map_or(Ok(()), |reason| Err(Problem::bad(reason, "")))
}

/// The body, or what stands for it in the query of a GET.
async fn body_of(app: &App, request: Request) -> Result<(Held, Uri, Option<String>), Problem> {
    app.rate.any()?;
    let (parts, payload) = request.into_parts();
    let encoding = parts.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if parts.method == Method::POST {
        let held = body::read(payload, &app.config.limits, &app.budget).await?;
        if !held.bytes.is_empty() {
            return Ok((held, parts.uri, encoding));
        }
    }
    let data = query(&parts.uri, &["data"]).map(|data| format!("data={}", encoded(&data)).into_bytes());
    Ok((body::held(data.unwrap_or_default()), parts.uri, None))
}

fn encoded(data: &str) -> String {
    form_urlencoded::byte_serialize(data.as_bytes()).collect()
}
