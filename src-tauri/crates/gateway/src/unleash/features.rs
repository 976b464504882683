//! `GET /api/client/features`: the toggles, for server SDKs.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use epoch_model::ports::Reader;
use epoch_model::serving::Protocol;

use super::{failure, sdk, token};
use crate::app::App;
use crate::problem::Problem;
use crate::serve::{etag, keys};

pub(crate) async fn features(State(app): State<App>, headers: HeaderMap) -> Response {
    answer(&app, &headers).unwrap_or_else(failure::response)
}

fn answer(app: &App, headers: &HeaderMap) -> Result<Response, Problem> {
    app.rate.any()?;
    let name = keys::read(app, token(headers))?;
    let (levers, digest) = app.levers();
    let client = sdk(headers);
    app.config.readers.read(Reader { protocol: Protocol::Unleash, client: &client, key: &name, lever: None });
    let tag = etag::of(&[digest.mark.as_bytes(), b"unleash"]);
    if etag::known(headers, &tag) {
        return Ok(etag::not_modified(&tag));
    }
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))];
    Ok(etag::marked((json, app.unleash.sheet(&levers).body.clone()).into_response(), &tag))
}
