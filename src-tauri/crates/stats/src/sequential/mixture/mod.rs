//! Uniform boundaries from mixtures of supermartingales: a sum crosses one at any time with probability alpha at most.
//!
//! Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
//! Statistics 49(2). `s` is a centred sum, `v` its accumulated variance (intrinsic time).

mod bernoulli;
mod stitching;

use libm::{lgamma, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use crate::{normal, special};
pub use bernoulli::{BernoulliDesign, bernoulli_interval};
pub use stitching::Stitching;

/// A mixture, tuned to be tightest at one intrinsic time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Mixture {
    /// Sub-Gaussian sums, both sides (proposition 5).
    Normal {
        /// The mixture's precision: see [`rho`].
        rho: f64,
    },
    /// Sub-Gaussian sums, upper side (proposition 6).
    NormalUpper {
        /// The mixture's precision: [`rho`] at twice the error.
        rho: f64,
    },
    /// Sub-exponential sums, upper side (proposition 9).
    GammaExponential {
        /// The mixture's precision: [`rho`] at twice the error.
        rho: f64,
        /// Scale of the sub-exponential condition, above zero.
        c: f64,
    },
    /// Sums of variables between `-g` and `h`, both sides (proposition 7).
    BetaBinomial {
        /// The mixture's precision: [`rho`] less `g h`.
        r: f64,
        /// Distance down to the lower bound, above zero.
        g: f64,
        /// Distance up to the upper bound, above zero.
        h: f64,
    },
}

/// The precision that is nearly the best at intrinsic time `v` for error `alpha` (proposition 3 there).
pub fn rho(v: f64, alpha: f64) -> f64 {
    let l = -2.0 * log(alpha);
    v / (l + log1p(l))
}

impl Mixture {
    /// Both sides, tightest at `v` for error `alpha`.
    pub fn normal(v: f64, alpha: f64) -> Self {
        Self::Normal { rho: rho(v, alpha) }
    }

    /// Upper side, tightest at `v` for error `alpha` below one half.
    pub fn normal_upper(v: f64, alpha: f64) -> Self {
        Self::NormalUpper { rho: rho(v, 2.0 * alpha) }
    }

    /// Upper side with scale `c`, tightest at `v` for error `alpha` below one half.
    pub fn gamma_exponential(v: f64, alpha: f64, c: f64) -> Self {
        Self::GammaExponential { rho: rho(v, 2.0 * alpha), c }
    }

    /// Both sides of variables between `-g` and `h`, tightest at `v` for error `alpha`.
    pub fn beta_binomial(v: f64, alpha: f64, g: f64, h: f64) -> Self {
        Self::BetaBinomial { r: (rho(v, alpha) - g * h).max(1e-3 * g * h), g, h }
    }

    /// Logarithm of the supermartingale at sum `s` and intrinsic time `v`; its exponential is an e-value.
    pub fn log_value(&self, s: f64, v: f64) -> f64 {
        match *self {
            Self::Normal { rho } => 0.5 * log(rho / (v + rho)) + s * s / (2.0 * (v + rho)),
            Self::NormalUpper { rho } => {
                0.5 * log(4.0 * rho / (v + rho)) + s * s / (2.0 * (v + rho)) + log(normal::cdf(s / sqrt(v + rho)))
            }
            Self::GammaExponential { rho, c } => {
                let (a, b) = (rho / (c * c), (v + rho) / (c * c));
                let x = (c * s + v) / (c * c);
                a * log(a) - lgamma(a) - log(special::gamma_p(a, a)) + lgamma(b) + log(special::gamma_p(b, x + a))
                    - b * log(x + a)
                    + x
            }
            Self::BetaBinomial { r, g, h } => {
                let range = g + h;
                v / (g * h) * log(range) - (v + h * s) / (h * range) * log(g) - (v - g * s) / (g * range) * log(h)
                    + special::ln_beta((r + v - g * s) / (g * range), (r + v + h * s) / (h * range))
                    - special::ln_beta(r / (g * range), r / (h * range))
            }
        }
    }

    /// The boundary: the sum at which the supermartingale reaches `1 / alpha`. Two-sided mixtures: its mirror, too (not for
    /// an asymmetric beta-binomial).
    pub fn bound(&self, v: f64, alpha: f64) -> f64 {
        let threshold = -log(alpha);
        match *self {
            Self::Normal { rho } => sqrt((v + rho) * (log1p(v / rho) + 2.0 * threshold)),
            // A sum of bounded variables cannot lie above v / g.
            Self::BetaBinomial { g, .. } if self.log_value(v / g, v) < threshold => v / g,
            Self::BetaBinomial { g, .. } => self.root(v, threshold, v / g),
            _ => {
                let mut top = v.max(sqrt(v)).max(1.0);
                for _ in 0..60 {
                    if self.log_value(top, v) > threshold {
                        break;
                    }
                    top *= 2.0;
                }
                self.root(v, threshold, top)
            }
        }
    }

    /// The value rises with the sum above zero.
    fn root(&self, v: f64, threshold: f64, top: f64) -> f64 {
        let (mut low, mut high) = (0.0, top);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.log_value(middle, v) < threshold {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}
