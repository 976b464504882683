//! Estimates from adaptively collected data, from the log of choices with their propensities.
//!
//! Plain means of a bandit's arms are biased and their intervals too short: who was unlucky early is not asked again.
//! Weighted scores (Hadad, Hirshberg, Zhan, Wager & Athey 2021) are unbiased, and with weights of the square root of
//! the propensity asymptotically normal at a horizon fixed beforehand. For looking at any time: `mixture`.

use serde::{Deserialize, Serialize};

use crate::normal;

/// One unit of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// The arm that was given.
    pub arm: usize,
    /// What came of it.
    pub reward: f64,
    /// The probability of every arm at that moment, the given one's above 0.
    pub propensities: &'a [f64],
}

/// An estimate with a normal interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Interval at the level asked for.
    pub interval: [f64; 2],
    /// Two-sided p-value of "nothing".
    pub p: f64,
}

/// Running sums, one update per unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    units: u64,
    arms: Vec<Sums>,
    // Between each arm and arm 0: of h_a h_0, of it times the scores, and times their product.
    cross: Vec<[f64; 4]>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    count: f64,
    mean: f64,
    weight: f64,
    weighted: f64,
    squares: [f64; 3],
}

impl Collected {
    /// For so many arms; arm 0 is what the others are compared with.
    pub fn new(arms: usize) -> Self {
        Self { units: 0, arms: vec![Sums::default(); arms], cross: vec![[0.0; 4]; arms] }
    }

    /// Units read.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Reads one unit. Refused (`false`) where the arm, its propensity or the reward makes no sense.
    pub fn push(&mut self, row: Row<'_>) -> bool {
        let sound = row.propensities.len() == self.arms.len()
            && row.propensities.get(row.arm).is_some_and(|p| *p > 0.0)
            && row.propensities.iter().all(|p| (0.0..=1.0).contains(p))
            && row.reward.is_finite();
        if !sound {
            return false;
        }
        self.units += 1;
        let mut base = (0.0, 0.0);
        for (k, (sums, &p)) in self.arms.iter_mut().zip(row.propensities).enumerate() {
            // The doubly robust score: the mean so far, corrected where the arm was given (equation 5).
            let guess = sums.mean;
            let score = guess + if k == row.arm { (row.reward - guess) / p } else { 0.0 };
            let h = libm::sqrt(p);
            sums.weight += h;
            sums.weighted += h * score;
            let hh = h * h;
            for (slot, term) in sums.squares.iter_mut().zip([hh, hh * score, hh * score * score]) {
                *slot += term;
            }
            if k == 0 {
                base = (h, score);
            }
            let both = h * base.0;
            for (slot, term) in self.cross[k].iter_mut().zip([both, both * score, both * base.1, both * score * base.1])
            {
                *slot += term;
            }
            if k == row.arm {
                sums.count += 1.0;
                sums.mean += (row.reward - sums.mean) / sums.count;
            }
        }
        true
    }

    /// The mean of an arm, at confidence `1 - alpha`. NaN before the first unit.
    pub fn mean(&self, arm: usize, alpha: f64) -> Estimate {
        let (value, variance) = self.moments(arm);
        estimate(value, variance, alpha)
    }

    /// An arm's mean less arm 0's, at confidence `1 - alpha`.
    pub fn difference(&self, arm: usize, alpha: f64) -> Estimate {
        let ((a, var_a), (b, var_b)) = (self.moments(arm), self.moments(0));
        let [hh, score_a, score_b, product] = self.cross.get(arm).copied().unwrap_or([f64::NAN; 4]);
        let weights = |k: usize| self.arms.get(k).map_or(f64::NAN, |s| s.weight);
        let covariance = (product - a * score_b - b * score_a + a * b * hh) / (weights(arm) * weights(0));
        estimate(a - b, var_a + var_b - 2.0 * covariance, alpha)
    }

    fn moments(&self, arm: usize) -> (f64, f64) {
        let Some(s) = self.arms.get(arm) else { return (f64::NAN, f64::NAN) };
        let value = s.weighted / s.weight;
        let [hh, first, second] = s.squares;
        (value, (second - 2.0 * value * first + value * value * hh) / (s.weight * s.weight))
    }
}

fn estimate(value: f64, variance: f64, alpha: f64) -> Estimate {
    let error = libm::sqrt(variance.max(0.0));
    let half = normal::isf(0.5 * alpha) * error;
    Estimate { value, error, interval: [value - half, value + half], p: normal::two_sided(value / error) }
}
