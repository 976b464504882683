//! Scales on which a season is additive and noise even.

use libm::{exp, expm1, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

/// A monotone transformation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// As it is: values that may be negative.
    Identity,
    /// `ln(1 + x)` for large positive values whose swings are proportional.
    Log1p,
    /// `2 sqrt(x + 3/8)`: evens the noise of small counts (Anscombe 1948).
    Sqrt,
    /// `ln(p / (1 - p))` for shares.
    Logit,
    /// `ln x` for positive ratios.
    Log,
}

impl Transform {
    /// To the even scale. NaN where it is not defined.
    pub fn forward(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Log1p => {
                if x < 0.0 {
                    f64::NAN
                } else {
                    log1p(x)
                }
            }
            Self::Sqrt => {
                if x < 0.0 {
                    f64::NAN
                } else {
                    2.0 * sqrt(x + 0.375)
                }
            }
            Self::Logit => log(x / (1.0 - x)),
            Self::Log => log(x),
        }
    }

    /// Back from it.
    pub fn back(self, y: f64) -> f64 {
        match self {
            Self::Identity => y,
            // Beyond e^300 nothing that is counted lives; the bound keeps sums finite.
            Self::Log1p => expm1(y.min(300.0)).max(0.0),
            Self::Sqrt => {
                let half = 0.5 * y.max(0.0);
                (half * half - 0.375).max(0.0)
            }
            Self::Logit => 1.0 / (1.0 + exp(-y)),
            Self::Log => exp(y.clamp(-300.0, 300.0)),
        }
    }
}
