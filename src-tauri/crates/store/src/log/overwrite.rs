//! Events overwritten at their places: the one exception to a log that only grows, for persons who are erased.

use epoch_model::error::Result;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Block, Builder, Fixed};
use crate::fault::{DbResult, damaged, fits, int};

/// What stands in the place of an erased event's properties.
const NOTHING: &str = "{}";

/// Overwrites the events at these positions (in order): name `name`, no unit, no properties. Place, time and id stay, so that
/// nothing moves and who sends the event again is known. `each` sees what was there; events that are overwritten already are
/// passed over.
pub fn overwrite(
    db: &Connection,
    positions: &[u64],
    name: u32,
    mut each: impl FnMut(&Fixed, &str) -> Result<()>,
) -> Result<u64> {
    let (mut done, mut rest) = (0, positions);
    while let Some(position) = rest.first() {
        let found: Option<(i64, Vec<u8>)> = db
            .prepare_cached("SELECT first, payload FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1")
            .db()?
            .query_row([int(*position)], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()
            .db()?;
        let missing = || damaged("an event to be erased is not in the log");
        let (first, payload) = found.ok_or_else(missing)?;
        let block = Block::read(&payload)?;
        let first: u64 = fits(first)?;
        let end = first + block.rows.len() as u64;
        let (here, later) = rest.split_at(rest.partition_point(|p| *p < end));
        if here.is_empty() {
            return Err(missing());
        }
        rest = later;
        let text = block.text()?;
        let mut builder = Builder::default();
        for (i, row) in block.rows.iter().enumerate() {
            let props = block.props(&text, i)?;
            if here.binary_search(&(first + i as u64)).is_err() || row.name == name {
                builder.push(&row.id, row.time, row.received, row.name, row.unit, props);
                continue;
            }
            each(row, props)?;
            done += 1;
            builder.push(&row.id, row.time, row.received, name, 0, NOTHING);
        }
        db.prepare_cached("UPDATE blocks SET payload = ? WHERE first = ?")
            .db()?
            .execute(params![builder.finish(), int(first)])
            .db()?;
    }
    Ok(done)
}
