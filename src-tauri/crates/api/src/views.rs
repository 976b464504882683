//! What the console reads: one type per view, ready to draw. Times are milliseconds since 1970 (UTC), money is in minor units
//! of the business's currency, shares are fractions (0.05 = 5 %).

use epoch_model::business::{Better, Business, Domain, Format, LeverKind, LeverValue, Limits, Mapping, PolicyRule};
use epoch_model::decision::{Calibration, Decision, Layer, State};
use epoch_model::gate::RunState;
use epoch_model::insight::Insight;
use epoch_model::journal::JournalRow;
use epoch_model::series::{Point, Series};
use epoch_model::time::Grain;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod clients;
mod decisions;
mod experiments;
mod levers;
mod people;
mod policy;
mod sandbox;
mod workflows;

pub use clients::*;
pub use decisions::*;
pub use experiments::*;
pub use levers::*;
pub use people::*;
pub use policy::*;
pub use sandbox::*;
pub use workflows::*;

/// How the engine's time runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum ClockView {
    /// Real time.
    Real,
    /// History fed as if it were arriving: `speed` seconds of history per second; `held` while a card waits for its answer.
    Replay { speed: f64, held: bool, until: i64 },
}

/// Something that is wrong and what to do about it (shown in the top bar and on Settings).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProblemView {
    pub code: String,
    pub message: String,
    pub hint: String,
    /// Line in `business.toml`, when it is about the file.
    pub line: Option<u32>,
}

/// The frame around every page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StatusView {
    /// `None` on first start: show the first-run page.
    pub business: Option<BusinessBrief>,
    pub run_state: RunState,
    /// Who set it and why, when not running.
    pub run_reason: Option<String>,
    /// The engine's clock.
    pub now: i64,
    pub clock: ClockView,
    /// Time of the newest event, and when the newest batch was committed.
    pub last_event_at: Option<i64>,
    pub last_commit_at: Option<i64>,
    pub events: u64,
    /// Where the gateway listens (`http://127.0.0.1:8787`).
    pub gateway: Option<String>,
    pub approvals_waiting: u32,
    pub anomalies_open: u32,
    /// Experiments that run now.
    pub experiments_running: u32,
    pub import: Option<ImportProgress>,
    pub problems: Vec<ProblemView>,
    /// What nobody has to answer but everybody should know, such as a lever that two SDKs sort differently.
    pub notices: Vec<NoticeView>,
    /// Set while the business is simulated: nothing on screen is real.
    pub sandbox: Option<SandboxBrief>,
    pub version: String,
}

/// A notice: no card, nothing is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoticeView {
    /// As in [`WarningView`].
    pub code: String,
    pub text: String,
    pub next: String,
    /// The lever it is about.
    pub lever: Option<String>,
}

/// The business in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BusinessBrief {
    pub name: String,
    pub currency: String,
    pub currency_digits: u32,
    pub timezone: String,
    pub folder: String,
    pub metrics: u32,
}

/// One line of "what moved, and why", and a KPI tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KpiTile {
    pub metric: MetricBrief,
    /// Over the chosen range, and over the range before it of the same length.
    pub value: Option<f64>,
    pub previous: Option<f64>,
    /// (value - previous) / |previous|; for shares the difference in points is `value - previous`.
    pub change: Option<f64>,
    /// The metric's own buckets over the range (at most 60; the last one may be open), and what was expected of each where known.
    pub spark: Vec<Point>,
    pub band: Vec<BandPoint>,
    /// The newest insight about it in the range.
    pub insight: Option<Insight>,
    /// One sentence: why it moved, or "within what was expected".
    pub note: String,
    pub goal: Option<GoalView>,
}

/// A metric's face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricBrief {
    pub key: String,
    pub title: String,
    pub format: Format,
    pub unit: Option<String>,
    pub better: Better,
    pub domain: Domain,
    pub segments: Vec<String>,
    pub grain: Grain,
    /// How it is computed, in words.
    pub definition: String,
}

/// What was expected of one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BandPoint {
    pub start: i64,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    /// Robust z of the actual value; 0 while open.
    pub score: f64,
}

