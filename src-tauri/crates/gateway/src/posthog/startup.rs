//! What the browser SDK asks for before anything else.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use epoch_model::serving::Protocol;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::problem::Problem;

/// What the browser SDK may switch on: nothing that would call other endpoints.
pub(super) fn config(app: &App, token: &str) -> Map<String, Value> {
    let has_flags = app.config.book.current().flags().iter().any(|flag| flag.serving.serves(Protocol::Posthog));
    let config = json!({
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": has_flags,
        "autocapture_opt_out": false,
        "autocaptureExceptions": false,
        "captureDeadClicks": false,
        "capturePerformance": false,
        "defaultIdentifiedOnly": true,
        "elementsChainAsString": true,
        "heatmaps": false,
        "sessionRecording": false,
        "siteApps": [],
        "surveys": false,
        "toolbarParams": {},
        "isAuthenticated": false,
        "analytics": {"endpoint": "/i/v0/e/"},
    });
    match config {
        Value::Object(config) => config,
        _ => Map::new(),
    }
}

/// `GET /array/<token>/config`: the browser SDK's first request.
pub(crate) async fn remote_config(State(app): State<App>, Path(token): Path<String>) -> Response {
    match app.rate.any().and_then(|()| known(&app, &token)) {
        Ok(_) => ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(config(&app, &token))).into_response(),
        Err(problem) => problem.text(),
    }
}

/// `GET /array/<token>/config.js`: the same for pages that load the SDK by script tag.
pub(crate) async fn remote_config_script(State(app): State<App>, Path(token): Path<String>) -> Response {
    if let Err(problem) = app.rate.any().and_then(|()| known(&app, &token)) {
        return problem.text();
    }
    // `<` cannot end a script element when it is written as an escape.
    let safe = |value: Value| value.to_string().replace('<', "\\u003c");
    let (name, config) = (safe(json!(token)), safe(config(&app, &token).into()));
    let script = format!(
        "(function(){{window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}};\
         window._POSTHOG_REMOTE_CONFIG[{name}]={{config:{config},siteApps:[]}};}})();"
    );
    let kind = HeaderValue::from_static("application/javascript; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], script).into_response()
}

/// The source of a write key.
pub(super) fn known(app: &App, token: &str) -> Result<Arc<str>, Problem> {
    let Some(source) = app.config.keys.write_source(token) else {
        return Err(Problem::unauthorized("The provided API key is invalid or has expired."));
    };
    app.rate.of(&source)?;
    Ok(source)
}
