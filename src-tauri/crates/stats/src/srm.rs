//! Sample-ratio mismatch: chi-square for display, a sequential test for decisions, and the search for its cause.

use libm::{exp, fabs, lgamma, log};
use serde::{Deserialize, Serialize};

use crate::{multiple, special};

/// A chi-square test of counts against weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChiSquare {
    /// Statistic.
    pub statistic: f64,
    /// Degrees of freedom: arms with weight, less one.
    pub df: f64,
    /// Survival function of it.
    pub p_value: f64,
    /// The arm that lies furthest from its share, in standard deviations.
    pub arm: usize,
    /// How far: positive for too many units.
    pub z: f64,
}

/// Tests counts against weights (any positive scale). Arms without weight take no part: their units are not expected, and
/// whoever is in them is another gate's question. `None` where the slices differ in length, a weight is negative or not
/// finite, or no arm has any.
///
/// For display: it must not be looked at over and over. Decisions use [`Sequential`].
pub fn chi_square(counts: &[u64], weights: &[f64]) -> Option<ChiSquare> {
    if counts.len() != weights.len() || weights.iter().any(|w| !(*w >= 0.0) || w.is_infinite()) {
        return None;
    }
    let whole: f64 = weights.iter().sum();
    let open = || counts.iter().zip(weights).enumerate().filter(|(_, (_, w))| **w > 0.0);
    let arms = open().count();
    if arms == 0 {
        return None;
    }
    let n: f64 = open().map(|(_, (c, _))| *c as f64).sum();
    let df = arms as f64 - 1.0;
    let mut found = ChiSquare { statistic: 0.0, df, p_value: 1.0, arm: 0, z: 0.0 };
    if n == 0.0 || arms == 1 {
        return Some(found);
    }
    for (arm, (count, weight)) in open() {
        let share = weight / whole;
        let off = *count as f64 - n * share;
        found.statistic += off * off / (n * share);
        let z = off / libm::sqrt(n * share * (1.0 - share));
        if fabs(z) > fabs(found.z) {
            (found.arm, found.z) = (arm, z);
        }
    }
    found.p_value = special::chi_square_sf(found.statistic, df);
    Some(found)
}

/// Sequential test of a multinomial (Lindon & Malek 2020, arXiv 2011.03567): the Bayes factor of a Dirichlet mixture over
/// the shares against the shares that were meant. It is a martingale while these hold, so 1 over its largest value is a
/// p-value that may be looked at after every unit, for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequential {
    shares: Vec<f64>,
    concentration: f64,
    counts: Vec<u64>,
    /// Logarithm of the Bayes factor's largest value so far.
    log_most: f64,
}

/// Concentration of the Dirichlet around the meant shares: alternatives within a few per cent of them are what occurs.
/// About the number of units after which the test is most sensitive.
pub const CONCENTRATION: f64 = 10_000.0;

impl Sequential {
    /// A test before its first unit. Arms without weight take no part. `None` where weights are negative, not finite, or
    /// fewer than two are positive, or the concentration is not positive.
    pub fn new(weights: &[f64], concentration: f64) -> Option<Self> {
        let whole: f64 = weights.iter().sum();
        let sound = weights.iter().all(|w| *w >= 0.0) && whole.is_finite() && concentration > 0.0;
        if !sound || !concentration.is_finite() || weights.iter().filter(|w| **w > 0.0).count() < 2 {
            return None;
        }
        let shares = weights.iter().map(|w| w / whole).collect();
        Some(Self { shares, concentration, counts: vec![0; weights.len()], log_most: 0.0 })
    }

    /// Sets the counts so far; they only grow. Returns the anytime-valid p-value.
    ///
    /// The mixture's value depends on counts alone, not on the order of units, so a look now and then loses nothing but
    /// the maxima in between.
    pub fn look(&mut self, counts: &[u64]) -> f64 {
        for (now, count) in self.counts.iter_mut().zip(counts) {
            *now = *count;
        }
        self.log_most = self.log_most.max(self.log_e_value());
        self.p_value()
    }

