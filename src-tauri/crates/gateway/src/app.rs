//! The routes and what every request passes through.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use epoch_levers::Compiled;
use epoch_model::Code;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::NormalizePath;
use uuid::Uuid;

use crate::config::Config;
use crate::ingest::DECODERS;
use crate::posthog::flags::Definitions;
use crate::problem::Problem;
use crate::rate::Rate;
use crate::serve::assigned::Assignments;
use crate::serve::digest::Digest;
use crate::serve::exposure::Exposures;
use crate::serve::hub::Hub;
use crate::serve::prepared::Prepared;
use crate::server::Stop;
use crate::{growthbook, guard, mixpanel, ofrep, otlp, plain, posthog, read, routes, segment, stripe, unleash};

/// What handlers share.
pub(crate) struct Shared {
    pub config: Config,
    pub rate: Rate,
    /// Permits are bytes of bodies in memory.
    pub budget: Arc<Semaphore>,
    /// Permits are heavy bodies being decoded.
    pub decoders: Semaphore,
    /// Told when the stop begins.
    pub stop: Stop,
    /// News of changed levers.
    pub hub: Hub,
    /// What chance decided.
    pub assigned: Assignments,
    /// The levers in GrowthBook's terms.
    pub growthbook: growthbook::Desk,
    /// The levers in Unleash's terms.
    pub unleash: unleash::Desk,
    /// What PostHog's SDKs were told of chance.
    pub exposures: Exposures,
    /// PostHog's definitions.
    pub definitions: Prepared<Definitions>,
    /// Stands for every request in the ids of events that have neither id nor time; `None`: each stands for itself.
    pub request: Option<Uuid>,
    digest: Prepared<Digest>,
}

impl Shared {
    pub(crate) fn new(config: Config, stop: Stop) -> Self {
        Self {
            rate: Rate::new(&config.limits),
            budget: Arc::new(Semaphore::new(config.limits.in_flight_bytes_max.min(Semaphore::MAX_PERMITS))),
            decoders: Semaphore::new(DECODERS),
            hub: Hub::new(&*config.book, config.limits.streams_max, stop.clone()),
            assigned: Assignments::default(),
            growthbook: growthbook::Desk::default(),
            unleash: unleash::Desk::default(),
            exposures: Exposures::default(),
            definitions: Prepared::default(),
            request: None,
            digest: Prepared::default(),
            stop,
            config,
        }
    }

    /// The levers in force and their marks.
    pub(crate) fn levers(&self) -> (Arc<Compiled>, Arc<Digest>) {
        let levers = self.config.book.current();
        let digest = self.digest.of(&levers, Digest::of);
        (levers, digest)
    }
}

/// The state of the router.
pub(crate) type App = Arc<Shared>;

/// The whole service. A slash at the end of a path makes no difference.
pub(crate) fn service(config: Config, stop: Stop) -> Service {
    NormalizePath::trim_trailing_slash(router(config, stop))
}

/// What connections are served by.
pub(crate) type Service = NormalizePath<Router>;

fn router(config: Config, stop: Stop) -> Router {
    let app = Arc::new(Shared::new(config, stop));
    let mut router = Router::new();
    for path in routes::CAPTURE {
        router = router.route(path, get(posthog::capture).post(posthog::capture));
    }
    for path in routes::SEGMENT {
        router = router.route(path, post(segment::messages));
    }
    for path in routes::FLAGS {
        router = router.route(path, get(posthog::flags).post(posthog::flags));
    }
    router
        .route(routes::CAPTURE_V1, post(posthog::v1::events))
        .route(routes::RECORDINGS, get(posthog::recordings).post(posthog::recordings))
        .route("/track", get(mixpanel::track).post(mixpanel::track))
        .route("/engage", get(mixpanel::engage).post(mixpanel::engage))
        .route("/groups", get(mixpanel::groups).post(mixpanel::groups))
        .route("/import", post(mixpanel::import))
        .route("/v1/m", post(segment::telemetry))
        .route(routes::DEFINITIONS, get(posthog::definitions))
        .route(routes::LOCAL_EVALUATION, get(posthog::definitions))
        .route(routes::PAYLOAD, get(posthog::payload))
        .route("/array/{token}/config", get(posthog::remote_config))
        .route("/array/{token}/config.js", get(posthog::remote_config_script))
        .route(routes::OFREP_FLAG, post(ofrep::one))
        .route(routes::OFREP_FLAGS, post(ofrep::all))
        .route(routes::OFREP_EVENTS, get(ofrep::events))
        .route("/api/features/{client_key}", get(growthbook::features))
        .route("/api/eval/{client_key}", post(growthbook::evaluate))
        .route("/sub/{client_key}", get(growthbook::subscribe))
        .route("/api/client/features", get(unleash::features))
        .route("/api/client/register", post(unleash::register))
        .route("/api/client/metrics", post(unleash::metrics))
        .route("/api/frontend", get(unleash::frontend).post(unleash::frontend))
        .route("/api/frontend/client/register", post(unleash::register_of_pages))
        .route("/api/frontend/client/metrics", post(unleash::metrics_of_pages))
        .route(routes::OTLP_LOGS, post(otlp::logs))
        .route(routes::OTLP_METRICS, post(otlp::metrics))
        .route(routes::OTLP_TRACES, post(otlp::traces))
        .route(routes::STRIPE, post(stripe::webhook))
        .route(routes::EVENTS, post(plain::events))
        .route(routes::LEVERS, get(read::levers))
        .route("/healthz", get(read::healthz))
        .route("/readyz", get(read::readyz))
        .route("/metrics", get(read::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&app), guard::check))
        .layer(CatchPanicLayer::custom(fault))
        .layer(from_fn_with_state(Arc::clone(&app), count))
        .with_state(app)
}

async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = routes::label(request.uri().path());
    let start = Instant::now();
    let response = next.run(request).await;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    app.config.meter.request(route, response.status().as_u16(), micros);
    response
}

/// Nothing is served at this path.
pub(crate) async fn not_found() -> Response {
    let hint = "see docs/openapi.json for what is served";
    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "there is nothing here", hint).json()
}

async fn wrong_method() -> Response {
    let message = "this path does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::InvalidArgument, message, "see docs/openapi.json").json()
}

fn fault(panic: Box<dyn Any + Send + 'static>) -> Response {
    let cause = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = cause.unwrap_or("unknown"), "a request handler failed");
    let message = "an internal fault; the log has the details";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message, "send it again").json()
}
