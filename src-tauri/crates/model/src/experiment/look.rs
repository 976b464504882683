//! What the store counted at one look: sufficient statistics, never raw events.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Millis;

/// Central moments of one arm's units for one metric: means, sums of squared deviations (`m2`) and sums of products of
/// deviations (`with_…`), computed from exact sums, so that a mean much larger than its spread loses no digits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Moments {
    /// Units.
    pub units: u64,
    /// Mean per unit: of the outcome, or of a ratio's numerator.
    pub mean: f64,
    pub m2: f64,
    /// Sum of cubed deviations of the outcome; `None` of ratios and quantiles, and where values lie too far apart for it to be
    /// exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m3: Option<f64>,
    /// A ratio's denominator per unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<Denominator>,
    /// The same before the first exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre: Option<Covariate>,
    /// For quantiles: `mean` and `m2` are of the number of values at or below it per unit, `den` of the number of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<QuantileAt>,
}

/// The denominator of a ratio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Denominator {
    pub mean: f64,
    pub m2: f64,
    /// With the numerator.
    pub with_outcome: f64,
}

/// What a unit did before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Covariate {
    pub mean: f64,
    pub m2: f64,
    /// With the outcome (or the numerator).
    pub with_outcome: f64,
    /// With the denominator; 0 where there is none.
    pub with_den: f64,
    /// The denominator before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<PreDenominator>,
}

/// A ratio's denominator before the first exposure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct PreDenominator {
    pub mean: f64,
    pub m2: f64,
    /// With the numerator before.
    pub with_pre: f64,
    /// With the numerator.
    pub with_outcome: f64,
    /// With the denominator.
    pub with_den: f64,
}

/// A quantile of the values of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct QuantileAt {
    pub q: f64,
    pub value: f64,
    /// Values at the ranks `q ± 1.96 sqrt(q (1 - q) / n)`: they give the density at the quantile.
    pub lower: f64,
    pub upper: f64,
    /// Values.
    pub values: u64,
}

/// One metric of a look: per arm, in the order of the experiment's arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricSums {
    pub metric: String,
    pub arms: Vec<Moments>,
    /// The same per value of a segment at first exposure, largest first, at most 10 values per segment.
    pub segments: Vec<SegmentSums>,
}

/// One metric within one segment value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SegmentSums {
    pub segment: String,
    pub value: String,
    pub arms: Vec<Moments>,
}

/// Units of a slice by arm: for finding what explains a wrong split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SliceCount {
    /// A segment's name, `$lib` (SDK and version), `day`.
    pub dimension: String,
    pub value: String,
    pub units: Vec<u64>,
}

/// New units of one day by arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayCount {
    /// First instant of the day in the business's timezone.
    pub day: Millis,
    pub units: Vec<u64>,
}

/// What can be wrong with the data of an experiment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Health {
    /// Units that were seen in two arms; they are not counted.
    pub mixed_units: u64,
    /// Exposures that name no arm of the experiment.
    pub unknown_arms: u64,
    /// Exposures before the experiment started.
    pub before_start: u64,
    /// Time of the newest exposure and of the newest event of any metric in it; 0 for none.
    pub newest_exposure: Millis,
    pub newest_outcome: Millis,
    /// Counts by slice, at most 200.
    pub slices: Vec<SliceCount>,
    /// New units per day, oldest first, at most 400.
    pub days: Vec<DayCount>,
}

/// Everything the engine is told of an experiment at one look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Look {
    /// The experiment's key.
    pub experiment: String,
    /// Data up to this instant.
    pub at: Millis,
    /// Units per arm, in the order of the arms.
    pub units: Vec<u64>,
    pub metrics: Vec<MetricSums>,
    pub health: Health,
    /// Units in each of my arms and another running experiment's arms, for interactions: the other's key, then for each of my arms the
    /// primary metric's moments per arm of the other.
    pub crossed: Vec<(String, Vec<Vec<Moments>>)>,
}
