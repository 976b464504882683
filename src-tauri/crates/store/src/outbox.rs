//! Effects on their way out. `sending` is written before the call, so whoever finds it after a crash knows what is not known.

use epoch_model::error::{Code, Error, Result};
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::changes::Changed;
use crate::fault::{DbResult, damaged, int};
use crate::types::{NewEffect, OutboxItem, OutboxResult, OutboxState};

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    decision TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    act TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'done', 'failed', 'in_doubt')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_at);
";

const COLUMNS: &str = "id, decision, idempotency_key, act, state, attempts, next_at, detail, updated_at";

fn state_text(state: OutboxState) -> &'static str {
    match state {
        OutboxState::Pending => "pending",
        OutboxState::Sending => "sending",
        OutboxState::Done => "done",
        OutboxState::Failed => "failed",
        OutboxState::InDoubt => "in_doubt",
    }
}

fn state_of(text: &str) -> OutboxState {
    use OutboxState::{Done, Failed, InDoubt, Pending, Sending};
    // The table's CHECK lets nothing else in; in doubt is what never sends by itself.
    [Pending, Sending, Done, Failed].into_iter().find(|s| state_text(*s) == text).unwrap_or(InDoubt)
}

type Raw = (OutboxItem, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let act: String = row.get(3)?;
    let state: String = row.get(4)?;
    let item = OutboxItem {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        decision: row.get(1)?,
        idempotency_key: row.get(2)?,
        act: epoch_model::decision::Act::Call { effect: String::new(), payload: serde_json::Value::Null },
        state: state_of(&state),
        attempts: row.get(5)?,
        next_at: row.get(6)?,
        detail: row.get(7)?,
        updated_at: row.get(8)?,
    };
    Ok((item, act))
}

fn parsed((mut item, act): Raw) -> Result<OutboxItem> {
    item.act = serde_json::from_str(&act).map_err(|_| damaged(&format!("effect {} cannot be read", item.id)))?;
    Ok(item)
}

/// Queues an effect, once per idempotency key.
pub fn queue(db: &Connection, effect: &NewEffect, now: Millis) -> Result<()> {
    let act = serde_json::to_string(&effect.act)
        .map_err(|e| Error::new(Code::Internal, format!("an effect cannot be written: {e}"), "report it"))?;
    db.prepare_cached(
        "INSERT INTO outbox (decision, idempotency_key, act, state, next_at, updated_at) VALUES (?,?,?,'pending',?,?) \
         ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .db()?
    .execute(params![effect.decision, effect.idempotency_key, act, effect.due, now])
    .db()?;
    Ok(())
}

pub fn due(db: &Connection, now: Millis, limit: usize) -> Result<Vec<OutboxItem>> {
    let sql =
        format!("SELECT {COLUMNS} FROM outbox WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, id LIMIT ?");
    let mut select = db.prepare_cached(&sql).db()?;
    let found = select.query_map([now, int(limit as u64)], raw).db()?;
    found.map(|row| row.db().and_then(parsed)).collect()
}

pub fn list(db: &Connection, state: Option<OutboxState>, limit: usize) -> Result<Vec<OutboxItem>> {
    let sql = format!(
        "SELECT * FROM (SELECT {COLUMNS} FROM outbox WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id"
    );
    let mut select = db.prepare_cached(&sql).db()?;
    let found = select.query_map(params![state.map(state_text), int(limit as u64)], raw).db()?;
    found.map(|row| row.db().and_then(parsed)).collect()
}

fn one(db: &Connection, id: u64) -> Result<OutboxItem> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?");
    let found = db.prepare_cached(&sql).db()?.query_row([int(id)], raw).optional().db()?;
    let missing = || Error::new(Code::NotFound, format!("there is no effect {id}"), "list the outbox");
    found.ok_or_else(missing).and_then(parsed)
}

fn must_be(item: &OutboxItem, state: OutboxState) -> Result<()> {
    if item.state == state {
        return Ok(());
    }
    let (is, must) = (state_text(item.state), state_text(state));
    Err(Error::new(Code::WrongState, format!("effect {} is {is}, not {must}", item.id), "look at the outbox again"))
}

pub fn start(db: &Connection, id: u64, now: Millis, changed: &mut Changed) -> Result<OutboxItem> {
    must_be(&one(db, id)?, OutboxState::Pending)?;
    db.prepare_cached("UPDATE outbox SET state = 'sending', attempts = attempts + 1, updated_at = ? WHERE id = ?")
        .db()?
        .execute(params![now, int(id)])
        .db()?;
    changed.note("outbox", &id.to_string());
    one(db, id)
}

pub fn finish(db: &Connection, id: u64, result: &OutboxResult, now: Millis, changed: &mut Changed) -> Result<()> {
    let item = one(db, id)?;
    // In doubt may be settled later, by whoever looked at the receiver.
    if item.state != OutboxState::InDoubt {
        must_be(&item, OutboxState::Sending)?;
    }
    let (state, next_at, detail) = match result {
        OutboxResult::Done { detail } => (OutboxState::Done, item.next_at, detail),
        OutboxResult::Failed { detail } => (OutboxState::Failed, item.next_at, detail),
        OutboxResult::Retry { at, detail } => (OutboxState::Pending, *at, detail),
        OutboxResult::InDoubt { detail } => (OutboxState::InDoubt, item.next_at, detail),
    };
    db.prepare_cached("UPDATE outbox SET state = ?, next_at = ?, detail = ?, updated_at = ? WHERE id = ?")
        .db()?
        .execute(params![state_text(state), next_at, detail, now, int(id)])
        .db()?;
    changed.note("outbox", &id.to_string());
    Ok(())
}

/// What was being sent when the process died is in doubt from now on.
pub fn recover(db: &Connection, now: Millis) -> Result<usize> {
    db.execute(
        "UPDATE outbox SET state = 'in_doubt', updated_at = ?, detail = 'the process ended while it was being sent' \
         WHERE state = 'sending'",
        [now],
    )
    .db()
}
