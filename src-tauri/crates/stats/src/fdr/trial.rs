//! Streams whose truth is known: realised false discovery rate and power, for tests and benchmarks.

use rand_core::{Rng, SeedableRng as _};
use rand_pcg::Pcg64;

use super::{Evidence, Procedure, Stream};
use crate::normal;

/// What is simulated: one-sided z-tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Tests per stream.
    pub tests: usize,
    /// Streams.
    pub streams: usize,
    /// The chance that a test has an effect.
    pub effects: f64,
    /// Mean of z where there is one.
    pub strength: f64,
    /// Mean of z where there is none: 0, or below for conservative tests (an idea that does harm).
    pub null_mean: f64,
    /// A test lasts until at most so many others have started after it (uniformly drawn); 0: one after the other.
    pub overlap: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Mean over streams of false discoveries among discoveries (0 without any).
    pub fdr: f64,
    /// Standard error of `fdr` from the streams.
    pub fdr_error: f64,
    /// Share of effects that were found, over all streams.
    pub power: f64,
    /// Mean number of discoveries of a stream.
    pub discoveries: f64,
}

/// Runs a plan. The same seed draws the same tests for every procedure, so that powers compare pair by pair. Methods
/// that cannot overlap run one test after the other.
pub fn run(procedure: Procedure, plan: Plan, seed: u64) -> Outcome {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut sum, mut squares, mut found, mut effects, mut discoveries) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let overlap = if procedure.method.overlapping() { plan.overlap } else { 0 };
    let mut truths = Vec::with_capacity(plan.tests);
    let mut open: Vec<(usize, usize, f64)> = Vec::new();
    for _ in 0..plan.streams {
        let mut stream = Stream::new(procedure);
        let (mut hits, mut mistakes) = (0.0, 0.0);
        truths.clear();
        open.clear();
        for number in 0..plan.tests {
            let effect = uniform(&mut rng) < plan.effects;
            let z = normal::quantile(uniform(&mut rng)) + if effect { plan.strength } else { plan.null_mean };
            let lasts = (uniform(&mut rng) * f64::from(plan.overlap + 1)) as usize;
            truths.push(effect);
            if stream.start().is_ok() {
                open.push((number + if overlap == 0 { 0 } else { lasts }, number, z));
            }
            open.retain(|&(ends, k, z)| {
                if ends > number {
                    return true;
                }
                let p = normal::sf(z);
                // The e-value of a likelihood ratio against the alternative.
                let e = libm::exp(plan.strength * z - 0.5 * plan.strength * plan.strength);
                let evidence = if procedure.method.reads_e_values() { Evidence::E(e) } else { Evidence::P(p) };
                if stream.finish(k, evidence).is_ok_and(|v| v.rejected) {
                    if truths[k] {
                        hits += 1.0;
                    } else {
                        mistakes += 1.0;
                    }
                }
                false
            });
        }
        let share: f64 = if hits + mistakes > 0.0 { mistakes / (hits + mistakes) } else { 0.0 };
        sum += share;
        squares += share * share;
        found += hits;
        discoveries += hits + mistakes;
        let closed = |k: usize| !open.iter().any(|o| o.1 == k);
        effects += truths.iter().enumerate().filter(|(k, t)| **t && closed(*k)).count() as f64;
    }
    let n = plan.streams as f64;
    let fdr = sum / n;
    let variance = (squares / n - fdr * fdr).max(0.0);
    Outcome {
        fdr,
        fdr_error: libm::sqrt(variance / n),
        power: found / f64::max(effects, 1.0),
        discoveries: discoveries / n,
    }
}

fn uniform(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}
