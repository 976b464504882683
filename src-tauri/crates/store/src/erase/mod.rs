//! A person taken out of the log and of everything made from it, in steps that each fit between two commits of others.
//!
//! 1. *Begin*, one transaction: the person's units lose their texts, so that from here on nobody is known by them; refusals
//!    that mention them go; the erasure is written down with the numbers of the units (numbers say nothing about anybody).
//! 2. *Log*: the log is looked through from the start, some hundred thousand positions at a time by a reader; the writer
//!    overwrites the events found, a few blocks per transaction, and notes how far it has come.
//! 3. *Numbers*: the links are forgotten, the aggregates are computed anew from the log while events keep coming in, and put
//!    in the place of the old ones some megabytes per transaction.
//! 4. *Scrub*: pages the database no longer uses are filled with zeros, and the write-ahead log is emptied.
//!
//! An erasure that was begun is finished when the store is opened next, whenever its process died.

pub mod scrub;
mod traces;

use epoch_model::error::Result;
use epoch_model::event::ERASED;
use epoch_model::time::Millis;
use rusqlite::{Connection, params};

pub use traces::{Traces, elsewhere};

use crate::catalog::Catalog;
use crate::fault::{DbResult, damaged, fits, int};
use crate::intern::{NameDelta, Names, add_to_name, erase_unit};
use crate::{links, log};

/// `units` is a JSON list of numbers; `looked` the position up to which the log was looked through, of `upto`. `residue` is noted
/// for files in which older versions may have left deleted text between the rows.
pub const TABLES: &str = "
CREATE TABLE erasures (
    id INTEGER PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    units TEXT NOT NULL,
    upto INTEGER NOT NULL,
    looked INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    earliest INTEGER,
    rejections INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'log' CHECK (state IN ('log', 'numbers', 'done')),
    finished_at INTEGER
) STRICT;
INSERT INTO state (key, value) SELECT 'residue', 1 WHERE EXISTS (SELECT 1 FROM blocks);
";

/// Positions a reader looks through before the writer hears of what it found.
const LOOK: u64 = 500_000;
/// Positions between the first and the last event overwritten in one transaction: some sixteen full blocks.
const REACH: u64 = 16_000;

/// An erasure under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: u64,
    /// In order.
    pub units: Vec<u32>,
    pub upto: u64,
    pub looked: u64,
    pub events: u64,
    pub earliest: Option<Millis>,
    pub rejections: u64,
}

/// Writes the beginning down. `texts` are the ids of the units.
pub fn begin(
    db: &Connection,
    catalog: &mut Catalog,
    units: &[u32],
    texts: &[String],
    upto: u64,
    now: Millis,
) -> Result<Erasure> {
    let traces = Traces::of(texts);
    let rejections = traces::remove_refusals(db, &traces)?;
    for unit in units {
        erase_unit(db, *unit)?;
    }
    catalog.forget_mentions(&traces);
    catalog.write(db)?;
    let list = serde_json::Value::from(units.to_vec()).to_string();
    db.execute(
        "INSERT INTO erasures (begun_at, units, upto, rejections) VALUES (?,?,?,?)",
        params![now, list, int(upto), int(rejections)],
    )
    .db()?;
    let id = db.last_insert_rowid().unsigned_abs();
    Ok(Erasure { id, units: units.to_vec(), upto, looked: 0, events: 0, earliest: None, rejections })
}

/// Erasures that were begun and are not finished, in order.
pub fn unfinished(db: &Connection) -> Result<Vec<Erasure>> {
    let sql =
        "SELECT id, units, upto, looked, events, earliest, rejections FROM erasures WHERE state != 'done' ORDER BY id";
    let mut select = db.prepare_cached(sql).db()?;
    let mut found = select.query([]).db()?;
    let mut erasures = Vec::new();
    while let Some(row) = found.next().db()? {
        let number = |column: usize| row.get::<_, i64>(column).db().and_then(fits);
        let units: String = row.get(1).db()?;
        erasures.push(Erasure {
            id: number(0)?,
            units: serde_json::from_str(&units).map_err(|_| damaged("an erasure does not say whom"))?,
            upto: number(2)?,
            looked: number(3)?,
            events: number(4)?,
            earliest: row.get(5).db()?,
            rejections: number(6)?,
        });
    }
    Ok(erasures)
}

/// What a look into the log found.
#[derive(Debug)]
pub struct Found {
    /// Where the person's events are, and those of others that link to them; in pieces for one transaction each, with the
    /// position up to which the log is done afterwards.
    pub pieces: Vec<(Vec<u64>, u64)>,
}

