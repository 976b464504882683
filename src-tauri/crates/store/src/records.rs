//! One engine step in one transaction; and the small keyed tables: meta, imports, gateway keys, snapshots.

use epoch_model::error::{Code, Error, Result};
use epoch_model::journal::RowKind;
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use crate::changes::Changed;
use crate::experiments::kept;
use crate::fault::{DbResult, damaged, int};
use crate::journal::Appender;
use crate::types::{Entry, GatewayKey, ImportMark, KeyKind};
use crate::{documents, outbox, workflows};

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE imports (
    key TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    mark TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE gateway_keys (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('write', 'read')),
    source TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
";

/// Lets gateway keys be of a third kind; SQLite cannot change a check in place.
pub const CLIENT_KEYS: &str = "
ALTER TABLE gateway_keys RENAME TO gateway_keys_before;
CREATE TABLE gateway_keys (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('write', 'client', 'read')),
    source TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO gateway_keys SELECT id, kind, source, hash, prefix, created_at, revoked_at FROM gateway_keys_before;
DROP TABLE gateway_keys_before;
";

/// Snapshots kept.
const SNAPSHOTS: i64 = 3;

/// Writes entries with all that follows from them. Answers the journal's last `seq`.
pub fn commit(db: &Connection, entries: &[Entry], changed: &mut Changed) -> Result<u64> {
    let mut journal = Appender::new(db)?;
    for entry in entries {
        let cause = journal.append(entry.at, entry.kind, &entry.actor, None, &entry.body)?;
        for (actor, body) in &entry.actions {
            journal.append(entry.at, RowKind::Action, actor, Some(cause), body)?;
        }
        // A step of a run is told as such; written down as news of the journal it would cost two pages more.
        if entry.runs.is_empty() || !entry.actions.is_empty() {
            changed.note("journal", "");
        }
        for insight in &entry.insights {
            documents::put_insight(db, insight)?;
            changed.note("insights", &insight.id);
        }
        for decision in &entry.decisions {
            documents::put_decision(db, decision)?;
            workflows::note_call(db, decision)?;
            changed.note("decisions", &decision.id);
        }
        for scored in &entry.expectations {
            documents::put_expectation(db, scored)?;
            changed.note("expectations", &scored.metric);
        }
        for lever in &entry.levers {
            documents::put_lever(db, lever)?;
            changed.note("levers", &lever.key);
        }
        for experiment in &entry.experiments {
            kept::put_experiment(db, experiment)?;
            changed.note("experiments", &experiment.spec.key);
        }
        for reading in &entry.readings {
            kept::put_reading(db, reading)?;
            changed.note("experiments", &reading.experiment);
        }
        if let Some(portfolio) = &entry.portfolio {
            kept::put_portfolio(db, portfolio)?;
            changed.note("experiments", "");
        }
        for effect in &entry.outbox {
            outbox::queue(db, effect, entry.at)?;
            changed.note("outbox", &effect.decision);
        }
        for (key, value) in &entry.meta {
            put_meta(db, key, value.as_ref())?;
            changed.note("meta", key);
        }
        for definition in &entry.definitions {
            workflows::put_definition(db, definition)?;
            changed.note("workflows", &definition.key);
        }
        for run in &entry.runs {
            workflows::write(db, run, cause, changed)?;
        }
        workflows::keep_days(db, &entry.workflow_days)?;
        if let Some(mark) = &entry.workflow_mark {
            workflows::mark(db, mark)?;
        }
        if let Some(body) = &entry.snapshot {
            put_snapshot(db, journal.seq, body)?;
        }
    }
    Ok(journal.seq)
}

fn put_snapshot(db: &Connection, seq: u64, body: &[u8]) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO snapshots (seq, body) VALUES (?,?)")
        .db()?
        .execute(params![int(seq), body])
        .db()?;
    db.prepare_cached("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)")
        .db()?
        .execute([SNAPSHOTS])
        .db()?;
    Ok(())
}

pub fn snapshot(db: &Connection) -> Result<Option<(u64, Vec<u8>)>> {
    db.prepare_cached("SELECT seq, body FROM snapshots ORDER BY seq DESC LIMIT 1")
        .db()?
        .query_row([], |r| Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get(1)?)))
        .optional()
        .db()
}

