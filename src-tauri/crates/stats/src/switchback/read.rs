//! Reading a switchback.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::interrupted::{Ar1, dot, least_squares};

/// How it is read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// One minus the confidence.
    pub alpha: f64,
    /// Other draws of the lot that the true one is compared with.
    pub draws: usize,
    /// A straight trend is taken out.
    pub trend: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { alpha: 0.05, draws: 999, trend: true }
    }
}

/// Whether one block's side still works in the next.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carryover {
    /// What a treated block adds to the one after it.
    pub effect: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Two-sided p-value of "nothing carries over".
    pub p: f64,
}

/// What the treatment does per bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Treatment less control, per bucket, season and trend taken out.
    pub effect: f64,
    /// As a share of the mean under control.
    pub relative: f64,
    /// Interval by inverting the randomisation test: exact if the effect adds the same to every block.
    pub interval: [f64; 2],
    /// Randomisation p-value, two-sided: exact whatever the series does.
    pub p: f64,
    /// Interval of the regression with errors that remember (t distributions).
    pub model_interval: [f64; 2],
    /// Its two-sided p-value.
    pub model_p: f64,
    /// How much of an error lives on in the next block.
    pub memory: f64,
    /// Carry-over beyond the washout; `None` with too few blocks.
    pub carryover: Option<Carryover>,
    /// Blocks read.
    pub blocks: usize,
    /// Buckets left out as washout.
    pub washed_out: usize,
}

/// Reads a finished switchback. `values` are the buckets in order, `sides` what was drawn, per block. `None` where they
/// do not fit the plan, a value is not finite, only one side occurs, or too few blocks are left to fit.
pub fn read(plan: &Plan, sides: &[bool], values: &[f64], settings: Settings, rng: &mut impl Rng) -> Option<Reading> {
    let blocks = Blocks::new(plan, sides, values, settings.trend)?;
    let effect = dot(&blocks.weights(&indicator(sides))?, &blocks.outcomes);
    let model = Ar1::new(&blocks.columns_with(&[indicator(sides)]), &blocks.outcomes)?;
    let form = blocks.form_of_first(1);
    let tails = model.form(&form);
    // One draw gives a line: the statistic under "the effect is e" is a - e b.
    let real = indicator(sides);
    let lines: Vec<(f64, f64)> = (0..settings.draws)
        .filter_map(|_| {
            let weights = blocks.weights(&indicator(&plan.draw(rng)))?;
            Some((dot(&weights, &blocks.outcomes), dot(&weights, &real)))
        })
        .collect();
    let p = tail(&lines, effect, 0.0);
    let reach = tails.error().max(f64::MIN_POSITIVE);
    let edge = |direction: f64| edge(&lines, effect, settings.alpha, direction * reach);
    let (control, count) = blocks.control_mean(sides);
    let carryover = carryover(&blocks, sides, settings.alpha);
    Some(Reading {
        effect,
        relative: if count > 0.0 && control > 0.0 { effect / control } else { f64::NAN },
        interval: [edge(-1.0), edge(1.0)],
        p,
        model_interval: tails.interval(settings.alpha),
        model_p: tails.p(),
        memory: model.memory(),
        carryover,
        blocks: sides.len(),
        washed_out: plan.blocks * plan.washout_buckets,
    })
}

/// The regression's p-value alone: what simulated power counts.
pub(super) fn model_p(plan: &Plan, sides: &[bool], values: &[f64], trend: bool) -> Option<f64> {
    let blocks = Blocks::new(plan, sides, values, trend)?;
    let model = Ar1::new(&blocks.columns_with(&[indicator(sides)]), &blocks.outcomes)?;
    Some(model.form(&blocks.form_of_first(1)).p())
}

struct Blocks {
    // Mean per bucket, without washout.
    outcomes: Vec<f64>,
    // Level, trend, season; and the same orthonormal.
    nuisance: Vec<Vec<f64>>,
    basis: Vec<Vec<f64>>,
}

