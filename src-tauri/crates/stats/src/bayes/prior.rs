//! The business's own prior: what its past experiments say about effects of experiments.

use libm::{fabs, log, sqrt};
use serde::{Deserialize, Serialize};

use super::Belief;

/// A measured effect of a past experiment. All experiments count, not only the ones that won: leaving the others out
/// would promise every new one a win.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastEffect {
    /// Estimate, all on one scale.
    pub estimate: f64,
    /// Standard error.
    pub se: f64,
}

/// A prior learnt from past effects.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Mean and standard deviation of true effects.
    pub belief: Belief,
    /// Past effects used.
    pub effects: usize,
    /// Share of the observed spread that is true difference rather than noise, 0 to 1.
    pub signal: f64,
    /// Excess kurtosis of the standardised effects; 0 for a normal.
    pub excess_kurtosis: f64,
    /// True effects have heavier tails than a normal: most are nothing and few are large. A normal prior then shrinks a
    /// real large effect too much, and says so here.
    pub heavy_tailed: bool,
}

/// EM steps; each takes a fraction of a microsecond per effect.
const STEPS_MAX: u32 = 5_000;

/// Empirical Bayes: estimates are normal around true effects, which are normal around the mean that makes what was seen
/// most likely (marginal likelihood, maximised by EM from the moments of `DerSimonian` & Laird 1986).
///
/// `guess` counts as `weight` past experiments whose true effects are known, so that the first few real ones do not
/// overturn it and the standard deviation never becomes zero; a weight of 0 leaves it to the data. Past effects that are
/// not finite, or have no error, are left out. `None` with neither effects nor weight.
pub fn learn(past: &[PastEffect], guess: Belief, weight: f64) -> Option<Learned> {
    let used: Vec<PastEffect> =
        past.iter().copied().filter(|e| e.estimate.is_finite() && e.se > 0.0 && e.se.is_finite()).collect();
    let weight = if guess.sd.is_finite() { weight.max(0.0) } else { 0.0 };
    let k = used.len() as f64;
    if !(k + weight > 0.0) || (weight == 0.0 && used.len() < 2) {
        return None;
    }
    let (mut mean, mut variance) = if used.len() < 2 { (guess.mean, guess.sd * guess.sd) } else { moments(&used) };
    if weight > 0.0 {
        variance = variance.max(0.01 * guess.sd * guess.sd);
    }
    for _ in 0..STEPS_MAX {
        let (mut sum, mut spread) = (weight * guess.mean, 0.0);
        for e in &used {
            let keep = variance / (variance + e.se * e.se);
            sum += mean + keep * (e.estimate - mean);
        }
        let next_mean = sum / (k + weight);
        for e in &used {
            let keep = variance / (variance + e.se * e.se);
            let off = mean + keep * (e.estimate - mean) - next_mean;
            spread += keep * e.se * e.se + off * off;
        }
        let off = guess.mean - next_mean;
        spread += weight * (if weight > 0.0 { guess.sd * guess.sd } else { 0.0 } + off * off);
        let next = spread / (k + weight);
        let still = fabs(next - variance) <= 1e-12 * variance && fabs(next_mean - mean) <= 1e-12 * sqrt(variance);
        (mean, variance) = (next_mean, next);
        if still {
            break;
        }
    }
    let noise = if used.is_empty() { 0.0 } else { used.iter().map(|e| e.se * e.se).sum::<f64>() / k };
    let excess_kurtosis = kurtosis(&used, mean, variance);
    Some(Learned {
        belief: Belief { mean, sd: sqrt(variance) },
        effects: used.len(),
        signal: if variance + noise > 0.0 { variance / (variance + noise) } else { 0.0 },
        excess_kurtosis,
        // Above what a normal sample shows in one of twenty.
        heavy_tailed: used.len() >= 8 && excess_kurtosis > 1.645 * sqrt(24.0 / k) * (1.0 + 6.0 / k),
    })
}

/// Mean and variance of true effects by moments, the variance at least a hundredth of the noise so that EM can move.
fn moments(used: &[PastEffect]) -> (f64, f64) {
    let w = |e: &PastEffect| 1.0 / (e.se * e.se);
    let sum: f64 = used.iter().map(w).sum();
    let squares: f64 = used.iter().map(|e| w(e) * w(e)).sum();
    let mean = used.iter().map(|e| w(e) * e.estimate).sum::<f64>() / sum;
    let q: f64 = used.iter().map(|e| w(e) * (e.estimate - mean) * (e.estimate - mean)).sum();
    let variance = (q - (used.len() as f64 - 1.0)) / (sum - squares / sum);
    (mean, variance.max(0.01 * used.len() as f64 / sum))
}

/// Excess kurtosis of the standardised effects.
fn kurtosis(used: &[PastEffect], mean: f64, variance: f64) -> f64 {
    if used.len() < 4 {
        return 0.0;
    }
    let z = |e: &PastEffect| (e.estimate - mean) / sqrt(variance + e.se * e.se);
    let k = used.len() as f64;
    let second = used.iter().map(|e| z(e) * z(e)).sum::<f64>() / k;
    let fourth = used.iter().map(|e| z(e) * z(e) * z(e) * z(e)).sum::<f64>() / k;
    if second > 0.0 { fourth / (second * second) - 3.0 } else { 0.0 }
}

impl Learned {
    /// Logarithm of the marginal likelihood of effects under this prior: how well it predicts experiments it has not seen.
    pub fn log_likelihood(&self, effects: &[PastEffect]) -> f64 {
        let variance = self.belief.sd * self.belief.sd;
        effects
            .iter()
            .map(|e| {
                let v = variance + e.se * e.se;
                let off = e.estimate - self.belief.mean;
                -0.5 * (log(2.0 * std::f64::consts::PI * v) + off * off / v)
            })
            .sum()
    }
}
