//! Watches a folder of exports: `notify` is a hint, the periodic look is the truth.

mod glob;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

pub use scan::Scanner;

/// What to watch.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; may come into being later.
    pub path: PathBuf,
    /// Which files, as a glob over the path within the folder (`*.csv`, `**/orders-?.csv`); all known kinds when absent.
    pub pattern: Option<String>,
    /// Whether folders within are looked into.
    pub subfolders: bool,
    /// Time between two looks; a file must be unchanged for at least this long.
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

enum Wake {
    Look,
    Stop,
}

/// A watched folder. Dropping it stops the watch and waits for the call in progress.
#[derive(Debug)]
pub struct Watch {
    wake: Sender<Wake>,
    thread: Option<JoinHandle<()>>,
}

/// Events come in bursts; one look serves them all.
const BURST: Duration = Duration::from_millis(200);

impl Watch {
    /// Starts watching in a thread of its own. Fails with `config_invalid` for an invalid pattern.
    pub fn start(options: Options, mut keeper: impl Keeper + 'static) -> Result<Self> {
        if options.every.is_zero() {
            return Err(Error::new(
                Code::ConfigInvalid,
                "the time between two looks is zero",
                "give it a second or more",
            ));
        }
        let (wake, woken) = channel();
        let hint = wake.clone();
        let run = move || {
            let (begun, every) = (Instant::now(), options.every);
            let mut scanner = Scanner::new(options);
            let mut watcher = None;
            loop {
                // The folder may come into being later, so this is tried until it succeeds.
                if watcher.is_none() {
                    watcher = hints(scanner.options(), hint.clone());
                }
                scanner.look(begun.elapsed(), &mut keeper);
                match woken.recv_timeout(every) {
                    Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Ok(Wake::Look) => std::thread::sleep(BURST.min(every)),
                }
                if woken.try_iter().any(|w| matches!(w, Wake::Stop)) {
                    return;
                }
            }
        };
        let failed =
            |e: std::io::Error| Error::new(Code::Internal, format!("no thread could be started: {e}"), "try again");
        let thread = std::thread::Builder::new().name("folder-watch".into()).spawn(run).map_err(failed)?;
        Ok(Self { wake, thread: Some(thread) })
    }

    /// Looks at once instead of at the end of the pause.
    pub fn look_now(&self) {
        // A watch that has ended needs no waking.
        let _ = self.wake.send(Wake::Look);
    }

    /// Stops and waits for the call in progress.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            // A keeper that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// Changes in the folder wake the watch; without them (no such facility, too many watches) it just looks in its own time.
fn hints(options: &Options, wake: Sender<Wake>) -> Option<RecommendedWatcher> {
    let mode = if options.subfolders { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !e.kind.is_access()) {
            let _ = wake.send(Wake::Look);
        }
    };
    let mut watcher = notify::recommended_watcher(on_event).ok()?;
    watcher.watch(&options.path, mode).ok()?;
    Some(watcher)
}
