//! A process killed at any moment: looks are those of the log that is left.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use epoch_model::event::EventSink;
use epoch_store::RowsQuery;

use crate::common::*;
use crate::oracle::Log;
use crate::properties::{check, experiments, make};

const DIR: &str = "EPOCH_STORE_TEST_EXPERIMENTS_DIR";
/// Whether people are erased, too.
const ERASES: &str = "EPOCH_STORE_TEST_EXPERIMENTS_ERASES";

/// A generator with a seed (xorshift).
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n) as usize
    }
}

/// The process that dies. Does nothing when run as a test.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let store = open(&dir);
    let mut rng = Rng(0x9E37_79B9_7F4A_7C15 ^ (store.count(None) << 20 | 1));
    for n in 0.. {
        let mut raw = || {
            let steps = rng.below(80) as i64 - 40;
            make((rng.below(14), rng.below(7) as u32, steps, rng.below(8), rng.below(6), rng.below(4)))
        };
        let events: Vec<Event> = (0..10).map(|_| raw()).collect();
        // Ids of their own in every life.
        let mut batch = epoch_model::event::EventBatch::new("web", START);
        for (i, e) in events.iter().enumerate() {
            let id = u128::from(std::process::id()) << 64 | (n * 10 + i as u128);
            let props = e.props.to_string();
            let view = epoch_model::event::EventView {
                id: id.to_be_bytes(),
                time: e.time,
                name: &e.name,
                unit: &e.unit,
                props: &props,
            };
            batch.push(view).unwrap();
        }
        let _ = store.submit(batch, Box::new(|_| {}));
        if n == 3 {
            store.track(experiments()).unwrap();
        }
        if n % 30 == 29 && std::env::var_os(ERASES).is_some() {
            let _ = store.erase(&format!("u{}", 1 + n % 6));
        }
    }
}

#[test]
fn killed_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let mut events = 0;
    for round in 0..3 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        if round == 2 {
            command.env(ERASES, "1");
        }
        let mut child = command
            .args(["crash::child", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(120 + 70 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = open(dir.path());
        store.track(experiments()).unwrap();
        let mut log = Log::default();
        let mut rows = Vec::new();
        let mut query = RowsQuery { metric: None, name: None, from: 0, to: i64::MAX, cursor: None, limit: 1000 };
        loop {
            let page = store.rows(&query).unwrap();
            rows.extend(page.rows);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        events = rows.len();
        // Who was erased leaves nothing but places; nobody who is left was linked with them.
        let erased = rows.iter().any(|row| row.name == "$erased");
        for row in rows.into_iter().rev().filter(|row| row.name != "$erased") {
            log.push(event(&row.name, &row.unit, row.time, serde_json::from_str(&row.props).unwrap()));
        }
        if erased {
            // Links to somebody erased are no longer in the log, but that somebody was identified by them is remembered.
            let keys: Vec<String> = store.tracked().iter().map(|t| t.spec.key.clone()).collect();
            for look in store.looks(&keys, START + DAYS).unwrap() {
                assert_eq!(look, store.recount(&look.experiment, START + DAYS).unwrap());
            }
        } else {
            check(&store, &log, true);
        }
        assert!(store.rebuild().unwrap().identical);
        store.close().unwrap();
    }
    assert!(events > 100, "only {events} events were written");
}

const DAYS: i64 = 40 * epoch_model::time::DAY;
