//! Before an experiment: power, smallest effect, units and days, and whether it can be answered at all.
//!
//! Everything follows from one number per design: the drift, the expectation of `effect / standard error` at the planned
//! size at which the design has its power. Units and smallest effects are then one formula for all metrics.

pub mod arrivals;
pub mod progress;
pub mod question;
pub mod rule;

use serde::{Deserialize, Serialize};

pub use arrivals::{Arrivals, Days};
pub use question::{Answer, Cheaper, Choice, Purpose, Question, Why, answer, choose};
pub use rule::Rule;

/// What one unit contributes to a metric, as known before the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Mean per unit (of a ratio: the ratio).
    pub mean: f64,
    /// Variance per unit (of a ratio: of its linearisation, `var(m - R d) / mean(d)^2`).
    pub variance: f64,
    /// Share of the variance that pre-exposure data explains, 0 to below 1: the squared correlation of CUPED.
    pub explained: f64,
    /// Whether units either have it or not: the variance then changes with the mean.
    pub proportion: bool,
}

impl Metric {
    /// Units that have it or not, at `rate`.
    pub fn proportion(rate: f64) -> Self {
        Self { mean: rate, variance: rate * (1.0 - rate), explained: 0.0, proportion: true }
    }

    /// Any number per unit.
    pub fn mean(mean: f64, variance: f64) -> Self {
        Self { mean, variance, explained: 0.0, proportion: false }
    }
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

impl Effect {
    /// Its number, on its own scale.
    pub fn size(self) -> f64 {
        match self {
            Self::Relative(x) | Self::Absolute(x) => x,
        }
    }

    /// Another number on the same scale.
    pub fn of_size(self, x: f64) -> Self {
        match self {
            Self::Relative(_) => Self::Relative(x),
            Self::Absolute(_) => Self::Absolute(x),
        }
    }
}

/// Variance of the estimate of `effect`, on its scale, with `units` of control and treatment; the delta method for relative
/// ones. NaN where the treatment's rate would leave 0 to 1, and for a relative effect of a mean of zero.
pub fn variance(metric: &Metric, effect: Effect, units: [f64; 2]) -> f64 {
    let left = 1.0 - metric.explained;
    let shifted = match effect {
        Effect::Relative(x) => metric.mean * (1.0 + x),
        Effect::Absolute(x) => metric.mean + x,
    };
    let treated = if metric.proportion {
        if !(0.0..=1.0).contains(&shifted) {
            return f64::NAN;
        }
        shifted * (1.0 - shifted)
    } else {
        metric.variance
    };
    let (control, treatment) = (left * metric.variance / units[0], left * treated / units[1]);
    match effect {
        Effect::Absolute(_) => control + treatment,
        Effect::Relative(_) if metric.mean == 0.0 => f64::NAN,
        Effect::Relative(x) => (treatment + control * (1.0 + x) * (1.0 + x)) / (metric.mean * metric.mean),
    }
}
