//! The value over a horizon, by drawing paths of the baseline with its own residuals.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::baseline::{At, Band, Baseline};

/// How buckets make one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Their sum.
    Sum,
    /// Sum of numerators over sum of denominators.
    RatioOfSums,
    /// Their mean.
    Mean,
}

/// Paths drawn.
pub const PATHS: usize = 400;
/// A trend loses this share per bucket of the season's length: nothing grows for ever.
const DAMPING: f64 = 0.98;

/// Sorted draws of the value over the buckets that follow the history, first one next. The seed makes it repeatable.
pub fn draws(baseline: &Baseline, ahead: &[At], pool: Pool, seed: u64) -> Vec<f64> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut out = Vec::with_capacity(PATHS);
    if ahead.is_empty() || baseline.noise.is_empty() {
        return out;
    }
    let noise = &baseline.noise;
    // Spread of the standardised noise, to turn the even-scale sd into the level's own uncertainty.
    let start_sd = libm::sqrt(baseline.gain / (2.0 - baseline.gain)) * baseline.scale;
    for _ in 0..PATHS {
        let mut level = baseline.level + start_sd * pick(noise, &mut rng).clamp(-3.0, 3.0);
        let mut slope = baseline.slope;
        let (mut total, mut weights) = (0.0, 0.0);
        for at in ahead {
            let (value, step) = if baseline.closed(*at) {
                (0.0, 0.0)
            } else {
                let centre = level + baseline.season.at(at.fine, at.coarse);
                let e = pick(noise, &mut rng);
                (
                    baseline.transform.back(centre + baseline.sd(centre, at.weight) * e),
                    baseline.scale * e.clamp(-2.0, 2.0),
                )
            };
            level += baseline.gain * step + slope;
            slope *= DAMPING;
            let weight = match pool {
                Pool::RatioOfSums => at.weight.max(0.0),
                Pool::Sum | Pool::Mean => 1.0,
            };
            total += value * weight;
            weights += weight;
        }
        out.push(match pool {
            Pool::Sum => total,
            Pool::RatioOfSums | Pool::Mean if weights > 0.0 => total / weights,
            Pool::RatioOfSums | Pool::Mean => 0.0,
        });
    }
    out.sort_unstable_by(f64::total_cmp);
    out
}

/// p10, p50, p90 of sorted draws.
pub fn band(sorted: &[f64]) -> Band {
    let q = |p| crate::robust::quantile_sorted(sorted, p);
    Band { p10: q(0.1), p50: q(0.5), p90: q(0.9) }
}

fn pick(noise: &[f64], rng: &mut Pcg64) -> f64 {
    let n = noise.len() as u64;
    // Multiply-shift: uniform up to 2^-32, without a division.
    let i = ((rng.next_u64() >> 32) * n) >> 32;
    noise.get(i as usize).copied().unwrap_or(0.0)
}
