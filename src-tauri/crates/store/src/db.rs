//! Opening the database file: pragmas, schema, versions.

use std::path::{Path, PathBuf};

use epoch_model::error::{Code, Error, Result};
use rusqlite::{Connection, OpenFlags};

use crate::fault::{DbResult, int};

/// The file's name in the business's folder.
pub const FILE: &str = "business.db";
/// `EPOC`: marks the file as ours.
const APPLICATION_ID: i32 = 0x4550_4F43;

/// How long a connection waits for another one.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Every step from one schema version to the next; each table's SQL stands beside the code that owns it.
const MIGRATIONS: &[&[&str]] = &[
    &[
        crate::log::TABLES,
        crate::intern::TABLES,
        crate::ids::TABLES,
        crate::sources::TABLES,
        crate::checkpoint::TABLES,
        crate::journal::TABLES,
        crate::documents::TABLES,
        crate::outbox::TABLES,
        crate::changes::TABLES,
        crate::records::TABLES,
    ],
    &[crate::records::CLIENT_KEYS],
    &[crate::links::TABLES, crate::erase::TABLES, crate::sources::REPLAYED],
    &[crate::checkpoint::STAGE],
    &[crate::experiments::kept::TABLES],
    &[crate::workflows::TABLES],
];

/// The database of a business's folder.
pub fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Opens for writing, makes or migrates the schema.
pub fn open_writer(path: &Path) -> Result<Connection> {
    let mut db = Connection::open(path).db()?;
    db.busy_timeout(PATIENCE).db()?;
    // Large rows: bigger pages mean fewer of them to link, checksum and look up.
    db.pragma_update(None, "page_size", 16384).db()?;
    db.pragma_update(None, "auto_vacuum", "NONE").db()?;
    db.pragma_update(None, "journal_mode", "WAL").db()?;
    db.pragma_update(None, "synchronous", "FULL").db()?;
    db.pragma_update(None, "wal_autocheckpoint", 4096).db()?;
    db.pragma_update(None, "journal_size_limit", 256 << 20).db()?;
    db.pragma_update(None, "cache_size", -32768).db()?;
    db.pragma_update(None, "temp_store", "MEMORY").db()?;
    // Deleted text leaves no trace in the pages that are written anyway; see `erase::scrub` for the rest.
    db.pragma_update(None, "secure_delete", "FAST").db()?;
    db.set_prepared_statement_cache_capacity(64);
    migrate(&mut db)?;
    Ok(db)
}

/// Bounds the file's size on this connection; more is an error of a full disk.
pub fn bound(db: &Connection, bytes_max: Option<u64>) -> Result<()> {
    let Some(bytes_max) = bytes_max else { return Ok(()) };
    let page: u64 = db.pragma_query_value(None, "page_size", |r| r.get::<_, i64>(0)).db()?.unsigned_abs().max(1);
    let pages = int(bytes_max / page);
    db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).db()
}

/// Opens for reading only.
pub fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).db()?;
    db.busy_timeout(PATIENCE).db()?;
    db.pragma_update(None, "query_only", true).db()?;
    db.set_prepared_statement_cache_capacity(64);
    check_version(&db)?;
    Ok(db)
}

/// Whether the schema is the one of today.
pub fn is_current(db: &Connection) -> Result<bool> {
    Ok(check_version(db)? == MIGRATIONS.len())
}

/// The schema's version, after checking that the file is ours and not newer. 0 for an empty file.
pub fn check_version(db: &Connection) -> Result<usize> {
    let id: i32 = db.pragma_query_value(None, "application_id", |r| r.get(0)).db()?;
    let version: u32 = db.pragma_query_value(None, "user_version", |r| r.get(0)).db()?;
    let version = version as usize;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).db()?;
    if tables > 0 && id != APPLICATION_ID {
        return Err(Error::new(
            Code::StoreDamaged,
            format!("{FILE} is a database of another program"),
            "check that this is the business's folder",
        ));
    }
    if version > MIGRATIONS.len() {
        return Err(Error::new(
            Code::StoreDamaged,
            format!("{FILE} was written by a newer version (schema {version}, known {})", MIGRATIONS.len()),
            "use the newer version, or restore a backup made before the update",
        ));
    }
    Ok(version)
}

fn migrate(db: &mut Connection) -> Result<()> {
    let version = check_version(db)?;
    for (done, steps) in MIGRATIONS.iter().enumerate().skip(version) {
        let tx = db.transaction().db()?;
        for sql in *steps {
            tx.execute_batch(sql).db()?;
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID).db()?;
        tx.pragma_update(None, "user_version", int(done as u64 + 1)).db()?;
        tx.commit().db()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_first_schema_live_on_beside_new_kinds() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join(FILE);
        let db = Connection::open(&file).expect("a database");
        for sql in MIGRATIONS[0] {
            db.execute_batch(sql).expect("the first schema");
        }
        db.execute_batch("INSERT INTO gateway_keys VALUES ('sdk', 'write', 'sdk', 'aa', 'phc_', 1, NULL)")
            .expect("a key");
        db.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
        db.pragma_update(None, "user_version", 1).expect("a version");
        drop(db);
        let db = open_writer(&file).expect("the schema of today");
        let add = |kind| db.execute("INSERT INTO gateway_keys VALUES (?1, ?1, 's', ?1, 'p', 1, NULL)", [kind]);
        assert!(add("client").is_ok() && add("write").is_ok() && add("root").is_err());
        let kinds: i64 =
            db.query_row("SELECT count(DISTINCT kind) FROM gateway_keys", [], |r| r.get(0)).expect("a row");
        let old: String = db.query_row("SELECT hash FROM gateway_keys WHERE id = 'sdk'", [], |r| r.get(0)).expect("it");
        assert_eq!((kinds, old.as_str()), (2, "aa"));
    }
}
