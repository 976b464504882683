//! Small experiments whose numbers anybody can check.

use epoch_model::Code;
use epoch_model::business::Business;
use epoch_model::experiment::{Look, Moments};
use epoch_model::time::{DAY, HOUR};
use epoch_store::Store;
use serde_json::{Value, json};

use crate::common::*;

fn seen(unit: &str, time: i64, arm: &str) -> Event {
    event("$feature_flag_called", unit, time, json!({ "$feature_flag": "price", "$feature_flag_response": arm }))
}

fn order(unit: &str, time: i64, amount: f64) -> Event {
    event("order", unit, time, json!({ "amount": amount }))
}

fn look(store: &Store, at: i64) -> Look {
    let look = store.looks(&["price".to_owned()], at).unwrap().remove(0);
    assert_eq!(look, store.recount("price", at).unwrap());
    look
}

fn tracking(metrics: &[&str], covariate_days: u32) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.track(vec![tracked(&spec("price", flag("price"), None, metrics), START, covariate_days)]).unwrap();
    (dir, store)
}

fn arms<'l>(look: &'l Look, metric: &str) -> &'l [Moments] {
    &look.metrics.iter().find(|m| m.metric == metric).unwrap().arms
}

#[test]
fn ten_units_of_whom_three_buy() {
    let (_dir, store) = tracking(&["buyers", "revenue"], 0);
    let mut events: Vec<Event> = (0..10).map(|n| seen(&format!("c{n}"), START + n, "control")).collect();
    events.extend((0..4).map(|n| seen(&format!("t{n}"), START + n, "test")));
    events.extend((0..3).map(|n| order(&format!("c{n}"), START + HOUR, 10.0)));
    events.push(order("c0", START + 2 * HOUR, 5.0));
    // Somebody who saw nothing.
    events.push(order("x", START + HOUR, 1000.0));
    send(&store, &events);
    let look = look(&store, START + DAY);
    assert_eq!(look.units, [10, 4]);
    let control = &arms(&look, "buyers")[0];
    // n p (1 - p).
    assert!((control.mean - 0.3).abs() < 1e-15 && (control.m2 - 2.1).abs() < 1e-14, "{control:?}");
    assert_eq!(arms(&look, "buyers")[1], Moments { units: 4, m3: Some(0.0), ..Moments::default() });
    assert!((control.m3.expect("a share") - 10.0 * 0.3 * 0.7 * 0.4).abs() < 1e-14, "{control:?}");
    // 15, 10, 10 and seven zeros: mean 3.5, squares 425 - 122.5.
    let control = &arms(&look, "revenue")[0];
    assert!((control.mean - 3.5).abs() < 1e-15 && (control.m2 - 302.5).abs() < 1e-12, "{control:?}");
}