pub fn put_meta(db: &Connection, key: &str, value: Option<&Value>) -> Result<()> {
    match value {
        Some(value) => db
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)")
            .db()?
            .execute(params![key, value.to_string()]),
        None => db.prepare_cached("DELETE FROM meta WHERE key = ?").db()?.execute([key]),
    }
    .db()?;
    Ok(())
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|_| damaged("a value is no JSON"))
}

pub fn meta(db: &Connection, key: &str) -> Result<Option<Value>> {
    let text: Option<String> = db
        .prepare_cached("SELECT value FROM meta WHERE key = ?")
        .db()?
        .query_row([key], |r| r.get(0))
        .optional()
        .db()?;
    text.as_deref().map(json).transpose()
}

pub fn put_import(db: &Connection, key: &str, at: Millis, mark: &Value) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO imports (key, at, mark) VALUES (?,?,?)")
        .db()?
        .execute(params![key, at, mark.to_string()])
        .db()?;
    Ok(())
}

/// Import marks whose key starts with `prefix`, by key.
pub fn imports(db: &Connection, prefix: &str) -> Result<Vec<ImportMark>> {
    let mut select = db
        .prepare_cached(
            "SELECT key, at, mark FROM imports WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 ORDER BY key",
        )
        .db()?;
    let found = select
        .query_map([prefix], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Millis>(1)?, r.get::<_, String>(2)?)))
        .db()?;
    found.map(|row| row.db().and_then(|(key, at, mark)| Ok(ImportMark { key, at, mark: json(&mark)? }))).collect()
}

pub fn import(db: &Connection, key: &str) -> Result<Option<ImportMark>> {
    let found: Option<(Millis, String)> = db
        .prepare_cached("SELECT at, mark FROM imports WHERE key = ?")
        .db()?
        .query_row([key], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()
        .db()?;
    found.map(|(at, mark)| Ok(ImportMark { key: key.to_owned(), at, mark: json(&mark)? })).transpose()
}

fn gateway_key(r: &Row<'_>) -> rusqlite::Result<GatewayKey> {
    let kind: String = r.get(1)?;
    Ok(GatewayKey {
        id: r.get(0)?,
        kind: match kind.as_str() {
            "write" => KeyKind::Write,
            "client" => KeyKind::Client,
            _ => KeyKind::Read,
        },
        source: r.get(2)?,
        hash: r.get(3)?,
        prefix: r.get(4)?,
        created_at: r.get(5)?,
        revoked_at: r.get(6)?,
    })
}

pub fn keys(db: &Connection) -> Result<Vec<GatewayKey>> {
    let sql = "SELECT id, kind, source, hash, prefix, created_at, revoked_at FROM gateway_keys ORDER BY created_at, id";
    let mut select = db.prepare_cached(sql).db()?;
    select.query_map([], gateway_key).db()?.collect::<rusqlite::Result<_>>().db()
}

pub fn add_key(db: &Connection, key: &GatewayKey) -> Result<()> {
    let kind = match key.kind {
        KeyKind::Write => "write",
        KeyKind::Client => "client",
        KeyKind::Read => "read",
    };
    let added = db
        .prepare_cached(
            "INSERT INTO gateway_keys (id, kind, source, hash, prefix, created_at, revoked_at) VALUES (?,?,?,?,?,?,?) \
             ON CONFLICT DO NOTHING",
        )
        .db()?
        .execute(params![key.id, kind, key.source, key.hash, key.prefix, key.created_at, key.revoked_at])
        .db()?;
    if added == 0 {
        return Err(Error::new(
            Code::InvalidArgument,
            format!("there is a key {} already", key.id),
            "make another one",
        ));
    }
    Ok(())
}

pub fn revoke_key(db: &Connection, id: &str, at: Millis) -> Result<()> {
    let found = db
        .prepare_cached("UPDATE gateway_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
        .db()?
        .execute(params![at, id])
        .db()?;
    if found == 0 {
        return Err(Error::new(Code::NotFound, format!("there is no key {id}"), "list the keys"));
    }
    Ok(())
}
