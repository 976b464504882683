//! Persons: what is known of one, and forgetting one.

use std::time::Duration;

use epoch_model::error::{Code, Error, Result};

use super::Store;
use crate::erase::{self, Erasure, Traces};
use crate::fault::{self, DbResult};
use crate::intern::{find_unit, unit_text};
use crate::log;
use crate::types::{EraseReport, Person};
use crate::writer::{Job, Writer};

/// How often the write-ahead log is tried to be emptied, and how long in between.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// Scrubbing steps at most: half a terabyte.
const SCRUBS: u32 = 65_536;

const BACKUPS: &str = "Backups made before still hold this person: delete them, or erase again after restoring one. What the \
                       person sends from now on is a new person's.";

impl Store {
    /// A person by any of their ids; `None` when nobody is known by it. Reads the whole log's columns, a second or two per ten million events.
    pub fn person(&self, unit: &str) -> Result<Option<Person>> {
        self.read(|db| {
            let tx = db.unchecked_transaction().db()?;
            let Some(number) = find_unit(&tx, unit)? else { return Ok(None) };
            let (units, identified) = self.shared().aggregates.read().person(number);
            let mut person = Person { unit: unit.to_owned(), identified, ..Person::default() };
            for number in &units {
                person.ids.push(unit_text(&tx, *number)?);
            }
            log::blocks(&tx, 0, u64::MAX, |_, block| {
                for row in block.rows.iter().filter(|row| units.binary_search(&row.unit).is_ok()) {
                    person.events += 1;
                    person.first = Some(person.first.map_or(row.time, |first| first.min(row.time)));
                    person.last = person.last.max(Some(row.time));
                }
                Ok(())
            })?;
            Ok(Some(person))
        })
    }

    /// Takes a person out of the log and of all that was made from it, while events keep coming in: all events under all ids
    /// that were linked with this one, the events of others that name them as linked, refused lines that mention them, and the
    /// ids themselves. What stays is that at these places there were events, and the events' own ids, so that a retry does not
    /// bring them back. Every transaction on the way is short. Answers when the bytes are gone;
    /// [`Code::NotFound`] when nobody is known by the id. If the process dies, the next [`Self::open`] finishes it.
    pub fn erase(&self, unit: &str) -> Result<EraseReport> {
        if unit.is_empty() {
            return Err(Error::new(Code::InvalidArgument, "no id was given", "name one of the person's ids"));
        }
        let _erasing = self.inner.erasing.lock();
        // One that failed on the way is finished first: its person is nobody already.
        for erasure in self.read(erase::unfinished)? {
            self.carry_out(erasure)?;
        }
        let unit = unit.to_owned();
        let (erasure, texts) = self.alone(move |writer| writer.begin_erasure(&unit))?;
        let report = self.carry_out(erasure)?;
        let elsewhere = self.read(|db| erase::elsewhere(db, &Traces::of(&texts)))?;
        Ok(EraseReport { elsewhere, ..report })
    }

    fn carry_out(&self, mut erasure: Erasure) -> Result<EraseReport> {
        while erasure.looked < erasure.upto {
            let found = self.read(|db| erase::look(&*db.unchecked_transaction().db()?, &erasure))?;
            for (piece, looked) in found.pieces {
                let now = erasure.clone();
                erasure = self.alone(move |writer| writer.overwrite(now, &piece, looked))?;
            }
        }
        let now = erasure.clone();
        self.alone(move |writer| writer.log_is_done(&now))?;
        {
            let _building = self.inner.building.lock();
            let plan = self.shared().plan.read().clone();
            let built = self.build(&plan, false)?;
            self.adopt(plan, Some(built))?;
            self.count_again(None)?;
        }
        let wal_empty = self.scrub()?;
        let now = erasure.clone();
        self.alone(move |writer| writer.finish_erasure(&now))?;
        self.write(|_, _, changed| {
            for topic in ["people", "rejections", "events"] {
                changed.note(topic, "");
            }
            Ok(())
        })?;
        Ok(EraseReport { wal_empty, ..report(&erasure) })
    }

    fn scrub(&self) -> Result<bool> {
        for release in [false, true] {
            for _ in 0..SCRUBS {
                if self.alone(move |writer| writer.scrub(release))? {
                    break;
                }
            }
        }
        for _ in 0..TRIES {
            if self.alone(Writer::empty_wal)? {
                return Ok(true);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(false)
    }

    /// Runs on the writer's thread, between transactions.
    pub(super) fn alone<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let run = move |writer: &mut Writer| {
            // Whoever asked may be gone; the work is done all the same.
            let _ = reply.send(run(writer));
        };
        self.shared().inbox.push_job(Job::Alone(Box::new(run)))?;
        answer.recv().map_err(|_| fault::closed())?
    }
}

fn report(erasure: &Erasure) -> EraseReport {
    EraseReport {
        erasure: erasure.id,
        events: erasure.events,
        merged_ids: erasure.units.len() as u64,
        rejections: erasure.rejections,
        position: erasure.upto,
        earliest: erasure.earliest,
        elsewhere: Vec::new(),
        wal_empty: false,
        note: BACKUPS.to_owned(),
    }
}
