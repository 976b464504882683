//! A checkpoint cut anywhere: whoever opens what is left finds the aggregates of the log.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::series::SeriesQuery;
use epoch_model::time::{DAY, Grain, HOUR};
use parking_lot::RwLock;
use proptest::prelude::*;

use super::super::Built;
use super::*;
use crate::Store;
use crate::aggregate::{Aggregates, Plan};
use crate::changes::Listeners;
use crate::experiments::Counter;
use crate::inbox::{Inbox, Waiting};
use crate::options::Options;
use crate::pool::Pool;
use crate::{db, erase, links, log};

const START: i64 = 1_700_000_000_000;

fn business() -> Business {
    let text = r#"
        [business]
        timezone = "Europe/Berlin"
        [[metric]]
        key = "visitors"
        kind = "unique"
        event = "visit"
        bucket = "hour"
        segments = ["country"]
        [[metric]]
        key = "invoices"
        kind = "unique"
        event = "order"
        of = "invoice"
        [[metric]]
        key = "conversion"
        kind = "proportion"
        denominator = { event = "visit" }
        numerator = { event = "order", within = "2d" }
        segments = ["country"]
        [[metric]]
        key = "back"
        kind = "retention"
        start = { event = "visit" }
        comeback = { event = "order" }
        after = "1d"
        within = "3d"
    "#;
    Business::parse(text).unwrap_or_else(|p| panic!("{p:?}"))
}

/// The clock stands still: a checkpoint begins when it is told to.
fn options(slice_records: usize) -> Options {
    Options { slice_records, ..Options::new(Arc::new(|| START)) }
}

fn writer(dir: &Path, slice: usize) -> Writer {
    let path = db::path(dir);
    let plan = Arc::new(Plan::compile(&business()).unwrap());
    let mut connection = db::open_writer(&path).unwrap();
    links::complete(&mut connection).unwrap();
    let options = options(slice);
    let shared = Arc::new(Shared {
        inbox: Inbox::new(1, 1),
        pool: Pool::new(path, 1),
        aggregates: RwLock::new(Aggregates::new(plan.clone())),
        experiments: RwLock::new(Counter::none(plan.zone().clone())),
        plan: RwLock::new(plan),
        listeners: Listeners::default(),
        options,
    });
    Writer::new(shared, connection, 0).unwrap()
}

/// Event number, name, unit, hour and what else there is to choose.
type Raw = (usize, u8, i64, usize);

fn ingest(writer: &mut Writer, next: &mut u64, raw: &[Raw]) {
    let mut batch = EventBatch::new("web", START);
    for (name, unit, hour, choice) in raw {
        *next += 1;
        let props = format!(
            r#"{{"country":"{}","invoice":"i{}","$anon_distinct_id":"u{}"}}"#,
            ["DE", "FR", "IT"][choice % 3],
            choice % 5,
            choice % 6
        );
        let name = ["visit", "visit", "order", "$identify"][*name];
        let (id, time) = (u128::from(*next).to_be_bytes(), START + hour * HOUR);
        batch.push(EventView { id, time, name, unit: &format!("u{unit}"), props: &props }).unwrap();
    }
    let done = Box::new(|receipt: Result<_>| assert!(receipt.is_ok()));
    writer.transaction(Vec::new(), &[], vec![Waiting { batch, done }]);
}

fn of_the_log(writer: &Writer) -> Aggregates {
    let plan = writer.shared.plan.read().clone();
    let mut aggregates = Aggregates::new(plan);
    checkpoint::catch_up(&writer.db, &mut aggregates, 0, writer.position).unwrap();
    aggregates
}

/// The files as they are: what a killed process leaves behind.
fn reopened(dir: &Path) {
    let copy = tempfile::tempdir().unwrap();
    for file in ["business.db", "business.db-wal"] {
        std::fs::copy(dir.join(file), copy.path().join(file)).unwrap();
    }
    let store = Store::open(copy.path(), &business(), options(1)).unwrap();
    assert!(store.rebuild().unwrap().identical);
    store.close().unwrap();
    let store = Store::open(copy.path(), &business(), options(1)).unwrap();
    assert!(store.rebuild().unwrap().identical);
    store.close().unwrap();
    let doctor = Store::doctor(copy.path());
    assert!(doctor.iter().all(|c| c.ok), "{doctor:#?}");
}

fn check(writer: &Writer, dir: &Path) {
    let expected = of_the_log(writer);
    assert_eq!(writer.shared.aggregates.read().all_records(), expected.all_records(), "in memory");
    let plan = writer.shared.plan.read().clone();
    let reader = db::open_reader(&db::path(dir)).unwrap();
    let tx = reader.unchecked_transaction().unwrap();
    let found = checkpoint::load(&tx, &plan).unwrap().0;
    assert_eq!(found.all_records(), expected.all_records(), "{:?}", writer.keeping.phase);
    drop(tx);
    let beside = Store::open_read_only(dir, &business(), options(1)).unwrap();
    for metric in ["visitors", "invoices", "conversion", "back"] {
        let (from, to) = (START - 3 * DAY, START + 12 * DAY);
        let query = SeriesQuery { metric: metric.into(), from, to, grain: Grain::Day, by: None };
        assert_eq!(beside.series(&query).unwrap(), expected.series(&query).unwrap());
    }
}

