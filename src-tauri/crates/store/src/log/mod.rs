//! The event log: append at the right edge, scan by position or by time.

mod block;
mod merge;
mod overwrite;
mod rows;

pub use block::{Block, Builder, Fixed, cut, put, take};
pub use merge::pack_next;
pub use overwrite::overwrite;
pub use rows::{rows, span};

use std::ops::Range;

use epoch_model::error::Result;
use epoch_model::time::Millis;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::{DbResult, damaged, fits, int};
use crate::intern::Names;

/// `blocks_span` answers which blocks touch a range of time without reading their payloads.
pub const TABLES: &str = "
CREATE TABLE blocks (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    time_min INTEGER NOT NULL,
    time_max INTEGER NOT NULL,
    source INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX blocks_span ON blocks (first, count, time_min, time_max);
";

/// Events in the log: the position of the last one.
pub fn position(db: &Connection) -> Result<u64> {
    let last: Option<i64> = db
        .prepare_cached("SELECT first + count - 1 FROM blocks ORDER BY first DESC LIMIT 1")
        .db()?
        .query_row([], |r| r.get(0))
        .optional()
        .db()?;
    fits(last.unwrap_or(0))
}

/// Writes the builder's block so that its first event gets position `first`, and empties the builder.
pub fn append(db: &Connection, first: u64, source: u32, builder: &mut Builder) -> Result<()> {
    let (count, (min, max)) = (builder.len(), builder.span());
    let mut insert = db
        .prepare_cached("INSERT INTO blocks (first, count, time_min, time_max, source, payload) VALUES (?,?,?,?,?,?)")
        .db()?;
    insert.execute(params![int(first), int(count as u64), min, max, source, builder.finish()]).db()?;
    builder.clear();
    Ok(())
}

/// An event on replay.
#[derive(Debug)]
pub struct Replayed<'a> {
    pub position: u64,
    pub fixed: Fixed,
    pub name: &'a str,
    pub props: &'a str,
}

/// Calls `each` for every event at a position above `after` and up to `upto`, in order. Answers how many there were.
pub fn replay(db: &Connection, after: u64, upto: u64, mut each: impl FnMut(Replayed<'_>)) -> Result<u64> {
    let names = Names::load(db)?;
    let mut done = 0;
    blocks(db, after, upto, |first, block| {
        let text = block.text()?;
        for (i, fixed) in block.rows.iter().enumerate() {
            let position = first + i as u64;
            if position <= after || position > upto {
                continue;
            }
            let name = names.text(fixed.name).ok_or_else(|| damaged("a name in the event log is unknown"))?;
            each(Replayed { position, fixed: *fixed, name, props: block.props(&text, i)? });
            done += 1;
        }
        Ok(())
    })?;
    Ok(done)
}

/// Calls `each` with the first position and content of every block that holds positions above `after`, up to `upto`.
pub fn blocks(db: &Connection, after: u64, upto: u64, each: impl FnMut(u64, &Block<'_>) -> Result<()>) -> Result<()> {
    blocks_within(db, after, upto, Millis::MIN..Millis::MAX, each)
}

/// The same without the blocks that hold no event of these times.
pub fn blocks_within(
    db: &Connection,
    after: u64,
    upto: u64,
    times: Range<Millis>,
    mut each: impl FnMut(u64, &Block<'_>) -> Result<()>,
) -> Result<()> {
    // The block that holds `after + 1` may begin before it.
    let from: Option<i64> = db
        .prepare_cached("SELECT first FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1")
        .db()?
        .query_row([int(after) + 1], |r| r.get(0))
        .optional()
        .db()?;
    let mut select = db
        .prepare_cached(
            "SELECT first, count, payload FROM blocks WHERE first >= ? AND first <= ? AND time_max >= ? AND time_min <= ? \
             ORDER BY first",
        )
        .db()?;
    let mut found = select.query(params![from.unwrap_or(0), int(upto), times.start, times.end]).db()?;
    while let Some(row) = found.next().db()? {
        let (first, count): (i64, i64) = (row.get(0).db()?, row.get(1).db()?);
        let payload = row.get_ref(2).db()?.as_blob().map_err(|_| damaged("a block has no payload"))?;
        let block = Block::read(payload)?;
        if i64::try_from(block.rows.len()) != Ok(count) {
            return Err(damaged(&format!("the block at {first} does not hold as many events as it says")));
        }
        each(fits(first)?, &block)?;
    }
    Ok(())
}

/// Whether the blocks follow each other without a gap or an overlap; reads only their spans.
pub fn check(db: &Connection) -> Result<u64> {
    let mut select = db.prepare("SELECT first, count FROM blocks INDEXED BY blocks_span ORDER BY first").db()?;
    let mut found = select.query([]).db()?;
    let mut next = 1_i64;
    while let Some(row) = found.next().db()? {
        let (first, count): (i64, i64) = (row.get(0).db()?, row.get(1).db()?);
        if first != next || count < 1 {
            return Err(damaged(&format!("the event log has a gap before position {first}")));
        }
        next = first + count;
    }
    fits(next - 1)
}
