//! Reading the event log: drill-down, catalog, sources, what was refused.

use epoch_model::error::Code;
use epoch_model::event::EventId;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A metric, whole or for one segment value: which events count for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMatch {
    /// The metric's key.
    pub metric: String,
    /// Segment and value.
    pub segment: Option<(String, String)>,
}

/// Which events to read. Newest in the log first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsQuery {
    /// Only events that count for this metric.
    pub metric: Option<SegmentMatch>,
    /// Only events of this name.
    pub name: Option<String>,
    /// First instant.
    pub from: Millis,
    /// First instant after the range.
    pub to: Millis,
    /// `next` of the page before.
    pub cursor: Option<u64>,
    /// Most rows, up to 1,000.
    pub limit: usize,
}

/// An event as it was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its place in the log, from 1.
    pub position: u64,
    pub id: EventId,
    pub time: Millis,
    /// When the host received it.
    pub received: Millis,
    pub source: String,
    pub name: String,
    /// Empty when unknown.
    pub unit: String,
    /// The JSON object exactly as it was sent.
    pub props: String,
}

/// A page of events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsPage {
    pub rows: Vec<EventRow>,
    /// The cursor of the next page; `None` when everything was looked at. A page may be short, even empty, and still
    /// have a next one: the work per page is bounded.
    pub next: Option<u64>,
    /// Events looked at for this page.
    pub scanned: u64,
}

/// A property seen on events of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    pub name: String,
    /// JSON types seen: `string`, `number`, `bool`, `null`, `array`, `object`, sorted.
    pub types: Vec<String>,
    /// Up to ten different values, as text, cut to 80 characters.
    pub samples: Vec<String>,
}

/// What is known of the events of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventKind {
    pub name: String,
    /// Events in the log, exact.
    pub count: u64,
    /// Earliest and latest time of such an event.
    pub first: Millis,
    pub last: Millis,
    /// Up to 200 properties, by name; looked for in the first events of the name and in a sample of the later ones.
    pub properties: Vec<Property>,
}

/// Counters of one source, as of the last commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    pub source: String,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// Latest time of one of its events.
    pub last_event: Option<Millis>,
    /// When something last arrived from it.
    pub last_received: Option<Millis>,
    /// The latest refusal or failure.
    pub last_error: Option<String>,
    pub last_error_at: Option<Millis>,
}

/// A refused line or event. The last 10,000 are kept, or fewer when they are large (32 MiB together); the counters in [`SourceState`] know them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionRow {
    /// Counted from 1, newest highest.
    pub id: u64,
    pub source: String,
    pub received: Millis,
    /// Line of the file (from 1) or index in the request or batch (from 0).
    pub position: u64,
    pub code: Code,
    pub reason: String,
    /// The offending text, cut to 64 KiB.
    pub raw: String,
    /// When it was corrected and sent again.
    pub replayed_at: Option<Millis>,
}

/// What became of a refused line or event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionDone {
    /// Nothing is left of it.
    Removed,
    /// Marked as sent again; it stays until newer ones take its place.
    Replayed,
}

/// How far the import of one file has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportMark {
    /// What identifies the file (source and content hash, for instance).
    pub key: String,
    pub at: Millis,
    /// The importer's own checkpoint.
    pub mark: Value,
}