    /// Logarithm of the e-value at the last look.
    pub fn log_e_value(&self) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for (count, share) in self.counts.iter().zip(&self.shares) {
            if *share > 0.0 {
                let (c, prior) = (*count as f64, self.concentration * share);
                n += c;
                sum += rising(prior, c) - c * log(*share);
            }
        }
        sum - rising(self.concentration, n)
    }

    /// 1 over the largest e-value so far: valid at any time.
    pub fn p_value(&self) -> f64 {
        exp(-self.log_most).min(1.0)
    }
}

/// ln of Gamma(a + n) / Gamma(a).
fn rising(a: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0;
    }
    // For large arguments as ln B and ln Gamma of the smaller part, which does not cancel.
    lgamma(n) - special::ln_beta(a, n)
}

/// Units per arm of one value of a dimension: a country, a version of an SDK, a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Index of its dimension.
    pub dimension: usize,
    /// Index of its value within the dimension.
    pub value: usize,
    /// Units per arm.
    pub counts: Vec<u64>,
}

/// A slice that explains a mismatch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Index of the slice handed in.
    pub slice: usize,
    /// p-value of the slice on its own …
    pub p_value: f64,
    /// … adjusted for all slices searched (Holm).
    pub adjusted: f64,
    /// p-value of everything but the slice.
    pub without: f64,
    /// Share of the mismatch's statistic, above what chance adds, that goes with the slice; near 1 where it is the cause.
    pub share: f64,
    /// Whether the slice is off and the rest is balanced without it.
    pub explains: bool,
    /// The arm with far too many or too few units in it, and by how many standard deviations.
    pub arm: usize,
    /// See `arm`.
    pub z: f64,
}

/// Ranks slices as causes of a mismatch: those that are off by themselves (Holm-adjusted p below `alpha`), first the ones
/// without which the rest is balanced (p of the rest above `alpha`), then by how much of the mismatch goes with them. Of
/// two that explain alike, the smaller stands first: it says more. Slices of other lengths than `weights` are left out.
pub fn explain(slices: &[Slice], weights: &[f64], alpha: f64) -> Vec<Explanation> {
    let tested: Vec<(usize, &Slice, ChiSquare)> = slices
        .iter()
        .enumerate()
        .filter_map(|(i, s)| chi_square(&s.counts, weights).map(|found| (i, s, found)))
        .collect();
    let adjusted = multiple::holm(&tested.iter().map(|(_, _, found)| found.p_value).collect::<Vec<_>>());
    let mut found: Vec<(u64, Explanation)> = Vec::new();
    for ((index, slice, own), adjusted) in tested.iter().zip(adjusted) {
        if !(adjusted < alpha) {
            continue;
        }
        let mut whole = vec![0_u64; weights.len()];
        for s in slices.iter().filter(|s| s.dimension == slice.dimension && s.counts.len() == weights.len()) {
            for (w, c) in whole.iter_mut().zip(&s.counts) {
                *w = w.saturating_add(*c);
            }
        }
        let rest: Vec<u64> = whole.iter().zip(&slice.counts).map(|(w, c)| w.saturating_sub(*c)).collect();
        let (Some(all), Some(rest)) = (chi_square(&whole, weights), chi_square(&rest, weights)) else { continue };
        let excess = |c: &ChiSquare| (c.statistic - c.df).max(0.0);
        let share = if excess(&all) > 0.0 { 1.0 - excess(&rest) / excess(&all) } else { 0.0 };
        let explanation = Explanation {
            slice: *index,
            p_value: own.p_value,
            adjusted,
            without: rest.p_value,
            share,
            explains: rest.p_value > alpha,
            arm: own.arm,
            z: own.z,
        };
        found.push((slice.counts.iter().fold(0, |sum: u64, c| sum.saturating_add(*c)), explanation));
    }
    found.sort_by(|(na, a), (nb, b)| {
        let tenth = |e: &Explanation| (10.0 * e.share.clamp(0.0, 1.0)).round();
        b.explains.cmp(&a.explains).then(tenth(b).total_cmp(&tenth(a))).then(na.cmp(nb)).then(a.slice.cmp(&b.slice))
    });
    found.into_iter().map(|(_, e)| e).collect()
}
