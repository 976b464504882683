//! Draws of units' numbers from the generator handed in.

use libm::{exp, floor, log, log1p};
use rand_core::Rng;

use crate::normal;
use crate::sequential::statistic::Sample;

/// Uniform on the open unit interval.
pub(super) fn uniform(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// How many of `n` units have an event of probability `p`, by the gaps between events: costs as many draws as events.
pub(super) fn binomial(rng: &mut impl Rng, n: f64, p: f64) -> f64 {
    if p > 0.5 {
        return n - binomial(rng, n, 1.0 - p);
    }
    if !(p > 0.0) {
        return 0.0;
    }
    let scale = 1.0 / log1p(-p);
    let (mut at, mut events) = (0.0, 0.0);
    loop {
        at += floor(log(uniform(rng)) * scale) + 1.0;
        if at > n {
            return events;
        }
        events += 1.0;
    }
}

/// Log-normal with mean 1.
pub(super) fn lognormal(rng: &mut impl Rng, sigma: f64) -> f64 {
    exp(sigma * normal::quantile(uniform(rng)) - 0.5 * sigma * sigma)
}

/// Sums of one arm.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub units: f64,
    pub events: f64,
    pub sum: f64,
    pub squares: f64,
    pub cubes: f64,
}

impl Sums {
    pub fn mean(&self) -> f64 {
        self.sum / self.units
    }

    /// Sample variance.
    pub fn variance(&self) -> f64 {
        ((self.squares - self.sum * self.sum / self.units) / (self.units - 1.0)).max(0.0)
    }

    pub fn sample(&self) -> Sample {
        let mean = self.mean();
        let third = (self.cubes - 3.0 * mean * self.squares) / self.units + 2.0 * mean * mean * mean;
        Sample { units: self.units, mean, variance: self.variance(), third }
    }
}