#[test]
fn what_comes_late_counts_where_it_belongs() {
    let (_dir, store) = tracking(&["revenue", "conversion"], 2);
    let revenue = |arm: usize| {
        let look = look(&store, START + 9 * DAY);
        let m = &arms(&look, "revenue")[arm];
        (look.units[arm], m.mean * m.units as f64, m.pre.unwrap().mean * m.units as f64)
    };
    // Orders first, then it turns out that the buyer was in the experiment.
    send(&store, &[order("a", START + HOUR, 8.0), order("a", START - HOUR, 4.0), order("a", START - 3 * DAY, 99.0)]);
    assert_eq!(revenue(0), (0, 0.0, 0.0));
    send(&store, &[seen("a", START + 2 * HOUR, "control")]);
    assert_eq!(revenue(0), (1, 0.0, 12.0));
    // An earlier exposure turns up: the order of START + 1 h came after it.
    send(&store, &[seen("a", START, "control")]);
    assert_eq!(revenue(0), (1, 8.0, 4.0));
    // Exposures before the start are no exposures.
    send(&store, &[seen("a", START - 1, "test"), seen("a", START - 8 * DAY, "test")]);
    assert_eq!(revenue(0), (1, 8.0, 4.0));
    assert_eq!(look(&store, START).health.before_start, 1);
    // The same person under another id, from the same arm, with an exposure in between.
    send(&store, &[seen("b", START + HOUR, "control"), order("b", START + HOUR, 1.0), order("b", START, 0.5)]);
    assert_eq!(revenue(0), (2, 9.0, 4.5));
    send(&store, &[event("$identify", "b", START, json!({ "$anon_distinct_id": "a" }))]);
    assert_eq!(revenue(0), (1, 9.5, 4.0));
    // And under a third one that saw the other arm: in none.
    send(&store, &[seen("c", START + 3 * HOUR, "test"), order("c", START + 5 * HOUR, 7.0)]);
    assert_eq!((revenue(0), revenue(1)), ((1, 9.5, 4.0), (1, 7.0, 0.0)));
    send(&store, &[event("$merge_dangerously", "b", START, json!({ "alias": "c" }))]);
    assert_eq!((revenue(0), revenue(1)), ((0, 0.0, 0.0), (0, 0.0, 0.0)));
    assert_eq!(look(&store, START).health.mixed_units, 1);
    // Who is erased was never there; whoever comes under the id next is somebody else.
    store.erase("a").unwrap();
    assert_eq!(look(&store, START).health.mixed_units, 0);
    send(&store, &[seen("a", START + 4 * HOUR, "test"), order("a", START + 4 * HOUR, 2.0)]);
    assert_eq!((revenue(0), revenue(1)), ((0, 0.0, 0.0), (1, 2.0, 0.0)));
    assert!(store.rebuild().unwrap().identical);
}

#[test]
fn ends_of_windows_and_of_the_experiment() {
    let (_dir, store) = tracking(&["conversion", "return", "revenue"], 0);
    let mut capped = spec("price", flag("price"), None, &["revenue", "conversion", "return"]);
    (capped.cap, capped.until) = (Some(20.0), Some(START + DAY));
    store.track(vec![tracked(&capped, START, 0)]).unwrap();
    send(
        &store,
        &[
            seen("a", START, "control"),
            seen("b", START, "control"),
            seen("late", START + DAY, "control"),
            // 36 hours are over a millisecond later; 1 d to 3 d to come back, both included.
            order("a", START + 36 * HOUR, 50.0),
            order("b", START + 36 * HOUR + 1, 5.0),
            event("visit", "a", START + DAY - 1, json!({})),
            event("visit", "b", START + 3 * DAY, json!({})),
        ],
    );
    let at = |at: i64| {
        let look = look(&store, at);
        let m = |metric| arms(&look, metric)[0].clone();
        (look.units[0], m("conversion").mean, m("revenue").mean, m("return"))
    };
    // START is on the hour: its units are old enough when that hour's last one is.
    let (units, conversion, revenue, returned) = at(START + 3 * DAY + HOUR - 1);
    assert_eq!((units, conversion, revenue, returned.units), (2, 0.5, 12.5, 0));
    let (.., returned) = at(START + 3 * DAY + HOUR);
    assert_eq!((returned.units, returned.mean), (2, 0.5));
}

