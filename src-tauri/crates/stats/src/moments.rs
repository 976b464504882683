//! Central moments of the units of an arm, and their exact combination.
//!
//! A metric of an arm is known by these alone: how many units, their mean, and sums of squares and products of
//! *deviations*. Raw sums of squares are never kept, so a mean of a million with a standard deviation of one loses nothing.
//! Combining two parts gives the moments of the whole (Chan, Golub & LeVeque 1983), taking one away gives the other, and
//! one unit's change of value is one small step: analysing again costs the same after a day and after a year.
//!
//! | metric | outcome of a unit | also |
//! |---|---|---|
//! | proportion | 0 or 1 ([`Outcome::Binary`]) | |
//! | retention | 0 or 1; only units old enough to have been retained or not are counted | |
//! | mean, count per unit | sum or number of the unit's events, 0 for none | |
//! | ratio | numerator of the unit | `den`: its denominator |
//! | quantile of values of independent units | – | `quantile` |
//! | quantile of events, several per unit | how many of the unit's events are at or below the quantile | `quantile`, `den`: its events |
//! | capped, winsorised | the outcome after [`Cap::apply`] | a cap cannot be applied to moments, only to units |
//!
//! `pre` is the same quantity of the same units before their exposure, for variance reduction (CUPED).

use serde::{Deserialize, Serialize};

mod quantile;
mod sums;
mod table;
mod unit;

pub use quantile::QuantileAt;
pub use sums::{CovariateSums, DenominatorSums, Sums};
pub(crate) use table::Table;
pub use unit::{Cap, Unit};

/// What an outcome is, which decides how its variance is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Any number: sample variance, m2 / (n - 1).
    #[default]
    Number,
    /// 0 or 1: p (1 - p), and m2 / n for its covariate.
    Binary,
}

/// Sufficient statistics of one metric in one arm. Serialised as it stands; absent parts are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Units of randomisation.
    pub units: u64,
    /// Mean of the outcome.
    pub mean: f64,
    /// Sum of squared deviations from it.
    pub m2: f64,
    /// Sum of cubed deviations, where it is known: uneven splits of skewed outcomes need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m3: Option<f64>,
    /// What kind of number the outcome is.
    #[serde(default)]
    pub outcome: Outcome,
    /// Denominator of a ratio, or the number of events of a clustered quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<Denominator>,
    /// The same before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre: Option<Covariate>,
    /// The quantile, where the metric is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<QuantileAt>,
}

/// Moments of a denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Denominator {
    /// Mean.
    pub mean: f64,
    /// Sum of squared deviations.
    pub m2: f64,
    /// Sum of products of its deviations with the outcome's.
    pub with_outcome: f64,
}

/// Moments of the outcome before exposure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Covariate {
    /// Mean.
    pub mean: f64,
    /// Sum of squared deviations.
    pub m2: f64,
    /// Sum of products of its deviations with the outcome's.
    pub with_outcome: f64,
    /// Of ratios: with the denominator's.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub with_den: f64,
    /// Of ratios: the denominator before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<CovariateDenominator>,
}

/// Moments of a denominator before exposure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CovariateDenominator {
    /// Mean.
    pub mean: f64,
    /// Sum of squared deviations.
    pub m2: f64,
    /// Sum of products of its deviations with the outcome's.
    pub with_outcome: f64,
    /// With the denominator's.
    pub with_den: f64,
    /// With the covariate's.
    pub with_pre: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

/// Why moments cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// They are of different kinds of metric.
    Shape,
    /// The quantile of a whole does not follow from those of its parts.
    Quantile,
    /// The part has more units than the whole.
    Units,
    /// Sums that no units can have: not finite, shares outside of 0 to 1, or no units at all.
    Sums,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shape => "moments of different kinds of metric",
            Self::Quantile => "quantiles of parts do not give the quantile of the whole",
            Self::Units => "the part has more units than the whole",
            Self::Sums => "sums that no units can have",
        })
    }
}

impl std::error::Error for Mismatch {}

/// What cubed deviations gain when parts of `n` units, squared deviations `m2` and means `apart` (second less first) become
/// one.
fn cubes(n: [f64; 2], m2: [f64; 2], apart: f64) -> f64 {
    let all = n[0] + n[1];
    let share = n.map(|n| n / all);
    apart * (apart * apart * share[0] * share[1] * (n[0] - n[1]) + 3.0 * (share[0] * m2[1] - share[1] * m2[0]))
}

impl Moments {
    /// `hits` of `units`; exact. Retention is one: `units` are then those whose window is over.
    pub fn proportion(units: u64, hits: u64) -> Self {
        let n = units as f64;
        let p = if units == 0 { 0.0 } else { hits as f64 / n };
        let m2 = n * p * (1.0 - p);
        Self { units, mean: p, m2, m3: Some(m2 * (1.0 - 2.0 * p)), outcome: Outcome::Binary, ..Self::default() }
    }

