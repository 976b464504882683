//! For every lever that can be said in GrowthBook's terms, its evaluation and our own rules give everybody the same value.

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Arm, Flag, Holdout, Prerequisite, Rule, Serve, Serving, Slice};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

use super::{Context, Features, payload};
use crate::book::{Compiled, Subject};

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["pro", "free", "", "a.b", "x\ny", "é", "pro\n", "🦀", "10", "(p+r)"])
}

fn quoted() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("'{}'", text.replace('\n', "\\n")))
}

fn number() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, 1.0, -1.0, 5.0, 5.5, 1e15])
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["plan", "seats", "beta", "tags", "address.city", "address", "unit", "attributes['$os']"])
}

fn question() -> impl Strategy<Value = String> {
    let op = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let order = op.clone();
    prop_oneof![
        (path(), op, quoted()).prop_map(|(p, op, t)| format!("{p} {op} {t}")),
        (path(), order, number(), any::<bool>())
            .prop_map(|(p, op, n, turned)| { if turned { format!("{n} {op} {p}") } else { format!("{p} {op} {n}") } }),
        (path(), any::<bool>(), any::<bool>())
            .prop_map(|(p, equal, b)| format!("{p} {} {b}", if equal { "==" } else { "!=" })),
        (path(), prop::collection::vec(prop_oneof![quoted(), number().prop_map(|n| n.to_string())], 0..4))
            .prop_map(|(p, list)| format!("{p} in [{}]", list.join(", "))),
        (path(), prop::collection::vec(quoted(), 0..3)).prop_map(|(p, list)| format!("{p} == [{}]", list.join(", "))),
        (path(), prop_oneof![quoted(), number().prop_map(|n| n.to_string()), Just("true".to_owned())])
            .prop_map(|(p, item)| format!("{item} in {p}")),
        (path(), prop::sample::select(vec!["startsWith", "endsWith", "contains"]), quoted())
            .prop_map(|(p, f, t)| format!("{p}.{f}({t})")),
        (path(), prop::sample::select(vec!["^pro$", "p+r", "^[a-z]*$", "r.*o", "free|pro", "[^p]+r"]))
            .prop_map(|(p, pattern)| format!("{p}.matches('{pattern}')")),
        path().prop_map(|p| format!("has({p})")),
        Just("beta".to_owned()),
        Just("1 < 2".to_owned()),
        Just("false".to_owned()),
    ]
}

fn predicate() -> impl Strategy<Value = String> {
    question().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
            inner.prop_map(|part| format!("!({part})")),
        ]
    })
}

fn value(kind: usize) -> BoxedStrategy<LeverValue> {
    match kind {
        0 => any::<bool>().prop_map(LeverValue::Bool).boxed(),
        1 => prop::sample::select(vec![29.0, 29.5, 35.0]).prop_map(LeverValue::Number).boxed(),
        _ => prop::sample::select(vec!["red", "blue", ""]).prop_map(|t| LeverValue::Text(t.into())).boxed(),
    }
}

fn share() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, 0.07, 1.0 / 3.0, 0.5, 0.99, 1.0])
}

fn serve(kind: usize) -> impl Strategy<Value = Serve> {
    let slice = prop::sample::select(vec![None, Some((0.0, 0.5)), Some((0.25, 1.0))]);
    prop_oneof![
        (value(kind), share()).prop_map(|(value, share)| Serve::Value { value, share }),
        (prop::collection::vec((value(kind), 0_u32..3), 2..4), share(), slice).prop_map(|(arms, share, slice)| {
            let total: u32 = arms.iter().map(|(_, weight)| weight + 1).sum();
            let arms = arms.into_iter().enumerate().map(|(i, (value, weight))| Arm {
                key: format!("arm{i}"),
                value,
                weight: f64::from(weight + 1) / f64::from(total),
            });
            let slice = slice.map(|(from, to)| Slice { layer: "pricing".into(), from, to });
            Serve::Experiment { experiment: "test".into(), arms: arms.collect(), share, slice }
        }),
    ]
}

fn rules(kind: usize) -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec((prop::option::of(predicate()), serve(kind)), 0..4).prop_map(|rules| {
        let rule = |(i, (when, serve))| Rule { key: format!("r{i}"), name: format!("Rule {i}"), when, serve };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

fn flag(at: usize, kind: usize) -> impl Strategy<Value = Flag> {
    let holdout = prop::sample::select(vec![None, Some(("global", 0.05)), Some(("pricing", 0.4))]);
    let requires = prop::collection::vec((0..at.max(1), any::<prop::sample::Index>()), 0..=at.min(2));
    let (off, group) = (prop::bool::weighted(0.1), prop::bool::weighted(0.3));
    (value(kind), value(kind), rules(kind), holdout, requires, off, group).prop_map(
        move |(default, value, rules, holdout, requires, off, group)| Flag {
            key: format!("lever{at}"),
            id: u32::try_from(at).unwrap() + 1,
            title: format!("Lever {at}"),
            kind: match kind {
                0 => LeverKind::Boolean,
                1 => LeverKind::Number { min: 0.0, max: 100.0, step: 0.5 },
                _ => LeverKind::Text { max_chars: 20 },
            },
            default,
            value,
            serving: Serving {
                group: group.then(|| "company".into()),
                off,
                seed: format!("lever{at}"),
                rules,
                requires: requires
                    .into_iter()
                    .map(|(of, is)| Prerequisite { lever: format!("lever{of}"), is: some_value(of % 3, is) })
                    .collect(),
                holdout: holdout.map(|(key, share)| Holdout { key: key.into(), share }),
                served_as: Vec::new(),
            },
            version: 1,
            updated_at: Some(1_795_348_800_000),
            decision: None,
        },
    )
}

/// A value that a lever of this kind may have.
fn some_value(kind: usize, index: prop::sample::Index) -> LeverValue {
    match kind {
        0 => LeverValue::Bool(index.index(2) == 0),
        1 => LeverValue::Number(*index.get(&[29.0, 29.5, 35.0])),
        _ => LeverValue::Text((*index.get(&["red", "blue", ""])).to_owned()),
    }
}

fn flags() -> impl Strategy<Value = Vec<Flag>> {
    (flag(0, 0), flag(1, 1), flag(2, 2), flag(3, 0)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn attribute() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        3 => number().prop_map(super::literal::number),
        2 => any::<bool>().prop_map(Value::from),
        2 => prop::collection::vec(text().prop_map(Value::from), 0..3).prop_map(Value::from),
        1 => text().prop_map(|city| json!({"city": city, "pro": 1})),
    ]
}

fn attributes() -> impl Strategy<Value = Map<String, Value>> {
    let names = prop::sample::select(vec!["plan", "seats", "beta", "tags", "address", "$os", "unit"]);
    prop::collection::btree_map(names, attribute(), 0..6)
        .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn unit() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["user-", "josé-", "用户", "😀", "\u{feff}"]), 0_u32..1_000_000)
        .prop_map(|(name, n)| format!("{name}{n}"))
}

