//! Care of the file: checks at start, backup, restore, doctor.

use std::fs;
use std::path::{Path, PathBuf};

use epoch_model::error::{Code, Error, Result};
use rusqlite::{Connection, backup};

use crate::fault::{DbResult, IoResult, damaged};
use crate::types::Check;
use crate::{checkpoint, db, journal, lock, log};

/// Files up to this size are checked page by page at every start; larger ones by the doctor.
const QUICK_CHECK_BYTES: u64 = 64 << 20;

/// Finds damage before it is built upon.
pub fn check_at_start(connection: &Connection, path: &Path) -> Result<()> {
    let bytes = fs::metadata(path).map_or(0, |m| m.len());
    if bytes <= QUICK_CHECK_BYTES {
        page_check(connection, "quick_check")?;
    }
    log::check(connection).map(|_| ())
}

fn page_check(connection: &Connection, pragma: &str) -> Result<()> {
    let found: String = connection.query_row(&format!("PRAGMA {pragma}(1)"), [], |r| r.get(0)).db()?;
    if found == "ok" { Ok(()) } else { Err(damaged(&found)) }
}

/// Everything a copy must fulfil.
fn check_whole(connection: &Connection) -> Result<()> {
    db::check_version(connection)?;
    page_check(connection, "integrity_check")?;
    log::check(connection)?;
    match journal::verify(connection, None)?.problem {
        None => Ok(()),
        Some(problem) => Err(Error::new(Code::AuditBroken, problem.what, "restore an earlier backup")),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Copies what `from` reads to a single checked file at `to`.
pub fn backup(from: &Connection, to: &Path) -> Result<()> {
    let part = beside(to, ".part");
    remove(&part)?;
    let made = copy(from, &part);
    if made.is_err() {
        // The cause is told; a leftover that cannot be removed either is overwritten by the next attempt.
        let _ = remove(&part);
    }
    made?;
    fs::rename(&part, to).io("putting the backup in its place")
}

fn copy(from: &Connection, part: &Path) -> Result<()> {
    let mut into = Connection::open(part).db()?;
    // In one step: a writer beside it would make it begin again at every step.
    backup::Backup::new(from, &mut into).db()?.step(-1).db()?;
    into.pragma_update(None, "journal_mode", "DELETE").db()?;
    check_whole(&into)?;
    into.close().map_err(|(_, e)| e).db()?;
    fs::File::open(part).and_then(|f| f.sync_all()).io("writing the backup")
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e).io("removing an old file"),
        _ => Ok(()),
    }
}

/// Puts a checked backup in the place of the folder's database.
pub fn restore(from: &Path, dir: &Path) -> Result<()> {
    if !from.is_file() {
        return Err(Error::new(Code::NotFound, format!("there is no backup {}", from.display()), "check the path"));
    }
    fs::create_dir_all(dir).io("making the folder")?;
    let _lock = lock::take(dir)?;
    let target = db::path(dir);
    let part = beside(&target, ".restoring");
    remove(&part)?;
    fs::copy(from, &part).io("copying the backup")?;
    let checked = Connection::open(&part).db().and_then(|copy| {
        check_whole(&copy)?;
        copy.close().map_err(|(_, e)| e).db()
    });
    if let Err(e) = checked {
        let _ = remove(&part);
        return Err(e);
    }
    fs::File::open(&part).and_then(|f| f.sync_all()).io("writing the restored database")?;
    for suffix in ["", "-wal"] {
        let (old, kept) = (beside(&target, suffix), beside(&target, &format!(".before-restore{suffix}")));
        remove(&kept)?;
        if old.exists() {
            fs::rename(&old, &kept).io("keeping the old database")?;
        }
    }
    remove(&beside(&target, "-shm"))?;
    fs::rename(&part, &target).io("putting the backup in its place")
}

/// Examines a folder without changing it.
pub fn doctor(dir: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut tell = |name: &str, outcome: Result<String>| {
        let ok = outcome.is_ok();
        let (detail, hint) = match outcome {
            Ok(detail) => (detail, String::new()),
            Err(e) => (e.message, e.hint),
        };
        checks.push(Check { name: name.into(), ok, detail, hint });
        ok
    };
    let path = db::path(dir);
    let missing =
        || Error::new(Code::NotABusiness, format!("there is no {} here", db::FILE), "make a business with `ras init`");
    if !tell("database", path.is_file().then(|| path.display().to_string()).ok_or_else(missing)) {
        return checks;
    }
    let holder = lock::take(dir).map(|_| "nobody has it open".to_owned());
    // A running process is no fault.
    tell("holder", holder.or_else(|e| if e.code == Code::FolderBusy { Ok(e.message) } else { Err(e) }));
    let opened = db::open_reader(&path);
    let version = opened.as_ref().map_err(Clone::clone).and_then(db::check_version);
    if !tell("schema", version.map(|v| format!("version {v}"))) {
        return checks;
    }
    let Ok(connection) = opened else { return checks };
    let connection = &connection;
    tell("pages", page_check(connection, "integrity_check").map(|()| "sound".into()));
    tell("event log", read_log(connection));
    tell("duplicate recognition", check_ids(connection));
    tell("checkpoint", check_stage(connection));
    tell("journal", check_journal(connection));
    tell("effects", check_outbox(connection));
    let wal = fs::metadata(beside(&path, "-wal")).map_or(0, |m| m.len());
    let bytes = fs::metadata(&path).map_or(0, |m| m.len());
    tell("size", Ok(format!("{} MiB, {} MiB not yet folded in", bytes >> 20, wal >> 20)));
    checks
}

fn read_log(connection: &Connection) -> Result<String> {
    let tx = connection.unchecked_transaction().db()?;
    let events = log::check(&tx)?;
    let read = log::replay(&tx, 0, u64::MAX, |_| ())?;
    let counted: i64 = tx.query_row("SELECT coalesce(sum(count), 0) FROM names", [], |r| r.get(0)).db()?;
    if read != events || counted.unsigned_abs() != events {
        return Err(damaged(&format!("the log has {events} events, {read} can be read, {counted} are counted")));
    }
    Ok(format!("{events} events, all readable"))
}

fn check_ids(connection: &Connection) -> Result<String> {
    let tx = connection.unchecked_transaction().db()?;
    let (in_runs, upto) = crate::ids::stored(&tx)?;
    if in_runs != upto {
        return Err(damaged(&format!("{in_runs} event ids are kept for {upto} events")));
    }
    Ok(format!("{in_runs} ids in runs"))
}

fn check_stage(connection: &Connection) -> Result<String> {
    let tx = connection.unchecked_transaction().db()?;
    Ok(format!("{} records wait for their place", checkpoint::check(&tx)?))
}

fn check_journal(connection: &Connection) -> Result<String> {
    let report = journal::verify(connection, None)?;
    match report.problem {
        None => Ok(format!("{} rows in order", report.rows)),
        Some(problem) => Err(Error::new(Code::AuditBroken, problem.what, "compare with a backup")),
    }
}

fn check_outbox(connection: &Connection) -> Result<String> {
    let sql = "SELECT count(*) FROM outbox WHERE state = 'in_doubt'";
    let doubtful: i64 = connection.query_row(sql, [], |r| r.get(0)).db()?;
    if doubtful == 0 {
        return Ok("none in doubt".into());
    }
    Err(Error::new(
        Code::WrongState,
        format!("of {doubtful} effects it is not known whether they arrived"),
        "look at the receiver, then answer their decisions",
    ))
}
