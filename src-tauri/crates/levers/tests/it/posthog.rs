//! PostHog's flags: our evaluation against what its own SDK computed (`tests/fixtures/record_posthog.py`), and the definitions
//! against our own rules.

use epoch_levers::posthog::{Definition, Flag, Flags, ReasonCode, Side, Subject};
use epoch_model::business::LeverValue;
use epoch_model::serving::Serve;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::kit::{evaluate, levers, object, values};
use crate::ours::attributes;

/// Distinct id, groups, person properties, group properties; the value of each flag, null where the SDK asks the server.
type Row = (String, Map<String, Value>, Map<String, Value>, Map<String, Value>, Vec<Value>);

#[derive(serde::Deserialize)]
struct Recorded {
    definitions: Value,
    rows: Vec<Row>,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../fixtures/posthog.json")).unwrap()
}

#[test]
fn the_sdk_evaluates_what_is_defined_now() {
    let recorded = recorded();
    let levers = levers();
    let now = levers.posthog().definitions();
    assert_eq!(now["group_type_mapping"], recorded.definitions["group_type_mapping"]);
    let (now, then) = (now["flags"].as_array().unwrap(), recorded.definitions["flags"].as_array().unwrap());
    assert_eq!(
        now[..],
        then[..now.len()],
        "the definitions changed: record them anew, see tests/fixtures/record_posthog.py"
    );
}

#[test]
fn every_recorded_value_is_ours() {
    let recorded = recorded();
    let definitions: Vec<Definition> = serde_json::from_value(recorded.definitions["flags"].clone()).unwrap();
    let groups = ["company".to_owned()];
    let flags: Flags = definitions.into_iter().map(|d| (d.key.clone(), Flag::new(d))).collect();
    let order: Vec<String> = recorded.definitions["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["key"].as_str().unwrap().to_owned())
        .collect();
    let (mut compared, mut kinds) = (0, std::collections::BTreeMap::<String, usize>::new());
    for (id, of, person, group_properties, results) in &recorded.rows {
        let subject = Subject { distinct_id: id, groups: of, person_properties: person, group_properties };
        for (key, expect) in order.iter().zip(results) {
            let got = flags[key].evaluate(subject, &flags, &groups, Side::Sdk).value().unwrap_or(Value::Null);
            assert_eq!(got, *expect, "{key} for {id} {of:?} {person:?}\n{:#?}", flags[key]);
            compared += 1;
            *kinds.entry(expect.to_string()).or_default() += 1;
            // What an SDK settles alone is what the server answers.
            let server = flags[key].evaluate(subject, &flags, &groups, Side::Server).value();
            let ours = !key.starts_with("made_");
            assert!(
                !ours || expect.is_null() || server.as_ref() == Some(expect),
                "{key} for {id}: {server:?}, {expect}"
            );
        }
    }
    assert!(compared > 3000 && kinds.len() > 10 && kinds["null"] > 100, "{compared}: {kinds:?}");
}

#[test]
fn what_sdks_can_evaluate() {
    let levers = levers();
    let posthog = levers.posthog();
    let left_out: Vec<(&str, &str)> = posthog.unservable().iter().map(|u| (u.lever.as_str(), u.why.as_str())).collect();
    let keys: Vec<&str> = left_out.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["part_banner", "held", "held_price", "layer_a", "layer_b", "after_layers"], "{left_out:#?}");
    assert!(posthog.unservable().iter().all(|u| u.local_only));
    let none = Map::new();
    let subject = Subject { distinct_id: "u", groups: &none, person_properties: &none, group_properties: &none };
    assert!(levers.posthog_flag("elsewhere", subject).is_none());
    let served = levers.posthog_flag("killed", subject).unwrap();
    assert_eq!((served.enabled, served.reason), (false, ReasonCode::FlagDisabled));
    let served = levers.posthog_flag("killed_on", subject).unwrap();
    assert_eq!((served.enabled, served.value), (true, LeverValue::Bool(true)));
    let served = levers.posthog_flag("seats_free", subject).unwrap();
    assert_eq!(
        (served.enabled, served.reason, served.value),
        (false, ReasonCode::NoGroupType, LeverValue::Number(3.0))
    );
    let served = levers.posthog_flag("price", subject).unwrap();
    assert_eq!((served.enabled, served.payload.as_deref().is_some()), (true, true));
}

fn person(kind: usize) -> Map<String, Value> {
    object(match kind {
        0 => json!({}),
        1 => json!({"plan": "pro", "country": "DE", "seats": 8, "beta": true}),
        2 => json!({"plan": "pro", "country": "US", "seats": 3, "beta": false, "email": "a@acme.com"}),
        _ => json!({"plan": "free", "country": "AT", "churned": 1, "seats": 6.5, "referrer": "https://a.example.com"}),
    })
}

