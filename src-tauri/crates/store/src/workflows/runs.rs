//! Rows of runs.

use epoch_model::error::{Code, Error, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::changes::Changed;
use crate::fault::{DbResult, int};
use crate::types::{OpenRun, RunFilter, RunRow, RunWrite};

const COLUMNS: &str = "id, key, workflow, version, open, state, due, step, started_at, updated_at, parent, asked, body";

/// Rows when a filter names no limit, and the most it may name.
const LIMIT: usize = 200;
const LIMIT_MAX: usize = 10_000;

fn row(r: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: r.get::<_, i64>(0)?.unsigned_abs(),
        key: r.get(1)?,
        workflow: r.get(2)?,
        version: r.get(3)?,
        open: r.get(4)?,
        state: r.get(5)?,
        due: r.get(6)?,
        step: r.get::<_, i64>(7)?.unsigned_abs(),
        started_at: r.get(8)?,
        updated_at: r.get(9)?,
        parent: r.get(10)?,
        asked: r.get(11)?,
        body: r.get(12)?,
    })
}

/// The number the next run gets; numbers are given by who holds the store open for writing.
pub fn next_id(db: &Connection) -> Result<u64> {
    let last: Option<i64> =
        db.prepare_cached("SELECT max(id) FROM workflow_runs").db()?.query_row([], |r| r.get(0)).db()?;
    Ok(last.unwrap_or(0).unsigned_abs() + 1)
}

/// Makes or rewrites a run after the step journaled at `seq`.
pub fn write(db: &Connection, run: &RunWrite, seq: u64, changed: &mut Changed) -> Result<()> {
    match run {
        RunWrite::New(new) => {
            let sql = format!("INSERT INTO workflow_runs ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
            let values = params![
                int(new.id),
                new.key,
                new.workflow,
                new.version,
                new.open,
                new.state,
                new.due,
                int(seq),
                new.started_at,
                new.updated_at,
                new.parent,
                new.asked,
                new.body
            ];
            db.prepare_cached(&sql).db()?.execute(values).db()?;
            changed.note("workflows", "");
        }
        RunWrite::Step { id, state, due, updated_at, asked, body } => {
            let sql = "UPDATE workflow_runs SET state = ?, due = ?, step = ?, updated_at = ?, asked = ?, body = ? \
                       WHERE id = ?";
            let values = params![state, due, int(seq), updated_at, asked, body, int(*id)];
            expect_one(db.prepare_cached(sql).db()?.execute(values).db()?, *id)?;
            changed.pass("workflows", "");
        }
        RunWrite::Ended { id } => {
            let sql = "UPDATE workflow_runs SET open = 0 WHERE id = ?";
            expect_one(db.prepare_cached(sql).db()?.execute([int(*id)]).db()?, *id)?;
            changed.note("workflows", "");
        }
        RunWrite::Reopened { id } => {
            let sql = "UPDATE workflow_runs SET open = 1 WHERE id = ?";
            expect_one(db.prepare_cached(sql).db()?.execute([int(*id)]).db()?, *id)?;
            changed.note("workflows", "");
        }
        RunWrite::Version { id, version } => {
            let sql = "UPDATE workflow_runs SET version = ? WHERE id = ?";
            expect_one(db.prepare_cached(sql).db()?.execute(params![version, int(*id)]).db()?, *id)?;
        }
    }
    Ok(())
}

fn expect_one(changed: usize, id: u64) -> Result<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(Error::new(Code::NotFound, format!("there is no run number {id}"), "list the runs"))
}

/// A run by its key.
pub fn run(db: &Connection, key: &str) -> Result<Option<RunRow>> {
    let sql = format!("SELECT {COLUMNS} FROM workflow_runs WHERE key = ?");
    db.prepare_cached(&sql).db()?.query_row([key], row).optional().db()
}

/// A run by its number.
pub fn run_by_id(db: &Connection, id: u64) -> Result<Option<RunRow>> {
    let sql = format!("SELECT {COLUMNS} FROM workflow_runs WHERE id = ?");
    db.prepare_cached(&sql).db()?.query_row([int(id)], row).optional().db()
}

/// Newest first.
pub fn runs(db: &Connection, filter: &RunFilter) -> Result<Vec<RunRow>> {
    let limit = if filter.limit == 0 { LIMIT } else { filter.limit.min(LIMIT_MAX) };
    // Each asks for what an index answers: runs of one workflow, or those that are open.
    let place = match (&filter.workflow, filter.open) {
        (Some(_), true) => "workflow = ?1 AND open = 1",
        (Some(_), false) => "workflow = ?1",
        (None, true) => "open = 1 AND ?1 IS NULL",
        (None, false) => "?1 IS NULL",
    };
    let sql = format!("SELECT {COLUMNS} FROM workflow_runs WHERE {place} AND id < ?2 ORDER BY id DESC LIMIT ?3");
    let mut select = db.prepare_cached(&sql).db()?;
    let before = filter.before.map_or(i64::MAX, int);
    let found = select.query_map(params![filter.workflow, before, int(limit as u64)], row).db()?;
    found.collect::<rusqlite::Result<_>>().db()
}

/// Calls `each` with every run that is open, in no order: what the executor keeps of it, not its body.
pub fn open_runs(db: &Connection, each: &mut dyn FnMut(OpenRun)) -> Result<()> {
    let sql = "SELECT id, due, workflow, version, asked, key FROM workflow_runs WHERE open = 1";
    let mut select = db.prepare_cached(sql).db()?;
    let mut found = select.query([]).db()?;
    while let Some(r) = found.next().db()? {
        each(OpenRun {
            id: r.get::<_, i64>(0).db()?.unsigned_abs(),
            due: r.get(1).db()?,
            workflow: r.get(2).db()?,
            version: r.get(3).db()?,
            asked: r.get(4).db()?,
            key: r.get(5).db()?,
        });
    }
    Ok(())
}
