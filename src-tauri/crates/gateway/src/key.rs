//! Where callers put keys and options outside the body.

use std::borrow::Cow;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};

/// The key of a request: `Authorization: Bearer`, `X-Api-Key` or `?key=`.
pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let key = bearer.or_else(|| header("x-api-key").map(str::trim)).map(str::to_owned);
    key.or_else(|| query(uri, &["key"]).map(Cow::into_owned)).filter(|key| !key.is_empty())
}

/// The first query parameter with one of these names.
pub(crate) fn query<'a>(uri: &'a Uri, names: &[&str]) -> Option<Cow<'a, str>> {
    let query = uri.query()?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value)
}
