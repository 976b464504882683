//! A decision: the unit of everything the engine does to the world, with the card that puts it to the founder.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::business::{Domain, LeverValue, PolicyAnswer, Reversibility};
use crate::insight::Expectation;
use crate::serving::{Arm, Slice};
use crate::time::Millis;

/// Which engine takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Operational,
    Tactical,
    Strategic,
    Sovereign,
}

/// The five layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Executor,
    Strategist,
    Architect,
    Commander,
    Sovereign,
}

/// Where a decision stands. `draft -> pending -> {approved, rejected, expired, withdrawn, superseded, stale}`;
/// `approved -> executing -> {executed, failed}`; `executed -> observing -> scored`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Pending,
    Approved,
    Rejected,
    Expired,
    Withdrawn,
    Superseded,
    Stale,
    Executing,
    Executed,
    Failed,
    /// Sent, but a crash hid the answer and the provider cannot be asked.
    InDoubt,
    Observing,
    Scored,
}

/// What it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// Sets a declared lever.
    SetLever { lever: String, from: LeverValue, to: LeverValue },
    /// Serves the arms of an experiment to a share of those whom no rule of the lever takes. The first arm is the control.
    StartExperiment {
        experiment: String,
        lever: String,
        arms: Vec<Arm>,
        /// Share of the units that are in it, 0 to 1.
        share: f64,
        audience: Option<String>,
        slice: Option<Slice>,
    },
    /// Takes the arms of an experiment back; with `ship` everyone gets that value from then on, else everyone gets `from`.
    EndExperiment { experiment: String, lever: String, from: LeverValue, ship: Option<LeverValue> },
    /// Posts to a declared webhook.
    Webhook {
        effect: String,
        #[ts(type = "unknown")]
        payload: serde_json::Value,
    },
}

impl Act {
    /// The lever it acts on.
    pub fn lever(&self) -> Option<&str> {
        match self {
            Self::SetLever { lever, .. } | Self::StartExperiment { lever, .. } | Self::EndExperiment { lever, .. } => {
                Some(lever)
            }
            Self::Webhook { .. } => None,
        }
    }

    /// The outside effect it calls.
    pub fn effect(&self) -> Option<&str> {
        match self {
            Self::Webhook { effect, .. } => Some(effect),
            _ => None,
        }
    }

    /// The experiment it starts or ends.
    pub fn experiment(&self) -> Option<&str> {
        match self {
            Self::StartExperiment { experiment, .. } | Self::EndExperiment { experiment, .. } => Some(experiment),
            Self::SetLever { .. } | Self::Webhook { .. } => None,
        }
    }
}

/// How strong a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    Expert,
    Observational,
    Quasi,
    Experiment,
}

/// A piece of evidence, with the way to its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Evidence {
    /// One sentence.
    pub text: String,
    pub strength: Strength,
    /// When it was observed.
    pub at: Millis,
    /// The insight it comes from.
    pub insight: Option<String>,
    /// The rows behind it.
    pub rows: Option<RowsRef>,
}

/// Names the events behind a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RowsRef {
    pub metric: String,
    pub from: Millis,
    pub to: Millis,
    /// Segment and value.
    pub segment: Option<(String, String)>,
}

/// What is expected of a metric over the horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Prediction {
    pub metric: String,
    /// First instant of the horizon …
    pub from: Millis,
    /// … and first instant after it.
    pub to: Millis,
    /// The value over the horizon, in the metric's unit, with its method.
    pub value: Expectation,
    /// The same in money against doing nothing, in minor units (p10, p50, p90), where the metric has a worth.
    pub money_minor: Option<(i64, i64, i64)>,
    /// Probability that it is worse than doing nothing.
    pub p_worse: f64,
    /// How such predictions did so far: scored ones, and how many lay inside their 80 % interval.
    pub calibration: Calibration,
}

/// A record of scored predictions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Calibration {
    pub scored: u32,
    pub inside: u32,
}

/// A way not taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Alternative {
    pub what: String,
    pub why_not: String,
}

/// A field that may be edited before approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Editable {
    /// `to` for a lever's value.
    pub field: String,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub step: Option<f64>,
    pub options: Vec<String>,
}

/// Something that must hold when it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Precondition {
    /// The lever still has this value.
    LeverIs { lever: String, value: LeverValue },
    /// No later than this.
    Before { at: Millis },
}

