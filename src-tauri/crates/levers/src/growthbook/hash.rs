//! GrowthBook's hashes and ranges. Strings are hashed by UTF-16 code unit, as its JavaScript does.

use std::fmt::Write as _;

/// A half-open range of points between 0 and 1.
pub type Range = [f64; 2];

fn fnv32a(units: impl Iterator<Item = u16>) -> u32 {
    units.fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

/// A unit's point between 0 (included) and 1. Version 2 knows 10,000 points, version 1 knows 1,000; there are no others.
pub fn hash(seed: &str, value: &str, version: u64) -> Option<f64> {
    match version {
        2 => {
            let inner = fnv32a(seed.encode_utf16().chain(value.encode_utf16()));
            let mut digits = String::with_capacity(10);
            // Writing to a string cannot fail.
            let _ = write!(digits, "{inner}");
            Some(f64::from(fnv32a(digits.encode_utf16()) % 10_000) / 10_000.0)
        }
        1 => Some(f64::from(fnv32a(value.encode_utf16().chain(seed.encode_utf16())) % 1000) / 1000.0),
        _ => None,
    }
}

/// Whether the point lies in the range.
pub fn in_range(point: f64, range: Range) -> bool {
    point >= range[0] && point < range[1]
}

/// The first range that holds the point.
pub fn choose(point: f64, ranges: &[Range]) -> Option<usize> {
    ranges.iter().position(|range| in_range(point, *range))
}

/// Whether the unit is in this part of an old-style namespace.
pub fn in_namespace(value: &str, namespace: &str, range: Range) -> bool {
    hash(&format!("__{namespace}"), value, 1).is_some_and(|point| in_range(point, range))
}

/// The ranges of `count` variations, each cut down to its covered part. Weights that do not fit become equal ones.
pub fn bucket_ranges(count: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<Range> {
    let coverage = coverage.clamp(0.0, 1.0);
    let fits = |weights: &&[f64]| {
        weights.len() == count
            && weights.iter().all(|w| w.is_finite() && *w >= 0.0)
            && (0.99..=1.01).contains(&weights.iter().sum::<f64>())
    };
    let equal;
    let weights = if let Some(weights) = weights.filter(fits) {
        weights
    } else {
        equal = vec![1.0 / count as f64; count];
        &equal
    };
    let mut from = 0.0;
    weights
        .iter()
        .map(|weight| {
            let range = [from, from + coverage * weight];
            from += weight;
            range
        })
        .collect()
}
