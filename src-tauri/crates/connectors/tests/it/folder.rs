//! A watched folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use epoch_connectors::folder::{Keeper, Options, Scanner, Settled, Watch};
use epoch_model::{Code, Error, Result};

#[derive(Default, Clone)]
struct Notes(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    known: HashSet<String>,
    log: Vec<String>,
    fail: u32,
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

impl Keeper for Notes {
    fn seen_content(&mut self, fingerprint: &str) -> bool {
        self.0.lock().unwrap().known.contains(fingerprint)
    }
    fn settled(&mut self, file: &Settled) -> Result<()> {
        let mut inner = self.0.lock().unwrap();
        if inner.fail > 0 {
            inner.fail -= 1;
            return Err(Error::new(Code::Overloaded, "full", "wait"));
        }
        inner.known.insert(file.fingerprint.clone());
        let entry = format!("{} {}", name(&file.path), file.stat.bytes);
        inner.log.push(entry);
        Ok(())
    }
    fn problem(&mut self, path: &Path, error: &Error) {
        self.0.lock().unwrap().log.push(format!("problem {} {:?}", name(path), error.code));
    }
    fn solved(&mut self, path: &Path) {
        self.0.lock().unwrap().log.push(format!("solved {}", name(path)));
    }
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }
}

fn options(path: PathBuf, pattern: Option<&str>) -> Options {
    Options { path, pattern: pattern.map(Into::into), subfolders: true, every: Duration::from_secs(5) }
}

#[test]
fn settled_files_once_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("in");
    let mut notes = Notes::default();
    let mut scanner = Scanner::new(options(root.clone(), None));
    let mut now = 0;
    let mut look = |notes: &mut Notes, looks: u32| {
        for _ in 0..looks {
            scanner.look(Duration::from_secs(now), notes);
            now += 5;
        }
        notes.take()
    };
    assert_eq!(look(&mut notes, 3), ["problem in NotFound"]);
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::write(root.join("a.csv"), "1").unwrap();
    fs::write(root.join("sub/b.jsonl.gz"), "22").unwrap();
    fs::write(root.join("c.csv.part"), "333").unwrap();
    fs::write(root.join("d.pdf"), "4").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&root, root.join("sub/loop")).unwrap();
    assert_eq!(look(&mut notes, 1), ["solved in"]);
    assert_eq!(look(&mut notes, 3), ["a.csv 1", "b.jsonl.gz 2"]);
    // A copy is known; what grew is not, and waits until it is at rest.
    fs::copy(root.join("a.csv"), root.join("copy.csv")).unwrap();
    fs::write(root.join("a.csv"), "1 and more").unwrap();
    assert_eq!(look(&mut notes, 1), Vec::<String>::new());
    fs::write(root.join("a.csv"), "1 and still more").unwrap();
    assert_eq!(look(&mut notes, 1), Vec::<String>::new());
    assert_eq!(look(&mut notes, 2), ["a.csv 16"]);
    fs::remove_file(root.join("a.csv")).unwrap();
    assert_eq!(look(&mut notes, 2), Vec::<String>::new());
    // A failure is said once and tried again with growing pauses.
    notes.0.lock().unwrap().fail = 2;
    fs::write(root.join("e.csv"), "5").unwrap();
    assert_eq!(look(&mut notes, 12), ["problem e.csv Overloaded", "e.csv 1", "solved e.csv"]);
    // What never rests is imported all the same.
    let mut log = Vec::new();
    for i in 0..14 {
        fs::write(root.join("f.csv"), "x".repeat(i + 1)).unwrap();
        log.extend(look(&mut notes, 1));
    }
    assert_eq!(log.len(), 1, "{log:?}");
}

#[test]
fn the_thread_sees_new_files_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let notes = Notes::default();
    let every = Duration::from_millis(100);
    let options = Options { path: dir.path().into(), pattern: Some("*.csv".into()), subfolders: false, every };
    let watch = Watch::start(options, notes.clone()).unwrap();
    fs::write(dir.path().join("a.csv"), "1").unwrap();
    fs::write(dir.path().join("a.txt"), "1").unwrap();
    let mut log = Vec::new();
    for _ in 0..100 {
        log.extend(notes.take());
        if !log.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(log, ["a.csv 1"]);
    watch.look_now();
    watch.stop();
}
