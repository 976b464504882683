//! In the middle of an experiment: how many more units until it would be powered.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::normal;
use crate::sequential::group::critical;
use crate::sequential::{AsymptoticDesign, Side};

/// What an experiment has measured so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Variance of the effect's estimate.
    pub variance: f64,
    /// Units of both arms together.
    pub units: f64,
}

/// How it will be read at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reader {
    /// A two-sided fixed test.
    Fixed,
    /// An asymptotic confidence sequence, read once at the end: a lower limit, since earlier looks only add to it.
    Asymptotic {
        /// Its tuning.
        units_tuned: f64,
    },
    /// A posterior from a normal prior on the effect, whose interval leaves out zero.
    Bayes {
        /// Mean of the prior.
        mean: f64,
        /// Variance of the prior.
        variance: f64,
    },
}

impl Progress {
    /// Probability that the effect `size` is found (in either direction) when the units have grown by `growth` times what
    /// there is, two-sided at `alpha`.
    pub fn power(&self, reader: &Reader, size: f64, alpha: f64, growth: f64) -> f64 {
        let variance = self.variance / (1.0 + growth);
        let se = sqrt(variance);
        // Limits of the estimate, in standard errors, and how far the prior shifts it.
        let (limit, shift) = match *reader {
            Reader::Fixed => (critical(alpha, Side::Two), 0.0),
            Reader::Asymptotic { units_tuned } => {
                (AsymptoticDesign { alpha, side: Side::Two, units_tuned }.factor(self.units * (1.0 + growth)), 0.0)
            }
            Reader::Bayes { mean, variance: prior } => {
                (critical(alpha, Side::Two) * se * sqrt(1.0 / prior + 1.0 / variance), se * mean / prior)
            }
        };
        normal::sf(limit - shift - size / se) + normal::sf(limit + shift + size / se)
    }

    /// Units to add until that probability is `power`; zero where it is already, `None` where a hundred million times as
    /// many would not do.
    pub fn units_more(&self, reader: &Reader, size: f64, alpha: f64, power: f64) -> Option<f64> {
        let enough = |growth: f64| self.power(reader, size, alpha, growth) >= power;
        if enough(0.0) {
            return Some(0.0);
        }
        let mut high = 1.0;
        while !enough(high) {
            high *= 2.0;
            if high > 1e8 {
                return None;
            }
        }
        let mut low = 0.0;
        while high - low > 1e-9 * high {
            let middle = 0.5 * (low + high);
            if enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high * self.units)
    }
}

/// The error of one test when `metrics` goals and `arms` (control included) share `alpha`, and the power that each metric
/// needs so that all are found together with `power`.
pub fn shared(alpha: f64, power: f64, metrics: u32, arms: u32) -> (f64, f64) {
    let tests = f64::from(metrics.max(1)) * f64::from(arms.max(2) - 1);
    (alpha / tests, libm::pow(power, 1.0 / f64::from(metrics.max(1))))
}
