//! What may be read: levers, health, counters.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use epoch_model::Code;
use serde_json::json;

use crate::app::App;
use crate::key;
use crate::problem::Problem;

/// `GET /v1/levers`: the levers in force, for a read key; 304 when the caller has them already.
pub(crate) async fn levers(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    if let Err(problem) = app.rate.any().and_then(|()| may_read(&app, &uri, &headers)) {
        return problem.json();
    }
    let (version, levers) = app.config.levers.levers();
    let etag = format!("\"{version}\"");
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag)
    });
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Json(levers).into_response() };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn may_read(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let hint = "send the read key as `Authorization: Bearer …`";
    let Some(key) = key::of(uri, headers) else {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "no read key was given", hint));
    };
    if app.config.keys.may_read(&key) {
        return Ok(());
    }
    if app.config.keys.write_source(&key).is_some() {
        let message = "this is a write key; it may send events, not read";
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::Unauthorized, message, hint));
    }
    Err(Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "this key is not known", hint))
}

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// `GET /readyz`: events are taken; 503 once the stop began.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    if app.stop.begun() {
        return Problem::busy("the host is stopping").json();
    }
    Json(json!({"status": "ready"})).into_response()
}

/// `GET /metrics`: counters as OpenMetrics text. Open on loopback; elsewhere it asks for a read key.
pub(crate) async fn metrics(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    if !app.config.listen.ip().is_loopback()
        && let Err(problem) = may_read(&app, &uri, &headers)
    {
        return problem.json();
    }
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(CONTENT_TYPE, kind)], (app.config.metrics_text)()).into_response()
}
