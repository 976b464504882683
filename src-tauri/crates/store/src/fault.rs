//! SQLite's and the file system's errors as the closed codes.

use epoch_model::error::{Code, Error, Result};
use rusqlite::ErrorCode;

/// `.db()` on what rusqlite answers.
pub trait DbResult<T> {
    fn db(self) -> Result<T>;
}

impl<T> DbResult<T> for rusqlite::Result<T> {
    fn db(self) -> Result<T> {
        self.map_err(|e| from_sqlite(&e))
    }
}

/// `.io("what was done")` on what the file system answers.
pub trait IoResult<T> {
    fn io(self, doing: &str) -> Result<T>;
}

impl<T> IoResult<T> for std::io::Result<T> {
    fn io(self, doing: &str) -> Result<T> {
        self.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("{doing}: {e}"), "check the path"),
            _ => Error::new(Code::DiskFull, format!("{doing}: {e}"), "check free space and permissions of the folder"),
        })
    }
}

fn from_sqlite(e: &rusqlite::Error) -> Error {
    let code = e.sqlite_error_code();
    match code {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => Error::new(
            Code::DiskFull,
            format!("the business's database cannot be written: {e}"),
            "free some space or check the folder's permissions; what was not acknowledged is sent again",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(&format!("SQLite says: {e}")),
        _ => Error::new(
            Code::Internal,
            format!("the database refused: {e}"),
            "the log has the details; run `ras doctor`",
        ),
    }
}

/// A store whose content contradicts itself.
pub fn damaged(what: &str) -> Error {
    Error::new(
        Code::StoreDamaged,
        format!("the business's database is damaged: {what}"),
        "run `ras doctor`, then restore the last backup",
    )
}

/// Answered by everything that writes, once the store is closed or was opened for reading.
pub fn closed() -> Error {
    Error::new(Code::WrongState, "the store is closed or open for reading only", "open it for writing")
}

/// An integer column or length that does not fit its type: content that nobody of us wrote.
pub fn fits<T, U: TryFrom<T>>(value: T) -> Result<U> {
    U::try_from(value).map_err(|_| damaged("a number is out of range"))
}

/// A number as SQLite keeps it. Counts and positions stay far below 2^63.
pub fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
