//! What SDKs with a read key ask for: all definitions, to evaluate by themselves, or the payload of one flag.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use epoch_levers::Compiled;
use epoch_model::Code;
use epoch_model::ports::Reader;
use epoch_model::serving::Protocol;

use crate::app::App;
use crate::key;
use crate::problem::Problem;
use crate::serve::value::Plain;
use crate::serve::{client, etag, keys};

/// Definitions as they are sent.
pub(crate) struct Definitions {
    body: Bytes,
    etag: String,
}

impl Definitions {
    fn of(levers: &Compiled) -> Self {
        let body = Bytes::from(levers.posthog().definitions().to_string());
        Self { etag: etag::of(&[&body]), body }
    }
}

/// `GET /flags/definitions`, `/api/feature_flag/local_evaluation`.
pub(crate) async fn definitions(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    if let Err(problem) = admitted(&app, &uri, &headers, None) {
        return problem.text();
    }
    let definitions = app.definitions.of(&app.config.book.current(), Definitions::of);
    if etag::known(&headers, &definitions.etag) {
        return etag::not_modified(&definitions.etag);
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    etag::marked((kind, definitions.body.clone()).into_response(), &definitions.etag)
}

/// `GET /api/projects/<project>/feature_flags/<key>/remote_config`: the lever's value as JSON text. There is one project,
/// whatever it is called, and no encrypted payloads.
pub(crate) async fn payload(
    State(app): State<App>,
    Path((_, key)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Err(problem) = admitted(&app, &uri, &headers, Some(&key)) {
        return problem.text();
    }
    let (levers, _) = app.levers();
    let Some(flag) = levers.flag(&key).filter(|flag| flag.serving.serves(Protocol::Posthog)) else {
        let message = format!("there is no lever {key} that is served here");
        return Problem::new(StatusCode::NOT_FOUND, Code::NotFound, message, "").text();
    };
    let value = if flag.serving.off { &flag.default } else { &flag.value };
    let text = serde_json::to_string(&Plain(value)).unwrap_or_default();
    Json(text).into_response()
}

fn admitted(app: &App, uri: &Uri, headers: &HeaderMap, lever: Option<&str>) -> Result<(), Problem> {
    app.rate.any()?;
    let name = keys::read(app, key::of(uri, headers).as_deref())?;
    let client = client::name(headers);
    app.config.readers.read(Reader { protocol: Protocol::Posthog, client: &client, key: &name, lever });
    Ok(())
}
