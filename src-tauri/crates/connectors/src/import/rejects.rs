//! The file of rejected lines: line number, code, reason, the line itself.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use epoch_model::{Code, Error, Result};

use super::types::Checkpoint;

/// Lines listed at most; more are only counted, for the file itself still has them.
const LINES_MAX: u64 = 100_000;

/// Writes rejected lines; the file comes into being with the first.
pub struct Rejects {
    pub path: PathBuf,
    out: Option<BufWriter<File>>,
    pub bytes: u64,
    pub listed: u64,
}

fn failed(path: &Path, e: &std::io::Error) -> Error {
    Error::new(
        Code::DiskFull,
        format!("the rejected lines cannot be written to “{}”: {e}", path.display()),
        "free some space or check the folder’s permissions",
    )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

impl Rejects {
    /// Goes on after a checkpoint, or starts over and removes the list of an earlier import of this file.
    pub fn open(folder: &Path, file: &Path, head: &[u8], resume: Option<&Checkpoint>) -> Result<Self> {
        let name = file.file_name().map_or_else(|| "file".into(), |n| n.to_string_lossy().into_owned());
        let mut hasher = blake3::Hasher::new();
        hasher.update(file.as_os_str().as_encoded_bytes()).update(&[0]).update(head);
        let hash = hasher.finalize().to_hex();
        let path = folder.join(format!("{name}-{}.csv", &hash[..8]));
        let mut found = Self { path, out: None, bytes: 0, listed: 0 };
        match resume.filter(|c| c.rejected_bytes > 0) {
            Some(checkpoint) if fs::metadata(&found.path).is_ok_and(|m| m.len() >= checkpoint.rejected_bytes) => {
                let file = OpenOptions::new().write(true).open(&found.path).map_err(|e| failed(&found.path, &e))?;
                file.set_len(checkpoint.rejected_bytes).map_err(|e| failed(&found.path, &e))?;
                drop(file);
                let file = OpenOptions::new().append(true).open(&found.path).map_err(|e| failed(&found.path, &e))?;
                found.out = Some(BufWriter::new(file));
                (found.bytes, found.listed) = (checkpoint.rejected_bytes, checkpoint.rejected_listed);
            }
            _ => {
                // Not being there is what is wanted.
                let _ = fs::remove_file(&found.path);
            }
        }
        Ok(found)
    }

    /// Adds a line.
    pub fn add(&mut self, line: u64, code: &str, reason: &str, raw: &str) -> Result<()> {
        if self.listed >= LINES_MAX {
            return Ok(());
        }
        let mut text = String::new();
        if self.out.is_none() {
            let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
            fs::create_dir_all(folder).map_err(|e| failed(&self.path, &e))?;
            self.out = Some(BufWriter::new(File::create(&self.path).map_err(|e| failed(&self.path, &e))?));
            text.push_str("line,code,reason,raw\n");
        }
        let row = format!("{line},{code},{},{}\n", quoted(reason), quoted(raw));
        text.push_str(&row);
        if let Some(out) = &mut self.out {
            out.write_all(text.as_bytes()).map_err(|e| failed(&self.path, &e))?;
        }
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        self.listed += 1;
        Ok(())
    }

    /// Hands everything to the file system, before a checkpoint speaks of it.
    pub fn flush(&mut self) -> Result<()> {
        self.out.as_mut().map_or(Ok(()), |out| out.flush().map_err(|e| failed(&self.path, &e)))
    }

    /// Where the list is, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        (self.listed > 0).then(|| self.path.clone())
    }

    /// Whether lines were left out of the list.
    pub fn is_full(&self) -> bool {
        self.listed >= LINES_MAX
    }
}
