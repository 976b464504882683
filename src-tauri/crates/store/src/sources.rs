//! Counters per source, and what was refused.

use std::collections::HashMap;

use epoch_model::error::{Code, Error, Result};
use epoch_model::event::Rejection;
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::checkpoint::{get_state, put_state};
use crate::fault::{DbResult, int};
use crate::types::{RejectionDone, RejectionRow, SourceState};

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

/// A refusal that was corrected and sent again is kept for a while, marked.
pub const REPLAYED: &str = "
ALTER TABLE rejections ADD COLUMN replayed_at INTEGER;
INSERT INTO state (key, value) SELECT 'rejections_bytes', coalesce(sum(length(CAST(raw AS BLOB))), 0) FROM rejections;
";

/// Rejections kept; older ones are in the counters only.
const REJECTIONS_MAX: u32 = 10_000;
/// Bytes kept of what was refused …
pub const RAW_BYTES_MAX: usize = 64 << 10;
/// … and of all refusals together.
const RAW_BYTES_TOTAL: u64 = 32 << 20;
/// How many bytes of them there are.
const RAW_BYTES: &str = "rejections_bytes";
/// Bytes kept of a reason.
const REASON_BYTES_MAX: usize = 2048;

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
        .execute(params![shorten(message, REASON_BYTES_MAX), now, id])
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

/// Keeps refused lines, and drops the oldest beyond the bounds of number and bytes.
pub fn keep_rejections(db: &Connection, source: &str, received: Millis, rejections: &[Rejection]) -> Result<()> {
    let mut insert = db
        .prepare_cached("INSERT INTO rejections (source, received, position, code, reason, raw) VALUES (?,?,?,?,?,?)")
        .db()?;
    let mut bytes: u64 = get_state(db, RAW_BYTES)?.unwrap_or(0);
    let newest = rejections.len().saturating_sub(REJECTIONS_MAX as usize);
    for r in &rejections[newest..] {
        let code = code_text(r.code);
        let raw = shorten(&r.raw, RAW_BYTES_MAX);
        insert
            .execute(params![source, received, int(r.position), code, shorten(&r.reason, REASON_BYTES_MAX), raw])
            .db()?;
        bytes += raw.len() as u64;
    }
    drop(insert);
    put_state(db, RAW_BYTES, bytes)?;
    let last: i64 = db.query_row("SELECT coalesce(max(id), 0) FROM rejections", [], |r| r.get(0)).db()?;
    // One more look than there are rows to drop: mostly one.
    let oldest = "SELECT id FROM rejections ORDER BY id LIMIT 1";
    while let Some(id) = db.prepare_cached(oldest).db()?.query_row([], |r| r.get::<_, i64>(0)).optional().db()? {
        let bytes: u64 = get_state(db, RAW_BYTES)?.unwrap_or(0);
        if id > last - i64::from(REJECTIONS_MAX) && bytes <= RAW_BYTES_TOTAL {
            break;
        }
        remove_rejection(db, id.unsigned_abs())?;
    }
    Ok(())
}

/// Removes one; `false` when there is none of this id.
pub fn remove_rejection(db: &Connection, id: u64) -> Result<bool> {
    let sql = "DELETE FROM rejections WHERE id = ? RETURNING length(CAST(raw AS BLOB))";
    let removed: Option<i64> = db.prepare_cached(sql).db()?.query_row([int(id)], |r| r.get(0)).optional().db()?;
    if let Some(removed) = removed {
        let bytes: u64 = get_state(db, RAW_BYTES)?.unwrap_or(0);
        put_state(db, RAW_BYTES, bytes.saturating_sub(removed.unsigned_abs()))?;
    }
    Ok(removed.is_some())
}

/// Notes what became of one.
pub fn rejection_done(db: &Connection, id: u64, how: RejectionDone, now: Millis) -> Result<()> {
    let found = match how {
        RejectionDone::Removed => remove_rejection(db, id)?,
        RejectionDone::Replayed => {
            let sql = "UPDATE rejections SET replayed_at = coalesce(replayed_at, ?) WHERE id = ?";
            db.prepare_cached(sql).db()?.execute(params![now, int(id)]).db()? > 0
        }
    };
    if found {
        Ok(())
    } else {
        Err(Error::new(Code::NotFound, format!("there is no refusal {id}"), "it may be too old"))
    }
}

fn code_text(code: Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        _ => "internal".into(),
    }
}

const COLUMNS: &str = "id, source, received, position, code, reason, raw, replayed_at";

fn rejection_row(r: &Row<'_>) -> rusqlite::Result<RejectionRow> {
    let code: String = r.get(4)?;
    Ok(RejectionRow {
        id: r.get::<_, i64>(0)?.unsigned_abs(),
        source: r.get(1)?,
        received: r.get(2)?,
        position: r.get::<_, i64>(3)?.unsigned_abs(),
        code: serde_json::from_value(code.into()).unwrap_or(Code::Internal),
        reason: r.get(5)?,
        raw: r.get(6)?,
        replayed_at: r.get(7)?,
    })
}

pub fn rejections(
    db: &Connection,
    source: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<RejectionRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rejections WHERE id < ?1 AND (?2 IS NULL OR source = ?2) ORDER BY id DESC LIMIT ?3"
    );
    let mut select = db.prepare_cached(&sql).db()?;
    let found = select.query_map(params![before.map_or(i64::MAX, int), source, int(limit as u64)], rejection_row);
    found.db()?.collect::<rusqlite::Result<_>>().db()
}

pub fn rejection(db: &Connection, id: u64) -> Result<Option<RejectionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM rejections WHERE id = ?");
    db.prepare_cached(&sql).db()?.query_row([int(id)], rejection_row).optional().db()
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