/// An earlier decision of the same kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Precedent {
    pub decision: String,
    pub headline: String,
    pub predicted: f64,
    pub actual: f64,
}

/// Which rule said what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyVerdict {
    pub answer: PolicyAnswer,
    /// The rule's name.
    pub rule: String,
    /// Why, in a sentence with the figures.
    pub reason: String,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Transition {
    pub at: Millis,
    pub to: State,
    /// `system`, `engine`, `operator:<key id>`.
    pub actor: String,
    pub reason: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Outcome {
    pub at: Millis,
    /// The metric's value over the horizon.
    pub actual: f64,
    /// Inside the predicted p10…p90.
    pub inside: bool,
    /// Actual minus what was predicted for doing nothing (p50), in the metric's unit.
    pub against_nothing: f64,
    /// The same in minor units of money, where the metric has a worth.
    pub money_minor: Option<i64>,
    /// Pinball loss over p10, p50, p90, relative to the width of the interval (0 is perfect).
    pub loss: f64,
    /// What the figure can and cannot say.
    pub note: String,
}

/// A decision with everything its card shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Decision {
    /// `dec_000001`, counted by the engine.
    pub id: String,
    pub state: State,
    pub created_at: Millis,
    pub level: Level,
    pub layer: Layer,
    pub domain: Domain,
    pub headline: String,
    /// `playbook:<key>`.
    pub proposer: String,
    /// Hash of the configuration in force (first 12 hex digits).
    pub policy_version: String,
    pub act: Act,
    /// Hash of `act`.
    pub act_hash: String,
    /// Sent with the effect; the same for every attempt.
    pub idempotency_key: String,
    /// What would change, as text (`pro_price: 29 -> 28`).
    pub dry_run: String,
    /// The goal it serves, if one is declared.
    pub goal: Option<String>,
    pub insight: String,
    pub evidence: Vec<Evidence>,
    pub counter_evidence: Vec<Evidence>,
    /// What was searched for counter-evidence (shown when none was found).
    pub counter_search: String,
    pub prediction: Prediction,
    pub nothing: Prediction,
    pub alternatives: Vec<Alternative>,
    pub cost_minor: i64,
    /// Money at stake over the horizon, in minor units; `None` when the metric has no worth.
    pub stake_minor: Option<i64>,
    pub budget_left_minor: i64,
    pub founder_minutes: u32,
    pub reversibility: Reversibility,
    pub undo: String,
    pub blast_radius: String,
    pub worst_case: String,
    /// What each day of waiting costs in minor units, where known.
    pub delay_cost_per_day_minor: Option<i64>,
    pub expires_at: Millis,
    /// What happens at expiry, in words.
    pub on_expiry: String,
    pub preconditions: Vec<Precondition>,
    pub guardrails: Vec<String>,
    pub policy: PolicyVerdict,
    pub editable: Vec<Editable>,
    pub precedents: Vec<Precedent>,
    /// Hidden from the inbox until then.
    pub deferred_until: Option<Millis>,
    pub history: Vec<Transition>,
    pub outcome: Option<Outcome>,
    /// The card that was on screen, where it was approved with another value. The signature binds to that card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_from: Option<Box<Decision>>,
}

impl Decision {
    /// The hash of what the card shows. An approval binds to it; states, deferral, history and outcome are not part of it.
    pub fn card_hash(&self) -> String {
        let mut card = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = card.as_object_mut() {
            for key in ["state", "deferred_until", "history", "outcome", "edited_from"] {
                map.remove(key);
            }
        }
        crate::journal::content_hash(&card)
    }
}

/// What the operator answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    /// Approves with another value for the lever.
    Edit {
        to: LeverValue,
    },
    /// Reason code (`wrong`, `not_now`, `too_risky`, `too_costly`, `other`) and text.
    Veto {
        reason: String,
        text: String,
    },
    Defer {
        until: Millis,
    },
}

/// A verdict as it is signed: bound to the business, the decision and the card that was on screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Claim {
    pub business: String,
    pub decision: String,
    pub card_hash: String,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub at: Millis,
}

/// A claim with the operator's Ed25519 signature over its canonical JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SignedVerdict {
    pub claim: Claim,
    /// First 16 hex digits of the BLAKE3 of the public key.
    pub key_id: String,
    /// Base64.
    pub signature: String,
}
