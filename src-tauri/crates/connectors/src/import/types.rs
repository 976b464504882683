//! What an import answers: preview, progress, checkpoint, report.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use epoch_model::business::Mapping;
use epoch_model::event::{EventId, EventSink, EventView};
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a file is, apart from a gzip wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Delimited text.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// A JSON array of objects, or objects one after another over several lines.
    Json,
    /// An Excel workbook (2007 and later).
    Xlsx,
}

/// Something that was guessed about the file, with the reason for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// `format`, `compression`, `encoding`, `delimiter`, `header`, `decimal`, `time_format`, `sheet`.
    pub what: String,
    /// The guess in words or as the value a mapping takes (`windows-1252`, `;`, `d/m/y`).
    pub value: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reason: String,
}

/// What the values of a column look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// No value seen.
    Empty,
    Number,
    Boolean,
    Time,
    Text,
    /// A nested JSON value.
    Object,
}

/// A column (or a key of JSON objects) of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Column {
    /// Its name as expressions use it; `column1`, … where the file has no header.
    pub name: String,
    /// The same, in backticks where an expression needs them.
    pub expression: String,
    pub kind: ColumnKind,
    /// Up to five different values.
    pub samples: Vec<String>,
    /// Share of sampled rows that have a value, 0 to 1.
    pub filled: f64,
    /// Whether no value occurs twice in the sample.
    pub unique: bool,
}

/// Why a field of the guessed mapping reads what it reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MappingReason {
    /// `event`, `time`, `unit`, `id`, or a property's name.
    pub field: String,
    pub expression: String,
    pub reason: String,
}

/// An event as the preview would make it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PreviewEvent {
    /// Line of the file, from 1.
    #[ts(type = "number")]
    pub line: u64,
    pub name: String,
    #[ts(type = "number")]
    pub time: Millis,
    pub unit: String,
    #[ts(type = "Record<string, unknown>")]
    pub props: serde_json::Value,
}

/// Something a person should look at before importing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreviewProblem {
    /// Line of the file, where it is about one.
    #[ts(type = "number | null")]
    pub line: Option<u64>,
    pub message: String,
    pub hint: String,
}

/// What a file looks like and what it would become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Preview {
    pub format: FileFormat,
    /// Whether it is wrapped in gzip.
    pub gzip: bool,
    /// Size on disk.
    #[ts(type = "number")]
    pub bytes: u64,
    /// About how many rows, from the sample; exact when the sample is the whole file.
    #[ts(type = "number")]
    pub rows_estimate: u64,
    /// Sheets of a workbook.
    pub sheets: Vec<String>,
    /// Every guess with its reason.
    pub findings: Vec<Finding>,
    pub columns: Vec<Column>,
    /// The mapping given, or the guessed one.
    pub mapping: Mapping,
    /// Reasons of the guessed mapping; empty when a mapping was given.
    pub reasons: Vec<MappingReason>,
    /// The first ten events.
    pub events: Vec<PreviewEvent>,
    pub problems: Vec<PreviewProblem>,
}

/// What has been committed so far. Serialisable; hand it back to [`super::run`] to go on after a kill, or when the file
/// has grown. It is checked against the file's content, and ignored (with a note) when the file is another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Checkpoint {
    /// Rows (blank ones and rejected ones included, header not) that are done with.
    #[ts(type = "number")]
    pub rows: u64,
    /// Digest of the content of these rows.
    #[ts(type = "string")]
    #[serde(with = "hex_u64")]
    pub digest: u64,
    #[ts(type = "number")]
    pub accepted: u64,
    #[ts(type = "number")]
    pub duplicates: u64,
    #[ts(type = "number")]
    pub blank: u64,
    /// Rejected rows by reason.
    #[ts(type = "Record<string, number>")]
    pub rejected: BTreeMap<String, u64>,
    /// Length of the file of rejected lines.
    #[ts(type = "number")]
    pub rejected_bytes: u64,
    /// Rejected lines written to that file.
    #[ts(type = "number")]
    pub rejected_listed: u64,
}

impl Checkpoint {
    /// All rejected rows.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}

mod hex_u64 {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:016x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}

/// How far an import is; handed out once per batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Progress {
    /// Bytes of the file read, as it lies on disk.
    #[ts(type = "number")]
    pub bytes_read: u64,
    #[ts(type = "number")]
    pub bytes_total: u64,
    /// Rows read, committed or not.
    #[ts(type = "number")]
    pub rows: u64,
    /// Since the start of this run.
    pub rows_per_s: f64,
    /// Estimated from the bytes; `None` in the first moments.
    pub seconds_left: Option<f64>,
    /// What is committed.
    pub checkpoint: Checkpoint,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportReport {
    /// Rows of the file (header not counted): accepted + duplicates + rejected + blank.
    #[ts(type = "number")]
    pub rows: u64,
    /// Events written.
    #[ts(type = "number")]
    pub accepted: u64,
    /// Rows that were known already.
    #[ts(type = "number")]
    pub duplicates: u64,
    #[ts(type = "number")]
    pub rejected: u64,
    /// Rejected rows by reason.
    #[ts(type = "Record<string, number>")]
    pub rejected_by_reason: BTreeMap<String, u64>,
    #[ts(type = "number")]
    pub blank: u64,
    /// Where the rejected lines are; `None` when there are none.
    #[ts(type = "string | null")]
    pub rejected_file: Option<PathBuf>,
    #[ts(type = "number")]
    pub bytes: u64,
    pub seconds: f64,
    /// Stopped by the caller; the checkpoint says where.
    pub cancelled: bool,
    /// The file was growing: a last line without its end was left for the next pass.
    pub growing: bool,
    /// First and last time of the events made in this run.
    #[ts(type = "[number, number] | null")]
    pub span: Option<(Millis, Millis)>,
    /// What a person should know (guesses that mattered, lines in another encoding, …).
    pub notes: Vec<String>,
    pub checkpoint: Checkpoint,
}

/// What an import needs from its caller.
pub struct Context<'a> {
    /// Key of the source in `business.toml`.
    pub source: &'a str,
    /// The business's timezone (IANA), for times without one.
    pub zone: &'a str,
    /// The clock: asked once per batch.
    pub received: &'a dyn Fn() -> Millis,
    pub sink: &'a dyn EventSink,
    pub resume: Option<Checkpoint>,
    /// Called after each batch (about 1,000 rows); `Break` cancels.
    pub on_progress: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
    /// Folder of the files of rejected lines; made when needed.
    pub rejected_dir: &'a Path,
}

/// An event that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedEvent {
    pub id: EventId,
    pub time: Millis,
    /// Shared between events of one name.
    pub name: std::sync::Arc<str>,
    pub unit: Box<str>,
    /// A JSON object, as text.
    pub props: Box<str>,
}

impl OwnedEvent {
    /// As a batch takes it.
    pub fn view(&self) -> EventView<'_> {
        EventView { id: self.id, time: self.time, name: &self.name, unit: &self.unit, props: &self.props }
    }
}
