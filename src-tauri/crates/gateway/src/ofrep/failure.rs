//! Failures in the protocol's words. Its clients know 400, 401, 403, 404, 429 and 500 only, so whatever asks for a retry
//! is 429 with a time, and whatever is wrong with the request is 400.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problem::Problem;

/// Why there is no evaluation.
#[derive(Debug)]
pub(crate) enum Failure {
    Parse(String),
    TargetingKeyMissing,
    InvalidContext(&'static str),
    NotFound(String),
    Other(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        tracing::error!(%error, "an evaluation could not be written");
        let message = "an internal fault; the log has the details";
        Self::Other(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            epoch_model::Code::Internal,
            message,
            "send it again",
        ))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    error_details: &'a str,
}

impl Failure {
    pub(crate) fn not_found(key: &str) -> Self {
        Self::NotFound(format!("there is no lever {key} that is served here"))
    }

    /// A body that does not even unfold.
    pub(crate) fn unreadable(problem: Problem) -> Self {
        match problem.status {
            StatusCode::BAD_REQUEST => Self::Parse(problem.error.message),
            _ => Self::Other(problem),
        }
    }

    /// `key` is named where one flag was asked for.
    pub(crate) fn response(self, key: Option<&str>) -> Response {
        let answer = |status, code, details: &str, key| {
            let body = Body { key, error_code: code, error_details: details };
            let body = serde_json::to_vec(&body).unwrap_or_default();
            (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
        };
        match self {
            Self::Parse(details) => answer(StatusCode::BAD_REQUEST, Some("PARSE_ERROR"), &details, key),
            Self::TargetingKeyMissing => {
                let details = "name whom to evaluate for in context.targetingKey";
                answer(StatusCode::BAD_REQUEST, Some("TARGETING_KEY_MISSING"), details, key)
            }
            Self::InvalidContext(details) => answer(StatusCode::BAD_REQUEST, Some("INVALID_CONTEXT"), details, key),
            Self::NotFound(details) => answer(StatusCode::NOT_FOUND, Some("FLAG_NOT_FOUND"), &details, key),
            Self::Other(problem) => {
                let (message, hint) = (&problem.error.message, &problem.error.hint);
                let details = if hint.is_empty() { message.clone() } else { format!("{message}; {hint}") };
                let (status, code, key) = match problem.status {
                    status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) => {
                        (status, None, None)
                    }
                    StatusCode::SERVICE_UNAVAILABLE => (StatusCode::TOO_MANY_REQUESTS, None, None),
                    status if status.is_server_error() => (StatusCode::INTERNAL_SERVER_ERROR, None, None),
                    _ => (StatusCode::BAD_REQUEST, Some("GENERAL"), key),
                };
                let mut response = answer(status, code, &details, key);
                if status == StatusCode::TOO_MANY_REQUESTS {
                    let seconds = problem.retry_after.unwrap_or(1);
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}
