//! Names and units as small integers. 0 is nobody: the unit of an event that has none.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use epoch_model::error::{Code, Error, Result};
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::{DbResult, damaged, fits, int};
use crate::log::{cut, put, take};

/// Units are packed some hundreds to a row, in the order of their ids. An empty text is a unit that was erased.
pub const TABLES: &str = "
CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    properties TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE units (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
";

/// Bytes of a row of units: with its header it fills one page.
const UNITS_BYTES: usize = 12_000;

/// Event names and their ids, from 1.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Names {
    pub fn load(db: &Connection) -> Result<Self> {
        let mut names = Self::default();
        let mut select = db.prepare_cached("SELECT id, text FROM names ORDER BY id").db()?;
        let mut found = select.query([]).db()?;
        while let Some(row) = found.next().db()? {
            let (id, text): (u32, String) = (row.get(0).db()?, row.get(1).db()?);
            if names.add(&text)? != id {
                return Err(damaged("the event names have a gap"));
            }
        }
        Ok(names)
    }

    pub fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    pub fn text(&self, id: u32) -> Option<&str> {
        self.texts.get((id as usize).checked_sub(1)?).map(String::as_str)
    }

    /// The id of a name, new if need be.
    pub fn intern(&mut self, text: &str) -> Result<u32> {
        match self.find(text) {
            Some(id) => Ok(id),
            None => self.add(text),
        }
    }

    fn add(&mut self, text: &str) -> Result<u32> {
        let id = fits(self.texts.len() + 1)?;
        self.texts.push(text.to_owned());
        self.ids.insert(text.to_owned(), id);
        Ok(id)
    }
}

/// What one transaction adds to a name.
#[derive(Debug, Clone, Copy)]
pub struct NameDelta {
    pub count: u64,
    pub first: Millis,
    pub last: Millis,
}

/// Adds to a name's counters; makes its row if it is new.
pub fn add_to_name(db: &Connection, id: u32, text: &str, delta: &NameDelta) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO names (id, text, count, first, last) VALUES (?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET \
         count = count + excluded.count, first = min(first, excluded.first), last = max(last, excluded.last)",
    )
    .db()?
    .execute(params![id, text, int(delta.count), delta.first, delta.last])
    .db()?;
    Ok(())
}

/// Hash of a unit's text. A cryptographic one: units come from outside, and two must never become one.
type UnitHash = [u8; 16];

/// The keys are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*head);
        }
    }
    fn write_usize(&mut self, _: usize) {}
}

/// Unit texts and their ids, from 1. Texts stay on disk.
#[derive(Debug, Default)]
pub struct Units {
    ids: HashMap<UnitHash, u32, BuildHasherDefault<AsIs>>,
    /// Ids given out, those of erased units among them.
    given: u32,
    /// Not yet in the database, in the order of their ids.
    pending: Vec<String>,
    /// Ids that are in the database.
    stored: u32,
}

impl Units {
    pub fn load(db: &Connection) -> Result<Self> {
        let mut units = Self::default();
        let mut select = db.prepare("SELECT first, count, payload FROM units ORDER BY first").db()?;
        let mut found = select.query([]).db()?;
        while let Some(row) = found.next().db()? {
            let (first, count): (u32, u32) = (row.get(0).db()?, row.get(1).db()?);
            if u64::from(first) != u64::from(units.stored) + 1 {
                return Err(damaged("the units have a gap"));
            }
            let mut payload = row.get_ref(2).db()?.as_blob().map_err(|_| damaged("a row of units is empty"))?;
            for id in first..first.saturating_add(count) {
                let length = fits(take(&mut payload)?)?;
                let text = cut(&mut payload, length)?;
                if !text.is_empty() {
                    units.ids.insert(hash(text), id);
                }
                units.stored = id;
            }
        }
        units.given = units.stored;
        Ok(units)
    }

    /// The id of a unit, new if need be; 0 for an empty text.
    pub fn intern(&mut self, text: &str) -> Result<u32> {
        if text.is_empty() {
            return Ok(0);
        }
        let next = self.given.checked_add(1).ok_or_else(|| {
            Error::new(Code::StoreDamaged, "there are more than four billion units", "check what is sent as the unit")
        })?;
        let (pending, given) = (&mut self.pending, &mut self.given);
        Ok(*self.ids.entry(hash(text.as_bytes())).or_insert_with(|| {
            pending.push(text.to_owned());
            *given = next;
            next
        }))
    }

