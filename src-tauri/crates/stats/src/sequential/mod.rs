//! Designs that may be looked at more than once: group-sequential, confidence sequences, betting, mSPRT.
//!
//! A design is data and knows no metric. What is known at a look comes as a [`Look`]; [`monitor::Monitor`] answers with a
//! [`Reading`], the same for all designs.

pub mod asymptotic;
pub mod betting;
pub mod group;
pub mod mixture;
pub mod monitor;
pub mod msprt;
pub mod statistic;
pub mod trial;

use serde::{Deserialize, Serialize};

use crate::compare::Effect;

pub use asymptotic::AsymptoticDesign;
pub use group::GroupDesign;
pub use monitor::Monitor;
pub use msprt::MsprtDesign;

/// Which departures from no effect count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Both; alpha is shared equally.
    Two,
    /// Only that the treatment's number is higher.
    Greater,
    /// Only that the treatment's number is lower.
    Less,
}

/// What is known when an experiment is looked at, one metric and one arm against its control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The effect so far: treatment minus control, absolute or relative.
    pub estimate: f64,
    /// Its standard error, in the same unit.
    pub se: f64,
    /// The statistic on the normal scale, positive where the treatment's number is higher: see [`statistic`].
    pub z: f64,
    /// Units so far, control and treatment.
    pub units: [f64; 2],
    /// Units with an event so far in both arms together, for metrics of rare events; `None` where the metric has none.
    pub events: Option<f64>,
    /// Skewness of the estimate, from [`statistic::z_of_means`] or [`statistic::z_of_proportions`]; `None` where it is not
    /// known or plays no part (even splits).
    pub skewness: Option<f64>,
}

impl Look {
    /// From a compared effect: its t on the normal scale. For proportions put [`statistic::z_of_proportions`] in its place,
    /// for means of an uneven split [`statistic::z_of_means`]: `z` (and `skewness`) may be set afterwards.
    pub fn of(effect: &Effect, events: Option<f64>) -> Self {
        Self {
            estimate: effect.estimate,
            se: effect.se,
            z: statistic::z_of_t(effect.t(), effect.df),
            units: effect.units.map(|n| n as f64),
            events,
            skewness: None,
        }
    }

    /// `1 / (1/n0 + 1/n1)`: what the information of a difference grows with, whatever the split. Zero with an empty arm.
    pub fn size(&self) -> f64 {
        size_of(self.units)
    }
}

/// The effective size of a comparison, `1 / (1/n0 + 1/n1)`; zero with an empty arm.
pub fn size_of(units: [f64; 2]) -> f64 {
    if units[0] > 0.0 && units[1] > 0.0 { 1.0 / (1.0 / units[0] + 1.0 / units[1]) } else { 0.0 }
}

/// The effects that lie within `c` normal deviates of the estimate, its skewness accounted for; infinite on the untested
/// side.
pub fn interval(look: &Look, c: f64, side: Side) -> [f64; 2] {
    let end = |c: f64| look.estimate - statistic::errors_of(c, look.skewness.unwrap_or(0.0)) * look.se;
    let low = if side == Side::Less { f64::NEG_INFINITY } else { end(c) };
    let high = if side == Side::Greater { f64::INFINITY } else { end(-c) };
    [low, high]
}

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Too few units or events for the statistic's distribution to be trusted; nothing was spent.
    TooEarly,
    /// No boundary is crossed.
    Continue,
    /// The treatment's number is higher.
    Up,
    /// The treatment's number is lower.
    Down,
    /// An effect of the planned size is out of reach.
    Futile,
    /// The planned size is reached and no boundary was crossed.
    Undecided,
}

/// Limits of the statistic at one look, on the normal scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boundary {
    /// At or below it: the number is lower. Minus infinity where that is not tested.
    pub lower: f64,
    /// At or above it: the number is higher. Infinity where that is not tested.
    pub upper: f64,
    /// Two-sided: futile while `|z|` is below it; one-sided: while `z` in the tested direction is below it.
    pub futility: Option<f64>,
}

/// The answer to a look, the same for all designs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What to do.
    pub verdict: Verdict,
    /// The limits that were applied.
    pub boundary: Boundary,
    /// Interval of the effect, in the estimate's unit. It covers the truth at all looks together with 1 - alpha, so it
    /// may be read whenever wanted; one side is infinite where the design is one-sided.
    pub interval: [f64; 2],
    /// Confidence sequences and mSPRT: valid at any time (the smallest so far). Group-sequential: by stage-wise ordering,
    /// valid when the experiment ends here. Fixed: valid only at the planned size.
    pub p_value: f64,
    /// Share of the planned size reached; above 1 when it ran over.
    pub fraction: f64,
    /// Type I error used up so far; designs that do not spend say 0.
    pub spent: f64,
}

/// Below this a look says [`Verdict::TooEarly`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Units that the smaller arm must have.
    pub units_min: f64,
    /// Events that the smaller arm must expect at the rate of both arms together, where events are counted.
    pub events_min: f64,
    /// Skewness of the estimate above which its tails are not to be trusted, where it is known. Few units in one arm and a
    /// long tail: the metric wants a cap, or the split must be more even.
    pub skewness_max: f64,
}

impl Default for Floor {
    /// Shown by simulation down to a base rate of 0.5 % (`trial`).
    fn default() -> Self {
        Self { units_min: 50.0, events_min: 10.0, skewness_max: 0.5 }
    }
}

impl Floor {
    /// Whether a look has too little to be one.
    pub fn is_early(&self, look: &Look) -> bool {
        let smaller = look.units[0].min(look.units[1]);
        let share = smaller / (look.units[0] + look.units[1]);
        smaller < self.units_min
            || look.events.is_some_and(|events| events * share < self.events_min)
            || look.skewness.is_some_and(|skewness| skewness.abs() > self.skewness_max)
            || !look.z.is_finite()
            || !(look.se > 0.0)
    }
}

/// One look at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedDesign {
    /// Type I error.
    pub alpha: f64,
    /// Which departures count.
    pub side: Side,
    /// Planned effective size ([`size_of`] the planned units).
    pub size_max: f64,
}

/// How an experiment is decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Design {
    /// One look at the end.
    Fixed(FixedDesign),
    /// Alpha spending over looks; the default where traffic is small.
    Group(GroupDesign),
    /// Asymptotic confidence sequence: continuous monitoring, guardrails, rollouts.
    Asymptotic(AsymptoticDesign),
    /// Mixture sequential probability ratio test.
    Msprt(MsprtDesign),
}
