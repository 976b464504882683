//! The aggregates' checkpoint, in slices between and within the transactions of others: see [`crate::checkpoint`].

use std::time::Instant;

use epoch_model::error::{Error, Result};
use rusqlite::Connection;

use super::{PATIENCE, Writer};
use crate::checkpoint::{self, Record, Records};
use crate::fault::DbResult;
use crate::store::Shared;

/// With every group goes at least this part of the slice that is written while nobody waits.
const LEAST: usize = 5;
/// Rows of the stage removed at once.
const ROWS: usize = 64;
/// Bytes that take about as long as a record does by itself.
const BYTES: usize = 256;
/// Slices are made so large that a checkpoint is through when this part of the way to the next one is left.
const SLACK: f64 = 0.25;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Staging,
    Merging,
    Clearing,
}

/// What the transaction under way does, once it is committed.
#[derive(Debug)]
enum Step {
    Staged,
    Merged(usize),
    Cleared(bool),
}

/// How far a checkpoint has come.
#[derive(Debug, Default)]
pub struct Keeping {
    phase: Phase,
    /// What it covers.
    position: u64,
    /// Taken from the aggregates and not yet staged.
    slice: Vec<Record>,
    /// The slice is the last one.
    last: bool,
    /// Staged and not yet merged.
    owed: Records,
    /// Records per event.
    pace: f64,
    step: Option<Step>,
    /// A step failed: no hurry with the next.
    failed: Option<Instant>,
}

impl Keeping {
    /// Whether there is something to do.
    pub fn is_due(&self) -> bool {
        self.phase != Phase::Idle && self.failed.is_none_or(|at| at.elapsed() >= PATIENCE)
    }

    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// How many records go with a group of so many events.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a pace need not be exact"
    )]
    fn share(&self, shared: &Shared, events: usize) -> usize {
        (shared.options.slice_records / LEAST).max((self.pace * events as f64) as usize)
    }

    /// Fixes what the checkpoint holds: the aggregates as they are, at `position`.
    #[expect(clippy::cast_precision_loss, reason = "a pace need not be exact")]
    fn begin(&mut self, shared: &Shared, position: u64) {
        let mut aggregates = shared.aggregates.write();
        aggregates.freeze();
        // Each is staged and merged.
        let work = 2.0 * aggregates.frozen() as f64;
        self.pace = work / (shared.options.checkpoint_events.max(1) as f64 * (1.0 - SLACK));
        (self.phase, self.position, self.last) = (Phase::Staging, position, false);
    }

    /// One step of about `most` records within the transaction under way.
    fn write(&mut self, db: &Connection, shared: &Shared, most: usize) -> Result<()> {
        let most = most.max(1);
        self.step = match self.phase {
            Phase::Idle => None,
            Phase::Staging => {
                if self.slice.is_empty() && !self.last {
                    self.last = shared.aggregates.write().take_frozen(most, &mut self.slice);
                }
                checkpoint::stage(db, &self.slice)?;
                if self.last {
                    checkpoint::seal(db, &shared.plan.read(), self.position)?;
                }
                Some(Step::Staged)
            }
            Phase::Merging => {
                let mut room = most;
                let fits = |(key, value): &(&Vec<u8>, &Vec<u8>)| {
                    let had = room;
                    room = room.saturating_sub(1 + (key.len() + value.len()) / BYTES);
                    had > 0
                };
                let now = self.owed.iter().take_while(fits).count();
                checkpoint::merge(db, self.owed.iter().take(now))?;
                if now == self.owed.len() {
                    checkpoint::merged(db, self.position)?;
                }
                Some(Step::Merged(now))
            }
            Phase::Clearing => Some(Step::Cleared(checkpoint::clear_stage(db, ROWS)?)),
        };
        Ok(())
    }

    /// The transaction is in the database. Answers the position of a checkpoint that counts from here on.
    pub fn committed(&mut self) -> Option<u64> {
        match self.step.take()? {
            Step::Staged => {
                self.owed.extend(self.slice.drain(..));
                if self.last {
                    self.phase = Phase::Merging;
                    return Some(self.position);
                }
            }
            Step::Merged(records) => {
                for _ in 0..records {
                    self.owed.pop_first();
                }
                if self.owed.is_empty() {
                    self.phase = Phase::Clearing;
                }
            }
            Step::Cleared(all) => {
                if all {
                    self.phase = Phase::Idle;
                }
            }
        }
        self.failed = None;
        None
    }

    /// The transaction is not: the step is made again.
    pub fn rolled_back(&mut self) {
        self.step = None;
    }

    fn fail(&mut self, e: &Error) {
        tracing::warn!(error = %e, "the aggregates' checkpoint waits");
        self.step = None;
        self.failed = Some(Instant::now());
    }
}

impl Writer {
    /// A slice of the checkpoint under way within a group's transaction. Its own failure takes back the slice only.
    pub(super) fn keep_on(&mut self, events: usize) -> Result<()> {
        if !self.keeping.is_due() {
            return Ok(());
        }
        self.db.execute_batch("SAVEPOINT keep").db()?;
        let most = self.keeping.share(&self.shared, events);
        if let Err(e) = self.keeping.write(&self.db, &self.shared, most) {
            self.keeping.fail(&e);
            if self.db.is_autocommit() {
                return Err(e);
            }
            self.db.execute_batch("ROLLBACK TO keep").db()?;
        }
        self.db.execute_batch("RELEASE keep").db()
    }

    /// A slice in a transaction of its own, while nobody waits.
    pub(super) fn keep_idly(&mut self) {
        let kept = self.db.execute_batch("BEGIN IMMEDIATE").db().and_then(|()| {
            self.keeping.write(&self.db, &self.shared, self.shared.options.slice_records)?;
            self.db.execute_batch("COMMIT").db()
        });
        match kept {
            Ok(()) => self.kept(),
            Err(e) => {
                if !self.db.is_autocommit() {
                    // The cause is told; what is left of the transaction is given up.
                    let _ = self.db.execute_batch("ROLLBACK");
                }
                self.keeping.fail(&e);
            }
        }
    }

    /// The transaction that held a slice is in the database.
    pub(super) fn kept(&mut self) {
        if let Some(position) = self.keeping.committed() {
            self.checkpointed = position;
        }
    }

    /// Begins a checkpoint when enough happened since the last one.
    pub(super) fn keep_if_due(&mut self) {
        if self.spill.is_some() || !self.keeping.is_idle() {
            return;
        }
        let now = (self.shared.options.clock)();
        let behind = self.position.saturating_sub(self.checkpointed);
        let waited = now.saturating_sub(self.checkpointed_at).abs() >= self.shared.options.checkpoint_ms;
        if behind > 0 && (waited || behind >= self.shared.options.checkpoint_events) {
            self.checkpointed_at = now;
            self.keeping.begin(&self.shared, self.position);
        }
    }

    /// All of it at once, together with what is left of a checkpoint under way: nobody waits any more.
    pub(super) fn keep_at_once(&mut self) -> Result<()> {
        if self.spill.is_some() || (self.position == self.checkpointed && self.keeping.is_idle()) {
            return Ok(());
        }
        let keeping = &mut self.keeping;
        keeping.owed.extend(keeping.slice.drain(..));
        keeping.owed.extend(self.shared.aggregates.write().take_dirty());
        let plan = self.shared.plan.read().clone();
        let tx = self.db.transaction().db()?;
        checkpoint::write(&tx, &plan, &self.keeping.owed, self.position)?;
        tx.commit().db()?;
        self.keeping = Keeping::default();
        self.checkpointed = self.position;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