#[test]
fn propensities_of_the_protocol_are_its_own() {
    let levers = levers();
    let groups = object(json!({"company": "acme"}));
    for flag in levers.flags().iter().filter(|flag| flag.key != "elsewhere") {
        for kind in 0..4 {
            let person = person(kind);
            let mut seen: std::collections::BTreeMap<String, (usize, f64)> = std::collections::BTreeMap::new();
            let n = 4_000;
            for i in 0..n {
                let id = format!("unit-{i}");
                let groups = if flag.serving.group.is_some() { object(json!({"company": id})) } else { groups.clone() };
                let of_group = object(json!({"company": {"employees": 200}}));
                let subject = Subject {
                    distinct_id: &id,
                    groups: &groups,
                    person_properties: &person,
                    group_properties: &of_group,
                };
                let served = levers.posthog_flag(&flag.key, subject).unwrap();
                let entry = seen.entry(format!("{:?}", served.value)).or_insert((0, served.propensity.unwrap_or(1.0)));
                entry.0 += 1;
            }
            let total: f64 = seen.values().map(|(_, p)| p).sum();
            assert!((total - 1.0).abs() < 1e-9, "{} {kind}: {seen:?}", flag.key);
            for (count, p) in seen.values() {
                let deviation = (f64::from(n) * p * (1.0 - p)).sqrt();
                assert!(
                    (*count as f64 - f64::from(n) * p).abs() <= 4.5 * deviation + 1e-6,
                    "{} {kind}: {seen:?}",
                    flag.key
                );
            }
        }
    }
}

/// Attributes whose types are those the predicates ask for: there our rules and PostHog's filters mean the same.
fn apt() -> impl Strategy<Value = Map<String, Value>> {
    let text = |options: &'static [&'static str]| prop::option::of(prop::sample::select(options).prop_map(Value::from));
    let numbers = prop::option::of(prop::sample::select(vec![json!(3), json!(7), json!(7.5), json!(21), json!(0)]));
    let seats = prop::option::of(prop::sample::select(vec![json!(5), json!(5.0), json!(20), json!(21)]));
    (
        text(&["pro", "free", "Pro", ""]),
        text(&["DE", "AT", "US", "FR", "de"]),
        text(&["a@acme.com", "a@ACME.com", "x"]),
        text(&["admin", "Admin"]),
        seats,
        prop::option::of(any::<bool>().prop_map(Value::from)),
        text(&["https://ab.example.com/", "https://ab.example.org", "xhttps://ab.example.com"]),
        numbers,
    )
        .prop_map(|(plan, country, email, role, seats, beta, referrer, churned)| {
            let names = ["plan", "country", "email", "role", "seats", "beta", "referrer", "churned"];
            let all = [plan, country, email, role, seats, beta, referrer, churned];
            names.into_iter().zip(all).filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn without_chance_the_protocol_serves_what_our_rules_do(person in apt()) {
        // The same levers with chance taken out: every share is all, every experiment has one arm.
        let mut flags = levers().flags().to_vec();
        for flag in &mut flags {
            flag.serving.holdout = None;
            for rule in &mut flag.serving.rules {
                rule.serve = match &rule.serve {
                    Serve::Value { value, .. } => Serve::Value { value: value.clone(), share: 1.0 },
                    Serve::Experiment { arms, .. } => Serve::Value { value: arms[1].value.clone(), share: 1.0 },
                };
            }
        }
        let levers = &epoch_levers::Compiled::new(flags, 1);
        prop_assert_eq!(levers.posthog().unservable().len(), 0, "{:?}", levers.posthog().unservable());
        let none = Map::new();
        let subject = Subject { distinct_id: "u", groups: &none, person_properties: &person, group_properties: &none };
        for flag in levers.flags().iter().filter(|f| f.key != "elsewhere" && f.serving.group.is_none()) {
            let ours = evaluate(levers, &flag.key, "u", &person);
            let served = levers.posthog_flag(&flag.key, subject).unwrap();
            prop_assert_eq!(&served.value, &ours.value, "{}", flag.key);
            prop_assert_eq!(served.propensity, None);
        }
    }

    #[test]
    fn nothing_panics(id in "\\PC{0,8}", person in attributes(), of_group in attributes()) {
        let levers = levers();
        let groups = object(json!({"company": id}));
        let group_properties = object(json!({"company": of_group}));
        let subject = Subject { distinct_id: &id, groups: &groups, person_properties: &person, group_properties: &group_properties };
        for flag in levers.flags().iter().filter(|f| f.key != "elsewhere") {
            let served = levers.posthog_flag(&flag.key, subject).unwrap();
            prop_assert!(values(flag).contains(&served.value), "{} {:?}", flag.key, served);
            prop_assert!(served.propensity.is_none_or(|p| p > 0.0 && p <= 1.0 + 1e-12), "{} {:?}", flag.key, served);
        }
    }
}
