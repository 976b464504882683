//! Choosing an arm, with the probability it was chosen by.

use rand_core::Rng;

/// A choice as it is logged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The arm.
    pub arm: usize,
    /// The probability it had.
    pub propensity: f64,
}

/// Shares made ready for draws: one random number and one search per choice, without allocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    weights: Vec<f64>,
    // Upper ends in 53-bit steps, the last one covering the rest.
    ends: Vec<u64>,
}

const STEPS: f64 = 9_007_199_254_740_992.0;

impl Sampler {
    /// Of shares that sum to one; `None` if they do not (within 1e-9), or one is negative.
    pub fn new(weights: &[f64]) -> Option<Self> {
        let sum: f64 = weights.iter().sum();
        if weights.is_empty() || !(libm::fabs(sum - 1.0) < 1e-9) || weights.iter().any(|w| !(*w >= 0.0)) {
            return None;
        }
        let mut upto = 0.0;
        let ends = weights.iter().map(|w| {
            upto += w / sum;
            libm::round(upto * STEPS) as u64
        });
        Some(Self { weights: weights.to_vec(), ends: ends.collect() })
    }

    /// The shares.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Draws an arm.
    pub fn choose(&self, rng: &mut impl Rng) -> Choice {
        let at = rng.next_u64() >> 11;
        let mut arm = self.ends.partition_point(|end| *end <= at).min(self.ends.len() - 1);
        // Rounding may leave a step above the last end: it belongs to the last arm that has a share.
        while arm > 0 && self.weights[arm] == 0.0 {
            arm -= 1;
        }
        Choice { arm, propensity: self.weights[arm] }
    }
}
