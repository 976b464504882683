//! The journal: a chain of rows that SQLite itself refuses to change.

use epoch_model::error::Result;
use epoch_model::journal::{GENESIS, JournalRow, RowKind, canonical, row_hash};
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use crate::fault::{DbResult, damaged, fits, int};
use crate::types::{AuditProblem, AuditReport};

/// `journal_decisions` finds the rows that speak of a decision.
pub const TABLES: &str = "
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause INTEGER,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal
WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE journal_decisions (
    decision TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (decision, seq)
) STRICT, WITHOUT ROWID;
";

fn kind_text(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Input => "input",
        RowKind::Action => "action",
        RowKind::Host => "host",
    }
}

fn kind_of(text: &str) -> Option<RowKind> {
    [RowKind::Input, RowKind::Action, RowKind::Host].into_iter().find(|k| kind_text(*k) == text)
}

/// `seq` and hash of the last row.
pub fn head(db: &Connection) -> Result<(u64, String)> {
    let last: Option<(i64, String)> = db
        .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
        .db()?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()
        .db()?;
    match last {
        Some((seq, hash)) => Ok((fits(seq)?, hash)),
        None => Ok((0, GENESIS.to_owned())),
    }
}

/// Appends rows to the chain.
#[derive(Debug)]
pub struct Appender<'a> {
    db: &'a Connection,
    pub seq: u64,
    hash: String,
}

impl<'a> Appender<'a> {
    pub fn new(db: &'a Connection) -> Result<Self> {
        let (seq, hash) = head(db)?;
        Ok(Self { db, seq, hash })
    }

    /// Answers the row's `seq`.
    pub fn append(&mut self, at: Millis, kind: RowKind, actor: &str, cause: Option<u64>, body: &Value) -> Result<u64> {
        let text = canonical(body);
        let seq = self.seq + 1;
        let hash = row_hash(&self.hash, seq, at, kind, actor, cause, &text);
        self.db
            .prepare_cached(
                "INSERT INTO journal (seq, at, kind, actor, cause, body, prev, hash) VALUES (?,?,?,?,?,?,?,?)",
            )
            .db()?
            .execute(params![int(seq), at, kind_text(kind), actor, cause.map(int), text, self.hash, hash])
            .db()?;
        let mut speaks_of = Vec::new();
        decisions_in(body, 0, &mut speaks_of);
        speaks_of.sort_unstable();
        speaks_of.dedup();
        for decision in speaks_of {
            self.db
                .prepare_cached("INSERT INTO journal_decisions (decision, seq) VALUES (?,?)")
                .db()?
                .execute(params![decision, int(seq)])
                .db()?;
        }
        (self.seq, self.hash) = (seq, hash);
        Ok(seq)
    }
}

/// Decision ids that a body names, wherever they stand.
fn decisions_in<'v>(body: &'v Value, depth: usize, found: &mut Vec<&'v str>) {
    match body {
        Value::String(text) if text.starts_with("dec_") && text.len() <= 40 => found.push(text),
        Value::Array(items) if depth < 8 => items.iter().for_each(|v| decisions_in(v, depth + 1, found)),
        Value::Object(map) if depth < 8 => map.values().for_each(|v| decisions_in(v, depth + 1, found)),
        _ => {}
    }
}

const COLUMNS: &str = "seq, at, kind, actor, cause, body, prev, hash";

/// A row as it is stored, its body still text.
struct Stored {
    seq: u64,
    at: Millis,
    kind: String,
    actor: String,
    cause: Option<u64>,
    body: String,
    prev: String,
    hash: String,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        kind: row.get(2)?,
        actor: row.get(3)?,
        cause: row.get::<_, Option<i64>>(4)?.map(i64::unsigned_abs),
        body: row.get(5)?,
        prev: row.get(6)?,
        hash: row.get(7)?,
    })
}

fn parsed(s: Stored) -> Result<JournalRow> {
    let wrong = || damaged(&format!("journal row {} cannot be read", s.seq));
    let kind = kind_of(&s.kind).ok_or_else(wrong)?;
    let body = serde_json::from_str(&s.body).map_err(|_| wrong())?;
    Ok(JournalRow { seq: s.seq, at: s.at, kind, actor: s.actor, cause: s.cause, body, prev: s.prev, hash: s.hash })
}

pub fn rows(db: &Connection, from_seq: u64, limit: usize) -> Result<Vec<JournalRow>> {
    let sql = format!("SELECT {COLUMNS} FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?");
    let mut select = db.prepare_cached(&sql).db()?;
    let found = select.query_map([int(from_seq), int(limit as u64)], stored).db()?;
    found.map(|row| row.db().and_then(parsed)).collect()
}

pub fn rows_for(db: &Connection, decision: &str) -> Result<Vec<JournalRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM journal WHERE seq IN (SELECT seq FROM journal_decisions WHERE decision = ?) ORDER BY seq"
    );
    let mut select = db.prepare_cached(&sql).db()?;
    let found = select.query_map([decision], stored).db()?;
    found.map(|row| row.db().and_then(parsed)).collect()
}

/// Walks the chain and names the first row that is not what it should be.
pub fn verify(db: &Connection, anchor: Option<(u64, &str)>) -> Result<AuditReport> {
    let mut report = AuditReport { rows: 0, head: GENESIS.to_owned(), problem: None };
    let mut select = db.prepare(&format!("SELECT {COLUMNS} FROM journal ORDER BY seq")).db()?;
    let mut found = select.query([]).db()?;
    while let Some(row) = found.next().db()? {
        let seq: i64 = row.get(0).db()?;
        let seq = seq.unsigned_abs();
        let expected = report.rows + 1;
        let before = report.head.clone();
        let what = if seq == expected {
            match stored(row) {
                Ok(s) => {
                    let what = broken(&s, &report.head, anchor);
                    report.head = s.hash;
                    what
                }
                Err(_) => Some(format!("row {seq} cannot be read")),
            }
        } else {
            Some(format!("row {expected} is missing (the next one there is {seq})"))
        };
        if let Some(what) = what {
            report.head = before;
            report.problem = Some(AuditProblem { seq: expected, what });
            return Ok(report);
        }
        report.rows = seq;
    }
    if let Some((seq, _)) = anchor.filter(|(seq, _)| *seq > report.rows) {
        let what = format!("the end is cut off: row {seq} was there once, the last one now is {}", report.rows);
        report.problem = Some(AuditProblem { seq: report.rows + 1, what });
    }
    Ok(report)
}

fn broken(s: &Stored, prev: &str, anchor: Option<(u64, &str)>) -> Option<String> {
    let seq = s.seq;
    let Some(kind) = kind_of(&s.kind) else { return Some(format!("row {seq} is of an unknown kind")) };
    if row_hash(&s.prev, seq, s.at, kind, &s.actor, s.cause, &s.body) != s.hash {
        return Some(format!("row {seq} was changed: its content does not give its hash"));
    }
    if s.prev != prev {
        return Some(format!("row {seq} does not follow the row before it: the link is broken"));
    }
    match anchor {
        Some((at, hash)) if at == seq && hash != s.hash => {
            Some(format!("row {seq} is not the one that was noted: the journal was written anew"))
        }
        _ => None,
    }
}