fn context(unit: &str, attributes: &Map<String, Value>, company: Option<&str>) -> Context {
    let mut attributes = attributes.clone();
    attributes.insert("id".into(), unit.into());
    if let Some(company) = company {
        attributes.insert("company".into(), company.into());
    }
    Context { attributes: Value::Object(attributes), ..Context::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn everybody_gets_the_same(
        flags in flags(),
        people in prop::collection::vec((attributes(), unit(), prop::option::of(unit())), 1..12),
    ) {
        let levers = Compiled::new(flags, 1);
        let payload = payload(&levers);
        let features = Features::new(&payload.json);
        for (attributes, unit, company) in people {
            let context = context(&unit, &attributes, company.as_deref());
            let mut ours = attributes.clone();
            ours.insert("id".into(), unit.clone().into());
            if let Some(company) = &company {
                ours.insert("company".into(), company.clone().into());
                ours.insert("$groups".into(), json!({"company": company}));
            }
            for key in features.keys() {
                let mine = levers.evaluate(key, Subject { id: &unit, attributes: &ours }).unwrap();
                let theirs = features.evaluate(key, &context);
                prop_assert_eq!(
                    &theirs.value, &super::literal::value(&mine.value),
                    "{} for {} {:?}: {:?}\n{}", key, unit, company, attributes, payload.json["features"][key]
                );
                if let Some((experiment, result)) = &theirs.experiment {
                    prop_assert_eq!(experiment["key"].as_str(), mine.experiment.as_deref());
                    prop_assert_eq!(result["key"].as_str(), mine.variant.as_deref());
                }
            }
        }
    }
}

/// The random levers above are no proof if most of them cannot be said.
#[test]
fn most_levers_can_be_said() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut said, mut all) = (0, 0);
    for _ in 0..200 {
        let flags = flags().new_tree(&mut runner).unwrap().current();
        all += flags.len();
        said += payload(&Compiled::new(flags, 1)).json["features"].as_object().unwrap().len();
    }
    assert!(said * 2 > all, "{said} of {all}");
}

#[test]
fn shares_and_arms_are_the_same_hash() {
    let arms = vec![
        Arm { key: "control".into(), value: LeverValue::Number(29.0), weight: 0.5 },
        Arm { key: "test".into(), value: LeverValue::Number(35.0), weight: 0.5 },
    ];
    let slice = Some(Slice { layer: "pricing".into(), from: 0.2, to: 0.9 });
    let rule = Rule {
        key: "price".into(),
        name: "Price".into(),
        when: None,
        serve: Serve::Experiment { experiment: "price-2026".into(), arms, share: 0.6, slice },
    };
    let flag = Flag {
        key: "price".into(),
        id: 1,
        title: "Price".into(),
        kind: LeverKind::Number { min: 0.0, max: 100.0, step: 1.0 },
        default: LeverValue::Number(19.0),
        value: LeverValue::Number(21.0),
        serving: Serving {
            seed: "price".into(),
            rules: vec![rule],
            holdout: Some(Holdout { key: "global".into(), share: 0.05 }),
            served_as: Vec::new(),
            group: None,
            off: false,
            requires: Vec::new(),
        },
        version: 1,
        updated_at: None,
        decision: None,
    };
    let levers = Compiled::new(vec![flag], 1);
    let features = Features::new(&payload(&levers).json);
    let mut counts = std::collections::BTreeMap::new();
    let attributes = Map::new();
    for n in 0..10_000 {
        let unit = format!("u{n}");
        let mine = levers.evaluate("price", Subject { id: &unit, attributes: &attributes }).unwrap();
        let theirs = features.evaluate("price", &context(&unit, &attributes, None)).value;
        assert_eq!(theirs, super::literal::value(&mine.value), "{unit}");
        *counts.entry(theirs.to_string()).or_insert(0_u32) += 1;
    }
    // 5 % held out; of the rest 70 % of the layer, of it 60 %, half each.
    let near = |value: &str, share: f64| (f64::from(counts[value]) / 10_000.0 - share).abs() < 0.015;
    assert!(near("19", 0.05) && near("29", 0.1995) && near("35", 0.1995) && near("21", 0.551), "{counts:?}");
}
