//! Which parts of a whole explain its deviation, for sums and for quotients of sums.
//!
//! In the spirit of Adtributor (Bhagwan et al. 2014): explanatory power per value, one dimension at a time, the shortest
//! list that explains most. Against its blind spot — a large part always "explains" a uniform drop — a value only counts
//! when it moved clearly more than the rest.

use serde::{Deserialize, Serialize};

/// A value of a dimension: numerators and denominators (1 and 1 for sums: see `ratio` of [`localize`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Index of its dimension.
    pub dimension: usize,
    /// Numerator seen …
    pub actual: f64,
    /// … and expected.
    pub expected: f64,
    /// Denominator seen …
    pub actual_den: f64,
    /// … and expected; ignored for sums.
    pub expected_den: f64,
    /// Standard deviation of the numerator's expectation, 0 if unknown.
    pub noise: f64,
}

/// A part that explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Index into the parts handed in.
    pub part: usize,
    /// Share of the whole deviation; may exceed 1 when others offset it.
    pub share: f64,
}

/// A list must explain this much of the deviation.
const ENOUGH: f64 = 0.6;
/// At most so many values are named.
const NAMES: usize = 3;
/// A named value moved at least so many times as much as its size in the whole would make it.
const EXCESS: f64 = 1.25;

/// The shortest list of values of one dimension that explains the deviation, strongest first; empty where it is spread
/// evenly. `ratio`: the whole is sum of numerators over sum of denominators.
pub fn localize(parts: &[Part], ratio: bool) -> Vec<Cause> {
    let dimensions = parts.iter().map(|p| p.dimension + 1).max().unwrap_or(0);
    let mut best: Option<(f64, Vec<Cause>)> = None;
    for dimension in 0..dimensions {
        let Some((merit, causes)) = explain(parts, dimension, ratio) else { continue };
        if best.as_ref().is_none_or(|(most, _)| merit > *most) {
            best = Some((merit, causes));
        }
    }
    best.map(|(_, causes)| causes).unwrap_or_default()
}

/// Share of the deviation and share of the whole of each value of a dimension.
fn shares(parts: &[Part], dimension: usize, ratio: bool) -> Vec<(usize, f64, f64, f64)> {
    let of = || parts.iter().enumerate().filter(move |(_, p)| p.dimension == dimension);
    let (mut a, mut f, mut ad, mut fd) = (0.0, 0.0, 0.0, 0.0);
    for (_, p) in of() {
        a += p.actual;
        f += p.expected;
        ad += p.actual_den;
        fd += p.expected_den;
    }
    if !ratio {
        let whole = a - f;
        return of()
            .map(|(i, p)| (i, (p.actual - p.expected) / whole, p.expected / f, p.noise / whole.abs()))
            .collect();
    }
    let (before, after) = (f / fd, a / ad);
    let whole = after - before;
    // Contribution of one part: the whole moves when the part goes from expected to seen while the rest stays expected
    // (numerator and denominator together), averaged with the reverse, which makes the contributions nearly add up.
    of().map(|(i, p)| {
        let on = (f - p.expected + p.actual) / (fd - p.expected_den + p.actual_den) - before;
        let off = after - (a - p.actual + p.expected) / (ad - p.actual_den + p.expected_den);
        let share = 0.5 * (on + off) / whole;
        let noise = if p.noise > 0.0 { p.noise / fd / whole.abs() } else { 0.0 };
        (i, share, p.expected_den / fd, noise)
    })
    .collect()
}

fn explain(parts: &[Part], dimension: usize, ratio: bool) -> Option<(f64, Vec<Cause>)> {
    let mut all = shares(parts, dimension, ratio);
    if all.len() < 2 || all.iter().any(|s| !s.1.is_finite() || !s.2.is_finite()) {
        return None;
    }
    all.retain(|(_, share, size, noise)| {
        *share > 0.05 && *share > EXCESS * size.max(0.0) && *share - size.max(0.0) > 2.0 * noise
    });
    all.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
    let (mut explained, mut size, mut causes) = (0.0, 0.0, Vec::new());
    for (part, share, part_size, _) in all.into_iter().take(NAMES) {
        causes.push(Cause { part, share });
        explained += share;
        size += part_size.max(0.0);
        if explained >= 0.9 {
            break;
        }
        // A further name must add something to speak of.
        if explained >= ENOUGH && share < 0.15 {
            break;
        }
    }
    if explained < ENOUGH {
        return None;
    }
    // Succinct and surprising: much explained by few and small parts; more than everything is no better than everything.
    let surplus = (explained - 1.0).max(0.0);
    let merit = explained.min(1.0) - 0.3 * surplus - size.min(1.0) * 0.5 - 0.08 * causes.len() as f64;
    Some((merit, causes))
}
