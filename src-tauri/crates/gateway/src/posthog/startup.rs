//! What SDKs ask for before and beside sending events: remote configuration and flags. There are no flags, and the
//! answers say so in the shapes that each version of the SDKs expects.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body_of;
use crate::app::App;
use crate::decode::{json, payload};
use crate::key::query;
use crate::problem::Problem;

/// What the browser SDK may switch on: nothing that would call other endpoints.
fn config(token: &str) -> Value {
    json!({
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": false,
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
    })
}

/// `GET /array/<token>/config`: the browser SDK's first request.
pub(crate) async fn remote_config(State(app): State<App>, Path(token): Path<String>) -> Response {
    match known(&app, &token) {
        Ok(()) => ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(config(&token))).into_response(),
        Err(problem) => problem.text(),
    }
}

/// `GET /array/<token>/config.js`: the same for pages that load the SDK by script tag.
pub(crate) async fn remote_config_script(State(app): State<App>, Path(token): Path<String>) -> Response {
    if let Err(problem) = known(&app, &token) {
        return problem.text();
    }
    // `<` cannot end a script element when it is written as an escape.
    let safe = |value: Value| value.to_string().replace('<', "\\u003c");
    let (name, config) = (safe(json!(token)), safe(config(&token)));
    let script = format!(
        "(function(){{window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}};\
         window._POSTHOG_REMOTE_CONFIG[{name}]={{config:{config},siteApps:[]}};}})();"
    );
    let kind = HeaderValue::from_static("application/javascript; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], script).into_response()
}

fn known(app: &App, token: &str) -> Result<(), Problem> {
    app.rate.any()?;
    let Some(source) = app.config.keys.write_source(token) else {
        return Err(Problem::unauthorized("API key is not valid"));
    };
    app.rate.of(&source)
}

/// `POST|GET /flags`, `/decide`: no flags, in the shape of the version asked for.
pub(crate) async fn flags(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match asked(&app, request).await {
        Ok((token, uri)) => Json(answer(&app, &path, &token, &uri)).into_response(),
        Err(problem) => problem.text(),
    }
}

async fn asked(app: &App, request: Request) -> Result<(String, Uri), Problem> {
    let (held, uri, encoding) = body_of(app, request).await?;
    let limits = &app.config.limits;
    let data = payload::unwrap(&held.bytes, encoding.as_deref(), limits)?;
    let root = json::whole(payload::trimmed(&data), limits.depth_max)?;
    let mut token = query(&uri, &["token", "api_key"]).map(std::borrow::Cow::into_owned);
    let mut person = None;
    for (key, value) in root.into_object_iter().into_iter().flatten().filter_map(Result::ok) {
        match key.as_ref() {
            "token" | "api_key" | "$token" => token = json::text(&value).map(std::borrow::Cow::into_owned),
            "distinct_id" | "$distinct_id" => person = json::text(&value).map(|id| id.is_empty()),
            _ => {}
        }
    }
    let token = token.filter(|t| !t.is_empty()).ok_or_else(|| Problem::unauthorized("no api_key was given"))?;
    known(app, &token)?;
    match person {
        Some(false) => Ok((token, uri)),
        Some(true) => Err(Problem::bad("the distinct_id is empty", "name the person")),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            epoch_model::Code::InvalidArgument,
            "the distinct_id is missing",
            "name the person",
        )),
    }
}

fn answer(app: &App, path: &str, token: &str, uri: &Uri) -> Value {
    let version = query(uri, &["v"]).and_then(|v| v.parse::<u32>().ok());
    let decide = path.starts_with("/decide");
    let records = if decide { version.is_some_and(|v| v >= 4) } else { version.is_some_and(|v| v >= 2) };
    let mut answer = if records {
        json!({
            "errorsWhileComputingFlags": false,
            "flags": {},
            "requestId": Uuid::new_v4().to_string(),
            "evaluatedAt": (app.config.clock)(),
        })
    } else {
        let flags = if decide && version.is_none_or(|v| v < 2) { json!([]) } else { json!({}) };
        json!({"errorsWhileComputingFlags": false, "featureFlags": flags, "featureFlagPayloads": {}})
    };
    let wants_config = decide || query(uri, &["config"]).is_some_and(|value| value == "true");
    if let (true, Some(answer), Value::Object(config)) = (wants_config, answer.as_object_mut(), config(token)) {
        answer.extend(config);
    }
    answer
}