/// A goal with where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct GoalView {
    pub target: f64,
    pub by: Option<i64>,
    pub reached: bool,
}

/// Today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TodayView {
    /// The day in the business's timezone (ms of its start).
    pub day: i64,
    /// Two or three sentences: what moved, why, what waits.
    pub lead: String,
    /// Cards waiting, most costly to wait first.
    pub needs_you: Vec<Decision>,
    /// KPIs, those that moved first.
    pub moved: Vec<KpiTile>,
    /// What the engine did by itself, newest first.
    pub did: Vec<Activity>,
    /// Scored decisions this month against doing nothing; `None` while none is scored or nothing has a worth.
    pub earned: Option<Earned>,
    /// What it will do next and when.
    pub next: Vec<Upcoming>,
    pub layers: Vec<LayerView>,
}

/// A thing the engine did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Activity {
    pub at: i64,
    pub layer: Layer,
    pub text: String,
    pub detail: String,
    pub decision: Option<String>,
    pub insight: Option<String>,
}

/// Money of scored decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Earned {
    pub minor: i64,
    /// 80 % interval by the predictions' own spread.
    pub low_minor: i64,
    pub high_minor: i64,
    pub decisions: u32,
    /// Since when.
    pub since: i64,
    pub note: String,
}

/// Something ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Upcoming {
    pub at: i64,
    pub text: String,
    pub decision: Option<String>,
}

/// A layer with its real activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LayerView {
    pub layer: Layer,
    /// What it is for, in half a sentence.
    pub purpose: String,
    /// What it is busy with, most important first (at most 5). Empty: nothing yet, `idle` says why.
    pub focus: Vec<LayerItem>,
    pub idle: String,
    /// Things it did per day over the last 14 days, oldest first.
    pub pulse: Vec<u32>,
    /// What the pulse counts ("decisions", "effects", "buckets scored").
    pub pulse_of: String,
    pub decisions_today: u32,
    pub asked_today: u32,
    /// Handed up to the layer above today ("3 insights, 1 decision").
    pub up: String,
    /// Handed down to the layer below ("focus: revenue", "2 to execute").
    pub down: String,
}

/// One item of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LayerItem {
    pub text: String,
    pub decision: Option<String>,
    pub insight: Option<String>,
    pub metric: Option<String>,
}

/// Hierarchy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HierarchyView {
    /// Sovereign first.
    pub layers: Vec<LayerView>,
    /// The improvement stack, as it truly is in this version.
    pub stack: Vec<StackItem>,
    /// The thirteen domains with what exists in them.
    pub domains: Vec<DomainView>,
}

/// A level of the improvement stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StackItem {
    pub name: String,
    pub on: bool,
    pub text: String,
}

/// A domain and how much of the business lies in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DomainView {
    pub domain: Domain,
    pub metrics: u32,
    pub levers: u32,
    pub playbooks: u32,
    pub insights_30d: u32,
    pub decisions_30d: u32,
}

/// KPIs over a range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KpisView {
    pub from: i64,
    pub to: i64,
    pub tiles: Vec<KpiTile>,
    /// First and last event, to offer sensible ranges.
    pub first_event_at: Option<i64>,
    pub last_event_at: Option<i64>,
}

/// One KPI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KpiView {
    pub metric: MetricBrief,
    pub series: Series,
    pub previous: Series,
    pub band: Vec<BandPoint>,
    /// By the chosen segment, largest first, at most 12 and the number of others.
    pub by: Vec<Series>,
    pub others: u32,
    pub insights: Vec<Insight>,
    pub annotations: Vec<Annotation>,
    pub goal: Option<GoalView>,
}

/// A mark on the chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Annotation {
    pub at: i64,
    /// `anomaly`, `decision`, `outcome`, `lever`.
    pub kind: String,
    pub text: String,
    pub decision: Option<String>,
    pub insight: Option<String>,
}

