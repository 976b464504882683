//! Small commits leave small blocks; once there are enough of them they are packed into few.

use epoch_model::error::Result;
use rusqlite::{Connection, params};

use super::block::{EVENTS_MAX, TEXT_MAX};
use super::{Block, Builder, append};
use crate::fault::{DbResult, damaged, fits, int};

/// A block with fewer events than this is small.
const SMALL: usize = EVENTS_MAX / 2;
/// How far back small blocks are looked for: they are made at the right edge only.
const WINDOW: u64 = 4096;
/// Small blocks of one source in a row that are worth packing.
const WORTH: usize = 16;

/// Packs runs of small neighbouring blocks of one source. Positions stay what they were. One transaction; answers how many
/// blocks there are fewer.
pub fn merge_small(db: &mut Connection, builder: &mut Builder) -> Result<usize> {
    let tx = db.transaction().db()?;
    let spans: Vec<(u64, usize, u32, usize)> = {
        let mut select = tx
            .prepare_cached("SELECT first, count, source, length(payload) FROM blocks ORDER BY first DESC LIMIT ?")
            .db()?;
        let found = select.query_map([int(WINDOW)], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get(2)?, r.get::<_, i64>(3)?))
        });
        let mut spans = Vec::new();
        for row in found.db()? {
            let (first, count, source, bytes) = row.db()?;
            spans.push((fits(first)?, fits(count)?, source, fits(bytes)?));
        }
        spans.reverse();
        spans
    };
    let mut saved = 0;
    let mut run: Vec<(u64, usize, u32, usize)> = Vec::new();
    for span in spans.into_iter().map(Some).chain([None]) {
        let fits_in = span.is_some_and(|(_, count, source, bytes)| {
            count < SMALL
                && run.last().is_none_or(|last| last.2 == source)
                && run.iter().map(|r| r.1).sum::<usize>() + count <= EVENTS_MAX
                && run.iter().map(|r| r.3).sum::<usize>() + bytes <= TEXT_MAX
        });
        if !fits_in {
            if run.len() >= WORTH {
                saved += run.len() - 1;
                pack(&tx, &run, builder)?;
            }
            run.clear();
        }
        if let Some(span) = span
            && span.1 < SMALL
        {
            run.push(span);
        }
    }
    tx.commit().db()?;
    Ok(saved)
}

fn pack(db: &Connection, run: &[(u64, usize, u32, usize)], builder: &mut Builder) -> Result<()> {
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
