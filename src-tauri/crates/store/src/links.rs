//! Which events link two units, beside the log: what a replay needs to join persons without reading texts again.

use epoch_model::error::Result;
use epoch_model::event::{ALIAS, IDENTIFY, MERGE, link};
use rusqlite::{Connection, Rows, Statement, params};

use crate::checkpoint::{get_state, put_state};
use crate::fault::{DbResult, int};
use crate::intern::{Names, Units, unit_text};
use crate::log;

/// `joining` is 0 when the id that joined was erased: what remains is that `unit` was identified.
pub const TABLES: &str = "
CREATE TABLE links (
    position INTEGER PRIMARY KEY,
    joining INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    force INTEGER NOT NULL
) STRICT;
";

/// Set once the events of a log older than this table were looked through.
const COMPLETE: &str = "links_complete";

/// A link at its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    pub position: u64,
    /// The unit that joins, 0 where it was erased.
    pub from: u32,
    pub into: u32,
    pub force: bool,
}

pub fn write(db: &Connection, links: &[Linked]) -> Result<()> {
    if links.is_empty() {
        return Ok(());
    }
    let mut insert =
        db.prepare_cached("INSERT OR REPLACE INTO links (position, joining, unit, force) VALUES (?,?,?,?)").db()?;
    for link in links {
        insert.execute(params![int(link.position), link.from, link.into, link.force]).db()?;
    }
    Ok(())
}

/// The links after a position, in order, one at a time.
pub struct Cursor<'s> {
    rows: Rows<'s>,
    next: Option<Linked>,
}

pub fn after(db: &Connection) -> Result<Statement<'_>> {
    db.prepare("SELECT position, joining, unit, force FROM links WHERE position > ? ORDER BY position").db()
}

impl<'s> Cursor<'s> {
    pub fn start(select: &'s mut Statement<'_>, after: u64) -> Result<Self> {
        let mut cursor = Self { rows: select.query([int(after)]).db()?, next: None };
        cursor.advance()?;
        Ok(cursor)
    }

    fn advance(&mut self) -> Result<()> {
        self.next = match self.rows.next().db()? {
            None => None,
            Some(row) => Some(Linked {
                position: row.get::<_, i64>(0).db()?.unsigned_abs(),
                from: row.get(1).db()?,
                into: row.get(2).db()?,
                force: row.get(3).db()?,
            }),
        };
        Ok(())
    }

    /// The next link at a position up to this one.
    pub fn until(&mut self, position: u64) -> Result<Option<Linked>> {
        let found = self.next.filter(|link| link.position <= position);
        if found.is_some() {
            self.advance()?;
        }
        Ok(found)
    }

    /// The link the event at `position` makes.
    pub fn at(&mut self, position: u64) -> Result<Option<Linked>> {
        let found = self.next.filter(|link| link.position == position);
        if found.is_some() {
            self.advance()?;
        }
        Ok(found)
    }
}

/// The links in which any of these units (in order) takes part, at positions above `after` and up to `upto`.
pub fn of_units(db: &Connection, units: &[u32], after: u64, upto: u64) -> Result<Vec<Linked>> {
    let mut select = self::after(db)?;
    let mut cursor = Cursor::start(&mut select, after)?;
    let mut found = Vec::new();
    while let Some(link) = cursor.next.filter(|link| link.position <= upto) {
        if units.binary_search(&link.from).is_ok() || units.binary_search(&link.into).is_ok() {
            found.push(link);
        }
        cursor.advance()?;
    }
    Ok(found)
}

/// Forgets units: their own links go, and those of others that name them say no longer whom.
pub fn forget(db: &Connection, units: &[u32]) -> Result<()> {
    for link in of_units(db, units, 0, u64::MAX)? {
        let own = units.binary_search(&link.into).is_ok();
        let sql = if own {
            "DELETE FROM links WHERE position = ?"
        } else {
            "UPDATE links SET joining = 0 WHERE position = ?"
        };
        db.prepare_cached(sql).db()?.execute([int(link.position)]).db()?;
    }
    Ok(())
}

/// Looks a log through that is older than this table, once.
pub fn complete(db: &mut Connection) -> Result<()> {
    if get_state::<u64>(db, COMPLETE)?.is_some() {
        return Ok(());
    }
    let tx = db.transaction().db()?;
    let names = Names::load(&tx)?;
    if [IDENTIFY, ALIAS, MERGE].iter().any(|name| names.find(name).is_some()) {
        let mut asked = Vec::new();
        log::replay(&tx, 0, u64::MAX, |event| {
            if matches!(event.name, IDENTIFY | ALIAS | MERGE) {
                let unit = unit_text(&tx, event.fixed.unit);
                asked.push(unit.map(|unit| (event.position, event.fixed.unit, link(event.name, &unit, event.props))));
            }
        })?;
        let mut units = Units::load(&tx)?;
        let mut links = Vec::new();
        for found in asked {
            let (position, into, Some(link)) = found? else { continue };
            links.push(Linked { position, from: units.intern(&link.from)?, into, force: link.force });
        }
        units.write(&tx)?;
        write(&tx, &links)?;
    }
    put_state(&tx, COMPLETE, 1_u64)?;
    tx.commit().db()
}
