//! What SDKs tell of themselves: that they are there, and which toggles they asked for. Both are answered 202.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use epoch_model::ports::Reader;
use epoch_model::serving::Protocol;
use serde_json::{Map, Value};

use super::{failure, sdk, token};
use crate::app::App;
use crate::problem::Problem;
use crate::serve::{client, keys, object};

/// Whose endpoint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Servers,
    Pages,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Presence,
    Usage,
}

/// `POST /api/client/register`.
pub(crate) async fn register(State(app): State<App>, request: Request) -> Response {
    answer(&app, request, From::Servers, What::Presence).await.unwrap_or_else(failure::response)
}

/// `POST /api/client/metrics`.
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Response {
    answer(&app, request, From::Servers, What::Usage).await.unwrap_or_else(failure::response)
}

/// `POST /api/frontend/client/register`.
pub(crate) async fn register_of_pages(State(app): State<App>, request: Request) -> Response {
    answer(&app, request, From::Pages, What::Presence).await.unwrap_or_else(failure::response)
}

/// `POST /api/frontend/client/metrics`.
pub(crate) async fn metrics_of_pages(State(app): State<App>, request: Request) -> Response {
    answer(&app, request, From::Pages, What::Usage).await.unwrap_or_else(failure::response)
}

async fn answer(app: &App, request: Request, from: From, what: What) -> Result<Response, Problem> {
    app.rate.any()?;
    let (parts, body) = request.into_parts();
    let token = token(&parts.headers);
    let name = match from {
        From::Servers => keys::read(app, token)?,
        From::Pages => keys::client(app, token)?,
    };
    let (told, _held) = object::read(app, &parts.headers, body).await?;
    let client = named(&told).unwrap_or_else(|| sdk(&parts.headers));
    let read =
        |lever| app.config.readers.read(Reader { protocol: Protocol::Unleash, client: &client, key: &name, lever });
    let levers = app.config.book.current();
    match what {
        What::Presence => read(None),
        What::Usage => toggles(&told).filter(|name| levers.flag(name).is_some()).for_each(|name| read(Some(name))),
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The SDK as it registers itself.
fn named(told: &Map<String, Value>) -> Option<String> {
    let named = told.get("sdkVersion").and_then(Value::as_str).filter(|named| !named.is_empty())?;
    let (name, version) = named.split_once(':').unwrap_or((named, ""));
    Some(client::library(name, version))
}

/// Toggles that were asked for at least once.
fn toggles(told: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let toggles = told.get("bucket").and_then(|bucket| bucket.get("toggles")).and_then(Value::as_object);
    let asked = |counts: &Value| ["yes", "no"].iter().any(|name| counts.get(name).and_then(Value::as_u64) > Some(0));
    toggles.into_iter().flatten().filter(move |(_, counts)| asked(counts)).map(|(name, _)| name.as_str())
}
