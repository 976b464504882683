//! One process per business folder: an exclusive lock on `business.lock`, which names its holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use epoch_model::error::{Code, Error, Result};

use crate::fault::IoResult;

/// The lock file's name in the business's folder.
pub const FILE: &str = "business.lock";

/// Held while the file is open; the system releases it when the process dies.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Takes the folder's lock. [`Code::FolderBusy`] with the holder's process id when somebody has it.
pub fn take(dir: &Path) -> Result<FolderLock> {
    let path = dir.join(FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .io("opening the folder's lock")?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).io("writing the folder's lock")?;
            write!(file, "{}", std::process::id()).io("writing the folder's lock")?;
            Ok(FolderLock { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Where locks are mandatory the holder's note cannot be read; the refusal stands all the same.
            let _ = file.read_to_string(&mut holder);
            let holder =
                if holder.trim().is_empty() { "another process".into() } else { format!("process {}", holder.trim()) };
            Err(Error::new(
                Code::FolderBusy,
                format!("{holder} holds this business folder"),
                "use the running one, or stop it first",
            ))
        }
        Err(TryLockError::Error(e)) => Err(e).io("locking the folder"),
    }
}
