//! A flag's definition as PostHog's SDKs read it for local evaluation (`GET /flags/definitions`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    pub id: u32,
    pub key: String,
    #[serde(default)]
    pub name: String,
    pub active: bool,
    #[serde(default)]
    pub version: u32,
    /// Always false: nothing is remembered of a unit but its id.
    #[serde(default)]
    pub ensure_experience_continuity: bool,
    pub filters: Filters,
}

/// Who gets what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    /// The first that matches decides.
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivariate: Option<Multivariate>,
    /// JSON texts by variant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payloads: BTreeMap<String, String>,
    /// The group type whose key is the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation_group_type_index: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Holdout>,
}

/// A condition set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// All must match.
    #[serde(default)]
    pub properties: Vec<Property>,
    /// Absent for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_percentage: Option<f64>,
    /// The variant served whatever the hash says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// A condition on a property, or on another flag (`type` is `flag`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Property {
    pub key: String,
    #[serde(default)]
    pub value: Value,
    #[serde(default = "exact")]
    pub operator: String,
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_type_index: Option<u32>,
    /// The flags to evaluate before, the one asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_chain: Option<Vec<String>>,
}

fn exact() -> String {
    "exact".to_owned()
}

/// The variants of a flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Multivariate {
    pub variants: Vec<Variant>,
}

/// A variant and its share of those a condition takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub key: String,
    pub rollout_percentage: f64,
}

/// Units served `holdout-<id>` before any condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    pub id: u32,
    pub exclusion_percentage: f64,
}
