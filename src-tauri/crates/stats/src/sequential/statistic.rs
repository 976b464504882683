//! Statistics on the normal scale, so that a boundary computed for Brownian motion fits small samples, too.

use libm::{exp, lgamma, log, sqrt};

use crate::compare::{Effect, Line, theta};
use crate::moments::{Moments, Outcome};
use crate::{normal, student};

/// The normal deviate with the tail probability of `t` under Student's distribution with `df` degrees of freedom.
pub fn z_of_t(t: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return t;
    }
    let z = deviate(student::sf(t.abs(), df));
    if t >= 0.0 { z } else { -z }
}

/// The deviate of a tail probability; one that is too small for a number counts as 1e-300, so that it stays evidence.
fn deviate(p: f64) -> f64 {
    if p.is_nan() { p } else { normal::isf(p.clamp(1e-300, 1.0)) }
}

/// Moments of one arm's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Units.
    pub units: f64,
    /// Mean per unit.
    pub mean: f64,
    /// Sample variance per unit.
    pub variance: f64,
    /// Third central moment per unit.
    pub third: f64,
}

/// Below this skewness of the estimate Student's distribution is good enough.
pub const SYMMETRIC: f64 = 0.02;

/// The statistic of two means, treatment minus control, on the normal scale, and the skewness of the estimate.
///
/// Welch's where the estimate is nearly symmetric: an even split is, however skewed the units. With a small arm of skewed
/// units Welch's standard error moves with the mean, and it errs many times too often towards the short tail; there the
/// variance and the third moment are pooled (right without an effect) and the skewness is taken out by Hall's monotone cubic
/// (Hall 1992, "On the removal of skewness by transformation", JRSS B 54(1)).
pub fn z_of_means(control: &Sample, treatment: &Sample) -> (f64, f64) {
    let (n0, n1) = (control.units, treatment.units);
    let weighted = |a: f64, b: f64| (n0 * a + n1 * b) / (n0 + n1);
    let pooled = weighted(control.variance, treatment.variance);
    let third = weighted(control.third, treatment.third);
    let variance = pooled * (1.0 / n0 + 1.0 / n1);
    let skewness = third * (1.0 / (n1 * n1) - 1.0 / (n0 * n0)) / (variance * sqrt(variance));
    let estimate = treatment.mean - control.mean;
    if !(skewness.abs() >= SYMMETRIC) {
        let (a, b) = (control.variance / n0, treatment.variance / n1);
        let df = (a + b) * (a + b) / (a * a / (n0 - 1.0) + b * b / (n1 - 1.0));
        return (z_of_t(estimate / sqrt(a + b), df), skewness);
    }
    (unskewed(estimate / sqrt(variance), skewness), skewness)
}

/// The statistic of two arms from their moments, for the absolute effect between them, and the skewness of the estimate;
/// `None` for that where it plays no part or is not known: ratios, quantiles, and means without [`Moments::m3`].
///
/// Shares without a covariate by [`z_of_proportions`], shares with one and means by [`z_of_means`]. What a covariate leaves
/// has a known variance, but its third moment would take sums of products of three. It is taken to be as skewed as what
/// the covariate takes away, and independent of it: with `r` of the variance left the outcome's skewness is theirs times
/// `r^(3/2) + (1 - r)^(3/2)`. Taking out too much or too little by 0.2 moves an error rate of 0.025 in one tail by 0.006 and
/// hardly that of both together, whereas Welch's statistic adds 0.08 times the whole skewness.
pub fn z_of_moments(control: &Moments, treatment: &Moments, effect: &Effect) -> (f64, Option<f64>) {
    let shares = control.outcome == Outcome::Binary && control.den.is_none();
    if shares && control.pre.is_none() {
        let arm = |arm: &Moments| Arm { events: (arm.mean * arm.units as f64).round(), units: arm.units as f64 };
        let (z, skewness) = z_of_proportions(arm(control), arm(treatment));
        return (z, Some(skewness));
    }
    let theta = theta(control, treatment);
    let sample = |arm: &Moments| -> Option<Sample> {
        if arm.den.is_some() || arm.quantile.is_some() {
            return None;
        }
        let (units, line) = (arm.units as f64, Line::of(arm, theta).ok()?);
        let third = if shares { arm.mean * (1.0 - arm.mean) * (1.0 - 2.0 * arm.mean) } else { arm.m3? / units };
        let left = (line.adjusted_variance / line.observed_variance).clamp(0.0, 1.0);
        let (rest, taken) = (left * sqrt(left), (1.0 - left) * sqrt(1.0 - left));
        Some(Sample {
            units,
            mean: line.adjusted,
            variance: units * line.adjusted_variance,
            third: if left < 1.0 { third * rest / (rest + taken) } else { third },
        })
    };
    match (sample(control), sample(treatment)) {
        (Some(control), Some(treatment)) => {
            let (z, skewness) = z_of_means(&control, &treatment);
            (z, Some(skewness))
        }
        _ => (z_of_t(effect.t(), effect.df), None),
    }
}

