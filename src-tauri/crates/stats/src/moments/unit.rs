//! Units as they come: added, taken away, changed, capped.

use serde::{Deserialize, Serialize};

use super::{Covariate, CovariateDenominator, Denominator, Mismatch, Moments, Table, cubes};

/// The quantities of one unit of randomisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its outcome, or numerator.
    pub outcome: f64,
    /// Its denominator, for ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<f64>,
    /// Its outcome before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre: Option<f64>,
    /// Its denominator before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_den: Option<f64>,
}

impl Unit {
    /// A unit of a mean or proportion.
    pub fn outcome(outcome: f64) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// A unit of a ratio.
    pub fn ratio(outcome: f64, den: f64) -> Self {
        Self { outcome, den: Some(den), ..Self::default() }
    }

    /// With what was known before exposure.
    pub fn with_pre(self, pre: f64) -> Self {
        Self { pre: Some(pre), ..self }
    }

    fn row(&self) -> [f64; Table::SIZE] {
        [self.outcome, self.den.unwrap_or(0.0), self.pre.unwrap_or(0.0), self.pre_den.unwrap_or(0.0)]
    }
}

/// Bounds of one unit's outcome. A cap must be fixed before the outcomes are seen, or taken from all arms together (never
/// per arm); it applies to the *unit's* whole outcome, so a stream of events needs the unit's running sum: the step is
/// then `change(old capped, new capped)`. Sums of uncapped outcomes cannot be capped afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cap {
    /// Outcomes below are raised to this.
    pub lower: f64,
    /// Outcomes above are lowered to this.
    pub upper: f64,
}

impl Cap {
    /// The outcome within the bounds; NaN stays NaN.
    pub fn apply(&self, outcome: f64) -> f64 {
        if outcome < self.lower {
            self.lower
        } else if outcome > self.upper {
            self.upper
        } else {
            outcome
        }
    }

    /// Bounds at the quantiles `low` and `high` (type 7) of the sorted outcomes of all arms together. `None` where there
    /// are none or the quantiles are not in order.
    pub fn at_quantiles(sorted: &[f64], low: f64, high: f64) -> Option<Self> {
        if sorted.is_empty() || !(0.0 <= low && low <= high && high <= 1.0) {
            return None;
        }
        let at = |q| crate::robust::quantile_sorted(sorted, q);
        Some(Self { lower: at(low), upper: at(high) })
    }
}

impl Moments {
    /// Counts one more unit. The first decides the shape; later ones are read as having it (what they lack is 0).
    pub fn add(&mut self, unit: &Unit) {
        if self.units == 0 {
            self.m3 = Some(0.0);
            self.den = unit.den.map(|_| Denominator::default());
            self.pre = unit.pre.map(|_| Covariate {
                den: unit.pre_den.map(|_| CovariateDenominator::default()),
                ..Covariate::default()
            });
        }
        let mut t = self.table();
        let (n, row) = (self.units as f64, unit.row());
        let off: [f64; Table::SIZE] = std::array::from_fn(|i| row[i] - t.mean[i]);
        for i in 0..Table::SIZE {
            t.mean[i] += off[i] / (n + 1.0);
            for j in 0..=i {
                t.set(i, j, t.products[i][j] + off[i] * off[j] * (n / (n + 1.0)));
            }
        }
        let m3 = self.m3.map(|m3| m3 + cubes([n, 1.0], [self.m2, 0.0], off[0]));
        *self = Self { m3, ..self.with_table(self.units + 1, &t) };
    }

    /// Takes away a unit that was counted.
    pub fn remove(&mut self, unit: &Unit) -> Result<(), Mismatch> {
        let mut part = Self { outcome: self.outcome, ..Self::default() };
        part.add(unit);
        *self = self.subtract(&part)?;
        Ok(())
    }

    /// A counted unit has another value now.
    pub fn change(&mut self, old: &Unit, new: &Unit) -> Result<(), Mismatch> {
        if self.units == 0 {
            return Err(Mismatch::Units);
        }
        let mut t = self.table();
        let (n, was, is) = (self.units as f64, old.row(), new.row());
        let before: [f64; Table::SIZE] = std::array::from_fn(|i| was[i] - t.mean[i]);
        let step: [f64; Table::SIZE] = std::array::from_fn(|i| is[i] - was[i]);
        for i in 0..Table::SIZE {
            for j in 0..=i {
                // c'c' - cc with c' = c + step, less the move of the mean.
                let moved = before[i] * step[j] + step[i] * before[j] + step[i] * step[j] * (1.0 - 1.0 / n);
                t.set(i, j, t.products[i][j] + moved);
            }
            t.products[i][i] = t.products[i][i].max(0.0);
        }
        // The mean moves by `s` for all: the cubes of those deviations, less the unit's, and its own.
        let (s, cube) = (step[0] / n, |x: f64| x * x * x);
        let m3 = self
            .m3
            .map(|m3| m3 - 3.0 * s * self.m2 - n * cube(s) + cube(before[0] + step[0] - s) - cube(before[0] - s));
        for (mean, step) in t.mean.iter_mut().zip(step) {
            *mean += step / n;
        }
        *self = Self { m3, ..self.with_table(self.units, &t) };
        Ok(())
    }
}