/// The events behind a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RowsView {
    pub rows: Vec<EventRow>,
    /// Give it back to read on; `None` at the end.
    pub cursor: Option<String>,
    /// How many match, where it is known without a scan.
    pub total: Option<u64>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventRow {
    pub id: String,
    pub time: i64,
    pub received: i64,
    pub name: String,
    pub unit: String,
    pub source: String,
    #[ts(type = "Record<string, unknown>")]
    pub props: serde_json::Value,
}

/// Decisions with the proposers' records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DecisionsView {
    pub decisions: Vec<Decision>,
    pub total: u32,
    /// By state, for the filter chips.
    pub counts: Vec<(State, u32)>,
    /// Scored predictions, oldest first, for the calibration plot.
    pub scored: Vec<ScoredPoint>,
    pub calibration: Calibration,
}

/// A prediction and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ScoredPoint {
    pub decision: String,
    pub at: i64,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    pub actual: f64,
    pub inside: bool,
}

/// A decision with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DecisionView {
    pub decision: Decision,
    pub card_hash: String,
    pub insight: Option<Insight>,
    /// Journal rows about it, oldest first.
    pub journal: Vec<JournalRow>,
    pub effect: Option<EffectView>,
    /// The metric around the decision, for the chart on the card.
    pub series: Option<Series>,
    pub band: Vec<BandPoint>,
}

/// An effect in the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EffectView {
    pub decision: String,
    pub idempotency_key: String,
    /// `pending`, `sending`, `done`, `failed`, `in_doubt`.
    pub state: String,
    pub attempts: u32,
    pub target: String,
    /// What the provider promises ("effectively once: carries our key").
    pub promise: String,
    pub last_error: Option<String>,
    pub next_at: Option<i64>,
    pub done_at: Option<i64>,
}

/// Connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConnectionsView {
    pub gateway: Option<String>,
    pub sources: Vec<SourceView>,
    pub sinks: Vec<SinkView>,
    pub keys: Vec<KeyView>,
    /// Events seen, with their properties.
    pub events: Vec<EventKindView>,
    pub rejections: Vec<RejectionView>,
    pub rejected_total: u64,
    pub levers: Vec<LeverView>,
    /// Named secrets that something needs or that are kept.
    pub secrets: Vec<SecretView>,
}

/// A source with its health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceView {
    pub key: String,
    pub title: String,
    /// `sdk`, `stripe`, `folder`, `file`.
    pub kind: String,
    /// Folder path, or the gateway's address.
    pub place: String,
    /// `healthy`, `waiting` (no event yet), `stale`, `failing`, `unknown`.
    pub health: String,
    pub health_text: String,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// When its first event came in; `None` before, and where that was before it was noted.
    pub first_event_at: Option<i64>,
    pub last_event_at: Option<i64>,
    pub last_received_at: Option<i64>,
    pub last_error: Option<String>,
}

/// An effect target with its health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SinkView {
    pub key: String,
    pub title: String,
    /// Host of the URL only; paths may hold secrets.
    pub place: String,
    pub health: String,
    pub health_text: String,
    pub sent: u64,
    pub failed: u64,
    pub has_secret: bool,
}

/// A key of the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyView {
    pub name: String,
    /// `write`, `client` or `read`.
    pub kind: String,
    /// The key itself (write and client keys are public by nature; read keys show once and are masked after).
    pub value: String,
    /// The source its events belong to; its own name unless it took the place of another key.
    pub source: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    pub revoked: bool,
    /// Ready-made snippets for write and client keys.
    pub snippets: Vec<Snippet>,
}

/// Code to paste into a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Snippet {
    pub title: String,
    pub language: String,
    pub code: String,
    /// What it is for: `events`, `levers`, `both`.
    pub purpose: String,
    /// The command that installs it; empty when nothing is installed.
    pub install: String,
}

/// A kind of event seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventKindView {
    pub name: String,
    pub count: u64,
    pub first_at: i64,
    pub last_at: i64,
    pub props: Vec<PropView>,
    /// Metrics that read it.
    pub metrics: Vec<String>,
}

/// A property of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PropView {
    pub name: String,
    /// `text`, `number`, `boolean`, `mixed`.
    pub kind: String,
    pub samples: Vec<String>,
}

