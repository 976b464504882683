//! `GET /api/features/{clientKey}`: the definitions, for SDKs that evaluate themselves.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use epoch_model::ports::Reader;
use epoch_model::serving::Protocol;

use super::failure;
use crate::app::App;
use crate::problem::Problem;
use crate::serve::{client, etag, keys};

/// News are to be had under `/sub/`.
pub(super) const SSE_SUPPORT: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-sse-support"), HeaderValue::from_static("enabled"));

/// As GrowthBook's own network of caches says it.
const CACHED: HeaderValue =
    HeaderValue::from_static("public, max-age=30, stale-while-revalidate=3600, stale-if-error=36000");

pub(crate) async fn features(State(app): State<App>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    answer(&app, &key, &headers).unwrap_or_else(failure::response)
}

fn answer(app: &App, key: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    app.rate.any()?;
    let name = keys::client(app, Some(key))?;
    let (levers, digest) = app.levers();
    let sheet = app.growthbook.sheet(&levers);
    app.growthbook.evaluates_here(&name, false);
    let client = client::name(headers);
    app.config.readers.read(Reader { protocol: Protocol::Growthbook, client: &client, key: &name, lever: None });
    let tag = etag::of(&[digest.mark.as_bytes(), b"growthbook"]);
    let mut response = if etag::known(headers, &tag) {
        etag::not_modified(&tag)
    } else {
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))];
        etag::marked((json, sheet.body.clone()).into_response(), &tag)
    };
    response.headers_mut().insert(CACHE_CONTROL, CACHED);
    response.headers_mut().insert(SSE_SUPPORT.0, SSE_SUPPORT.1);
    Ok(response)
}
