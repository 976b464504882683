//! Who is one person, through restarts and in any order of arrival; and persons who are erased.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use epoch_model::Code;
use epoch_model::event::{EventBatch, EventView, Rejection};
use epoch_model::journal::RowKind;
use epoch_model::series::SeriesQuery;
use epoch_model::time::{DAY, Grain, HOUR};
use epoch_store::{Entry, EraseReport, Options, RejectionDone, Store};
use serde_json::json;

use crate::common::*;

fn send(store: &Store, n: u8, name: &str, unit: &str, time: i64, props: &str) -> epoch_model::event::Receipt {
    let mut batch = EventBatch::new("web", START);
    batch.push(EventView { id: [n; 16], time, name, unit, props }).unwrap();
    store.append(batch).unwrap()
}

/// Value, numerator and denominator over all.
fn number(store: &Store, metric: &str) -> (f64, f64) {
    let (from, to) = (START - 40 * DAY, START + 60 * DAY);
    let query = SeriesQuery { metric: metric.into(), from, to, grain: Grain::Day, by: None };
    let total = store.series(&query).unwrap().remove(0).total;
    (total.numerator, total.denominator)
}

#[test]
fn a_purchase_after_login_counts_for_the_visit_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    send(&store, 1, "visit", "anon", START - 2 * DAY, r#"{"country":"DE"}"#);
    send(&store, 2, "order", "bob", START, r#"{"amount":3}"#);
    assert_eq!((number(&store, "conversion"), number(&store, "visitors").0), ((0.0, 1.0), 1.0));
    let receipt = send(&store, 3, "$identify", "bob", START, r#"{"$anon_distinct_id":"anon"}"#);
    assert_eq!(number(&store, "conversion"), (1.0, 1.0));
    // Midnight in Berlin before the visit.
    let from = receipt.affected_from.unwrap();
    assert!(from <= START - 2 * DAY && from > START - 3 * DAY, "{from}");
    assert_eq!(send(&store, 4, "visit", "anon", START, "{}").affected_from, None);
    assert_eq!(number(&store, "visitors").0, 1.0);
    // Somebody who is identified is not merged into somebody else, unless it is asked for dangerously.
    send(&store, 5, "$identify", "eve", START, r#"{"$anon_distinct_id":"bob"}"#);
    send(&store, 6, "visit", "eve", START, "{}");
    assert_eq!(number(&store, "visitors").0, 2.0);
    for id in ["null", "guest", ""] {
        send(&store, 7, "$create_alias", "eve", START, &json!({ "alias": id }).to_string());
    }
    check(&store);
    let person = store.person("anon").unwrap().unwrap();
    assert_eq!((person.ids, person.identified, person.events), (vec!["anon".to_owned(), "bob".into()], true, 4));
    assert_eq!((person.first, person.last), (Some(START - 2 * DAY), Some(START)));
    assert_eq!(store.person("nobody").unwrap(), None);
    store.close().unwrap();
    let store = open(dir.path());
    assert_eq!((number(&store, "conversion"), number(&store, "visitors").0), ((1.0, 2.0), 2.0));
    let receipt = send(&store, 9, "$merge_dangerously", "eve", START, r#"{"alias":"bob"}"#);
    assert_eq!((number(&store, "visitors").0, receipt.affected_from.is_some()), (1.0, true));
    // The raw log is what was sent.
    let units: Vec<String> = all(&store, everything()).into_iter().rev().map(|r| r.unit).collect();
    assert_eq!(units, ["anon", "bob", "bob", "anon", "eve", "eve", "eve", "eve"]);
    check(&store);
}

#[test]
fn a_log_older_than_links_is_looked_through_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    send(&store, 1, "visit", "anon", START, "{}");
    send(&store, 2, "$identify", "bob", START, r#"{"$anon_distinct_id":"anon"}"#);
    send(&store, 3, "$identify", "carol", START, r#"{"$anon_distinct_id":"never seen"}"#);
    send(&store, 4, "order", "bob", START, "{}");
    store.close().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("business.db")).unwrap();
    db.execute_batch(
        "INSERT INTO state (key, value) VALUES ('residue', 1); DELETE FROM links; DELETE FROM state WHERE key = 'links_complete'; DELETE FROM aggregates;
        DELETE FROM state WHERE key LIKE 'aggregates%'",
    )
    .unwrap();
    drop(db);
    let store = open(dir.path());
    assert_eq!(number(&store, "conversion"), (1.0, 1.0));
    assert_eq!(store.person("never seen").unwrap().unwrap().ids, ["carol", "never seen"]);
    check(&store);
    // The first erasure in a file that an older version wrote writes it anew.
    assert_eq!(store.erase("never seen").unwrap().events, 1);
    let db = rusqlite::Connection::open(dir.path().join("business.db")).unwrap();
    let residue: i64 = db.query_row("SELECT count(*) FROM state WHERE key = 'residue'", [], |r| r.get(0)).unwrap();
    assert_eq!(residue, 0);
    check(&store);
}

/// All bytes of the business's folder.
fn bytes(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path());
    files.filter(|f| f.is_file()).flat_map(|f| std::fs::read(f).unwrap()).collect()
}

fn holds(dir: &Path, text: &str) -> bool {
    let (bytes, text) = (bytes(dir), text.as_bytes());
    bytes.windows(text.len()).any(|w| w == text)
}

const SECRETS: [&str; 4] = ["ann@example.org", "device-0815-ann", "customer-4711-ann", "Ann-Kathrin Musterfrau"];

/// Someone among others, known by three ids, with what sets her apart in every corner.
fn live_of_ann(store: &Store) -> Vec<EventBatch> {
    let mut sent = Vec::new();
    let mut n = 0;
    let mut event = |name: &str, unit: &str, props: serde_json::Value| {
        n += 1;
        let mut batch = EventBatch::new("web", START);
        let id = u128::from_be_bytes([7; 16]) + n;
        let time = START + (n as i64) * HOUR;
        batch.push(EventView { id: id.to_be_bytes(), time, name, unit, props: &props.to_string() }).unwrap();
        // One by one, so that small blocks are made and packed, and rows of units grow.
        store.append(batch.clone()).unwrap();
        sent.push(batch);
    };
    event("visit", SECRETS[1], json!({ "country": SECRETS[3], "mail": SECRETS[0] }));
    event("$identify", SECRETS[2], json!({ "$anon_distinct_id": SECRETS[1], "$set": { "mail": SECRETS[0] } }));
    event("$create_alias", SECRETS[2], json!({ "alias": SECRETS[0] }));
    for i in 0..30 {
        event(
            ["visit", "order"][i % 2],
            SECRETS[i % 3],
            json!({ "amount": i, "name": SECRETS[3], "country": SECRETS[3] }),
        );
    }
    // Somebody else's event that names her; refused, since she is identified.
    event("$identify", "other", json!({ "$anon_distinct_id": SECRETS[2] }));
    event("visit", "other", json!({ "country": "DE" }));
    event("$identify", "third", json!({ "$anon_distinct_id": "other" }));
    event("visit", "third", json!({ "country": "DE" }));
    sent
}

fn erased(store: &Store, dir: &Path, sent: &[EventBatch], report: &EraseReport) {
    assert_eq!((report.events, report.merged_ids, report.rejections), (34, 3, 2), "{report:?}");
    assert_eq!((report.earliest, report.wal_empty), (Some(START + HOUR), true));
    assert_eq!(report.elsewhere, []);
    for secret in SECRETS {
        assert!(!holds(dir, secret), "{secret} is left");
        assert_eq!(store.person(secret).unwrap(), None);
    }
    check(store);
    // Sent again, they are known.
    let position = store.count(None);
    for batch in sent {
        let receipt = store.append(batch.clone()).unwrap();
        assert_eq!((receipt.accepted, receipt.duplicates), (0, 1));
    }
    assert_eq!((store.count(None), store.count(Some("$erased"))), (position, 34));
    let rows = all(store, everything());
    let gone: Vec<_> = rows.iter().filter(|r| r.name == "$erased").collect();
    assert!(gone.len() == 34 && gone.iter().all(|r| r.unit.is_empty() && r.props == "{}"));
    // Others are who they were: "other" was identified by an event that is gone, and stays so.
    assert_eq!(store.person("other").unwrap().unwrap().ids, ["other"]);
    assert!(store.person("other").unwrap().unwrap().identified);
    let doctor = Store::doctor(dir);
    assert!(doctor.iter().all(|c| c.ok), "{doctor:#?}");
}

fn reject(store: &Store, raw: &str) {
    let refused = Rejection { position: 1, code: Code::EventInvalid, reason: "no time".into(), raw: raw.into() };
    epoch_model::event::EventSink::reject(store, "web", START, vec![refused]).unwrap();
}

#[test]
fn an_erased_person_leaves_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &business(""), Options { checkpoint_events: 20, ..options() }).unwrap();
    store.append(batch("web", 0..2500)).unwrap();
    reject(&store, &format!("{{\"distinct_id\":\"{}\"}}", SECRETS[1]));
    let sent = live_of_ann(&store);
    reject(&store, SECRETS[0]);
    reject(&store, "somebody else's");
    for n in 0..60 {
        store.append(batch("web", 2500 + n * 20..2520 + n * 20)).unwrap();
    }
    assert!(SECRETS.iter().all(|s| holds(dir.path(), s)));
    let before = number(&store, "visitors").0;
    let report = store.erase(SECRETS[1]).unwrap();
    erased(&store, dir.path(), &sent, &report);
    assert_eq!(number(&store, "visitors").0, before - 1.0);
    assert_eq!(store.rejections(None, None, 10).unwrap().len(), 1);
    assert_eq!(store.erase(SECRETS[1]).unwrap_err().code, Code::NotFound);
    assert_eq!(store.erase("").unwrap_err().code, Code::InvalidArgument);
    // Who comes back is somebody new.
    send(&store, 99, "visit", SECRETS[2], START, "{}");
    assert_eq!(store.person(SECRETS[2]).unwrap().unwrap().events, 1);
    check(&store);
    store.close().unwrap();
    let store = open(dir.path());
    check(&store);
    assert!(!holds(dir.path(), SECRETS[0]));
    // What the engine wrote down is not touched, and said.
    let body = json!({ "type": "tick", "driver": { "customer": SECRETS[2] } });
    store.commit(vec![Entry::new(START, RowKind::Input, "system", body)]).unwrap();
    store.put_meta("note", Some(&json!(format!("asked by {}", SECRETS[2])))).unwrap();
    let report = store.erase(SECRETS[2]).unwrap();
    let elsewhere: Vec<_> = report.elsewhere.iter().map(|m| (&*m.place, m.rows)).collect();
    assert_eq!((elsewhere, report.events), (vec![("journal", 1), ("meta", 1)], 1));
    check(&store);
}

/// Wherever the process dies, the next one finishes.
#[test]
fn an_erasure_that_was_cut_is_finished_at_the_next_start() {
    let source = tempfile::tempdir().unwrap();
    let store = open(source.path());
    store.append(batch("web", 0..1000)).unwrap();
    reject(&store, SECRETS[0]);
    reject(&store, SECRETS[1]);
    let sent = live_of_ann(&store);
    store.append(batch("web", 1000..2000)).unwrap();
    let copies = tempfile::tempdir().unwrap();
    // The files as they are at some moments of the erasure: what a killed process leaves behind.
    let stop = AtomicBool::new(false);
    let (report, taken) = std::thread::scope(|scope| {
        let copier = scope.spawn(|| {
            let mut taken = 0_usize;
            let db = rusqlite::Connection::open(source.path().join("business.db")).unwrap();
            let begun = || db.query_row("SELECT count(*) FROM erasures", [], |r| r.get::<_, i64>(0)).unwrap() > 0;
            while !stop.load(Ordering::Relaxed) && taken < 8 {
                if !begun() {
                    continue;
                }
                let to = copies.path().join(taken.to_string());
                std::fs::create_dir(&to).unwrap();
                db.execute("VACUUM INTO ?", [to.join("business.db").to_str().unwrap()]).unwrap();
                taken += 1;
            }
            taken
        });
        let report = store.erase(SECRETS[2]).unwrap();
        stop.store(true, Ordering::Relaxed);
        (report, copier.join().unwrap())
    });
    assert_eq!(report.events, 34);
    let mut unfinished = 0;
    for n in 0..taken {
        let dir = copies.path().join(n.to_string());
        let db = rusqlite::Connection::open(dir.join("business.db")).unwrap();
        let open_ones: i64 =
            db.query_row("SELECT count(*) FROM erasures WHERE state != 'done'", [], |r| r.get(0)).unwrap();
        drop(db);
        let store = open(&dir);
        unfinished += open_ones;
        erased(&store, &dir, &sent, &EraseReport { wal_empty: true, ..report.clone() });
        store.close().unwrap();
    }
    assert!(unfinished > 0, "{taken} copies, none in the middle");
}

#[test]
fn ingestion_goes_on_while_somebody_is_erased() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(batch("web", 0..20_000)).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let feeder = scope.spawn(|| {
            let mut n = 20_000;
            while !stop.load(Ordering::Relaxed) {
                store.append(batch("web", n..n + 10)).unwrap();
                n += 10;
            }
            n
        });
        for unit in ["u1", "u2", "u3"] {
            let person = store.person(unit).unwrap().unwrap();
            let report = store.erase(unit).unwrap();
            assert!(report.events >= person.events, "{report:?} {person:?}");
        }
        stop.store(true, Ordering::Relaxed);
        let sent = feeder.join().unwrap();
        assert_eq!(store.count(None), sent);
    });
    check(&store);
    // They came back while it went on: as somebody new.
    assert!(store.count(Some("$erased")) > 100);
}

#[test]
fn refusals_are_bounded_in_bytes_and_can_be_dealt_with() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for i in 0..1200 {
        reject(&store, &format!("{i:06}{}", "x".repeat(40_000)));
    }
    reject(&store, &"ä".repeat(60_000));
    store.append(EventBatch::new("web", START)).unwrap();
    let kept = store.rejections(None, None, 2000).unwrap();
    assert_eq!((kept[0].raw.len(), kept[0].id), (65_536, 1201));
    let bytes: usize = kept.iter().map(|r| r.raw.len()).sum();
    assert!(bytes <= 32 << 20 && bytes > 31 << 20, "{bytes}");
    let id = kept[3].id;
    let one = store.rejection(id).unwrap().unwrap();
    assert_eq!((&one, one.replayed_at), (&kept[3], None));
    store.rejection_done(id, RejectionDone::Replayed).unwrap();
    assert!(store.rejection(id).unwrap().unwrap().replayed_at.is_some());
    store.rejection_done(id, RejectionDone::Removed).unwrap();
    assert_eq!(store.rejection(id).unwrap(), None);
    for how in [RejectionDone::Removed, RejectionDone::Replayed] {
        assert_eq!(store.rejection_done(id, how).unwrap_err().code, Code::NotFound);
    }
}
