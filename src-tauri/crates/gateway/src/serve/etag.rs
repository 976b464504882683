//! ETags: what was answered, in sixteen bytes.

use std::fmt::Write;

use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// The ETag of an answer made from these parts, quotes included. Name the levers' digest first, then whatever else the
/// answer depends on.
pub(crate) fn of(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in hasher.finalize().as_bytes().iter().take(16) {
        // Writing to a String does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether the caller has this answer already.
pub(crate) fn known(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag)
    })
}

/// 304 without a body.
pub(crate) fn not_modified(etag: &str) -> Response {
    marked(StatusCode::NOT_MODIFIED.into_response(), etag)
}

/// `response` with its ETag; caches must ask again.
pub(crate) fn marked(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}
