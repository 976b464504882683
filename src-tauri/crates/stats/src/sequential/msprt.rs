//! The mixture sequential probability ratio test: a normal prior on the effect, a p-value that holds at any time.
//!
//! Johari, Koomen, Pekelis & Walsh, arXiv 1512.04922; Zhao, Liu & Deng, arXiv 1905.10493, section 3.

use libm::{exp, log1p, sqrt};
use serde::{Deserialize, Serialize};

use super::Side;
use crate::normal;

/// A mixture sequential probability ratio test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsprtDesign {
    /// Type I error over all times.
    pub alpha: f64,
    /// Which departures count.
    pub side: Side,
    /// Standard deviation of the effect's prior, in the estimate's unit: how large effects usually are.
    pub tau: f64,
}

impl MsprtDesign {
    /// Logarithm of the likelihood ratio of the mixture to no effect. One-sided designs mix over a half-normal prior.
    pub fn log_ratio(&self, estimate: f64, se: f64) -> f64 {
        let (v, t) = (se * se, self.tau * self.tau);
        let shared = -0.5 * log1p(t / v) + t * estimate * estimate / (2.0 * v * (v + t));
        // The half-normal prior doubles the density and keeps the posterior's mass on its side.
        let side = |toward: f64| libm::log(2.0 * normal::cdf(toward * sqrt(t / (v * (v + t)))));
        match self.side {
            Side::Two => shared,
            Side::Greater => shared + side(estimate),
            Side::Less => shared + side(-estimate),
        }
    }

    /// Always-valid p-value; take the smallest over looks.
    pub fn p_value(&self, estimate: f64, se: f64) -> f64 {
        exp(-self.log_ratio(estimate, se)).min(1.0)
    }

    /// Half the width of the interval, in the estimate's unit.
    pub fn half_width(&self, se: f64) -> f64 {
        let (v, t) = (se * se, self.tau * self.tau);
        let two = sqrt(2.0 * v * (v + t) / t * (-libm::log(self.alpha) + 0.5 * log1p(t / v)));
        if self.side == Side::Two { two } else { self.half_width_one_sided(se, two) }
    }

    /// Interval of the effect; the untested side is infinite.
    pub fn interval(&self, estimate: f64, se: f64) -> [f64; 2] {
        let half = self.half_width(se);
        match self.side {
            Side::Two => [estimate - half, estimate + half],
            Side::Greater => [estimate - half, f64::INFINITY],
            Side::Less => [f64::NEG_INFINITY, estimate + half],
        }
    }

    /// The ratio rises with the estimate, and `two`, the width of the two-sided test at the same error, is above its root.
    fn half_width_one_sided(&self, se: f64, two: f64) -> f64 {
        let threshold = -libm::log(self.alpha);
        let greater = Self { side: Side::Greater, ..*self };
        let (mut low, mut high) = (0.0, two);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if greater.log_ratio(middle, se) < threshold {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}
