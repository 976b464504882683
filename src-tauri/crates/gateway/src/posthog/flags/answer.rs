//! Flags in the shape that each version of the SDKs expects.

use std::borrow::Cow;

use epoch_levers::posthog::{ReasonCode, Served};
use epoch_model::serving::{Flag, Serve};
use epoch_model::time::Millis;
use epoch_model::{Code, Error};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// One flag of an answer.
type Answered<'a> = (&'a Flag, Served);

/// What the version asked for looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The keys of enabled flags.
    Keys,
    /// The values of enabled flags.
    Enabled,
    /// All values, and payloads.
    Values,
    /// Records with `enabled` and `variant`.
    Records,
    /// Records with `value`.
    Typed,
}

impl Shape {
    pub(super) fn of(decide: bool, version: Option<u32>) -> Self {
        match (decide, version.unwrap_or(1)) {
            (true, ..=1) => Self::Keys,
            (true, 2) => Self::Enabled,
            (true, 3) | (false, ..=1) => Self::Values,
            (true, _) | (false, 2) => Self::Records,
            (false, _) => Self::Typed,
        }
    }
}

/// The flag's value as SDKs give it to their callers, whether they evaluate themselves or ask: a variant, or a boolean.
#[derive(Serialize)]
#[serde(untagged)]
enum FlagValue<'a> {
    Variant(&'a str),
    Enabled(bool),
}

fn value(served: &Served) -> FlagValue<'_> {
    match &served.variant {
        Some(variant) if served.enabled => FlagValue::Variant(variant),
        _ => FlagValue::Enabled(served.enabled),
    }
}

#[derive(Serialize)]
struct Record<'a> {
    key: &'a str,
    #[serde(flatten)]
    outcome: Outcome<'a>,
    reason: Reason,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Variant { enabled: bool, variant: Option<&'a str> },
    Typed { value: FlagValue<'a> },
}

#[derive(Serialize)]
struct Reason {
    code: ReasonCode,
    condition_index: Option<usize>,
    description: Cow<'static, str>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    id: u32,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_version: Option<u32>,
    description: &'a str,
    payload: Option<&'a str>,
    has_experiment: bool,
}

fn record<'a>(flag: &'a Flag, served: &'a Served, typed: bool) -> Record<'a> {
    let experiment = |rule: &epoch_model::serving::Rule| matches!(rule.serve, Serve::Experiment { .. });
    Record {
        key: &flag.key,
        outcome: if typed {
            Outcome::Typed { value: value(served) }
        } else {
            Outcome::Variant { enabled: served.enabled, variant: served.variant.as_deref() }
        },
        reason: Reason {
            code: served.reason,
            condition_index: served.condition_index,
            description: description(served),
        },
        metadata: Metadata {
            id: flag.id,
            version: flag.version,
            config_version: typed.then_some(1),
            description: &flag.title,
            payload: served.payload.as_deref(),
            has_experiment: flag.serving.rules.iter().any(experiment),
        },
    }
}

fn description(served: &Served) -> Cow<'static, str> {
    Cow::Borrowed(match served.reason {
        ReasonCode::ConditionMatch => {
            return match served.condition_index {
                Some(index) => Cow::Owned(format!("Matched condition set {}", index + 1)),
                None => Cow::Borrowed("Matched"),
            };
        }
        ReasonCode::NoConditionMatch => "No matching condition set",
        ReasonCode::OutOfRolloutBound => "Out of rollout bound",
        ReasonCode::HoldoutConditionValue => "Matched holdout condition",
        ReasonCode::SuperConditionValue => "Super condition value",
        ReasonCode::FlagDisabled => "Feature flag is disabled",
        ReasonCode::MissingDependency => "Flag dependency does not hold",
        ReasonCode::NoGroupType => "No group type",
    })
}

/// A map written from pairs, without being one.
struct Pairs<I>(I);

impl<K: Serialize, V: Serialize, I: Iterator<Item = (K, V)> + Clone> Serialize for Pairs<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.clone() {
            map.serialize_entry(&key, &value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, F: Serialize, P: Serialize> {
    errors_while_computing_flags: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<&'a F>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_flags: Option<&'a F>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_flag_payloads: Option<P>,
    request_id: Uuid,
    evaluated_at: Millis,
    #[serde(flatten)]
    config: Option<Map<String, Value>>,
}

/// The whole answer.
pub(super) fn write(
    shape: Shape,
    served: &[Answered<'_>],
    evaluated_at: Millis,
    config: Option<Map<String, Value>>,
) -> epoch_model::Result<Vec<u8>> {
    let all = served.iter();
    let enabled = all.clone().filter(|(_, served)| served.enabled);
    let payloads = all.clone().filter_map(|(flag, served)| Some((&flag.key, served.payload.as_ref()?)));
    let (records, typed) = (matches!(shape, Shape::Records | Shape::Typed), shape == Shape::Typed);
    let body = Body { records, evaluated_at, config, payloads: (shape == Shape::Values).then_some(Pairs(payloads)) };
    match shape {
        Shape::Keys => body.with(&enabled.map(|(flag, _)| &flag.key).collect::<Vec<_>>()),
        Shape::Enabled => body.with(&Pairs(enabled.map(|(flag, served)| (&flag.key, value(served))))),
        Shape::Values => body.with(&Pairs(all.map(|(flag, served)| (&flag.key, value(served))))),
        Shape::Records | Shape::Typed => {
            body.with(&Pairs(all.map(|(flag, served)| (&flag.key, record(flag, served, typed)))))
        }
    }
    .map_err(|error| Error::new(Code::Internal, error.to_string(), "send it again"))
}

struct Body<P> {
    records: bool,
    evaluated_at: Millis,
    config: Option<Map<String, Value>>,
    payloads: Option<P>,
}

impl<P: Serialize> Body<P> {
    fn with(self, flags: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Envelope {
            errors_while_computing_flags: false,
            flags: self.records.then_some(flags),
            feature_flags: (!self.records).then_some(flags),
            feature_flag_payloads: self.payloads,
            request_id: Uuid::new_v4(),
            evaluated_at: self.evaluated_at,
            config: self.config,
        })
    }
}
