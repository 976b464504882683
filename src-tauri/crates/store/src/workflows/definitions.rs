//! Versions of definitions, what was used of a day, and when a clock last started a run.

use epoch_model::error::{Code, Error, Result};
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fault::DbResult;
use crate::types::DefinitionRow;

const COLUMNS: &str = "key, version, hash, text, body, published_at, by";

fn row(r: &Row<'_>) -> rusqlite::Result<DefinitionRow> {
    Ok(DefinitionRow {
        key: r.get(0)?,
        version: r.get(1)?,
        hash: r.get(2)?,
        text: r.get(3)?,
        body: r.get(4)?,
        published_at: r.get(5)?,
        by: r.get(6)?,
    })
}

/// A version is written once. [`Code::WrongState`] for another text under a version that is there; the same again changes
/// nothing.
pub fn put_definition(db: &Connection, definition: &DefinitionRow) -> Result<()> {
    let d = definition;
    let known: Option<String> = db
        .prepare_cached("SELECT hash FROM workflow_definitions WHERE key = ? AND version = ?")
        .db()?
        .query_row(params![d.key, d.version], |r| r.get(0))
        .optional()
        .db()?;
    match known {
        Some(hash) if hash == d.hash => Ok(()),
        Some(_) => Err(Error::new(
            Code::WrongState,
            format!("version {} of {} is published already and says something else", d.version, d.key),
            "publish it as the next version",
        )),
        None => {
            let sql = format!("INSERT INTO workflow_definitions ({COLUMNS}) VALUES (?,?,?,?,?,?,?)");
            let mut insert = db.prepare_cached(&sql).db()?;
            insert.execute(params![d.key, d.version, d.hash, d.text, d.body, d.published_at, d.by]).db()?;
            Ok(())
        }
    }
}

/// All versions of all definitions, by key and version.
pub fn definitions(db: &Connection) -> Result<Vec<DefinitionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM workflow_definitions ORDER BY key, version");
    let mut select = db.prepare_cached(&sql).db()?;
    select.query_map([], row).db()?.collect::<rusqlite::Result<_>>().db()
}

/// One version.
pub fn definition(db: &Connection, key: &str, version: u32) -> Result<Option<DefinitionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM workflow_definitions WHERE key = ? AND version = ?");
    db.prepare_cached(&sql).db()?.query_row(params![key, version], row).optional().db()
}

/// What was used of a day, by workflow.
pub fn days(db: &Connection) -> Result<Vec<(String, String)>> {
    let mut select = db.prepare_cached("SELECT workflow, body FROM workflow_days ORDER BY workflow").db()?;
    select.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).db()?.collect::<rusqlite::Result<_>>().db()
}

/// Keeps what was used of a day.
pub fn keep_days(db: &Connection, days: &[(String, String)]) -> Result<()> {
    for (workflow, body) in days {
        let sql = "INSERT OR REPLACE INTO workflow_days (workflow, body) VALUES (?,?)";
        db.prepare_cached(sql).db()?.execute(params![workflow, body]).db()?;
    }
    Ok(())
}

/// The instants for which the clock last started a run, by workflow and number of the trigger.
pub fn marks(db: &Connection) -> Result<Vec<(String, u32, Millis)>> {
    let mut select = db.prepare_cached("SELECT workflow, trigger, at FROM workflow_triggers ORDER BY 1, 2").db()?;
    let found = select.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).db()?;
    found.collect::<rusqlite::Result<_>>().db()
}

/// Notes that the clock started a run.
pub fn mark(db: &Connection, (workflow, trigger, at): &(String, u32, Millis)) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO workflow_triggers (workflow, trigger, at) VALUES (?,?,?)";
    db.prepare_cached(sql).db()?.execute(params![workflow, trigger, at]).db()?;
    Ok(())
}
