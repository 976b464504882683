//! Small commits leave small blocks; once there are enough of them they are packed into few, one run at a time.

use epoch_model::error::Result;
use rusqlite::{Connection, params};

use super::block::{EVENTS_MAX, TEXT_MAX};
use super::{Block, Builder, append};
use crate::fault::{DbResult, damaged, fits, int};

/// A block with fewer events than this is small.
const SMALL: usize = EVENTS_MAX / 2;
/// Blocks looked at in one step.
const WINDOW: usize = 256;
/// Small blocks of one source in a row that are worth packing.
const WORTH: usize = 16;

/// First position, events, source and bytes of a block.
type Span = (u64, usize, u32, usize);

/// What a step of packing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Where the next step goes on: what lies before was packed or stays as it is.
    pub upto: u64,
    /// Whether there may be more to pack at once.
    pub more: bool,
}

/// Packs the first run of small neighbouring blocks of one source from a position on. Positions stay what they were. One
/// short transaction.
pub fn pack_next(db: &mut Connection, builder: &mut Builder, from: u64) -> Result<Packed> {
    let tx = db.transaction().db()?;
    let spans = spans(&tx, from)?;
    let full = spans.len() == WINDOW;
    let after = spans.last().map_or(from, |(first, count, ..)| first + *count as u64);
    let (mut run, mut cut): (Vec<Span>, bool) = (Vec::new(), false);
    for span in spans {
        let small = span.1 < SMALL;
        let fits_in = small
            && run.last().is_none_or(|last| last.2 == span.2)
            && run.iter().map(|r| r.1).sum::<usize>() + span.1 <= EVENTS_MAX
            && run.iter().map(|r| r.3).sum::<usize>() + span.3 <= TEXT_MAX;
        if !fits_in {
            cut = run.len() >= WORTH;
            if cut {
                break;
            }
            run.clear();
        }
        if small {
            run.push(span);
        }
    }
    // A run that the window cut is looked at again as a whole, unless it fills the window. The last one may still grow.
    let worth = run.len() >= WORTH && (cut || !full || run.len() == WINDOW);
    let upto = match run.as_slice() {
        [] => after,
        [.., last] if cut => last.0 + last.1 as u64,
        [first, ..] => first.0,
    };
    if worth {
        pack(&tx, &run, builder)?;
    }
    tx.commit().db()?;
    Ok(Packed { upto, more: cut || full })
}

/// Blocks that begin at a position or later.
fn spans(db: &Connection, from: u64) -> Result<Vec<Span>> {
    let sql = "SELECT first, count, source, length(payload) FROM blocks WHERE first >= ? ORDER BY first LIMIT ?";
    let mut select = db.prepare_cached(sql).db()?;
    let found = select.query_map([int(from), int(WINDOW as u64)], |r| {
        Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get(2)?, r.get::<_, i64>(3)?))
    });
    let mut spans = Vec::new();
    for row in found.db()? {
        let (first, count, source, bytes) = row.db()?;
        spans.push((fits(first)?, fits(count)?, source, fits(bytes)?));
    }
    Ok(spans)
}

fn pack(db: &Connection, run: &[Span], builder: &mut Builder) -> Result<()> {
    let (Some(&(first, _, source, _)), Some(&(last, _, _, _))) = (run.first(), run.last()) else { return Ok(()) };
    builder.clear();
    super::blocks(db, first.saturating_sub(1), last, |_, block: &Block<'_>| {
        let text = block.text()?;
        for (i, row) in block.rows.iter().enumerate() {
            builder.push(&row.id, row.time, row.received, row.name, row.unit, block.props(&text, i)?);
        }
        Ok(())
    })?;
    if builder.len() != run.iter().map(|r| r.1).sum::<usize>() {
        return Err(damaged("small blocks do not add up"));
    }
    db.prepare_cached("DELETE FROM blocks WHERE first BETWEEN ? AND ?")
        .db()?
        .execute(params![int(first), int(last)])
        .db()?;
    append(db, first, source, builder)
}
