//! The journal and what hangs on it; effects; gateway keys.

use epoch_model::decision::Decision;
use epoch_model::error::Result;
use epoch_model::insight::Insight;
use epoch_model::journal::JournalRow;
use epoch_model::time::Millis;
use serde_json::Value;

use super::Store;
use crate::fault::DbResult;
use crate::types::{
    AuditReport, DecisionFilter, Entry, GatewayKey, InsightFilter, LeverRow, OutboxItem, OutboxResult, OutboxState,
    Scored,
};
use crate::{documents, journal, outbox, records};

impl Store {
    /// Writes entries and all that follows from them in one transaction. Answers the journal's last `seq`.
    pub fn commit(&self, entries: Vec<Entry>) -> Result<u64> {
        self.write(move |db, _, changed| records::commit(db, &entries, changed))
    }

    /// Journal rows from `seq` on, in order.
    pub fn journal(&self, from_seq: u64, limit: usize) -> Result<Vec<JournalRow>> {
        self.read(|db| journal::rows(db, from_seq, limit))
    }

    /// Journal rows that name a decision, in order.
    pub fn journal_for(&self, decision: &str) -> Result<Vec<JournalRow>> {
        self.read(|db| journal::rows_for(db, decision))
    }

    /// The last row's `seq` and hash; 0 and the genesis hash when there is none.
    pub fn journal_head(&self) -> Result<(u64, String)> {
        self.read(journal::head)
    }

    /// Walks the whole chain. `anchor` is a head noted earlier (`seq`, hash): with it a cut tail is found, too.
    pub fn verify(&self, anchor: Option<(u64, &str)>) -> Result<AuditReport> {
        self.read(|db| journal::verify(db, anchor))
    }

    /// The latest engine snapshot and the journal row it covers.
    pub fn snapshot(&self) -> Result<Option<(u64, Vec<u8>)>> {
        self.read(records::snapshot)
    }

    /// Newest first.
    pub fn decisions(&self, filter: &DecisionFilter) -> Result<Vec<Decision>> {
        self.read(|db| documents::decisions(db, filter))
    }

    pub fn decision(&self, id: &str) -> Result<Option<Decision>> {
        self.read(|db| documents::decision(db, id))
    }

    /// Newest first.
    pub fn insights(&self, filter: &InsightFilter) -> Result<Vec<Insight>> {
        self.read(|db| documents::insights(db, filter))
    }

    pub fn insight(&self, id: &str) -> Result<Option<Insight>> {
        self.read(|db| documents::insight(db, id))
    }

    /// Expectations of a metric for buckets that start in `from..to`, in order.
    pub fn expectations(&self, metric: &str, from: Millis, to: Millis) -> Result<Vec<Scored>> {
        self.read(|db| documents::expectations(db, metric, from, to))
    }

    /// The levers in force, by key, and a version that grows with each change of one of them.
    pub fn levers(&self) -> Result<(u64, Vec<LeverRow>)> {
        self.read(|db| documents::levers(&*db.unchecked_transaction().db()?))
    }

    pub fn meta(&self, key: &str) -> Result<Option<Value>> {
        self.read(|db| records::meta(db, key))
    }

    /// Puts a value, or removes it with `None`.
    pub fn put_meta(&self, key: &str, value: Option<&Value>) -> Result<()> {
        let (key, value) = (key.to_owned(), value.cloned());
        self.write(move |db, _, changed| {
            changed.note("meta", &key);
            records::put_meta(db, &key, value.as_ref())
        })
    }

    /// Pending effects whose time has come, earliest first.
    pub fn outbox_due(&self, now: Millis, limit: usize) -> Result<Vec<OutboxItem>> {
        self.read(|db| outbox::due(db, now, limit))
    }

    /// Effects in a state (all with `None`): the newest `limit` ones, in the order they were queued.
    pub fn outbox(&self, state: Option<OutboxState>, limit: usize) -> Result<Vec<OutboxItem>> {
        self.read(|db| outbox::list(db, state, limit))
    }

    /// Records that the call begins, durably. [`epoch_model::Code::WrongState`] unless it was pending: whoever gets `Ok`
    /// may send, once.
    pub fn outbox_start(&self, id: u64) -> Result<OutboxItem> {
        self.write(move |db, now, changed| outbox::start(db, id, now, changed))
    }

    /// Records what came of it. [`epoch_model::Code::WrongState`] unless it was being sent or is in
    /// doubt; [`OutboxResult::Retry`] makes it pending again.
    pub fn outbox_finish(&self, id: u64, result: OutboxResult) -> Result<()> {
        self.write(move |db, now, changed| outbox::finish(db, id, &result, now, changed))
    }

    /// All gateway keys, revoked ones too, oldest first.
    pub fn keys(&self) -> Result<Vec<GatewayKey>> {
        self.read(records::keys)
    }

    /// [`epoch_model::Code::InvalidArgument`] when its id or hash is there already.
    pub fn add_key(&self, key: &GatewayKey) -> Result<()> {
        let key = key.clone();
        self.write(move |db, _, changed| {
            changed.note("keys", &key.id);
            records::add_key(db, &key)
        })
    }

    /// [`epoch_model::Code::NotFound`] when there is none of this id; a second time changes nothing.
    pub fn revoke_key(&self, id: &str, at: Millis) -> Result<()> {
        let id = id.to_owned();
        self.write(move |db, _, changed| {
            changed.note("keys", &id);
            records::revoke_key(db, &id, at)
        })
    }
}
