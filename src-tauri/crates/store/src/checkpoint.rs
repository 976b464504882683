//! Where derived state stands: the aggregates as of a log position, and small numbers of the store itself.
//!
//! A checkpoint comes in slices, so that no commit waits for all of it:
//! 1. *Stage*: changed records are put down beside the others, some per transaction. What is there counts for nothing.
//! 2. *Seal*: with the last of them a position is written down. From here on the aggregates as of that position are the
//!    others with the staged ones laid over them.
//! 3. *Merge*: the staged ones are put among the others, some per transaction. Whatever of it is done, the rule holds.
//! 4. *Clear*: the position becomes that of the others, and the stage, which counts for nothing again, is emptied.

use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_model::error::Result;
use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, OptionalExtension, params};

use crate::aggregate::{Aggregates, Plan};
use crate::fault::{DbResult, damaged};
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

/// Records on their way to the others, many to a row: one append instead of a search for each.
pub const STAGE: &str = "
CREATE TABLE aggregates_next (
    id INTEGER PRIMARY KEY,
    records BLOB NOT NULL
) STRICT;
";

const POSITION: &str = "aggregates_position";
/// The position of a complete stage.
const SEALED: &str = "aggregates_next_position";
const FINGERPRINT: &str = "aggregates_fingerprint";

/// A key and value of the aggregates.
pub type Record = (Vec<u8>, Vec<u8>);

/// Changed records by key; an empty value says that there is none any more.
pub type Records = BTreeMap<Vec<u8>, Vec<u8>>;

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
    let position = if same { position(db)? } else { 0 };
    let mut aggregates = if same { read(db, plan)? } else { Aggregates::new(plan.clone()) };
    let replayed = catch_up(db, &mut aggregates, position, end)?;
    Ok((aggregates, replayed))
}

/// The position up to which the log is in the kept aggregates.
fn position(db: &Connection) -> Result<u64> {
    let kept = match get_state(db, SEALED)? {
        None => get_state(db, POSITION)?,
        sealed => sealed,
    };
    Ok(kept.unwrap_or(0))
}

/// Whether a checkpoint of this plan exists.
pub fn is_of(db: &Connection, plan: &Plan) -> Result<bool> {
    Ok(get_state::<String>(db, FINGERPRINT)?.is_some_and(|f| f == plan.fingerprint()))
}

fn read(db: &Connection, plan: &Arc<Plan>) -> Result<Aggregates> {
    let over = if get_state::<u64>(db, SEALED)?.is_some() { staged(db)? } else { BTreeMap::new() };
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
    let beneath = records.filter(|(key, _): &Record| !over.contains_key(key));
    let above = over.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.clone(), value.clone()));
    let aggregates = Aggregates::load(plan.clone(), beneath.chain(above))?;
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

/// Writes changed records as of `position`, in one transaction and in the place of a stage: `records` hold all of it that was
/// not merged.
pub fn write(db: &Connection, plan: &Plan, records: &Records, position: u64) -> Result<()> {
    merge(db, records)?;
    put_state(db, FINGERPRINT, plan.fingerprint())?;
    merged(db, position)?;
    db.execute("DELETE FROM aggregates_next", []).db()?;
    Ok(())
}

/// Puts down some records of the next checkpoint, each key once.
pub fn stage(db: &Connection, records: &[Record]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut packed = Vec::new();
    for (key, value) in records {
        log::put(&mut packed, key.len() as u64);
        packed.extend_from_slice(key);
        log::put(&mut packed, value.len() as u64);
        packed.extend_from_slice(value);
    }
    db.prepare_cached("INSERT INTO aggregates_next (records) VALUES (?)").db()?.execute([packed]).db()?;
    Ok(())
}

/// Says that the stage holds all records that changed up to `position`.
pub fn seal(db: &Connection, plan: &Plan, position: u64) -> Result<()> {
    put_state(db, FINGERPRINT, plan.fingerprint())?;
    put_state(db, SEALED, position)
}

/// Says that the records of a sealed stage are all among the others.
pub fn merged(db: &Connection, position: u64) -> Result<()> {
    put_state(db, POSITION, position)?;
    break_seal(db)
}

fn break_seal(db: &Connection) -> Result<()> {
    db.prepare_cached("DELETE FROM state WHERE key = ?").db()?.execute([SEALED]).db()?;
    Ok(())
}

/// Removes some rows of a stage that is not sealed; `true` when none is left.
pub fn clear_stage(db: &Connection, rows: usize) -> Result<bool> {
    let sql = "DELETE FROM aggregates_next WHERE id IN (SELECT id FROM aggregates_next ORDER BY id LIMIT ?)";
    let removed = db.prepare_cached(sql).db()?.execute([crate::fault::int(rows as u64)]).db()?;
    Ok(removed < rows)
}

/// Ends what a checkpoint left undone when its process died: a complete one is carried out, another one is forgotten.
pub fn settle(db: &mut Connection) -> Result<()> {
    let tx = db.transaction().db()?;
    if let Some(position) = get_state(&tx, SEALED)? {
        merge(&tx, &staged(&tx)?)?;
        merged(&tx, position)?;
    }
    tx.execute("DELETE FROM aggregates_next", []).db()?;
    tx.commit().db()
}

/// Whether a stage that counts can be read; answers how many records it has.
pub fn check(db: &Connection) -> Result<usize> {
    Ok(if get_state::<u64>(db, SEALED)?.is_some() { staged(db)?.len() } else { 0 })
}

/// All records of the stage.
fn staged(db: &Connection) -> Result<Records> {
    let mut records = Records::new();
    let mut select = db.prepare("SELECT records FROM aggregates_next ORDER BY id").db()?;
    let mut found = select.query([]).db()?;
    while let Some(row) = found.next().db()? {
        let mut packed = row.get_ref(0).db()?.as_blob().map_err(|_| damaged("a part of a checkpoint is empty"))?;
        while !packed.is_empty() {
            let key = text(&mut packed)?;
            let value = text(&mut packed)?;
            records.insert(key, value);
        }
    }
    Ok(records)
}

fn text(packed: &mut &[u8]) -> Result<Vec<u8>> {
    let length = crate::fault::fits(log::take(packed)?)?;
    Ok(log::cut(packed, length)?.to_vec())
}

/// Puts changed records among the others.
pub fn merge<'r>(db: &Connection, records: impl IntoIterator<Item = (&'r Vec<u8>, &'r Vec<u8>)>) -> Result<()> {
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
    Ok(())
}

/// Says that the records are of no plan: who opens the store computes them anew. What is staged counts for nothing.
pub fn invalidate(db: &Connection) -> Result<()> {
    put_state(db, FINGERPRINT, String::new())?;
    break_seal(db)
}

/// Says that the records, all of which were written one after the other, are those of a plan as of `position`.
pub fn validate(db: &Connection, plan: &Plan, position: u64) -> Result<()> {
    put_state(db, FINGERPRINT, plan.fingerprint())?;
    put_state(db, POSITION, position)
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