    /// The id of a unit, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(&hash(text.as_bytes())).copied()
    }

    /// The texts are nobody's any more: who comes under one of them next is somebody new.
    pub fn forget(&mut self, texts: &[String]) {
        for text in texts {
            self.ids.remove(&hash(text.as_bytes()));
        }
    }

    /// Writes the new ones. They count as written after [`Self::committed`] only.
    pub fn write(&self, db: &Connection) -> Result<()> {
        let mut waiting = self.pending.iter().peekable();
        if waiting.peek().is_none() {
            return Ok(());
        }
        let mut next = self.stored + 1;
        // The last row is filled up first, so that a trickle of new units does not leave a row each.
        let last: Option<(u32, u32, Vec<u8>)> = db
            .prepare_cached("SELECT first, count, payload FROM units ORDER BY first DESC LIMIT 1")
            .db()?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()
            .db()?;
        let (mut first, mut count, mut payload) =
            last.filter(|l| l.2.len() < UNITS_BYTES).unwrap_or((next, 0, Vec::new()));
        let mut insert =
            db.prepare_cached("INSERT OR REPLACE INTO units (first, count, payload) VALUES (?,?,?)").db()?;
        while let Some(text) = waiting.next() {
            put(&mut payload, text.len() as u64);
            payload.extend_from_slice(text.as_bytes());
            count += 1;
            next += 1;
            if payload.len() >= UNITS_BYTES || waiting.peek().is_none() {
                insert.execute(params![first, count, payload]).db()?;
                (first, count) = (next, 0);
                payload.clear();
            }
        }
        Ok(())
    }

    pub fn committed(&mut self) {
        self.stored = self.given;
        self.pending.clear();
    }
}

fn hash(text: &[u8]) -> UnitHash {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(text).as_bytes()[..16]);
    short
}

/// The row that holds a unit: its first id and its texts.
fn row_of(db: &Connection, id: u32) -> Result<(u32, Vec<Vec<u8>>)> {
    let missing = || damaged("a unit in the event log is unknown");
    let found: Option<(u32, u32, Vec<u8>)> = db
        .prepare_cached("SELECT first, count, payload FROM units WHERE first <= ? ORDER BY first DESC LIMIT 1")
        .db()?
        .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()
        .db()?;
    let (first, count, payload) = found.filter(|(first, count, _)| id - first < *count).ok_or_else(missing)?;
    let mut rest = payload.as_slice();
    let mut texts = Vec::new();
    for _ in 0..count {
        let length = fits(take(&mut rest)?)?;
        texts.push(cut(&mut rest, length)?.to_vec());
    }
    Ok((first, texts))
}

/// The text of a unit; empty for 0, `erased:<id>` for one that was erased.
pub fn unit_text(db: &Connection, id: u32) -> Result<String> {
    if id == 0 {
        return Ok(String::new());
    }
    let (first, mut texts) = row_of(db, id)?;
    match texts.swap_remove((id - first) as usize) {
        text if text.is_empty() => Ok(format!("erased:{id}")),
        text => String::from_utf8(text).map_err(|_| damaged("a unit is no text")),
    }
}

/// The id of a unit, looked for row by row: for questions that are asked now and then.
pub fn find_unit(db: &Connection, text: &str) -> Result<Option<u32>> {
    let mut select = db.prepare_cached("SELECT first, count, payload FROM units").db()?;
    let mut found = select.query([]).db()?;
    while let Some(row) = found.next().db()? {
        let (first, count): (u32, u32) = (row.get(0).db()?, row.get(1).db()?);
        let mut payload = row.get_ref(2).db()?.as_blob().map_err(|_| damaged("a row of units is empty"))?;
        for id in first..first.saturating_add(count) {
            let length = fits(take(&mut payload)?)?;
            if cut(&mut payload, length)? == text.as_bytes() && !text.is_empty() {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

/// Takes a unit's text out of the database.
pub fn erase_unit(db: &Connection, id: u32) -> Result<()> {
    let (first, mut texts) = row_of(db, id)?;
    texts[(id - first) as usize].clear();
    let mut payload = Vec::new();
    for text in &texts {
        put(&mut payload, text.len() as u64);
        payload.extend_from_slice(text);
    }
    db.prepare_cached("UPDATE units SET payload = ? WHERE first = ?").db()?.execute(params![payload, first]).db()?;
    Ok(())
}
