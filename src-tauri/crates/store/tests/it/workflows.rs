//! Runs and definitions of procedures: written with their journal row, found again, never out of their order.

use epoch_model::Code;
use epoch_model::journal::RowKind;
use epoch_store::{DefinitionRow, Entry, RunFilter, RunRow, RunWrite, Store};
use serde_json::json;

use crate::common::{START, check, open};

fn new_run(id: u64) -> RunRow {
    RunRow {
        id,
        key: format!("run_{id}"),
        workflow: if id.is_multiple_of(2) { "even".into() } else { "odd".into() },
        version: 1,
        open: true,
        state: "waiting".into(),
        due: Some(START + i64::try_from(id).unwrap()),
        step: 0,
        started_at: START,
        updated_at: START,
        parent: None,
        asked: id.is_multiple_of(3).then(|| "[]".to_owned()),
        body: format!("{{\"id\": {id}}}"),
    }
}

fn entry(run: RunWrite) -> Entry {
    let mut entry = Entry::new(START, RowKind::Host, "workflow:even", json!({ "type": "run" }));
    entry.runs.push(run);
    entry
}

fn step(id: u64, state: &str) -> RunWrite {
    let (state, body) = (state.to_owned(), "{}".to_owned());
    RunWrite::Step { id, state, due: None, updated_at: START + 1, asked: None, body }
}

/// Hands entries over after what is there.
fn write(store: &Store, entries: Vec<Entry>) -> u64 {
    let first = store.journal_head().unwrap().0 + 1;
    store.commit_from(first, entries).unwrap().wait().unwrap()
}

#[test]
fn a_step_is_one_row_of_the_run_and_one_of_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let last = write(&store, (1..=4).map(|id| entry(RunWrite::New(Box::new(new_run(id))))).collect());
    assert_eq!((last, store.next_run_id().unwrap()), (4, 5));
    assert_eq!(store.run("run_3").unwrap().unwrap().step, 3, "the row of its own step");
    let last = write(&store, vec![entry(step(3, "running"))]);
    let run = store.run_by_id(3).unwrap().unwrap();
    assert_eq!((run.step, run.state.as_str(), run.asked), (last, "running", None));
    let ended = Entry { runs: vec![step(2, "succeeded"), RunWrite::Ended { id: 2 }], ..entry(step(2, "x")) };
    write(&store, vec![ended]);
    drop(store);

    let store = open(dir.path());
    let mut found = Vec::new();
    store.open_runs(|run| found.push((run.id, run.due.is_some(), run.asked.is_some()))).unwrap();
    found.sort_unstable();
    assert_eq!(found, [(1, true, false), (3, false, false), (4, true, false)]);
    let keys = |filter: RunFilter| -> Vec<u64> { store.runs(&filter).unwrap().iter().map(|run| run.id).collect() };
    assert_eq!(keys(RunFilter { open: true, ..RunFilter::default() }), [4, 3, 1]);
    assert_eq!(keys(RunFilter { workflow: Some("even".into()), ..RunFilter::default() }), [4, 2]);
    assert_eq!(keys(RunFilter { before: Some(3), limit: 1, ..RunFilter::default() }), [2]);
    check(&store);
}

#[test]
fn entries_that_would_become_other_rows_are_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Two on their way, one behind the other: both are written.
    let one = store.commit_from(1, vec![entry(RunWrite::New(Box::new(new_run(1))))]).unwrap();
    let two = store.commit_from(2, vec![entry(step(1, "running"))]).unwrap();
    assert_eq!((one.wait().unwrap(), two.wait().unwrap()), (1, 2));
    // What follows on something that fails fails, too, and leaves nothing.
    let missing = store.commit_from(3, vec![entry(step(9, "running"))]).unwrap();
    let behind = store.commit_from(4, vec![entry(step(1, "succeeded"))]).unwrap();
    assert_eq!(missing.wait().unwrap_err().code, Code::NotFound);
    assert_eq!(behind.wait().unwrap_err().code, Code::Stale);
    assert_eq!(store.settled_head().unwrap(), 2);
    assert_eq!(store.run("run_1").unwrap().unwrap().state, "running");
    check(&store);
}

#[test]
fn a_published_version_never_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let row = |version: u32, hash: &str| DefinitionRow {
        key: "launch".into(),
        version,
        hash: hash.into(),
        text: "key = \"launch\"".into(),
        body: "{}".into(),
        published_at: START,
        by: "file:workflows/launch.toml".into(),
    };
    let publish = |row: DefinitionRow| {
        let mut entry = Entry::new(START, RowKind::Host, "system", json!({ "type": "workflow_published" }));
        entry.definitions.push(row);
        store.commit(vec![entry])
    };
    publish(row(1, "a")).unwrap();
    publish(row(1, "a")).unwrap();
    publish(row(2, "b")).unwrap();
    assert_eq!(publish(row(1, "c")).unwrap_err().code, Code::WrongState);
    let versions: Vec<(u32, String)> = store.definitions().unwrap().into_iter().map(|d| (d.version, d.hash)).collect();
    assert_eq!(versions, [(1, "a".to_owned()), (2, "b".to_owned())]);
    check(&store);
}
