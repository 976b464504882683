//! Features evaluated as GrowthBook's SDKs do it, from the payload they get.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::condition::{self, Scope};
use super::experiment::{self, Experiment, Outcome};
use super::hash::{Range, hash, in_range};
use super::number::identity;
use super::patterns::Patterns;

/// The part of a payload that is evaluated.
#[derive(Debug, Default)]
pub struct Features {
    by_key: Map<String, Value>,
    groups: Map<String, Value>,
    patterns: Patterns,
}

/// Who is asked for, and what was forced on them for a test.
#[derive(Debug, Default)]
pub struct Context {
    /// An object.
    pub attributes: Value,
    /// The address of the page; `?experiment=1` forces a variation.
    pub url: String,
    /// Variation by experiment.
    pub forced_variations: HashMap<String, i64>,
    /// Value by feature.
    pub forced_features: HashMap<String, Value>,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    UnknownFeature,
    DefaultValue,
    Force,
    Experiment,
    Override,
    Prerequisite,
    CyclicPrerequisite,
}

impl Source {
    /// Its name in GrowthBook's results.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownFeature => "unknownFeature",
            Self::DefaultValue => "defaultValue",
            Self::Force => "force",
            Self::Experiment => "experiment",
            Self::Override => "override",
            Self::Prerequisite => "prerequisite",
            Self::CyclicPrerequisite => "cyclicPrerequisite",
        }
    }
}

/// What a feature is for somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    pub value: Value,
    pub source: Source,
    /// The `id` of the rule that decided; empty when none did.
    pub rule: String,
    /// The experiment that decided and its result, as SDKs hand them to a tracking callback.
    pub experiment: Option<(Value, Value)>,
}

impl Evaluated {
    fn plain(value: Value, source: Source) -> Self {
        Self { value, source, rule: String::new(), experiment: None }
    }
}

/// Experiments somebody was found in on the way, prerequisites included.
pub type Tracks = Vec<(Value, Value)>;

impl Features {
    /// From `{"features": {…}, "savedGroups": {…}}`.
    pub fn new(payload: &Value) -> Self {
        let part = |name: &str| payload.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        Self { by_key: part("features"), groups: part("savedGroups"), patterns: Patterns::of(payload) }
    }

    /// The keys of all features.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }

    /// One feature for somebody.
    pub fn evaluate(&self, key: &str, context: &Context) -> Evaluated {
        self.tracked(key, context, &mut Tracks::new())
    }

    /// The same, and which experiments were met.
    pub fn tracked(&self, key: &str, context: &Context, tracks: &mut Tracks) -> Evaluated {
        self.feature(key, context, &mut Vec::new(), tracks)
    }

