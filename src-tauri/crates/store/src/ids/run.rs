//! A sorted run of ids on disk: chunks of a page each, with the first id of every chunk and a filter in memory.

use epoch_model::error::Result;
use epoch_model::event::EventId;
use rusqlite::{Connection, OptionalExtension, params};

use super::filter::{Filter, spread};
use crate::fault::{DbResult, damaged, int};

/// Ids of a chunk: 16,000 bytes, one page.
pub const CHUNK: usize = 1000;
/// Chunks a run may have, as bits of a chunk's key.
const CHUNK_BITS: u32 = 24;

/// The in-memory part of a run.
#[derive(Debug)]
pub struct Run {
    pub id: u64,
    pub level: u32,
    pub count: u64,
    /// First id of every chunk.
    fences: Vec<EventId>,
    pub filter: Filter,
}

fn key(run: u64, chunk: usize) -> i64 {
    int((run << CHUNK_BITS) + chunk as u64)
}

impl Run {
    /// Whether the id is in it, looked up on disk.
    pub fn holds(&self, db: &Connection, id: &EventId) -> Result<bool> {
        let Some(chunk) = self.fences.partition_point(|f| f <= id).checked_sub(1) else { return Ok(false) };
        let ids = self.read(db, chunk)?;
        Ok(ids.as_chunks::<16>().0.binary_search(id).is_ok())
    }

    pub fn chunks(&self) -> usize {
        self.fences.len()
    }

    /// The ids of a chunk, one after the other.
    pub fn read(&self, db: &Connection, chunk: usize) -> Result<Vec<u8>> {
        let ids: Option<Vec<u8>> = db
            .prepare_cached("SELECT ids FROM id_chunks WHERE key = ?")
            .db()?
            .query_row([key(self.id, chunk)], |r| r.get(0))
            .optional()
            .db()?;
        ids.ok_or_else(|| damaged("a part of the event ids is missing"))
    }
}

/// Writes a run id by id, in order.
#[derive(Debug)]
pub struct RunWriter {
    run: Run,
    chunk: Vec<u8>,
}

impl RunWriter {
    /// A run of about `expected` ids.
    pub fn start(id: u64, level: u32, expected: usize) -> Self {
        let run = Run { id, level, count: 0, fences: Vec::new(), filter: Filter::for_count(expected) };
        Self { run, chunk: Vec::with_capacity(CHUNK * 16) }
    }

    pub fn push(&mut self, db: &Connection, id: &EventId) -> Result<()> {
        if self.chunk.is_empty() {
            self.run.fences.push(*id);
        }
        self.chunk.extend_from_slice(id);
        self.run.filter.insert(spread(id));
        self.run.count += 1;
        if self.chunk.len() >= CHUNK * 16 { self.flush(db) } else { Ok(()) }
    }

    fn flush(&mut self, db: &Connection) -> Result<()> {
        if !self.chunk.is_empty() {
            db.prepare_cached("INSERT INTO id_chunks (key, ids) VALUES (?,?)")
                .db()?
                .execute(params![key(self.run.id, self.run.fences.len() - 1), self.chunk])
                .db()?;
            self.chunk.clear();
        }
        Ok(())
    }

    pub fn finish(mut self, db: &Connection) -> Result<Run> {
        self.flush(db)?;
        let run = self.run;
        db.prepare_cached("INSERT INTO id_runs (id, level, count, fences, filter) VALUES (?,?,?,?,?)")
            .db()?
            .execute(params![int(run.id), run.level, int(run.count), run.fences.concat(), run.filter.to_bytes()])
            .db()?;
        Ok(run)
    }
}

/// All finished runs.
pub fn load(db: &Connection) -> Result<Vec<Run>> {
    let mut select = db.prepare("SELECT id, level, count, fences, filter FROM id_runs ORDER BY id").db()?;
    let mut found = select.query([]).db()?;
    let mut runs = Vec::new();
    while let Some(row) = found.next().db()? {
        let (id, count): (i64, i64) = (row.get(0).db()?, row.get(2).db()?);
        let fences: Vec<u8> = row.get(3).db()?;
        let filter: Vec<u8> = row.get(4).db()?;
        runs.push(Run {
            id: id.unsigned_abs(),
            level: row.get(1).db()?,
            count: count.unsigned_abs(),
            fences: fences.as_chunks::<16>().0.to_vec(),
            filter: Filter::from_bytes(&filter)?,
        });
    }
    Ok(runs)
}

/// The run is none any more. Its chunks are removed little by little.
pub fn retire(db: &Connection, id: u64) -> Result<()> {
    db.prepare_cached("DELETE FROM id_runs WHERE id = ?").db()?.execute([int(id)]).db()?;
    Ok(())
}

/// Removes some chunks of a retired run, from `chunk` on.
pub fn remove_chunks(db: &Connection, id: u64, chunk: usize, count: usize) -> Result<()> {
    db.prepare_cached("DELETE FROM id_chunks WHERE key >= ? AND key < ?")
        .db()?
        .execute([key(id, chunk), key(id, chunk + count)])
        .db()?;
    Ok(())
}

/// Removes what an unfinished merge left behind, and what is left of runs that were merged.
pub fn remove_unfinished(db: &Connection) -> Result<()> {
    let mut next = 0_i64;
    loop {
        let found: Option<i64> = db
            .prepare_cached("SELECT key FROM id_chunks WHERE key >= ? ORDER BY key LIMIT 1")
            .db()?
            .query_row([next], |r| r.get(0))
            .optional()
            .db()?;
        let Some(found) = found else { return Ok(()) };
        let id = found.unsigned_abs() >> CHUNK_BITS;
        let finished: bool =
            db.query_row("SELECT EXISTS (SELECT 1 FROM id_runs WHERE id = ?)", [int(id)], |r| r.get(0)).db()?;
        if !finished {
            db.execute("DELETE FROM id_chunks WHERE key >= ? AND key < ?", [key(id, 0), key(id + 1, 0)]).db()?;
        }
        next = key(id + 1, 0);
    }
}
