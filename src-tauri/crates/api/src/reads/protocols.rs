//! A lever in each protocol's own terms: its definition, what it cannot say, what it gives to one unit.

use epoch_host::levers::served;
use epoch_levers::{Compiled, Subject, Unservable, growthbook};
use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Flag, Protocol};
use serde_json::{Map, Value, json};

use crate::describe::lever_value;
use crate::views::{LeverProtocolView, ProtocolTrialView, WarningView};

/// Protocols as people write them.
pub(crate) fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Ofrep => "OFREP",
        Protocol::Posthog => "PostHog",
        Protocol::Growthbook => "GrowthBook",
        Protocol::Unleash => "Unleash",
    }
}

/// What a protocol says of a lever, and why not.
fn definition(compiled: &Compiled, flag: &Flag, protocol: Protocol) -> (Option<Value>, Vec<Unservable>) {
    let of_it = |all: Vec<Unservable>| all.into_iter().filter(|u| u.lever == flag.key).collect();
    match protocol {
        Protocol::Ofrep => (serde_json::to_value(flag).ok(), Vec::new()),
        Protocol::Growthbook => {
            let payload = growthbook::payload(compiled);
            (payload.json.pointer("/features").and_then(|f| f.get(&flag.key)).cloned(), of_it(payload.unservable))
        }
        Protocol::Posthog | Protocol::Unleash => (None, Vec::new()),
    }
}

/// One per protocol, in their order.
pub(crate) fn definitions(compiled: &Compiled, flag: &Flag) -> Vec<LeverProtocolView> {
    let serves = served(flag);
    let view = |protocol: Protocol| {
        if !serves.contains(&protocol) {
            return LeverProtocolView { protocol, served: false, definition: None, notes: Vec::new() };
        }
        let (definition, problems) = definition(compiled, flag, protocol);
        let lost = problems.iter().any(|p| !p.local_only);
        LeverProtocolView { protocol, served: !lost, definition, notes: problems.iter().map(note).collect() }
    };
    Protocol::ALL.into_iter().map(view).collect()
}

fn note(problem: &Unservable) -> String {
    let which = if problem.local_only { "not for local evaluation" } else { "not served" };
    format!("{which}: {}", problem.why)
}

/// What a protocol that is to serve the lever cannot say.
pub(crate) fn unservable(compiled: &Compiled, flag: &Flag) -> Vec<WarningView> {
    let problems = served(flag).into_iter().flat_map(|protocol| definition(compiled, flag, protocol).1);
    problems
        .map(|p| WarningView {
            code: "unservable".into(),
            text: format!("{}: {}", name(p.protocol), note(&p)),
            next: "say it otherwise in business.toml, or take the protocol out of `served_as`".into(),
        })
        .collect()
}

/// What each protocol gives to one unit; nothing is logged.
pub(crate) fn trials(
    compiled: &Compiled,
    flag: &Flag,
    unit: &str,
    attributes: &Map<String, Value>,
) -> Vec<ProtocolTrialView> {
    let serves = served(flag);
    let trial = |protocol: Protocol| {
        if !serves.contains(&protocol) {
            return refused(protocol, format!("the lever is not served as {}", name(protocol)));
        }
        let problems = definition(compiled, flag, protocol).1;
        if let Some(problem) = problems.iter().find(|p| !p.local_only) {
            return refused(protocol, problem.why.clone());
        }
        match protocol {
            Protocol::Growthbook => growthbook_trial(compiled, flag, unit, attributes),
            _ => own(compiled, flag, protocol, unit, attributes),
        }
    };
    Protocol::ALL.into_iter().map(trial).collect()
}

fn refused(protocol: Protocol, problem: String) -> ProtocolTrialView {
    ProtocolTrialView {
        protocol,
        value: None,
        value_text: String::new(),
        variant: None,
        reason: None,
        rule: None,
        experiment: None,
        propensity: None,
        problem: Some(problem),
    }
}

fn own(
    compiled: &Compiled,
    flag: &Flag,
    protocol: Protocol,
    unit: &str,
    attributes: &Map<String, Value>,
) -> ProtocolTrialView {
    let Some(e) = compiled.evaluate(&flag.key, Subject { id: unit, attributes }) else {
        return refused(protocol, "there is no such lever".into());
    };
    ProtocolTrialView {
        protocol,
        value_text: lever_value(&e.value),
        value: Some(e.value),
        variant: e.variant,
        reason: Some(e.reason),
        rule: e.rule,
        experiment: e.experiment,
        propensity: e.propensity,
        problem: None,
    }
}

fn growthbook_trial(
    compiled: &Compiled,
    flag: &Flag,
    unit: &str,
    attributes: &Map<String, Value>,
) -> ProtocolTrialView {
    let features = growthbook::Features::new(&growthbook::payload(compiled).json);
    let mut known = attributes.clone();
    // Groups stand beside the other attributes there, by their type.
    if let Some(groups) = attributes.get("$groups").and_then(Value::as_object) {
        known.extend(groups.clone());
    }
    known.insert("id".into(), json!(unit));
    let context = growthbook::Context { attributes: Value::Object(known), ..growthbook::Context::default() };
    let found = features.evaluate(&flag.key, &context);
    let Some(value) = typed(&flag.kind, &found.value) else {
        return refused(Protocol::Growthbook, format!("it answers {}, which the lever cannot take", found.value));
    };
    // GrowthBook's hash is ours, so the probability of what was served is, too.
    let ours = compiled.evaluate(&flag.key, Subject { id: unit, attributes }).filter(|e| e.value == value);
    ProtocolTrialView {
        protocol: Protocol::Growthbook,
        value_text: lever_value(&value),
        value: Some(value),
        variant: ours.as_ref().and_then(|e| e.variant.clone()),
        reason: ours.as_ref().map(|e| e.reason),
        rule: Some(found.rule).filter(|rule| !rule.is_empty()),
        experiment: ours.as_ref().and_then(|e| e.experiment.clone()),
        propensity: ours.as_ref().and_then(|e| e.propensity),
        problem: None,
    }
}

/// A protocol's value as the lever's.
fn typed(kind: &LeverKind, value: &Value) -> Option<LeverValue> {
    match kind {
        LeverKind::Boolean => value.as_bool().map(LeverValue::Bool),
        LeverKind::Number { .. } => value.as_f64().map(LeverValue::Number),
        LeverKind::Variant { .. } | LeverKind::Text { .. } => value.as_str().map(|t| LeverValue::Text(t.to_owned())),
    }
}
