//! What others put forward: a step of a workflow, an outside client, an agent. It becomes a decision like any other.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::business::{Domain, Reversibility};
use crate::decision::{Act, Alternative, Evidence, GrantTerms, Origin, SignedVerdict};
use crate::time::Millis;

/// What a proposer expects its act to do to a metric, against doing nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub metric: String,
    /// Relative change of the metric over the horizon (0.02 for 2 % more): p10, p50, p90.
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    /// Over which time, ms.
    pub horizon: Millis,
}

/// A proposal. The engine adds what only it knows: dry run, forecast of doing nothing, level, policy, budgets, precedents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The proposer's own key: proposing again under it is the same proposal.
    pub key: String,
    /// `workflow:<key>`, `client:<id>`, `agent:<key>`, `operator:<key id>`.
    pub proposer: String,
    pub headline: String,
    pub act: Act,
    pub domain: Domain,
    /// What it is expected to do; a step of a procedure expects nothing of a metric.
    pub expected: Option<Expected>,
    pub evidence: Vec<Evidence>,
    pub counter_evidence: Vec<Evidence>,
    pub alternatives: Vec<Alternative>,
    /// How long the founder has to answer, ms.
    pub expires_in: Millis,
    /// Undoing what an earlier step did; it does not wait for policy to allow it.
    pub compensation: bool,
    pub origin: Option<Origin>,
    /// Harder to undo than what it acts on says; never easier.
    pub reversibility: Option<Reversibility>,
    /// Which version of itself the proposer is (a workflow's number, a client's own word); another one earns autonomy anew.
    #[serde(default)]
    pub version: String,
}

/// A standing grant, with the signature that gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Grant {
    /// `grant_000001`.
    pub id: String,
    pub terms: GrantTerms,
    /// The signed verdict that gave it.
    pub signed: SignedVerdict,
    pub given_at: Millis,
    pub used: u32,
    pub revoked: Option<Millis>,
}

/// Whose effects a stop holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// One proposer (`playbook:x`, `workflow:y`, `client:z`); `*` at the end fits the rest.
    Proposer { proposer: String },
    /// One kind of act: `set_lever`, `start_experiment`, `mail`, `shell`, `start_workflow`, …
    Kind { kind: String },
    /// One declared effect or lever.
    Target { target: String },
}
