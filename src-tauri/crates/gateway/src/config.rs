//! What the gateway is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use epoch_levers::Book;
use epoch_model::event::EventSink;
use epoch_model::ports::{KeyBook, LeverBook, Meter, PrivacyBook, ReaderLog, SecretBook};
use epoch_model::time::Millis;

/// Everything the gateway needs from the rest.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Who may write and who may read.
    pub keys: Arc<dyn KeyBook>,
    /// Where events go.
    pub sink: Arc<dyn EventSink>,
    /// What `GET /v1/levers` answers from.
    pub levers: Arc<dyn LeverBook>,
    /// What every flag protocol answers from.
    pub book: Arc<dyn Book>,
    /// Where it is remembered who reads levers.
    pub readers: Arc<dyn ReaderLog>,
    /// What sources may keep of people.
    pub privacy: Arc<dyn PrivacyBook>,
    /// What signs the requests of sources that sign them, under the source's key.
    pub secrets: Arc<dyn SecretBook>,
    /// Where request counters go.
    pub meter: Arc<dyn Meter>,
    /// The text of `GET /metrics` (OpenMetrics).
    pub metrics_text: Arc<dyn Fn() -> String + Send + Sync>,
    /// The time of receipt.
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
    /// Bounds on size, time and number.
    pub limits: Limits,
    /// Names and addresses accepted in `Host` (and as `Origin` of read routes) besides loopback and `listen`'s own
    /// address; without a port any port is meant.
    pub allowed_hosts: Vec<String>,
    /// Certificate and key; absent: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// A proxy in front ends TLS, so plain HTTP may be served beyond loopback.
    pub behind_proxy: bool,
}

/// Where certificate and key lie, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Bounds on what senders may cost. Every value has a default that a busy shop does not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes as sent and again after decompression.
    pub batch_bytes_max: usize,
    /// Largest single event, in bytes of JSON.
    pub event_bytes_max: usize,
    /// Most bytes that one compressed byte may unfold to, once more than 1 MiB came out.
    pub inflate_ratio_max: usize,
    /// Deepest nesting of a body.
    pub depth_max: usize,
    /// Most events in a request.
    pub events_max: usize,
    /// Bytes of bodies being read at the same time; above it the answer is 503.
    pub in_flight_bytes_max: usize,
    /// Connections held at the same time. Above it the one that has been idle longest makes room; only when all are at
    /// work do further ones wait in the kernel's queue. Less when the system grants fewer open files.
    pub connections_max: usize,
    /// Streams of server-sent events open at the same time; above it the answer is 503. Each holds a connection; at most
    /// half of the connections are streams.
    pub streams_max: usize,
    /// Requests per second over all keys.
    pub requests_per_second: u32,
    /// Requests per second of one key.
    pub requests_per_second_per_key: u32,
    /// How long a client may take for its headers, and how long a connection may idle.
    pub header_timeout: Duration,
    /// How long a client may take for a body.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer before it is cut off.
    pub write_timeout: Duration,
    /// How long to wait for a commit before answering 503; the sender's retry is recognised by its ids.
    pub commit_timeout: Duration,
    /// How long open requests may take after shutdown began.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes_max: 20 * 1024 * 1024,
            event_bytes_max: 2 * 1024 * 1024,
            inflate_ratio_max: 200,
            depth_max: 100,
            events_max: 100_000,
            in_flight_bytes_max: 256 * 1024 * 1024,
            connections_max: 4096,
            streams_max: 2048,
            requests_per_second: 50_000,
            requests_per_second_per_key: 20_000,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            commit_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
