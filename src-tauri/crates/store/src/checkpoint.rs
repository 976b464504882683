//! Where derived state stands: the aggregates as of a log position, and small numbers of the store itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_model::error::Result;
use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, OptionalExtension, params};

use crate::aggregate::{Aggregates, Plan};
use crate::fault::DbResult;
use crate::{links, log};

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE aggregates (
    key BLOB PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;
";

const POSITION: &str = "aggregates_position";
const FINGERPRINT: &str = "aggregates_fingerprint";

/// A key and value of the aggregates.
pub type Record = (Vec<u8>, Vec<u8>);

/// Numbers go in and out as `i64`, which SQLite keeps.
pub trait StateValue: Sized {
    type Stored: FromSql + ToSql;
    fn from_stored(stored: Self::Stored) -> Self;
    fn to_stored(self) -> Self::Stored;
}

impl StateValue for u64 {
    type Stored = i64;
    fn from_stored(stored: i64) -> Self {
        stored.unsigned_abs()
    }
    fn to_stored(self) -> i64 {
        crate::fault::int(self)
    }
}

impl StateValue for String {
    type Stored = String;
    fn from_stored(stored: String) -> Self {
        stored
    }
    fn to_stored(self) -> String {
        self
    }
}

pub fn get_state<T: StateValue>(db: &Connection, key: &str) -> Result<Option<T>> {
    let stored: Option<T::Stored> = db
        .prepare_cached("SELECT value FROM state WHERE key = ?")
        .db()?
        .query_row([key], |r| r.get(0))
        .optional()
        .db()?;
    Ok(stored.map(T::from_stored))
}

pub fn put_state<T: StateValue>(db: &Connection, key: &str, value: T) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO state (key, value) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .db()?
    .execute(params![key, value.to_stored()])
    .db()?;
    Ok(())
}

/// The aggregates as of the log's end, with how many events had to be replayed. From the checkpoint and the log's tail, or
/// from zero when the checkpoint was made for another plan. Call within one read transaction.
pub fn load(db: &Connection, plan: &Arc<Plan>) -> Result<(Aggregates, u64)> {
    let end = log::position(db)?;
    let same = get_state::<String>(db, FINGERPRINT)?.is_some_and(|f| f == plan.fingerprint());
    let position = if same { get_state(db, POSITION)?.unwrap_or(0) } else { 0 };
    let mut aggregates = if same { read(db, plan)? } else { Aggregates::new(plan.clone()) };
    let replayed = catch_up(db, &mut aggregates, position, end)?;
    Ok((aggregates, replayed))
}

/// Whether a checkpoint of this plan exists.
pub fn is_of(db: &Connection, plan: &Plan) -> Result<bool> {
    Ok(get_state::<String>(db, FINGERPRINT)?.is_some_and(|f| f == plan.fingerprint()))
}

fn read(db: &Connection, plan: &Arc<Plan>) -> Result<Aggregates> {
    let mut select = db.prepare("SELECT key, value FROM aggregates ORDER BY key").db()?;
    let mut failed = None;
    let found = select.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).db()?;
    let records = found.map_while(|row| match row.db() {
        Ok(record) => Some(record),
        Err(e) => {
            failed = Some(e);
            None
        }
    });
    let aggregates = Aggregates::load(plan.clone(), records)?;
    failed.map_or(Ok(aggregates), Err)
}

/// Applies the log from `after` up to `upto`, and the links at their places in it. An event the aggregates refuse is left out,
/// as it was when it arrived.
pub fn catch_up(db: &Connection, aggregates: &mut Aggregates, after: u64, upto: u64) -> Result<u64> {
    if after >= upto {
        return Ok(0);
    }
    let mut select = links::after(db)?;
    let mut links = links::Cursor::start(&mut select, after)?;
    let mut failed = None;
    let replayed = log::replay(db, after, upto, |event| {
        match links.at(event.position) {
            Ok(Some(link)) => {
                aggregates.link(link.from, link.into, link.force);
            }
            Ok(None) => {}
            Err(e) => failed = Some(e),
        }
        if let Err(e) = aggregates.apply(event.name, event.fixed.unit, event.fixed.time, event.props) {
            tracing::debug!(position = event.position, error = %e, "event left out of the aggregates");
        }
    })?;
    failed.map_or(Ok(replayed), Err)
}

/// Writes changed records as of `position`.
pub fn write(db: &Connection, plan: &Plan, records: &BTreeMap<Vec<u8>, Vec<u8>>, position: u64) -> Result<()> {
    let mut upsert = db
        .prepare_cached(
            "INSERT INTO aggregates (key, value) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .db()?;
    let mut delete = db.prepare_cached("DELETE FROM aggregates WHERE key = ?").db()?;
    for (key, value) in records {
        if value.is_empty() {
            delete.execute([key]).db()?;
        } else {
            upsert.execute(params![key, value]).db()?;
        }
    }
    put_state(db, FINGERPRINT, plan.fingerprint())?;
    put_state(db, POSITION, position)
}

/// Says that the records are of no plan: who opens the store computes them anew.
pub fn invalidate(db: &Connection) -> Result<()> {
    put_state(db, FINGERPRINT, String::new())
}

/// Removes some records; `true` when none is left.
pub fn clear_some(db: &Connection, limit: usize) -> Result<bool> {
    let sql = "DELETE FROM aggregates WHERE key IN (SELECT key FROM aggregates LIMIT ?)";
    let removed = db.prepare_cached(sql).db()?.execute([crate::fault::int(limit as u64)]).db()?;
    Ok(removed < limit)
}

/// Writes records that belong together with others still to come.
pub fn write_some(db: &Connection, records: &[Record]) -> Result<()> {
    let mut upsert = db.prepare_cached("INSERT OR REPLACE INTO aggregates (key, value) VALUES (?,?)").db()?;
    for (key, value) in records {
        upsert.execute(params![key, value]).db()?;
    }
    Ok(())
}

/// Writes all records, in the place of whatever was there.
pub fn replace(db: &Connection, plan: &Plan, records: Vec<Record>, position: u64) -> Result<()> {
    db.execute("DELETE FROM aggregates", []).db()?;
    write(db, plan, &records.into_iter().collect(), position)
}
