//! What changes while a checkpoint takes it: neither lost nor counted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use epoch_model::business::Business;
use epoch_model::time::DAY;
use epoch_store::aggregate::{Aggregates, Plan};

use crate::oracle::BUSINESS;

const START: i64 = 1_700_000_000_000;

type Change = fn(&mut Aggregates);
type Kept = BTreeMap<Vec<u8>, Vec<u8>>;

fn visit(a: &mut Aggregates, unit: u32, at: i64, country: &str) {
    a.apply("visit", unit, START + at, &format!(r#"{{"country":"{country}"}}"#)).unwrap();
}

fn order(a: &mut Aggregates, unit: u32, at: i64, invoice: &str) {
    let props = format!(r#"{{"country":"DE","amount":5.5,"invoice":"{invoice}","$groups":{{"company":"acme"}}}}"#);
    a.apply("order", unit, START + at, &props).unwrap();
}

fn link(a: &mut Aggregates, links: &[(u32, u32)]) {
    for (from, into) in links {
        a.link(*from, *into, true);
    }
}

/// The key's first byte says what a record is; each of these changes one of that kind which was frozen, or adds one beside it.
const CASES: &[(&str, u8, Change, Change)] = &[
    ("a cell", b'c', |a| visit(a, 1, 0, "DE"), |a| visit(a, 2, 0, "DE")),
    ("a cell twice", b'c', |a| visit(a, 1, 0, "DE"), |a| (2..5).for_each(|unit| visit(a, unit, 0, "DE"))),
    ("a cell in between", b'c', |a| visit(a, 1, 0, "DE"), |a| visit(a, 1, -DAY, "DE")),
    ("a unit that waits", b'u', |a| visit(a, 1, 0, "DE"), |a| visit(a, 1, 5, "DE")),
    ("a unit that was followed", b'u', |a| visit(a, 1, 0, "DE"), |a| order(a, 1, 9, "A")),
    (
        "a unit that came earlier",
        b'u',
        |a| (1..4).for_each(|unit| order(a, unit, DAY, "A")),
        |a| (1..4).for_each(|unit| order(a, unit, -DAY, "A")),
    ),
    ("a unit that joins", b'u', |a| (1..3).for_each(|unit| visit(a, unit, 0, "DE")), |a| link(a, &[(1, 2)])),
    ("a person", b'p', |a| link(a, &[(1, 2)]), |a| link(a, &[(2, 3)])),
    ("a person told twice", b'p', |a| link(a, &[(1, 2), (4, 5), (6, 5)]), |a| link(a, &[(2, 5), (5, 7), (7, 8)])),
    ("a word", b'd', |a| order(a, 1, 0, "A"), |a| order(a, 1, 0, "B")),
    ("a scope", b's', |a| visit(a, 1, 0, "DE"), |a| visit(a, 1, 0, "FR")),
    ("a combination", b'k', |a| visit(a, 1, 0, "DE"), |a| visit(a, 2, 0, "IT")),
    ("all from nothing", b'a', |_| {}, |a| order(a, 1, 0, "A")),
];

fn keep(kept: &mut Kept, records: Vec<(Vec<u8>, Vec<u8>)>) {
    kept.extend(records);
    kept.retain(|_, value| !value.is_empty());
}

#[test]
fn a_change_while_frozen_is_in_the_next_checkpoint_only() {
    let business = Business::parse(&format!("[business]\ntimezone = \"Europe/Berlin\"\n{BUSINESS}")).unwrap();
    let plan = Arc::new(Plan::compile(&business).unwrap());
    for (name, kind, first, then) in CASES {
        let (mut before, mut after) = (Aggregates::new(plan.clone()), Aggregates::new(plan.clone()));
        first(&mut before);
        first(&mut after);
        then(&mut after);
        let (before, after) = (before.all_records(), after.all_records());
        let of_kind = |records: &[(Vec<u8>, Vec<u8>)]| records.iter().filter(|r| r.0[0] == *kind).count();
        assert!(of_kind(&after) > 0, "{name}: nothing of its kind");
        for size in 1..4 {
            // The change comes after any number of slices.
            for slices in 0..=before.len() / size + 1 {
                let mut live = Aggregates::new(plan.clone());
                first(&mut live);
                live.freeze();
                let (mut taken, mut last) = (Vec::new(), false);
                for _ in 0..slices {
                    last = last || live.take_frozen(size, &mut taken);
                }
                then(&mut live);
                while !last {
                    last = live.take_frozen(size, &mut taken);
                }
                assert_eq!(live.frozen(), 0, "{name}");
                let keys: BTreeSet<_> = taken.iter().map(|r| &r.0).collect();
                assert_eq!(keys.len(), taken.len(), "{name}, {slices} of {size}: a key came twice");
                let mut kept = Kept::new();
                keep(&mut kept, taken);
                assert!(kept.into_iter().eq(before.iter().cloned()), "{name}, {slices} of {size}");
                let mut kept: Kept = before.iter().cloned().collect();
                keep(&mut kept, live.take_dirty());
                assert!(kept.clone().into_iter().eq(after.iter().cloned()), "{name}, {slices} of {size}");
                assert_eq!(Aggregates::load(plan.clone(), kept.into_iter()).unwrap().all_records(), after, "{name}");
            }
        }
        // In the middle, and all at once.
        let mut live = Aggregates::new(plan.clone());
        first(&mut live);
        live.freeze();
        let mut taken = Vec::new();
        live.take_frozen(2, &mut taken);
        then(&mut live);
        let mut kept = Kept::new();
        keep(&mut kept, taken);
        keep(&mut kept, live.take_dirty());
        assert!(kept.into_iter().eq(after.iter().cloned()), "{name}, at once");
    }
}
