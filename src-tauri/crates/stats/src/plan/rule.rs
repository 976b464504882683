//! What a design does to a plan: the drift it needs, its power at a drift.

use serde::{Deserialize, Serialize};

use crate::normal;
use crate::sequential::group::{Futility, Limits, Spending, critical, exits};
use crate::sequential::{AsymptoticDesign, GroupDesign, Side};

/// A kind of design, before its size is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Rule {
    /// One look at the end.
    Fixed,
    /// Alpha spending over about so many looks.
    Group {
        /// Looks, at equal distances.
        looks: u32,
        /// How alpha (and type II error, where it gives up) is spent.
        spending: Spending,
        /// Whether it gives up when the planned effect is out of reach.
        futility: bool,
    },
    /// An asymptotic confidence sequence tuned to the planned size.
    Asymptotic {
        /// Looks, at equal distances.
        looks: u32,
    },
}

/// What a rule does over its looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Probability of finding the effect, in its direction.
    pub power: f64,
    /// Expected share of the planned size when it ends.
    pub expected: f64,
}

impl Rule {
    /// The drift at which the rule has `power`: `effect / standard error` at the planned size.
    pub fn drift(&self, alpha: f64, side: Side, power: f64) -> f64 {
        match *self {
            Self::Fixed => critical(alpha, side) - normal::isf(power),
            Self::Group { looks, .. } => {
                exits::drift_for(&self.design(alpha, side, power, 1.0, 1.0), &exits::equal(looks), power)
            }
            Self::Asymptotic { looks } => exits::drift_of(&asymptotic(alpha, side, looks), side, power),
        }
    }

    /// What the rule does at each of `drifts`, when it was planned for `planned`.
    pub fn outlook<const N: usize>(
        &self,
        (alpha, side, power): (f64, Side, f64),
        planned: f64,
        drifts: [f64; N],
    ) -> [Outlook; N] {
        let limits = match *self {
            Self::Fixed => {
                let c = critical(alpha, side);
                return drifts.map(|drift| Outlook { power: normal::sf(c - drift), expected: 1.0 });
            }
            Self::Group { looks, .. } => {
                exits::limits(&self.design(alpha, side, power, planned, 1.0), &exits::equal(looks))
            }
            Self::Asymptotic { looks } => asymptotic(alpha, side, looks),
        };
        drifts.map(|drift| {
            let course = exits::course_of(&exits::exits(&limits, side, drift), 1.0);
            Outlook { power: course.power, expected: course.expected }
        })
    }

    /// The group-sequential design of this rule for a planned drift and effective size. A fixed or asymptotic rule has the
    /// default's.
    pub fn design(&self, alpha: f64, side: Side, power: f64, drift: f64, size_max: f64) -> GroupDesign {
        let (spending, gives_up) = match *self {
            Self::Group { spending, futility, .. } => (spending, futility),
            _ => (Spending::ObrienFleming, false),
        };
        let futility = gives_up.then_some(Futility { beta: 1.0 - power, spending, drift });
        GroupDesign { alpha, side, spending, futility, size_max }
    }
}

/// The sequence's limits when it is tuned to the planned size: the same whatever that is.
fn asymptotic(alpha: f64, side: Side, looks: u32) -> Vec<Limits> {
    let design = AsymptoticDesign { alpha, side, units_tuned: 1.0 };
    let look = |time| Limits { time, upper: design.factor(time), futility: None, spent: 0.0 };
    exits::equal(looks).into_iter().map(look).collect()
}
