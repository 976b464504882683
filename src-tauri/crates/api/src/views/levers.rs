//! Levers: what is in force, who reads it, what each protocol serves.

use epoch_model::business::{Domain, LeverKind, LeverValue};
use epoch_model::serving::{Arm, Holdout, Prerequisite, Protocol, Reason, Slice};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Levers of the business, who reads them and where they are published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeversView {
    pub levers: Vec<LeverRowView>,
    /// Keys that products asked for and that do not exist, newest first.
    pub unknown_reads: Vec<UnknownReadView>,
    pub publish: Vec<PublishView>,
    /// Where the gateway listens; `None` when it does not.
    pub gateway: Option<String>,
}

/// A lever with its health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverRowView {
    pub key: String,
    pub title: String,
    pub kind: LeverKind,
    pub domain: Domain,
    /// What those get whom no rule takes.
    pub value: LeverValue,
    pub default: LeverValue,
    pub value_text: String,
    pub default_text: String,
    pub off: bool,
    /// Protocols that serve it.
    pub served_as: Vec<Protocol>,
    /// The group type whose key is the unit; `None`: the person.
    pub group: Option<String>,
    pub rules: Vec<RuleView>,
    /// Whether chance decides for some units.
    pub random: bool,
    /// Grows with each change.
    pub version: u32,
    pub updated_at: Option<i64>,
    /// The decision that set the value.
    pub decision: Option<String>,
    /// Distinct readers known (protocol, client and key).
    pub readers: u32,
    pub last_read_at: Option<i64>,
    /// `live`, `killed`, `unread` (nobody reads it yet), `stale`.
    pub state: String,
    /// What makes it stale and what to do, in a sentence.
    pub stale_reason: Option<String>,
    pub warnings: Vec<WarningView>,
}

/// A rule in words and numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleView {
    pub key: String,
    pub name: String,
    /// The predicate; `None` for everyone.
    pub when: Option<String>,
    /// "20 % of those with plan == 'pro' get true".
    pub text: String,
    /// Share of those who fit, 0 to 1.
    pub share: f64,
    /// The value it serves, unless it is an experiment.
    pub value: Option<LeverValue>,
    pub experiment: Option<String>,
    /// Arms of an experiment with their weights; empty otherwise.
    pub arms: Vec<Arm>,
    pub slice: Option<Slice>,
}

/// Something a founder should know about a lever, and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WarningView {
    /// `mixed_assignment`, `unservable`, `unread`, `one_value`, `not_read_lately`, `killed_long`, `dangling`.
    pub code: String,
    pub text: String,
    pub next: String,
}

/// A key that products asked for and that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnknownReadView {
    pub lever: String,
    pub protocol: Protocol,
    pub client: String,
    pub key: String,
    pub last_at: i64,
    pub requests: u64,
}

/// A place the levers are published to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PublishView {
    pub key: String,
    /// `file`, `http_put`, `git`.
    pub kind: String,
    pub place: String,
    /// `healthy`, `waiting`, `failing`, `held` (the engine is stopped), `unknown` (nothing published yet).
    pub health: String,
    pub health_text: String,
    /// The version of the levers that lies there.
    pub version: Option<u64>,
    pub published_at: Option<i64>,
    pub last_error: Option<String>,
    pub next_at: Option<i64>,
}

/// One lever with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverDetailView {
    pub lever: LeverRowView,
    pub seed: String,
    pub requires: Vec<Prerequisite>,
    pub holdout: Option<Holdout>,
    /// Newest first.
    pub history: Vec<LeverChangeView>,
    /// Last seen first.
    pub readers: Vec<LeverReaderView>,
    /// One per protocol, in their order.
    pub protocols: Vec<LeverProtocolView>,
}

/// A change of a lever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverChangeView {
    pub at: i64,
    /// `value`, `killed`, `restored`, `rules`, `declared`, `removed`.
    pub kind: String,
    /// "0 → 29", "killed".
    pub text: String,
    pub from: Option<LeverValue>,
    pub to: Option<LeverValue>,
    /// `engine`, `operator:<key id>`, `business.toml`.
    pub actor: String,
    pub decision: Option<String>,
    /// The lever's version after it, where known.
    pub version: Option<u32>,
}

/// Who reads a lever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LeverReaderView {
    pub protocol: Protocol,
    /// SDK and version as it says of itself; empty when it does not.
    pub client: String,
    /// The gateway key it came with.
    pub key: String,
    pub first_at: i64,
    pub last_at: i64,
    pub requests: u64,
    /// Asked for all levers, not for this one by name.
    pub all: bool,
}

/// What one protocol serves of a lever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverProtocolView {
    pub protocol: Protocol,
    /// Whether it serves the lever at all.
    pub served: bool,
    /// In the protocol's own terms; `None` when it does not serve it.
    #[ts(type = "Record<string, unknown> | null")]
    pub definition: Option<serde_json::Value>,
    /// What cannot be expressed: "local evaluation only: …".
    pub notes: Vec<String>,
}

/// Evaluates a lever for one unit through every protocol; nothing is logged.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct TryLeverArgs {
    pub key: String,
    pub unit: String,
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// What each protocol would serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverTrialView {
    pub key: String,
    pub unit: String,
    pub results: Vec<ProtocolTrialView>,
    /// Whether all protocols that serve it give the same value.
    pub agree: bool,
}

/// What one protocol would serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProtocolTrialView {
    pub protocol: Protocol,
    /// `None` when this protocol does not serve the lever; `problem` says why.
    pub value: Option<LeverValue>,
    pub value_text: String,
    pub variant: Option<String>,
    pub reason: Option<Reason>,
    pub rule: Option<String>,
    pub experiment: Option<String>,
    /// Where chance decided: the probability of this value.
    pub propensity: Option<f64>,
    pub problem: Option<String>,
}

/// By the lever's key.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LeverArgs {
    pub key: String,
}
