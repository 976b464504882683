//! What a look says: gates, effects, and what follows.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::design::Days;
use crate::time::Millis;

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Interval {
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

/// What a metric is to an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Primary,
    Secondary,
    Guardrail,
}

/// Where the statistic stands between its boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Stopping {
    /// Standardised effect, positive is better.
    pub z: f64,
    /// Above it the arm is better, below `lower` worse (absent where one-sided).
    pub upper: f64,
    pub lower: Option<f64>,
    /// Below it (and above `lower`) going on is futile.
    pub futility: Option<f64>,
    /// Share of the planned information seen, 0 to 1 and beyond.
    pub information: f64,
}

/// The effect on one value of a segment, shrunk towards the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SegmentEffect {
    pub segment: String,
    pub value: String,
    pub units: u64,
    /// Relative.
    pub raw: Interval,
    pub shrunk: Interval,
}

/// An arm against the control on one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "ExperimentEffect")]
pub struct Effect {
    pub metric: String,
    pub arm: String,
    pub role: Role,
    /// The metric per unit in the control and in the arm, covariate-adjusted where one is used.
    pub control: f64,
    pub treated: f64,
    /// Relative change (0.1 is +10 %); absent where the control is 0.
    pub relative: Option<Interval>,
    /// In the metric's unit per unit.
    pub absolute: Interval,
    /// Minor units of money per month if everyone got the arm instead of the control.
    pub money_minor_per_month: Option<Interval>,
    /// Valid at this look, however often one looked before.
    pub p_value: Option<f64>,
    /// Corrected for the number of metrics and arms.
    pub adjusted_p: Option<f64>,
    /// Probability that the arm is better, with the business's own prior.
    pub chance: Option<f64>,
    /// Relative loss that is expected if it is shipped.
    pub expected_loss: Option<f64>,
    pub stopping: Option<Stopping>,
    pub segments: Vec<SegmentEffect>,
    /// Why there is no number, where there is none.
    pub note: Option<String>,
}

/// Which check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    SampleRatio,
    MixedUnits,
    BeforeAssignment,
    PreExposureBalance,
    StaleData,
    TooFewUnits,
    Interaction,
    SelfAudit,
}

/// A validity check; while one fails, nothing is decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "ExperimentGate")]
pub struct Gate {
    pub kind: GateKind,
    pub passed: bool,
    /// With the figures.
    pub text: String,
    /// What explains the failure, where it was found.
    pub cause: Option<String>,
    pub p_value: Option<f64>,
}

/// What follows from a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Go on.
    Continue,
    /// A gate fails: nothing may be decided.
    Blocked,
    /// The arm is better.
    Ship { arm: String },
    /// The arms are worse than the control (or a guardrail broke).
    RollBack { arm: String },
    /// Going on would not answer it.
    Futile,
    /// Its time is over without an answer.
    Inconclusive,
}

/// A look read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Reading {
    /// The experiment's key and the number of the look, from 1.
    pub experiment: String,
    pub number: u32,
    /// Data up to this instant.
    pub at: Millis,
    /// Units per arm.
    pub units: Vec<u64>,
    pub gates: Vec<Gate>,
    /// Arms against the control, the primary metric first.
    pub effects: Vec<Effect>,
    /// Share of the planned information seen.
    pub information: f64,
    pub days_left: Option<Days>,
    /// When it is looked at again.
    pub next_look: Option<Millis>,
    pub call: Call,
    /// What the engine makes of it and does next, in a sentence or two.
    pub text: String,
}
