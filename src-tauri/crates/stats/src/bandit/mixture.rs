//! Inference at any time on a bandit: the mixture adaptive design (Liang & Bojinov 2023, arXiv 2311.05794).
//!
//! A unit is given an arm by lot with a probability that falls slowly, else by the bandit. Because the lot never dies
//! out faster than t^-1/4, weighted scores support an asymptotic confidence sequence whatever the bandit does.

use serde::{Deserialize, Serialize};

/// How much is left to the lot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The lot's probability at unit t is t^-`exponent`; below 1/4.
    pub exponent: f64,
    /// And at least this.
    pub least: f64,
}

impl Default for Mixture {
    fn default() -> Self {
        Self { exponent: 0.24, least: 0.05 }
    }
}

impl Mixture {
    /// The lot's probability at unit `t`, from 1.
    pub fn lot(&self, t: u64) -> f64 {
        libm::pow(t.max(1) as f64, -self.exponent).max(self.least).min(1.0)
    }

    /// The bandit's shares with the lot mixed in: these are the propensities to draw by and to log.
    pub fn mix(&self, weights: &[f64], t: u64) -> Vec<f64> {
        let lot = self.lot(t);
        weights.iter().map(|w| lot / weights.len() as f64 + (1.0 - lot) * w).collect()
    }
}

// Units of each arm below which a mean is not near normal.
const FIRST_LOOK: f64 = 20.0;

/// The difference of two arms, to be looked at after any unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureTest {
    units: f64,
    sum: f64,
    variance: f64,
    arms: [(f64, f64); 2],
}

impl Default for MixtureTest {
    fn default() -> Self {
        Self::new()
    }
}

impl MixtureTest {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { units: 0.0, sum: 0.0, variance: 0.0, arms: [(0.0, 0.0); 2] }
    }

    /// Reads a unit: which of the two arms it was given (`Some(0)` control, `Some(1)` treatment, `None` another arm),
    /// the reward, and that arm's propensity. Refused (`false`) without a positive propensity.
    pub fn push(&mut self, arm: Option<usize>, reward: f64, propensity: f64) -> bool {
        if !(propensity > 0.0 && propensity <= 1.0 && reward.is_finite()) || arm.is_some_and(|a| a > 1) {
            return false;
        }
        self.units += 1.0;
        // Scores around the means so far, which the future does not know: unbiased, and far less scattered than around 0.
        self.sum += self.arms[1].1 - self.arms[0].1;
        if let Some(k) = arm {
            let (count, mean) = &mut self.arms[k];
            let off = (reward - *mean) / propensity;
            self.sum += if k == 1 { off } else { -off };
            self.variance += off * off;
            *count += 1.0;
            *mean += (reward - *mean) / *count;
        }
        true
    }

    /// Estimate of treatment less control, and the half-width of the confidence sequence at `1 - alpha`, tightest
    /// around `planned` units. Infinite before both arms have twenty: the sequence is an asymptotic one.
    pub fn difference(&self, alpha: f64, planned: f64) -> (f64, f64) {
        if self.arms.iter().any(|a| a.0 < FIRST_LOOK) || !(self.variance > 0.0) {
            return (f64::NAN, f64::INFINITY);
        }
        // Theorem 2 with eta chosen for the variance expected at `planned` (Waudby-Smith et al., arXiv 2103.06476, B.2).
        let per_unit = self.variance / self.units;
        let log = -2.0 * libm::log(alpha);
        let eta_squared = (log + libm::log(log + 1.0)) / (per_unit * planned);
        let scale = self.variance * eta_squared + 1.0;
        let half = libm::sqrt(2.0 * scale / eta_squared * libm::log(libm::sqrt(scale) / alpha)) / self.units;
        (self.sum / self.units, half)
    }
}
