//! Files that are broken, hostile, or change while they are read.

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;

use epoch_model::Code;
use proptest::prelude::*;

use crate::sink::{Sink, assert_complete, import, import_with, mapping};

#[test]
fn bad_lines_are_listed_and_the_rest_goes_in() {
    let huge = "x".repeat(1_100_000);
    let text = format!(
        "when,who,x\n2024-01-01,a,1\n2024-01-02,b\n2024-01-03,c,1,2\n2024-01-04,d,{huge}\n,e,1\nlater,f,1\n2024-01-05,g,\0\n\
         1969-01-01,h,1\n\"2024-01-06\",\"i\"\"\n\",\"1\"\n2024-01-07,\"j\" x,1\n2024-01-07,j,\"open\n2024-01-08,k,1\n"
    );
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"2024-01-09,l,M\xfcnchen\n2024-01-10,last,1");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    fs::write(&path, bytes).unwrap();
    let sink = Sink::default();
    let mut m = mapping("'e'", "when", "who", &[]);
    m.encoding = None;
    let report = import(&path, &m, &sink).unwrap();
    assert_complete(&report);
    let units: Vec<String> = sink.rows.lock().unwrap().iter().map(|r| r.unit.clone()).collect();
    assert_eq!(units, ["a", "b", "i\"", "k", "l", "last"]);
    let reasons: Vec<(&str, u64)> = report.rejected_by_reason.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(
        reasons,
        [
            ("bad_quote", 1),
            ("bad_time", 1),
            ("field_too_long", 1),
            ("no_time", 1),
            ("nul_byte", 1),
            ("time_out_of_range", 1),
            ("too_many_fields", 1),
            ("unclosed_quote", 1)
        ]
    );
    let listed = fs::read_to_string(report.rejected_file.clone().unwrap()).unwrap();
    assert!(listed.starts_with("line,code,reason,raw\n4,too_many_fields,"), "{}", &listed[..200]);
    assert_eq!(sink.rejections.lock().unwrap().len(), 8);
    assert!(
        report.notes.iter().any(|n| n.contains("windows-1252"))
            || sink.rows.lock().unwrap()[4].props.contains("München")
    );
    // The same file under another name adds nothing.
    let copy = dir.path().join("copy.csv");
    fs::copy(&path, &copy).unwrap();
    let again = import(&copy, &m, &sink).unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 6));
}

#[test]
fn unreadable_files_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let m = mapping("'e'", "when", "", &[]);
    for (name, bytes, code) in [
        ("a.pdf", b"%PDF-1.7 ....".as_slice(), Code::FileUnreadable),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Code::FileUnreadable),
        ("a.xlsx", b"PK\x03\x04broken", Code::FileUnreadable),
        ("a.gz", b"\x1f\x8b\x08\x00broken", Code::FileUnreadable),
        ("a.csv", b"x,y\n1,2\n", Code::MappingInvalid),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(import(&path, &m, &Sink::default()).unwrap_err().code, code, "{name}");
    }
    assert_eq!(import(&dir.path().join("none"), &m, &Sink::default()).unwrap_err().code, Code::NotFound);
    assert_eq!(import(dir.path(), &m, &Sink::default()).unwrap_err().code, Code::FileUnreadable);
    let bad = mapping("'e", "when", "", &[]);
    assert_eq!(import(&dir.path().join("a.csv"), &bad, &Sink::default()).unwrap_err().code, Code::ExpressionInvalid);
}

