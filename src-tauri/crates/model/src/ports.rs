//! What gateway and connectors may ask of the rest, as traits; `host` implements them.

use std::sync::Arc;

/// Keys of the gateway.
pub trait KeyBook: Send + Sync {
    /// The source a write key belongs to; `None` when unknown or revoked. Compared in constant time by the implementor.
    fn write_source(&self, key: &str) -> Option<Arc<str>>;
    /// Whether this is a read key: it reads everything, definitions for local evaluation included. Write keys may not.
    fn may_read(&self, key: &str) -> bool;
    /// The name of a client key or of a read key: what asks for the levers of one unit, or for what a page may know of
    /// them. `None` when unknown, revoked, or a write key.
    fn client(&self, key: &str) -> Option<Arc<str>> {
        let _ = key;
        None
    }
}

/// Who asked for levers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader<'a> {
    pub protocol: crate::serving::Protocol,
    /// SDK and version as it says of itself (`posthog-node/5.70.0`); empty when it does not.
    pub client: &'a str,
    /// The source of the write key or the name of the client key it came with.
    pub key: &'a str,
    /// The lever asked for; `None` for all.
    pub lever: Option<&'a str>,
}

/// Where it is remembered who reads the levers.
pub trait ReaderLog: Send + Sync {
    /// Called for every answered request; cheap.
    fn read(&self, reader: Reader<'_>);
}

/// What a source may keep of the people it tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Only these properties are kept; empty for all. Properties whose name starts with `$` of the protocols' own
    /// making (`$set`, `$groups`, `$feature_flag…`) are looked into, not dropped.
    pub allow: Vec<String>,
    /// These are dropped, also inside `$set` and `$set_once`.
    pub deny: Vec<String>,
    /// These are replaced by a keyed hash, so that they can be compared but not read; `unit` hashes the unit's id.
    pub hash: Vec<String>,
    /// Keeps IP addresses; they are dropped unless this is set.
    pub keep_ip: bool,
    /// Key of the hashes.
    pub hash_key: [u8; 32],
}

/// What the founder decided on personal data, per source.
pub trait PrivacyBook: Send + Sync {
    /// The rules of one source; the defaults for one that has none.
    fn privacy(&self, source: &str) -> Arc<Privacy>;
}

/// Secrets kept on this machine, outside of the business's folder.
pub trait SecretBook: Send + Sync {
    /// The secret of this name: a source's key for what signs its requests (Stripe), the name in `secret = "…"` of a
    /// `[[publish]]`. `None` when none was set.
    fn secret(&self, name: &str) -> Option<Arc<str>>;
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
