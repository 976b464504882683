//! How the question will be answered.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::look::Moments;
use super::spec::Exposure;
use crate::time::Millis;

/// How looks turn into a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Group-sequential with O'Brien-Fleming-type spending and futility.
    GroupSequential,
    /// Asymptotic confidence sequence.
    ConfidenceSequence,
    /// Exact test for few events.
    Exact,
    /// Traffic follows the best-arm probabilities; inference by adaptive weights.
    Bandit,
}

/// Days, with their uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Days {
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
}

/// What is known of the population before an experiment starts: units of the exposure, as if all were in one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Pilot {
    /// What was measured.
    pub metric: String,
    pub exposure: Exposure,
    pub group: Option<String>,
    /// The days that were looked at: first instant, and first instant after them.
    pub from: Millis,
    pub to: Millis,
    /// New units per day of that range, in order.
    pub new_units: Vec<u64>,
    /// The metric per unit over `window` after its first exposure, with the same metric before it as covariate.
    pub moments: Moments,
    /// Days before the first exposure that the covariate covers; 0 for none.
    pub covariate_days: u32,
}

/// A design in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "ExperimentDesign")]
pub struct Design {
    pub method: Method,
    /// Two-sided error of the first kind.
    pub alpha: f64,
    pub power: f64,
    /// The smallest relative effect it is made to find.
    pub mde: f64,
    /// The metric's mean per unit before it started, and the variance that is left with the covariate.
    pub baseline: f64,
    pub variance: f64,
    /// Share of the variance the covariate takes away, 0 to 1; 0 where none is used.
    pub variance_reduction: f64,
    /// Days before the first exposure that the covariate covers.
    pub covariate_days: u32,
    /// Units over all arms that answer it.
    pub units: u64,
    /// New units per day it may count on.
    pub units_per_day: f64,
    /// How long that takes.
    pub days: Days,
    /// Planned looks, and the time between two.
    pub looks: u32,
    pub look_every: Millis,
    /// When it ends at the latest, answered or not, counted from its start.
    pub days_max: u32,
    /// Money that the MDE is worth per month, in minor units.
    pub stake_minor_per_month: Option<i64>,
    /// Why it is as it is, a sentence each.
    pub why: Vec<String>,
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Refusal {
    pub at: Millis,
    /// `no_exposures`, `no_traffic`, `too_long`, `no_variance`, `metric_unfit`, `purpose_unfit`, `conflict`, `self_audit_failed`.
    pub code: String,
    pub reason: String,
    /// A question that can be answered instead, in words …
    pub cheaper: Option<String>,
    /// … and its smallest effect.
    pub cheaper_mde: Option<f64>,
}