fn lines(from: u32, to: u32) -> String {
    (from..to)
        .map(|i| format!("2024-01-01T00:00:{:02}Z,u{i},{}", i % 60, i / 7))
        .fold(String::new(), |all, line| all + &line + "\n")
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let m = mapping("'e'", "when", "who", &[]);
    let text = format!("when,who,x\n{}", lines(0, 30_000));
    let change = |what: &str| {
        fs::write(&path, &text).unwrap();
        let sink = Sink::default();
        let mut first = true;
        let result = import_with(&path, &m, &sink, None, &mut |_| {
            if std::mem::take(&mut first) {
                match what {
                    "cut" => fs::File::options().write(true).open(&path).unwrap().set_len(5000).unwrap(),
                    "replaced" => {
                        let other = dir.path().join("other");
                        fs::write(&other, &text).unwrap();
                        fs::rename(&other, &path).unwrap();
                    }
                    "removed" => fs::remove_file(&path).unwrap(),
                    _ => {
                        let mut file = fs::File::options().append(true).open(&path).unwrap();
                        write!(file, "{}2024-01-01T00:00:01Z,half", lines(30_000, 30_010)).unwrap();
                    }
                }
            }
            ControlFlow::Continue(())
        });
        (result, sink)
    };
    for what in ["cut", "replaced", "removed"] {
        let (result, _) = change(what);
        let error = result.unwrap_err();
        assert_eq!(error.code, Code::FileUnreadable, "{what}");
        assert!(error.message.contains(what), "{what}: {error}");
    }
    let (result, sink) = change("grown");
    let report = result.unwrap();
    assert!(report.growing);
    assert_eq!((report.accepted, sink.count()), (30_000, 30_000));
    // The next pass goes on, and leaves nothing out.
    fs::File::options().append(true).open(&path).unwrap().write_all(b",1\n").unwrap();
    let next = import_with(&path, &m, &sink, Some(report.checkpoint), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((next.rows, next.accepted, next.duplicates, sink.count()), (30_011, 30_011, 0, 30_011));
}

#[test]
fn unfinished_last_line_of_a_growing_file_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    fs::write(&path, "when,who\n2024-01-01T00:00:00Z,a\n2024-01-01T00:00:00Z,b").unwrap();
    let sink = Sink::default();
    let m = mapping("'e'", "when", "who", &[]);
    let run = |on: &mut dyn FnMut()| {
        let rejected = dir.path().join("rejected");
        let writer = std::thread::scope(|scope| {
            let handle = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(100));
                fs::File::options().append(true).open(&path).unwrap().write_all(b"b\n").unwrap();
            });
            on();
            let context = epoch_connectors::import::Context {
                source: "test",
                zone: "UTC",
                received: &|| 0,
                sink: &sink,
                resume: None,
                on_progress: &mut |_| ControlFlow::Continue(()),
                rejected_dir: &rejected,
            };
            let report = epoch_connectors::import::run(&path, &m, context);
            handle.join().unwrap();
            report
        });
        writer.unwrap()
    };
    let report = run(&mut || {});
    assert!(report.growing, "{report:?}");
    let units: Vec<String> = sink.rows.lock().unwrap().iter().map(|r| r.unit.clone()).collect();
    assert_eq!(units, ["a"]);
    let done = import(&path, &m, &sink).unwrap();
    assert_eq!((done.accepted, done.duplicates), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic_and_every_row_is_accounted_for(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..600),
            "[\"';,\t|a0-9:\\- {}\\[\\]\n\r\u{0}é]{0,400}".prop_map(String::into_bytes),
            "(20[0-9]{2}-0[1-9]-1[0-9],[a-z\"]{0,3},[0-9.,]{0,5}\n?){0,20}".prop_map(|s| [b"when,who,x\n", s.as_bytes()].concat()),
            "(\\{\"when\":\"20[0-9]{2}-01-01\",\"who\":[0-9]{1,2}\\}[\n,]?){0,20}".prop_map(String::into_bytes),
        ],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        fs::write(&path, &bytes).unwrap();
        crate::sink::age(&path);
        let guessed = epoch_connectors::import::preview(&path, None, "UTC");
        let mut mappings = vec![mapping("'e'", "when", "who", &[]), mapping("'e'", "'2024-01-01'", "", &[])];
        mappings.extend(guessed.ok().map(|p| p.mapping));
        for m in mappings {
            let sink = Sink::default();
            if let Ok(report) = import(&path, &m, &sink) {
                assert_complete(&report);
                prop_assert_eq!(report.accepted, sink.count() as u64);
                prop_assert_eq!(report.duplicates, 0);
                let again = import(&path, &m, &sink).unwrap();
                prop_assert_eq!(again.accepted, 0, "a second import adds nothing");
            }
        }
    }

    #[test]
    fn lines_without_quotes_are_counted_one_by_one(
        rows in proptest::collection::vec("[a-c0-9 .:-]{0,6}(,[a-c0-9 .:-]{0,6}){0,4}\r?", 0..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        fs::write(&path, format!("when,who,x\n{}", rows.join("\n") + if rows.is_empty() { "" } else { "\n" })).unwrap();
        let m = epoch_model::business::Mapping { delimiter: Some(','), ..mapping("'e'", "when", "who", &[]) };
        let report = import(&path, &m, &Sink::default()).unwrap();
        assert_complete(&report);
        prop_assert_eq!(report.rows, rows.len() as u64);
    }
}