impl Blocks {
    fn new(plan: &Plan, sides: &[bool], values: &[f64], trend: bool) -> Option<Self> {
        let fits =
            plan.problem().is_none() && sides.len() == plan.blocks && values.len() == plan.blocks * plan.block_buckets;
        if !fits || values.iter().any(|v| !v.is_finite()) || !sides.contains(&true) || !sides.contains(&false) {
            return None;
        }
        // Left out in every block, also where the side stayed: what a block keeps must not depend on the lot, or another
        // draw of it would not be comparable.
        let outcomes = values.chunks(plan.block_buckets).map(|block| {
            let kept = &block[plan.washout_buckets..];
            kept.iter().sum::<f64>() / kept.len() as f64
        });
        let outcomes: Vec<f64> = outcomes.collect();
        let n = plan.blocks;
        let mut nuisance = vec![vec![1.0; n]];
        if trend {
            nuisance.push((0..n).map(|k| k as f64 / n as f64 - 0.5).collect());
        }
        for slot in 1..plan.cycle {
            nuisance.push((0..n).map(|k| if k % plan.cycle == slot { 1.0 } else { 0.0 }).collect());
        }
        let basis = least_squares::basis(&nuisance);
        Some(Self { outcomes, nuisance, basis })
    }

    fn columns_with(&self, first: &[Vec<f64>]) -> Vec<Vec<f64>> {
        // The nuisance first: what it explains already is left out of the rest.
        self.nuisance.iter().chain(first).cloned().collect()
    }

    /// The linear form that picks the `nth` (from 1) of the columns beside the nuisance.
    fn form_of_first(&self, nth: usize) -> Vec<f64> {
        let mut form = vec![0.0; self.nuisance.len() + nth];
        form[self.nuisance.len() + nth - 1] = 1.0;
        form
    }

    /// The weights whose sum with the outcomes is the regression's coefficient of `side` (Frisch-Waugh-Lovell).
    fn weights(&self, side: &[f64]) -> Option<Vec<f64>> {
        let rest = least_squares::beside(&self.basis, side);
        let size = dot(&rest, &rest);
        (size > 1e-9).then(|| rest.iter().map(|r| r / size).collect())
    }

    fn control_mean(&self, sides: &[bool]) -> (f64, f64) {
        let control = sides.iter().zip(&self.outcomes).filter(|(s, _)| !**s);
        let (sum, count) = control.fold((0.0, 0.0), |(s, c), (_, v)| (s + v, c + 1.0));
        (sum / count, count)
    }
}

fn indicator(sides: &[bool]) -> Vec<f64> {
    sides.iter().map(|s| f64::from(u8::from(*s))).collect()
}

/// The share of draws (with the true one) that lie as far out as the observed, if the effect were `e`.
fn tail(lines: &[(f64, f64)], effect: f64, e: f64) -> f64 {
    let real = libm::fabs(effect - e);
    // The same draw again differs in the last digits.
    let far = lines.iter().filter(|(a, b)| libm::fabs(a - e * b) >= real * (1.0 - 1e-10)).count();
    (1 + far) as f64 / (1 + lines.len()) as f64
}

/// Where the test no longer takes the effect for possible, on one side. Infinite if it never does: with few blocks no
/// draw is rare enough.
fn edge(lines: &[(f64, f64)], effect: f64, alpha: f64, step: f64) -> f64 {
    let mut out = step;
    for _ in 0..40 {
        if tail(lines, effect, effect + out) <= alpha {
            break;
        }
        out *= 2.0;
    }
    if tail(lines, effect, effect + out) > alpha {
        return if step < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let (mut inside, mut outside) = (0.0, out);
    for _ in 0..60 {
        let middle = 0.5 * (inside + outside);
        if tail(lines, effect, effect + middle) > alpha {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    effect + outside
}

fn carryover(blocks: &Blocks, sides: &[bool], alpha: f64) -> Option<Carryover> {
    let now = indicator(sides);
    let mut before = vec![0.0];
    before.extend_from_slice(&now[..now.len() - 1]);
    let model = Ar1::new(&blocks.columns_with(&[now, before]), &blocks.outcomes)?;
    let tails = model.form(&blocks.form_of_first(2));
    Some(Carryover { effect: tails.mean(), interval: tails.interval(alpha), p: tails.p() })
}
