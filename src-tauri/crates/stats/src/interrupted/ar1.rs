//! Linear regression with errors that remember their last value (AR(1)), the memory not known.
//!
//! Under the flat prior on coefficients and 1/sigma on the spread, each memory phi gives a t distribution for every
//! linear form, and phi itself the weight |1-phi^2|^1/2 |X'X|^-1/2 RSS^-(n-p)/2 after the transformation of Prais and
//! Winsten. The mixture over a grid of phi carries what a single estimate of it hides: intervals are as long as they
//! must be in short series.

use serde::{Deserialize, Serialize};

use super::least_squares::{Fit, dot, fit};
use crate::student;

// Above: nearly a random walk, whose level no regression knows. Below: alternation that business series do not have.
const LOWEST: f64 = -0.6;
const HIGHEST: f64 = 0.98;
const GRID: usize = 32;

/// A fit for every memory.
#[derive(Clone, Debug)]
pub(crate) struct Ar1 {
    parts: Vec<Part>,
    df: f64,
    last_x: Vec<f64>,
    last_y: f64,
}

#[derive(Clone, Debug)]
struct Part {
    phi: f64,
    weight: f64,
    fit: Fit,
}

/// What is known of a figure: a mixture of t distributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tails {
    df: f64,
    // Weight, centre, scale.
    parts: Vec<[f64; 3]>,
}

impl Tails {
    /// Mean of the mixture.
    pub fn mean(&self) -> f64 {
        self.parts.iter().map(|[w, c, _]| w * c).sum()
    }

    /// Spread: the standard deviation of the mixture of scales and centres, as a standard error.
    pub fn error(&self) -> f64 {
        let mean = self.mean();
        libm::sqrt(self.parts.iter().map(|[w, c, s]| w * (s * s + (c - mean) * (c - mean))).sum())
    }

    /// P(figure > x).
    pub fn above(&self, x: f64) -> f64 {
        self.parts.iter().map(|[w, c, s]| w * student::sf((x - c) / s, self.df)).sum()
    }

