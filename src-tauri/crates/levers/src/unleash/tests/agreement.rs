//! Levers that leave nothing to chance have one value for everybody, in Unleash's terms and in our own; what chance decides
//! has the shares it was given.

use std::collections::BTreeMap;

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Arm, Flag, Holdout, Prerequisite, Rule, Serve, Serving};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

use super::super::{Context, Toggles, payload};
use crate::book::{Compiled, Subject};

fn question() -> impl Strategy<Value = String> {
    let plan = prop::sample::select(vec!["pro", "free", "team"]);
    let order = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let find = prop::sample::select(vec!["startsWith", "endsWith", "contains"]);
    prop_oneof![
        plan.clone().prop_map(|plan| format!("plan == '{plan}'")),
        (order, 0_u32..4).prop_map(|(op, n)| format!("seats {op} {n}")),
        prop::collection::vec(plan.clone(), 1..3).prop_map(|list| format!("plan in ['{}']", list.join("', '"))),
        prop::collection::vec(0_u32..4, 1..3).prop_map(|list| format!("seats in {list:?}")),
        (find, prop::sample::select(vec!["p", "e", "ee", "am"])).prop_map(|(f, t)| format!("plan.{f}('{t}')")),
        Just("beta".to_owned()),
        Just("!beta".to_owned()),
        Just("beta == true".to_owned()),
        Just("true".to_owned()),
    ]
}

fn predicate() -> impl Strategy<Value = String> {
    question().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
        ]
    })
}

fn value(boolean: bool) -> BoxedStrategy<LeverValue> {
    if boolean {
        any::<bool>().prop_map(LeverValue::Bool).boxed()
    } else {
        prop::sample::select(vec![29.0, 35.5]).prop_map(LeverValue::Number).boxed()
    }
}

fn flag(at: usize, boolean: bool) -> impl Strategy<Value = Flag> {
    let share = prop::sample::select(vec![1.0, 1.0, 0.0]);
    let rules = prop::collection::vec((prop::option::of(predicate()), value(boolean), share), 0..4);
    let requires = prop::option::weighted(0.3, (0..at.max(1), any::<bool>()));
    let (group, off) = (prop::bool::weighted(0.3), prop::bool::weighted(0.1));
    (value(boolean), value(boolean), rules, requires, group, off).prop_map(
        move |(default, value, rules, requires, group, off)| {
            let rule = |(i, (when, value, share))| Rule {
                key: format!("r{i}"),
                name: format!("Rule {i}"),
                when,
                serve: Serve::Value { value, share },
            };
            let required = |(of, is): (usize, bool)| Prerequisite {
                lever: format!("lever{of}"),
                is: if of % 2 == 0 { LeverValue::Bool(is) } else { LeverValue::Number(if is { 29.0 } else { 35.5 }) },
            };
            lever(
                at,
                boolean,
                default,
                value,
                Serving {
                    served_as: Vec::new(),
                    group: group.then(|| "company".into()),
                    off,
                    seed: format!("lever{at}"),
                    rules: rules.into_iter().enumerate().map(rule).collect(),
                    requires: requires.filter(|_| at > 0).map(required).into_iter().collect(),
                    holdout: None,
                },
            )
        },
    )
}

fn lever(at: usize, boolean: bool, default: LeverValue, value: LeverValue, serving: Serving) -> Flag {
    Flag {
        key: format!("lever{at}"),
        id: 1,
        title: format!("Lever {at}"),
        kind: if boolean { LeverKind::Boolean } else { LeverKind::Number { min: 0.0, max: 100.0, step: 0.5 } },
        default,
        value,
        serving,
        version: 1,
        updated_at: None,
        decision: None,
    }
}

