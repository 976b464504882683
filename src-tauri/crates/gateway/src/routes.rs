//! The paths, once: what is ingestion, and under which name a request is counted.

/// PostHog's capture endpoints; each is also served with a trailing slash.
pub(crate) const CAPTURE: [&str; 5] = ["/batch", "/e", "/i/v0/e", "/capture", "/track"];
/// PostHog's flag endpoints, same.
pub(crate) const FLAGS: [&str; 2] = ["/flags", "/decide"];
/// Plain events.
pub(crate) const EVENTS: &str = "/v1/events";
/// Levers in force.
pub(crate) const LEVERS: &str = "/v1/levers";

fn bare(path: &str) -> &str {
    path.strip_suffix('/').filter(|p| !p.is_empty()).unwrap_or(path)
}

/// Whether pages of any site may call it: what browser SDKs use.
pub(crate) fn is_ingestion(path: &str) -> bool {
    let path = bare(path);
    CAPTURE.contains(&path) || FLAGS.contains(&path) || path == EVENTS || path.starts_with("/array/")
}

/// The name a request is counted under: a closed list, so that callers cannot make up labels.
pub(crate) fn label(path: &str) -> &'static str {
    let path = bare(path);
    if let Some(found) =
        CAPTURE.iter().chain(&FLAGS).chain(&[EVENTS, LEVERS, "/healthz", "/readyz", "/metrics"]).find(|p| **p == path)
    {
        return found;
    }
    if path.starts_with("/array/") { "/array" } else { "other" }
}
