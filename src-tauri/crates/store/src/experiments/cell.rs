//! One metric of one arm within one scope: what units added.

use std::collections::BTreeMap;

use epoch_model::experiment::Moments;
use epoch_model::time::{HOUR, Millis};

use super::metric::MetricPlan;
use super::moments;
use super::sums::{Sums, Vars};
use super::values::Values;

/// What a unit adds to a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    Sums(Vars),
    /// Its values' bins, in order.
    Bins(Vec<i32>),
}

/// What is kept of one metric in one arm of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Sums(Sums),
    /// By hour of the first exposure, with the number of units: who is old enough depends on when one looks.
    Hours(BTreeMap<Millis, (u64, Sums)>),
    Values(Values),
}

impl Cell {
    pub fn new(metric: &MetricPlan) -> Self {
        if metric.quantile.is_some() {
            Self::Values(Values::default())
        } else if metric.returns.is_some() {
            Self::Hours(BTreeMap::new())
        } else {
            Self::Sums(Sums::new(metric.shape))
        }
    }

    /// Takes a unit that was first exposed at `first` in, or out again.
    pub fn put(&mut self, metric: &MetricPlan, first: Millis, share: &Share, out: bool) {
        match (self, share) {
            (Self::Sums(sums), Share::Sums(vars)) => sums.add(vars, out),
            (Self::Hours(hours), Share::Sums(vars)) => {
                let hour = first.div_euclid(HOUR);
                let (units, sums) = hours.entry(hour).or_insert_with(|| (0, Sums::new(metric.shape)));
                sums.add(vars, out);
                *units = if out { units.wrapping_sub(1) } else { units.wrapping_add(1) };
                if *units == 0 {
                    hours.remove(&hour);
                }
            }
            (Self::Values(values), Share::Bins(bins)) => values.add(bins, out),
            _ => {}
        }
    }

    /// As it is told; `units` are all of the arm.
    pub fn read(&self, metric: &MetricPlan, units: u64, at: Millis) -> Moments {
        match self {
            Self::Sums(sums) => moments::of(metric.shape, units, sums),
            Self::Hours(hours) => {
                let (mut old, mut all) = (0, Sums::new(metric.shape));
                let wait = metric.returns.map_or(0, |(after, within)| after.saturating_add(within));
                for (_, (units, sums)) in hours.iter().take_while(|(hour, _)| is_old(**hour, wait, at)) {
                    old += units;
                    all.join(sums);
                }
                moments::of(metric.shape, old, &all)
            }
            Self::Values(values) => values.moments(units, metric.quantile.unwrap_or_default()),
        }
    }
}

/// Whether all units of an hour had their time to come back.
fn is_old(hour: Millis, wait: Millis, at: Millis) -> bool {
    (hour + 1).saturating_mul(HOUR).saturating_add(wait) <= at
}
