//! Bodies that are JSON objects.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use serde_json::{Map, Value};

use crate::app::App;
use crate::decode::payload;
use crate::ingest::body::{self, Held};
use crate::problem::Problem;

/// The body as an object, and as it was sent. No body at all is an empty object.
pub(crate) async fn read(app: &App, headers: &HeaderMap, sent: Body) -> Result<(Map<String, Value>, Held), Problem> {
    let held = body::read(sent, &app.config.limits, &app.budget).await?;
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let data = payload::unwrap(&held.bytes, encoding, &app.config.limits)?;
    let text = payload::trimmed(&data);
    let object = if text.is_empty() { Ok(Map::new()) } else { serde_json::from_slice(text) };
    let object =
        object.map_err(|error| Problem::bad(format!("the body is no JSON object: {error}"), "send an object"))?;
    drop(data);
    Ok((object, held))
}