#[test]
fn a_gate_in_a_game() {
    // As in the well-known test of a gate: installs in two versions, who comes back after a day, rounds played.
    let dir = tempfile::tempdir().unwrap();
    let text = r#"
[business]
name = "Game"
timezone = "UTC"
[[metric]]
key = "retention_1"
kind = "retention"
start = { event = "install" }
comeback = { event = "session" }
after = "1d"
within = "1d"
[[metric]]
key = "rounds"
kind = "mean_per_unit"
event = "session"
value = "rounds"
"#;
    let business = Business::parse(text).unwrap();
    let store = Store::open(dir.path(), &business, options()).unwrap();
    let mut gate =
        spec("gate", json!({ "event": "install", "arm": "version", "filter": null }), None, &["retention_1", "rounds"]);
    for (arm, key) in gate.arms.iter_mut().zip(["gate_30", "gate_40"]) {
        key.clone_into(&mut arm.key);
    }
    store.track(vec![epoch_store::Tracked::of(&gate, &business.metrics, START, 0).unwrap()]).unwrap();
    let mut events = Vec::new();
    for n in 0..900_i64 {
        let (unit, time) = (format!("p{n}"), START + n % 14 * DAY + n % 24 * HOUR);
        let version = if n % 9 < 4 { "gate_30" } else { "gate_40" };
        events.push(event("install", &unit, time, json!({ "version": version })));
        // 45 % of the first, 44 % of the second come back.
        if n / 9 % 100 < if n % 9 < 4 { 45 } else { 44 } {
            events.push(event("session", &unit, time + DAY + HOUR, json!({ "rounds": n % 7 })));
        }
    }
    events.push(event("install", "p0", START + DAY, json!({ "version": "gate_50" })));
    events.reverse();
    for part in events.chunks(70) {
        send(&store, part);
    }
    let look = store.looks(&["gate".to_owned()], START + 60 * DAY).unwrap().remove(0);
    assert_eq!(look, store.recount("gate", START + 60 * DAY).unwrap());
    assert_eq!((look.units.clone(), look.health.unknown_arms), (vec![400, 500], 1));
    for (arm, (units, back)) in [(400.0, 180.0), (500.0, 220.0)].into_iter().enumerate() {
        let m = &arms(&look, "retention_1")[arm];
        let p: f64 = back / units;
        assert!((m.mean - p).abs() < 1e-15 && (m.m2 - units * p * (1.0 - p)).abs() < 1e-10, "{m:?}");
    }
    let rounds: f64 = arms(&look, "rounds").iter().map(|m| m.mean * m.units as f64).sum();
    let back = |n: &i64| n / 9 % 100 < if n % 9 < 4 { 45 } else { 44 };
    let expect: i64 = (0..900_i64).filter(back).map(|n| n % 7).sum();
    assert!((rounds - expect as f64).abs() < 1e-9, "{rounds}, expected {expect}");
    assert_eq!(look.health.days.len(), 15);
}

#[test]
fn what_cannot_be_read_per_unit_is_refused_whole() {
    let (_dir, store) = tracking(&["buyers"], 0);
    for (metric, group, why) in [
        ("twice", None, "formula"),
        ("invoices", None, "distinct values"),
        ("per_company", None, "its unit is company"),
        ("per_company", Some("team"), "its unit is company"),
    ] {
        let unfit = spec("other", flag("other"), group, &["buyers", metric]);
        let good = spec("good", flag("good"), None, &["buyers"]);
        let e = store.track(vec![tracked(&good, START, 0), tracked(&unfit, START, 0)]).unwrap_err();
        assert!(e.code == Code::InvalidArgument && e.message.contains(why), "{e:?}");
    }
    let e = store.track(vec![tracked(
        &spec("bad", json!({ "event": "e", "arm": "a", "filter": "1 +" }), None, &["buyers"]),
        0,
        0,
    )]);
    assert_eq!(e.unwrap_err().code, Code::ExpressionInvalid);
    assert_eq!(store.tracked().len(), 1);
    assert_eq!(store.looks(&["other".to_owned()], START).unwrap_err().code, Code::NotFound);
    assert_eq!(store.recount("other", START).unwrap_err().code, Code::NotFound);
    store.track(Vec::new()).unwrap();
    send(&store, &[seen("a", START, "test")]);
    assert_eq!(store.remembered(), (0, 0));
}

