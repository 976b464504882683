//! Failures in Unleash's words.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::problem::Problem;

/// `{"name", "message", "details"}`.
pub(super) fn response(problem: Problem) -> Response {
    let name = match problem.status {
        StatusCode::UNAUTHORIZED => "AuthenticationRequired",
        StatusCode::FORBIDDEN => "NoAccessError",
        StatusCode::BAD_REQUEST => "BadDataError",
        StatusCode::PAYLOAD_TOO_LARGE => "ContentTooLargeError",
        StatusCode::TOO_MANY_REQUESTS => "RateLimitError",
        _ => "UnknownError",
    };
    let details = [json!({"message": problem.error.hint})];
    let body = json!({"name": name, "message": problem.error.message, "details": details});
    let mut response = (problem.status, Json(body)).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
