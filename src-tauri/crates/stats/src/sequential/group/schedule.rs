//! Limits of a group-sequential design at whatever looks are taken, one look at a time.

use libm::{fabs, sqrt};

use super::walk::{Region, Walk};
use super::{Futility, GroupDesign, STEP_MIN};
use crate::normal;
use crate::sequential::{Boundary, Side};

/// Limits at one look, on the scale of z, for the tested direction turned upwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Share of the planned size.
    pub time: f64,
    /// At or above it the effect is shown.
    pub upper: f64,
    /// Two-sided: futile while `|z|` is at or below it; one-sided: while z is.
    pub futility: Option<f64>,
    /// Type I error used up, this look included.
    pub spent: f64,
}

/// The looks taken so far and the paths that would still be running without an effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    design: GroupDesign,
    looks: Vec<Limits>,
    null: Walk,
    surrender: Option<Surrender>,
}

impl Schedule {
    /// Before the first look.
    pub fn new(design: GroupDesign) -> Self {
        let surrender = design.futility.map(|f| Surrender::new(f, design.side));
        Self { design, looks: Vec::new(), null: Walk::new(0.0), surrender }
    }

    /// Looks taken so far.
    pub fn looks(&self) -> &[Limits] {
        &self.looks
    }

    /// Whether a look at `time` would be one: it lies a little after the last, and there is something left to spend.
    pub fn open_at(&self, time: f64) -> bool {
        match self.looks.last() {
            None => time > 0.0,
            Some(last) => time - last.time >= STEP_MIN * time && last.spent < self.design.alpha,
        }
    }

    /// Takes a look at `time` (share of the planned size; above 1 when it ran over). `last` spends what is left at once:
    /// for an experiment that ends early for reasons that have nothing to do with its effect. `None` where the look would
    /// not be one ([`Self::open_at`]).
    pub fn look(&mut self, time: f64, last: bool) -> Option<Limits> {
        if !self.open_at(time) {
            return None;
        }
        let design = self.design;
        let sides = if design.side == Side::Two { 2.0 } else { 1.0 };
        let at = if last { 1.0 } else { time };
        let before = self.looks.last().map_or(0.0, |l| l.spent);
        let spent = sides * design.spending.spent(design.alpha / sides, at);
        self.null.advance(time);
        let upper = self.null.above_inverse(time, (spent - before) / sides);
        let root = sqrt(time);
        // Futility does not bind: without an effect paths below it go on.
        let lower = if design.side == Side::Two { -upper } else { f64::NEG_INFINITY };
        self.null.stop(time, Region::One(lower, upper));
        let futility = self.surrender.as_mut().and_then(|s| s.look(time, at, upper));
        let limits = Limits { time, upper: upper / root, futility: futility.map(|a| a / root), spent };
        self.looks.push(limits);
        Some(limits)
    }

    /// Stage-wise p-value of `z` (turned upwards) at the last look, if the experiment ends there: what was spent before, and
    /// paths still running that end at least as far out (Tsiatis, Rosner & Mehta 1984).
    pub fn p_value_of_last(&self, z: f64) -> f64 {
        let Some(last) = self.looks.last() else { return 1.0 };
        let before = self.looks.len().checked_sub(2).map_or(0.0, |i| self.looks[i].spent);
        let root = sqrt(last.time);
        let p = if self.design.side == Side::Two {
            2.0 * self.null.above(last.time, fabs(z) * root).0
        } else {
            self.null.above(last.time, z * root).0
        };
        (before + p).min(1.0)
    }
}

/// A narrower inner wedge, in z, waits for a later look: counts tie, and a tie is no reason to give up.
const WEDGE_MIN: f64 = 0.25;

/// Spends type II error under the planned effect. All in the scale of `B(t)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Surrender {
    futility: Futility,
    two: bool,
    walk: Walk,
    spent: f64,
    /// Probability of having crossed the upper limit by the last look.
    pub(super) up: f64,
}

impl Surrender {
    pub(super) fn new(futility: Futility, side: Side) -> Self {
        Self { futility, two: side == Side::Two, walk: Walk::new(futility.drift), spent: 0.0, up: 0.0 }
    }

    /// The limit at `time`, below `upper`, with spending as at share `at`; `None` where there is too little to spend.
    pub(super) fn look(&mut self, time: f64, at: f64, upper: f64) -> Option<f64> {
        let walk = &mut self.walk;
        walk.advance(time);
        let spend = self.futility.spending.spent(self.futility.beta, at) - self.spent;
        let limit = if at >= 1.0 {
            upper
        } else if self.two {
            let limit = inner(walk, time, spend, upper);
            if limit < WEDGE_MIN * sqrt(time) { 0.0 } else { limit }
        } else {
            walk.below_inverse(time, spend).min(upper)
        };
        self.spent +=
            if self.two { walk.above(time, -limit).0 - walk.above(time, limit).0 } else { walk.below(time, limit).0 };
        self.up += walk.above(time, upper).0;
        walk.stop(
            time,
            match (self.two, limit > 0.0) {
                (true, true) => Region::Two(-upper, -limit, limit, upper),
                (true, false) => Region::One(-upper, upper),
                (false, _) => Region::One(limit, upper),
            },
        );
        (limit.is_finite() && (!self.two || limit > 0.0)).then_some(limit)
    }
}

/// The half width `a` of the inner wedge with P(|B| <= a) = `p`, at most `upper`; zero where there is too little to spend.
fn inner(walk: &Walk, time: f64, p: f64, upper: f64) -> f64 {
    let within = |a: f64| walk.above(time, -a).0 - walk.above(time, a).0;
    let top = upper.min(8.0 * sqrt(time));
    if !(p > 1e-6) {
        return 0.0;
    }
    if within(top) <= p {
        return top;
    }
    let (mut low, mut high) = (0.0, top);
    // Regula falsi with bisection in turn: the mass is smooth and rises.
    let (mut at_low, mut at_high) = (-p, within(top) - p);
    for i in 0..60 {
        let middle = if i % 3 == 2 { 0.5 * (low + high) } else { low - at_low * (high - low) / (at_high - at_low) };
        let value = within(middle) - p;
        if value < 0.0 {
            (low, at_low) = (middle, value);
        } else {
            (high, at_high) = (middle, value);
        }
        if high - low < 1e-8 || fabs(value) < 1e-12 {
            return middle;
        }
    }
    0.5 * (low + high)
}

impl Limits {
    /// The limits for a statistic in its own direction.
    pub fn boundary(&self, side: Side) -> Boundary {
        match side {
            Side::Two => Boundary { lower: -self.upper, upper: self.upper, futility: self.futility },
            Side::Greater => Boundary { lower: f64::NEG_INFINITY, upper: self.upper, futility: self.futility },
            Side::Less => Boundary { lower: -self.upper, upper: f64::INFINITY, futility: self.futility },
        }
    }
}

/// Fixed critical value of a design's error, for comparison.
pub fn critical(alpha: f64, side: Side) -> f64 {
    normal::isf(if side == Side::Two { 0.5 * alpha } else { alpha })
}
