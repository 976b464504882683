//! The change log: the latest change of every thing, for screens that come back; and a channel for those that are there.

use std::collections::BTreeSet;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use epoch_model::error::Result;
use parking_lot::Mutex;
use rusqlite::{Connection, params};

use crate::checkpoint::{get_state, put_state};
use crate::fault::{DbResult, int};
use crate::types::Change;

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE changes (
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (topic, key)
) STRICT, WITHOUT ROWID;
";

/// Things whose latest change is remembered.
const KEPT_MAX: i64 = 10_000;
/// Changes a subscriber may lag behind.
const LAG_MAX: usize = 1024;
const SEQ: &str = "change_seq";

/// What one transaction changed.
#[derive(Debug, Default)]
pub struct Changed {
    kept: BTreeSet<(&'static str, String)>,
    passing: BTreeSet<(&'static str, String)>,
}

impl Changed {
    pub fn note(&mut self, topic: &'static str, key: &str) {
        self.kept.insert((topic, key.to_owned()));
    }

    /// Told to who is there, and not written down: who comes back reads the present anyway.
    pub fn pass(&mut self, topic: &'static str, key: &str) {
        self.passing.insert((topic, key.to_owned()));
    }

    pub fn join(&mut self, other: Self) {
        self.kept.extend(other.kept);
        self.passing.extend(other.passing);
    }

    /// Writes them, numbered; they are told to subscribers after the commit.
    pub fn write(&mut self, db: &Connection) -> Result<Vec<Change>> {
        if self.kept.is_empty() && self.passing.is_empty() {
            return Ok(Vec::new());
        }
        let mut seq: u64 = get_state(db, SEQ)?.unwrap_or(0);
        let told = |seq, (topic, key): (&str, String)| Change { seq, topic: topic.to_owned(), key };
        if self.kept.is_empty() {
            return Ok(std::mem::take(&mut self.passing).into_iter().map(|what| told(seq, what)).collect());
        }
        let mut upsert = db
            .prepare_cached(
                "INSERT INTO changes (topic, key, seq) VALUES (?,?,?) \
                 ON CONFLICT (topic, key) DO UPDATE SET seq = excluded.seq",
            )
            .db()?;
        let mut written = Vec::with_capacity(self.kept.len() + self.passing.len());
        for (topic, key) in std::mem::take(&mut self.kept) {
            seq += 1;
            upsert.execute(params![topic, key, int(seq)]).db()?;
            written.push(Change { seq, topic: topic.to_owned(), key });
        }
        put_state(db, SEQ, seq)?;
        if seq.is_multiple_of(256) || written.len() > 256 {
            db.prepare_cached(
                "DELETE FROM changes WHERE seq <= \
                 (SELECT seq FROM changes ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            )
            .db()?
            .execute([KEPT_MAX])
            .db()?;
        }
        written.extend(std::mem::take(&mut self.passing).into_iter().map(|what| told(seq, what)));
        Ok(written)
    }
}

pub fn since(db: &Connection, seq: u64) -> Result<Vec<Change>> {
    let mut select = db.prepare_cached("SELECT seq, topic, key FROM changes WHERE seq > ? ORDER BY seq").db()?;
    let found = select.query_map([int(seq)], |r| {
        Ok(Change { seq: r.get::<_, i64>(0)?.unsigned_abs(), topic: r.get(1)?, key: r.get(2)? })
    });
    found.db()?.collect::<rusqlite::Result<_>>().db()
}

/// Those who listen.
#[derive(Debug, Default)]
pub struct Listeners(Mutex<Vec<Sender<Change>>>);

impl Listeners {
    pub fn subscribe(&self) -> Receiver<Change> {
        let (tell, hear) = crossbeam_channel::bounded(LAG_MAX);
        self.0.lock().push(tell);
        hear
    }

    pub fn tell(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.0.lock().retain(|listener| {
            changes.iter().all(|c| !matches!(listener.try_send(c.clone()), Err(TrySendError::Disconnected(_))))
        });
    }
}
