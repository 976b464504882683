//! Levers as GrowthBook's feature definitions.

use epoch_model::business::LeverValue;
use epoch_model::serving::{Arm, Protocol, Rule, Serve};
use serde_json::{Map, Value, json};

use super::{literal, translate};
use crate::book::Compiled;
use crate::hash::{BUCKETS, arm_seed, holdout_seed, layer_seed, share_seed};
use crate::plan::{Arms, Gate, Step};
use crate::unservable::Unservable;

/// What the features endpoint answers, and what could not be put into it.
#[derive(Debug)]
pub struct Payload {
    /// `{"status": 200, "features": {…}, "dateUpdated": …}`.
    pub json: Value,
    pub unservable: Vec<Unservable>,
}

/// All levers that are served through GrowthBook.
pub fn payload(levers: &Compiled) -> Payload {
    let (mut features, mut unservable) = (Map::new(), Vec::new());
    for (at, flag) in levers.flags().iter().enumerate() {
        if !serves(&flag.serving.served_as) {
            continue;
        }
        match feature(levers, at) {
            Ok(feature) => drop(features.insert(flag.key.clone(), feature)),
            Err(why) => unservable.push(problem(&flag.key, why)),
        }
    }
    // A lever whose prerequisite is not there would always have its default; leaving it out may take others along.
    loop {
        let lost = levers.flags().iter().find_map(|flag| {
            let there = |key: &str| features.contains_key(key);
            let missing = flag.serving.requires.iter().find(|required| !there(&required.lever))?;
            there(&flag.key).then(|| (flag.key.clone(), missing.lever.clone()))
        });
        let Some((key, missing)) = lost else { break };
        features.remove(&key);
        unservable.push(problem(&key, format!("it requires {missing}, which is not served through GrowthBook")));
    }
    // SDKs ignore a payload whose date they know, so levers that change without a date of their own show in its fraction.
    let changed = levers.flags().iter().filter_map(|flag| flag.updated_at).max().unwrap_or(0);
    let nanoseconds = i128::from(changed) * 1_000_000 + i128::from(levers.version() % 1_000_000);
    let changed = jiff::Timestamp::from_nanosecond(nanoseconds).unwrap_or_default();
    Payload { json: json!({"status": 200, "features": features, "dateUpdated": format!("{changed:.9}")}), unservable }
}

fn serves(protocols: &[Protocol]) -> bool {
    protocols.is_empty() || protocols.contains(&Protocol::Growthbook)
}

fn problem(lever: &str, why: String) -> Unservable {
    Unservable { lever: lever.to_owned(), protocol: Protocol::Growthbook, why, local_only: false }
}

fn feature(levers: &Compiled, at: usize) -> Result<Value, String> {
    let (flag, plan) = (&levers.flags()[at], &levers.plans()[at]);
    let serving = &flag.serving;
    if serving.off || plan.broken {
        return Ok(json!({"defaultValue": literal::value(&flag.default)}));
    }
    let attribute = serving.group.as_deref().unwrap_or("id");
    let default = literal::value(&flag.default);
    let mut rules = Vec::new();
    if serving.group.is_some() {
        // What identifies nobody is no group: an empty text, zero, anything that is neither text nor number.
        let none = json!({"$nor": [
            {attribute: {"$type": "string", "$ne": ""}},
            {attribute: {"$type": "number", "$ne": 0}},
        ]});
        rules.push(json!({"id": "no_group", "force": default, "condition": none}));
    }
    if let (Some(holdout), Some(gate)) = (&serving.holdout, plan.holdout) {
        let mut rule = json!({"id": format!("holdout:{}", holdout.key), "force": default});
        within(&mut rule, attribute, &holdout_seed(&holdout.key), gate);
        rules.push(rule);
    }
    for required in &serving.requires {
        let differs = json!({"value": {"$ne": literal::value(&required.is)}});
        rules.push(json!({
            "id": format!("requires:{}", required.lever),
            "force": default,
            "parentConditions": [{"id": required.lever, "condition": differs}],
        }));
    }
    for (rule, step) in serving.rules.iter().zip(&plan.steps) {
        if let Some(rule) = of_rule(&serving.seed, attribute, rule, step)? {
            rules.push(rule);
        }
    }
    let mut feature = json!({"defaultValue": literal::value(&flag.value)});
    if !rules.is_empty() {
        feature["rules"] = Value::Array(rules);
    }
    Ok(feature)
}