fn flags() -> impl Strategy<Value = Vec<Flag>> {
    (flag(0, true), flag(1, false), flag(2, true), flag(3, false)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn person() -> impl Strategy<Value = Map<String, Value>> {
    let plan = prop::option::of(prop::sample::select(vec!["pro", "free", "team", ""]));
    let company = prop::option::of(0_u32..9);
    (plan, prop::option::of(0_u32..4), prop::option::of(any::<bool>()), company).prop_map(
        |(plan, seats, beta, company)| {
            let mut map = Map::new();
            let mut put = |name: &str, value: Option<Value>| value.map(|value| map.insert(name.into(), value));
            put("plan", plan.map(Value::from));
            put("seats", seats.map(Value::from));
            put("beta", beta.map(Value::from));
            put("$groups", company.map(|n| json!({"company": format!("c{n}")})));
            map
        },
    )
}

/// The person as Unleash sees them: texts only.
fn context(unit: &str, person: &Map<String, Value>) -> Context {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut properties: BTreeMap<&str, String> = person
        .iter()
        .filter(|(name, _)| *name != "$groups")
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect();
    if let Some(company) = person.get("$groups").and_then(|groups| groups.get("company")) {
        properties.insert("company", text(company));
    }
    Context { fields: json!({"userId": unit, "properties": properties}), now: 0, draw: 4711 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn everybody_gets_the_same(flags in flags(), people in prop::collection::vec(person(), 1..12)) {
        let levers = Compiled::new(flags, 1);
        let payload = payload(&levers);
        let toggles = Toggles::new(&payload.json);
        for (n, person) in people.iter().enumerate() {
            let unit = format!("user-{n}");
            let (context, subject) = (context(&unit, person), Subject { id: &unit, attributes: person });
            for flag in levers.flags().iter().filter(|flag| payload.unservable.iter().all(|u| u.lever != flag.key)) {
                let mine = levers.evaluate(&flag.key, subject).unwrap();
                let theirs = payload.read(&levers, &flag.key, &toggles.evaluate(&flag.key, &context), &context, subject);
                prop_assert_eq!(
                    theirs.map(|found| (found.value, found.propensity)), Some((mine.value, None)),
                    "{} for {:?}\n{}", flag.key, person, payload.json
                );
            }
        }
    }
}

#[test]
fn most_levers_can_be_said() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut unsaid, mut all) = (0, 0);
    for _ in 0..200 {
        let flags = flags().new_tree(&mut runner).unwrap().current();
        all += flags.len();
        unsaid += payload(&Compiled::new(flags, 1)).unservable.len();
    }
    assert!(unsaid * 2 < all, "{unsaid} of {all}");
}

fn experiment(boolean: bool, share: f64) -> Vec<Rule> {
    let value =
        |on: bool| if boolean { LeverValue::Bool(on) } else { LeverValue::Number(if on { 35.0 } else { 29.0 }) };
    let arms = vec![
        Arm { key: "control".into(), value: value(false), weight: 0.25 },
        Arm { key: "test".into(), value: value(true), weight: 0.75 },
    ];
    let serve = Serve::Experiment { experiment: "exp".into(), arms, share, slice: None };
    vec![Rule { key: "split".into(), name: "Split".into(), when: Some("plan == 'pro'".into()), serve }]
}

/// Shares by variant over many units.
fn shares(levers: &Compiled) -> BTreeMap<String, (f64, Option<f64>)> {
    let payload = payload(levers);
    assert!(payload.unservable.is_empty(), "{:?}", payload.unservable);
    let toggles = Toggles::new(&payload.json);
    let person = Map::from_iter([("plan".to_owned(), Value::from("pro"))]);
    let mut counts: BTreeMap<String, (f64, Option<f64>)> = BTreeMap::new();
    for n in 0..10_000 {
        let unit = format!("user-{n}");
        let (context, subject) = (context(&unit, &person), Subject { id: &unit, attributes: &person });
        let found = toggles.evaluate("lever0", &context);
        let read = payload.read(levers, "lever0", &found, &context, subject).unwrap();
        let name = read.variant.unwrap_or_else(|| format!("{:?}", read.value));
        let entry = counts.entry(name).or_default();
        entry.0 += 1.0 / 10_000.0;
        entry.1 = read.propensity;
    }
    counts
}

#[test]
fn chance_keeps_its_shares() {
    let serving = |rules, holdout: Option<f64>| Serving {
        served_as: Vec::new(),
        group: None,
        off: false,
        seed: "lever0".into(),
        rules,
        requires: Vec::new(),
        holdout: holdout.map(|share| Holdout { key: "global".into(), share }),
    };
    let check = |flag: Flag, expect: &[(&str, f64)]| {
        let found = shares(&Compiled::new(vec![flag], 1));
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (name, share) in expect {
            let (got, propensity) = found[*name];
            assert!((got - share).abs() < 0.02, "{name}: {found:?}");
            assert!((propensity.unwrap() - share).abs() < 1e-9, "{name}: {found:?}");
        }
    };
    let number = LeverValue::Number;
    let flag = lever(0, false, number(19.0), number(21.0), serving(experiment(false, 0.6), Some(0.1)));
    check(flag, &[("control", 0.135), ("test", 0.405), ("Number(21.0)", 0.36), ("Number(19.0)", 0.1)]);
    let (on, off) = (LeverValue::Bool(true), LeverValue::Bool(false));
    let flag = lever(0, true, off.clone(), off.clone(), serving(experiment(true, 1.0), None));
    check(flag, &[("control", 0.25), ("test", 0.75)]);
    let half = Serve::Value { value: on, share: 0.3 };
    let rules = vec![Rule { key: "beta".into(), name: "Beta".into(), when: None, serve: half }];
    check(lever(0, true, off.clone(), off, serving(rules, None)), &[("beta", 0.3), ("Bool(false)", 0.7)]);
}

#[test]
fn what_cannot_be_said_says_why() {
    let serving = |when: &str, share: f64, value: LeverValue| Serving {
        served_as: Vec::new(),
        group: None,
        off: false,
        seed: "s".into(),
        rules: vec![Rule {
            key: "r".into(),
            name: "R".into(),
            when: (!when.is_empty()).then(|| when.into()),
            serve: Serve::Value { value, share },
        }],
        requires: Vec::new(),
        holdout: None,
    };
    let (on, off) = (LeverValue::Bool(true), LeverValue::Bool(false));
    for (when, share, value, rest, expect) in [
        ("plan != 'pro'", 1.0, &on, &off, "would fit by mistake"),
        ("has(plan)", 1.0, &on, &off, "cannot be asked"),
        ("address.city == 'Graz'", 1.0, &on, &off, "looks into an attribute"),
        ("plan == ' pro'", 1.0, &on, &off, "blanks"),
        ("", 0.125, &on, &off, "whole percents"),
        ("", 0.5, &off, &on, "later rules turn on"),
    ] {
        let flag = lever(0, true, off.clone(), rest.clone(), serving(when, share, value.clone()));
        let found = payload(&Compiled::new(vec![flag], 1));
        assert_eq!(found.json["features"], json!([]));
        assert!(found.unservable[0].why.contains(expect), "{}", found.unservable[0].why);
    }
}
