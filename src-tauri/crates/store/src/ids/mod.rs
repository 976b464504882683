//! Duplicate recognition by 128-bit id, exact over the whole log, without an index in random order: recent ids in a set,
//! older ones in sorted runs (a log-structured merge tree) with a filter each. The set is read from the log's tail at
//! start; merging goes on a little with every commit, and so does the removal of what was merged.

mod filter;
mod run;

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};

use epoch_model::error::Result;
use epoch_model::event::EventId;
use rusqlite::Connection;

use self::filter::spread;
use self::run::{Run, RunWriter};
use crate::checkpoint::{get_state, put_state};
use crate::fault::{DbResult, fits};
use crate::log;

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE id_runs (
    id INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    count INTEGER NOT NULL,
    fences BLOB NOT NULL,
    filter BLOB NOT NULL
) STRICT;
CREATE TABLE id_chunks (
    key INTEGER PRIMARY KEY,
    ids BLOB NOT NULL
) STRICT;
";

/// Runs of one level that become one of the next.
const FANOUT: usize = 8;
/// Where the log's part that the runs hold ends.
const POSITION: &str = "ids_position";

/// Hashes 16 bytes with a secret of this process: ids come from outside, and must not be able to collide on purpose.
#[derive(Debug, Clone)]
struct Keyed(u64);

#[derive(Debug)]
struct KeyedHasher(u64);

impl BuildHasher for Keyed {
    type Hasher = KeyedHasher;
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher(self.0)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are 64 bits")]
impl Hasher for KeyedHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.as_chunks::<8>().0 {
            let product = u128::from(self.0 ^ u64::from_le_bytes(*word)) * 0xE703_7ED1_A0B4_28DB;
            let (high, low) = (product >> 64, product & u128::from(u64::MAX));
            self.0 = (high ^ low) as u64;
        }
    }
    fn write_usize(&mut self, _: usize) {}
}

/// How many ids the runs hold, and of how many events they should.
pub fn stored(db: &Connection) -> Result<(u64, u64)> {
    let runs: i64 = db.query_row("SELECT coalesce(sum(count), 0) FROM id_runs", [], |r| r.get(0)).db()?;
    Ok((runs.unsigned_abs(), get_state(db, POSITION)?.unwrap_or(0)))
}

/// All ids of the log.
#[derive(Debug)]
pub struct Ids {
    recent: HashSet<EventId, Keyed>,
    recent_max: usize,
    runs: Vec<Run>,
    next_run: u64,
    merge: Option<Merge>,
    /// Went into `recent` in the transaction under way.
    added: Vec<EventId>,
    /// Comes into force with the commit.
    flushed: Option<Run>,
    merged: Option<(Run, Vec<u64>)>,
    /// Runs that were merged, with how many chunks they have on disk and how many of those are removed.
    retired: VecDeque<(u64, usize, usize)>,
    /// Chunks of the first of them that the transaction under way removes.
    removed: usize,
}

#[derive(Debug)]
struct Merge {
    writer: RunWriter,
    inputs: Vec<Input>,
}

#[derive(Debug)]
struct Input {
    run: u64,
    chunk: usize,
    ids: Vec<u8>,
    at: usize,
}

impl Input {
    fn head(&self) -> Option<&EventId> {
        self.ids.get(self.at..)?.first_chunk()
    }
}

impl Ids {
    /// Reads runs and the log's tail.
    pub fn load(db: &Connection, recent_max: usize) -> Result<Self> {
        run::remove_unfinished(db)?;
        let runs = run::load(db)?;
        let secret = RandomState::new().hash_one(0_u8);
        let mut recent = HashSet::with_capacity_and_hasher(recent_max, Keyed(secret));
        let after = get_state(db, POSITION)?.unwrap_or(0);
        log::blocks(db, after, u64::MAX, |first, block| {
            recent.extend(block.rows.iter().zip(first..).filter(|(_, p)| *p > after).map(|(row, _)| row.id));
            Ok(())
        })?;
        let next_run = runs.iter().map(|r| r.id + 1).max().unwrap_or(1);
        Ok(Self {
            recent,
            recent_max: recent_max.max(1),
            runs,
            next_run,
            merge: None,
            added: Vec::new(),
            flushed: None,
            merged: None,
            retired: VecDeque::new(),
            removed: 0,
        })
    }

    /// How many ids are known.
    #[cfg(test)]
    pub fn len(&self) -> u64 {
        self.recent.len() as u64 + self.runs.iter().map(|r| r.count).sum::<u64>()
    }

