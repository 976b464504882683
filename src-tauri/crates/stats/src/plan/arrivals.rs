//! How long a number of units takes at the measured traffic.

use libm::{fabs, sqrt};
use serde::{Deserialize, Serialize};

use crate::student;

/// New units per day, as measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Mean per day.
    pub per_day: f64,
    /// Long-run variance of a day: the variance of many days' sum, per day.
    pub variance: f64,
    /// Days measured.
    pub days: f64,
}

/// Days until something, with uncertainty. Infinite where it may never come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Days {
    /// Fewer in one case of ten.
    pub p10: f64,
    /// Fewer in half of the cases.
    pub p50: f64,
    /// More in one case of ten.
    pub p90: f64,
}

impl Arrivals {
    /// From recent daily counts of new units, oldest first, without gaps. With three weeks and more the pattern of the week
    /// is taken out, since whole weeks average it away; what is left, and how it hangs together from day to day, is noise.
    pub fn of(counts: &[f64]) -> Self {
        let n = counts.len() as f64;
        if counts.is_empty() {
            return Self { per_day: 0.0, variance: 0.0, days: 0.0 };
        }
        let mean = counts.iter().sum::<f64>() / n;
        let seasons = if counts.len() >= 21 { 7 } else { 1 };
        let mut level = [0.0; 7];
        let mut seen = [0.0; 7];
        for (i, count) in counts.iter().enumerate() {
            level[i % seasons] += count;
            seen[i % seasons] += 1.0;
        }
        let rest: Vec<f64> =
            counts.iter().enumerate().map(|(i, c)| c - level[i % seasons] / seen[i % seasons]).collect();
        let free = n - seasons as f64;
        let noise = if free > 0.0 { rest.iter().map(|r| r * r).sum::<f64>() / free } else { 0.0 };
        let lagged: f64 = rest.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / free.max(1.0);
        let echo = if noise > 0.0 { (lagged / noise).clamp(0.0, 0.8) } else { 0.0 };
        // At least as noisy as independent arrivals.
        Self { per_day: mean, variance: (noise * (1.0 + echo) / (1.0 - echo)).max(mean), days: n }
    }

    /// Days until `units` have come and `wait` more days have passed (until the last unit's outcome is known). The sum of
    /// `d` days has mean `d m` and variance `d v + d^2 v / n`: of the days, and of the mean known from `n` days only.
    pub fn days(&self, units: f64, wait: f64) -> Days {
        let t = if self.days >= 2.0 { student::isf(0.1, self.days - 1.0) } else { 3.08 };
        let at = |t: f64| wait + self.first(units, t);
        Days { p10: at(t), p50: at(0.0), p90: at(-t) }
    }

    /// Units that have come after `days` in half of the cases.
    pub fn units(&self, days: f64) -> f64 {
        self.per_day * days.max(0.0)
    }

    /// The smallest `d` with `d m + t sqrt(d v + d^2 v / n) >= units`; infinite if there is none.
    fn first(&self, units: f64, t: f64) -> f64 {
        if !(self.per_day > 0.0 && units.is_finite()) {
            return f64::INFINITY;
        }
        let come = |d: f64| d * self.per_day + t * sqrt(d * self.variance + d * d * self.variance / self.days);
        let mut high = 1.0;
        while come(high) < units {
            high *= 2.0;
            if high > 1e7 {
                return f64::INFINITY;
            }
        }
        let mut low = 0.0;
        while fabs(high - low) > 1e-6 * high {
            let middle = 0.5 * (low + high);
            if come(middle) < units {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}