    /// Moments of values, one per unit.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut whole = Self::default();
        for value in values {
            whole.add(&Unit::outcome(value));
        }
        whole
    }

    /// Moments of units. All have the shape of the first.
    pub fn of_units(units: impl IntoIterator<Item = Unit>) -> Self {
        let mut whole = Self::default();
        for unit in units {
            whole.add(&unit);
        }
        whole
    }

    /// Moments of both parts together; cubes by eq. 2.1 of Pébay (2008), "Formulas for robust, one-pass parallel computation
    /// of covariances and arbitrary-order statistical moments", SAND2008-6212.
    pub fn combine(&self, other: &Self) -> Result<Self, Mismatch> {
        if self.quantile.is_some() || other.quantile.is_some() {
            return Err(Mismatch::Quantile);
        }
        if self.units == 0 {
            return Ok(*other);
        }
        if other.units == 0 {
            return Ok(*self);
        }
        self.same_shape(other)?;
        let (a, b) = (self.table(), other.table());
        let (na, nb) = (self.units as f64, other.units as f64);
        let n = na + nb;
        let mut whole = Table::default();
        for i in 0..Table::SIZE {
            let di = b.mean[i] - a.mean[i];
            whole.mean[i] = if na >= nb { a.mean[i] + di * nb / n } else { b.mean[i] - di * na / n };
            for j in 0..=i {
                let dj = b.mean[j] - a.mean[j];
                whole.set(i, j, a.products[i][j] + b.products[i][j] + di * dj * (na / n) * nb);
            }
        }
        let m3 =
            self.m3.zip(other.m3).map(|(ma, mb)| ma + mb + cubes([na, nb], [self.m2, other.m2], b.mean[0] - a.mean[0]));
        Ok(Self { m3, ..self.with_table(self.units + other.units, &whole) })
    }

    /// What is left of this whole without `part`. Squares that rounding would take below zero are zero.
    pub fn subtract(&self, part: &Self) -> Result<Self, Mismatch> {
        if self.quantile.is_some() || part.quantile.is_some() {
            return Err(Mismatch::Quantile);
        }
        if part.units == 0 {
            return Ok(*self);
        }
        self.same_shape(part)?;
        let units = self.units.checked_sub(part.units).ok_or(Mismatch::Units)?;
        let mut rest = Table::default();
        if units == 0 {
            let m3 = self.m3.and(part.m3).map(|_| 0.0);
            return Ok(Self { m3, ..self.with_table(0, &rest) });
        }
        let cubed = self.m3.zip(part.m3);
        let (whole, part, np) = (self.table(), part.table(), part.units as f64);
        let (n, nr) = (self.units as f64, units as f64);
        for i in 0..Table::SIZE {
            rest.mean[i] = whole.mean[i] + (whole.mean[i] - part.mean[i]) * np / nr;
        }
        for i in 0..Table::SIZE {
            let di = rest.mean[i] - part.mean[i];
            for j in 0..=i {
                let dj = rest.mean[j] - part.mean[j];
                rest.set(i, j, whole.products[i][j] - part.products[i][j] - di * dj * (np / n) * nr);
            }
            rest.products[i][i] = rest.products[i][i].max(0.0);
        }
        let m2 = [rest.products[0][0], part.products[0][0]];
        let m3 = cubed.map(|(all, mp)| all - mp - cubes([nr, np], m2, part.mean[0] - rest.mean[0]));
        Ok(Self { m3, ..self.with_table(units, &rest) })
    }

    /// The same without what was known before exposure.
    pub fn without_pre(&self) -> Self {
        Self { pre: None, ..*self }
    }

    /// The covariate as a metric of its own: what the units were like before exposure.
    pub fn before(&self) -> Option<Self> {
        let pre = self.pre?;
        Some(Self {
            units: self.units,
            mean: pre.mean,
            m2: pre.m2,
            m3: None,
            outcome: if self.den.is_none() { self.outcome } else { Outcome::Number },
            den: pre.den.map(|e| Denominator { mean: e.mean, m2: e.m2, with_outcome: e.with_pre }),
            pre: None,
            quantile: None,
        })
    }

    /// The point estimate: mean, ratio of means, or quantile; NaN where it is not defined.
    pub fn value(&self) -> f64 {
        match (self.quantile, self.den) {
            (Some(at), _) => at.value,
            (None, Some(den)) if den.mean == 0.0 => f64::NAN,
            (None, Some(den)) => self.mean / den.mean,
            (None, None) if self.units == 0 => f64::NAN,
            (None, None) => self.mean,
        }
    }

    /// Whether the other describes the same kind of metric.
    pub(crate) fn same_shape(&self, other: &Self) -> Result<(), Mismatch> {
        let pre = |m: &Self| m.pre.map(|p| p.den.is_some());
        let at = |m: &Self| m.quantile.map(|at| at.q);
        let same = self.outcome == other.outcome
            && self.den.is_some() == other.den.is_some()
            && pre(self) == pre(other)
            && at(self) == at(other);
        if same { Ok(()) } else { Err(Mismatch::Shape) }
    }
}