/// A refused event or line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RejectionView {
    pub id: u64,
    pub at: i64,
    pub source: String,
    pub position: u64,
    pub code: String,
    pub reason: String,
    pub raw: String,
    /// It was sent again and taken.
    pub done: bool,
}

/// A lever with its value in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverView {
    pub key: String,
    pub title: String,
    pub kind: LeverKind,
    pub domain: Domain,
    pub value: LeverValue,
    pub default: LeverValue,
    pub updated_at: Option<i64>,
    pub decision: Option<String>,
}

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportPreviewView {
    pub path: String,
    pub bytes: u64,
    /// "CSV, comma, UTF-8, header in line 1".
    pub format: String,
    pub columns: Vec<ColumnView>,
    pub mapping: Mapping,
    /// Why the mapping was guessed so, one sentence each.
    pub reasons: Vec<String>,
    /// The first events it would make.
    pub events: Vec<EventRow>,
    pub problems: Vec<ProblemView>,
    pub rows_estimate: Option<u64>,
    /// The file's time range in the sample, if any.
    pub metrics_suggested: Vec<MetricSuggestion>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ColumnView {
    pub name: String,
    pub kind: String,
    pub samples: Vec<String>,
    /// Where it goes: `event`, `time`, `unit`, `id`, a property's name, or empty when dropped.
    pub used_as: String,
}

/// A metric that this file would support, ready to add to `business.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricSuggestion {
    pub key: String,
    pub title: String,
    pub toml: String,
    pub why: String,
}

/// A running or finished import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportProgress {
    pub file: String,
    /// `running`, `done`, `failed`, `cancelled`.
    pub state: String,
    pub bytes_done: u64,
    pub bytes_total: u64,
    pub rows: u64,
    pub rows_per_second: f64,
    pub seconds_left: Option<f64>,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// File with the rejected lines, when there are any.
    pub rejected_file: Option<String>,
    pub error: Option<ProblemView>,
}

/// Settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SettingsView {
    pub business: Business,
    /// `business.toml` as it is on disk.
    pub toml: String,
    pub problems: Vec<ProblemView>,
    pub policy: Vec<PolicyRule>,
    pub limits: Limits,
    pub playbooks: Vec<PlaybookView>,
    pub operator_key: Option<String>,
    pub folder: String,
    pub database_bytes: u64,
    pub checks: Vec<CheckView>,
    pub backups: Vec<BackupView>,
}

/// A playbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlaybookView {
    pub key: String,
    pub title: String,
    pub domain: Domain,
    /// "click-through below 5 % for 3 days".
    pub when: String,
    pub then: String,
    /// Whether the business has the metric and the lever or effect it needs; if not, what is missing.
    pub usable: bool,
    pub missing: String,
    pub on: bool,
}

/// A check of `ras doctor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckView {
    pub name: String,
    pub ok: bool,
    pub detail: String,
    pub hint: String,
}

/// A backup made from the console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BackupView {
    pub path: String,
    pub at: i64,
    pub bytes: u64,
}

/// Reports made so far, and what can be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportsView {
    pub reports: Vec<ReportFile>,
    pub folder: String,
}

/// A report on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportFile {
    pub path: String,
    pub name: String,
    pub format: String,
    pub bytes: u64,
    pub at: i64,
}

/// A search hit of the palette.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Hit {
    /// `metric`, `decision`, `insight`, `lever`, `experiment`, `event`.
    pub kind: String,
    pub key: String,
    pub title: String,
    pub detail: String,
}

/// Answer of the audit check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditView {
    pub rows: u64,
    pub head: String,
    pub problem: Option<String>,
}

/// Plain series, for scripts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesView {
    pub metric: MetricBrief,
    pub currency: String,
    pub timezone: String,
    pub from: i64,
    pub to: i64,
    pub grain: Grain,
    /// The whole, or one per value of the segment, largest first.
    pub series: Vec<Series>,
}

/// A number of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CountView {
    pub count: u64,
}

/// Aggregates computed from zero against those in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RebuildView {
    pub events: u64,
    pub cells: u64,
    /// Whether both were the same, byte for byte. If not, the new ones are in force now.
    pub identical: bool,
}
