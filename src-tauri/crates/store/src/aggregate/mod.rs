//! Metrics kept up to date event by event, in memory: pure, no IO.
//!
//! A [`Plan`] says what each event changes; [`Aggregates`] hold, per metric, scope (the whole, or one segment value) and
//! bucket, what the metric is computed from: counts, exact sums, sets of units or values, histograms. Everything is exact
//! under any order of arrival but which segment values come too late to be kept apart (the first 1,000 are), and
//! quantiles, which are within 0.5 %.
//!
//! Meanings:
//! - a unit is counted only when it is known (unit 0 is not), a distinct property only when it is there;
//! - a value that is no number counts as missing and adds nothing, nor does one beyond ±1e20;
//! - a conversion counts a unit of the bucket when any of its starts there is followed within the window, the window's end
//!   included; it belongs to the segments of the start;
//! - retention counts a unit in the bucket of its first start ever, in the segments of that start;
//! - a quantile is the value of rank `floor(q (n - 1))`;
//! - units that were linked count as one person, in the past, too: [`Aggregates::link`].
//!
//! Knows nothing of SQLite; records are bytes for somebody else to keep.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "bit patterns, and values whose range is checked before"
)]

mod apply;
mod calendar;
mod cell;
mod changes;
mod checkpoint;
mod flat;
mod hash;
mod histogram;
mod join;
mod people;
mod plan;
mod read;
mod record;
mod scan;
mod scope;
mod units;

use std::sync::Arc;

pub(crate) use apply::words;
pub(crate) use calendar::Calendar;
pub(crate) use cell::{bin, bin_edges, fixed};
pub(crate) use hash::{Dictionary, Map, identity};
pub(crate) use people::People;
pub use plan::Plan;
pub(crate) use scan::Wanted;
pub(crate) use scope::OTHER;
use scope::{Dimension, MetricState};

/// All rollups of one business.
#[derive(Debug)]
pub struct Aggregates {
    plan: Arc<Plan>,
    calendar: Calendar,
    metrics: Vec<MetricState>,
    people: People,
    dictionaries: Vec<Dictionary>,
    dimensions: Vec<Dimension>,
    /// Whether the head record is kept, or belongs to the checkpoint under way.
    headed: bool,
    head_frozen: bool,
    scratch: apply::Scratch,
}

impl Aggregates {
    /// Empty ones.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            calendar: Calendar::new(plan.zone.clone()),
            metrics: plan.metrics.iter().map(MetricState::new).collect(),
            people: People::default(),
            dictionaries: plan.dictionaries.iter().map(|_| Dictionary::default()).collect(),
            dimensions: plan.dimensions.iter().map(|_| Dimension::default()).collect(),
            headed: false,
            head_frozen: false,
            scratch: apply::Scratch::default(),
            plan,
        }
    }

    /// Goes on under another plan of the same fingerprint.
    pub(crate) fn follow(&mut self, plan: Arc<Plan>) {
        debug_assert_eq!(self.plan.fingerprint(), plan.fingerprint(), "records of another plan are others");
        self.plan = plan;
    }
}
