//! Experiments of known truth: what designs promise about error, power and coverage, with fixed seeds.

mod betting;
mod designs;
mod plans;
mod skewed;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// The generator of a test.
pub fn rng(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

/// Uniform on the open unit interval.
pub fn uniform(rng: &mut Pcg64) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// Standard normal.
pub fn normal(rng: &mut Pcg64) -> f64 {
    epoch_stats::normal::quantile(uniform(rng))
}
