use std::collections::HashSet;
use std::sync::mpsc;

use epoch_model::Code;
use epoch_model::event::{EventBatch, EventSink, EventView, Rejection};
use epoch_model::series::SeriesQuery;
use epoch_model::time::{DAY, Grain};
use epoch_store::{Options, RowsQuery, SegmentMatch, Store};

use crate::common::*;

/// Batches of any size with repeats within a batch, across queued batches and across restarts, against a set.
#[test]
fn duplicates_are_what_a_set_says_through_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let (mut rng, mut oracle) = (Rng(7), HashSet::new());
    for _ in 0..4 {
        let store = open(dir.path());
        let (tell, hear) = mpsc::channel();
        for _ in 0..40 {
            let numbers: Vec<u64> = (0..rng.below(160)).map(|_| rng.below(9000)).collect();
            let fresh = numbers.iter().filter(|n| oracle.insert(**n)).count() as u64;
            let tell = tell.clone();
            let sent = numbers.len() as u64;
            let done = Box::new(move |r| tell.send((sent, fresh, r)).unwrap());
            store.submit(batch(["web", "shop"][rng.below(2) as usize], numbers), done).unwrap();
        }
        drop(tell);
        for (sent, fresh, receipt) in hear {
            let receipt = receipt.unwrap();
            assert_eq!((receipt.accepted, receipt.duplicates, receipt.rejected), (fresh, sent - fresh, 0));
        }
        assert_eq!(store.count(None), oracle.len() as u64);
        store.close().unwrap();
    }
    let store = open(dir.path());
    let rows = all(&store, everything());
    assert_eq!(rows.len(), oracle.len());
    assert_eq!(rows.iter().map(number).collect::<HashSet<_>>(), oracle);
    assert!(rows.is_sorted_by(|a, b| a.position > b.position));
    let mut expected = EventBatch::default();
    for row in &rows {
        push(&mut expected, number(row));
    }
    for (row, event) in rows.iter().zip(expected.iter()) {
        assert_eq!(
            (row.id, row.time, &*row.name, &*row.unit, &*row.props),
            (event.id, event.time, event.name, event.unit, event.props)
        );
        assert_eq!(row.received, START);
    }
    let by_name: u64 = ["visit", "order", "nothing"].iter().map(|n| store.count(Some(n))).sum();
    assert_eq!(by_name, store.count(None));
    let sources = store.sources().unwrap();
    assert_eq!(sources.iter().map(|s| s.accepted).sum::<u64>(), store.count(None));
    check(&store);
}

#[test]
fn what_is_no_object_is_refused_alone_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut b = batch("web", 1..4);
    for (n, props) in ["[1]", "{\"a\":", "", "{\"a\":1}x"].iter().enumerate() {
        b.push(EventView { id: [n as u8; 16], time: START, name: "visit", unit: "u", props }).unwrap();
    }
    push(&mut b, 9);
    let receipt = store.append(b.clone()).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected, receipt.position), (4, 4, 4));
    // A refused event leaves no trace that would make its corrected form a duplicate.
    let mut good = EventBatch::new("web", START);
    good.push(EventView { id: [0; 16], time: START, name: "visit", unit: "u", props: "{}" }).unwrap();
    assert_eq!(store.append(good).unwrap().accepted, 1);
    let raw = "x".repeat(5000);
    store
        .reject(
            "csv",
            START,
            vec![Rejection { position: 17, code: Code::MappingInvalid, reason: "no time".into(), raw }],
        )
        .unwrap();
    store.append(EventBatch::new("csv", START)).unwrap();
    let kept = store.rejections(None, None, 100).unwrap();
    let seen: Vec<_> = kept.iter().rev().map(|r| (&*r.source, r.position, r.code)).collect();
    let invalid = |n| ("web", n, Code::EventInvalid);
    assert_eq!(seen, [invalid(3), invalid(4), invalid(5), invalid(6), ("csv", 17, Code::MappingInvalid)]);
    assert_eq!(kept[0].raw.len(), 5000);
    assert_eq!(store.rejections(Some("web"), Some(kept[2].id), 1).unwrap()[0].position, 4);
    store.source_failed("folder", "cannot be read").unwrap();
    let states: Vec<_> = store
        .sources()
        .unwrap()
        .into_iter()
        .map(|s| (s.source, s.accepted, s.rejected, s.last_error.is_some()))
        .collect();
    assert_eq!(states, [("csv".into(), 0, 1, true), ("folder".into(), 0, 0, true), ("web".into(), 5, 4, true)]);
    assert_eq!(store.append(batch("folder", 50..52)).unwrap().accepted, 2);
    check(&store);
}

#[test]
fn a_full_inbox_says_so_and_loses_nothing_it_took() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &business(""), Options { inbox_batches_max: 4, ..options() }).unwrap();
    let (tell, hear) = mpsc::channel();
    let (mut taken, mut refused) = (0, 0);
    for n in 0..400_u64 {
        let tell = tell.clone();
        match store.submit(batch("web", n * 20..n * 20 + 20), Box::new(move |r| tell.send(r).unwrap())) {
            Ok(()) => taken += 1,
            Err(e) => {
                assert_eq!(e.code, Code::Overloaded);
                refused += 1;
            }
        }
    }
    drop(tell);
    assert!(refused > 0, "the writer was never slower than this loop");
    assert_eq!(hear.iter().map(|r| r.unwrap().accepted).sum::<u64>(), taken * 20);
    assert_eq!(store.count(None), taken * 20);
    store.close().unwrap();
    let late = store.submit(batch("web", 0..1), Box::new(|_| panic!("not queued, so not told")));
    assert_eq!(late.unwrap_err().code, Code::WrongState);
}

