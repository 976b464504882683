//! A quantile with what its error follows from.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use super::{Moments, Unit};
use crate::robust::quantile_sorted;

/// A quantile of the pooled events of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileAt {
    /// Which one, between 0 and 1: 0.9 for the 90th percentile.
    pub q: f64,
    /// The quantile.
    pub value: f64,
    /// The quantile at `q - 1.96 sqrt(q (1 - q) / events)` …
    pub lower: f64,
    /// … and at `q` plus that: together they say how steep the distribution is there.
    pub upper: f64,
    /// Events pooled; the units themselves where each has one.
    pub events: u64,
}

/// 97.5 % point of the normal.
const Z: f64 = 1.959_963_984_540_054;

impl QuantileAt {
    /// Quantile `q` of sorted values (type 7). `None` where there are none or `q` is not inside (0, 1).
    pub fn of(sorted: &[f64], q: f64) -> Option<Self> {
        if sorted.is_empty() || !(q > 0.0 && q < 1.0) {
            return None;
        }
        let reach = Z * sqrt(q * (1.0 - q) / sorted.len() as f64);
        let at = |p: f64| quantile_sorted(sorted, p.clamp(0.0, 1.0));
        Some(Self { q, value: at(q), lower: at(q - reach), upper: at(q + reach), events: sorted.len() as u64 })
    }

    /// Variance of the quantile were its events independent: the squared half-width in standard errors, with Bessel's
    /// factor. `None` below the number of events at which the bounds would lie outside of the data.
    pub fn variance(&self) -> Option<f64> {
        let n = self.events as f64;
        let odds = self.q / (1.0 - self.q);
        if !(n > Z * Z * odds.max(1.0 / odds)) {
            return None;
        }
        let se = (self.upper - self.lower) / (2.0 * Z);
        Some(se * se * (n - 1.0) / n)
    }
}

impl Moments {
    /// A quantile of independent values.
    pub fn quantile(at: QuantileAt) -> Self {
        Self { units: at.events, quantile: Some(at), ..Self::default() }
    }

    /// A quantile of events that come several to a unit; `events` has one slice per unit. `None` where there are none.
    pub fn quantile_of_units(events: &[&[f64]], q: f64) -> Option<Self> {
        let mut pooled: Vec<f64> = events.iter().flat_map(|unit| unit.iter().copied()).collect();
        pooled.sort_unstable_by(f64::total_cmp);
        let at = QuantileAt::of(&pooled, q)?;
        let counts = events.iter().map(|unit| {
            let below = unit.iter().filter(|v| **v <= at.value).count();
            Unit::ratio(below as f64, unit.len() as f64)
        });
        Some(Self { quantile: Some(at), ..Self::of_units(counts) })
    }

    /// Variance of the quantile. With several events per unit it is widened by the design effect: the variance of the
    /// share of events at or below it, as a ratio of unit totals, over what independent events would give.
    pub(crate) fn quantile_variance(&self, at: &QuantileAt) -> Option<f64> {
        let independent = at.variance()?;
        let Some(den) = self.den else { return Some(independent) };
        if self.units < 2 || !(den.mean > 0.0) {
            return None;
        }
        let share = self.mean / den.mean;
        let n = self.units as f64;
        let clustered =
            (self.m2 - 2.0 * share * den.with_outcome + share * share * den.m2) / ((n - 1.0) * n * den.mean * den.mean);
        Some(independent * clustered / (at.q * (1.0 - at.q) / at.events as f64))
    }
}