/// Hall's monotone cubic for a statistic whose standard error does not move with the estimate.
fn unskewed(z: f64, skewness: f64) -> f64 {
    z - skewness * (z * z - 1.0) / 6.0 + skewness * skewness * z * z * z / 108.0
}

/// How many standard errors from the estimate the end of an interval lies that is `c` normal deviates away (`c` of either
/// sign, from the truth to the estimate): the inverse of Hall's cubic for a statistic whose standard error is measured
/// together with the estimate.
pub fn errors_of(c: f64, skewness: f64) -> f64 {
    if !(skewness.abs() >= SYMMETRIC) || c.is_infinite() {
        return c;
    }
    3.0 / skewness * (libm::cbrt(1.0 + skewness * (c - skewness / 6.0)) - 1.0)
}

/// Events of one arm among its units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// Units with the event.
    pub events: f64,
    /// Units.
    pub units: f64,
}

/// Below this many expected events in the smaller arm (of events or of the others) the exact distribution is used.
const EXACT_BELOW: f64 = 200.0;

/// The statistic of two proportions, treatment minus control, for testing that they are equal, and the skewness of the
/// difference.
///
/// The score statistic (pooled variance), whose null distribution is right where the unpooled one is not, its skewness taken
/// out as in [`z_of_means`]. With fewer than 200 expected events in an arm its p-value is the exact mid-p of the
/// hypergeometric distribution given the total (Fisher's conditioning; Lancaster 1961 for mid-p), mapped to the normal
/// scale. Zero while nothing can be said.
pub fn z_of_proportions(control: Arm, treatment: Arm) -> (f64, f64) {
    let (n0, n1) = (control.units, treatment.units);
    let total = control.events + treatment.events;
    if !(n0 > 0.0 && n1 > 0.0 && total > 0.0 && total < n0 + n1) {
        return (0.0, 0.0);
    }
    let rate = total / (n0 + n1);
    let each = rate * (1.0 - rate);
    let variance = each * (1.0 / n0 + 1.0 / n1);
    let third = each * (1.0 - 2.0 * rate);
    let skewness = third * (1.0 / (n1 * n1) - 1.0 / (n0 * n0)) / (variance * sqrt(variance));
    if total.min(n0 + n1 - total) * n0.min(n1) < EXACT_BELOW * (n0 + n1) {
        return (exact(control, treatment), skewness);
    }
    (unskewed((treatment.events / n1 - control.events / n0) / sqrt(variance), skewness), skewness)
}

/// Mid-p of the hypergeometric distribution as a normal deviate, with the sign of the difference.
fn exact(control: Arm, treatment: Arm) -> f64 {
    let (n0, n1) = (control.units.round(), treatment.units.round());
    // The rarer of events and the others is counted: few terms.
    let total = (control.events + treatment.events).round();
    let flip = total > 0.5 * (n0 + n1);
    let k = if flip { n0 + n1 - total } else { total };
    let x = if flip { n1 - treatment.events.round() } else { treatment.events.round() };
    let (low, high) = ((k - n0).max(0.0), k.min(n1));
    let at = log_hypergeometric(x, k, n0, n1);
    // Terms towards the nearer end, each from its neighbour.
    let centre = k * n1 / (n0 + n1);
    let upward = x >= centre;
    let mut tail = 0.5;
    let mut term = 1.0;
    let mut i = x;
    while if upward { i < high } else { i > low } {
        term *= if upward {
            (k - i) * (n1 - i) / ((i + 1.0) * (n0 - k + i + 1.0))
        } else {
            i * (n0 - k + i) / ((k - i + 1.0) * (n1 - i + 1.0))
        };
        tail += term;
        i += if upward { 1.0 } else { -1.0 };
        if term < 1e-17 * tail {
            break;
        }
    }
    let p = exp(at) * tail;
    let z = deviate(p);
    if upward == flip { -z } else { z }
}

/// Logarithm of P(x of k events fall into the arm of `n1`).
fn log_hypergeometric(x: f64, k: f64, n0: f64, n1: f64) -> f64 {
    log_choose(n1, x) + log_choose(n0, k - x) - log_choose(n0 + n1, k)
}

fn log_choose(n: f64, k: f64) -> f64 {
    if k <= 0.0 || k >= n {
        return 0.0;
    }
    // Few of many: a product keeps the digits that differences of lgamma lose.
    if k < 64.0 {
        let mut sum = 0.0;
        let mut i = 0.0;
        while i < k {
            sum += log((n - i) / (i + 1.0));
            i += 1.0;
        }
        return sum;
    }
    lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)
}