#[test]
fn drill_down_finds_exactly_the_rows_behind_a_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..60 {
        store.append(batch("web", n * 100..n * 100 + 100)).unwrap();
    }
    let rows = all(&store, everything());
    let (from, to) = (START + 3 * DAY, START + 9 * DAY);
    let in_range = |t: i64| (from..to).contains(&t);
    let orders: f64 = rows.iter().filter(|r| r.name == "order" && in_range(r.time)).count() as f64;
    let found = all(&store, RowsQuery { name: Some("order".into()), from, to, limit: 7, ..everything() });
    assert_eq!(found.len() as f64, orders);
    let metric = |segment: Option<(&str, &str)>| SegmentMatch {
        metric: "visitors".into(),
        segment: segment.map(|(s, v)| (s.into(), v.into())),
    };
    let visits = all(&store, RowsQuery { metric: Some(metric(None)), from, to, ..everything() });
    let german = all(&store, RowsQuery { metric: Some(metric(Some(("country", "DE")))), from, to, ..everything() });
    assert!(german.len() < visits.len() && german.iter().all(|r| r.props.contains("\"DE\"")));
    assert!(visits.iter().all(|r| r.name == "visit" && in_range(r.time)));
    let units: HashSet<_> = german.iter().filter(|r| !r.unit.is_empty()).map(|r| &r.unit).collect();
    let query = SeriesQuery { metric: "visitors".into(), from, to, grain: Grain::Day, by: Some("country".into()) };
    let series = store.series(&query).unwrap();
    let line = series.iter().find(|s| s.segment.as_deref() == Some("DE")).unwrap();
    // Buckets are whole local days, so the series may reach a little further than the rows.
    assert!(line.total.value.unwrap() >= units.len() as f64);
    assert!(all(&store, RowsQuery { name: Some("nothing".into()), ..everything() }).is_empty());
    let kinds = store.catalog().unwrap();
    assert_eq!(kinds.iter().map(|k| &*k.name).collect::<Vec<_>>(), ["order", "visit"]);
    assert_eq!(kinds[0].count, store.count(Some("order")));
    let country = &kinds[0].properties[1];
    assert_eq!((&*country.name, &*country.types), ("country", &["string".to_owned()][..]));
    assert_eq!(
        country.samples.iter().map(|s| &**s).collect::<std::collections::BTreeSet<_>>(),
        ["DE", "FR", "IT"].into()
    );
    let times: Vec<i64> = rows.iter().map(|r| r.time).collect();
    assert_eq!(store.span(), Some((*times.iter().min().unwrap(), *times.iter().max().unwrap())));
}

#[test]
fn a_trickle_of_small_commits_is_packed_and_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &business(""), Options { checkpoint_events: 300, ..options() }).unwrap();
    for n in 0..700 {
        store.append(batch(if n % 350 < 200 { "a" } else { "b" }, [n])).unwrap();
    }
    let rows = all(&store, everything());
    assert_eq!(rows.iter().rev().map(number).collect::<Vec<_>>(), (0..700).collect::<Vec<_>>());
    assert!(rows.iter().all(|r| r.source == if number(r) % 350 < 200 { "a" } else { "b" }));
    check(&store);
    store.close().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("business.db")).unwrap();
    let blocks: i64 = db.query_row("SELECT count(*) FROM blocks", [], |r| r.get(0)).unwrap();
    assert!(blocks < 400, "{blocks} blocks are left");
}

#[test]
fn another_configuration_counts_the_old_events_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(batch("web", 0..3000)).unwrap();
    let more = business("[[metric]]\nkey = \"orders\"\nkind = \"count\"\nevent = \"order\"\n");
    let query = |key: &str| SeriesQuery {
        metric: key.into(),
        from: START - DAY,
        to: START + 60 * DAY,
        grain: Grain::Day,
        by: None,
    };
    assert!(store.series(&query("orders")).is_err());
    let feeding = store.clone();
    let feeder = std::thread::spawn(move || {
        for n in 0..50 {
            feeding.append(batch("web", 3000 + n * 20..3020 + n * 20)).unwrap();
        }
    });
    store.reconfigure(&more).unwrap();
    feeder.join().unwrap();
    let counted = |store: &Store| store.series(&query("orders")).unwrap()[0].total.value.unwrap() as u64;
    assert_eq!(counted(&store), store.count(Some("order")));
    check(&store);
    store.reconfigure(&more).unwrap();
    check(&store);
    store.close().unwrap();
    // Opened with either configuration, the aggregates are that configuration's.
    for business in [&more, &business(""), &more] {
        let store = Store::open(dir.path(), business, options()).unwrap();
        assert_eq!(store.series(&query("orders")).is_ok(), business.metrics.len() == 4);
        check(&store);
        store.close().unwrap();
    }
}

/// A file that may not grow stands for a full disk.
#[test]
fn a_full_disk_refuses_acknowledges_nothing_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let tight = Options { file_bytes_max: Some(1 << 20), ..options() };
    let store = Store::open(dir.path(), &business(""), tight).unwrap();
    let (mut acknowledged, mut failed) = (HashSet::new(), 0);
    for n in 0..40_u64 {
        let numbers = n * 500..n * 500 + 500;
        match store.append(batch("web", numbers.clone())) {
            Ok(_) => acknowledged.extend(numbers),
            Err(e) => {
                assert_eq!(e.code, Code::DiskFull, "{e:?}");
                failed += 1;
            }
        }
    }
    assert!(failed > 5, "the file was never full");
    assert_eq!(all(&store, everything()).iter().map(number).collect::<HashSet<_>>(), acknowledged);
    store.close().unwrap();
    let store = open(dir.path());
    for n in 0..40_u64 {
        store.append(batch("web", n * 500..n * 500 + 500)).unwrap();
    }
    assert_eq!(store.count(None), 20_000);
    check(&store);
}
