//! The probability with which a unit like this one gets a value, over everything random on the way.
//!
//! Draws are independent of each other, so probabilities multiply; a draw that several things depend on (a layer used by
//! two rules, a holdout shared with a prerequisite) is taken piece by piece, and within a piece it is settled.

use std::ops::Range;

use epoch_model::business::LeverValue;
use epoch_model::predicate::Scope;
use epoch_model::serving::Serve;

use crate::book::{Compiled, Subject};
use crate::evaluate::{Fits, unit};
use crate::hash::BUCKETS;
use crate::plan::{Draw, Gate, Plan};

/// Most combinations of pieces that are looked at.
pub(crate) const COMBINATIONS_MAX: usize = 20_000;

/// In how many combinations of pieces the lever's shared draws have to be looked at.
pub(crate) fn combinations(plan: &Plan) -> usize {
    plan.shared.iter().fold(1_usize, |n, shared| n.saturating_mul(shared.pieces.len()))
}

/// The settled draws: id and bucket.
type Settled = [(usize, u32)];

/// The probability of `value`; `None` beyond [`COMBINATIONS_MAX`].
pub(crate) fn propensity(levers: &Compiled, at: usize, subject: Subject<'_>, value: &LeverValue) -> Option<f64> {
    propensity_knowing(levers, at, subject, value, Fits::default())
}

/// The same; `fits` is what is known of the predicates of the lever's own rules.
pub(crate) fn propensity_knowing(
    levers: &Compiled,
    at: usize,
    subject: Subject<'_>,
    value: &LeverValue,
    fits: Fits,
) -> Option<f64> {
    let shared = &levers.plans()[at].shared;
    let combinations = combinations(&levers.plans()[at]);
    if combinations > COMBINATIONS_MAX {
        return None;
    }
    if shared.is_empty() {
        return Some(Way { levers, subject, settled: &[], own: (at, fits) }.chance(at, value, &mut Vec::new()));
    }
    let mut total = 0.0;
    let mut settled = vec![(0, 0); shared.len()];
    for combination in 0..combinations {
        let (mut rest, mut weight) = (combination, 1.0);
        for (slot, shared) in settled.iter_mut().zip(shared) {
            let (first, width) = shared.pieces[rest % shared.pieces.len()];
            rest /= shared.pieces.len();
            *slot = (shared.id, first);
            weight *= part(width);
        }
        total +=
            weight * Way { levers, subject, settled: &settled, own: (at, fits) }.chance(at, value, &mut Vec::new());
    }
    Some(total.min(1.0))
}

fn part(buckets: u32) -> f64 {
    f64::from(buckets) / f64::from(BUCKETS)
}

fn if_same(a: &LeverValue, b: &LeverValue) -> f64 {
    if a == b { 1.0 } else { 0.0 }
}

struct Way<'a> {
    levers: &'a Compiled,
    subject: Subject<'a>,
    settled: &'a Settled,
    /// The lever asked for, and what is known of its rules.
    own: (usize, Fits),
}

impl<'a> Way<'a> {
    fn within(&self, draw: Draw, buckets: Range<u32>) -> f64 {
        match self.settled.iter().find(|(id, _)| *id == draw.id) {
            Some((_, bucket)) => f64::from(u8::from(buckets.contains(bucket))),
            None => part(buckets.end.saturating_sub(buckets.start)),
        }
    }

    fn gate(&self, gate: Option<Gate>) -> f64 {
        gate.map_or(1.0, |gate| self.within(gate.draw, gate.from..gate.to))
    }

    /// The probability that the lever at `at` serves `value`. `known` holds what was answered on this way.
    fn chance(&self, at: usize, value: &'a LeverValue, known: &mut Vec<(usize, &'a LeverValue, f64)>) -> f64 {
        if let Some((_, _, p)) = known.iter().find(|(lever, asked, _)| *lever == at && *asked == value) {
            return *p;
        }
        let (flag, plan) = (&self.levers.flags()[at], &self.levers.plans()[at]);
        let default = if_same(&flag.default, value);
        if flag.serving.off || unit(flag, self.subject).is_none() {
            return default;
        }
        let held_out = plan.holdout.map_or(0.0, |gate| self.gate(Some(gate)));
        let mut holds = if plan.broken { 0.0 } else { 1.0 };
        for required in &plan.requires {
            if holds > 0.0 {
                let is = &flag.serving.requires[required.at].is;
                let p = self.chance(required.lever, is, known);
                known.push((required.lever, is, p));
                holds *= p;
            }
        }
        let by_rules = if holds > 0.0 { self.by_rules(at, value) } else { 0.0 };
        held_out * default + (1.0 - held_out) * (holds * by_rules + (1.0 - holds) * default)
    }

    fn by_rules(&self, at: usize, value: &LeverValue) -> f64 {
        let (flag, plan) = (&self.levers.flags()[at], &self.levers.plans()[at]);
        let scope = Scope { unit: self.subject.id, attributes: self.subject.attributes };
        let (mut left, mut total) = (1.0, 0.0);
        for (i, (step, rule)) in plan.steps.iter().zip(&flag.serving.rules).enumerate() {
            if left <= 0.0 {
                break;
            }
            let known = if self.own.0 == at { self.own.1.get(i) } else { None };
            if !known.unwrap_or_else(|| step.fits(scope)) {
                continue;
            }
            let taken = self.gate(step.slice) * self.gate(step.share);
            let served = match (&rule.serve, &step.arms) {
                (Serve::Value { value: served, .. }, _) => if_same(served, value),
                (Serve::Experiment { arms: served, .. }, Some(arms)) => {
                    let mut from = 0;
                    let mut sum = 0.0;
                    for (arm, end) in served.iter().zip(&arms.ends) {
                        if arm.value == *value {
                            sum += self.within(arms.draw, from..*end);
                        }
                        from = *end;
                    }
                    sum
                }
                (Serve::Experiment { .. }, None) => 0.0,
            };
            total += left * taken * served;
            left *= 1.0 - taken;
        }
        total + left * if_same(&flag.value, value)
    }
}
