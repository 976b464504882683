use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_model::business::Business;
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::{Grain, Millis, Zone};
use epoch_store::aggregate::{Aggregates, Plan};
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{BUSINESS, Cut, Event, Persons};

/// Zones with the noon (UTC) of a day on which their clocks change, or of any day.
pub const ZONES: [(&str, Millis); 6] = [
    ("UTC", 1_706_702_400_000),
    ("Europe/Berlin", 1_711_886_400_000),
    ("Europe/Berlin", 1_730_030_400_000),
    ("America/Sao_Paulo", 1_541_332_800_000),
    ("Asia/Kolkata", 1_709_208_000_000),
    ("Australia/Adelaide", 1_712_491_200_000),
];

pub type Raw = (usize, u32, i64, usize, usize, usize);

pub fn event() -> impl Strategy<Value = Raw> {
    (0usize..3, 0u32..6, -600i64..600, 0usize..5, 0usize..9, 0usize..5)
}

pub fn build(base: Millis, raw: &[Raw]) -> Vec<Event> {
    raw.iter()
        .map(|(name, unit, steps, country, amount, invoice)| {
            let (amount_at, invoice_at) = (*amount, *invoice);
            let mut props = json!({ "other": { "country": "XX" }, "list": [1, 2] });
            let country = [json!("DE"), json!("FR"), json!("Ö \"x\""), json!(""), json!(null)][*country].clone();
            let amount = [
                json!(12.34),
                json!("5.5"),
                json!(-3),
                json!("n/a"),
                json!(null),
                json!(0),
                json!(1999.99),
                json!(true),
                json!(0.01),
            ][*amount]
                .clone();
            let invoice = [json!("A1"), json!("A2"), json!(7), json!(""), json!(null)][*invoice].clone();
            let company = [json!("acme"), json!("beta"), json!(7), json!(null)][(amount_at + invoice_at) % 4].clone();
            props["$groups"] = json!({ "region": { "company": "none" }, "company": company });
            props["country"] = country;
            props["invoice"] = invoice;
            props["amount"] = amount;
            // Twelve minutes a step, now and then a millisecond before the full hour.
            let time = base + steps * 720_000 - i64::from(steps % 7 == 0);
            Event { name: ["visit", "order", "signup"][*name], unit: *unit, time, props }
        })
        .collect()
}

fn plan(zone: &str) -> Arc<Plan> {
    let text = format!("[business]\ntimezone = \"{zone}\"\n{BUSINESS}");
    let business = Business::parse(&text).unwrap_or_else(|p| panic!("{p:#?}"));
    Arc::new(Plan::compile(&business).unwrap())
}

fn take(aggregates: &mut Aggregates, events: &[Event]) {
    for e in events {
        aggregates.apply(e.name, e.unit, e.time, &e.props.to_string()).unwrap();
    }
}

fn check(aggregates: &Aggregates, zone: &Zone, base: Millis, events: &[Event]) {
    compare(&|query| aggregates.series(query).unwrap(), zone, base, events);
}

/// Every metric, width and segment against the oracle.
pub fn compare(read: &dyn Fn(&SeriesQuery) -> Vec<Series>, zone: &Zone, base: Millis, events: &[Event]) {
    let business = Business::parse(BUSINESS).unwrap();
    let (from, to) = (base - 6 * 86_400_000, base + 6 * 86_400_000);
    for metric in &business.metrics {
        for grain in [Grain::Hour, Grain::Day, Grain::Week, Grain::Month] {
            if grain < metric.grain {
                continue;
            }
            for by in [None, Some("country")] {
                if by.is_some() && metric.segments.is_empty() {
                    continue;
                }
                let query = SeriesQuery { metric: metric.key.clone(), from, to, grain, by: by.map(str::to_owned) };
                for series in read(&query) {
                    let starts = zone.buckets(from..to, grain);
                    let end = zone.next(*starts.last().unwrap(), grain);
                    assert_eq!(series.points.iter().map(|p| p.start).collect::<Vec<_>>(), starts);
                    let ends = starts.iter().skip(1).copied().chain([end]);
                    let ranges = starts.iter().copied().zip(ends).zip(&series.points);
                    for ((from, to), point) in ranges.chain([((starts[0], end), &series.total)]) {
                        let cut = Cut { events, from, to, country: series.segment.as_deref() };
                        let expect = cut.value(&metric.key);
                        let slack = if metric.key == "p90" { 0.00501 } else { 1e-12 };
                        let same = match (point.value, expect) {
                            (Some(a), Some(b)) => (a - b).abs() <= slack * b.abs().max(1e-6),
                            (a, b) => a == b,
                        };
                        assert!(
                            same,
                            "{} {grain:?} {:?} {from}..{to}: {point:?}, expected {expect:?}",
                            metric.key, series.segment
                        );
                    }
                }
            }
        }
    }
}

/// After how many events which unit joins which, and whether by force.
type Link = (usize, u32, u32, bool);

fn links() -> impl Strategy<Value = Vec<Link>> {
    prop::collection::vec((0usize..70, 1u32..6, 1u32..6, any::<bool>()), 0..8).prop_map(|mut links| {
        links.retain(|(_, from, into, _)| from != into);
        links.sort_by_key(|l| l.0);
        links
    })
}

/// Events and links in the order of the log.
fn take_linked(aggregates: &mut Aggregates, events: &[Event], links: &[Link], range: std::ops::Range<usize>) {
    for at in range {
        for (_, from, into, force) in links.iter().filter(|l| l.0 == at) {
            aggregates.link(*from, *into, *force);
        }
        if let Some(e) = events.get(at) {
            aggregates.apply(e.name, e.unit, e.time, &e.props.to_string()).unwrap();
        }
    }
}

