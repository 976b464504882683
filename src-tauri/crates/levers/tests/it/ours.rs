//! Our own rules: what decides, and in which order.

use epoch_levers::hash::{Seed, arm_seed, below, holdout_seed, share_seed};
use epoch_model::business::LeverValue;
use epoch_model::serving::Reason;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::kit::{compiled, evaluate, levers, object};

/// Hashes of GrowthBook's second version, computed with its Python SDK (growthbook 4.0.0, `gbhash`).
const GROWTHBOOK: &str = include_str!("../fixtures/growthbook-hashes.json");

#[test]
fn buckets_are_growthbook_s() {
    let cases: Vec<(String, String, f64)> = serde_json::from_str(GROWTHBOOK).unwrap();
    assert!(cases.len() >= 100);
    for (seed, unit, expect) in cases {
        let bucket = f64::from(Seed::new(&seed).bucket(&unit)) / 10_000.0;
        assert!((bucket - expect).abs() < 1e-12, "{seed} {unit}: {bucket} is not {expect}");
    }
}

/// A unit whose points lie where they are wanted.
fn unit(wanted: impl Fn(&str) -> bool) -> String {
    (0..100_000).map(|n| format!("u{n}")).find(|id| wanted(id)).unwrap()
}

#[test]
fn what_decides() {
    let levers = levers();
    let is_below = |seed: String, share: f64| move |id: &str| Seed::new(&seed).bucket(id) < below(share);
    let held = unit(is_below(holdout_seed("global"), 0.05));
    let free = unit(|id| !is_below(holdout_seed("global"), 0.05)(id));
    let beta = unit(is_below(share_seed("new_nav", "beta"), 0.2));
    let rest = unit(|id| !is_below(share_seed("new_nav", "beta"), 0.2)(id));
    let tested = unit(|id| {
        is_below(share_seed("price", "price_test"), 0.5)(id) && is_below(arm_seed("price", "price_test"), 1.0 / 3.0)(id)
    });
    let (none, pro) = (json!({}), json!({"plan": "pro", "country": "AT"}));
    let (yes, no) = (LeverValue::Bool(true), LeverValue::Bool(false));
    let n = LeverValue::Number;
    let cases = [
        ("plain", "u", &none, yes.clone(), Reason::Static, None, None),
        ("new_nav", &beta, &pro, yes.clone(), Reason::Split, Some("beta"), Some(0.2)),
        ("new_nav", &rest, &pro, no.clone(), Reason::Static, None, Some(0.8)),
        ("new_nav", &beta, &none, no.clone(), Reason::Static, None, None),
        ("new_nav", "u", &json!({"role": "admin"}), yes.clone(), Reason::Targeted, Some("staff"), None),
        (
            "new_nav",
            "u",
            &json!({"email": "x@acme.com", "plan": 5}),
            yes.clone(),
            Reason::Targeted,
            Some("staff"),
            None,
        ),
        ("new_nav", "u", &json!({"email": 5, "role": []}), no.clone(), Reason::Static, None, None),
        ("checkout", &rest, &pro, no.clone(), Reason::Prerequisite, None, Some(0.9)),
        ("price", "u", &json!({"seats": 20.5}), n(45.5), Reason::Targeted, Some("big"), None),
        ("price", "u", &json!({"seats": 7}), n(45.5), Reason::Targeted, Some("big"), None),
        ("price", &tested, &pro, n(29.0), Reason::Split, Some("control"), Some(0.5 * 0.3334 + 0.5 * 0.6)),
        ("headline", "u", &none, LeverValue::Text("Welcome".into()), Reason::Split, Some("control"), Some(0.5)),
        ("seats_free", "u", &none, n(3.0), Reason::NoGroup, None, None),
        ("seats_free", "u", &json!({"$groups": {"company": "acme"}}), n(3.0), Reason::Static, None, None),
        ("held", &held, &none, no.clone(), Reason::HeldOut, None, Some(0.05)),
        ("held", &free, &none, yes.clone(), Reason::Targeted, Some("all"), Some(0.95)),
        ("held_price", &held, &none, n(1.0), Reason::HeldOut, None, Some(0.05 + 0.95 * 0.5)),
        ("killed", "u", &none, no.clone(), Reason::Off, None, None),
        ("killed_on", "u", &none, yes, Reason::Off, None, None),
    ];
    for (key, id, attributes, value, reason, variant, propensity) in cases {
        let got = evaluate(levers, key, id, &object(attributes.clone()));
        assert_eq!(
            (&got.value, got.reason, got.variant.as_deref()),
            (&value, reason, variant),
            "{key} {id} {attributes}"
        );
        match (got.propensity, propensity) {
            (Some(got), Some(expect)) => assert!((got - expect).abs() < 1e-9, "{key} {id}: {got} is not {expect}"),
            (got, expect) => assert_eq!(got, expect, "{key} {id}"),
        }
    }
    let company = object(json!({"$groups": {"company": "acme"}, "employees": 500}));
    let of = |id: &str| evaluate(levers, "seats_free", id, &company);
    assert_eq!(of("a"), of("b"));
    let number = object(json!({"$groups": {"company": 7}, "employees": 500}));
    let text = object(json!({"$groups": {"company": "7"}, "employees": 500}));
    assert_eq!(evaluate(levers, "seats_free", "a", &number), evaluate(levers, "seats_free", "b", &text));
    assert!(levers.evaluate("nothing", epoch_levers::Subject { id: "u", attributes: &Map::new() }).is_none());
}

