//! The paths, once: who may call them, from where, and under which name a request is counted. What is not listed here is
//! not served; `docs/openapi.json` describes the same list.

/// What lets a request in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A write key: sends events. Pages of any site may call it.
    Write,
    /// A write key or a client key, public by nature: reads what one unit gets. Pages of any site may call it.
    Client,
    /// A read key. Foreign pages are refused.
    Read,
    /// What its sender signed; foreign pages are refused.
    Signed,
    /// No key; foreign pages are refused.
    Open,
}

/// A path that is served, with or without a slash at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Segments in braces stand for any one segment.
    pub path: &'static str,
    /// The methods it takes.
    pub methods: &'static [&'static str],
    /// Who may call it.
    pub access: Access,
}

const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const BOTH: &[&str] = &["GET", "POST"];

const fn route(path: &'static str, methods: &'static [&'static str], access: Access) -> Route {
    Route { path, methods, access }
}

/// PostHog's capture endpoints.
pub(crate) const CAPTURE: [&str; 5] = ["/batch", "/e", "/i/v0/e", "/i/v0/ai/batch", "/capture"];
/// PostHog's capture v1.
pub(crate) const CAPTURE_V1: &str = "/i/v1/analytics/events";
/// PostHog's session recordings.
pub(crate) const RECORDINGS: &str = "/s";
/// Segment's calls, with the browser SDK's short names.
pub(crate) const SEGMENT: [&str; 15] = [
    "/v1/batch",
    "/v1/import",
    "/v1/identify",
    "/v1/track",
    "/v1/page",
    "/v1/screen",
    "/v1/group",
    "/v1/alias",
    "/v1/b",
    "/v1/i",
    "/v1/t",
    "/v1/p",
    "/v1/s",
    "/v1/g",
    "/v1/a",
];
/// PostHog's flag endpoints.
pub(crate) const FLAGS: [&str; 2] = ["/flags", "/decide"];
/// PostHog's definitions for SDKs that evaluate by themselves.
pub(crate) const DEFINITIONS: &str = "/flags/definitions";
/// The same for older ones.
pub(crate) const LOCAL_EVALUATION: &str = "/api/feature_flag/local_evaluation";
/// The payload of one of PostHog's flags.
pub(crate) const PAYLOAD: &str = "/api/projects/{project}/feature_flags/{key}/remote_config";
/// Plain events.
pub(crate) const EVENTS: &str = "/v1/events";
/// Levers in force.
pub(crate) const LEVERS: &str = "/v1/levers";
/// Log records over OTLP.
pub(crate) const OTLP_LOGS: &str = "/v1/logs";
/// Metrics over OTLP.
pub(crate) const OTLP_METRICS: &str = "/v1/metrics";
/// Spans over OTLP.
pub(crate) const OTLP_TRACES: &str = "/v1/traces";
/// Stripe's webhooks, for a source.
pub(crate) const STRIPE: &str = "/hooks/stripe/{source}";
/// One flag over OFREP.
pub(crate) const OFREP_FLAG: &str = "/ofrep/v1/evaluate/flags/{key}";
/// All flags over OFREP.
pub(crate) const OFREP_FLAGS: &str = "/ofrep/v1/evaluate/flags";
/// News over OFREP.
pub(crate) const OFREP_EVENTS: &str = "/ofrep/v1/events";

/// Everything that is served.
pub const ROUTES: &[Route] = &[
    route("/healthz", GET, Access::Open),
    route("/readyz", GET, Access::Open),
    // Open on loopback, for read keys elsewhere.
    route("/metrics", GET, Access::Read),
    route(LEVERS, GET, Access::Read),
    route(EVENTS, POST, Access::Write),
    // PostHog
    route("/batch", BOTH, Access::Write),
    route("/e", BOTH, Access::Write),
    route("/i/v0/e", BOTH, Access::Write),
    route("/capture", BOTH, Access::Write),
    route("/i/v0/ai/batch", BOTH, Access::Write),
    route(CAPTURE_V1, POST, Access::Write),
    route(RECORDINGS, BOTH, Access::Write),
    route("/flags", BOTH, Access::Client),
    route("/decide", BOTH, Access::Client),
    route(DEFINITIONS, GET, Access::Read),
    route(LOCAL_EVALUATION, GET, Access::Read),
    route(PAYLOAD, GET, Access::Read),
    route("/array/{token}/config", GET, Access::Client),
    route("/array/{token}/config.js", GET, Access::Client),
    // Mixpanel; the first two are PostHog's, too
    route("/track", BOTH, Access::Write),
    route("/engage", BOTH, Access::Write),
    route("/groups", BOTH, Access::Write),
    route("/import", POST, Access::Write),
    // Segment
    route("/v1/batch", POST, Access::Write),
    route("/v1/import", POST, Access::Write),
    route("/v1/identify", POST, Access::Write),
    route("/v1/track", POST, Access::Write),
    route("/v1/page", POST, Access::Write),
    route("/v1/screen", POST, Access::Write),
    route("/v1/group", POST, Access::Write),
    route("/v1/alias", POST, Access::Write),
    route("/v1/b", POST, Access::Write),
    route("/v1/i", POST, Access::Write),
    route("/v1/t", POST, Access::Write),
    route("/v1/p", POST, Access::Write),
    route("/v1/s", POST, Access::Write),
    route("/v1/g", POST, Access::Write),
    route("/v1/a", POST, Access::Write),
    route("/v1/m", POST, Access::Write),
    // OpenTelemetry
    route(OTLP_LOGS, POST, Access::Write),
    route(OTLP_METRICS, POST, Access::Write),
    route(OTLP_TRACES, POST, Access::Write),
    // Stripe
    route(STRIPE, POST, Access::Signed),
    // OpenFeature
    route(OFREP_FLAG, POST, Access::Client),
    route(OFREP_FLAGS, POST, Access::Client),
    route(OFREP_EVENTS, GET, Access::Client),
    // GrowthBook
    route("/api/features/{client_key}", GET, Access::Client),
    route("/api/eval/{client_key}", POST, Access::Client),
    route("/sub/{client_key}", GET, Access::Client),
    // Unleash: server SDKs, then pages
    route("/api/client/features", GET, Access::Read),
    route("/api/client/register", POST, Access::Read),
    route("/api/client/metrics", POST, Access::Read),
    route("/api/frontend", BOTH, Access::Client),
    route("/api/frontend/client/register", POST, Access::Client),
    route("/api/frontend/client/metrics", POST, Access::Client),
];

impl Route {
    /// Whether pages of any site may call it.
    pub(crate) fn is_for_pages(&self) -> bool {
        matches!(self.access, Access::Write | Access::Client)
    }

    fn fits(&self, path: &str) -> bool {
        let mut asked = path.split('/');
        let fits = self.path.split('/').all(|part| {
            asked.next().is_some_and(|asked| if part.starts_with('{') { !asked.is_empty() } else { asked == part })
        });
        fits && asked.next().is_none()
    }
}

/// The route of a path.
pub(crate) fn of(path: &str) -> Option<&'static Route> {
    let path = path.trim_end_matches('/');
    ROUTES.iter().find(|route| route.fits(path))
}

/// The name a request is counted under: a closed list, so that callers cannot make up labels.
pub(crate) fn label(path: &str) -> &'static str {
    of(path).map_or("other", |route| route.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_route() {
        for (path, expect) in [
            ("/e", Some("/e")),
            ("/e/", Some("/e")),
            ("/e/x", None),
            ("/array/k/config", Some("/array/{token}/config")),
            ("/array//config", None),
            ("/array/k/config.js", Some("/array/{token}/config.js")),
            ("/ofrep/v1/evaluate/flags", Some(OFREP_FLAGS)),
            ("/ofrep/v1/evaluate/flags/", Some(OFREP_FLAGS)),
            ("/ofrep/v1/evaluate/flags/a%2Fb", Some(OFREP_FLAG)),
            ("/v1/eventsx", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(of(path).map(|route| route.path), expect, "{path}");
        }
        for route in ROUTES {
            assert_eq!(of(route.path).map(|found| found.path), Some(route.path), "listed twice or hidden");
        }
    }
}
