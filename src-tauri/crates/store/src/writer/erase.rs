//! The writer's part in erasing a person: short transactions between those of others.

use epoch_model::error::{Code, Error, Result};

use super::Writer;
use crate::erase::{self, Erasure, scrub};
use crate::fault::DbResult;
use crate::intern::unit_text;

impl Writer {
    /// One transaction of its own; what it did not get to write is taken back, and numbers it may have given out are read anew.
    fn alone<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin()?;
        let outcome = write(self).and_then(|done| {
            self.db.execute_batch("COMMIT").db()?;
            Ok(done)
        });
        if outcome.is_ok() {
            self.units.committed();
            self.catalog.committed();
        } else {
            if !self.db.is_autocommit() {
                // The cause is told; what it left is given up when the next transaction begins.
                let _ = self.db.execute_batch("ROLLBACK");
            }
            self.stale = true;
        }
        outcome
    }

    /// Makes somebody nobody: answers the erasure and the ids that were theirs, which only the caller knows from here on.
    pub(crate) fn begin_erasure(&mut self, unit: &str) -> Result<(Erasure, Vec<String>)> {
        let (units, mut texts) = match self.units.find(unit) {
            Some(number) => (self.shared.aggregates.read().person(number).0, Vec::new()),
            None => (Vec::new(), vec![unit.to_owned()]),
        };
        let (upto, now) = (self.position, (self.shared.options.clock)());
        let erasure = self.alone(|writer| {
            writer.units.write(&writer.db)?;
            for unit in &units {
                texts.push(unit_text(&writer.db, *unit)?);
            }
            let erasure = erase::begin(&writer.db, &mut writer.catalog, &units, &texts, upto, now)?;
            if units.is_empty() && erasure.rejections == 0 {
                return Err(Error::new(Code::NotFound, "nobody is known by this id", "check its spelling"));
            }
            Ok(erasure)
        })?;
        self.units.forget(&texts);
        Ok((erasure, texts))
    }

    /// Overwrites the events of a piece.
    pub(crate) fn overwrite(&mut self, mut erasure: Erasure, piece: &[u64], looked: u64) -> Result<Erasure> {
        self.alone(|w| {
            erase::overwrite(&w.db, &mut w.names, &mut w.catalog, &mut erasure, piece, looked)?;
            Ok(erasure)
        })
    }

    /// Nothing of them is in the log any more.
    pub(crate) fn log_is_done(&mut self, erasure: &Erasure) -> Result<()> {
        self.alone(|w| erase::log_is_done(&w.db, erasure))
    }

    /// All is done.
    pub(crate) fn finish_erasure(&mut self, erasure: &Erasure) -> Result<()> {
        let now = (self.shared.options.clock)();
        self.alone(|w| erase::finish(&w.db, erasure, now))
    }

    /// Some unused pages zeroed, or given back. `true` when there are no more.
    pub(crate) fn scrub(&mut self, release: bool) -> Result<bool> {
        self.alone(|w| if release { scrub::release(&w.db) } else { scrub::fill(&w.db) })
    }

    /// The write-ahead log folded in and emptied; `false` when a reader holds it.
    pub(crate) fn empty_wal(&mut self) -> Result<bool> {
        if scrub::has_residue(&self.db)? {
            scrub::remove_residue(&self.db)?;
        }
        scrub::empty_wal(&self.db)
    }
}
