//! Decisions, insights, expectations and levers: JSON documents with the few columns they are looked for by.

use epoch_model::decision::Decision;
use epoch_model::error::{Code, Error, Result};
use epoch_model::insight::Insight;
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::checkpoint::{get_state, put_state};
use crate::fault::{DbResult, damaged, int};
use crate::types::{DecisionFilter, InsightFilter, LeverRow, Scored};

/// The tables this module owns, as the first migration makes them.
pub const TABLES: &str = "
CREATE TABLE decisions (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    domain TEXT NOT NULL,
    metric TEXT NOT NULL,
    lever TEXT,
    insight TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_created ON decisions (created_at);
CREATE INDEX decisions_state ON decisions (state, created_at);
CREATE TABLE insights (
    id TEXT PRIMARY KEY,
    metric TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX insights_at ON insights (at);
CREATE INDEX insights_metric ON insights (metric, from_at);
CREATE TABLE expectations (
    metric TEXT NOT NULL,
    start INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (metric, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE levers (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Rows when a filter names no limit, and the most it may name.
const LIMIT: usize = 1000;
const LIMIT_MAX: usize = 100_000;
const LEVERS_VERSION: &str = "levers_version";

fn limit(asked: usize) -> i64 {
    int(if asked == 0 { LIMIT } else { asked.min(LIMIT_MAX) } as u64)
}

pub fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| Error::new(Code::Internal, format!("a record cannot be written: {e}"), "report it"))
}

/// The string form of a closed list's member, as serde names it.
pub fn word(value: &impl Serialize) -> Result<String> {
    text(value).map(|t| t.trim_matches('"').to_owned())
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T> {
    serde_json::from_str(body).map_err(|e| damaged(&format!("a record cannot be read: {e}")))
}

pub fn all<T: DeserializeOwned>(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    let mut select = db.prepare_cached(sql).db()?;
    let mut found = select.query(params).db()?;
    let mut records = Vec::new();
    while let Some(row) = found.next().db()? {
        records.push(read(row.get_ref(0).db()?.as_str().map_err(|_| damaged("a record is no text"))?)?);
    }
    Ok(records)
}

pub fn one<T: DeserializeOwned>(db: &Connection, sql: &str, key: &str) -> Result<Option<T>> {
    let body: Option<String> = db.prepare_cached(sql).db()?.query_row([key], |r| r.get(0)).optional().db()?;
    body.as_deref().map(read).transpose()
}

pub fn put_decision(db: &Connection, d: &Decision) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO decisions (id, state, domain, metric, lever, insight, created_at, body) \
         VALUES (?,?,?,?,?,?,?,?)",
    )
    .db()?
    .execute(params![
        d.id,
        word(&d.state)?,
        word(&d.domain)?,
        d.prediction.metric,
        d.act.lever(),
        d.insight,
        d.created_at,
        text(d)?
    ])
    .db()?;
    Ok(())
}

pub fn decision(db: &Connection, id: &str) -> Result<Option<Decision>> {
    one(db, "SELECT body FROM decisions WHERE id = ?", id)
}

pub fn decisions(db: &Connection, f: &DecisionFilter) -> Result<Vec<Decision>> {
    let states: Vec<String> = f.states.iter().map(word).collect::<Result<_>>()?;
    // The words are a closed list, so a JSON array of them is a safe set.
    let states = if states.is_empty() { None } else { Some(text(&states)?) };
    all(
        db,
        "SELECT body FROM decisions WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1))) \
         AND (?2 IS NULL OR domain = ?2) AND (?3 IS NULL OR metric = ?3) AND (?4 IS NULL OR lever = ?4) \
         AND (?5 IS NULL OR insight = ?5) AND (?6 IS NULL OR created_at < ?6) \
         ORDER BY created_at DESC, id DESC LIMIT ?7",
        params![
            states,
            f.domain.as_ref().map(word).transpose()?,
            f.metric,
            f.lever,
            f.insight,
            f.before,
            limit(f.limit)
        ],
    )
}

pub fn put_insight(db: &Connection, i: &Insight) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO insights (id, metric, kind, at, from_at, body) VALUES (?,?,?,?,?,?)")
        .db()?
        .execute(params![i.id, i.metric, word(&i.kind)?, i.at, i.from, text(i)?])
        .db()?;
    Ok(())
}

pub fn insight(db: &Connection, id: &str) -> Result<Option<Insight>> {
    one(db, "SELECT body FROM insights WHERE id = ?", id)
}

pub fn insights(db: &Connection, f: &InsightFilter) -> Result<Vec<Insight>> {
    all(
        db,
        "SELECT body FROM insights WHERE (?1 IS NULL OR metric = ?1) AND (?2 IS NULL OR kind = ?2) \
         AND (?3 IS NULL OR from_at >= ?3) AND (?4 IS NULL OR from_at < ?4) AND (?5 IS NULL OR at < ?5) \
         ORDER BY at DESC, id DESC LIMIT ?6",
        params![f.metric, f.kind.as_ref().map(word).transpose()?, f.from, f.to, f.before, limit(f.limit)],
    )
}

pub fn put_expectation(db: &Connection, s: &Scored) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO expectations (metric, start, body) VALUES (?,?,?)")
        .db()?
        .execute(params![s.metric, s.start, text(s)?])
        .db()?;
    Ok(())
}

pub fn expectations(db: &Connection, metric: &str, from: Millis, to: Millis) -> Result<Vec<Scored>> {
    all(
        db,
        "SELECT body FROM expectations WHERE metric = ? AND start >= ? AND start < ? ORDER BY start LIMIT ?",
        params![metric, from, to, int(LIMIT_MAX as u64)],
    )
}

pub fn put_lever(db: &Connection, lever: &LeverRow) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO levers (key, body) VALUES (?,?)")
        .db()?
        .execute(params![lever.key, text(lever)?])
        .db()?;
    put_state(db, LEVERS_VERSION, get_state::<u64>(db, LEVERS_VERSION)?.unwrap_or(0) + 1)
}

pub fn levers(db: &Connection) -> Result<(u64, Vec<LeverRow>)> {
    let version = get_state(db, LEVERS_VERSION)?.unwrap_or(0);
    Ok((version, all(db, "SELECT body FROM levers ORDER BY key", [])?))
}
