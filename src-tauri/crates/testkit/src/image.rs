//! The files of a business as they lie on disk at one moment: what a process that is killed leaves behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use epoch_model::{Code, Error, Result};
use tempfile::TempDir;

/// Name of the database and of its log in the folder.
const DB: &str = "business.db";
const WAL: &str = "business.db-wal";
const STOP: &str = "STOP";
const TOML: &str = "business.toml";

/// A database and its log. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Image {
    /// The database's own pages.
    pub db: Arc<Vec<u8>>,
    /// The log beside it; empty where it was merged.
    pub wal: Arc<Vec<u8>>,
    /// Whether a file named STOP lies in the folder.
    pub stop: bool,
}

fn io(what: &Path, e: &std::io::Error) -> Error {
    Error::new(Code::FileUnreadable, format!("{}: {e}", what.display()), "check the disk and its space")
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| io(path, &e))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|e| io(path, &e)),
    }
}

/// The log of the database in `dir`.
pub fn wal_of(dir: &Path) -> PathBuf {
    dir.join(WAL)
}

/// A temporary folder, in memory where the system offers that: a run writes and reads its files thousands of times.
pub fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.map_err(|e| io(memory, &e))
}

impl Image {
    /// What lies in `dir` now. The caller sees to it that nobody merges the log meanwhile.
    pub fn read(dir: &Path) -> Result<Self> {
        Ok(Self {
            db: Arc::new(read(&dir.join(DB))?),
            wal: Arc::new(read(&dir.join(WAL))?),
            stop: dir.join(STOP).exists(),
        })
    }

    /// Lays the files into an empty folder.
    pub fn lay(&self, dir: &Path) -> Result<()> {
        write(&dir.join(TOML), crate::shop::BUSINESS.as_bytes())?;
        let procedures = dir.join("workflows");
        std::fs::create_dir(&procedures).map_err(|e| io(&procedures, &e))?;
        let file = procedures.join(crate::shop::WORKFLOW).with_extension("toml");
        write(&file, crate::shop::DEFINITION.as_bytes())?;
        write(&dir.join(DB), &self.db)?;
        if !self.wal.is_empty() {
            write(&dir.join(WAL), &self.wal)?;
        }
        if self.stop {
            write(&dir.join(STOP), b"Stopped\n")?;
        }
        Ok(())
    }

    /// The same with the log cut to its first `bytes`.
    pub fn cut(&self, bytes: usize) -> Self {
        Self { wal: Arc::new(self.wal[..bytes.min(self.wal.len())].to_vec()), ..self.clone() }
    }
}