/// A whole erasure with slices of the checkpoint and events in between.
fn erase(writer: &mut Writer, dir: &Path, next: &mut u64, unit: &str, events: &[Raw]) {
    let Ok((mut erasure, _)) = writer.begin_erasure(unit) else { return };
    let step = |writer: &mut Writer| {
        if writer.keeping.is_due() {
            writer.keep_idly();
        }
        reopened(dir);
    };
    while erasure.looked < erasure.upto {
        for (piece, looked) in erase::look(&writer.db, &erasure).unwrap().pieces {
            erasure = writer.overwrite(erasure, &piece, looked).unwrap();
            step(writer);
        }
    }
    writer.log_is_done(&erasure).unwrap();
    step(writer);
    let mut aggregates = Box::new(of_the_log(writer));
    let (records, upto) = (aggregates.all_records(), writer.position);
    aggregates.take_dirty();
    ingest(writer, next, events);
    let plan = writer.shared.plan.read().clone();
    let (reply, answer) = crossbeam_channel::bounded(1);
    writer.adopt(plan, Some(Built { aggregates, upto, records, compare: false }), reply);
    reopened(dir);
    while writer.spill.is_some() {
        assert!(writer.spill_on());
        ingest(writer, next, events);
        writer.keep_if_due();
        reopened(dir);
    }
    answer.recv().unwrap().unwrap();
    let left = "SELECT count(*) FROM aggregates_next";
    assert_eq!(writer.db.query_row(left, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
    writer.finish_erasure(&erasure).unwrap();
}

#[derive(Debug, Clone)]
enum Op {
    Events(Vec<Raw>),
    Begin,
    Steps(usize),
    Erase(u8, Vec<Raw>),
    Follow,
    RolledBack,
}

fn raw() -> impl Strategy<Value = Raw> {
    (0usize..4, 0u8..6, -20i64..200, 0usize..30)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop::collection::vec(raw(), 1..8).prop_map(Op::Events),
        3 => Just(Op::Begin),
        6 => (1usize..6).prop_map(Op::Steps),
        1 => (0u8..6, prop::collection::vec(raw(), 1..4)).prop_map(|(unit, events)| Op::Erase(unit, events)),
        1 => Just(Op::Follow),
        1 => Just(Op::RolledBack),
    ]
}

fn begin(writer: &mut Writer) {
    if writer.keeping.is_idle() && writer.spill.is_none() {
        writer.keeping.begin(&writer.shared, writer.position);
    }
}

fn step(writer: &mut Writer) {
    if writer.keeping.is_due() {
        writer.keep_idly();
        assert!(writer.keeping.failed.is_none());
    }
}

/// A slice whose transaction fails is written again.
fn fail(writer: &mut Writer) {
    writer.db.execute_batch("BEGIN IMMEDIATE").unwrap();
    writer.keeping.write(&writer.db, &writer.shared, 2).unwrap();
    writer.take_back();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn cut_anywhere_in_any_history(slice in 1usize..4, ops in prop::collection::vec(op(), 1..30)) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path(), slice);
        let mut next = 0;
        for op in ops {
            match op {
                Op::Events(raw) => ingest(&mut writer, &mut next, &raw),
                Op::Begin => begin(&mut writer),
                Op::Steps(steps) => (0..steps).for_each(|_| step(&mut writer)),
                Op::Erase(unit, raw) => erase(&mut writer, dir.path(), &mut next, &format!("u{unit}"), &raw),
                Op::Follow => {
                    let plan = Arc::new(Plan::compile(&business()).unwrap());
                    let (reply, answer) = crossbeam_channel::bounded(1);
                    writer.adopt(plan, None, reply);
                    answer.recv().unwrap().unwrap();
                }
                Op::RolledBack => fail(&mut writer),
            }
            check(&writer, dir.path());
        }
        reopened(dir.path());
        // A close in the middle.
        writer.keep_at_once().unwrap();
        prop_assert_eq!(writer.checkpointed, writer.position);
        check(&writer, dir.path());
        reopened(dir.path());
    }
}

#[test]
fn cut_at_every_step() {
    for (slice, between) in [(1, 1), (3, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path(), slice);
        let (mut next, mut phases, mut steps) = (0, BTreeSet::new(), 0_usize);
        let event = |n: usize| (n % 4, u8::try_from(n % 5).unwrap(), i64::try_from(n * 7 % 90).unwrap(), n);
        for round in 0..2 {
            ingest(&mut writer, &mut next, &(0..8).map(|n| event(n + round)).collect::<Vec<_>>());
            begin(&mut writer);
            while !writer.keeping.is_idle() {
                phases.insert(format!("{:?}", writer.keeping.phase));
                check(&writer, dir.path());
                if steps.is_multiple_of(23) {
                    reopened(dir.path());
                }
                steps += 1;
                if steps < 30 && between > 0 {
                    ingest(&mut writer, &mut next, &(0..between).map(|n| event(n + steps)).collect::<Vec<_>>());
                }
                step(&mut writer);
            }
            check(&writer, dir.path());
            reopened(dir.path());
        }
        assert_eq!(phases.into_iter().collect::<Vec<_>>(), ["Clearing", "Merging", "Staging"]);
        assert!(writer.checkpointed > 0 && log::position(&writer.db).unwrap() == writer.position);
    }
}
