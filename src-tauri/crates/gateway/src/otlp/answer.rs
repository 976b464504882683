//! What exporters are told, in the encoding they speak.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Signal;
use super::wire::{put_bytes, put_number};
use crate::problem::Problem;

/// How a request, and its answer, is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// How many records were refused, and why the first was.
#[derive(Debug)]
pub(super) struct Refused {
    pub signal: Signal,
    pub records: u64,
    pub why: String,
}

impl Encoding {
    /// By `Content-Type`.
    pub(super) fn of(kind: &str) -> Option<Self> {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// 200 with an `Export…ServiceResponse`: empty when everything was taken.
    pub(super) fn accepted(self, refused: &Refused) -> Response {
        let Refused { signal, records, why } = refused;
        let body = match self {
            Self::Protobuf if *records > 0 => {
                let (mut partial, mut body) = (Vec::new(), Vec::new());
                put_number(&mut partial, 1, *records);
                put_bytes(&mut partial, 2, why.as_bytes());
                put_bytes(&mut body, 1, &partial);
                body
            }
            Self::Protobuf => Vec::new(),
            Self::Json if *records > 0 => {
                let name = match signal {
                    Signal::Logs => "rejectedLogRecords",
                    Signal::Metrics => "rejectedDataPoints",
                    Signal::Traces => "rejectedSpans",
                };
                // 64-bit numbers are text in the JSON of protocol buffers.
                json!({"partialSuccess": {name: records.to_string(), "errorMessage": why}}).to_string().into_bytes()
            }
            Self::Json => b"{}".to_vec(),
        };
        self.response(StatusCode::OK, body)
    }

    /// A `google.rpc.Status`. Exporters send again what was answered 429 or 503, and drop the rest.
    pub(super) fn refused(self, problem: &Problem) -> Response {
        let status = match problem.status {
            StatusCode::REQUEST_TIMEOUT => StatusCode::SERVICE_UNAVAILABLE,
            status => status,
        };
        let code = match status {
            StatusCode::UNAUTHORIZED => 16,
            StatusCode::FORBIDDEN => 7,
            StatusCode::NOT_FOUND => 5,
            StatusCode::TOO_MANY_REQUESTS => 8,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            status if status.is_client_error() => 3,
            _ => 13,
        };
        let message = &problem.error.message;
        let body = match self {
            Self::Protobuf => {
                let mut body = Vec::new();
                put_number(&mut body, 1, code);
                put_bytes(&mut body, 2, message.as_bytes());
                body
            }
            Self::Json => json!({"code": code, "message": message}).to_string().into_bytes(),
        };
        let mut response = self.response(status, body);
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let kind = match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        };
        (status, [(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    }
}
