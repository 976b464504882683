//! Two arms compared: effect with its variance, absolute, relative and scaled, with tests and intervals.
//!
//! [`Contrast`] is what two arms (or two sets of strata) say together; [`Contrast::effect`] reads it on a scale. All tests
//! and intervals are Welch's t: unequal variances, degrees of freedom by Satterthwaite. The relative effect is by the delta
//! method, with the covariance of difference and baseline, so it holds for adjusted estimates, too.

use libm::{fabs, sqrt};
use serde::{Deserialize, Serialize};

mod checks;
mod contrast;
mod money;
mod score;
mod strata;

pub use checks::{Imbalance, imbalance, imbalances, interaction};
pub use contrast::Contrast;
pub(crate) use contrast::{Line, theta};
pub use money::{Money, monthly};
pub use score::{FEW_EVENTS, few_events, score_interval, score_p_value};
pub use strata::{Stratum, post_stratified};

use crate::moments::Moments;
pub use crate::sequential::Side;
use crate::student;

/// On what scale an effect is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Treatment minus control, in the metric's unit.
    Absolute,
    /// That over the size of the control's value, so that above 0 is higher also where the baseline is negative.
    Relative,
}

/// Why there is no effect to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Fewer than two units in an arm, or too few events for the quantile.
    TooFewUnits,
    /// Nothing varies, so nothing can be said about chance.
    ZeroVariance,
    /// The control's value is zero: there is nothing to be relative to.
    ZeroBaseline,
    /// The denominator of a ratio is zero.
    ZeroDenominator,
    /// The arms are not of the same kind of metric, or a stratum lacks an arm.
    Shape,
    /// A number is not finite.
    NotFinite,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooFewUnits => "too few units",
            Self::ZeroVariance => "nothing varies",
            Self::ZeroBaseline => "the control is zero, so there is no relative effect",
            Self::ZeroDenominator => "the denominator is zero",
            Self::Shape => "the arms are of different kinds of metric",
            Self::NotFinite => "a number is not finite",
        })
    }
}

impl std::error::Error for Refusal {}

/// An interval; one-sided ones are infinite on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether `x` lies in it, ends included.
    pub fn contains(&self, x: f64) -> bool {
        self.lower <= x && x <= self.upper
    }
}

/// An effect of a treatment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Point estimate.
    pub estimate: f64,
    /// Standard error.
    pub se: f64,
    /// Degrees of freedom (Welch–Satterthwaite).
    pub df: f64,
    /// Units of randomisation: control, treatment.
    pub units: [u64; 2],
    /// The control's value, as observed.
    pub control: f64,
    /// The treatment's value, as observed (an adjusted estimate need not be the difference of the two).
    pub treatment: f64,
    /// Scale of estimate and standard error.
    pub scale: Scale,
}

impl Effect {
    /// Estimate over standard error.
    pub fn t(&self) -> f64 {
        self.t_against(0.0)
    }

    fn t_against(&self, null: f64) -> f64 {
        (self.estimate - null) / self.se
    }

    /// Two-sided p-value of no effect.
    pub fn p_value(&self) -> f64 {
        self.p_value_of(Side::Two, 0.0)
    }

    /// p-value of an effect of `null` (two-sided), of at most `null` (greater) or of at least `null` (less). With `null`
    /// at a margin this is the test of non-inferiority.
    pub fn p_value_of(&self, side: Side, null: f64) -> f64 {
        let t = self.t_against(null);
        match side {
            Side::Two => student::two_sided(t, self.df),
            Side::Greater => student::sf(t, self.df),
            Side::Less => student::sf(-t, self.df),
        }
    }

    /// Two-sided interval of coverage `1 - alpha`.
    pub fn interval(&self, alpha: f64) -> Interval {
        self.interval_of(Side::Two, alpha)
    }

    /// Interval of coverage `1 - alpha`, bounded on the side the test needs: below for greater, above for less.
    pub fn interval_of(&self, side: Side, alpha: f64) -> Interval {
        let reach = |p: f64| student::isf(p, self.df) * self.se;
        match side {
            Side::Two => {
                let width = reach(0.5 * alpha);
                Interval { lower: self.estimate - width, upper: self.estimate + width }
            }
            Side::Greater => Interval { lower: self.estimate - reach(alpha), upper: f64::INFINITY },
            Side::Less => Interval { lower: f64::NEG_INFINITY, upper: self.estimate + reach(alpha) },
        }
    }

    /// The same in another unit: an absolute effect per unit times the units a day is the effect per day.
    pub fn times(&self, factor: f64) -> Self {
        Self {
            estimate: self.estimate * factor,
            se: self.se * fabs(factor),
            control: self.control * factor,
            treatment: self.treatment * factor,
            ..*self
        }
    }

    /// Squared standard error.
    pub fn variance(&self) -> f64 {
        self.se * self.se
    }
}

/// The effect of `treatment` against `control`, adjusted for what was known before exposure where both have it.
pub fn compare(control: &Moments, treatment: &Moments, scale: Scale) -> Result<Effect, Refusal> {
    Contrast::of(control, treatment)?.effect(scale)
}

/// Satterthwaite's degrees of freedom of a sum of independent variance estimates, each with its own.
///
/// In shares of their sum, whose squares neither underflow nor overflow. NaN where all are zero.
pub(crate) fn satterthwaite(parts: &[(f64, f64)]) -> f64 {
    let sum: f64 = parts.iter().map(|part| part.0).sum();
    let spread = |(variance, df): &(f64, f64)| {
        let share = variance / sum;
        if share == 0.0 { 0.0 } else { share * share / df }
    };
    1.0 / parts.iter().map(spread).sum::<f64>()
}

/// Square root that refuses what no variance is.
pub(crate) fn error_of(variance: f64) -> Result<f64, Refusal> {
    if !variance.is_finite() {
        return Err(Refusal::NotFinite);
    }
    if variance > 0.0 { Ok(sqrt(variance)) } else { Err(Refusal::ZeroVariance) }
}