/// `None` for a rule that fits nobody.
fn of_rule(seed: &str, attribute: &str, rule: &Rule, step: &Step) -> Result<Option<Value>, String> {
    let mut json = match (&rule.serve, &step.arms) {
        (Serve::Value { value, .. }, _) => valued(seed, attribute, rule, value, step),
        (Serve::Experiment { experiment, arms, slice, .. }, Some(compiled)) => {
            let layer = slice.as_ref().map(|slice| slice.layer.as_str());
            tested(seed, attribute, rule, experiment, arms, compiled, step, layer)
        }
        (Serve::Experiment { .. }, None) => return Ok(None),
    };
    match &step.when {
        Err(()) => return Ok(None),
        Ok(None) => {}
        Ok(Some(predicate)) => {
            let condition = translate::condition(predicate.root());
            json["condition"] =
                condition.map_err(|why| format!("the rule {} cannot be said there: {why}", rule.key))?;
        }
    }
    Ok(Some(json))
}

fn valued(seed: &str, attribute: &str, rule: &Rule, value: &LeverValue, step: &Step) -> Value {
    let mut json = json!({"id": rule.key, "force": literal::value(value)});
    if let Some(share) = step.share {
        within(&mut json, attribute, &share_seed(seed, &rule.key), share);
    }
    json
}

#[expect(clippy::too_many_arguments, reason = "what makes up an experiment")]
fn tested(
    seed: &str,
    attribute: &str,
    rule: &Rule,
    experiment: &str,
    arms: &[Arm],
    compiled: &Arms,
    step: &Step,
    layer: Option<&str>,
) -> Value {
    let mut from = 0;
    let ranges: Vec<Value> = compiled
        .ends
        .iter()
        .map(|end| {
            let range = json!([point(from), point(*end)]);
            from = *end;
            range
        })
        .collect();
    let filter = |seed: String, gate: Gate| {
        let ranges = [[point(gate.from), point(gate.to)]];
        json!({"attribute": attribute, "seed": seed, "hashVersion": 2, "ranges": ranges})
    };
    let slice = layer.zip(step.slice).map(|(layer, gate)| filter(layer_seed(layer), gate));
    let share = step.share.map(|gate| filter(share_seed(seed, &rule.key), gate));
    let filters: Vec<Value> = slice.into_iter().chain(share).collect();
    let mut json = json!({
        "id": rule.key,
        "key": experiment,
        "name": rule.name,
        "phase": "0",
        "seed": arm_seed(seed, &rule.key),
        "hashAttribute": attribute,
        "hashVersion": 2,
        "variations": arms.iter().map(|arm| literal::value(&arm.value)).collect::<Vec<_>>(),
        "weights": arms.iter().map(|arm| literal::number(arm.weight)).collect::<Vec<_>>(),
        "ranges": ranges,
        "meta": arms.iter().map(|arm| json!({"key": arm.key})).collect::<Vec<_>>(),
    });
    if !filters.is_empty() {
        json["filters"] = Value::Array(filters);
    }
    json
}

/// Only units within the gate. A `range` leaves out its end; SDKs differ on whether a `coverage` does.
fn within(rule: &mut Value, attribute: &str, seed: &str, gate: Gate) {
    rule["seed"] = seed.into();
    rule["hashAttribute"] = attribute.into();
    rule["hashVersion"] = 2.into();
    rule["range"] = json!([point(gate.from), point(gate.to)]);
}

fn point(bucket: u32) -> Value {
    literal::number(f64::from(bucket) / f64::from(BUCKETS))
}
