//! A confidence sequence for one probability from counts alone, exact at any time.

use serde::{Deserialize, Serialize};

use super::Mixture;

/// A confidence sequence for a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BernoulliDesign {
    /// Error over all times.
    pub alpha: f64,
    /// Trials at which the interval is to be narrowest.
    pub trials_tuned: f64,
}

impl BernoulliDesign {
    /// The interval after `successes` of `trials`.
    pub fn interval(&self, successes: f64, trials: f64) -> [f64; 2] {
        bernoulli_interval(successes, trials, self.alpha, self.trials_tuned, self.alpha)
    }

    /// E-value against the probability `p`: may be compared with `1 / alpha` at any time.
    pub fn log_value(&self, successes: f64, trials: f64, p: f64) -> f64 {
        log_value(successes, trials, p, self.trials_tuned, self.alpha)
    }
}

fn log_value(successes: f64, trials: f64, p: f64, trials_tuned: f64, alpha_tuned: f64) -> f64 {
    let q = 1.0 - p;
    Mixture::beta_binomial(p * q * trials_tuned, alpha_tuned, p, q).log_value(successes - p * trials, p * q * trials)
}

/// Probabilities that the beta-binomial mixture, tuned to `trials_tuned` at error `alpha_tuned`, does not reject at `alpha`.
pub fn bernoulli_interval(successes: f64, trials: f64, alpha: f64, trials_tuned: f64, alpha_tuned: f64) -> [f64; 2] {
    if !(trials > 0.0) {
        return [0.0, 1.0];
    }
    let threshold = -libm::log(alpha);
    let rejected = |p: f64| log_value(successes, trials, p, trials_tuned, alpha_tuned) > threshold;
    let centre = successes / trials;
    // Rejected at the far end, not at the centre.
    let edge = |far: f64| {
        let (mut out, mut inside) = (far, centre);
        for _ in 0..80 {
            let middle = 0.5 * (out + inside);
            if middle == out || middle == inside {
                break;
            }
            if rejected(middle) {
                out = middle;
            } else {
                inside = middle;
            }
        }
        0.5 * (out + inside)
    };
    let low = if centre > 0.0 { edge(0.0) } else { 0.0 };
    let high = if centre < 1.0 { edge(1.0) } else { 1.0 };
    [low, high]
}
