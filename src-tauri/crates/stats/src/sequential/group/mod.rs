//! Group-sequential designs: a type I error spent over looks whose number and times are not fixed in advance.
//!
//! Lan & DeMets 1983; Jennison & Turnbull 2000, chapters 7 and 19. Time is the share of the planned size.

pub mod exits;
pub mod inference;
mod schedule;
pub mod spending;
mod walk;

use serde::{Deserialize, Serialize};

use super::Side;
pub use schedule::{Limits, Schedule, critical};
pub use spending::Spending;

/// Looks closer together than this share of the time are one: their statistics are the same but for noise.
pub const STEP_MIN: f64 = 1.0 / 1024.0;

/// Stops an experiment that will not show what it was planned for. Non-binding: going on nonetheless does not raise type I.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Futility {
    /// Type II error spent at the planned effect.
    pub beta: f64,
    /// How it is spent.
    pub spending: Spending,
    /// Expectation of the statistic at the planned size under the planned effect: `effect / se` then.
    pub drift: f64,
}

/// A group-sequential design.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupDesign {
    /// Type I error over all looks.
    pub alpha: f64,
    /// Which departures count.
    pub side: Side,
    /// How alpha is spent.
    pub spending: Spending,
    /// When to give up; `None` to never.
    pub futility: Option<Futility>,
    /// Effective size ([`super::size_of`]) at which everything is spent.
    pub size_max: f64,
}

impl GroupDesign {
    /// The default: two-sided, O'Brien-Fleming-like, never gives up by itself.
    pub fn two_sided(alpha: f64, size_max: f64) -> Self {
        Self { alpha, side: Side::Two, spending: Spending::ObrienFleming, futility: None, size_max }
    }
}
