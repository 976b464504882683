//! An experiment: the question, its design, what was seen at each look, what was concluded. Plain data; the engine decides, the
//! store counts, the console shows.
//!
//! ```text
//! proposed -> designed -> waiting -> running -> concluding -> watching -> archived
//!      \-> refused          \-> stopped  \-> stopped \-> archived
//! ```

mod design;
mod look;
mod portfolio;
mod reading;
mod spec;

pub use design::{Days, Design, Method, Pilot, Refusal};
pub use look::{
    Covariate, DayCount, Denominator, Health, Look, MetricSums, Moments, PreDenominator, QuantileAt, SegmentSums,
    SliceCount,
};
pub use portfolio::{ErrorBudget, Hypothesis, HypothesisState, Portfolio, SelfAudit, StrategyRecord};
pub use reading::{Call, Effect, Gate, GateKind, Interval, Reading, Role, SegmentEffect, Stopping};
pub use spec::{Experimenting, Exposure, Origin, Purpose, Spec};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Millis;

/// Where an experiment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ExperimentState")]
pub enum State {
    /// Asked; what it needs is being measured.
    Proposed,
    /// It cannot be answered as it was asked.
    Refused,
    /// Has a design and waits for its turn.
    Designed,
    /// The decision to start it is open.
    Waiting,
    /// Units are sorted into arms.
    Running,
    /// The question is answered (or given up); the decision that follows is open.
    Concluding,
    /// Ended before it was answered: by the founder, a veto, or a gate.
    Stopped,
    /// Shipped, and looked after: a holdout, or a test again later.
    Watching,
    /// Over.
    Archived,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "ExperimentStep")]
pub struct Step {
    pub at: Millis,
    pub to: State,
    /// `engine`, `system`, `operator:<key id>`.
    pub actor: String,
    pub reason: String,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Conclusion {
    pub at: Millis,
    /// What was called.
    pub call: Call,
    /// One sentence with the figures.
    pub text: String,
    /// Relative effect of the called arm on the primary metric as it was expected before …
    pub predicted: Option<Interval>,
    /// … and as it was measured (median unbiased, interval after stopping).
    pub measured: Option<Interval>,
    /// Level of the online false-discovery procedure it was tested at, and its p-value.
    pub level: Option<f64>,
    pub p_value: Option<f64>,
}

/// An experiment with everything its story shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Experiment {
    pub spec: Spec,
    pub state: State,
    pub created_at: Millis,
    /// Units before this instant do not count.
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    /// What the designer found out before it started.
    pub pilot: Option<Pilot>,
    pub design: Option<Design>,
    /// Why it cannot be answered.
    pub refusal: Option<Refusal>,
    /// Looks so far.
    pub looks: u32,
    /// The newest look.
    pub last: Option<Reading>,
    pub conclusion: Option<Conclusion>,
    /// Worth of knowing the answer, in minor units per week of its traffic.
    pub value_minor_per_week: Option<i64>,
    /// Decisions to start, ship, roll back or end it, oldest first.
    pub decisions: Vec<String>,
    /// Experiments that follow from it.
    pub follow_ups: Vec<String>,
    pub history: Vec<Step>,
}
