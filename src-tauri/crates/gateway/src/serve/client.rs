//! What an SDK calls itself.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

const LENGTH_MAX: usize = 80;

/// Headers in which SDKs name themselves, the most telling first.
const HEADERS: [&str; 4] = ["posthog-sdk-info", "unleash-sdk", "x-growthbook-sdk", "x-unleash-sdk"];

/// SDK and version as it says of itself (`posthog-node/5.70.0`); `browser` for pages that say nothing; empty for none.
/// Bounded, and free of control characters: it is shown to people.
pub(crate) fn name(headers: &HeaderMap) -> Cow<'_, str> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let own = HEADERS.iter().find_map(|name| header(name)).filter(|own| !own.is_empty());
    if let Some(own) = own {
        return bounded(own);
    }
    let agent = header(USER_AGENT.as_str()).unwrap_or_default();
    if agent.starts_with("Mozilla/") {
        return Cow::Borrowed("browser");
    }
    // `name/version (system) more/1`: the first product is the one that speaks.
    bounded(agent.split(' ').next().unwrap_or_default())
}

/// A library and its version, as bodies name them.
pub(crate) fn library(name: &str, version: &str) -> String {
    bounded(&if version.is_empty() { name.to_owned() } else { format!("{name}/{version}") }).into_owned()
}

fn bounded(text: &str) -> Cow<'_, str> {
    let cut = text.get(..text.floor_char_boundary(LENGTH_MAX)).unwrap_or_default();
    if cut.chars().any(char::is_control) {
        return Cow::Owned(cut.chars().filter(|c| !c.is_control()).collect());
    }
    Cow::Borrowed(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_header_names_the_client() {
        let check = |headers: &[(&'static str, &str)], expect: &str| {
            let headers: HeaderMap =
                headers.iter().map(|(key, value)| (key.parse().unwrap(), value.parse().unwrap())).collect();
            assert_eq!(name(&headers), expect);
        };
        check(&[], "");
        check(&[("user-agent", "posthog-node/5.70.0")], "posthog-node/5.70.0");
        check(&[("user-agent", "python-requests/2.34.2 (linux)")], "python-requests/2.34.2");
        check(&[("user-agent", "Mozilla/5.0 (X11)")], "browser");
        check(&[("user-agent", "node"), ("unleash-sdk", "unleash-node@6.1.0")], "unleash-node@6.1.0");
        check(&[("user-agent", &"x".repeat(500))], &"x".repeat(80));
        assert_eq!(library("web", "1.449.2"), "web/1.449.2");
        assert_eq!(library("a\u{7}b", ""), "ab");
    }
}