#[test]
fn a_circle_or_a_bad_predicate_serves_the_default() {
    let mut flags = levers().flags().to_vec();
    let circle = epoch_model::serving::Prerequisite { lever: "plain".into(), is: LeverValue::Bool(true) };
    for flag in &mut flags {
        match flag.key.as_str() {
            "plain" | "held" => flag.serving.requires = vec![circle.clone()],
            "headline" => flag.serving.rules[0].when = Some("((".into()),
            _ => {}
        }
    }
    let levers = &epoch_levers::Compiled::new(flags, 2);
    let none = Map::new();
    assert_eq!(evaluate(levers, "plain", "u", &none).reason, Reason::Prerequisite);
    assert_eq!(evaluate(levers, "headline", "u", &none).reason, Reason::Static);
}

#[test]
fn a_protocol_named_must_be_able_to() {
    let lever = |served_as: &str| {
        format!(
            "[[lever]]\nkey = 'l'\nkind = 'boolean'\n{served_as}\n[[lever.rule]]\nkey = 'r'\nif = 'used / seats > 0.8'\nvalue = true\n"
        )
    };
    let check = |text: &str| epoch_levers::check(text, &epoch_model::business::Business::parse(text).unwrap());
    let named = lever("served_as = ['growthbook', 'posthog', 'unleash']");
    let problems = check(&named);
    let paths: Vec<(u32, &str)> = problems.iter().map(|p| (p.line, p.path.as_str())).collect();
    assert_eq!(paths, [(4, "lever.l.served_as"), (4, "lever.l.served_as")], "{problems:#?}");
    assert!(problems.iter().all(|p| p.message.contains("cannot serve this lever")));
    assert_eq!((check(&lever("")), check(&lever("served_as = ['ofrep', 'posthog']"))), (vec![], vec![]));
    let levers = compiled(&lever(""));
    assert_eq!(epoch_levers::unservable(&levers).iter().filter(|u| u.local_only).count(), 1);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["pro", "free", "AT", "US", "admin", "x@acme.com", "true", ""]).prop_map(Value::from),
        "\\PC{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}

pub fn attributes() -> impl Strategy<Value = Map<String, Value>> {
    let names = ["plan", "country", "email", "role", "seats", "beta", "churned", "referrer", "employees", "$groups"];
    prop::collection::btree_map(prop::sample::select(names.to_vec()), anything(), 0..8)
        .prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

proptest! {
    #[test]
    fn evaluation_never_panics_and_is_the_same_again(id in "\\PC{0,12}", attributes in attributes()) {
        let levers = levers();
        for flag in levers.flags() {
            let first = evaluate(levers, &flag.key, &id, &attributes);
            prop_assert_eq!(&first, &evaluate(levers, &flag.key, &id, &attributes));
            prop_assert!(first.propensity.is_none_or(|p| p > 0.0 && p <= 1.0), "{}: {:?}", flag.key, first);
            prop_assert!(crate::kit::values(flag).contains(&first.value));
        }
    }
}