    fn scope(&self) -> Scope<'_> {
        Scope { groups: &self.groups, patterns: &self.patterns }
    }

    pub(super) fn passes(&self, attributes: &Value, condition: Option<&Value>) -> bool {
        condition.is_none_or(|condition| condition::passes(attributes, condition, self.scope()))
    }

    fn feature<'a>(
        &'a self,
        key: &'a str,
        context: &Context,
        stack: &mut Vec<&'a str>,
        tracks: &mut Tracks,
    ) -> Evaluated {
        if stack.contains(&key) {
            return Evaluated::plain(Value::Null, Source::CyclicPrerequisite);
        }
        if let Some(value) = context.forced_features.get(key) {
            return Evaluated::plain(value.clone(), Source::Override);
        }
        let Some(feature) = self.by_key.get(key) else {
            return Evaluated::plain(Value::Null, Source::UnknownFeature);
        };
        stack.push(key);
        let found = self.rules(key, feature, context, stack, tracks);
        stack.pop();
        found.unwrap_or_else(|| {
            let value = feature.get("defaultValue").cloned().unwrap_or_default();
            Evaluated::plain(value, Source::DefaultValue)
        })
    }

    fn rules<'a>(
        &'a self,
        key: &str,
        feature: &'a Value,
        context: &Context,
        stack: &mut Vec<&'a str>,
        tracks: &mut Tracks,
    ) -> Option<Evaluated> {
        for rule in feature.get("rules").and_then(Value::as_array).into_iter().flatten() {
            match self.parents(rule, context, stack, tracks) {
                Parents::Pass => {}
                Parents::Skip => continue,
                Parents::Stop(source) => return Some(Evaluated::plain(Value::Null, source)),
            }
            if filtered_out(rule, &context.attributes) {
                continue;
            }
            let id = rule.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(force) = rule.get("force") {
                if self.passes(&context.attributes, rule.get("condition")) && in_rollout(rule, key, &context.attributes)
                {
                    return Some(Evaluated { rule: id, ..Evaluated::plain(force.clone(), Source::Force) });
                }
                continue;
            }
            let Some(experiment) = Experiment::of(rule, key) else { continue };
            let outcome = experiment::run(self, &experiment, context);
            let Outcome { index, in_experiment, hash_used, passthrough, .. } = &outcome;
            let result = experiment.result(&outcome, key, &context.attributes);
            if *in_experiment && *hash_used {
                tracks.push((experiment.json(), result.clone()));
            }
            if *in_experiment && !passthrough {
                let value = experiment.variations.get(*index).cloned().unwrap_or_default();
                let experiment = Some((experiment.json(), result));
                return Some(Evaluated { value, source: Source::Experiment, rule: id, experiment });
            }
        }
        None
    }

    fn parents<'a>(
        &'a self,
        rule: &'a Value,
        context: &Context,
        stack: &mut Vec<&'a str>,
        tracks: &mut Tracks,
    ) -> Parents {
        for parent in rule.get("parentConditions").and_then(Value::as_array).into_iter().flatten() {
            let Some(id) = parent.get("id").and_then(Value::as_str) else { continue };
            let found = self.feature(id, context, stack, tracks);
            if found.source == Source::CyclicPrerequisite {
                return Parents::Stop(Source::CyclicPrerequisite);
            }
            if !self.passes(&json!({"value": found.value}), parent.get("condition")) {
                let gate = parent.get("gate").and_then(Value::as_bool).unwrap_or(false);
                return if gate { Parents::Stop(Source::Prerequisite) } else { Parents::Skip };
            }
        }
        Parents::Pass
    }
}

enum Parents {
    Pass,
    /// The rule does not fit.
    Skip,
    /// The whole feature is blocked.
    Stop(Source),
}

/// The person's identity, which everything random that is not about groups hangs on.
pub fn unit(attributes: &Value) -> Option<String> {
    identity_of(attributes, None)
}

/// The unit's identity under the attribute a rule names (`id` unless it does).
pub(super) fn identity_of(attributes: &Value, attribute: Option<&Value>) -> Option<String> {
    identity(attributes.get(attribute.and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or("id")))
}

pub(super) fn range(value: &Value) -> Option<Range> {
    Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?])
}

/// Whether a filter (a slice of a layer) leaves the unit out.
pub(super) fn filtered_out(rule: &Value, attributes: &Value) -> bool {
    rule.get("filters").and_then(Value::as_array).into_iter().flatten().any(|filter| {
        let Some(value) = identity_of(attributes, filter.get("attribute")) else { return true };
        let seed = filter.get("seed").and_then(Value::as_str).unwrap_or_default();
        let version = filter.get("hashVersion").and_then(Value::as_u64).unwrap_or(2);
        let Some(point) = hash(seed, &value, version) else { return true };
        let ranges = filter.get("ranges").and_then(Value::as_array).into_iter().flatten();
        !ranges.filter_map(range).any(|range| in_range(point, range))
    })
}

fn in_rollout(rule: &Value, key: &str, attributes: &Value) -> bool {
    let within = rule.get("range").and_then(range);
    let coverage = rule.get("coverage").and_then(Value::as_f64);
    if within.is_none() && coverage.is_none() {
        return true;
    }
    let Some(value) = identity_of(attributes, rule.get("hashAttribute")) else { return false };
    let seed = rule.get("seed").and_then(Value::as_str).filter(|seed| !seed.is_empty()).unwrap_or(key);
    let version = rule.get("hashVersion").and_then(Value::as_u64).unwrap_or(1);
    let Some(point) = hash(seed, &value, version) else { return false };
    match within {
        Some(range) => in_range(point, range),
        None => coverage.is_some_and(|coverage| point < coverage),
    }
}
