//! Before an experiment: power, smallest effect, units and days, and whether it can be answered at all.

use serde::{Deserialize, Serialize};

/// What one unit contributes to a metric, as known before the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Mean per unit (of a ratio: the ratio).
    pub mean: f64,
    /// Variance per unit (of a ratio: of its linearisation, `var(m - R d) / mean(d)^2`).
    pub variance: f64,
    /// Share of the variance that pre-exposure data explains, 0 to below 1: `rho^2` of CUPED.
    pub explained: f64,
    /// Whether units either have it or not: the variance then changes with the mean.
    pub proportion: bool,
}

/// The effect that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A share of the mean: 0.05 is 5 % more.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}
