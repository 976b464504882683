//! Watches a folder of exports: `notify` is a hint, the periodic look is the truth.

use std::path::{Path, PathBuf};
use std::time::Duration;

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};

/// What to watch.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; may come into being later.
    pub path: PathBuf,
    /// Which files, as a glob over the path within the folder (`*.csv`, `**/orders-?.csv`); all known kinds when absent.
    pub pattern: Option<String>,
    /// Whether folders within are looked into.
    pub subfolders: bool,
    /// Time between two looks; a file must be unchanged over two of them.
    pub every: Duration,
}

/// Size and time of last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub bytes: u64,
    /// Milliseconds since 1970; 0 where the file system has none.
    pub modified: Millis,
}

/// A file that did not change over two looks and whose content is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub path: PathBuf,
    pub stat: Stat,
    /// BLAKE3 of the content, hex.
    pub fingerprint: String,
}

/// What the watch asks of its owner. Called from the watch's own thread, one call at a time.
pub trait Keeper: Send {
    /// Whether this very path with this size and time was imported (saves reading it after a restart).
    fn seen_stat(&mut self, _path: &Path, _stat: Stat) -> bool {
        false
    }
    /// Whether this content was imported, under whatever name.
    fn seen_content(&mut self, fingerprint: &str) -> bool;
    /// Imports the file and remembers it. On `Err` it is tried again later, with growing pauses.
    fn settled(&mut self, file: &Settled) -> Result<()>;
    /// Something about this path is wrong; said once until it changes.
    fn problem(&mut self, path: &Path, error: &Error);
    /// The problem said before is gone.
    fn solved(&mut self, _path: &Path) {}
}

/// A watched folder. Dropping it stops the watch and waits for the call in progress.
#[derive(Debug)]
pub struct Watch {}

impl Watch {
    /// Starts watching in a thread of its own.
    pub fn start(_options: Options, _keeper: impl Keeper + 'static) -> Result<Self> {
        Err(Error::new(Code::Internal, "watching is not there yet", "wait for it"))
    }
    /// Looks at once instead of at the end of the pause.
    pub fn look_now(&self) {}
    /// Stops and waits for the call in progress.
    pub fn stop(self) {}
}
