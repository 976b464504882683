//! The bytes of a file: gzip unwrapped, limited to what was there at the start, and guarded against being cut or replaced.

use std::cell::Cell;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use epoch_model::{Code, Error, Result};
use flate2::read::MultiGzDecoder;

/// How much of the start is compared when the file was touched while it was read.
const HEAD_BYTES: usize = 4096;
/// Read at once from disk.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file as it was when it was opened.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    file: File,
    pub len: u64,
    modified: Option<SystemTime>,
    inode: u64,
    head: Vec<u8>,
    pub gzip: bool,
    read: Rc<Cell<u64>>,
}

/// What happened to a file since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    None,
    /// Bytes were appended.
    Grown,
}

pub fn unreadable(path: &Path, why: &str, hint: &str) -> Error {
    Error::new(Code::FileUnreadable, format!("“{}” {why}", path.display()), hint)
}

fn io_error(path: &Path, e: &io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::NotFound => Error::new(
            Code::NotFound,
            format!("“{}” does not exist", path.display()),
            "check the path; the file may have been moved",
        ),
        io::ErrorKind::PermissionDenied => unreadable(path, "may not be read by this user", "change its permissions"),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            unreadable(path, &format!("is damaged or not complete ({e})"), "export or copy it again, then import again")
        }
        _ => unreadable(path, &format!("cannot be read: {e}"), "check the disk and the path"),
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    meta.ino()
}

#[cfg(not(unix))]
fn inode(_meta: &Metadata) -> u64 {
    0
}

impl Source {
    /// Opens a regular file. Fails with [`Code::NotFound`] or [`Code::FileUnreadable`].
    pub fn open(path: &Path) -> Result<Self> {
        let kind = std::fs::metadata(path).map_err(|e| io_error(path, &e))?;
        if !kind.is_file() {
            return Err(unreadable(path, "is not a file", "choose a file; a folder is watched, not imported"));
        }
        let mut file = File::open(path).map_err(|e| io_error(path, &e))?;
        let meta = file.metadata().map_err(|e| io_error(path, &e))?;
        let mut head = vec![0; HEAD_BYTES];
        let n = read_full(&mut file, &mut head).map_err(|e| io_error(path, &e))?;
        head.truncate(n);
        let gzip = head.starts_with(&[0x1f, 0x8b]);
        Ok(Self {
            path: path.to_owned(),
            file,
            len: meta.len(),
            modified: meta.modified().ok(),
            inode: inode(&meta),
            head,
            gzip,
            read: Rc::default(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first bytes, as on disk.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Bytes read from disk so far by readers of this source.
    pub fn bytes_read(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.read)
    }

    pub fn fail(&self, e: &io::Error) -> Error {
        io_error(&self.path, e)
    }

    /// Reads from `offset` on disk up to the length the file had when opened, gzip unwrapped.
    pub fn reader(&self, offset: u64) -> Result<Box<dyn Read>> {
        let mut file = self.file.try_clone().map_err(|e| self.fail(&e))?;
        file.seek(SeekFrom::Start(offset)).map_err(|e| self.fail(&e))?;
        self.read.set(offset);
        let counted = Counted { file, left: self.len.saturating_sub(offset), read: Rc::clone(&self.read) };
        if self.gzip {
            return Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, counted))));
        }
        Ok(Box::new(counted))
    }

    /// Compares the file on disk with the one that was opened. Fails with [`Code::FileUnreadable`] when it was cut, replaced
    /// or changed in place.
    pub fn check(&self) -> Result<Change> {
        let again = "nothing wrong was recorded; import it again once it is complete";
        let meta = std::fs::metadata(&self.path)
            .map_err(|_| unreadable(&self.path, "was removed while it was read", again))?;
        if inode(&meta) != self.inode {
            return Err(unreadable(&self.path, "was replaced while it was read", again));
        }
        if meta.len() < self.len {
            return Err(unreadable(&self.path, "was cut while it was read", again));
        }
        if meta.modified().ok() == self.modified && meta.len() == self.len {
            return Ok(Change::None);
        }
        let mut file = File::open(&self.path).map_err(|e| self.fail(&e))?;
        let mut head = vec![0; self.head.len()];
        let n = read_full(&mut file, &mut head).map_err(|e| self.fail(&e))?;
        if n < self.head.len() || head != self.head || meta.len() == self.len {
            return Err(unreadable(&self.path, "was changed while it was read", again));
        }
        Ok(Change::Grown)
    }
}

/// Fills `buf` as far as the reader goes.
pub fn read_full(reader: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match reader.read(&mut buf[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

struct Counted {
    file: File,
    left: u64,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        if most == 0 {
            return Ok(0);
        }
        let n = self.file.read(&mut buf[..most])?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        self.left = self.left.saturating_sub(n as u64);
        self.read.set(self.read.get().saturating_add(n as u64));
        Ok(n)
    }
}
