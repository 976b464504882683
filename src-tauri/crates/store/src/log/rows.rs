//! Drill-down: the events behind a number, newest in the log first.

use epoch_model::error::Result;
use epoch_model::time::Millis;
use rusqlite::{Connection, params};

use super::Block;
use crate::fault::{DbResult, damaged, fits, int};
use crate::intern::{Names, unit_text};
use crate::types::{EventRow, RowsPage, RowsQuery};

/// Most rows of a page.
const LIMIT_MAX: usize = 1000;
/// Blocks opened for one page, found or not.
const BLOCKS_MAX: usize = 2000;

/// Earliest and latest event time.
pub fn span(db: &Connection) -> Result<Option<(Millis, Millis)>> {
    let sql = "SELECT min(time_min), max(time_max) FROM blocks INDEXED BY blocks_span";
    let (min, max): (Option<Millis>, Option<Millis>) = db.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).db()?;
    Ok(min.zip(max))
}

/// A page of the events that `matches(name, props)` says yes to.
pub fn rows(db: &Connection, query: &RowsQuery, matches: impl Fn(&str, &str) -> bool) -> Result<RowsPage> {
    let names = Names::load(db)?;
    let wanted = match &query.name {
        None => None,
        Some(text) => match names.find(text) {
            Some(id) => Some(id),
            None => return Ok(RowsPage::default()),
        },
    };
    let limit = query.limit.clamp(1, LIMIT_MAX);
    let mut page = RowsPage::default();
    let mut before = query.cursor.unwrap_or(u64::MAX);
    let mut candidates = db
        .prepare_cached(
            "SELECT first FROM blocks INDEXED BY blocks_span \
             WHERE first < ?1 AND time_max >= ?2 AND time_min < ?3 ORDER BY first DESC",
        )
        .db()?;
    let mut found = candidates.query(params![int(before), query.from, query.to]).db()?;
    let mut opened = 0;
    while let Some(row) = found.next().db()? {
        let first: i64 = row.get(0).db()?;
        if opened >= BLOCKS_MAX {
            page.next = Some(before);
            return Ok(page);
        }
        opened += 1;
        if !read_block(db, fits(first)?, &mut before, query, wanted, &names, &matches, limit, &mut page)? {
            page.next = Some(before);
            return Ok(page);
        }
    }
    Ok(page)
}

/// Adds a block's matching events, last first; `false` when the page is full. `before` becomes the position above which
/// everything was looked at.
#[expect(clippy::too_many_arguments, reason = "the loop body of `rows`, its state spelled out")]
fn read_block(
    db: &Connection,
    first: u64,
    before: &mut u64,
    query: &RowsQuery,
    wanted: Option<u32>,
    names: &Names,
    matches: &impl Fn(&str, &str) -> bool,
    limit: usize,
    page: &mut RowsPage,
) -> Result<bool> {
    let mut select = db
        .prepare_cached(
            "SELECT b.payload, s.key FROM blocks b LEFT JOIN sources s ON s.id = b.source WHERE b.first = ?",
        )
        .db()?;
    let mut found = select.query([int(first)]).db()?;
    let Some(row) = found.next().db()? else { return Ok(true) };
    let payload = row.get_ref(0).db()?.as_blob().map_err(|_| damaged("a block has no payload"))?;
    let source: Option<String> = row.get(1).db()?;
    let block = Block::read(payload)?;
    let fits_query = |i: usize| {
        let fixed = &block.rows[i];
        first + (i as u64) < *before
            && (query.from..query.to).contains(&fixed.time)
            && wanted.is_none_or(|name| name == fixed.name)
    };
    let hits: Vec<usize> = (0..block.rows.len()).rev().filter(|i| fits_query(*i)).collect();
    page.scanned += block.rows.len() as u64;
    if !hits.is_empty() {
        let text = block.text()?;
        for i in hits {
            let fixed = block.rows[i];
            let name = names.text(fixed.name).ok_or_else(|| damaged("a name in the event log is unknown"))?;
            let props = block.props(&text, i)?;
            if !matches(name, props) {
                continue;
            }
            if page.rows.len() >= limit {
                return Ok(false);
            }
            let position = first + i as u64;
            page.rows.push(EventRow {
                position,
                id: fixed.id,
                time: fixed.time,
                received: fixed.received,
                source: source.clone().unwrap_or_default(),
                name: name.to_owned(),
                unit: unit_text(db, fixed.unit)?,
                props: props.to_owned(),
            });
            *before = position;
        }
    }
    *before = (*before).min(first);
    Ok(true)
}