fn as_persons(events: &[Event], links: &[Link]) -> Vec<Event> {
    let mut persons = Persons::default();
    for (_, from, into, force) in links {
        persons.link(*from, *into, *force);
    }
    events.iter().map(|e| Event { unit: if e.unit == 0 { 0 } else { persons.of(e.unit) }, ..e.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linked_units_are_one_in_every_number(zone in 0usize..ZONES.len(), raw in prop::collection::vec(event(), 0..70), links in links(), cut in 0usize..71) {
        let (name, base) = ZONES[zone];
        let (events, zone) = (build(base, &raw), Zone::named(name).unwrap());
        let mut whole = Aggregates::new(plan(name));
        take_linked(&mut whole, &events, &links, 0..71);
        check(&whole, &zone, base, &as_persons(&events, &links));

        // A checkpoint anywhere, and what was kept afterwards.
        let mut kept: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut live = Aggregates::new(plan(name));
        for range in [0..cut, cut..71] {
            take_linked(&mut live, &events, &links, range);
            kept.extend(live.take_dirty());
            kept.retain(|_, value| !value.is_empty());
            live = Aggregates::load(plan(name), kept.clone().into_iter()).unwrap();
        }
        prop_assert_eq!(&live.all_records(), &whole.all_records());
        prop_assert_eq!(kept.into_iter().collect::<Vec<_>>(), whole.all_records());
    }

    /// What is reported as changed is no later than the first day whose numbers are others.
    #[test]
    fn a_merge_tells_what_it_changed(raw in prop::collection::vec(event(), 1..60), links in links()) {
        let (name, base) = ZONES[1];
        let events = build(base, &raw);
        let mut aggregates = Aggregates::new(plan(name));
        take(&mut aggregates, &events);
        let numbers = |aggregates: &Aggregates| {
            let mut first = BTreeMap::new();
            for metric in Business::parse(BUSINESS).unwrap().metrics {
                for by in metric.segments.iter().map(Some).chain([None]) {
                    let (from, to) = (base - 6 * 86_400_000, base + 6 * 86_400_000);
                    let q = SeriesQuery { metric: metric.key.clone(), from, to, grain: metric.grain, by: by.cloned() };
                    for series in aggregates.series(&q).unwrap() {
                        for p in series.points {
                            first.insert((metric.key.clone(), series.segment.clone(), p.start), (p.numerator, p.denominator));
                        }
                    }
                }
            }
            first
        };
        for (_, from, into, force) in links {
            let before = numbers(&aggregates);
            let told = aggregates.link(from, into, force);
            let after = numbers(&aggregates);
            let changed = before.iter().filter(|(key, value)| after.get(*key) != Some(*value)).map(|(key, _)| key.2).min();
            prop_assert_eq!(told.is_some(), changed.is_some(), "told {:?}, changed {:?}", told, changed);
            // A wider bucket may begin earlier than the finer one that tells.
            prop_assert!(told <= changed && changed.is_none_or(|c| told.unwrap() >= c - 25 * 3_600_000), "{:?} {:?}", told, changed);
        }
    }

    #[test]
    fn equals_brute_force_in_any_order(zone in 0usize..ZONES.len(), raw in prop::collection::vec(event(), 0..70)) {
        let (name, base) = ZONES[zone];
        let (events, zone) = (build(base, &raw), Zone::named(name).unwrap());
        let mut aggregates = Aggregates::new(plan(name));
        take(&mut aggregates, &events);
        check(&aggregates, &zone, base, &events);

        let mut sorted: Vec<_> = raw.clone();
        sorted.sort_by_key(|e| e.2);
        let mut again = Aggregates::new(plan(name));
        take(&mut again, &build(base, &sorted));
        check(&again, &zone, base, &events);
    }

    #[test]
    fn checkpoints_lose_nothing(raw in prop::collection::vec(event(), 0..120), cuts in prop::collection::vec(0usize..120, 0..4)) {
        let (name, base) = ZONES[1];
        let events = build(base, &raw);
        let mut rebuilt = Aggregates::new(plan(name));
        take(&mut rebuilt, &events);

        let mut kept: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut live = Aggregates::new(plan(name));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(events.len())).collect();
        cuts.sort_unstable();
        let mut done = 0;
        for cut in cuts.into_iter().chain([events.len()]) {
            take(&mut live, &events[done..cut]);
            done = cut;
            let records = live.take_dirty();
            prop_assert!(records.is_sorted());
            kept.extend(records);
            prop_assert!(live.take_dirty().is_empty());
            live = Aggregates::load(plan(name), kept.clone().into_iter()).unwrap();
        }
        let all: Vec<_> = kept.into_iter().collect();
        prop_assert_eq!(&all, &rebuilt.all_records());
        prop_assert_eq!(&all, &live.all_records());
        check(&live, &Zone::named(name).unwrap(), base, &events);
    }

    #[test]
    fn damaged_records_are_refused_or_read(raw in prop::collection::vec(event(), 1..20), at in any::<prop::sample::Index>(), byte in any::<u8>(), place in any::<prop::sample::Index>()) {
        let (name, base) = ZONES[0];
        let events = build(base, &raw);
        let mut aggregates = Aggregates::new(plan(name));
        take(&mut aggregates, &events);
        let mut records = aggregates.all_records();
        let record = at.get(&records).clone();
        let index = records.iter().position(|r| *r == record).unwrap();
        if !record.1.is_empty() {
            records[index].1[place.index(record.1.len())] = byte;
        }
        if let Ok(mut loaded) = Aggregates::load(plan(name), records.into_iter()) {
            take(&mut loaded, &events);
        }
    }
}
