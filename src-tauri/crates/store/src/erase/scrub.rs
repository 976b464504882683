//! Deleted text taken out of the file's bytes.
//!
//! Rows that are deleted or grow are overwritten with zeros where they lay (`secure_delete=FAST`); what is left are whole
//! pages that nothing uses any more. They are taken into use once more, filled with zeros, and given back.

use epoch_model::error::Result;
use rusqlite::Connection;

use crate::checkpoint::get_state;
use crate::fault::DbResult;

/// Pages zeroed in one transaction: 8 MiB.
const PAGES: i64 = 512;
const RESIDUE: &str = "residue";

fn pragma(db: &Connection, name: &str) -> Result<i64> {
    db.pragma_query_value(None, name, |r| r.get(0)).db()
}

/// Fills some unused pages with zeros. `true` when none is left.
pub fn fill(db: &Connection) -> Result<bool> {
    db.execute_batch("CREATE TABLE IF NOT EXISTS scrub (id INTEGER PRIMARY KEY, zeros BLOB NOT NULL)").db()?;
    let free = pragma(db, "freelist_count")?;
    if free > 0 {
        let room = pragma(db, "page_size")? - 64;
        let pages = free.min(PAGES);
        db.execute("INSERT INTO scrub (zeros) VALUES (zeroblob(?))", [pages * room]).db()?;
    }
    Ok(pragma(db, "freelist_count")? == 0)
}

/// Gives some of the zeroed pages back. `true` when all are.
pub fn release(db: &Connection) -> Result<bool> {
    let removed = db.execute("DELETE FROM scrub WHERE id = (SELECT min(id) FROM scrub)", []).db()?;
    if removed > 0 {
        return Ok(false);
    }
    db.execute_batch("DROP TABLE IF EXISTS scrub").db()?;
    Ok(true)
}

/// Whether older versions may have left deleted text between rows.
pub fn has_residue(db: &Connection) -> Result<bool> {
    Ok(get_state::<u64>(db, RESIDUE)?.is_some())
}

/// All of it, while nobody else works with the file.
pub fn whole(db: &mut Connection) -> Result<()> {
    for step in [fill, release] {
        loop {
            let tx = db.transaction().db()?;
            let done = step(&tx)?;
            tx.commit().db()?;
            if done {
                break;
            }
        }
    }
    if has_residue(db)? {
        remove_residue(db)?;
    }
    empty_wal(db).map(|_| ())
}

/// Writes the whole file anew, once in its life, and only when an older version wrote it.
pub fn remove_residue(db: &Connection) -> Result<()> {
    db.execute_batch("VACUUM").db()?;
    db.execute("DELETE FROM state WHERE key = ?", [RESIDUE]).db()?;
    Ok(())
}

/// Empties the write-ahead log. `false` when somebody still reads what it holds: then try again later.
pub fn empty_wal(db: &Connection) -> Result<bool> {
    // Not waiting for readers: whoever writes would wait, too.
    db.busy_timeout(std::time::Duration::ZERO).db()?;
    let busy: rusqlite::Result<i64> = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0));
    db.busy_timeout(crate::db::PATIENCE).db()?;
    busy.db().map(|busy| busy == 0)
}
