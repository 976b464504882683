//! What `ras analyze` reads.

use std::collections::BTreeMap;

use epoch_stats::moments::{Covariate, CovariateSums, Denominator, DenominatorSums, Mismatch, Moments, Outcome, Sums};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Version;

/// An experiment as sums: units per arm, and sums per metric and arm.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras analyze: input")]
pub(crate) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// How it is decided.
    #[serde(default)]
    pub(super) design: Design,
    /// False alarms accepted, over all goals and arms.
    #[serde(default = "five_percent")]
    pub(super) alpha: f64,
    /// The scale of effects.
    #[serde(default)]
    pub(super) scale: Scale,
    /// How goals and arms share alpha. Guardrails do not share it.
    #[serde(default)]
    pub(super) correction: Correction,
    /// What was believed of effects before, for the chance to win; nothing if absent.
    pub(super) prior: Option<Prior>,
    /// Adjust for what was known before exposure, where sums have a `covariate`.
    #[serde(default = "yes")]
    pub(super) cuped: bool,
    /// p-value below which the arms' sizes are off and nothing is decided.
    #[serde(default = "strict")]
    pub(super) srm_alpha: f64,
    /// The arms; the first is the control.
    pub(super) arms: Vec<Arm>,
    /// The metrics; the first that is no guardrail decides.
    pub(super) metrics: Vec<Metric>,
}

fn five_percent() -> f64 {
    0.05
}
fn strict() -> f64 {
    0.001
}
fn yes() -> bool {
    true
}
fn one() -> f64 {
    1.0
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Design {
    /// One look at the end.
    Fixed {
        /// Units of all arms together at the end; absent: this is the end.
        planned_units: Option<f64>,
    },
    /// Alpha spending over looks.
    GroupSequential {
        /// Units of all arms together at which everything is spent.
        planned_units: f64,
        /// Earlier looks, as shares of the planned size, in order.
        #[serde(default)]
        looks: Vec<f64>,
        #[serde(default)]
        spending: Spending,
        /// The experiment ends now for reasons that have nothing to do with its effect: what is left is spent.
        #[serde(default)]
        last: bool,
    },
    /// Valid at any time.
    ConfidenceSequence {
        /// Units of all arms together at which the interval is to be narrowest.
        planned_units: f64,
    },
    /// Chance to win and expected loss only: no rule for stopping, so nothing is decided.
    Bayes {},
}

impl Default for Design {
    fn default() -> Self {
        Self::Fixed { planned_units: None }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Spending {
    #[default]
    ObrienFleming,
    Pocock,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scale {
    /// As a share of the control's value: 0.05 is 5 % more.
    #[default]
    Relative,
    /// In the metric's unit.
    Absolute,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Correction {
    None,
    Bonferroni,
    #[default]
    Holm,
    Hommel,
    BenjaminiHochberg,
    BenjaminiYekutieli,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Prior {
    /// Mean of true effects.
    pub(super) mean: f64,
    /// Their standard deviation.
    pub(super) sd: f64,
    /// The scale of both.
    #[serde(default)]
    pub(super) scale: Scale,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arm {
    pub(super) key: String,
    /// The share it was meant to get, on any scale.
    #[serde(default = "one")]
    pub(super) weight: f64,
    /// Units exposed; those of the first metric if absent.
    pub(super) units: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    pub(super) key: String,
    /// Less is better: costs, times, refunds.
    #[serde(default)]
    pub(super) lower_is_better: bool,
    /// Must not get worse; tested on that side only, at alpha of its own.
    #[serde(default)]
    pub(super) guardrail: bool,
    /// Raw sums by arm. Either these or `moments`.
    #[serde(default)]
    pub(super) sums: BTreeMap<String, ArmSums>,
    /// Means and variances by arm. Where means are far above the spread, sums lose digits and these do not.
    #[serde(default)]
    pub(super) moments: BTreeMap<String, ArmMoments>,
}

/// Raw sums over the units of an arm.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmSums {
    units: u64,
    /// Of outcomes; of a proportion, how many have it.
    sum: f64,
    /// Of their squares; left out where the outcome is 0 or 1.
    sum_squares: Option<f64>,
    /// Of a ratio.
    denominator: Option<PartSums>,
    /// The outcome before exposure.
    covariate: Option<BeforeSums>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartSums {
    sum: f64,
    sum_squares: f64,
    /// Of products with the outcome.
    sum_products: f64,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BeforeSums {
    sum: f64,
    /// Left out where it is 0 or 1.
    sum_squares: Option<f64>,
    /// Of products with the outcome.
    sum_products: f64,
    /// Of ratios: of products with the denominator.
    #[serde(default)]
    sum_products_denominator: f64,
    /// Of ratios: the denominator before exposure.
    denominator: Option<BeforePartSums>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BeforePartSums {
    sum: f64,
    sum_squares: f64,
    /// Of products with the outcome.
    sum_products: f64,
    /// Of products with the denominator.
    sum_products_denominator: f64,
    /// Of products with the covariate.
    sum_products_covariate: f64,
}

/// Mean and variance over the units of an arm.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmMoments {
    units: u64,
    mean: f64,
    /// Of a unit, with n - 1; left out where the outcome is 0 or 1.
    variance: Option<f64>,
    /// Of a ratio.
    denominator: Option<PartMoments>,
    /// The outcome before exposure (not with a denominator: use sums).
    covariate: Option<PartMoments>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartMoments {
    mean: f64,
    variance: f64,
    /// With the outcome.
    covariance: f64,
}

impl ArmSums {
    pub(super) fn moments(&self) -> Result<Moments, Mismatch> {
        let part = |p: PartSums| DenominatorSums { sum: p.sum, squares: p.sum_squares, with_outcome: p.sum_products };
        let pre = self.covariate.map(|c| CovariateSums {
            sum: c.sum,
            squares: c.sum_squares,
            with_outcome: c.sum_products,
            with_den: c.sum_products_denominator,
            den: c.denominator.map(|d| DenominatorSums {
                sum: d.sum,
                squares: d.sum_squares,
                with_outcome: d.sum_products,
            }),
            den_with_den: c.denominator.map_or(0.0, |d| d.sum_products_denominator),
            den_with_pre: c.denominator.map_or(0.0, |d| d.sum_products_covariate),
        });
        Sums { units: self.units, sum: self.sum, squares: self.sum_squares, den: self.denominator.map(part), pre }
            .moments()
    }
}

impl ArmMoments {
    pub(super) fn moments(&self) -> Result<Moments, Mismatch> {
        let free = self.units.saturating_sub(1) as f64;
        let n = self.units as f64;
        let sound =
            self.variance.is_none_or(|v| v >= 0.0) && (self.variance.is_some() || (0.0..=1.0).contains(&self.mean));
        let twice = self.denominator.is_some() && self.covariate.is_some();
        if !sound || twice {
            return Err(if twice { Mismatch::Shape } else { Mismatch::Sums });
        }
        Ok(Moments {
            units: self.units,
            mean: self.mean,
            m2: self.variance.map_or(n * self.mean * (1.0 - self.mean), |v| v * free),
            outcome: if self.variance.is_none() { Outcome::Binary } else { Outcome::Number },
            den: self.denominator.map(|d| Denominator {
                mean: d.mean,
                m2: d.variance * free,
                with_outcome: d.covariance * free,
            }),
            pre: self.covariate.map(|c| Covariate {
                mean: c.mean,
                m2: c.variance * free,
                with_outcome: c.covariance * free,
                ..Covariate::default()
            }),
            quantile: None,
        })
    }
}
