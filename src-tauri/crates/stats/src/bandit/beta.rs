//! Bernoulli rewards: beta posteriors, exact at any number of successes.

use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

use super::quadrature::{At, Ranks, integrate, unknown};
use crate::special;

/// A beta posterior of a share: prior successes plus successes, prior failures plus failures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beta {
    /// Successes, with the prior's; above 0.
    pub successes: f64,
    /// Failures, with the prior's; above 0.
    pub failures: f64,
}

/// Ranks of independent beta posteriors, as `normal_ranks`. NaN if a parameter is not positive.
pub fn beta_ranks(arms: &[Beta], lower_is_better: bool) -> Ranks {
    if arms.iter().any(|a| !(a.successes > 0.0) || !(a.failures > 0.0) || !(a.successes + a.failures).is_finite()) {
        return unknown(arms.len());
    }
    // The least share is the greatest share of failures.
    let arms: Vec<(f64, f64)> = arms
        .iter()
        .map(|a| if lower_is_better { (a.failures, a.successes) } else { (a.successes, a.failures) })
        .collect();
    // On the logit scale the density is smooth whatever the parameters; its tails fall like exp(a u) and exp(-b u).
    const STEPS: [f64; 11] = [0.0, 0.75, 1.5, 2.25, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0, 40.0];
    let mut marks = Vec::with_capacity(arms.len() * 42);
    let mut narrowest = f64::INFINITY;
    for &(a, b) in &arms {
        let middle = log(a / b);
        let spread = libm::sqrt(1.0 / a + 1.0 / b);
        narrowest = narrowest.min(spread.min(2.0));
        for step in STEPS {
            // In the middle a step is a standard deviation, in a tail a fall by e.
            marks.push(middle - step.min(8.0) * spread.min(2.0) - (step / a).min(step * 2.0));
            marks.push(middle + step.min(8.0) * spread.min(2.0) + (step / b).min(step * 2.0));
        }
        let (low, high) = (middle - 8.0 * spread - 60.0 / a, middle + 8.0 * spread + 60.0 / b);
        for part in 0..12 {
            let share = f64::from(part) / 12.0;
            marks.push(middle + share * (low - middle));
            marks.push(middle + share * (high - middle));
        }
        marks.push(low);
        marks.push(high);
    }
    integrate(arms.len(), marks, 0.25 * narrowest, |i, u| {
        let (a, b) = arms[i];
        // x = 1/(1 + e^-u), and 1 - x without cancellation.
        let (x, y) = (1.0 / (1.0 + exp(-u)), 1.0 / (1.0 + exp(u)));
        let (below, above) = special::beta_inc_pair(x, y, a, b);
        let (ln_x, ln_y) =
            if u < 0.0 { (u - log1p(exp(u)), -log1p(exp(u))) } else { (-log1p(exp(-u)), -u - log1p(exp(-u))) };
        At { density: exp(a * ln_x + b * ln_y - special::ln_beta(a, b)), below, above }
    })
}
