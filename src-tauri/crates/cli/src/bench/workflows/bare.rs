//! The peer of one run: rusqlite that updates one row and appends one, and commits, as a checkpointer by hand would.

use std::path::Path;
use std::time::Instant;

use epoch_model::Result;
use rusqlite::Connection;

use super::super::report::failed;

pub(super) struct Bare(Connection);

impl Bare {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let db = Connection::open(dir.join("bare.db")).map_err(failed)?;
        db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        db.execute_batch(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
             CREATE TABLE steps (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
             INSERT INTO runs VALUES (1, '{}');",
        )
        .map_err(failed)?;
        Ok(Self(db))
    }

    /// Commits per second over so many steps. `step` and `run` are as long as those of a real step.
    pub(super) fn rate(&mut self, steps: u32, step: &str, run: &str) -> Result<f64> {
        let begun = Instant::now();
        for _ in 0..steps {
            let tx = self.0.transaction().map_err(failed)?;
            {
                let mut update = tx.prepare_cached("UPDATE runs SET body = ? WHERE id = 1").map_err(failed)?;
                update.execute([run]).map_err(failed)?;
                let mut insert = tx.prepare_cached("INSERT INTO steps (body) VALUES (?)").map_err(failed)?;
                insert.execute([step]).map_err(failed)?;
            }
            tx.commit().map_err(failed)?;
        }
        Ok(f64::from(steps) / begun.elapsed().as_secs_f64())
    }
}
