//! `GET /sub/{clientKey}`: news of the features.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::failure;
use crate::app::App;
use crate::problem::Problem;
use crate::serve::hub::{frame, last_seen};
use crate::serve::keys;

pub(crate) async fn subscribe(State(app): State<App>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    open(&app, &key, &headers).unwrap_or_else(failure::response)
}

/// The stream begins with the features, since they may have changed after the SDK asked for them; it ignores what it has.
/// SDKs that let us evaluate are told to ask again instead: what they have is one person's, and answers to them are not
/// cached on the way.
fn open(app: &App, key: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    app.rate.any()?;
    let name = keys::client(app, Some(key))?;
    let greets = !app.growthbook.is_remote(&name);
    // Streams must not keep the gateway alive: it goes, they end.
    let shared = Arc::downgrade(app);
    let news = move |version: u64| {
        let Some(app) = shared.upgrade() else { return String::new() };
        if app.growthbook.is_remote(&name) {
            return frame(Some("features-updated"), version, "");
        }
        let (levers, _) = app.levers();
        let sheet = app.growthbook.sheet(&levers);
        frame(Some("features"), version, &String::from_utf8_lossy(&sheet.body))
    };
    app.hub.stream(last_seen(headers), greets, news)
}
