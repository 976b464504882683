//! What comes out is valid, in order, the same for the same seed, and says nothing of the truth.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::event::EventBatch;
use epoch_sandbox::{Defaults, Scenario, SimEvent, World};

use crate::kit::{DAY, scenario};

fn digest(world: &mut World, until: i64, hash: &mut blake3::Hasher) -> u64 {
    let mut n = 0;
    world.advance(until, &Defaults, &mut |event| {
        n += 1;
        for part in [event.name, event.unit, event.props, event.source] {
            hash.update(part.as_bytes()).update(&[0]);
        }
        hash.update(&event.id).update(&event.time.to_le_bytes()).update(&event.arrives.to_le_bytes());
    });
    n
}

fn digest_of(scenario: &Scenario, seed: u64) -> (u64, String) {
    let mut hash = blake3::Hasher::new();
    let n = digest(&mut World::new(scenario, seed), scenario.ends_at(), &mut hash);
    (n, hash.finalize().to_hex()[..16].to_owned())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let tiny = scenario("tiny");
    let first = digest_of(&tiny, 7);
    assert_eq!(first, digest_of(&tiny, 7));
    assert_ne!(first.1, digest_of(&tiny, 8).1);
    // On every machine, in every build: change these only with the model.
    assert_eq!(first, (FIXTURE_EVENTS, FIXTURE_HASH.to_owned()));
}

const FIXTURE_EVENTS: u64 = 102_415;
const FIXTURE_HASH: &str = "86bb8d6f2000a28c";

#[test]
fn a_restored_world_goes_on_as_if_nothing_had_happened() {
    for name in ["tiny", "saas-calm", "marketplace-shocked"] {
        let scenario = scenario(name);
        let (start, middle, end) =
            (scenario.starts_at(), scenario.starts_at() + 20 * DAY + 12_345, scenario.starts_at() + 35 * DAY);
        let mut whole = blake3::Hasher::new();
        digest(&mut World::new(&scenario, 3), end, &mut whole);
        let mut parts = blake3::Hasher::new();
        let mut world = World::new(&scenario, 3);
        for step in 1..=20 {
            digest(&mut world, start + (middle - start) * step / 20, &mut parts);
        }
        let bytes = world.snapshot();
        drop(world);
        digest(&mut World::restore(&bytes).unwrap(), end, &mut parts);
        assert_eq!(whole.finalize(), parts.finalize(), "{name}");
    }
    assert!(World::restore(b"{}").is_none());
}

#[test]
fn events_pass_the_gateway_s_limits_in_the_order_of_arrival() {
    for name in ["tiny", "saas-shocked", "marketplace-adversarial", "shop-delayed"] {
        let scenario = scenario(name);
        let mut world = World::new(&scenario, 11);
        let mut batch = EventBatch::new("sandbox", 0);
        let (mut last, mut late, mut n) = (0, 0, 0_u64);
        let mut names: BTreeMap<&str, u64> = BTreeMap::new();
        world.advance(scenario.starts_at() + 40 * DAY, &Defaults, &mut |event: SimEvent<'_>| {
            batch.push(event.view()).unwrap();
            let props: serde_json::Map<String, serde_json::Value> = serde_json::from_str(event.props).unwrap();
            for (key, value) in &props {
                let hidden = ["cause", "incident", "trust", "segment", "fraud", "bot", "abuse"];
                assert!(!hidden.contains(&key.as_str()) && !value.is_null(), "{}: {key}", event.name);
            }
            assert!(event.arrives >= last && event.time <= event.arrives, "{} out of order", event.name);
            late += u64::from(event.arrives - event.time > 600_000);
            last = event.arrives;
            n += 1;
            *names.entry(event.name).or_default() += 1;
        });
        assert!(n > 10_000, "{name}: {n}");
        assert!(late > 0 && late < n / 30, "{name}: {late} late of {n}");
        assert!(names.len() >= 11, "{name}: {names:?}");
    }
}

#[test]
fn ids_repeat_only_when_something_is_sent_again_and_people_become_known() {
    let scenario = scenario("tiny");
    let mut world = World::new(&scenario, 5);
    let mut ids: BTreeMap<[u8; 16], String> = BTreeMap::new();
    let (mut again, mut events) = (0, 0);
    let (mut known, mut linked) = (BTreeSet::new(), BTreeSet::new());
    world.advance(scenario.ends_at(), &Defaults, &mut |event: SimEvent<'_>| {
        events += 1;
        let body = format!("{} {} {}", event.name, event.unit, event.props);
        if let Some(first) = ids.insert(event.id, body.clone()) {
            assert_eq!(first, body);
            again += 1;
        }
        if event.name == "$identify" {
            let props: serde_json::Value = serde_json::from_str(event.props).unwrap();
            assert!(props["$anon_distinct_id"].as_str().unwrap().starts_with("anon_"));
            linked.insert(event.unit.to_owned());
        }
        if event.name == "order_placed" {
            known.insert(event.unit.to_owned());
        }
    });
    // Two of a thousand are sent again.
    let share = f64::from(again) / f64::from(events);
    assert!((0.001..0.003).contains(&share), "{share}");
    assert!(known.iter().all(|unit| unit.starts_with("usr_")));
    // An `$identify` may be lost like any event, stolen cards have none, and few come before their order does.
    let lacking = known.difference(&linked).count() as f64 / known.len() as f64;
    assert!(lacking < 0.02, "{lacking}");
}
