//! Where and when a group-sequential experiment ends: power, expected duration, how much larger it must be planned.

use libm::{fabs, sqrt};

use super::schedule::Surrender;
use super::walk::{Region, Walk};
use super::{Futility, GroupDesign, Limits, Schedule, critical};
use crate::normal;
use crate::sequential::Side;

/// Probabilities of ending at one look, for the tested direction turned upwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exit {
    /// Share of the planned size at this look.
    pub time: f64,
    /// Beyond the upper limit.
    pub up: f64,
    /// Beyond the lower limit of a two-sided design.
    pub down: f64,
    /// Given up.
    pub futile: f64,
}

/// Probabilities of ending at each of `limits`' looks, if the statistic's expectation at the planned size is `drift`.
/// Futility is obeyed. What does not add up to one runs past the last look.
pub fn exits(limits: &[Limits], side: Side, drift: f64) -> Vec<Exit> {
    let mut walk = Walk::new(drift);
    limits
        .iter()
        .map(|look| {
            let root = sqrt(look.time);
            let upper = look.upper * root;
            walk.advance(look.time);
            let up = walk.above(look.time, upper).0;
            let futile = look.futility.map(|a| a * root);
            if side == Side::Two {
                let down = walk.below(look.time, -upper).0;
                let (given_up, region) = match futile {
                    Some(a) => {
                        (walk.above(look.time, -a).0 - walk.above(look.time, a).0, Region::Two(-upper, -a, a, upper))
                    }
                    None => (0.0, Region::One(-upper, upper)),
                };
                walk.stop(look.time, region);
                Exit { time: look.time, up, down, futile: given_up }
            } else {
                let given_up = futile.map_or(0.0, |a| walk.below(look.time, a).0);
                walk.stop(look.time, Region::One(futile.unwrap_or(f64::NEG_INFINITY), upper));
                Exit { time: look.time, up, down: 0.0, futile: given_up }
            }
        })
        .collect()
}

/// What a design does over given looks under an effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Probability of an end beyond the upper limit.
    pub power: f64,
    /// Probability of an end beyond the lower limit of a two-sided design.
    pub opposite: f64,
    /// Probability of giving up.
    pub futile: f64,
    /// Expected share of the planned size at the end.
    pub expected: f64,
}

/// The course of `design` with looks at `times`, under `drift`.
pub fn course(design: &GroupDesign, times: &[f64], drift: f64) -> Course {
    let last = times.last().copied().unwrap_or(0.0);
    course_of(&exits(&limits(design, times), design.side, drift), last)
}

/// The limits of `design` at `times`.
pub fn limits(design: &GroupDesign, times: &[f64]) -> Vec<Limits> {
    let mut schedule = Schedule::new(*design);
    for &time in times {
        schedule.look(time, false);
    }
    schedule.looks().to_vec()
}

/// The course of experiments with these `exits`, where those that run past the last look end at `last`.
pub fn course_of(exits: &[Exit], last: f64) -> Course {
    let mut all = Course { power: 0.0, opposite: 0.0, futile: 0.0, expected: 0.0 };
    let mut ended = 0.0;
    for exit in exits {
        let here = exit.up + exit.down + exit.futile;
        all.power += exit.up;
        all.opposite += exit.down;
        all.futile += exit.futile;
        all.expected += here * exit.time;
        ended += here;
    }
    all.expected += (1.0 - ended).max(0.0) * last;
    all
}

/// `looks` looks at equal distances, the last at the planned size.
pub fn equal(looks: u32) -> Vec<f64> {
    (1..=looks).map(|k| f64::from(k) / f64::from(looks)).collect()
}

/// The drift at which `design` with looks at `times` has `power`: the statistic's expectation at the planned size.
///
/// Where the design gives up, its futility's drift is set to the same, so that type II error is spent at the effect that
/// the experiment is planned for.
pub fn drift_for(design: &GroupDesign, times: &[f64], power: f64) -> f64 {
    let Some(futility) = design.futility else {
        return drift_of(&limits(design, times), design.side, power);
    };
    // The upper limits do not depend on giving up.
    let upper = limits(&GroupDesign { futility: None, ..*design }, times);
    solve(design.alpha, design.side, power, |drift| {
        let mut surrender = Surrender::new(Futility { drift, ..futility }, design.side);
        for look in &upper {
            surrender.look(look.time, look.time, look.upper * sqrt(look.time));
        }
        surrender.up
    })
}

/// The drift at which `limits` are crossed upwards with probability `power`.
pub fn drift_of(limits: &[Limits], side: Side, power: f64) -> f64 {
    // Any error will do for the start.
    solve(0.05, side, power, |drift| exits(limits, side, drift).iter().map(|e| e.up).sum())
}

fn solve(alpha: f64, side: Side, power: f64, crossed: impl Fn(f64) -> f64) -> f64 {
    let target = -normal::isf(power);
    let at = |drift: f64| -normal::isf(crossed(drift).clamp(1e-300, 1.0 - 1e-12)) - target;
    // In probits the probability is nearly the drift less the critical value: two steps of the secant are mostly enough.
    let start = critical(alpha, side) + target;
    let (mut x0, mut x1) = (start, start * 1.03 + 0.01);
    let (mut y0, mut y1) = (at(x0), at(x1));
    for _ in 0..12 {
        if fabs(y1) < 1e-6 || y1 == y0 {
            break;
        }
        let next = x1 - y1 * (x1 - x0) / (y1 - y0);
        (x0, y0) = (x1, y1);
        x1 = next;
        y1 = at(x1);
    }
    x1
}

/// How much larger the planned size must be than one of a fixed design of the same error and power.
pub fn inflation(design: &GroupDesign, times: &[f64], power: f64) -> f64 {
    let fixed = critical(design.alpha, design.side) - normal::isf(power);
    let ratio = drift_for(design, times, power) / fixed;
    ratio * ratio
}
