//! Persons: who they are to the store, and what is left of them.

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

/// A person, by any of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id that was asked for.
    pub unit: String,
    /// All ids that are known to be theirs, that one among them, in the order they were first seen.
    pub ids: Vec<String>,
    /// Whether an event said who they are.
    pub identified: bool,
    /// Time of their earliest and of their latest event.
    pub first: Option<Millis>,
    pub last: Option<Millis>,
    /// Events under any of the ids.
    pub events: u64,
}

/// What an erasure did. It names nobody, so that it can be written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseReport {
    /// Its number.
    pub erasure: u64,
    /// Events overwritten: the person's, and those of others that linked somebody with them.
    pub events: u64,
    /// Ids that were theirs.
    pub merged_ids: u64,
    /// Refused lines and events that mentioned them, removed.
    pub rejections: u64,
    /// The log was looked through up to here; what came later under the same id is somebody new.
    pub position: u64,
    /// Time of the earliest event overwritten: numbers from there on are others now, as after a late event.
    pub earliest: Option<Millis>,
    /// Where an id is still mentioned, untouched: in what the engine had written down.
    pub elsewhere: Vec<Mention>,
    /// Whether nothing is left in the write-ahead log. Otherwise a reader held it, and it goes with the next erasure or when
    /// the store is closed.
    pub wal_empty: bool,
    /// What is left to the founder.
    pub note: String,
}

/// How often something is mentioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// `journal`, `decisions`, `insights`, `expectations`, `outbox`, `meta`, `imports`, `snapshots`.
    pub place: String,
    pub rows: u64,
}
