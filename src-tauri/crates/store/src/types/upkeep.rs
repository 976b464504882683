//! Changes, checks and reports about the store itself.

use serde::{Deserialize, Serialize};

/// Something changed: what a screen listens to. One entry per topic and key; a later change takes the place of the earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Grows with every change.
    pub seq: u64,
    /// `events`, `rejections`, `sources`, `journal`, `decisions`, `insights`, `expectations`, `levers`, `outbox`, `meta`,
    /// `imports`, `keys`, `business`, `people`.
    pub topic: String,
    /// The thing's id; the source for `events`; empty where the topic is one thing.
    pub key: String,
}

/// What is wrong with the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditProblem {
    /// The first row that is not what it should be.
    pub seq: u64,
    /// What is wrong with it, in one sentence.
    pub what: String,
}

/// The result of walking the whole journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Rows that were found in order.
    pub rows: u64,
    /// Hash of the last of them.
    pub head: String,
    pub problem: Option<AuditProblem>,
}

/// One line of the doctor's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    pub detail: String,
    /// The next step where it is not ok; else empty.
    pub hint: String,
}

/// The aggregates computed from zero, against those in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuildReport {
    pub events: u64,
    /// Records of the aggregates.
    pub cells: u64,
    /// Whether both are the same, byte for byte. If not, the new ones are in force now.
    pub identical: bool,
}
