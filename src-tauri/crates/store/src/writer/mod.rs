//! The one thread that writes. What waits becomes one transaction; whoever waits is told after its commit.

mod adopt;
mod count;
mod erase;
mod ingest;
mod keep;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use epoch_model::error::{Code, Error, Result};
use epoch_model::event::Rejection;
use epoch_model::time::Millis;
use rusqlite::Connection;

use crate::aggregate::Plan;
use crate::catalog::Catalog;
use crate::changes::Changed;
use crate::fault::{self, DbResult};
use crate::ids::Ids;
use crate::inbox::{Taken, Waiting};
use crate::intern::{Names, Units};
use crate::log::{self, Builder};
use crate::sources::{self, SourceDelta, SourceIds};
use crate::store::Shared;
use crate::types::Change;
use adopt::{Adopted, Spill};
use keep::Keeping;

pub use adopt::Built;

/// Small writes that somebody waits for.
pub trait Work: Send {
    /// Writes within the group's transaction; `false` takes back what it wrote.
    fn run(&mut self, db: &Connection, now: Millis, changed: &mut Changed) -> bool;
    /// Told once the fate of the transaction is known.
    fn finish(self: Box<Self>, outcome: Result<()>);
}

/// A function as [`Work`], with the channel its answer goes to.
pub struct Task<T, F> {
    pub write: Option<F>,
    pub answer: Option<Result<T>>,
    pub reply: Sender<Result<T>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection, Millis, &mut Changed) -> Result<T> + Send,
{
    fn run(&mut self, db: &Connection, now: Millis, changed: &mut Changed) -> bool {
        self.answer = self.write.take().map(|write| write(db, now, changed));
        matches!(self.answer, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, outcome: Result<()>) {
        let answer = match (outcome, self.answer) {
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(fault::closed()),
            (Err(e), _) => Err(e),
        };
        // Whoever asked may be gone; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// What the writer is asked to do, besides batches of events.
pub enum Job {
    /// Anything small, in the group's transaction.
    Write(Box<dyn Work>),
    /// Keep what was refused before it became an event.
    Reject { source: String, received: Millis, rejections: Vec<Rejection> },
    /// Put other aggregates into force: those built by the caller up to `position`, or the present ones under a new plan.
    Adopt { plan: Arc<Plan>, built: Option<Built>, reply: Adopted },
    /// Something in transactions of its own.
    Alone(Box<dyn FnOnce(&mut Writer) + Send>),
}

type Refusal = (String, Millis, Vec<Rejection>);

/// How long the writer waits for work before it looks after itself.
const PATIENCE: Duration = Duration::from_millis(500);
/// Ids merged while nobody waits.
const IDLE_MERGE: usize = 20_000;
/// Small blocks after which packing them is tried.
const SMALL_BLOCKS: usize = 64;
/// Events before the log's end at which packing begins when the store is opened.
const LOOK_BACK: u64 = 32_768;

/// State that only the writer has.
pub struct Writer {
    shared: Arc<Shared>,
    db: Connection,
    ids: Ids,
    names: Names,
    units: Units,
    sources: SourceIds,
    catalog: Catalog,
    builder: Builder,
    scratch: ingest::Scratch,
    /// Events in the log.
    position: u64,
    /// Events the last checkpoint covers, and when the last one was begun.
    checkpointed: u64,
    checkpointed_at: Millis,
    keeping: Keeping,
    /// Aggregates that are in force and not yet in the database.
    spill: Option<Spill>,
    small_blocks: usize,
    /// Where packing small blocks goes on, while there is something to pack, and up to where it was done.
    packing: Option<u64>,
    packed: u64,
    /// Interned numbers must be read again before they are used: a transaction that made some was taken back.
    stale: bool,
}

impl Writer {
    /// Reads what it needs from the log's tail. `covered` is the position of the last checkpoint.
    pub fn new(shared: Arc<Shared>, db: Connection, covered: u64) -> Result<Self> {
        let checkpointed_at = (shared.options.clock)();
        Ok(Self {
            ids: Ids::load(&db, shared.options.recent_ids)?,
            names: Names::load(&db)?,
            units: Units::load(&db)?,
            sources: SourceIds::default(),
            catalog: Catalog::load(&db)?,
            builder: Builder::default(),
            scratch: ingest::Scratch::default(),
            position: log::position(&db)?,
            checkpointed: covered,
            checkpointed_at,
            keeping: Keeping::default(),
            spill: None,
            small_blocks: 0,
            packing: None,
            packed: log::position(&db)?.saturating_sub(LOOK_BACK),
            stale: false,
            shared,
            db,
        })
    }

    /// Works until the inbox is closed and empty.
    pub fn run(mut self) {
        // However this thread ends, nobody may wait for it afterwards.
        struct CloseInbox(Arc<Shared>);
        impl Drop for CloseInbox {
            fn drop(&mut self) {
                self.0.inbox.close();
            }
        }
        let shared = self.shared.clone();
        let _guard = CloseInbox(shared.clone());
        loop {
            let spilling = self.spill.as_ref().is_some_and(|s| !s.stuck);
            let busy = spilling || self.ids.is_merging() || self.packing.is_some() || self.keeping.is_due();
            let patience = if busy { Duration::ZERO } else { PATIENCE };
            let taken = shared.inbox.take(shared.options.group_events_max, patience);
            let closed = taken.closed;
            if taken.jobs.is_empty() && taken.batches.is_empty() {
                self.look_after();
            } else {
                self.group(taken);
            }
            // Nobody may ever be idle: a run of small blocks is packed quickly.
            self.pack_some();
            // The last ones are written at once, or by who opens the store next.
            while self.spill.is_some() && self.spill_on() && closed {}
            self.keep_if_due();
            if closed {
                if let Err(e) = self.keep_at_once() {
                    tracing::warn!(error = %e, "who opens the store next reads the rest of the log again");
                }
                break;
            }
        }
        if let Err(e) = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").db() {
            tracing::warn!(error = %e, "the write-ahead log stays beside the database");
        }
    }

    /// One transaction for all that was taken, except what needs the log to stand still.
    fn group(&mut self, taken: Taken) {
        let (mut works, mut refusals, mut adoptions) = (Vec::new(), Vec::new(), Vec::new());
        let mut alone = Vec::new();
        for job in taken.jobs {
            match job {
                Job::Write(work) => works.push(work),
                Job::Reject { source, received, rejections } => refusals.push((source, received, rejections)),
                Job::Adopt { plan, built, reply } => adoptions.push((plan, built, reply)),
                Job::Alone(run) => alone.push(run),
            }
        }
        if !(works.is_empty() && refusals.is_empty() && taken.batches.is_empty()) {
            self.transaction(works, &refusals, taken.batches);
        }
        for run in alone {
            run(self);
        }
        for (plan, built, reply) in adoptions {
            self.adopt(plan, built, reply);
        }
    }

    fn transaction(&mut self, mut works: Vec<Box<dyn Work>>, refusals: &[Refusal], batches: Vec<Waiting>) {
        match self.write_all(&mut works, refusals, &batches) {
            Ok(changes) => {
                self.ids.committed();
                self.units.committed();
                self.catalog.committed();
                self.kept();
                self.position = self.scratch.position;
                self.apply(&batches);
                self.shared.listeners.tell(&changes);
                for (index, waiting) in batches.into_iter().enumerate() {
                    (waiting.done)(Ok(self.scratch.receipt(index)));
                }
                for work in works {
                    work.finish(Ok(()));
                }
            }
            Err(e) => {
                self.take_back();
                tracing::error!(error = %e, "nothing of this group was written");
                for waiting in batches {
                    (waiting.done)(Err(e.clone()));
                }
                for work in works {
                    work.finish(Err(e.clone()));
                }
            }
        }
    }

    fn take_back(&mut self) {
        if !self.db.is_autocommit()
            && let Err(e) = self.db.execute_batch("ROLLBACK").db()
        {
            tracing::error!(error = %e, "a transaction could not be taken back");
        }
        self.ids.rolled_back();
        self.keeping.rolled_back();
        self.builder.clear();
        self.stale = true;
    }

    fn write_all(
        &mut self,
        works: &mut [Box<dyn Work>],
        refusals: &[Refusal],
        batches: &[Waiting],
    ) -> Result<Vec<Change>> {
        let now = (self.shared.options.clock)();
        let mut changed = Changed::default();
        self.begin()?;
        for work in works {
            self.work(work.as_mut(), now, &mut changed)?;
        }
        for (source, received, rejections) in refusals {
            self.reject(source, *received, rejections, &mut changed)?;
        }
        if !batches.is_empty() {
            self.ingest(batches, &mut changed)?;
        }
        self.keep_on(batches.iter().map(|waiting| waiting.batch.len()).sum())?;
        let changes = changed.write(&self.db)?;
        self.db.execute_batch("COMMIT").db()?;
        Ok(changes)
    }

    fn begin(&mut self) -> Result<()> {
        if self.stale {
            self.names = Names::load(&self.db)?;
            self.sources = SourceIds::default();
            self.stale = false;
        }
        self.scratch.begin(self.position);
        self.db.execute_batch("BEGIN IMMEDIATE").db()
    }

    /// A work's own failure takes back that work only; the group goes on.
    fn work(&mut self, work: &mut dyn Work, now: Millis, changed: &mut Changed) -> Result<()> {
        self.db.execute_batch("SAVEPOINT work").db()?;
        let mut own = Changed::default();
        let keep = work.run(&self.db, now, &mut own);
        if self.db.is_autocommit() {
            // SQLite gave up the whole transaction: nobody's work is in it any more.
            return Err(Error::new(
                Code::DiskFull,
                "the business's database cannot be written",
                "free some space; what was not acknowledged is sent again",
            ));
        }
        if keep {
            changed.join(own);
        } else {
            self.db.execute_batch("ROLLBACK TO work").db()?;
        }
        self.db.execute_batch("RELEASE work").db()
    }

    fn reject(
        &mut self,
        source: &str,
        received: Millis,
        rejections: &[Rejection],
        changed: &mut Changed,
    ) -> Result<()> {
        sources::keep_rejections(&self.db, source, received, rejections)?;
        let delta = SourceDelta {
            rejected: rejections.len() as u64,
            last_received: Some(received),
            last_error: rejections.last().map(|r| r.reason.clone()),
            ..SourceDelta::default()
        };
        let id = self.sources.intern(&self.db, source)?;
        sources::add(&self.db, id, &delta)?;
        changed.note("rejections", source);
        changed.note("sources", source);
        Ok(())
    }

    /// What is done while nobody waits: a little of each.
    fn look_after(&mut self) {
        if self.keeping.is_due() {
            self.keep_idly();
        }
        if self.ids.is_merging() {
            self.merge_ids();
        }
    }

    /// Packs a run of small blocks, or begins to when there are many.
    fn pack_some(&mut self) {
        if self.packing.is_none() && self.small_blocks >= SMALL_BLOCKS {
            self.small_blocks = 0;
            self.packing = Some(self.packed);
        }
        let Some(from) = self.packing else { return };
        match log::pack_next(&mut self.db, &mut self.builder, from) {
            Ok(done) => {
                self.packed = done.upto;
                self.packing = done.more.then_some(done.upto);
            }
            Err(e) => {
                self.builder.clear();
                self.packing = None;
                tracing::warn!(error = %e, "small blocks stay as they are");
            }
        }
    }

    fn merge_ids(&mut self) {
        let merged = self.db.execute_batch("BEGIN IMMEDIATE").db().and_then(|()| {
            self.ids.write(&self.db, self.position, IDLE_MERGE)?;
            self.db.execute_batch("COMMIT").db()
        });
        match merged {
            Ok(()) => self.ids.committed(),
            Err(e) => {
                tracing::warn!(error = %e, "the event ids' runs are merged later");
                if !self.db.is_autocommit() {
                    let _ = self.db.execute_batch("ROLLBACK");
                }
                self.ids.rolled_back();
                // Not at once again: the cause is the disk, and it needs time.
                std::thread::sleep(PATIENCE);
            }
        }
    }
}
