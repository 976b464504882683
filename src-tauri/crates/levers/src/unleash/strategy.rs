//! The parts of a toggle: strategies and variants.

use epoch_model::business::LeverValue;
use epoch_model::serving::Flag;
use serde_json::{Value, json};

use crate::growthbook::literal;
use crate::plan::Gate;

/// Rollouts and variants that stick to the lever's unit.
#[derive(Debug)]
pub struct Sticky {
    to: String,
}

impl Sticky {
    /// Persons by Unleash's own default (user, else session), groups by the field of their type.
    pub fn of(flag: &Flag) -> Self {
        Self { to: flag.serving.group.clone().unwrap_or_else(|| "default".into()) }
    }

    /// Lets `percent` of those in who meet the constraints.
    pub fn strategy(&self, constraints: &[Value], percent: u32, group: &str, variants: Vec<Value>) -> Value {
        json!({
            "name": "flexibleRollout",
            "constraints": constraints,
            "parameters": {"rollout": percent.to_string(), "stickiness": self.to, "groupId": group},
            "variants": variants,
        })
    }

    /// A variant with a weight in buckets.
    pub fn variant(&self, name: &str, weight: u32, value: &LeverValue) -> Value {
        let (kind, text) = match value {
            LeverValue::Bool(b) => ("string", b.to_string()),
            LeverValue::Number(n) => ("number", literal::number(*n).to_string()),
            LeverValue::Text(text) => ("string", text.clone()),
        };
        json!({
            "name": name,
            "weight": weight,
            "weightType": "variable",
            "stickiness": self.to,
            "payload": {"type": kind, "value": text},
            "overrides": [],
        })
    }
}

/// Lets everybody in, those without anything that sticks, too.
pub fn everybody(group: &str, variants: Vec<Value>) -> Value {
    Sticky { to: "random".into() }.strategy(&[], 100, group, variants)
}

/// A share in whole percent, which is all that Unleash knows.
pub fn percent(gate: Gate) -> Result<u32, String> {
    if gate.from == 0 && gate.to.is_multiple_of(100) {
        Ok(gate.to / 100)
    } else {
        Err("shares are whole percents there".into())
    }
}
