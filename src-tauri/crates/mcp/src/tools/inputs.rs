//! What tools are given, with its schema. Unknown fields are mistakes, so that a misspelt bound is not an absent one.

use epoch_model::business::{LeverValue, Reversibility};
use epoch_model::decision::State;
use epoch_model::time::Grain;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Key of the KPI.
    pub(crate) metric: String,
    /// First instant: `2026-01-31` or RFC 3339. With `to` absent as well: the newest 28 days of data.
    pub(crate) from: Option<String>,
    /// First instant after the range.
    pub(crate) to: Option<String>,
    /// Width of the buckets; the KPI's own when absent, and never finer.
    pub(crate) grain: Option<GrainWord>,
    /// One of the KPI's segments, to split by it.
    pub(crate) segment: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrainWord {
    Hour,
    Day,
    Week,
    Month,
}

impl From<GrainWord> for Grain {
    fn from(word: GrainWord) -> Self {
        match word {
            GrainWord::Hour => Self::Hour,
            GrainWord::Day => Self::Day,
            GrainWord::Week => Self::Week,
            GrainWord::Month => Self::Month,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateWord {
    Draft,
    Pending,
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
    InDoubt,
    Observing,
    Scored,
}

impl From<StateWord> for State {
    fn from(word: StateWord) -> Self {
        match word {
            StateWord::Draft => Self::Draft,
            StateWord::Pending => Self::Pending,
            StateWord::Asked => Self::Asked,
            StateWord::Approved => Self::Approved,
            StateWord::Rejected => Self::Rejected,
            StateWord::Expired => Self::Expired,
            StateWord::Withdrawn => Self::Withdrawn,
            StateWord::Superseded => Self::Superseded,
            StateWord::Stale => Self::Stale,
            StateWord::Executing => Self::Executing,
            StateWord::Executed => Self::Executed,
            StateWord::Failed => Self::Failed,
            StateWord::InDoubt => Self::InDoubt,
            StateWord::Observing => Self::Observing,
            StateWord::Scored => Self::Scored,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Only in these states; all when absent.
    #[serde(default)]
    pub(crate) states: Vec<StateWord>,
    /// Only the caller's own.
    #[serde(default)]
    pub(crate) mine: bool,
    /// Only created before this instant, to read on.
    pub(crate) before: Option<String>,
    /// At most 100; 20 when absent.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Words that all occur in the headline, the change, the evidence or the proposer's name.
    #[schemars(length(min = 1, max = 200))]
    pub(crate) text: String,
    /// At most 100; 20 when absent.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    /// Id of the decision (`dec_000001`).
    pub(crate) decision: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Await {
    /// Id of the decision.
    pub(crate) decision: String,
    /// Waits while it is in this state; its state now when absent.
    pub(crate) leaves: Option<StateWord>,
    /// Longest wait in seconds, at most 50; 25 when absent. Ask again if nothing changed.
    #[schemars(range(min = 0, max = 50))]
    pub(crate) seconds: Option<u64>,
}

/// A value of a lever: true or false, a number, or a text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Setting {
    Bool(bool),
    Number(f64),
    Text(String),
}

impl From<Setting> for LeverValue {
    fn from(value: Setting) -> Self {
        match value {
            Setting::Bool(on) => Self::Bool(on),
            Setting::Number(number) => Self::Number(number),
            Setting::Text(text) => Self::Text(text),
        }
    }
}

/// What to do: exactly one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ActInput {
    /// Sets a declared lever to a value.
    SetLever { lever: String, to: Setting },
    /// Calls a declared effect with a payload.
    CallEffect { effect: String, payload: Map<String, Value> },
    /// Starts a run of a workflow, of its newest version.
    StartWorkflow { workflow: String, input: Map<String, Value> },
}

/// What is expected of a KPI, as a relative change against doing nothing (0.02 is 2 % more).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    pub(crate) metric: String,
    /// In one case of ten it is less.
    pub(crate) p10: f64,
    pub(crate) p50: f64,
    /// In one case of ten it is more.
    pub(crate) p90: f64,
    /// Over which time, in days.
    #[schemars(range(min = 1, max = 366))]
    pub(crate) days: f64,
}

/// Something that speaks for or against it; with rows where it rests on data of the business.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonInput {
    /// One or two sentences, at most 600 characters.
    pub(crate) text: String,
    /// The KPI it rests on, with the range.
    pub(crate) metric: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// A way not taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlternativeInput {
    pub(crate) what: String,
    pub(crate) why_not: String,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) enum Undoing {
    /// Reads or drafts.
    R0,
    /// Free to undo.
    R1,
    /// Undone at a cost.
    R2,
    /// Cannot be undone.
    R3,
}

impl From<Undoing> for Reversibility {
    fn from(word: Undoing) -> Self {
        match word {
            Undoing::R0 => Self::R0,
            Undoing::R1 => Self::R1,
            Undoing::R2 => Self::R2,
            Undoing::R3 => Self::R3,
        }
    }
}

/// What every proposal says beside its act.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Said {
    /// Your own key for it, 1 to 60 letters, digits, - _ . and :. Proposing again under it is the same proposal, so a retry
    /// does nothing twice.
    pub(crate) key: String,
    /// One sentence, at most 140 characters. It is shown as your words.
    pub(crate) headline: String,
    /// What speaks for it.
    #[serde(default)]
    pub(crate) reasons: Vec<ReasonInput>,
    /// What speaks against it. A proposal that hides it is judged by its record.
    #[serde(default)]
    pub(crate) against: Vec<ReasonInput>,
    #[serde(default)]
    pub(crate) alternatives: Vec<AlternativeInput>,
    /// How long the founder has to answer, in hours; 72 when absent, 1 to 720.
    #[schemars(range(min = 1, max = 720))]
    pub(crate) expires_in_hours: Option<f64>,
    /// Which version of yourself you are; another one earns autonomy anew.
    pub(crate) version: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Propose {
    #[serde(flatten)]
    pub(crate) said: Said,
    pub(crate) act: ActInput,
    /// What you expect it to do. It is scored against what happens.
    pub(crate) expected: Option<Expectation>,
    /// Harder to undo than what it acts on says; never easier.
    pub(crate) reversibility: Option<Undoing>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ProposeWorkflow {
    #[serde(flatten)]
    pub(crate) said: Said,
    /// Key of the workflow.
    pub(crate) workflow: String,
    /// The version it was written against; 0 for a new workflow.
    pub(crate) from_version: u32,
    /// The definition whole, as TOML.
    pub(crate) text: String,
}

/// An arm of an experiment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArmInput {
    /// Its name; `control` for the first, `test` for the others when absent.
    pub(crate) key: Option<String>,
    pub(crate) value: Setting,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// One word; made of the lever and a number when absent.
    pub(crate) key: Option<String>,
    /// At most 140 characters.
    pub(crate) title: String,
    /// What you believe and why, at most 600 characters.
    pub(crate) hypothesis: Option<String>,
    /// The lever whose values are compared.
    pub(crate) lever: String,
    /// The first is the control. With one arm only, the value in force is the control.
    #[schemars(length(min = 1, max = 20))]
    pub(crate) arms: Vec<ArmInput>,
    /// The KPI that decides.
    pub(crate) metric: String,
    /// KPIs that must not get worse; the business's guardrails when absent.
    pub(crate) guardrails: Option<Vec<String>>,
    /// Predicate over attributes: whom it is about (`plan == 'pro'`).
    pub(crate) audience: Option<String>,
    /// Share of the audience that is in it, 0 to 1.
    pub(crate) share: Option<f64>,
    /// The smallest relative effect worth knowing (0.05 is 5 %).
    pub(crate) smallest_effect: Option<f64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdraw {
    /// Id of a decision of your own that did not run yet.
    pub(crate) decision: String,
    /// Why, at most 1,000 characters.
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    /// Id of a decision of your own in the state `asked`.
    pub(crate) decision: String,
    /// The answer to the founder's question, at most 1,000 characters.
    pub(crate) text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// Id of a decision of your own that ran.
    pub(crate) decision: String,
    /// Whether it went as it should.
    pub(crate) good: bool,
    /// What happened, at most 1,000 characters.
    pub(crate) text: String,
}
