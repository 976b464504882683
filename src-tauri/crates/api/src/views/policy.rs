//! The policy in force, and what another one would mean.

use epoch_engine::Counterfactual;
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::State;
use epoch_policy::{Finding, Loosened, Problem, Sentence};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyView {
    /// In Cedar; made from the table of `business.toml` where there is no `policy.cedar`.
    pub text: String,
    /// Whether it is from `policy.cedar`.
    pub from_file: bool,
    /// The table of `business.toml` as Cedar: what holds once `policy.cedar` is taken away.
    pub table: String,
    /// Every rule in plain words, in the order of the text.
    pub rules: Vec<Sentence>,
    /// Rules without effect.
    pub findings: Vec<Finding>,
    /// `policy.cedar` as it lies on disk, where it was refused: the policy above stays in force.
    pub refused: Option<String>,
    /// Why.
    pub problems: Vec<Problem>,
    /// What a rule may ask, in Cedar's schema language.
    pub schema: String,
    /// Hash of the text in force; a change is signed for it.
    pub hash: String,
    /// When a policy file was last put in force or taken away; absent where there never was one.
    pub since: Option<i64>,
    /// Who did: `operator:<key>`, or the file that changed on disk.
    pub by: Option<String>,
    /// What no rule can lift, in sentences.
    pub limits: Vec<String>,
}

/// A policy's text; empty for the table of `business.toml`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PolicyArgs {
    pub text: String,
}

/// What a policy would mean, before it is saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyCheckView {
    /// What keeps it from being saved; the rest is empty then.
    pub problems: Vec<Problem>,
    pub rules: Vec<Sentence>,
    pub findings: Vec<Finding>,
    /// What it lets through that the policy in force does not.
    pub loosens: Vec<Loosened>,
    /// Whether every combination of facts was tried for that.
    pub loosens_proven: bool,
    /// Held against the newest decisions.
    pub preview: PolicyPreview,
}

/// A policy held against what happened: which decisions would have gone another way, and what that came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct CounterfactualView {
    /// What keeps the text from being a policy; the rest is empty then.
    pub problems: Vec<Problem>,
    /// From the newest 2,000 decisions.
    pub counterfactual: Counterfactual,
}

/// What another policy would have answered to the newest decisions, all else as it was. The answers compared are the one of the
/// policy in force and the other's, both with the limits that no rule can lift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyPreview {
    pub looked_at: u32,
    pub same: u32,
    /// How many would have run that do not under the policy in force; been asked; been denied.
    pub would_run: u32,
    pub would_ask: u32,
    pub would_deny: u32,
    /// Newest first.
    pub changed: Vec<PolicyChange>,
}

/// A decision that another policy would have answered differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyChange {
    pub decision: String,
    pub headline: String,
    pub at: i64,
    pub state: State,
    /// The answer on its card, by the policy of that day.
    pub had: PolicyAnswer,
    /// By the policy in force.
    pub was: PolicyAnswer,
    /// By the other.
    pub would_be: PolicyAnswer,
    /// The rule that would have decided, and why.
    pub rule: String,
    pub reason: String,
}
