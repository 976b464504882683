//! One metric of an experiment: which events of a unit count, and what they make of it.

use epoch_model::time::Millis;

use super::sums::{Shape, VARS, Vars};
use super::unit::{History, Totals};
use crate::aggregate::{bin, fixed};

/// Values of a unit that a quantile takes: the earliest ones.
const VALUES_MAX: usize = 1000;
/// One in fixed point.
const ONE: i128 = 1_000_000_000;

/// A metric said of one unit: which sums make it, over which time.
#[derive(Debug)]
pub struct MetricPlan {
    pub key: String,
    pub shape: Shape,
    pub outcome: Part,
    pub den: Option<Part>,
    /// Comes back between `after` and `after + within`.
    pub returns: Option<(Millis, Millis)>,
    pub quantile: Option<f64>,
}

/// One side of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub measure: u32,
    /// Events are counted; else their values are summed.
    pub counts: bool,
    /// Only whether there is something counts.
    pub any: bool,
    /// What a unit's total counts at most.
    pub cap: Option<i128>,
    /// Only events up to this long after the first exposure.
    pub window: Option<Millis>,
}

impl Part {
    /// What an event adds, with nine decimals; `None` where it has no value.
    pub fn amount(&self, value: f64) -> Option<i128> {
        if self.counts { Some(ONE) } else { fixed(value) }
    }
}

/// Where an event stands to a unit's first exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

impl MetricPlan {
    /// The times, both included, in which events count on a side; `None` where none do.
    pub fn span(&self, part: &Part, first: Millis, side: Side, covariate: Millis) -> Option<(Millis, Millis)> {
        match (side, self.returns) {
            (Side::Before, _) => (covariate > 0).then(|| (first.saturating_sub(covariate), first.saturating_sub(1))),
            (Side::After, Some((after, within))) => {
                let from = first.saturating_add(after);
                Some((from, from.saturating_add(within)))
            }
            (Side::After, None) => Some((first, part.window.map_or(Millis::MAX, |w| first.saturating_add(w)))),
        }
    }

    /// The denominator, or the outcome.
    pub fn part(&self, den: bool) -> &Part {
        match &self.den {
            Some(part) if den => part,
            _ => &self.outcome,
        }
    }

    /// On which side of a unit's first exposure an event counts, if it does.
    pub fn side(&self, den: bool, first: Millis, covariate: Millis, time: Millis) -> Option<Side> {
        let side = if time < first { Side::Before } else { Side::After };
        let (from, to) = self.span(self.part(den), first, side, covariate)?;
        (from <= time && time <= to).then_some(side)
    }

    /// What a unit with these totals adds.
    pub fn vars(&self, totals: &Totals) -> Vars {
        let one = |part: &Part, total: i128| {
            let total = if part.any { i128::from(total > 0) * ONE } else { total };
            part.cap.map_or(total, |cap| total.min(cap))
        };
        let mut vars = [0; VARS];
        vars[0] = one(&self.outcome, totals.outcome);
        if let Some(den) = &self.den {
            vars[1] = one(den, totals.den);
        }
        if self.shape.before {
            vars[self.shape.pre()] = one(&self.outcome, totals.pre);
            if let Some(den) = &self.den {
                vars[self.shape.pre() + 1] = one(den, totals.pre_den);
            }
        }
        vars
    }

    /// For a quantile: the bins of a unit's values, in order.
    pub fn bins<'h>(&self, first: Millis, history: impl Fn(u32) -> Option<&'h History>) -> Vec<i32> {
        let Some((from, to)) = self.span(&self.outcome, first, Side::After, 0) else { return Vec::new() };
        let points = history(self.outcome.measure).map(|h| h.within(from, to)).unwrap_or_default();
        let mut bins: Vec<i32> = points.iter().filter_map(|p| bin(p.value)).take(VALUES_MAX).collect();
        bins.sort_unstable();
        bins
    }
}
