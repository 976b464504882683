//! What an arm has earned.

use serde::{Deserialize, Serialize};

/// Units, mean and squared deviations of an arm (Welford), which keep their digits when the mean is far above the
/// spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rewards {
    /// Units; fractional once discounted.
    pub units: f64,
    /// Mean reward of a unit.
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub deviations: f64,
}

impl Rewards {
    /// From raw sums. Digits lost in `sum_squares` before cannot be brought back.
    pub fn from_sums(units: f64, sum: f64, sum_squares: f64) -> Self {
        if !(units > 0.0) {
            return Self::default();
        }
        let mean = sum / units;
        Self { units, mean, deviations: (sum_squares - sum * mean).max(0.0) }
    }

    /// One more unit.
    pub fn push(&mut self, reward: f64) {
        self.units += 1.0;
        let off = reward - self.mean;
        self.mean += off / self.units;
        self.deviations += off * (reward - self.mean);
    }

    /// What happened so far counts `share` of what it did: once per period, with a share of 0.5^(1/half-life), it
    /// lets a bandit follow a drifting truth (discounted Thompson sampling, Raj & Kalyani 2017).
    pub fn discount(&mut self, share: f64) {
        self.units *= share;
        self.deviations *= share;
    }

    /// Variance of a unit; NaN below two units.
    pub fn variance(&self) -> f64 {
        if self.units > 1.0 { self.deviations / (self.units - 1.0) } else { f64::NAN }
    }
}
