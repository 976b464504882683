//! Experiments: the list with the portfolio, one with its story, and the question as somebody asks it.

use epoch_model::business::LeverValue;
use epoch_model::decision::Decision;
use epoch_model::experiment::{
    Call, DayCount, Days, Design, Experiment, Experimenting, Exposure, Interval, Origin, Pilot, Portfolio, Purpose,
    Reading, Refusal, SliceCount, Spec, State,
};
use epoch_model::serving::Arm;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{MetricBrief, ProblemView};

/// Experiments of the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExperimentsView {
    /// Those that need somebody first, then running ones, those that wait, those that are over (newest first).
    pub experiments: Vec<Experiment>,
    /// A line of the list for each, in the same order.
    pub rows: Vec<ExperimentRow>,
    /// The metrics they name.
    pub titles: Vec<MetricBrief>,
    /// The stream as a whole: error budget, self-audit, hypotheses, strategies. `at` is 0 until the engine said something of it.
    pub portfolio: Portfolio,
    /// How the engine experiments, as `[experiments]` of `business.toml` says.
    pub settings: Experimenting,
    /// Experiments whose card waits: key and decision.
    pub open: Vec<(String, String)>,
    /// What can be asked about: levers, and metrics that can decide.
    pub levers: Vec<ExperimentLever>,
    pub metrics: Vec<MetricBrief>,
    /// The engine's clock.
    pub now: i64,
    pub currency: String,
    pub currency_digits: u32,
}

/// A lever that can be experimented with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExperimentLever {
    pub key: String,
    pub title: String,
    pub value: LeverValue,
    pub value_text: String,
    /// Values other than the one in force that an arm could have, at most 20; empty for free text.
    pub values: Vec<LeverValue>,
    /// Why nothing can be asked of it now; `None` where it can.
    pub blocked: Option<String>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExperimentRow {
    pub key: String,
    pub title: String,
    pub hypothesis: String,
    pub state: State,
    /// The state in words ("waits for you", "runs").
    pub state_text: String,
    pub origin: Origin,
    pub purpose: Purpose,
    /// `None`: somebody else sorts units, it is only read.
    pub lever: Option<String>,
    /// The first is the control.
    pub arms: Vec<Arm>,
    pub metric: String,
    pub metric_title: String,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// Looks so far, and planned.
    pub looks: u32,
    pub looks_planned: Option<u32>,
    /// Units in all arms so far, per arm, and planned.
    pub units: u64,
    pub units_by_arm: Vec<u64>,
    pub units_planned: Option<u64>,
    /// Days it has run (or ran).
    pub days_run: Option<f64>,
    /// Days it still takes: by the newest look, else by its design.
    pub days_left: Option<Days>,
    /// Share of the planned information seen, 0 to 1 and beyond.
    pub information: f64,
    /// Worth of the answer, in minor units per week of its traffic.
    pub value_minor_per_week: Option<i64>,
    /// The arm that the figures below are of: the called one, else the one that does best on the primary metric.
    pub arm: Option<String>,
    /// Probability that it is better than the control.
    pub chance: Option<f64>,
    /// Its relative effect on the primary metric, valid at this look.
    pub effect: Option<Interval>,
    /// What the newest look called.
    pub call: Option<Call>,
    /// What stands in the way, in words: a failing gate, or why it cannot be answered.
    pub problem: Option<String>,
    /// The decision that waits for an answer.
    pub decision: Option<String>,
    /// What the engine does next, in a sentence, and when where that is known.
    pub next: String,
    pub next_at: Option<i64>,
}

/// Something that happens next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExperimentNext {
    pub at: Option<i64>,
    pub text: String,
}

/// How the arms reach people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExperimentServing {
    /// Protocols that serve the arms now; empty while they are not served.
    pub served_as: Vec<String>,
    /// Whether the arms are served at this moment.
    pub in_force: bool,
    /// What is wrong or worth knowing, a sentence each: a protocol that cannot say the rule, a lever nobody reads.
    pub notes: Vec<String>,
}

