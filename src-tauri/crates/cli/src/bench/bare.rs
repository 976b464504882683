//! The peer: rusqlite with one STRICT table and no index, WAL, synchronous FULL as the store has it.

use std::path::Path;
use std::time::Instant;

use epoch_model::Result;
use epoch_model::event::EventBatch;
use epoch_model::time::DAY;
use rusqlite::Connection;

use super::events::START;
use super::measure::{Spent, thread_cpu};
use super::report::failed;

/// An open table and the time spent on filling it.
pub(super) struct Bare {
    pub db: Connection,
    pub spent: Spent,
}

impl Bare {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let db = Connection::open(dir.join("bare.db")).map_err(failed)?;
        db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        let table = "CREATE TABLE events (id BLOB, time INTEGER, name TEXT, unit TEXT, props TEXT) STRICT";
        db.execute_batch(table).map_err(failed)?;
        Ok(Self { db, spent: Spent::default() })
    }

    /// Inserts and commits.
    pub(super) fn insert(&mut self, batch: &EventBatch) -> Result<()> {
        let (wall, cpu) = (Instant::now(), thread_cpu());
        let mut commit = || -> rusqlite::Result<()> {
            let tx = self.db.transaction()?;
            {
                let mut insert = tx.prepare_cached("INSERT INTO events VALUES (?,?,?,?,?)")?;
                for e in batch.iter() {
                    insert.execute((&e.id, e.time, e.name, e.unit, e.props))?;
                }
            }
            tx.commit()
        };
        commit().map_err(failed)?;
        self.spent.wall += wall.elapsed().as_secs_f64();
        self.spent.cpu += thread_cpu() - cpu;
        Ok(())
    }

    pub(super) fn count(&self) -> Result<u64> {
        self.db.query_row("SELECT count(*) FROM events", [], |r| r.get(0)).map(i64::unsigned_abs).map_err(failed)
    }

    /// A number per day since the start, and how long it took in ms. `what` is an aggregate over the events of `name`.
    pub(super) fn by_day(&self, name: &str, what: &str) -> Result<(Vec<f64>, f64)> {
        let sql = format!(
            "SELECT (time - {START}) / {DAY} AS day, {what} FROM events WHERE name = ? GROUP BY day ORDER BY day"
        );
        let clock = Instant::now();
        let mut select = self.db.prepare(&sql).map_err(failed)?;
        let rows = select.query_map([name], |r| r.get(1)).map_err(failed)?;
        let values = rows.collect::<rusqlite::Result<Vec<f64>>>().map_err(failed)?;
        Ok((values, clock.elapsed().as_secs_f64() * 1e3))
    }
}
