//! Counters per source, and what was refused.

use std::collections::HashMap;

use epoch_model::error::{Code, Result};
use epoch_model::event::Rejection;
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::{DbResult, int};
use crate::types::{RejectionRow, SourceState};

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    accepted INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    last_event INTEGER,
    last_received INTEGER,
    last_error TEXT,
    last_error_at INTEGER
) STRICT;
CREATE TABLE rejections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    received INTEGER NOT NULL,
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
";

/// Rejections kept; older ones are in the counters only.
const REJECTIONS_MAX: u32 = 10_000;
/// Bytes kept of what was refused.
pub const RAW_BYTES_MAX: usize = 2048;

/// What one transaction adds to a source.
#[derive(Debug, Clone, Default)]
pub struct SourceDelta {
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub last_event: Option<Millis>,
    pub last_received: Option<Millis>,
    pub last_error: Option<String>,
}

/// Ids of sources, as far as they were asked for.
#[derive(Debug, Default)]
pub struct SourceIds {
    ids: HashMap<String, u32>,
}

impl SourceIds {
    /// The id of a source; a new one gets its row.
    pub fn intern(&mut self, db: &Connection, key: &str) -> Result<u32> {
        if let Some(id) = self.ids.get(key) {
            return Ok(*id);
        }
        db.prepare_cached("INSERT INTO sources (key) VALUES (?) ON CONFLICT DO NOTHING").db()?.execute([key]).db()?;
        let id = db.prepare_cached("SELECT id FROM sources WHERE key = ?").db()?.query_row([key], |r| r.get(0)).db()?;
        self.ids.insert(key.to_owned(), id);
        Ok(id)
    }
}

/// Adds to a source's counters.
pub fn add(db: &Connection, id: u32, delta: &SourceDelta) -> Result<()> {
    db.prepare_cached(
        "UPDATE sources SET accepted = accepted + ?2, duplicates = duplicates + ?3, rejected = rejected + ?4, \
         last_event = max(coalesce(last_event, ?5), coalesce(?5, last_event)), \
         last_received = max(coalesce(last_received, ?6), coalesce(?6, last_received)), \
         last_error = coalesce(?7, last_error), last_error_at = coalesce(?8, last_error_at) WHERE id = ?1",
    )
    .db()?
    .execute(params![
        id,
        int(delta.accepted),
        int(delta.duplicates),
        int(delta.rejected),
        delta.last_event,
        delta.last_received,
        delta.last_error,
        delta.last_error.as_ref().and(delta.last_received),
    ])
    .db()?;
    Ok(())
}

/// Notes a failure that is none of a line or event.
pub fn fail(db: &Connection, key: &str, message: &str, now: Millis) -> Result<()> {
    let id = SourceIds::default().intern(db, key)?;
    db.prepare_cached("UPDATE sources SET last_error = ?, last_error_at = ? WHERE id = ?")
        .db()?
        .execute(params![shorten(message, RAW_BYTES_MAX), now, id])
        .db()?;
    Ok(())
}

/// Text cut to a number of bytes, at a character.
pub fn shorten(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// Keeps refused lines, and drops the oldest beyond the bound.
pub fn keep_rejections(db: &Connection, source: &str, received: Millis, rejections: &[Rejection]) -> Result<()> {
    let mut insert = db
        .prepare_cached("INSERT INTO rejections (source, received, position, code, reason, raw) VALUES (?,?,?,?,?,?)")
        .db()?;
    let newest = rejections.len().saturating_sub(REJECTIONS_MAX as usize);
    for r in &rejections[newest..] {
        let code = code_text(r.code);
        let raw = shorten(&r.raw, RAW_BYTES_MAX);
        insert
            .execute(params![source, received, int(r.position), code, shorten(&r.reason, RAW_BYTES_MAX), raw])
            .db()?;
    }
    db.prepare_cached("DELETE FROM rejections WHERE id <= (SELECT max(id) FROM rejections) - ?")
        .db()?
        .execute([REJECTIONS_MAX])
        .db()?;
    Ok(())
}

fn code_text(code: Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        _ => "internal".into(),
    }
}

pub fn rejections(
    db: &Connection,
    source: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<RejectionRow>> {
    let mut select = db
        .prepare_cached(
            "SELECT id, source, received, position, code, reason, raw FROM rejections \
             WHERE id < ?1 AND (?2 IS NULL OR source = ?2) ORDER BY id DESC LIMIT ?3",
        )
        .db()?;
    let found = select.query_map(params![before.map_or(i64::MAX, int), source, int(limit as u64)], |r| {
        let code: String = r.get(4)?;
        Ok(RejectionRow {
            id: r.get::<_, i64>(0)?.unsigned_abs(),
            source: r.get(1)?,
            received: r.get(2)?,
            position: r.get::<_, i64>(3)?.unsigned_abs(),
            code: serde_json::from_value(code.into()).unwrap_or(Code::Internal),
            reason: r.get(5)?,
            raw: r.get(6)?,
        })
    });
    found.db()?.collect::<rusqlite::Result<_>>().db()
}

pub fn states(db: &Connection) -> Result<Vec<SourceState>> {
    let mut select = db
        .prepare_cached(
            "SELECT key, accepted, duplicates, rejected, last_event, last_received, last_error, last_error_at \
             FROM sources ORDER BY key",
        )
        .db()?;
    let found = select.query_map([], |r| {
        Ok(SourceState {
            source: r.get(0)?,
            accepted: r.get::<_, i64>(1)?.unsigned_abs(),
            duplicates: r.get::<_, i64>(2)?.unsigned_abs(),
            rejected: r.get::<_, i64>(3)?.unsigned_abs(),
            last_event: r.get(4)?,
            last_received: r.get(5)?,
            last_error: r.get(6)?,
            last_error_at: r.get(7)?,
        })
    });
    found.db()?.collect::<rusqlite::Result<_>>().db()
}

/// Events of one name or all.
pub fn count(db: &Connection, name: Option<&str>) -> Result<u64> {
    let Some(name) = name else { return crate::log::position(db) };
    let count: Option<i64> = db
        .prepare_cached("SELECT count FROM names WHERE text = ?")
        .db()?
        .query_row([name], |r| r.get(0))
        .optional()
        .db()?;
    Ok(count.unwrap_or(0).unsigned_abs())
}
