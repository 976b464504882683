//! Asymptotic confidence sequences: intervals that hold at all times together, once samples are large.
//!
//! Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
//! arXiv 2103.06476, theorem 2.2 (two-sided) and proposition B.1 (one-sided).

use libm::{exp, expm1, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use super::Side;

/// An asymptotic confidence sequence, narrowest near a planned size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AsymptoticDesign {
    /// Type I error over all times.
    pub alpha: f64,
    /// Which departures count.
    pub side: Side,
    /// Units of both arms together at which the interval is to be narrowest (N*).
    pub units_tuned: f64,
}

impl AsymptoticDesign {
    /// The mixture's parameter, for which the interval is nearly the narrowest at `units_tuned` (appendix B.2 there).
    pub fn rho(&self) -> f64 {
        rho(self.mixing_alpha(), self.units_tuned)
    }

    /// Half the width of the interval, in standard errors of the effect, at `units` of both arms together.
    pub fn factor(&self, units: f64) -> f64 {
        let grown = 1.0 + units * self.rho() * self.rho();
        let log_threshold = match self.side {
            Side::Two => 0.5 * log(grown) - log(self.alpha),
            Side::Greater | Side::Less => log1p(sqrt(grown) / (2.0 * self.alpha)),
        };
        sqrt(2.0 * grown / (grown - 1.0) * log_threshold)
    }

    /// Interval of the effect at `units`; the untested side is infinite.
    pub fn interval(&self, estimate: f64, se: f64, units: f64) -> [f64; 2] {
        let half = self.factor(units) * se;
        match self.side {
            Side::Two => [estimate - half, estimate + half],
            Side::Greater => [estimate - half, f64::INFINITY],
            Side::Less => [f64::NEG_INFINITY, estimate + half],
        }
    }

    /// Always-valid p-value of the statistic `z = estimate / se`: the smallest alpha whose interval at the same rho excludes
    /// zero, in closed form. Take the smallest over looks.
    pub fn p_value(&self, z: f64, units: f64) -> f64 {
        let grown = 1.0 + units * self.rho() * self.rho();
        let exponent = 0.5 * z * z * (grown - 1.0) / grown;
        let p = match self.side {
            Side::Two => sqrt(grown) * exp(-exponent),
            Side::Greater if z <= 0.0 => 1.0,
            Side::Less if z >= 0.0 => 1.0,
            Side::Greater | Side::Less => 0.5 * sqrt(grown) / expm1(exponent),
        };
        p.min(1.0)
    }

    /// One-sided boundaries are tuned as the two-sided one of twice the error.
    fn mixing_alpha(&self) -> f64 {
        if self.side == Side::Two { self.alpha } else { 2.0 * self.alpha }
    }
}

/// `sqrt((-2 ln alpha + ln(1 - 2 ln alpha)) / units)`.
pub fn rho(alpha: f64, units: f64) -> f64 {
    let l = -2.0 * log(alpha);
    sqrt((l + log1p(l)) / units)
}
