//! One look after the other at a folder: which files are settled, which content is new. Reads no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use epoch_model::{Code, Error};

use super::{Keeper, Options, Settled, Stat, glob};

/// Files looked after at most.
const FILES_MAX: usize = 100_000;
const DEPTH_MAX: usize = 32;
/// A file that grows without a rest is imported as far as it is, after this many times `every`.
const RESTLESS: u32 = 10;
/// The longest pause between two tries, in times of `every`.
const PAUSE_MAX: u32 = 64;
const KINDS: [&str; 8] = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "xlsx", "log"];

struct Entry {
    stat: Stat,
    /// Since when it is as it is.
    since: Duration,
    /// Since when it has been changing.
    restless_since: Duration,
    done: bool,
    tries: u32,
    not_before: Duration,
}

/// What is known about the files of a folder.
pub struct Scanner {
    options: Options,
    files: BTreeMap<PathBuf, Entry>,
    problems: BTreeMap<PathBuf, Error>,
}

impl Scanner {
    pub fn new(options: Options) -> Self {
        Self { options, files: BTreeMap::new(), problems: BTreeMap::new() }
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Looks once. `now` is any clock that only goes forward.
    pub fn look(&mut self, now: Duration, keeper: &mut dyn Keeper) {
        let (mut found, mut failed) = (BTreeMap::new(), BTreeMap::new());
        let mut visited = BTreeSet::new();
        let root = self.options.path.clone();
        self.walk(&root, 0, &mut visited, &mut found, &mut failed);
        self.files.retain(|path, _| found.contains_key(path));
        for (path, stat) in found {
            self.one(&path, stat, now, keeper, &mut failed);
        }
        let solved: Vec<PathBuf> = self.problems.keys().filter(|p| !failed.contains_key(*p)).cloned().collect();
        for path in solved {
            self.problems.remove(&path);
            keeper.solved(&path);
        }
        for (path, error) in failed {
            if self.problems.get(&path) != Some(&error) {
                keeper.problem(&path, &error);
                self.problems.insert(path, error);
            }
        }
    }

    fn walk(
        &self,
        folder: &Path,
        depth: usize,
        visited: &mut BTreeSet<PathBuf>,
        found: &mut BTreeMap<PathBuf, Stat>,
        failed: &mut BTreeMap<PathBuf, Error>,
    ) {
        // The real path of each folder is entered once, so links cannot lead in circles.
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if depth > DEPTH_MAX || !visited.insert(real) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => {
                failed.insert(folder.to_owned(), unreadable(folder, &e));
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().map(|n| n.to_string_lossy().into_owned()) else { continue };
            if is_temporary(&name) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => {
                    if self.options.subfolders {
                        self.walk(&path, depth + 1, visited, found, failed);
                    }
                }
                Ok(meta) if meta.is_file() && self.wanted(&path, &name) => {
                    if found.len() < FILES_MAX {
                        found.insert(path, stat(&meta));
                    }
                }
                // Gone between the two looks, or a link to nothing.
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn wanted(&self, path: &Path, name: &str) -> bool {
        if let Some(pattern) = &self.options.pattern {
            let within = path.strip_prefix(&self.options.path).unwrap_or(path);
            return glob::fits(pattern, &within.to_string_lossy().replace('\\', "/"));
        }
        let lower = name.to_lowercase();
        let bare = lower.strip_suffix(".gz").unwrap_or(&lower);
        bare.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind))
    }

    fn one(
        &mut self,
        path: &Path,
        stat: Stat,
        now: Duration,
        keeper: &mut dyn Keeper,
        failed: &mut BTreeMap<PathBuf, Error>,
    ) {
        let every = self.options.every;
        let fresh = || Entry { stat, since: now, restless_since: now, done: false, tries: 0, not_before: now };
        let entry = self.files.entry(path.to_owned()).or_insert_with(fresh);
        if entry.stat != stat {
            let restless_since = if entry.done || stat.bytes < entry.stat.bytes { now } else { entry.restless_since };
            *entry = Entry { restless_since, ..fresh() };
        }
        if let Some(known) = self.problems.get(path) {
            failed.insert(path.to_owned(), known.clone());
        }
        if entry.done {
            failed.remove(path);
            return;
        }
        let rested = now.saturating_sub(entry.since) >= every;
        let restless = now.saturating_sub(entry.restless_since) >= every.saturating_mul(RESTLESS);
        if !(rested || restless) || now < entry.not_before {
            return;
        }
        match import(path, stat, rested, keeper) {
            Ok(()) => {
                entry.done = true;
                failed.remove(path);
            }
            Err(error) => {
                let pause = every.saturating_mul(1_u32.checked_shl(entry.tries).unwrap_or(PAUSE_MAX).min(PAUSE_MAX));
                entry.tries = entry.tries.saturating_add(1);
                entry.not_before = now.saturating_add(pause);
                failed.insert(path.to_owned(), error);
            }
        }
    }
}

fn import(path: &Path, stat: Stat, rested: bool, keeper: &mut dyn Keeper) -> Result<(), Error> {
    if rested && keeper.seen_stat(path, stat) {
        return Ok(());
    }
    let fingerprint = fingerprint(path).map_err(|e| unreadable(path, &e))?;
    if keeper.seen_content(&fingerprint) {
        return Ok(());
    }
    keeper.settled(&Settled { path: path.to_owned(), stat, fingerprint })
}

fn stat(meta: &Metadata) -> Stat {
    let modified = meta.modified().ok().and_then(|m| m.duration_since(UNIX_EPOCH).ok());
    Stat { bytes: meta.len(), modified: modified.and_then(|m| i64::try_from(m.as_millis()).ok()).unwrap_or(0) }
}

/// BLAKE3 of a file's content.
fn fingerprint(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buf = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buf) {
            Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
            Ok(n) => {
                hasher.update(&buf[..n]);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Hidden files and what programs write while they are not done.
fn is_temporary(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || name.ends_with('~')
        || [".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".filepart"].iter().any(|e| lower.ends_with(e))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let (code, hint) = match e.kind() {
        ErrorKind::NotFound => (Code::NotFound, "make the folder, or change the source’s path; it is looked for again"),
        ErrorKind::PermissionDenied => (Code::FileUnreadable, "change its permissions; it is tried again"),
        _ => (Code::FileUnreadable, "check the disk; it is tried again"),
    };
    Error::new(code, format!("“{}” cannot be read: {e}", path.display()), hint)
}
