//! `GET /ofrep/v1/events`: tells when to evaluate again.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

use super::failure::Failure;
use crate::app::{App, Shared};
use crate::key;
use crate::routes;
use crate::serve::hub::{frame, last_seen};
use crate::serve::keys;

/// Clients that nobody looks at hang up after this long and come back when they are looked at.
const INACTIVITY_SECONDS: u32 = 120;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Advertised {
    r#type: &'static str,
    endpoint: Endpoint,
    inactivity_delay_sec: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    request_uri: String,
}

/// The address of the stream, without an origin: clients take the one they already talk to, proxies in front included.
/// It names the version that was evaluated, so a change between evaluating and listening is not missed.
pub(crate) fn advertised(version: u64, key: Option<&str>) -> Advertised {
    let mut request_uri = format!("{}?since={version}", routes::OFREP_EVENTS);
    if let Some(key) = key {
        request_uri.push_str("&key=");
        request_uri.extend(form_urlencoded::byte_serialize(key.as_bytes()));
    }
    Advertised { r#type: "sse", endpoint: Endpoint { request_uri }, inactivity_delay_sec: INACTIVITY_SECONDS }
}

/// The key that may stand in an address: browsers' event sources cannot send headers. Client keys are public by nature;
/// read keys are not and stay out of addresses, which end up in logs.
pub(crate) fn key_for_address<'a>(app: &Shared, key: Option<&'a str>) -> Option<&'a str> {
    key.filter(|key| !app.config.keys.may_read(key))
}

/// The stream.
pub(crate) async fn events(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    match open(&app, &uri, &headers) {
        Ok(response) => response,
        Err(failure) => failure.response(None),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    r#type: &'static str,
    etag: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<i64>,
}

fn open(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Response, Failure> {
    app.rate.any()?;
    keys::client(app, key::of(uri, headers).as_deref())?;
    let since = || key::query(uri, &["since"]).map(Cow::into_owned).and_then(|since| since.parse().ok());
    let seen = last_seen(headers).or_else(since);
    // Streams must not keep the gateway alive: it goes, they end.
    let shared = Arc::downgrade(app);
    let news = move |version: u64| {
        let message = shared.upgrade().and_then(|app| {
            let (_, digest) = app.levers();
            let last_modified = digest.changed_at.map(|at| at.div_euclid(1000));
            serde_json::to_string(&Message { r#type: "refetchEvaluation", etag: &digest.mark, last_modified }).ok()
        });
        frame(Some("message"), version, message.as_deref().unwrap_or(r#"{"type":"refetchEvaluation"}"#))
    };
    Ok(app.hub.stream(seen, false, news)?)
}