#[test]
fn many_values_and_many_experiments_are_told_in_part() {
    let (_dir, store) = tracking(&["buyers"], 0);
    let mut all: Vec<_> = (0..14).map(|n| spec(&format!("e{n:02}"), flag("price"), None, &["buyers"])).collect();
    all[3].key = "price".into();
    let mut set: Vec<_> = all.iter().map(|s| tracked(s, START, 0)).collect();
    set[3].segments = vec!["country".into()];
    store.track(set).unwrap();
    let exposure = |n: u32| {
        let props = json!({ "$feature_flag": "price", "$feature_flag_response": "test", "country": format!("c{}", n * n % 1500) });
        event("$feature_flag_called", &format!("u{n}"), START + i64::from(n % 3) * DAY, props)
    };
    let events: Vec<Event> = (0..3000).map(exposure).collect();
    send(&store, &events);
    let look = look(&store, START);
    assert_eq!((look.units[1], look.crossed.len()), (3000, 10));
    assert!(look.crossed.iter().all(|(_, cells)| cells[1][1].units == 3000 && cells[0][1].units == 0));
    let told: Vec<u64> = look.metrics[0].segments.iter().map(|s| s.arms[1].units).collect();
    assert!(told.len() == 10 && told.is_sorted_by(|a, b| a >= b), "{told:?}");
    let slices = &look.health.slices;
    assert!(slices.len() <= 200 && slices.iter().filter(|s| s.dimension == "country").count() == 66);
    assert_eq!(slices.iter().filter(|s| s.dimension == "$lib").map(|s| s.units[1]).collect::<Vec<_>>(), [3000]);
    assert_eq!(slices.iter().filter(|s| s.dimension == "day").map(|s| s.units[1]).sum::<u64>(), 3000);
}

#[test]
fn days_follow_the_timezone() {
    let (_dir, store) = tracking(&["buyers"], 0);
    send(&store, &[seen("a", START + 13 * HOUR, "test"), seen("b", START + HOUR, "test")]);
    let days = |store: &Store| look(store, START).health.days.len();
    assert_eq!(days(&store), 2);
    let mut business = business();
    business.timezone = "Pacific/Honolulu".into();
    store.reconfigure(&business).unwrap();
    assert_eq!(days(&store), 1);
}

#[test]
fn experiments_begin_while_events_keep_coming() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let part = |n: i64| -> Vec<Event> {
        let of =
            |i: i64| [seen(&format!("u{}", i % 97), START + i, "test"), order(&format!("u{}", i % 89), START + i, 1.5)];
        (n * 40..(n + 1) * 40)
            .flat_map(of)
            .chain([event(
                "$identify",
                &format!("u{}", n % 50),
                START,
                json!({ "$anon_distinct_id": format!("u{}", n % 40 + 50) }),
            )])
            .collect()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..60).for_each(|n| send(&store, &part(n))));
        for n in 0..12 {
            let metrics = [&["revenue", "median"][..], &["buyers", "aov", "orders"]][n % 2];
            store.track(vec![tracked(&spec("price", flag("price"), None, metrics), START, 1)]).unwrap();
        }
    });
    let look = look(&store, START);
    assert!(look.units[1] > 40, "{:?}", look.units);
    assert!(store.remembered().1 >= 2400);
}

#[test]
fn flags_are_told_apart_whatever_their_type() {
    let (_dir, store) = tracking(&["buyers"], 0);
    let specs = ["7", "true", "x"].map(|f| tracked(&spec(f, flag(f), None, &["buyers"]), START, 0));
    store.track(specs.to_vec()).unwrap();
    let call = |unit: &str, flag: Value, arm: Value| {
        event("$feature_flag_called", unit, START, json!({ "$feature_flag": flag, "$feature_flag_response": arm }))
    };
    send(
        &store,
        &[
            call("a", json!(7), json!(29)),
            call("b", json!("7"), json!("29.0")),
            call("c", json!("x"), json!("test")),
            call("d", json!(null), json!("test")),
            call("e", json!("x"), json!(true)),
        ],
    );
    let units = |key: &str| store.looks(&[key.to_owned()], START).unwrap().remove(0).units;
    // A number equals a text that is one, as everywhere in expressions.
    assert_eq!((units("7"), units("x"), units("true")), (vec![2, 0], vec![0, 1], vec![0, 0]));
}
