//! The store as everybody else sees it.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use epoch_model::business::Business;
use epoch_model::decision::Decision;
use epoch_model::error::{Code, Error, Result};
use epoch_model::event::{Done, EventBatch, EventSink, Rejection};
use epoch_model::insight::Insight;
use epoch_model::journal::JournalRow;
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::Millis;
use serde_json::Value;

use crate::aggregate::Plan;
use crate::options::Options;
use crate::types::*;

/// An open business folder. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    #[expect(dead_code, reason = "filled in next")]
    plan: Arc<Plan>,
}

fn not_yet<T>() -> Result<T> {
    Err(Error::new(Code::Internal, "not built yet", "wait"))
}

#[expect(unused_variables, reason = "bodies follow")]
impl Store {
    // --- folder -------------------------------------------------------------------------------------------------
    /// Makes an empty `business.db` in `dir` (made if missing). [`Code::InvalidArgument`] when there is one already.
    pub fn create(dir: &Path) -> Result<()> {
        not_yet()
    }
    /// Opens for reading and writing, and holds the folder's lock until closed; makes `business.db` if missing.
    /// [`Code::FolderBusy`] names the process that holds it; [`Code::StoreDamaged`] for a damaged or newer file.
    pub fn open(dir: &Path, business: &Business, options: Options) -> Result<Store> {
        not_yet()
    }
    /// Opens for reading, also beside a process that writes. What was committed when it was opened is what `series`
    /// knows; everything else reads the present. Writing answers [`Code::WrongState`].
    pub fn open_read_only(dir: &Path, business: &Business, options: Options) -> Result<Store> {
        not_yet()
    }
    /// Drains what waits, checkpoints and releases the folder. Later calls answer [`Code::WrongState`].
    pub fn close(&self) -> Result<()> {
        not_yet()
    }
    /// Takes another configuration into force; aggregates are built again from the log when it needs others.
    pub fn reconfigure(&self, business: &Business) -> Result<()> {
        not_yet()
    }

