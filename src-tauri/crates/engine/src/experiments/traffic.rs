//! How many units may be counted on, and how many days that makes, with what is not known of it.

use epoch_model::experiment::Days;

/// z of the 90 % point.
const Z90: f64 = 1.281_551_565_544_600_4;

/// New units per day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Traffic {
    pub per_day: f64,
    /// Standard deviation of one day.
    pub sd: f64,
    /// Days it was seen on.
    pub days: f64,
}

impl Traffic {
    /// From new units per day, oldest first. In the first days of any range everybody is new, so where there are two weeks
    /// or more the earlier half is left out; whole weeks are taken, because weekdays differ.
    pub(crate) fn of(new_units: &[u64]) -> Self {
        let half = if new_units.len() >= 14 { new_units.len() / 2 } else { 0 };
        let kept = new_units.get(half..).unwrap_or_default();
        let weeks = kept.len() / 7 * 7;
        let recent = if weeks >= 7 { kept.get(kept.len().saturating_sub(weeks)..).unwrap_or_default() } else { kept };
        let n = recent.len() as f64;
        if recent.is_empty() {
            return Self { per_day: 0.0, sd: 0.0, days: 0.0 };
        }
        let mean = recent.iter().map(|u| *u as f64).sum::<f64>() / n;
        let squares: f64 = recent.iter().map(|u| (*u as f64 - mean).powi(2)).sum();
        // No series of days is steadier than chance.
        let sd = (squares / (n - 1.0).max(1.0)).sqrt().max(mean.sqrt());
        Self { per_day: mean, sd, days: n }
    }

    /// The same for a share of them.
    pub(crate) fn times(self, share: f64) -> Self {
        Self { per_day: self.per_day * share, sd: (self.sd * share).max((self.per_day * share).sqrt()), ..self }
    }

    /// Days until so many units have come.
    pub(crate) fn days_for(self, units: f64) -> Days {
        if !(self.per_day > 0.0) {
            return Days { p10: f64::INFINITY, p50: f64::INFINITY, p90: f64::INFINITY };
        }
        let days = units / self.per_day;
        // What is not known of the mean, and the luck of the days to come.
        let error = self.sd / self.per_day * (1.0 / self.days.max(1.0) + 1.0 / days.max(1.0)).sqrt();
        let reach = Z90 * error.min(0.7);
        Days { p10: days / (1.0 + reach), p50: days, p90: days / (1.0 - reach).max(0.1) }
    }
}
