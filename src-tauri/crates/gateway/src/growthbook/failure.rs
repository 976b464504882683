//! Failures in GrowthBook's words: `{"status", "error"}`, and 400 for whatever is wrong with the request.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::problem::Problem;

const UNRECOVERABLE: HeaderName = HeaderName::from_static("x-unrecoverable");

/// Proxies and edges stop asking when they are told that a key will not become right.
pub(super) fn response(problem: Problem) -> Response {
    let key = matches!(problem.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let retried = problem.status.is_server_error() || problem.status == StatusCode::TOO_MANY_REQUESTS;
    let status = if retried { problem.status } else { StatusCode::BAD_REQUEST };
    let mut response =
        (status, Json(json!({"status": status.as_u16(), "error": problem.error.message}))).into_response();
    if key {
        response.headers_mut().insert(UNRECOVERABLE, HeaderValue::from_static("1"));
    }
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