    /// Takes ids into the transaction under way. `known[i]` tells whether `ids[i]` was there already, in the log or
    /// earlier in this transaction.
    pub fn add(&mut self, db: &Connection, ids: &[EventId], known: &mut Vec<bool>) -> Result<()> {
        known.clear();
        known.extend(ids.iter().map(|id| !self.recent.insert(*id)));
        self.added.extend(ids.iter().zip(&*known).filter(|(_, known)| !**known).map(|(id, _)| *id));
        if self.runs.is_empty() {
            return Ok(());
        }
        let spreads: Vec<u64> = ids.iter().map(spread).collect();
        let mut maybe: Vec<usize> = Vec::new();
        // Run by run rather than id by id: the processor then overlaps the cache misses of many ids.
        for run in &self.runs {
            maybe.clear();
            maybe.extend((0..ids.len()).filter(|i| !known[*i] & run.filter.may_hold(spreads[*i])));
            for i in &maybe {
                if run.holds(db, &ids[*i])? {
                    known[*i] = true;
                    self.recent.remove(&ids[*i]);
                }
            }
        }
        Ok(())
    }

    /// Writes a run when there are enough recent ids, and goes on merging. `position` is the log's after this
    /// transaction, `budget` how many ids may be merged now.
    pub fn write(&mut self, db: &Connection, position: u64, budget: usize) -> Result<()> {
        if self.recent.len() >= self.recent_max {
            let mut sorted: Vec<EventId> = self.recent.iter().copied().collect();
            sorted.sort_unstable();
            let mut writer = RunWriter::start(self.next_run, 0, sorted.len());
            self.next_run += 1;
            for id in &sorted {
                writer.push(db, id)?;
            }
            self.flushed = Some(writer.finish(db)?);
            put_state(db, POSITION, position)?;
        }
        if let Some((run, chunks, removed)) = self.retired.front() {
            // A chunk is removed in less time than its ids are merged in.
            self.removed = (budget * 3 / run::CHUNK).max(1).min(chunks - removed);
            run::remove_chunks(db, *run, *removed, self.removed)?;
            return Ok(());
        }
        self.go_on_merging(db, budget)
    }

    /// Whether merging has something to do without new events.
    pub fn is_merging(&self) -> bool {
        self.merge.is_some() || !self.retired.is_empty() || self.level_to_merge().is_some()
    }

    fn level_to_merge(&self) -> Option<u32> {
        (0..8).find(|level| self.runs.iter().filter(|r| r.level == *level).count() >= FANOUT)
    }

    fn go_on_merging(&mut self, db: &Connection, budget: usize) -> Result<()> {
        if self.merge.is_none() && self.merged.is_none() {
            let Some(level) = self.level_to_merge() else { return Ok(()) };
            let sources = || self.runs.iter().filter(|r| r.level == level);
            let count: u64 = sources().map(|r| r.count).sum();
            let writer = RunWriter::start(self.next_run, level + 1, fits(count)?);
            self.next_run += 1;
            let inputs = sources().map(|r| Input { run: r.id, chunk: 0, ids: Vec::new(), at: 0 }).collect();
            self.merge = Some(Merge { writer, inputs });
        }
        let Some(merge) = &mut self.merge else { return Ok(()) };
        for _ in 0..budget {
            for input in merge.inputs.iter_mut().filter(|i| i.at >= i.ids.len()) {
                let Some(run) = self.runs.iter().find(|r| r.id == input.run) else { continue };
                if input.chunk < run.chunks() {
                    input.ids = run.read(db, input.chunk)?;
                    (input.chunk, input.at) = (input.chunk + 1, 0);
                }
            }
            let least = merge.inputs.iter_mut().filter(|i| i.at < i.ids.len()).min_by(|a, b| a.head().cmp(&b.head()));
            let Some(input) = least else {
                return self.finish_merge(db);
            };
            if let Some(id) = input.head() {
                merge.writer.push(db, id)?;
            }
            input.at += 16;
        }
        Ok(())
    }

    fn finish_merge(&mut self, db: &Connection) -> Result<()> {
        let Some(merge) = self.merge.take() else { return Ok(()) };
        let old: Vec<u64> = merge.inputs.iter().map(|i| i.run).collect();
        self.merged = Some((merge.writer.finish(db)?, old));
        if let Some((_, old)) = &self.merged {
            for id in old {
                run::retire(db, *id)?;
            }
        }
        Ok(())
    }

    /// The transaction is in the database.
    pub fn committed(&mut self) {
        self.added.clear();
        if let Some(run) = self.flushed.take() {
            self.recent.clear();
            self.runs.push(run);
        }
        let removed = std::mem::take(&mut self.removed);
        if let Some((_, chunks, done)) = self.retired.front_mut() {
            *done += removed;
            if *done >= *chunks {
                self.retired.pop_front();
            }
        }
        if let Some((run, old)) = self.merged.take() {
            let retired = self.runs.extract_if(.., |r| old.contains(&r.id));
            self.retired.extend(retired.map(|r| (r.id, r.chunks(), 0)));
            self.runs.push(run);
        }
    }

    /// The transaction is not. An unfinished merge begins again; what it wrote is removed at the next start.
    pub fn rolled_back(&mut self) {
        for id in self.added.drain(..) {
            self.recent.remove(&id);
        }
        (self.flushed, self.merged, self.merge) = (None, None, None);
        self.removed = 0;
    }
}

#[cfg(test)]
mod tests;