    // --- events -------------------------------------------------------------------------------------------------
    /// Queues a batch and waits for its commit.
    pub fn append(&self, batch: EventBatch) -> Result<epoch_model::event::Receipt> {
        not_yet()
    }
    /// A KPI over a range.
    pub fn series(&self, query: &SeriesQuery) -> Result<Vec<Series>> {
        not_yet()
    }
    /// Values of a segment of a metric.
    pub fn segments(&self, metric: &str, segment: &str) -> Vec<String> {
        Vec::new()
    }
    /// The events behind a number.
    pub fn rows(&self, query: &RowsQuery) -> Result<RowsPage> {
        not_yet()
    }
    /// Events in the log, of one name or all.
    pub fn count(&self, name: Option<&str>) -> u64 {
        0
    }
    /// What is known of every event name.
    pub fn catalog(&self) -> Result<Vec<EventKind>> {
        not_yet()
    }
    /// Time of the earliest and of the latest event.
    pub fn span(&self) -> Option<(Millis, Millis)> {
        None
    }
    /// Counters of every source.
    pub fn sources(&self) -> Result<Vec<SourceState>> {
        not_yet()
    }
    /// Records a source's failure (a folder that cannot be read).
    pub fn source_failed(&self, source: &str, message: &str) -> Result<()> {
        not_yet()
    }
    /// Newest first; `before` is the `id` of the last one of the page before.
    pub fn rejections(&self, source: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<RejectionRow>> {
        not_yet()
    }
    /// Puts the checkpoint of an import.
    pub fn put_import(&self, key: &str, mark: &Value) -> Result<()> {
        not_yet()
    }
    /// The checkpoint of an import.
    pub fn import(&self, key: &str) -> Result<Option<ImportMark>> {
        not_yet()
    }
    /// All of them whose key starts so.
    pub fn imports(&self, prefix: &str) -> Result<Vec<ImportMark>> {
        not_yet()
    }

    // --- journal and what hangs on it -----------------------------------------------------------------------------
    /// Writes entries and all that follows from them in one transaction. Answers the journal's last `seq`.
    pub fn commit(&self, entries: Vec<Entry>) -> Result<u64> {
        not_yet()
    }
    /// Journal rows from `seq` on, in order.
    pub fn journal(&self, from_seq: u64, limit: usize) -> Result<Vec<JournalRow>> {
        not_yet()
    }
    /// Journal rows that speak of a decision, in order.
    pub fn journal_for(&self, decision: &str) -> Result<Vec<JournalRow>> {
        not_yet()
    }
    /// The last row's `seq` and hash; 0 and the genesis hash when there is none.
    pub fn journal_head(&self) -> Result<(u64, String)> {
        not_yet()
    }
    /// Walks the whole chain. `anchor` is a head noted earlier (`seq`, hash): with it a cut tail is found, too.
    pub fn verify(&self, anchor: Option<(u64, &str)>) -> Result<AuditReport> {
        not_yet()
    }
    /// The latest engine snapshot and the journal row it covers.
    pub fn snapshot(&self) -> Result<Option<(u64, Vec<u8>)>> {
        not_yet()
    }
    pub fn decisions(&self, filter: &DecisionFilter) -> Result<Vec<Decision>> {
        not_yet()
    }
    pub fn decision(&self, id: &str) -> Result<Option<Decision>> {
        not_yet()
    }
    pub fn insights(&self, filter: &InsightFilter) -> Result<Vec<Insight>> {
        not_yet()
    }
    pub fn insight(&self, id: &str) -> Result<Option<Insight>> {
        not_yet()
    }
    /// Expectations of a metric for buckets that start in `from..to`, in order.
    pub fn expectations(&self, metric: &str, from: Millis, to: Millis) -> Result<Vec<Scored>> {
        not_yet()
    }
    /// The levers in force, by key, and a version that grows with each change of one of them.
    pub fn levers(&self) -> Result<(u64, Vec<LeverRow>)> {
        not_yet()
    }
    pub fn meta(&self, key: &str) -> Result<Option<Value>> {
        not_yet()
    }
    /// Puts a value, or removes it with `None`.
    pub fn put_meta(&self, key: &str, value: Option<&Value>) -> Result<()> {
        not_yet()
    }

    // --- effects --------------------------------------------------------------------------------------------------
    /// Pending effects whose time has come, in order.
    pub fn outbox_due(&self, now: Millis, limit: usize) -> Result<Vec<OutboxItem>> {
        not_yet()
    }
    /// Effects in a state (all with `None`), in order of queueing, newest last.
    pub fn outbox(&self, state: Option<OutboxState>, limit: usize) -> Result<Vec<OutboxItem>> {
        not_yet()
    }
    /// Records that the call begins, durably. [`Code::WrongState`] unless it was pending: whoever gets `Ok` may send.
    pub fn outbox_start(&self, id: u64) -> Result<OutboxItem> {
        not_yet()
    }
    /// Records what came of it. [`Code::WrongState`] unless it was being sent.
    pub fn outbox_finish(&self, id: u64, result: OutboxResult) -> Result<()> {
        not_yet()
    }

    // --- gateway keys ---------------------------------------------------------------------------------------------
    pub fn keys(&self) -> Result<Vec<GatewayKey>> {
        not_yet()
    }
    pub fn add_key(&self, key: &GatewayKey) -> Result<()> {
        not_yet()
    }
    /// [`Code::NotFound`] when there is none of this id.
    pub fn revoke_key(&self, id: &str, at: Millis) -> Result<()> {
        not_yet()
    }

    // --- changes --------------------------------------------------------------------------------------------------
    /// Hears of every change from now on. Bounded at 1,024: who lags misses some and asks `changes_since(last seen)`
    /// when the channel is empty.
    pub fn subscribe(&self) -> Receiver<Change> {
        crossbeam_channel::bounded(1).1
    }
    /// The latest change of every thing that changed after `seq`, in order.
    pub fn changes_since(&self, seq: u64) -> Result<Vec<Change>> {
        not_yet()
    }

    // --- upkeep ---------------------------------------------------------------------------------------------------
    /// Copies the database to the file `to` while work goes on, and checks the copy.
    pub fn backup(&self, to: &Path) -> Result<()> {
        not_yet()
    }
    /// Puts a checked backup in the place of `dir`'s database; nobody may hold the folder. The old file is kept as
    /// `business.db.before-restore`.
    pub fn restore(from: &Path, dir: &Path) -> Result<()> {
        not_yet()
    }
    /// Examines a folder without changing it.
    pub fn doctor(dir: &Path) -> Vec<Check> {
        Vec::new()
    }
    /// Computes the aggregates from zero and compares.
    pub fn rebuild(&self) -> Result<RebuildReport> {
        not_yet()
    }
}

#[expect(unused_variables, reason = "bodies follow")]
impl EventSink for Store {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        not_yet()
    }
    fn reject(&self, source: &str, received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        not_yet()
    }
}
