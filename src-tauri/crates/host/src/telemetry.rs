//! Logs and counters: tracing to the console and a rotating file, OpenMetrics text for `/metrics`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use epoch_model::ports::Meter;
use epoch_model::{Code, Error, Result};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Files of logs kept, one per day.
const LOG_FILES_MAX: usize = 7;

/// Starts logging: `RAS_LOG` (as in `info,epoch_host=debug`) to stderr, everything from `info` on to a daily file in
/// `folder`. Keep the guard until the end; dropping it writes what waits.
pub fn start_logging(folder: Option<&Path>, quiet: bool) -> Result<Option<WorkerGuard>> {
    let default = if quiet { "warn" } else { "info" };
    let filter = EnvFilter::try_from_env("RAS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let stderr = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let (file, guard) = match folder {
        Some(folder) => {
            let appender = tracing_appender::rolling::Builder::new()
                .rotation(tracing_appender::rolling::Rotation::DAILY)
                .filename_prefix("epochcore")
                .filename_suffix("log")
                .max_log_files(LOG_FILES_MAX)
                .build(folder)
                .map_err(|e| {
                    Error::new(Code::DiskFull, format!("no log file in {}: {e}", folder.display()), "check the folder")
                })?;
            let (writer, guard) = tracing_appender::non_blocking(appender);
            (Some(fmt::layer().json().with_writer(writer)), Some(guard))
        }
        None => (None, None),
    };
    // A second start in the same process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter).with(stderr).with(file).try_init();
    Ok(guard)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u32,
}

/// The counters of a host.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histogram,
    /// Events in the log.
    pub events: Gauge<i64>,
    /// Cards waiting.
    pub approvals: Gauge<i64>,
    /// Buckets told to the engine.
    pub buckets: Counter,
    /// Effects dealt with.
    pub effects: Counter,
    /// 1 running, 0 paused or stopped.
    pub running: Gauge<i64>,
    /// Seconds since the last commit of events; -1 when there was none.
    pub ingest_age: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Arc<Self> {
        let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let mut metrics = Self {
            registry: Registry::with_prefix("epochcore"),
            requests: Family::default(),
            request_seconds: Histogram::new(buckets),
            events: Gauge::default(),
            approvals: Gauge::default(),
            buckets: Counter::default(),
            effects: Counter::default(),
            running: Gauge::default(),
            ingest_age: Gauge::default(),
        };
        let r = &mut metrics.registry;
        r.register("http_requests", "Requests answered by the gateway", metrics.requests.clone());
        r.register("http_request_seconds", "Time to answer a request", metrics.request_seconds.clone());
        r.register("events", "Events in the log", metrics.events.clone());
        r.register("approvals_waiting", "Decisions that wait for the operator", metrics.approvals.clone());
        r.register("buckets_closed", "Buckets told to the engine", metrics.buckets.clone());
        r.register("effects", "Effects dealt with", metrics.effects.clone());
        r.register("running", "1 while the engine may act", metrics.running.clone());
        r.register("ingest_age_seconds", "Seconds since the last commit of events", metrics.ingest_age.clone());
        Arc::new(metrics)
    }

    /// OpenMetrics text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if let Err(e) = prometheus_client::encoding::text::encode(&mut out, &self.registry) {
            tracing::warn!(error = %e, "the counters could not be written");
        }
        out
    }
}

impl Meter for Metrics {
    fn request(&self, route: &'static str, status: u16, micros: u64) {
        self.requests.get_or_create(&RequestLabels { route, status: u32::from(status) }).inc();
        #[expect(clippy::cast_precision_loss, reason = "durations of requests are far below 2^53 microseconds")]
        self.request_seconds.observe(micros as f64 / 1e6);
    }
}
