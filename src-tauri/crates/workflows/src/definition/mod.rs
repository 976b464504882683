//! What a procedure is: its inputs, needs, nodes, triggers and ceilings. A version of it never changes once published.
//!
//! Knows the shape only: how a text becomes one is in [`crate::parse`], whether it may be published in [`crate::publish`].

mod step;

use std::collections::BTreeMap;

use epoch_model::business::{Better, Reversibility};
use epoch_model::journal::content_hash;
use epoch_model::time::{DAY, Millis};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use step::{Arm, Call, Case, Choice, Gather, Outcome, Question, Step};

use crate::scalar::Scalar;
use crate::trigger::Trigger;

/// The most nodes of one definition; it bounds every walk over the graph.
pub const NODES_MAX: usize = 200;

/// A published procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowDefinition")]
pub struct Definition {
    /// One word; runs and other workflows refer to it.
    pub key: String,
    /// From 1. Runs pin theirs.
    pub version: u32,
    pub title: String,
    /// What it is for, in a sentence or two.
    pub purpose: String,
    /// What it is given when it starts.
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    /// Roles the business's own effects, levers, metrics and workflows must fill; a node names one as `@role`.
    #[serde(default)]
    pub needs: BTreeMap<String, Need>,
    /// In the order of the file.
    pub nodes: Vec<Node>,
    /// Key of the first node.
    pub start: String,
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    #[serde(default)]
    pub ceilings: Ceilings,
}

impl Definition {
    /// The node with this key.
    pub fn node(&self, key: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.key == key)
    }

    /// BLAKE3 of the canonical JSON in hex. The version is left out: the same procedure has the same hash.
    pub fn hash(&self) -> String {
        let mut value = self.to_json();
        if let Some(map) = value.as_object_mut() {
            map.remove("version");
        }
        content_hash(&value)
    }

    /// Canonical JSON: equal definitions give the same bytes.
    pub fn canonical(&self) -> String {
        epoch_model::journal::canonical(&self.to_json())
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The roles no key of the business was given to yet.
    pub fn unbound(&self) -> Vec<&str> {
        self.needs.iter().filter(|(_, need)| need.bound.is_none()).map(|(role, _)| role.as_str()).collect()
    }
}

/// What kind of value an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowInputKind")]
pub enum InputKind {
    Text,
    Number,
    Boolean,
}

/// A value a run is given at its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowInput")]
pub struct Input {
    pub kind: InputKind,
    /// What it is, for whoever starts a run.
    #[serde(default)]
    pub about: String,
    /// Taken when none is given; without one the input is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub default: Option<Scalar>,
}

/// What may fill a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowNeedKind")]
pub enum NeedKind {
    Effect,
    Lever,
    Metric,
    Workflow,
}

/// A role and what fits it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowNeed")]
pub struct Need {
    pub kind: NeedKind,
    /// What it is used for, for whoever fills it.
    pub about: String,
    /// Keys that fit best.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Keys with a part (split at `_` and `-`) that starts with one of these fit, too.
    #[serde(default)]
    pub words: Vec<String>,
    /// Kinds of it that fit (`file`, `mail`, … of an effect; `boolean`, `number`, `variant`, `text` of a lever); empty for all.
    #[serde(default)]
    pub of: Vec<String>,
    /// The hardest to undo that still fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub at_most: Option<Reversibility>,
    /// Which way a metric should move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub better: Option<Better>,
    /// The business's key that fills it, once bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub bound: Option<String>,
}

/// A step with its edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowNode")]
pub struct Node {
    pub key: String,
    pub title: String,
    #[serde(flatten)]
    pub step: Step,
    /// Where it goes on; several go on side by side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// Where it goes on when it fails; without one the run fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub on_error: Option<String>,
    /// Variables it sets: name and where the value lies in the result (`order.amount`; empty for the result itself).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub into: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub retry: Option<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub timeout: Option<Timeout>,
    /// What undoes it, should the run fail or be cancelled later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub undo: Option<Call>,
}

/// How often and after which pauses a failed call is tried again.
///
/// Before attempt `n + 1` it pauses a time drawn evenly from nothing to `min(most, first · factor^(n-1))` (full jitter), the
/// draw being a hash of run, node, visit and attempt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowRetry")]
pub struct Retry {
    /// In all, the first included.
    pub attempts: u32,
    pub first_ms: Millis,
    pub factor: f64,
    pub most_ms: Millis,
}

/// How long a step may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowTimeout")]
pub struct Timeout {
    pub after_ms: Millis,
    /// Where it goes on then; without it the step has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// What no run, and no day of runs, may exceed. A run that reaches one is quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowCeilings")]
#[serde(default)]
pub struct Ceilings {
    /// Nodes entered.
    pub steps: u32,
    /// Calls of effects and levers, those that undo excepted.
    pub effects: u32,
    /// Money spent by its calls, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub money_minor: Option<i64>,
    /// How long it may live.
    pub lives_ms: Millis,
    /// How often a node may be entered with the same arguments without anything from outside in between.
    pub repeats: u32,
    /// Runs started on one local day.
    pub runs_per_day: u32,
    /// Calls of effects and levers of all its runs on one local day.
    pub effects_per_day: u32,
    /// Money spent by all its runs on one local day, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub money_per_day_minor: Option<i64>,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self {
            steps: 1_000,
            effects: 50,
            money_minor: None,
            lives_ms: 90 * DAY,
            repeats: 3,
            runs_per_day: 24,
            effects_per_day: 100,
            money_per_day_minor: None,
        }
    }
}
