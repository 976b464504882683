//! Which segment values explain a deviation: expected values per value from its own recent past, then localisation.

use std::collections::VecDeque;

use epoch_model::business::Metric;
use epoch_model::insight::Driver;
use epoch_stats::horizon::Pool;
use epoch_stats::{Part, localize, robust};

use super::track::{Slice, Track};
use crate::config::pool;

/// Same-slot buckets an expectation rests on.
const LOOK_BACK: usize = 6;
/// Values per segment that are looked at, largest expected first.
const VALUES: usize = 200;

/// The values that explain why the newest bucket is `actual` and not `expected`.
pub(crate) fn drivers(track: &Track, metric: &Metric, actual: f64, expected: f64) -> Vec<Driver> {
    let Some(cell) = track.cells.back() else { return Vec::new() };
    let ratio = pool(metric) == Pool::RatioOfSums;
    let mut starts = Vec::new();
    let (mut num, mut den) = (Vec::new(), Vec::new());
    for before in track.cells.iter().rev().skip(1) {
        if starts.len() >= LOOK_BACK {
            break;
        }
        if before.fine == cell.fine && before.value.is_some() {
            starts.push(before.start);
            num.push(before.num);
            den.push(before.den);
        }
    }
    if starts.len() < 2 {
        return Vec::new();
    }
    // The parts' past is brought to the whole's present level, so that trend and season of the whole are not blamed on them.
    let usual = robust::trimmed_mean(&mut num, 0.17);
    let level = if ratio || usual == 0.0 { 1.0 } else { (expected / usual).clamp(0.1, 10.0) };
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut parts = Vec::new();
    for (dimension, (segment, values)) in track.segments.iter().enumerate() {
        let mut rows: Vec<(&str, Part)> = Vec::with_capacity(values.len());
        for (value, slices) in values {
            let mut nums: Vec<f64> = starts.iter().map(|s| at(slices, *s).1).collect();
            let mut dens: Vec<f64> = starts.iter().map(|s| at(slices, *s).2).collect();
            let noise = spread(&nums) * level;
            let now = at(slices, cell.start);
            rows.push((
                value,
                Part {
                    dimension,
                    actual: now.1,
                    expected: robust::trimmed_mean(&mut nums, 0.17) * level,
                    actual_den: now.2,
                    expected_den: robust::trimmed_mean(&mut dens, 0.17),
                    noise,
                },
            ));
        }
        rows.sort_by(|a, b| b.1.expected.max(b.1.actual).total_cmp(&a.1.expected.max(a.1.actual)).then(a.0.cmp(b.0)));
        for (value, part) in rows.into_iter().take(VALUES) {
            names.push((segment, value));
            parts.push(part);
        }
    }
    if !ratio && (actual - expected).abs() < f64::EPSILON {
        return Vec::new();
    }
    localize(&parts, ratio)
        .into_iter()
        .filter_map(|cause| {
            let (part, (segment, value)) = (parts.get(cause.part)?, names.get(cause.part)?);
            let per = |n: f64, d: f64| {
                if !ratio {
                    n
                } else if d > 0.0 {
                    n / d
                } else {
                    0.0
                }
            };
            Some(Driver {
                segment: (*segment).to_owned(),
                value: (*value).to_owned(),
                actual: per(part.actual, part.actual_den),
                expected: per(part.expected, part.expected_den),
                share: cause.share,
            })
        })
        .collect()
}

fn at(slices: &VecDeque<Slice>, start: i64) -> Slice {
    slices
        .binary_search_by_key(&start, |s| s.0)
        .ok()
        .and_then(|i| slices.get(i).copied())
        .unwrap_or(Slice(start, 0.0, 0.0))
}

/// Standard error of a mean of so few values, from their mean absolute spread.
fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    1.25 * values.iter().map(|v| (v - mean).abs()).sum::<f64>() / n
}
