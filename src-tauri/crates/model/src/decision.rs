//! A decision: the unit of everything the engine does to the world, with the card that puts it to the founder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::autonomy::{Conditions, Standing};
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

/// Where a decision stands. `draft -> pending <-> asked -> {approved, rejected, expired, withdrawn, superseded, stale}`;
/// `approved -> executing -> {executed, failed}`; `executed -> observing -> scored`. What nothing was predicted of ends executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Pending,
    /// The founder asked its proposer something and waits for the answer.
    Asked,
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
    /// Calls a declared effect. Rows of before there were kinds of effects say `webhook`.
    #[serde(alias = "webhook")]
    Call {
        effect: String,
        #[ts(type = "unknown")]
        payload: serde_json::Value,
    },
    /// Starts a run of a workflow; its steps are decisions of their own.
    StartWorkflow {
        workflow: String,
        version: u32,
        #[ts(type = "unknown")]
        input: serde_json::Value,
    },
    /// Publishes a new version of a workflow.
    EditWorkflow {
        workflow: String,
        /// The version it was written against; 0 for a new one.
        from_version: u32,
        /// The definition whole, as TOML.
        text: String,
    },
    /// Asks the founder to choose; nothing outside happens. A workflow goes on with what was chosen.
    Choose {
        question: String,
        options: Vec<String>,
        /// What approving as it stands means.
        choice: String,
    },
}

impl Act {
    /// What kind of act it is: `set_lever`, `call`, `start_workflow`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::SetLever { .. } => "set_lever",
            Self::StartExperiment { .. } => "start_experiment",
            Self::EndExperiment { .. } => "end_experiment",
            Self::Call { .. } => "call",
            Self::StartWorkflow { .. } => "start_workflow",
            Self::EditWorkflow { .. } => "edit_workflow",
            Self::Choose { .. } => "choose",
        }
    }

    /// The lever it acts on.
    pub fn lever(&self) -> Option<&str> {
        match self {
            Self::SetLever { lever, .. } | Self::StartExperiment { lever, .. } | Self::EndExperiment { lever, .. } => {
                Some(lever)
            }
            Self::Call { .. } | Self::StartWorkflow { .. } | Self::EditWorkflow { .. } | Self::Choose { .. } => None,
        }
    }

    /// The outside effect it calls.
    pub fn effect(&self) -> Option<&str> {
        match self {
            Self::Call { effect, .. } => Some(effect),
            _ => None,
        }
    }

    /// The experiment it starts or ends.
    pub fn experiment(&self) -> Option<&str> {
        match self {
            Self::StartExperiment { experiment, .. } | Self::EndExperiment { experiment, .. } => Some(experiment),
            _ => None,
        }
    }

    /// The workflow it starts or edits.
    pub fn workflow(&self) -> Option<&str> {
        match self {
            Self::StartWorkflow { workflow, .. } | Self::EditWorkflow { workflow, .. } => Some(workflow),
            _ => None,
        }
    }

    /// What it acts on, as precedents, policies and grants name it: `lever pro_price`, `effect alert`, `experiment x`,
    /// `workflow y`, `question`.
    pub fn target(&self) -> String {
        match self {
            Self::SetLever { lever, .. } => format!("lever {lever}"),
            Self::Call { effect, .. } => format!("effect {effect}"),
            Self::StartExperiment { experiment, .. } | Self::EndExperiment { experiment, .. } => {
                format!("experiment {experiment}")
            }
            Self::StartWorkflow { workflow, .. } | Self::EditWorkflow { workflow, .. } => {
                format!("workflow {workflow}")
            }
            Self::Choose { .. } => "question".to_owned(),
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
    /// The workflow's newest version is still this one.
    WorkflowIs { workflow: String, version: u32 },
}

/// Where a proposal came from when not from the engine's own loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "StepOrigin")]
pub struct Origin {
    /// The run of a workflow and the node in it.
    pub run: String,
    pub node: String,
}

/// A line of the talk between founder and proposer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Remark {
    pub at: Millis,
    /// `operator:<key id>`, or the proposer.
    pub by: String,
    pub text: String,
}

/// What remains of a budget line the act is paid from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BudgetLeft {
    /// The line's key, and its title.
    pub budget: String,
    pub title: String,
    pub amount_minor: i64,
    /// Before this decision.
    pub left_minor: i64,
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
    /// The proposer's own key of it: proposing twice under one key is proposing once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// The step of a workflow it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What its proposer may do alone in this cell, and what is missing for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The budget lines it is paid from, the tightest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetLeft>,
    /// How things stood when it was judged.
    #[serde(default, skip_serializing_if = "Conditions::none")]
    pub conditions: Conditions,
    /// Drawn by chance to be looked at although it could have run alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub audited: bool,
    /// Only predicted and scored, never shown for an answer or run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    /// What else is open or being observed on the same lever or the same KPI's path, and how that was resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// The standing grant it ran under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Approved, and may be withdrawn until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cools_until: Option<Millis>,
    /// Hidden until this changes, beside the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_for: Option<Wake>,
    /// Questions and answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub talk: Vec<Remark>,
    /// The card that was on screen, where it was approved with another value. The signature binds to that card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_from: Option<Box<Decision>>,
}

/// What changes under a card without changing what it says.
const NOT_ON_CARD: [&str; 8] =
    ["state", "deferred_until", "deferred_for", "history", "outcome", "edited_from", "grant", "cools_until"];

/// Two decisions that could not be told apart, or that pull at one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Conflict {
    /// The other decision.
    pub decision: String,
    /// What they share: `lever pro_price`, `metric mrr`.
    pub on: String,
    /// What was done about it, in one sentence.
    pub resolution: String,
}

impl Decision {
    /// Whether it says how a metric will move; a step of a procedure or a question does not.
    pub fn predicts(&self) -> bool {
        !self.prediction.metric.is_empty()
    }

    /// The hash of what the card shows. An approval binds to it; states, deferral, history and outcome are not part of it.
    pub fn card_hash(&self) -> String {
        let mut card = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = card.as_object_mut() {
            for key in NOT_ON_CARD {
                map.remove(key);
            }
        }
        crate::journal::content_hash(&card)
    }
}

/// What brings a deferred card back before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wake {
    /// A new finding on this metric.
    Insight { metric: String },
    /// This decision came to its end.
    Decision { decision: String },
}

/// What the founder allows a proposer to do without asking again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GrantTerms {
    /// Who: a proposer, exactly.
    pub proposer: String,
    /// On what: [`Act::target`], exactly.
    pub target: String,
    /// Most each use may cost and put at stake, in minor units.
    pub cap_minor: i64,
    pub uses: u32,
    pub until: Millis,
}

/// What the operator answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    /// Approves with other values for editable fields.
    Edit {
        set: BTreeMap<String, LeverValue>,
    },
    /// Reason code (`wrong`, `not_now`, `too_risky`, `too_costly`, `other`) and text.
    Veto {
        reason: String,
        text: String,
    },
    Defer {
        until: Millis,
        /// Earlier if this happens.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wake: Option<Wake>,
    },
    /// Wakes the proposer with a question; the card waits for its answer.
    Ask {
        question: String,
    },
    /// Approves, and lets the proposer do the same again within these terms.
    Delegate {
        terms: GrantTerms,
    },
}

impl Verdict {
    /// An edit of the value alone.
    pub fn edit_to(to: LeverValue) -> Self {
        Self::Edit { set: BTreeMap::from([("to".to_owned(), to)]) }
    }

    /// A deferral until a time.
    pub fn until(until: Millis) -> Self {
        Self::Defer { until, wake: None }
    }
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
