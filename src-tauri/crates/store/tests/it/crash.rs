//! A process killed at any moment: what was acknowledged is there, nothing is there twice, numbers are the log's.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use epoch_model::Code;
use epoch_model::event::{EventBatch, EventSink, EventView};
use epoch_model::journal::RowKind;
use epoch_store::{Entry, OutboxState, Store};

use crate::common::*;

const DIR: &str = "EPOCH_STORE_TEST_CRASH_DIR";
const SIZE: u64 = 50;

/// A batch with two events that say who is one person.
fn linked(n: u64) -> EventBatch {
    let mut batch = EventBatch::new("web", START);
    for event in n * SIZE..(n + 1) * SIZE {
        if event % 25 != 3 {
            push(&mut batch, event);
            continue;
        }
        let mut id = [9; 16];
        id[8..].copy_from_slice(&event.to_be_bytes());
        let mut r = Rng(event | 1 << 60);
        let (name, unit) = (["$identify", "$create_alias", "$merge_dangerously"][r.below(3) as usize], r.below(300));
        let other = 300 + r.below(100);
        let props = format!(r#"{{"$anon_distinct_id":"u{other}","alias":"u{other}"}}"#);
        batch.push(EventView { id, time: START, name, unit: &format!("u{unit}"), props: &props }).unwrap();
    }
    batch
}

/// The process that dies. Does nothing when run as a test.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let store = open(&dir);
    let acknowledged = std::fs::OpenOptions::new().append(true).create(true).open(dir.join("acknowledged")).unwrap();
    let acknowledged = std::sync::Arc::new(Mutex::new(acknowledged));
    // A sender repeats what it has no answer for; here it repeats a good part of everything.
    let already = store.count(None) / SIZE;
    for n in already.saturating_sub(10).. {
        let file = acknowledged.clone();
        let done = move |r: epoch_model::Result<epoch_model::event::Receipt>| {
            r.unwrap();
            // In one piece, so that a line that was cut is the last one of its process.
            file.lock().unwrap().write_all(format!("b{n}\n").as_bytes()).unwrap();
        };
        while let Err(e) = store.submit(linked(n), Box::new(done.clone())) {
            assert_eq!(e.code, Code::Overloaded);
            std::thread::sleep(Duration::from_millis(1));
        }
        if n % 40 == 7 {
            // Somebody is there, or was erased in an earlier life.
            let _ = store.erase(&format!("u{}", n % 300));
        }
        if n % 5 == 0 {
            let body = serde_json::json!({"type": "tick", "n": n});
            let seq = store.commit(vec![Entry::new(START, RowKind::Input, "system", body)]).unwrap();
            acknowledged.lock().unwrap().write_all(format!("j{seq}\n").as_bytes()).unwrap();
            store.put_meta("n", Some(&n.into())).unwrap();
        }
    }
}

#[test]
fn killed_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = Rng(0x5eed);
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::child", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + rng.below(700)));
        if round % 2 == 0 {
            let busy = Store::open(dir.path(), &business(""), options()).unwrap_err();
            assert_eq!(busy.code, Code::FolderBusy);
            assert!(busy.message.contains(&child.id().to_string()), "{busy:?}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = open(dir.path());
        let rows = all(&store, everything());
        let numbers: HashSet<u64> = rows.iter().map(number).collect();
        assert_eq!(numbers.len(), rows.len(), "round {round}: an event is there twice");
        // What was begun is finished by now, whatever moment it was.
        assert!(rows.iter().all(|r| !r.unit.starts_with("erased:")), "round {round}: somebody is half erased");
        let text = std::fs::read_to_string(dir.path().join("acknowledged")).unwrap_or_default();
        let journal = store.verify(None).unwrap();
        // The last line may be cut.
        for line in text.lines().filter(|l| text.contains(&format!("{l}\n"))) {
            match line.split_at(1) {
                ("b", n) => {
                    let n: u64 = n.parse().unwrap();
                    assert!(
                        (n * SIZE..(n + 1) * SIZE).all(|e| numbers.contains(&e)),
                        "round {round}: batch {n} is lost"
                    );
                }
                (_, seq) => assert!(seq.parse::<u64>().unwrap() <= journal.rows, "round {round}: row {seq} is lost"),
            }
        }
        check(&store);
        store.close().unwrap();
    }
    let store = open(dir.path());
    assert!(store.count(None) > 500, "only {} events were written", store.count(None));
    assert!(store.count(Some("$erased")) > 0, "nobody was erased");
    assert!(store.outbox(Some(OutboxState::InDoubt), 10).unwrap().is_empty());
}
