//! Definitions and runs of procedures; entries whose place in the journal is known beforehand.

use crossbeam_channel::Receiver;
use epoch_model::decision::Decision;
use epoch_model::error::{Code, Error, Result};
use epoch_model::time::Millis;

use super::Store;
use crate::types::{DefinitionRow, Entry, OpenRun, RunFilter, RunRow};
use crate::writer::{Job, Task};
use crate::{documents, fault, journal, records, workflows};

/// Entries on their way to the disk.
#[derive(Debug)]
pub struct Pending(Receiver<Result<u64>>);

impl Pending {
    /// Waits for their commit. Answers the journal's last `seq`; [`Code::Stale`] when the journal does not end where the
    /// entries were meant to begin, and nothing of them is written.
    pub fn wait(self) -> Result<u64> {
        self.0.recv().map_err(|_| fault::closed())?
    }
}

impl Store {
    /// Hands entries over to be written so that the first one becomes journal row `first`. What is handed over one after
    /// the other is written in that order, so several may be on their way.
    pub fn commit_from(&self, first: u64, entries: Vec<Entry>) -> Result<Pending> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let write = move |db: &rusqlite::Connection, _: Millis, changed: &mut crate::changes::Changed| {
            let (last, _) = journal::head(db)?;
            if last + 1 != first {
                return Err(Error::new(
                    Code::Stale,
                    format!("the journal ends at row {last}, not before row {first}"),
                    "what was not written is told again",
                ));
            }
            records::commit(db, &entries, changed)
        };
        let task = Task { write: Some(write), answer: None, reply };
        self.shared().inbox.push_job(Job::Write(Box::new(task)))?;
        Ok(Pending(answer))
    }

    /// The journal's last `seq` once everything handed over before is written or refused.
    pub fn settled_head(&self) -> Result<u64> {
        self.write(|db, _, _| Ok(journal::head(db)?.0))
    }

    /// All versions of all definitions, by key and version.
    pub fn definitions(&self) -> Result<Vec<DefinitionRow>> {
        self.read(workflows::definitions)
    }

    /// One version of a definition.
    pub fn definition(&self, key: &str, version: u32) -> Result<Option<DefinitionRow>> {
        self.read(|db| workflows::definition(db, key, version))
    }

    /// The decision a call of a run became, and of which attempt; the newest attempt's unless one is asked for.
    pub fn called(&self, key: &str, attempt: Option<u32>) -> Result<Option<(u32, Decision)>> {
        self.read(|db| {
            let Some((attempt, id)) = workflows::called(db, key, attempt)? else { return Ok(None) };
            Ok(documents::decision(db, &id)?.map(|decision| (attempt, decision)))
        })
    }

    /// A run by its key.
    pub fn run(&self, key: &str) -> Result<Option<RunRow>> {
        self.read(|db| workflows::run(db, key))
    }

    /// A run by its number.
    pub fn run_by_id(&self, id: u64) -> Result<Option<RunRow>> {
        self.read(|db| workflows::run_by_id(db, id))
    }

    /// Newest first.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        self.read(|db| workflows::runs(db, filter))
    }

    /// Calls `each` with every open run, in no order, without holding them all.
    pub fn open_runs(&self, mut each: impl FnMut(OpenRun)) -> Result<()> {
        self.read(|db| workflows::open_runs(db, &mut each))
    }

    /// The number the next run gets.
    pub fn next_run_id(&self) -> Result<u64> {
        self.read(workflows::next_id)
    }

    /// What was used of a day, by workflow, as it was kept.
    pub fn workflow_days(&self) -> Result<Vec<(String, String)>> {
        self.read(workflows::days)
    }

    /// For which instants the clock last started runs, by workflow and number of the trigger.
    pub fn workflow_marks(&self) -> Result<Vec<(String, u32, Millis)>> {
        self.read(workflows::marks)
    }
}
