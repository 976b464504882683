//! The folder: lock, readers beside the writer, backup, restore, damage, doctor.

use std::path::Path;

use epoch_model::Code;
use epoch_model::journal::RowKind;
use epoch_model::series::SeriesQuery;
use epoch_model::time::{DAY, Grain};
use epoch_store::{Check, Entry, Store};
use serde_json::json;

use crate::common::*;

fn visitors(store: &Store) -> Option<f64> {
    let query =
        SeriesQuery { metric: "visitors".into(), from: START - DAY, to: START + 60 * DAY, grain: Grain::Day, by: None };
    store.series(&query).unwrap()[0].total.value
}

fn read(dir: &Path) -> Store {
    Store::open_read_only(dir, &business(""), options()).unwrap()
}

#[test]
fn one_writer_many_readers() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Store::open_read_only(dir.path(), &business(""), options()).unwrap_err().code, Code::NotABusiness);
    Store::create(dir.path()).unwrap();
    assert_eq!(Store::create(dir.path()).unwrap_err().code, Code::InvalidArgument);
    assert_eq!(read(dir.path()).count(None), 0);
    let store = open(dir.path());
    let busy = Store::open(dir.path(), &business(""), options()).unwrap_err();
    assert_eq!(busy.code, Code::FolderBusy);
    assert!(busy.message.contains(&std::process::id().to_string()), "{busy:?}");
    for n in 0..20 {
        store.append(batch("web", n * 100..n * 100 + 100)).unwrap();
        let reader = read(dir.path());
        assert_eq!(reader.count(None), store.count(None));
        assert_eq!(visitors(&reader), visitors(&store));
    }
    let reader = read(dir.path());
    assert_eq!(reader.append(batch("web", 0..1)).unwrap_err().code, Code::WrongState);
    assert_eq!(reader.put_meta("x", None).unwrap_err().code, Code::WrongState);
    assert_eq!(reader.rebuild().unwrap_err().code, Code::WrongState);
    store.close().unwrap();
    assert_eq!(store.put_meta("x", None).unwrap_err().code, Code::WrongState);
    // The last clone's end is a close, too.
    let again = open(dir.path());
    let clone = again.clone();
    drop(again);
    assert_eq!(clone.append(batch("web", 1999..2001)).unwrap().accepted, 1);
    drop(clone);
    assert_eq!(open(dir.path()).count(None), 2001);
}

#[test]
fn a_backup_taken_while_events_come_in_restores() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    store.append(batch("web", 0..2000)).unwrap();
    store.commit(vec![Entry::new(START, RowKind::Host, "system", json!({"type": "started"}))]).unwrap();
    let copy = target.path().join("copy.db");
    let feeding = store.clone();
    let feeder = std::thread::spawn(move || {
        for n in 0..30 {
            feeding.append(batch("web", 2000 + n * 50..2050 + n * 50)).unwrap();
        }
    });
    store.backup(&copy).unwrap();
    store.backup(&copy).unwrap();
    feeder.join().unwrap();
    let files: Vec<_> = std::fs::read_dir(target.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["copy.db"], "a backup is one file");
    assert_eq!(Store::restore(&copy, dir.path()).unwrap_err().code, Code::FolderBusy);
    let restored = target.path().join("business");
    Store::restore(&copy, &restored).unwrap();
    let from_copy = open(&restored);
    let events = from_copy.count(None);
    assert!((2000..=3500).contains(&events));
    assert_eq!(from_copy.journal_head().unwrap(), store.journal_head().unwrap());
    check(&from_copy);
    // What the copy lacks is accepted again, and nothing else.
    assert_eq!(from_copy.append(batch("web", 0..3500)).unwrap().accepted, 3500 - events);
    assert_eq!(visitors(&from_copy), visitors(&store));
    store.append(batch("web", 9000..9001)).unwrap();
    store.close().unwrap();
    Store::restore(&copy, dir.path()).unwrap();
    assert_eq!(open(dir.path()).count(None), events);
    assert!(dir.path().join("business.db.before-restore").is_file());
    std::fs::write(&copy, "not a database at all, and long enough to have a header of its own".repeat(100)).unwrap();
    assert_eq!(Store::restore(&copy, dir.path()).unwrap_err().code, Code::StoreDamaged);
    assert_eq!(open(dir.path()).count(None), events);
}

#[test]
fn damage_is_found_at_the_door_or_by_the_doctor() {
    let wrong = |sql: &str| {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        for n in 0..5 {
            store.append(batch("web", n * 1000..n * 1000 + 1000)).unwrap();
        }
        store.close().unwrap();
        assert!(Store::doctor(dir.path()).iter().all(|c| c.ok), "{:?}", Store::doctor(dir.path()));
        rusqlite::Connection::open(dir.path().join("business.db")).unwrap().execute_batch(sql).unwrap();
        let told: Vec<Check> = Store::doctor(dir.path()).into_iter().filter(|c| !c.ok).collect();
        assert!(told.iter().all(|c| !c.hint.is_empty()), "{told:?}");
        (
            Store::open(dir.path(), &business(""), options()).err().map(|e| e.code),
            told.iter().map(|c| c.name.clone()).collect::<Vec<_>>(),
        )
    };
    let damaged = Some(Code::StoreDamaged);
    let cases = [
        ("PRAGMA user_version = 99", damaged, "schema"),
        ("PRAGMA application_id = 7", damaged, "schema"),
        ("DELETE FROM blocks WHERE first > 1 AND first < 3000", damaged, "event log"),
        ("UPDATE blocks SET payload = x'0102' WHERE first = 1", None, "event log"),
        ("UPDATE blocks SET payload = substr(payload, 1, length(payload) - 9) WHERE first = 1001", None, "event log"),
        ("UPDATE names SET count = count + 1 WHERE id = 1", None, "event log"),
        ("UPDATE id_runs SET count = count - 1", None, "duplicate recognition"),
    ];
    for (sql, at_the_door, by_the_doctor) in cases {
        assert_eq!(wrong(sql), (at_the_door, vec![by_the_doctor.to_owned()]), "{sql}");
    }
    let empty = tempfile::tempdir().unwrap();
    let told = Store::doctor(empty.path());
    assert_eq!((told.len(), told[0].ok), (1, false));
}
