//! Identical rows, copies, growth, overlap; stops at any point; a sink that is full.

use std::fs;
use std::ops::ControlFlow;

use epoch_connectors::import::Checkpoint;
use epoch_model::Code;
use proptest::prelude::*;

use crate::sink::{Sink, import, import_with, mapping};

fn body(rows: std::ops::Range<u32>) -> String {
    // Every fourth row has an identical twin; every 50th cannot be read.
    rows.map(|i| match i {
        i if i % 50 == 49 => "broken,x\n".to_owned(),
        i => format!("2024-01-01T{:02}:00:00Z,u{}\n", i / 4 % 24, i - u32::from(i % 4 == 1)),
    })
    .collect()
}

#[test]
fn identical_rows_are_kept_and_copies_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let (path, m) = (dir.path().join("a.csv"), mapping("'e'", "when", "who", &[]));
    let sink = Sink::default();
    let write = |rows| fs::write(&path, format!("when,who\n{}", body(rows))).unwrap();
    write(0..1000);
    assert_eq!(import(&path, &m, &sink).unwrap().accepted, 980);
    assert_eq!(import(&path, &m, &sink).unwrap().duplicates, 980);
    write(0..1500);
    let grown = import(&path, &m, &sink).unwrap();
    assert_eq!((grown.accepted, grown.duplicates), (490, 980));
    write(800..2000);
    let overlap = import(&path, &m, &sink).unwrap();
    assert_eq!((overlap.accepted, overlap.duplicates), (490, 686));
    let with_id = epoch_model::business::Mapping { id: Some("who".into()), ..m };
    let sink = Sink::default();
    assert_eq!(import(&path, &with_id, &sink).unwrap().duplicates, 288, "an id of its own decides");
}

#[test]
fn a_failing_sink_stops_the_import_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (path, m) = (dir.path().join("a.csv"), mapping("'e'", "when", "who", &[]));
    fs::write(&path, format!("when,who\n{}", body(0..8000))).unwrap();
    let sink = Sink { fail_at: 3, ..Sink::default() };
    let mut last = Checkpoint::default();
    let result = import_with(&path, &m, &sink, None, &mut |p| {
        last = p.checkpoint.clone();
        ControlFlow::Continue(())
    });
    assert_eq!(result.unwrap_err().code, Code::DiskFull);
    assert_eq!(last.accepted, sink.count() as u64);
    let healed = Sink { fail_at: 0, ..sink };
    let report = import_with(&path, &m, &healed, Some(last), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((report.accepted, report.duplicates, healed.count()), (7840, 0, 7840));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// Killed after any number of batches, with any (also an old) checkpoint: nothing lost, nothing doubled.
    #[test]
    fn resumes_anywhere(stops in proptest::collection::vec((1_u32..6, any::<bool>()), 1..5), full_every in 0_u64..4, grow in any::<bool>()) {
        let full_every = if full_every == 1 { 2 } else { full_every };
        let dir = tempfile::tempdir().unwrap();
        let (path, m) = (dir.path().join("a.csv"), mapping("'e'", "when", "who", &[]));
        fs::write(&path, format!("when,who\n{}", body(0..4000))).unwrap();
        let sink = Sink { full_every, ..Sink::default() };
        let mut kept: Option<Checkpoint> = None;
        for (stop, lose) in stops {
            let mut calls = 0;
            let before = kept.clone();
            let report = import_with(&path, &m, &sink, kept.take(), &mut |_| {
                calls += 1;
                if calls >= stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }).unwrap();
            // A kill may come before the newest checkpoint was stored.
            kept = if lose { before } else { Some(report.checkpoint) };
            let text = serde_json::to_string(&kept).unwrap();
            kept = serde_json::from_str(&text).unwrap();
        }
        let total = if grow {
            fs::write(&path, format!("when,who\n{}", body(0..5000))).unwrap();
            5000
        } else {
            4000
        };
        let report = import_with(&path, &m, &sink, kept, &mut |_| ControlFlow::Continue(())).unwrap();
        prop_assert_eq!(report.rows, total);
        prop_assert_eq!(sink.count() as u64, total * 49 / 50);
        prop_assert_eq!(report.accepted + report.duplicates, total * 49 / 50);
        let listed = fs::read_to_string(report.rejected_file.unwrap()).unwrap();
        prop_assert_eq!(listed.lines().count() as u64, total / 50 + 1);
    }
}

#[test]
fn a_checkpoint_of_another_file_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, m) = (dir.path().join("a.csv"), mapping("'e'", "when", "who", &[]));
    fs::write(&path, format!("when,who\n{}", body(0..100))).unwrap();
    let sink = Sink::default();
    let first = import(&path, &m, &sink).unwrap();
    fs::write(&path, format!("when,who\n{}", body(1000..1200))).unwrap();
    let other = import_with(&path, &m, &sink, Some(first.checkpoint), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((other.rows, other.accepted), (200, 196));
    assert!(other.notes.iter().any(|n| n.contains("from the start")), "{:?}", other.notes);
}
