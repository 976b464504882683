//! How many units may be counted on, and how many days that makes, with what is not known of it.

use epoch_model::experiment::Days;
use epoch_stats::plan::Arrivals;

/// Longest time that is told; beyond it nobody waits.
const DAYS_TOLD: f64 = 36_500.0;

/// New units per day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Traffic {
    pub per_day: f64,
    arrivals: Arrivals,
}

impl Traffic {
    /// From new units per day, oldest first. In the first days of any range everybody is new, so where there are two weeks
    /// or more the earlier half is left out; whole weeks are taken, because weekdays differ.
    pub(crate) fn of(new_units: &[u64]) -> Self {
        let half = if new_units.len() >= 14 { new_units.len() / 2 } else { 0 };
        let kept = new_units.get(half..).unwrap_or_default();
        let weeks = kept.len() / 7 * 7;
        let recent = if weeks >= 7 { kept.get(kept.len().saturating_sub(weeks)..).unwrap_or_default() } else { kept };
        let counts: Vec<f64> = recent.iter().map(|u| *u as f64).collect();
        let arrivals = Arrivals::of(&counts);
        Self { per_day: arrivals.per_day, arrivals }
    }

    /// So many a day, as if they came by chance.
    pub(crate) fn steady(per_day: f64, days: f64) -> Self {
        Self { per_day, arrivals: Arrivals { per_day, variance: per_day, days: days.max(1.0) } }
    }

    /// The same for a share of them.
    pub(crate) fn times(self, share: f64) -> Self {
        let per_day = self.per_day * share;
        let variance = (self.arrivals.variance * share * share).max(per_day);
        Self { per_day, arrivals: Arrivals { per_day, variance, ..self.arrivals } }
    }

    /// Days until so many units have come.
    pub(crate) fn days_for(self, units: f64) -> Days {
        let days = self.arrivals.days(units, 0.0);
        let told = |d: f64| if d.is_finite() { d.min(DAYS_TOLD) } else { DAYS_TOLD };
        Days { p10: told(days.p10), p50: told(days.p50), p90: told(days.p90) }
    }
}
