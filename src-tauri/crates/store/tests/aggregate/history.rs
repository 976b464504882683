//! The whole store against a naive model: events early and late, links, erasures, restarts, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::time::{Millis, Zone};
use epoch_store::{Options, Store};
use proptest::prelude::*;

use crate::oracle::{BUSINESS, Event, Persons};
use crate::properties::{Raw, ZONES, build, compare, event};

#[derive(Debug, Clone)]
enum Step {
    Event(Raw),
    /// Kind, who joins, whom.
    Link(usize, u32, u32),
    Erase(u32),
    Restart,
    Rebuild,
    /// Everything so far is sent once more.
    Repeat,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => event().prop_map(Step::Event),
        5 => (0usize..3, 1u32..6, 1u32..6).prop_map(|(kind, a, b)| Step::Link(kind, a, b)),
        1 => (1u32..6).prop_map(Step::Erase),
        1 => Just(Step::Restart),
        1 => Just(Step::Rebuild),
        1 => Just(Step::Repeat),
    ]
}

/// What the store should know, by units that are numbered anew once they were erased.
#[derive(Default)]
struct Model {
    events: Vec<Event>,
    persons: Persons,
    current: BTreeMap<u32, u32>,
    given: u32,
}

impl Model {
    fn unit(&mut self, unit: u32) -> u32 {
        if unit == 0 {
            return 0;
        }
        let given = &mut self.given;
        *self.current.entry(unit).or_insert_with(|| {
            *given += 1;
            *given
        })
    }

    /// Whether there was somebody.
    fn erase(&mut self, unit: u32) -> bool {
        let Some(unit) = self.current.get(&unit).copied() else { return false };
        let gone: BTreeSet<u32> = self.persons.forget(unit);
        self.events.retain(|e| !gone.contains(&e.unit));
        self.current.retain(|_, unit| !gone.contains(unit));
        true
    }

    fn as_persons(&self) -> Vec<Event> {
        let person = |e: &Event| if e.unit == 0 { 0 } else { self.persons.of(e.unit) };
        self.events.iter().map(|e| Event { unit: person(e), ..e.clone() }).collect()
    }
}

fn open(dir: &Path, zone: &str) -> Store {
    let business = Business::parse(&format!("[business]\ntimezone = \"{zone}\"\n{BUSINESS}")).unwrap();
    let clock = AtomicI64::new(0);
    let options = Options {
        recent_ids: 16,
        checkpoint_events: 9,
        ..Options::new(Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)))
    };
    Store::open(dir, &business, options).unwrap()
}

/// A unit's id; it occurs nowhere else.
fn id(unit: u32) -> String {
    if unit == 0 { String::new() } else { format!("person-{unit}-id") }
}

fn run(steps: &[Step], size: usize) {
    let (zone, base) = ZONES[1];
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), zone);
    let mut model = Model::default();
    let mut batch = EventBatch::new("web", base);
    let flush = |store: &Store, batch: &mut EventBatch| {
        let full = std::mem::replace(batch, EventBatch::new("web", base));
        let count = full.len() as u64;
        assert_eq!(store.append(full).unwrap().accepted, count);
    };
    let mut sent = 0_u128;
    let mut push = |batch: &mut EventBatch, time: Millis, name: &str, unit: u32, props: &str| {
        sent += 1;
        batch.push(EventView { id: sent.to_be_bytes(), time, name, unit: &id(unit), props }).unwrap();
    };
    let mut all: Vec<EventBatch> = Vec::new();
    for step in steps {
        match step {
            Step::Event(raw) => {
                let mut event = build(base, &[*raw]).remove(0);
                push(&mut batch, event.time, event.name, event.unit, &event.props.to_string());
                event.unit = model.unit(event.unit);
                model.events.push(event);
            }
            Step::Link(kind, from, into) => {
                let name = ["$identify", "$create_alias", "$merge_dangerously"][*kind];
                let props = format!(r#"{{"$anon_distinct_id":"{0}","alias":"{0}"}}"#, id(*from));
                push(&mut batch, base, name, *into, &props);
                let into_unit = model.unit(*into);
                if from != into {
                    let from = model.unit(*from);
                    model.persons.link(from, into_unit, *kind == 2);
                }
            }
            other => {
                all.push(batch.clone());
                flush(&store, &mut batch);
                match other {
                    Step::Erase(unit) => {
                        let report = store.erase(&id(*unit));
                        assert_eq!(report.is_ok(), model.erase(*unit), "{report:?}");
                    }
                    Step::Restart => {
                        store.close().unwrap();
                        store = open(dir.path(), zone);
                    }
                    Step::Repeat => {
                        for batch in &all {
                            assert_eq!(store.append(batch.clone()).unwrap().accepted, 0);
                        }
                    }
                    _ => assert!(store.rebuild().unwrap().identical),
                }
            }
        }
        if batch.len() >= size {
            all.push(batch.clone());
            flush(&store, &mut batch);
        }
    }
    flush(&store, &mut batch);
    assert!(store.rebuild().unwrap().identical);
    let zone = Zone::named(zone).unwrap();
    compare(&|query| store.series(query).unwrap(), &zone, base, &model.as_persons());
    for unit in 1..6 {
        let person = store.person(&id(unit)).unwrap();
        let known = model.current.get(&unit).map(|own| model.persons.of(*own));
        let same = |unit: &&u32| model.current.get(*unit).map(|other| model.persons.of(*other)) == known;
        let ids: BTreeSet<String> = (1..6_u32).collect::<Vec<_>>().iter().filter(same).map(|u| id(*u)).collect();
        let identified = known.is_some_and(|known| model.persons.is_identified(known));
        assert_eq!(person.as_ref().is_some_and(|p| p.identified), identified);
        assert_eq!(person.map(|p| p.ids.into_iter().collect()), known.map(|_| ids));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_history_counts_as_the_model_does(steps in prop::collection::vec(step(), 0..70), size in 1usize..20) {
        run(&steps, size);
    }
}
