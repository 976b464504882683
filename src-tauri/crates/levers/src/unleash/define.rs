//! Levers as Unleash's feature toggles.

use std::collections::BTreeMap;

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Flag, Protocol, Serve};
use serde_json::{Value, json};

use super::rules::{Rules, Served};
use super::strategy::{Sticky, percent};
use crate::book::Compiled;
use crate::hash::holdout_seed;
use crate::plan::Gate;
use crate::unservable::Unservable;

/// What the features endpoint answers, and what could not be put into it.
#[derive(Debug)]
pub struct Payload {
    /// `{"version": 2, "features": […], "segments": []}`.
    pub json: Value,
    pub unservable: Vec<Unservable>,
    /// What each toggle's variants stand for.
    pub(super) served: BTreeMap<String, Served>,
}

impl Payload {
    /// Whether the lever is among the toggles; not every toggle is a lever.
    pub fn serves(&self, lever: &str) -> bool {
        self.served.contains_key(lever)
    }
}

/// A lever as a toggle.
struct Toggle {
    json: Value,
    served: Served,
    /// The holdout it depends on, as a toggle of its own.
    holdout: Option<Value>,
}

/// All levers that are served through Unleash.
pub fn payload(levers: &Compiled) -> Payload {
    let mut unservable = Vec::new();
    let mut toggles: BTreeMap<&str, Toggle> = BTreeMap::new();
    for (at, flag) in levers.flags().iter().enumerate() {
        if !serves(&flag.serving.served_as) {
            continue;
        }
        match toggle(levers, at) {
            Ok(toggle) => drop(toggles.insert(&flag.key, toggle)),
            Err(why) => unservable.push(problem(&flag.key, why)),
        }
    }
    for flag in levers.flags() {
        let parents = depend(flag, &toggles);
        match (parents, toggles.get_mut(flag.key.as_str())) {
            (Ok(parents), Some(toggle)) => {
                let holdout =
                    toggle.holdout.iter().map(|holdout| json!({"feature": holdout["name"], "enabled": false}));
                let all: Vec<Value> = parents.into_iter().chain(holdout).collect();
                if !all.is_empty() {
                    toggle.json["dependencies"] = Value::Array(all);
                }
            }
            (Err(why), Some(_)) => {
                toggles.remove(flag.key.as_str());
                unservable.push(problem(&flag.key, why));
            }
            (_, None) => {}
        }
    }
    close(levers, &mut toggles, &mut unservable);
    let mut holdouts: Vec<Value> = toggles.values_mut().filter_map(|toggle| toggle.holdout.take()).collect();
    holdouts.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    holdouts.dedup();
    let mut served = BTreeMap::new();
    let mut features = Vec::new();
    for flag in levers.flags() {
        if let Some(toggle) = toggles.remove(flag.key.as_str()) {
            features.push(toggle.json);
            served.insert(flag.key.clone(), toggle.served);
        }
    }
    features.extend(holdouts);
    Payload { json: json!({"version": 2, "features": features, "segments": []}), unservable, served }
}

fn serves(protocols: &[Protocol]) -> bool {
    protocols.is_empty() || protocols.contains(&Protocol::Unleash)
}

fn problem(lever: &str, why: String) -> Unservable {
    Unservable { lever: lever.to_owned(), protocol: Protocol::Unleash, why, local_only: false }
}

/// Takes out those whose parent is not there or has parents itself, which Unleash does not follow.
fn close(levers: &Compiled, toggles: &mut BTreeMap<&str, Toggle>, unservable: &mut Vec<Unservable>) {
    loop {
        let lost = levers.flags().iter().filter(|flag| toggles.contains_key(flag.key.as_str())).find_map(|flag| {
            let served = !flag.serving.off;
            let why = flag.serving.requires.iter().filter(|_| served).find_map(|required| {
                match toggles.get(required.lever.as_str()) {
                    None => Some(format!("it requires {}, which is not served through Unleash", required.lever)),
                    Some(parent) if parent.json.get("dependencies").is_some() => {
                        Some(format!("it requires {}, which requires others or has a holdout", required.lever))
                    }
                    Some(_) => None,
                }
            })?;
            Some((flag.key.as_str(), why))
        });
        let Some((key, why)) = lost else { break };
        toggles.remove(key);
        unservable.push(problem(key, why));
    }
}

/// The lever's prerequisites as dependencies. One that fails turns a toggle off, which has no value but `false`.
fn depend(flag: &Flag, toggles: &BTreeMap<&str, Toggle>) -> Result<Vec<Value>, String> {
    if flag.serving.off || flag.serving.requires.is_empty() {
        return Ok(Vec::new());
    }
    if flag.default != LeverValue::Bool(false) {
        return Err("where a prerequisite fails, Unleash knows only off, and its default is another".into());
    }
    let parent = |required: &epoch_model::serving::Prerequisite| {
        let id = &required.lever;
        if let LeverValue::Bool(is) = required.is {
            return Ok(json!({"feature": id, "enabled": is}));
        }
        // Without its parent the lever goes anyway.
        let Some(parent) = toggles.get(id.as_str()) else { return Ok(json!({"feature": id})) };
        let names = parent.served.names_of(&required.is);
        let Some(names) = names else { return Err(format!("variants of {id} have one name and several values")) };
        if names.is_empty() {
            Err(format!("{id} never has that value"))
        } else {
            Ok(json!({"feature": id, "variants": names}))
        }
    };
    flag.serving.requires.iter().map(parent).collect()
}

fn toggle(levers: &Compiled, at: usize) -> Result<Toggle, String> {
    let (flag, plan) = (&levers.flags()[at], &levers.plans()[at]);
    let sticky = Sticky::of(flag);
    let boolean = matches!(flag.kind, LeverKind::Boolean);
    let off = flag.serving.off || plan.broken;
    let mut rules = Rules::new(flag, plan, &sticky);
    if off {
        rules.only(&flag.default);
    } else if boolean {
        rules.switches()?;
    } else {
        rules.values()?;
    }
    let held = flag.serving.holdout.as_ref().zip(plan.holdout).filter(|_| !off && boolean);
    let holdout = held.map(|(holdout, gate)| holdout_toggle(flag, &holdout.key, gate, &sticky)).transpose()?;
    let tested = flag.serving.rules.iter().any(|rule| matches!(rule.serve, Serve::Experiment { .. }));
    let json = json!({
        "name": flag.key,
        "description": flag.title,
        "type": if tested { "experiment" } else { "release" },
        "project": "default",
        "stale": false,
        "impressionData": tested,
        "enabled": rules.enabled(),
        "strategies": rules.strategies,
        "variants": [],
    });
    Ok(Toggle { json, served: rules.served, holdout })
}

/// A toggle that is on for those held out; the levers depend on its being off.
fn holdout_toggle(flag: &Flag, key: &str, gate: Gate, sticky: &Sticky) -> Result<Value, String> {
    if flag.default != LeverValue::Bool(false) {
        return Err("for those held out Unleash knows only off, and its default is another".into());
    }
    let seed = holdout_seed(key);
    let name = flag.serving.group.as_ref().map_or_else(|| seed.clone(), |group| format!("{seed}:{group}"));
    let strategy = sticky.strategy(&[], percent(gate)?, &seed, Vec::new());
    Ok(json!({
        "name": name, "description": format!("Holdout {key}"), "type": "operational", "project": "default",
        "stale": false, "impressionData": false, "enabled": true, "strategies": [strategy], "variants": [],
    }))
}