/// Looks on from where the erasure stands.
pub fn look(db: &Connection, erasure: &Erasure) -> Result<Found> {
    let upto = erasure.upto.min(erasure.looked.saturating_add(LOOK));
    let links = links::of_units(db, &erasure.units, erasure.looked, upto)?;
    let linked: Vec<u64> = links.iter().map(|link| link.position).collect();
    let mut pieces: Vec<(Vec<u64>, u64)> = Vec::new();
    log::blocks(db, erasure.looked, upto, |first, block| {
        for (row, position) in block.rows.iter().zip(first..) {
            let theirs = erasure.units.binary_search(&row.unit).is_ok() || linked.binary_search(&position).is_ok();
            if !theirs || position <= erasure.looked || position > upto {
                continue;
            }
            match pieces.last_mut() {
                Some((piece, end)) if piece.first().is_some_and(|from| position - from < REACH) => {
                    piece.push(position);
                    *end = position;
                }
                _ => pieces.push((vec![position], position)),
            }
        }
        Ok(())
    })?;
    match pieces.last_mut() {
        Some((_, end)) => *end = upto,
        None => pieces.push((Vec::new(), upto)),
    }
    Ok(Found { pieces })
}

/// Overwrites a piece, within a transaction.
pub fn overwrite(
    db: &Connection,
    names: &mut Names,
    catalog: &mut Catalog,
    erasure: &mut Erasure,
    piece: &[u64],
    looked: u64,
) -> Result<()> {
    // Only for a name that gets its row at once.
    let erased = if piece.is_empty() { 0 } else { names.intern(ERASED)? };
    let mut delta: Option<NameDelta> = None;
    let mut less: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
    let done = log::overwrite(db, piece, erased, |row, props| {
        *less.entry(row.name).or_default() += 1;
        catalog.forget(row.name, props);
        let delta = delta.get_or_insert(NameDelta { count: 0, first: row.time, last: row.time });
        delta.count += 1;
        (delta.first, delta.last) = (delta.first.min(row.time), delta.last.max(row.time));
        Ok(())
    })?;
    for (name, count) in less {
        let sql = "UPDATE names SET count = count - ? WHERE id = ?";
        db.prepare_cached(sql).db()?.execute(params![int(count), name]).db()?;
    }
    if let Some(delta) = delta {
        add_to_name(db, erased, ERASED, &delta)?;
        erasure.earliest = Some(erasure.earliest.map_or(delta.first, |e| e.min(delta.first)));
    }
    catalog.write(db)?;
    erasure.looked = looked;
    erasure.events += done;
    db.prepare_cached("UPDATE erasures SET looked = ?, events = ?, earliest = ? WHERE id = ?")
        .db()?
        .execute(params![int(looked), int(erasure.events), erasure.earliest, int(erasure.id)])
        .db()?;
    Ok(())
}

/// The log holds nothing of the person any more; the numbers still do.
pub fn log_is_done(db: &Connection, erasure: &Erasure) -> Result<()> {
    links::forget(db, &erasure.units)?;
    db.execute("UPDATE erasures SET state = 'numbers' WHERE id = ?", [int(erasure.id)]).db()?;
    Ok(())
}

/// All is done.
pub fn finish(db: &Connection, erasure: &Erasure, now: Millis) -> Result<()> {
    let sql = "UPDATE erasures SET state = 'done', finished_at = ? WHERE id = ?";
    db.execute(sql, params![now, int(erasure.id)]).db()?;
    Ok(())
}

/// Takes unfinished erasures to where only the numbers are missing, before anybody else works with the store. When there are
/// some, the aggregates kept are not to be used.
pub fn resume(db: &mut Connection) -> Result<Vec<Erasure>> {
    let mut erasures = unfinished(db)?;
    let (mut names, mut catalog) = (Names::load(db)?, Catalog::load(db)?);
    for erasure in &mut erasures {
        tracing::info!(erasure = erasure.id, looked = erasure.looked, "an erasure goes on");
        while erasure.looked < erasure.upto {
            for (piece, looked) in look(db, erasure)?.pieces {
                let tx = db.transaction().db()?;
                overwrite(&tx, &mut names, &mut catalog, erasure, &piece, looked)?;
                tx.commit().db()?;
                catalog.committed();
            }
        }
        let tx = db.transaction().db()?;
        log_is_done(&tx, erasure)?;
        crate::checkpoint::invalidate(&tx)?;
        tx.commit().db()?;
    }
    Ok(erasures)
}
