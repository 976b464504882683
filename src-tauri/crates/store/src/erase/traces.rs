//! Where an id is mentioned outside of the log.

use epoch_model::error::Result;
use rusqlite::{Connection, params};

use crate::fault::DbResult;
use crate::types::Mention;

/// Finds ids in texts, as a whole: `u1` is not in `u10`.
#[derive(Debug)]
pub struct Traces {
    needles: Vec<String>,
}

impl Traces {
    pub fn of(ids: &[String]) -> Self {
        let mut needles: Vec<String> = Vec::new();
        for id in ids {
            // As JSON writes it, with quotes and backslashes escaped.
            let quoted = serde_json::Value::from(id.as_str()).to_string();
            let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
            needles.push(id.clone());
            if escaped != id {
                needles.push(escaped.to_owned());
            }
        }
        needles.retain(|n| !n.is_empty());
        Self { needles }
    }

    /// Whether the text, or bytes with text in them, mention one of the ids.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| holds(bytes, needle.as_bytes()))
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let Some(head) = needle.first() else { return false };
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| rest.iter().position(|b| b == head)) {
        let at = from + at;
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(needle)) {
            let before = at.checked_sub(1).and_then(|b| bytes.get(b));
            if !word(before) && !word(bytes.get(at + needle.len())) {
                return true;
            }
        }
        from = at + 1;
    }
    false
}

/// Removes refusals and error texts that mention the ids. Answers how many refusals.
pub fn remove_refusals(db: &Connection, traces: &Traces) -> Result<u64> {
    let mut removed = 0;
    for id in rows_with(db, "SELECT id, raw || ' ' || reason FROM rejections", traces)? {
        crate::sources::remove_rejection(db, id.unsigned_abs())?;
        removed += 1;
    }
    for id in rows_with(db, "SELECT id, coalesce(last_error, '') FROM sources", traces)? {
        db.execute("UPDATE sources SET last_error = NULL, last_error_at = NULL WHERE id = ?", params![id]).db()?;
    }
    Ok(removed)
}

fn rows_with(db: &Connection, sql: &str, traces: &Traces) -> Result<Vec<i64>> {
    let mut select = db.prepare(sql).db()?;
    let mut found = select.query([]).db()?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().db()? {
        if bytes(row.get_ref(1).db()?).is_some_and(|text| traces.are_in(text)) {
            ids.push(row.get(0).db()?);
        }
    }
    Ok(ids)
}

fn bytes(value: rusqlite::types::ValueRef<'_>) -> Option<&[u8]> {
    match value {
        rusqlite::types::ValueRef::Text(text) | rusqlite::types::ValueRef::Blob(text) => Some(text),
        _ => None,
    }
}

/// What the engine wrote down, where an id can only be as the value of a segment, and what others keep here.
const ELSEWHERE: [(&str, &str); 10] = [
    ("journal", "SELECT body FROM journal"),
    ("decisions", "SELECT body FROM decisions"),
    ("insights", "SELECT body FROM insights"),
    ("experiments", "SELECT body FROM experiments"),
    ("experiment_readings", "SELECT body FROM experiment_readings"),
    ("expectations", "SELECT body FROM expectations"),
    ("outbox", "SELECT act || detail FROM outbox"),
    ("meta", "SELECT value FROM meta"),
    ("imports", "SELECT mark FROM imports"),
    ("snapshots", "SELECT body FROM snapshots"),
];

/// Where else the ids are mentioned. Nothing is changed there: the journal's chain would break, and what was decided on
/// would no longer be what is shown.
pub fn elsewhere(db: &Connection, traces: &Traces) -> Result<Vec<Mention>> {
    let mut mentions = Vec::new();
    for (place, sql) in ELSEWHERE {
        let mut select = db.prepare(sql).db()?;
        let mut found = select.query([]).db()?;
        let mut rows = 0;
        while let Some(row) = found.next().db()? {
            rows += u64::from(bytes(row.get_ref(0).db()?).is_some_and(|text| traces.are_in(text)));
        }
        if rows > 0 {
            mentions.push(Mention { place: place.to_owned(), rows });
        }
    }
    Ok(mentions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_as_a_whole() {
        let traces = Traces::of(&["u1".into(), "a\"b".into(), "ann@example.org".into()]);
        for (text, expect) in [
            ("{\"distinct_id\":\"u1\"}", true),
            ("u1", true),
            ("u10, xu1, u1_", false),
            ("u10 u1", true),
            (r#"{"id":"a\"b"}"#, true),
            ("mailto:ann@example.org.", true),
            ("joann@example.org", false),
            ("", false),
        ] {
            assert_eq!(traces.are_in(text.as_bytes()), expect, "{text}");
        }
        assert!(!Traces::of(&[String::new()]).are_in(b"anything"));
    }
}
