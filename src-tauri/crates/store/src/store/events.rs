//! Events in, numbers and rows out.

use epoch_model::error::Result;
use epoch_model::event::{Done, EventBatch, EventSink, Receipt, Rejection};
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::Millis;
use serde_json::Value;

use super::Store;
use crate::fault::{self, DbResult};
use crate::sources;
use crate::types::{EventKind, ImportMark, RejectionDone, RejectionRow, RowsPage, RowsQuery, SourceState};
use crate::writer::Job;
use crate::{catalog, log, records};

impl Store {
    /// Queues a batch and waits for its commit.
    pub fn append(&self, batch: EventBatch) -> Result<Receipt> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let done = Box::new(move |outcome| {
            let _ = reply.send(outcome);
        });
        self.submit(batch, done)?;
        answer.recv().map_err(|_| fault::closed())?
    }

    /// A KPI over a range, from the rollups.
    pub fn series(&self, query: &SeriesQuery) -> Result<Vec<Series>> {
        self.shared().aggregates.read().series(query)
    }

    /// Values of a segment of a metric.
    pub fn segments(&self, metric: &str, segment: &str) -> Vec<String> {
        self.shared().aggregates.read().segments(metric, segment)
    }

    /// The events behind a number.
    pub fn rows(&self, query: &RowsQuery) -> Result<RowsPage> {
        self.read(|db| {
            let tx = db.unchecked_transaction().db()?;
            log::rows(&tx, query, |name, props| {
                query.metric.as_ref().is_none_or(|m| {
                    let segment = m.segment.as_ref().map(|(s, v)| (s.as_str(), v.as_str()));
                    self.shared().aggregates.read().matches(&m.metric, segment, name, props)
                })
            })
        })
    }

    /// Events in the log, of one name or all; 0 when it cannot be read.
    pub fn count(&self, name: Option<&str>) -> u64 {
        self.read(|db| sources::count(db, name)).unwrap_or_else(|e| {
            tracing::error!(error = %e, "events cannot be counted");
            0
        })
    }

    /// What is known of every event name, by name.
    pub fn catalog(&self) -> Result<Vec<EventKind>> {
        self.read(catalog::kinds)
    }

    /// Time of the earliest and of the latest event; `None` when there is none or it cannot be read.
    pub fn span(&self) -> Option<(Millis, Millis)> {
        self.read(log::span).unwrap_or_else(|e| {
            tracing::error!(error = %e, "the log's span cannot be read");
            None
        })
    }

    /// Counters of every source, by key.
    pub fn sources(&self) -> Result<Vec<SourceState>> {
        self.read(sources::states)
    }

    /// Records a source's failure (a folder that cannot be read).
    pub fn source_failed(&self, source: &str, message: &str) -> Result<()> {
        let (source, message) = (source.to_owned(), message.to_owned());
        self.write(move |db, now, changed| {
            changed.note("sources", &source);
            sources::fail(db, &source, &message, now)
        })
    }

    /// Newest first; `before` is the `id` of the last one of the page before.
    pub fn rejections(&self, source: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<RejectionRow>> {
        self.read(|db| sources::rejections(db, source, before, limit))
    }

    /// One of them.
    pub fn rejection(&self, id: u64) -> Result<Option<RejectionRow>> {
        self.read(|db| sources::rejection(db, id))
    }

    /// Notes that one was dealt with. [`epoch_model::Code::NotFound`] when there is none of this id.
    pub fn rejection_done(&self, id: u64, how: RejectionDone) -> Result<()> {
        self.write(move |db, now, changed| {
            changed.note("rejections", "");
            sources::rejection_done(db, id, how, now)
        })
    }

    /// Puts the checkpoint of an import.
    pub fn put_import(&self, key: &str, mark: &Value) -> Result<()> {
        let (key, mark) = (key.to_owned(), mark.clone());
        self.write(move |db, now, changed| {
            changed.note("imports", &key);
            records::put_import(db, &key, now, &mark)
        })
    }

    /// The checkpoint of an import.
    pub fn import(&self, key: &str) -> Result<Option<ImportMark>> {
        self.read(|db| records::import(db, key))
    }

    /// All of them whose key starts with `prefix`, by key.
    pub fn imports(&self, prefix: &str) -> Result<Vec<ImportMark>> {
        self.read(|db| records::imports(db, prefix))
    }
}

impl EventSink for Store {
    /// `done` runs on the writer's thread: it passes the outcome on, and neither waits nor calls the store.
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        self.shared().inbox.push_batch(batch, done)
    }

    /// Queued, not waited for: it is in the database no later than what is submitted after it.
    fn reject(&self, source: &str, received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        if rejections.is_empty() {
            return Ok(());
        }
        self.shared().inbox.push_job(Job::Reject { source: source.to_owned(), received, rejections })
    }
}
