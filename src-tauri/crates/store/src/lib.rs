//! SQLite: event log, rollups, journal, outbox, snapshots.
//!
//! One thread writes, in groups: what waits in the inbox becomes one transaction and is acknowledged after its commit.
//! Reads go through a pool of read-only connections and the aggregates in memory. The event log is the truth; everything
//! computed from it carries the log position it covers and is caught up from there after a crash.
//!
//! Knows nothing of HTTP, tokio, the engine's rules or the wall clock ([`Options::clock`] is handed in).

pub mod aggregate;
mod catalog;
mod changes;
mod checkpoint;
mod db;
mod documents;
mod erase;
mod experiments;
mod fault;
mod ids;
mod inbox;
mod intern;
mod journal;
mod json;
mod links;
mod lock;
mod log;
mod options;
mod outbox;
mod pool;
mod records;
mod sources;
mod store;
mod types;
mod upkeep;
mod workflows;
mod writer;

pub use experiments::Tracked;
pub use options::{Clock, Options};
pub use store::{Pending, Store};
pub use types::*;
