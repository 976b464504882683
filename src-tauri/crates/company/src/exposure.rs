//! Who saw a lever's value: `$feature_flag_called`, as SDKs report it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use epoch_model::time::Millis;
use epoch_sandbox::Attributes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The event's name.
pub const CALLED: &str = "$feature_flag_called";
/// The variant of those whom no rule took, as OFREP names it. Not their value: an arm may have the same one, and who is
/// outside of an experiment is not in its arm.
pub const NO_VARIANT: &str = "default";
/// Assignments remembered as reported; those forgotten are reported again, under the same id.
const REPORTED_MAX: usize = 500_000;

/// A lever's value that took effect for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The same whenever this is reported again; no UUID, so the log makes one of it.
    pub id: String,
    /// When the value took effect.
    pub at: Millis,
    pub unit: String,
    /// A JSON object.
    pub props: String,
}

impl Exposure {
    /// `unit` saw a lever's version as this variant (an arm's or a rule's key, else [`NO_VARIANT`]); where chance decided, its
    /// value had this probability.
    pub fn new(lever: &str, version: u32, unit: &str, at: Millis, variant: &str, propensity: Option<f64>) -> Self {
        let mut props = json!({
            "$feature_flag": lever,
            "$feature_flag_response": variant,
            "$lever_version": version,
        });
        if let Some(propensity) = propensity {
            props["$propensity"] = json!(propensity);
        }
        Self { id: format!("{lever}/{version}/{unit}"), at, unit: unit.to_owned(), props: props.to_string() }
    }
}

/// Which assignments were reported.
#[derive(Debug, Default)]
pub struct Reported(HashSet<u64>);

impl Reported {
    /// Whether this is the first time.
    pub fn first(&mut self, lever: &str, version: u32, unit: &str) -> bool {
        if self.0.len() >= REPORTED_MAX {
            self.0.clear();
        }
        let mut hash = DefaultHasher::new();
        (lever, version, unit).hash(&mut hash);
        self.0.insert(hash.finish())
    }
}

/// Attributes of a subject as a product sends them; empty ones are not known.
pub fn attributes(of: &Attributes<'_>) -> Map<String, Value> {
    let known = [("country", of.country), ("device", of.device), ("plan", of.plan), ("channel", of.channel)];
    known.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), json!(v))).collect()
}