/// One experiment with its story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExperimentView {
    pub experiment: Experiment,
    pub row: ExperimentRow,
    /// The metrics it names, the primary one first.
    pub titles: Vec<MetricBrief>,
    /// All looks, oldest first.
    pub readings: Vec<Reading>,
    /// New units per day and by slice, as counted now; empty while nothing is counted.
    pub days: Vec<DayCount>,
    pub slices: Vec<SliceCount>,
    /// Decisions about it, oldest first.
    pub decisions: Vec<Decision>,
    /// The card that waits among them, and the hash that an answer to it names.
    pub card: Option<String>,
    pub card_hash: Option<String>,
    /// What the engine does next.
    pub next: Vec<ExperimentNext>,
    /// `None` for an experiment without a lever.
    pub serving: Option<ExperimentServing>,
    /// Why it cannot be ended now; `None` where it can.
    pub cannot_end: Option<String>,
    pub now: i64,
    pub currency: String,
    pub currency_digits: u32,
    pub timezone: String,
}

/// An arm as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ArmDraft {
    /// Its name in exposures; `control` for the first, `test` (`test2`, …) for the others when absent.
    #[serde(default)]
    pub key: Option<String>,
    pub value: LeverValue,
    /// Relative to the others; 1 when absent.
    #[serde(default)]
    pub weight: Option<f64>,
}

/// A question as somebody asks it, or only wants to look at. What is absent is chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct AskExperimentArgs {
    /// One word; made of the lever (or the title) and a number when absent.
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    /// What is believed and why, in a sentence.
    #[serde(default)]
    pub hypothesis: Option<String>,
    /// The lever whose values are compared; without it `exposure` says which events sort units.
    #[serde(default)]
    pub lever: Option<String>,
    /// The first is the control. One arm only: the lever's value in force is the control.
    #[serde(default)]
    pub arms: Vec<ArmDraft>,
    /// The metric that decides.
    pub metric: String,
    #[serde(default)]
    pub secondary: Vec<String>,
    /// Metrics that must not get worse; the business's guardrails when absent.
    #[serde(default)]
    pub guardrails: Option<Vec<String>>,
    /// Predicate over attributes (`plan == 'pro'`).
    #[serde(default)]
    pub audience: Option<String>,
    /// Share of the audience that is in it, 0 to 1; everyone when absent.
    #[serde(default)]
    pub share: Option<f64>,
    /// The smallest relative effect worth knowing (0.05 is 5 %).
    #[serde(default)]
    pub mde: Option<f64>,
    /// Values of one unit above this count as this.
    #[serde(default)]
    pub cap: Option<f64>,
    /// Group type whose key is the unit.
    #[serde(default)]
    pub group: Option<String>,
    /// No unit is counted from here on.
    #[serde(default)]
    pub until: Option<i64>,
    #[serde(default)]
    pub exposure: Option<Exposure>,
    /// The hypothesis of the portfolio that it tests.
    #[serde(default)]
    pub hypothesis_id: Option<String>,
    /// `decide` when absent.
    #[serde(default)]
    pub purpose: Option<Purpose>,
}

/// What would become of a question, before anything happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExperimentCheckView {
    /// What is wrong with the question; the rest is empty then.
    pub problems: Vec<ProblemView>,
    /// The question as it would be asked.
    pub spec: Option<Spec>,
    /// What was measured to answer this; `None` where nothing could be.
    pub pilot: Option<Pilot>,
    /// How it would be answered …
    pub design: Option<Design>,
    /// … or why it cannot be.
    pub refusal: Option<Refusal>,
    /// In one sentence: "61 days", or why never.
    pub text: String,
    /// What else to know before it is asked, a sentence each.
    pub notes: Vec<String>,
}

/// An experiment by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExperimentArgs {
    pub key: String,
}

/// Ends an experiment before it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndExperimentArgs {
    pub key: String,
    pub reason: String,
}
