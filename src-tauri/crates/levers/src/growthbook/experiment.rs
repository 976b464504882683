//! Experiments, as GrowthBook's SDKs run them.

use serde_json::{Map, Value, json};

use super::evaluate::{Context, Features, filtered_out, identity_of, range};
use super::hash::{Range, bucket_ranges, choose, hash, in_namespace};

/// What a rule carries over into its experiment.
const FIELDS: [&str; 13] = [
    "coverage",
    "weights",
    "hashAttribute",
    "namespace",
    "meta",
    "ranges",
    "name",
    "phase",
    "seed",
    "hashVersion",
    "filters",
    "condition",
    "fallbackAttribute",
];

/// An experiment of a rule.
#[derive(Debug)]
pub struct Experiment<'a> {
    pub key: &'a str,
    pub variations: &'a [Value],
    /// The rule itself, where everything else stands.
    rule: &'a Value,
}

/// Where somebody landed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The variation; the first one for those who are not in the experiment.
    pub index: usize,
    pub in_experiment: bool,
    /// Chance decided, not a variation that was forced.
    pub hash_used: bool,
    /// The next rule decides; this one only counts.
    pub passthrough: bool,
    bucket: Option<f64>,
}

impl<'a> Experiment<'a> {
    /// The experiment of a rule that has one.
    pub fn of(rule: &'a Value, feature: &'a str) -> Option<Self> {
        let variations = rule.get("variations")?.as_array()?;
        let key = rule.get("key").and_then(Value::as_str).filter(|key| !key.is_empty()).unwrap_or(feature);
        Some(Self { key, variations, rule })
    }

    /// As tracking callbacks see it.
    pub fn json(&self) -> Value {
        let mut json = Map::new();
        json.insert("key".into(), self.key.into());
        json.insert("variations".into(), self.variations.into());
        for field in FIELDS {
            if let Some(value) = self.rule.get(field).filter(|value| !value.is_null()) {
                json.insert(field.into(), value.clone());
            }
        }
        Value::Object(json)
    }

    /// The result, as tracking callbacks see it.
    pub fn result(&self, outcome: &Outcome, feature: &str, attributes: &Value) -> Value {
        let attribute = self.rule.get("hashAttribute").and_then(Value::as_str).unwrap_or("id");
        let meta = self.rule.get("meta").and_then(|meta| meta.get(outcome.index));
        let named = |name: &str| meta.and_then(|meta| meta.get(name)).filter(|value| !value.is_null());
        let key = named("key").and_then(Value::as_str).filter(|key| !key.is_empty());
        let mut result = json!({
            "key": key.map_or_else(|| outcome.index.to_string(), str::to_owned),
            "featureId": feature,
            "inExperiment": outcome.in_experiment,
            "hashUsed": outcome.hash_used,
            "variationId": outcome.index,
            "value": self.variations.get(outcome.index).cloned().unwrap_or_default(),
            "hashAttribute": attribute,
            "hashValue": attributes.get(attribute).cloned().unwrap_or_else(|| "".into()),
            "stickyBucketUsed": false,
        });
        for name in ["name", "passthrough"] {
            if let Some(value) = named(name) {
                result[name] = value.clone();
            }
        }
        if let Some(bucket) = outcome.bucket {
            result["bucket"] = bucket.into();
        }
        result
    }

    fn outcome(&self, index: Option<usize>, bucket: Option<f64>) -> Outcome {
        let index = index.filter(|index| *index < self.variations.len());
        let meta = |index: usize| self.rule.get("meta")?.get(index)?.get("passthrough")?.as_bool();
        Outcome {
            in_experiment: index.is_some(),
            hash_used: bucket.is_some(),
            passthrough: index.and_then(meta).unwrap_or(false),
            index: index.unwrap_or(0),
            bucket,
        }
    }
}

/// Where this unit lands.
pub fn run(features: &Features, experiment: &Experiment<'_>, context: &Context) -> Outcome {
    let out = || experiment.outcome(None, None);
    if experiment.variations.len() < 2 {
        return out();
    }
    if let Some(index) = in_query(experiment.key, &context.url, experiment.variations.len()) {
        return experiment.outcome(Some(index), None);
    }
    if let Some(index) = context.forced_variations.get(experiment.key) {
        return experiment.outcome(usize::try_from(*index).ok(), None);
    }
    let rule = experiment.rule;
    let Some(value) = identity_of(&context.attributes, rule.get("hashAttribute")) else { return out() };
    if rule.get("filters").is_some() {
        if filtered_out(rule, &context.attributes) {
            return out();
        }
    } else if let Some(namespace) = rule.get("namespace")
        && !namespaced(&value, namespace)
    {
        return out();
    }
    if !features.passes(&context.attributes, rule.get("condition")) {
        return out();
    }
    let seed = rule.get("seed").and_then(Value::as_str).filter(|seed| !seed.is_empty()).unwrap_or(experiment.key);
    let version = rule.get("hashVersion").and_then(Value::as_u64).unwrap_or(1);
    let Some(point) = hash(seed, &value, version) else { return out() };
    match choose(point, &ranges(experiment)) {
        Some(index) => experiment.outcome(Some(index), Some(point)),
        None => out(),
    }
}

fn ranges(experiment: &Experiment<'_>) -> Vec<Range> {
    if let Some(ranges) = experiment.rule.get("ranges").and_then(Value::as_array) {
        return ranges.iter().map(|r| range(r).unwrap_or([0.0, 0.0])).collect();
    }
    let coverage = experiment.rule.get("coverage").and_then(Value::as_f64).unwrap_or(1.0);
    let weights = experiment.rule.get("weights").and_then(Value::as_array);
    let weights = weights.map(|list| list.iter().map(|w| w.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>());
    bucket_ranges(experiment.variations.len(), coverage, weights.as_deref())
}

fn namespaced(value: &str, namespace: &Value) -> bool {
    let range = namespace.get(1).and_then(Value::as_f64).zip(namespace.get(2).and_then(Value::as_f64));
    let name = namespace.get(0).and_then(Value::as_str);
    name.zip(range).is_some_and(|(name, (from, to))| in_namespace(value, name, [from, to]))
}

/// `?experiment=1` in the page's address.
pub fn in_query(key: &str, url: &str, count: usize) -> Option<usize> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key)?;
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse::<usize>().ok().filter(|index| *index < count)
}