    /// The value exceeded with probability `p`.
    pub fn exceeded(&self, p: f64) -> f64 {
        let reach = student::isf(p.min(1.0 - p), self.df);
        let ends = self.parts.iter().flat_map(|[_, c, s]| [c - reach * s, c + reach * s]);
        let (mut low, mut high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if self.above(middle) > p {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    /// The central interval at `1 - alpha`.
    pub fn interval(&self, alpha: f64) -> [f64; 2] {
        [self.exceeded(1.0 - 0.5 * alpha), self.exceeded(0.5 * alpha)]
    }

    /// Two-sided tail of "it is 0".
    pub fn p(&self) -> f64 {
        let above = self.above(0.0);
        (2.0 * above.min(1.0 - above)).clamp(0.0, 1.0)
    }

    /// The figure turned round and moved: `at - figure`.
    pub(crate) fn taken_from(mut self, at: f64) -> Self {
        for part in &mut self.parts {
            part[1] = at - part[1];
        }
        self
    }
}

impl Ar1 {
    /// Fits. `None` with fewer than three residual degrees of freedom.
    pub(crate) fn new(columns: &[Vec<f64>], y: &[f64]) -> Option<Self> {
        let n = y.len();
        let mut parts: Vec<Part> = Vec::with_capacity(GRID);
        let mut logs = Vec::with_capacity(GRID);
        let mut rank = 0;
        for k in 0..GRID {
            // Closer together near one, where little changes much.
            let share = (k as f64 + 0.5) / GRID as f64;
            let phi = LOWEST + (HIGHEST - LOWEST) * (1.0 - (1.0 - share) * (1.0 - share));
            let turned: Vec<Vec<f64>> = columns.iter().map(|c| whitened(c, phi)).collect();
            let fit = fit(&turned, &whitened(y, phi));
            rank = fit.rank();
            let df = n.saturating_sub(rank) as f64;
            if df < 3.0 {
                return None;
            }
            // The grid's density: its points stand for stretches of length 2 (1 - share).
            let log = 0.5 * libm::log(1.0 - phi * phi)
                - 0.5 * fit.log_det
                - 0.5 * df * libm::log(fit.rss.max(f64::MIN_POSITIVE))
                + libm::log(1.0 - share);
            logs.push(log);
            parts.push(Part { phi, weight: 0.0, fit });
        }
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| libm::exp(l - highest)).sum();
        for (part, log) in parts.iter_mut().zip(&logs) {
            part.weight = libm::exp(log - highest) / sum;
        }
        parts.retain(|p| p.weight > 1e-6);
        let last_x = columns.iter().filter_map(|c| c.last().copied()).collect();
        Some(Self { parts, df: n.saturating_sub(rank) as f64, last_x, last_y: y.last().copied()? })
    }

    /// Mean memory.
    pub(crate) fn memory(&self) -> f64 {
        let whole: f64 = self.parts.iter().map(|p| p.weight).sum();
        self.parts.iter().map(|p| p.weight * p.phi).sum::<f64>() / whole
    }

    /// A linear form of the coefficients.
    pub(crate) fn form(&self, g: &[f64]) -> Tails {
        self.tails(|part, variance| (dot(&part.fit.coefficients, g), variance * part.fit.spread(g)))
    }

    /// The sum of the next values, whose columns are `next` (each as long as there are values to come).
    pub(crate) fn sum_ahead(&self, next: &[Vec<f64>]) -> Tails {
        let ahead = next.first().map_or(0, Vec::len);
        self.tails(|part, variance| {
            // The last residual lives on as phi^k: sum = sum x_k b + c (y_n - x_n b), c = phi + ... + phi^h.
            let fades: f64 = powers(part.phi).take(ahead).sum();
            let g: Vec<f64> =
                next.iter().zip(&self.last_x).map(|(c, last)| c.iter().sum::<f64>() - fades * last).collect();
            let centre = dot(&part.fit.coefficients, &g) + fades * self.last_y;
            // A shock j steps before the end counts 1 + phi + ... + phi^(j-1).
            let mut counted = 0.0;
            let mut shocks = 0.0;
            for power in std::iter::once(1.0).chain(powers(part.phi)).take(ahead) {
                counted += power;
                shocks += counted * counted;
            }
            (centre, variance * (shocks + part.fit.spread(&g)))
        })
    }

    /// The expected next values, one by one.
    pub(crate) fn expected_ahead(&self, next: &[Vec<f64>]) -> Vec<f64> {
        let ahead = next.first().map_or(0, Vec::len);
        let whole: f64 = self.parts.iter().map(|p| p.weight).sum();
        let mut expected = vec![0.0; ahead];
        for part in &self.parts {
            let residual = self.last_y - dot(&part.fit.coefficients, &self.last_x);
            for ((k, slot), fade) in expected.iter_mut().enumerate().zip(powers(part.phi)) {
                let level: f64 = next.iter().zip(&part.fit.coefficients).map(|(c, b)| c[k] * b).sum();
                *slot += part.weight / whole * (level + fade * residual);
            }
        }
        expected
    }

    fn tails(&self, of: impl Fn(&Part, f64) -> (f64, f64)) -> Tails {
        let whole: f64 = self.parts.iter().map(|p| p.weight).sum();
        let parts = self.parts.iter().map(|part| {
            let (centre, variance) = of(part, part.fit.rss / self.df);
            [part.weight / whole, centre, libm::sqrt(variance).max(f64::MIN_POSITIVE)]
        });
        Tails { df: self.df, parts: parts.collect() }
    }
}

fn powers(phi: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(phi), move |p| Some(p * phi))
}

/// Prais and Winsten's transformation: what is new in each value.
fn whitened(x: &[f64], phi: f64) -> Vec<f64> {
    let first = x.first().map(|v| libm::sqrt(1.0 - phi * phi) * v);
    first.into_iter().chain(x.windows(2).map(|w| w[1] - phi * w[0])).collect()
}
