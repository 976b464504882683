//! A lever in each protocol's own terms: its definition, what it cannot say, what it gives to one unit.

use std::collections::BTreeMap;

use epoch_host::levers::served;
use epoch_levers::{Compiled, Subject, Unservable, growthbook, posthog, unleash};
use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Evaluation, Flag, Protocol, Reason};
use serde_json::{Map, Value, json};

use crate::describe::lever_value;
use crate::views::{LeverProtocolView, ProtocolTrialView, WarningView};

/// What a protocol says of a lever, and why not.
fn definition(compiled: &Compiled, flag: &Flag, protocol: Protocol) -> (Option<Value>, Vec<Unservable>) {
    let of_it = |all: Vec<Unservable>| all.into_iter().filter(|u| u.lever == flag.key).collect();
    match protocol {
        Protocol::Ofrep => (serde_json::to_value(flag).ok(), Vec::new()),
        Protocol::Growthbook => {
            let payload = growthbook::payload(compiled);
            (payload.json.pointer("/features").and_then(|f| f.get(&flag.key)).cloned(), of_it(payload.unservable))
        }
        Protocol::Posthog => {
            let posthog = compiled.posthog();
            (named(posthog.definitions(), "/flags", "key", &flag.key), of_it(posthog.unservable().to_vec()))
        }
        Protocol::Unleash => {
            let payload = unleash::payload(compiled);
            (named(&payload.json, "/features", "name", &flag.key), of_it(payload.unservable))
        }
    }
}

/// The entry of a list that has this name.
fn named(document: &Value, list: &str, field: &str, key: &str) -> Option<Value> {
    let list = document.pointer(list)?.as_array()?;
    list.iter().find(|entry| entry.get(field).and_then(Value::as_str) == Some(key)).cloned()
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
            text: format!("{}: {}", p.protocol.name(), note(&p)),
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
            return refused(protocol, format!("the lever is not served as {}", protocol.name()));
        }
        let problems = definition(compiled, flag, protocol).1;
        if let Some(problem) = problems.iter().find(|p| !p.local_only) {
            return refused(protocol, problem.why.clone());
        }
        let subject = Subject { id: unit, attributes };
        let found = match protocol {
            Protocol::Ofrep => compiled.evaluate(&flag.key, subject),
            Protocol::Posthog => by_posthog(compiled, flag, subject),
            Protocol::Growthbook => by_growthbook(compiled, flag, subject),
            Protocol::Unleash => by_unleash(compiled, flag, subject),
        };
        found
            .map_or_else(|| refused(protocol, "its answer is no value of this lever".into()), |e| trial_of(protocol, e))
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

fn trial_of(protocol: Protocol, e: Evaluation) -> ProtocolTrialView {
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

fn groups(attributes: &Map<String, Value>) -> Map<String, Value> {
    attributes.get("$groups").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn by_posthog(compiled: &Compiled, flag: &Flag, subject: Subject<'_>) -> Option<Evaluation> {
    let groups = groups(subject.attributes);
    // Attributes are the group's where the unit is one.
    let own = |group: &String| (group.clone(), Value::Object(subject.attributes.clone()));
    let of_groups: Map<String, Value> = flag.serving.group.iter().map(own).collect();
    let asked = posthog::Subject {
        distinct_id: subject.id,
        groups: &groups,
        person_properties: subject.attributes,
        group_properties: &of_groups,
    };
    let served = compiled.posthog_flag(&flag.key, asked)?;
    let reason = match served.reason {
        posthog::ReasonCode::FlagDisabled => Reason::Off,
        posthog::ReasonCode::NoGroupType => Reason::NoGroup,
        posthog::ReasonCode::MissingDependency => Reason::Prerequisite,
        posthog::ReasonCode::HoldoutConditionValue => Reason::HeldOut,
        _ if served.propensity.is_some() => Reason::Split,
        _ if served.rule.is_some() => Reason::Targeted,
        _ => Reason::Static,
    };
    Some(Evaluation {
        value: served.value,
        variant: served.arm.or(served.variant),
        reason,
        rule: served.rule,
        experiment: served.experiment,
        propensity: served.propensity,
    })
}

fn by_growthbook(compiled: &Compiled, flag: &Flag, subject: Subject<'_>) -> Option<Evaluation> {
    let features = growthbook::Features::new(&growthbook::payload(compiled).json);
    let mut known = subject.attributes.clone();
    // Groups stand beside the other attributes there, by their type.
    known.extend(groups(subject.attributes));
    known.insert("id".into(), json!(subject.id));
    let context = growthbook::Context { attributes: Value::Object(known), ..growthbook::Context::default() };
    let found = features.evaluate(&flag.key, &context);
    let value = typed(&flag.kind, &found.value)?;
    // GrowthBook's hash is ours, so what our own rules know of the value holds there, too.
    match compiled.evaluate(&flag.key, subject).filter(|ours| ours.value == value) {
        Some(ours) => Some(ours),
        None => Some(Evaluation { rule: Some(found.rule).filter(|r| !r.is_empty()), ..Evaluation::plain(value) }),
    }
}

fn by_unleash(compiled: &Compiled, flag: &Flag, subject: Subject<'_>) -> Option<Evaluation> {
    let payload = unleash::payload(compiled);
    let mut properties = subject.attributes.clone();
    properties.remove("$groups");
    properties.extend(groups(subject.attributes));
    // Unleash knows texts only.
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => (key, text),
        other => (key, other.to_string()),
    };
    let properties: BTreeMap<String, String> = properties.into_iter().map(text).collect();
    let fields = json!({ "userId": subject.id, "properties": properties });
    let context = unleash::Context { fields, now: epoch_host::clock::machine_now(), draw: 0 };
    let found = unleash::Toggles::new(&payload.json).evaluate(&flag.key, &context);
    payload.read(compiled, &flag.key, &found, &context, subject)
}

/// A protocol's value as the lever's.
fn typed(kind: &LeverKind, value: &Value) -> Option<LeverValue> {
    match kind {
        LeverKind::Boolean => value.as_bool().map(LeverValue::Bool),
        LeverKind::Number { .. } => value.as_f64().map(LeverValue::Number),
        LeverKind::Variant { .. } | LeverKind::Text { .. } => value.as_str().map(|t| LeverValue::Text(t.to_owned())),
    }
}
