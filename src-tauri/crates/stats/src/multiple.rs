//! Several tests at once: adjusted p-values that keep the family-wise error or the false discovery rate.
//!
//! An adjusted p-value is compared with the level meant for the whole family. All functions keep the order of their input;
//! a NaN (a test that could not be made) stays NaN and does not count as a test.

use serde::{Deserialize, Serialize};

use crate::student;

/// How to adjust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// No adjustment.
    None,
    /// p times the number of tests.
    Bonferroni,
    /// Step-down (Holm 1979): family-wise error under any dependence, never weaker than Bonferroni.
    Holm,
    /// Hommel 1988: family-wise error for independent or positively dependent tests, stronger than Holm.
    Hommel,
    /// Benjamini & Hochberg 1995: false discovery rate for independent or positively dependent tests.
    BenjaminiHochberg,
    /// Benjamini & Yekutieli 2001: false discovery rate under any dependence.
    BenjaminiYekutieli,
}

impl Correction {
    /// Adjusted p-values.
    pub fn adjust(self, p: &[f64]) -> Vec<f64> {
        match self {
            Self::None => p.to_vec(),
            Self::Bonferroni => bonferroni(p),
            Self::Holm => holm(p),
            Self::Hommel => hommel(p),
            Self::BenjaminiHochberg => benjamini_hochberg(p),
            Self::BenjaminiYekutieli => benjamini_yekutieli(p),
        }
    }
}

/// Positions of what is a p-value, smallest first.
fn order(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).filter(|i| !p[*i].is_nan()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    order
}

/// p times their number.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    let m = order(p).len() as f64;
    p.iter().map(|p| if p.is_nan() { f64::NAN } else { (p * m).min(1.0) }).collect()
}

/// Holm's step-down.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = order(p);
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut most: f64 = 0.0;
    for (rank, i) in order.iter().enumerate() {
        most = most.max((p[*i] * (order.len() - rank) as f64).min(1.0));
        adjusted[*i] = most;
    }
    adjusted
}

/// Step-up from the largest with a factor by rank from 1.
fn step_up(p: &[f64], factor: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let order = order(p);
    let m = order.len() as f64;
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least: f64 = 1.0;
    for (rank, i) in order.iter().enumerate().rev() {
        least = least.min(p[*i] * factor(m, rank as f64 + 1.0));
        adjusted[*i] = least;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |m, rank| m / rank)
}

/// Benjamini and Yekutieli's step-up.
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    let harmonic: f64 = (1..=order(p).len()).map(|i| 1.0 / i as f64).sum();
    step_up(p, |m, rank| harmonic * m / rank)
}

/// Hommel's adjusted p-values, by the algorithm of Wright 1992 (Biometrics 48), in time of the square of their number.
pub fn hommel(p: &[f64]) -> Vec<f64> {
    let order = order(p);
    let n = order.len();
    let sorted: Vec<f64> = order.iter().map(|i| p[*i]).collect();
    let mut adjusted = sorted.clone();
    for m in (2..=n).rev() {
        // Simes' bound over the m largest, then what it implies for those in front of them.
        let split = n - m + 1;
        let over = |i: usize, rank: usize| m as f64 * sorted[i] / rank as f64;
        let simes = (split..n).map(|i| over(i, i - split + 2)).fold(f64::INFINITY, f64::min);
        let tail = |i: usize| simes.min(m as f64 * sorted[i]);
        let last = tail(split - 1);
        for (i, a) in adjusted.iter_mut().enumerate() {
            let bound = if i < split { tail(i) } else { last };
            *a = a.max(bound);
        }
    }
    let mut all = vec![f64::NAN; p.len()];
    for (rank, i) in order.iter().enumerate() {
        all[*i] = adjusted[rank].min(1.0);
    }
    all
}

/// Half-width of the interval that belongs to an adjusted two-sided p-value: it excludes no effect exactly when the
/// adjusted p-value is below `alpha`. The estimate stays; its error is stretched by t(1 - alpha/2) / t(1 - p/2).
///
/// An effect of 0 has no such interval by stretching; with p = 1 it is infinite, as it is where the adjusted p is 1.
pub fn adjusted_half_width(estimate: f64, adjusted: f64, df: f64, alpha: f64) -> f64 {
    let at = student::isf(0.5 * adjusted, df);
    if at > 0.0 { estimate.abs() * student::isf(0.5 * alpha, df) / at } else { f64::INFINITY }
}
