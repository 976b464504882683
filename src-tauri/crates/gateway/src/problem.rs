//! Why a request was refused, before it takes the form that its sender understands.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use epoch_model::{Code, Error};

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Code, cause and next step.
    pub error: Error,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status, error: Error::new(code, message, hint), retry_after: None }
    }

    /// The body cannot be decoded or parsed: sending it again will not help.
    pub(crate) fn bad(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, message, hint)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument, message, "send smaller batches")
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        let hint = "use the write key shown under Connections, or make one with `ras key`";
        Self::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, message, hint)
    }

    pub(crate) fn denied(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::Denied, message, hint)
    }

    /// Too many requests of one sender.
    pub(crate) fn rate_limited() -> Self {
        let hint = "send fewer, larger batches";
        Self::new(StatusCode::TOO_MANY_REQUESTS, Code::Overloaded, "rate limited", hint).after(1)
    }

    /// Nothing was lost and nothing was kept: the sender should retry.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, message, "send it again").after(1)
    }

    /// The body dribbled in.
    pub(crate) fn slow() -> Self {
        Self { status: StatusCode::REQUEST_TIMEOUT, ..Self::busy("the body took too long to arrive") }
    }

    fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// `{"code", "message", "hint"}`.
    pub(crate) fn json(self) -> Response {
        let mut response = (self.status, Json(&self.error)).into_response();
        self.retry(&mut response);
        response
    }

    /// Plain text, as PostHog's capture service answers.
    pub(crate) fn text(self) -> Response {
        let mut response = (self.status, self.error.message.clone()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        self.retry(&mut response);
        response
    }

    fn retry(&self, response: &mut Response) {
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// An error of the store: what a retry can cure is 503, the rest is 500 or the sender's fault.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, retry_after) = match error.code {
            Code::Overloaded | Code::DiskFull | Code::FolderBusy => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
            Code::StoreDamaged => (StatusCode::SERVICE_UNAVAILABLE, Some(60)),
            Code::EventInvalid | Code::InvalidArgument => (StatusCode::BAD_REQUEST, None),
            Code::Unauthorized => (StatusCode::UNAUTHORIZED, None),
            Code::Denied => (StatusCode::FORBIDDEN, None),
            Code::NotFound => (StatusCode::NOT_FOUND, None),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        Self { status, error, retry_after }
    }
}
