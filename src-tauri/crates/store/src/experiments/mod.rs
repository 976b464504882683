//! Experiments: what the engine concluded of them ([`kept`]), and what the events say of them, kept up to date event by event.
//!
//! Meanings:
//! - a unit is a person (linked ids are one), or a group's key where the experiment has a group type; who is nobody is no unit;
//! - an exposure counts from `from` (included) to `until` (not included). The unit's first one is its start, gives its segment
//!   values (of two in one millisecond that with the lesser ones), and an arm; a unit exposed to two arms counts in none;
//! - an outcome counts from the start on (its instant included), up to the end of the window where the metric has one (its end
//!   included): the sum of the values, or the number of events; for proportions and distinct units whether there was any;
//! - the covariate is the same over the days before the start, which does not belong to it;
//! - retention counts units whose time to come back is over, by hours of UTC: an hour's units when the last of them is;
//! - a quantile takes the earliest 1,000 values of a unit, in bins of 1 % with a straight line within a bin;
//! - values are kept with nine decimals, sums are exact: the order of arrival changes nothing, and what is taken back leaves
//!   nothing. The first 1,000 values of a segment, in the order of the log, are kept apart.
//!
//! Costs: an event costs what its unit's experiments that listen to it cost, a few sums each; nothing is searched. An
//! exposure that turns out to be earlier, and two units that become one, are counted anew from what is remembered of them:
//! 16 bytes per event that feeds a metric, from the earliest covariate on.
//!
//! What is in memory follows from the log alone, so that it is counted from the log when the experiments are named
//! ([`crate::Store::track`]): blocks of other times are not read.

mod book;
mod build;
mod cell;
mod counter;
mod event;
pub mod kept;
mod look;
mod metric;
mod moments;
mod plan;
mod scope;
mod sums;
mod tracked;
mod unit;
mod values;

pub use build::{PilotAsked, catch_up, pilot};
pub use counter::Counter;
pub use plan::{Mode, Plan};
pub use tracked::Tracked;
