use epoch_model::time::{DAY, HOUR};
use epoch_store::{Store, Tracked};
use proptest::prelude::*;
use serde_json::json;

use crate::common::*;
use crate::oracle::{Log, compare};

/// Every kind of metric, every kind of exposure, persons and groups.
pub fn experiments() -> Vec<Tracked> {
    let all = ["revenue", "orders", "buyers", "conversion", "spend", "aov", "share_of_visits", "return", "median"];
    let mut price = spec("price", flag("price"), None, &all);
    price.cap = Some(60.0);
    let seen = json!({ "event": "visit", "arm": "arm", "filter": "plan == 'pro' or plan == 'basic'" });
    let mut page = spec("page", seen, None, &["median", "aov", "return"]);
    page.until = Some(START + 2 * DAY);
    let again = spec("again", flag("again"), None, &["return", "buyers"]);
    let companies = spec("companies", flag("price"), Some("company"), &["per_company", "aov"]);
    let late = spec("late", flag("late"), Some("company"), &["buyers"]);
    vec![
        tracked(&price, START - DAY, 2),
        tracked(&page, START - 3 * DAY, 0),
        tracked(&again, START, 1),
        tracked(&companies, START - DAY, 1),
        tracked(&late, START + DAY, 0),
    ]
}

#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<Event>),
    Restart,
    Erase(u32),
    Narrow,
    Widen,
}

type Raw = (usize, u32, i64, usize, usize, usize);

fn raw() -> impl Strategy<Value = Raw> {
    (0usize..14, 0u32..7, -40i64..40, 0usize..8, 0usize..6, 0usize..4)
}

pub fn make((name, unit, steps, a, b, c): Raw) -> Event {
    // Three hours a step, now and then a millisecond beside it.
    let time = START + steps * 3 * HOUR - i64::from(steps % 5 == 0);
    let unit = if unit == 0 { String::new() } else { format!("u{unit}") };
    let company = [json!("acme"), json!("beta"), json!(7), json!(null)][(a + c) % 4].clone();
    let mut props = json!({
        "country": (["DE", "FR", ""][b % 3]), "plan": (["pro", "basic", "free"][c % 3]), "$lib": "web",
        "$lib_version": (["1.0", "1.1"][a % 2]), "$groups": { "company": company },
    });
    let name = match name {
        0..=5 => {
            props["$feature_flag"] = json!(["price", "again", "late"][b % 3]);
            let arms = [
                json!("control"),
                json!("control"),
                json!("control"),
                json!("test"),
                json!("test"),
                json!(32),
                json!("else"),
                json!(null),
            ];
            // Mostly the same for a unit, so that few are in two arms.
            let at = if c == 0 { a } else { usize::from(unit.ends_with(['1', '3', '5'])) * 3 };
            props["$feature_flag_response"] = arms[at].clone();
            "$feature_flag_called"
        }
        6..=9 => {
            let amounts =
                [json!(12.34), json!(25.5), json!(3), json!(-7), json!("55.5"), json!(0), json!("n/a"), json!(99.99)];
            props["amount"] = amounts[a].clone();
            "order"
        }
        10..=12 => {
            props["arm"] = json!(["control", "test"][usize::from(unit.ends_with(['2', '4']))]);
            "visit"
        }
        _ => {
            let other = format!("u{}", 1 + a % 6);
            props["$anon_distinct_id"] = json!(other);
            props["alias"] = json!(other);
            ["$identify", "$identify", "$merge_dangerously"][b % 3]
        }
    };
    event(name, &unit, time, props)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::collection::vec(raw().prop_map(make), 1..12).prop_map(Step::Send),
        1 => Just(Step::Restart),
        1 => (1u32..7).prop_map(Step::Erase),
        1 => Just(Step::Narrow),
        1 => Just(Step::Widen),
    ]
}

/// Every look against the events, and against a count from zero bit for bit.
pub fn check(store: &Store, log: &Log, recount: bool) {
    let all = store.tracked();
    let keys: Vec<String> = all.iter().map(|t| t.spec.key.clone()).collect();
    for at in [START + 2 * DAY, START + 40 * DAY] {
        let looks = store.looks(&keys, at).unwrap();
        for look in &looks {
            compare(look, &all, log, at);
            if recount {
                assert_eq!(*look, store.recount(&look.experiment, at).unwrap());
            }
        }
    }
}

/// As many as there is patience for: `EPOCH_STORE_CASES`.
fn cases() -> u32 {
    std::env::var("EPOCH_STORE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn any_order_of_arrival_gives_the_same_looks(steps in prop::collection::vec(step(), 1..14)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        store.track(experiments()).unwrap();
        let mut log = Log::default();
        for step in steps {
            match step {
                Step::Send(events) => {
                    send(&store, &events);
                    for e in events {
                        log.push(e);
                    }
                }
                Step::Restart => {
                    let all = store.tracked();
                    store.close().unwrap();
                    store = open(dir.path());
                    store.track(all).unwrap();
                }
                Step::Erase(unit) => {
                    // There may be nobody.
                    let _ = store.erase(&format!("u{unit}"));
                    log.erase(&format!("u{unit}"));
                }
                Step::Narrow => store.track(experiments().split_off(2)).unwrap(),
                Step::Widen => store.track(experiments()).unwrap(),
            }
            check(&store, &log, false);
        }
        check(&store, &log, true);
        prop_assert!(store.rebuild().unwrap().identical);
    }
}
