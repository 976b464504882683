//! The conformance cases that GrowthBook's SDKs share.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::condition::{Scope, passes};
use super::experiment::in_query;
use super::patterns::Patterns;
use super::{Context, Features, Range, bucket_ranges, choose, hash, in_namespace};

/// Contextual bandits, which we do not serve.
const LEFT_OUT: [&str; 4] = [
    "CB rule with empty contexts (explore) buckets on marginal weights with fallback leaf -1",
    "CB rule with no contexts key falls back to marginal weights (fallback leaf -1)",
    "CB rule with empty contexts uses marginal weights (fallback leaf -1)",
    "CB rule with empty contexts is overridden by forced variation like a normal experiment",
];

fn suite(name: &str) -> Vec<Vec<Value>> {
    let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/growthbook-cases.json")).unwrap();
    serde_json::from_value(all[name].clone()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn ranges(value: &Value) -> Vec<Range> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Runs a suite and names every case that fails; a suite that shrank is no pass.
fn check(name: &str, least: usize, mut failure: impl FnMut(&[Value]) -> Option<String>) {
    let cases = suite(name);
    assert!(cases.len() >= least, "{name} has {} cases", cases.len());
    let failures: Vec<_> = cases.iter().filter_map(|case| Some(format!("{}: {}", case[0], failure(case)?))).collect();
    assert!(failures.is_empty(), "{name}: {} failed\n{}", failures.len(), failures.join("\n"));
}

fn differs<T: PartialEq + std::fmt::Debug>(got: T, expect: T) -> Option<String> {
    (got != expect).then(|| format!("got {got:?}, expected {expect:?}"))
}

#[test]
fn hashes() {
    check("hash", 27, |case| {
        differs(hash(text(&case[0]), text(&case[1]), case[2].as_u64().unwrap()), case[3].as_f64())
    });
}

#[test]
fn namespaces() {
    check("inNamespace", 16, |case| {
        let (namespace, unit) = (&case[2], text(&case[1]));
        let range = [namespace[1].as_f64().unwrap(), namespace[2].as_f64().unwrap()];
        differs(in_namespace(unit, text(&namespace[0]), range), case[3].as_bool().unwrap())
    });
}

#[test]
fn ranges_of_buckets() {
    check("getBucketRange", 13, |case| {
        let weights: Option<Vec<f64>> = serde_json::from_value(case[1][2].clone()).unwrap();
        let count = usize::try_from(case[1][0].as_u64().unwrap()).unwrap();
        let got = bucket_ranges(count, case[1][1].as_f64().unwrap(), weights.as_deref());
        let expect = ranges(&case[2]);
        let close = |a: &Range, b: &Range| (a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6;
        let same = got.len() == expect.len() && got.iter().zip(&expect).all(|(a, b)| close(a, b));
        (!same).then(|| format!("got {got:?}"))
    });
    check("getEqualWeights", 6, |case| {
        let count = usize::try_from(case[0].as_i64().unwrap()).unwrap_or(0);
        let got: Vec<f64> = bucket_ranges(count, 1.0, None).iter().map(|range| range[1] - range[0]).collect();
        let expect: Vec<f64> = serde_json::from_value(case[1].clone()).unwrap();
        let same = got.len() == expect.len() && got.iter().zip(&expect).all(|(a, b)| (a - b).abs() < 1e-6);
        (!same).then(|| format!("got {got:?}"))
    });
    check("chooseVariation", 13, |case| {
        differs(choose(case[1].as_f64().unwrap(), &ranges(&case[2])), usize::try_from(case[3].as_i64().unwrap()).ok())
    });
}

#[test]
fn forced_by_address() {
    check("getQueryStringOverride", 16, |case| {
        let count = usize::try_from(case[3].as_u64().unwrap()).unwrap();
        let expect = case[4].as_u64().map(|n| usize::try_from(n).unwrap());
        differs(in_query(text(&case[1]), text(&case[2]), count), expect)
    });
}

#[test]
fn conditions() {
    check("evalCondition", 583, |case| {
        let groups = case.get(4).and_then(Value::as_object).cloned().unwrap_or_default();
        let patterns = Patterns::of(&case[1]);
        let got = passes(&case[2], &case[1], Scope { groups: &groups, patterns: &patterns });
        differs(got, case[3].as_bool().unwrap())
    });
}

/// Only what a result leaves out when it is the usual may be missing on the other side.
fn tidy(value: &Value, defaults: &Value) -> Map<String, Value> {
    let mut map = value.as_object().cloned().unwrap_or_default();
    for (key, usual) in defaults.as_object().unwrap() {
        map.entry(key).or_insert_with(|| usual.clone());
    }
    map
}

#[test]
fn features() {
    let mut left_out = 0;
    check("feature", 61, |case| {
        if LEFT_OUT.contains(&text(&case[0])) {
            left_out += 1;
            return None;
        }
        let (input, expect) = (&case[1], &case[3]);
        let forced: HashMap<String, i64> = input
            .get("forcedVariations")
            .map(|forced| serde_json::from_value(forced.clone()).unwrap())
            .unwrap_or_default();
        let attributes = input.get("attributes").cloned().unwrap_or_else(|| json!({}));
        let context = Context { attributes, forced_variations: forced, ..Context::default() };
        let got = Features::new(input).evaluate(text(&case[2]), &context);
        differs(&got.value, &expect["value"])
            .or_else(|| differs(got.source.name(), text(&expect["source"])))
            .or_else(|| differs(got.rule.as_str(), text(&expect["ruleId"])))
            .or_else(|| differs(super::number::truthy(&got.value), expect["on"].as_bool().unwrap()))
            .or_else(|| {
                let (experiment, result) = got.experiment.as_ref()?;
                let usual = json!({"hashAttribute": "id", "coverage": 1});
                differs(tidy(experiment, &usual), tidy(&expect["experiment"], &usual))
                    .or_else(|| differs(tidy(result, &json!({})), tidy(&expect["experimentResult"], &json!({}))))
            })
            .or_else(|| differs(got.experiment.is_some(), expect.get("experiment").is_some()))
    });
    assert_eq!(left_out, LEFT_OUT.len());
}
