//! What gateway and connectors may ask of the rest, as traits; `host` implements them.

use std::sync::Arc;

/// Keys of the gateway.
pub trait KeyBook: Send + Sync {
    /// The source a write key belongs to; `None` when unknown or revoked. Compared in constant time by the implementor.
    fn write_source(&self, key: &str) -> Option<Arc<str>>;
    /// Whether this key may read levers. Write keys may not.
    fn may_read(&self, key: &str) -> bool;
}

/// The levers in force.
pub trait LeverBook: Send + Sync {
    /// `{"version": n, "as_of": ms, "levers": {key: {"value":…, "default":…, "updated_at": ms, "decision": id|null}}}` with a version that grows with each change.
    fn levers(&self) -> (u64, serde_json::Value);
}

/// Where counters go: typed events that log and count together.
pub trait Meter: Send + Sync {
    /// A request was answered.
    fn request(&self, route: &'static str, status: u16, micros: u64);
}
