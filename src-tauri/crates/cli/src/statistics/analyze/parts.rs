//! A metric's figures: of the whole, of strata, of segments.

use epoch_model::Result;
use epoch_stats::bayes::{PastEffect, shrink};
use epoch_stats::compare::{Contrast, Refusal};
use epoch_stats::moments::Moments;

use super::super::{ends, wrong};
use super::compared::on;
use super::input::{Input, Metric};
use super::output::{Plain, SegmentRead, Shrunk};

/// Moments by arm, in the order of the arms.
pub(super) struct Parts {
    pub(super) whole: Vec<Moments>,
    /// The strata that are averaged; none where the whole is compared as it is.
    pub(super) strata: Vec<Vec<Moments>>,
    /// One per segment, in the input's order.
    pub(super) segments: Vec<Vec<Moments>>,
}

pub(super) fn parts(input: &Input, m: usize, metric: &Metric) -> Result<Parts> {
    let place = format!("metrics[{m}]");
    if let Some(q) = metric.quantile
        && !(q > 0.0 && q < 1.0)
    {
        return Err(wrong(
            format!("{place}.quantile"),
            format!("{q} is not between 0 and 1"),
            "0.9 is the 90th percentile",
        ));
    }
    let adjusted = |found: Vec<Moments>| {
        if input.cuped { found } else { found.iter().map(Moments::without_pre).collect() }
    };
    let mut segments = Vec::with_capacity(metric.segments.len());
    for (s, segment) in metric.segments.iter().enumerate() {
        if metric.segments.iter().take(s).any(|o| (&o.dimension, &o.value) == (&segment.dimension, &segment.value)) {
            let what = format!("{} “{}” is there twice", segment.dimension, segment.value);
            return Err(wrong(format!("{place}.segments[{s}]"), what, "name every segment once"));
        }
        segments.push(adjusted(segment.figures().of(&input.arms, &format!("{place}.segments[{s}]"))?));
    }
    let of = |dimension: &str| -> Vec<Vec<Moments>> {
        let named = metric.segments.iter().zip(&segments).filter(|(s, _)| s.dimension == dimension);
        named.map(|(_, found)| found.clone()).collect()
    };
    let strata = match &metric.post_stratify {
        None => Vec::new(),
        Some(dimension) => {
            let found = of(dimension);
            if found.is_empty() {
                let what = format!("no segment has the dimension “{dimension}”");
                return Err(wrong(format!("{place}.post_stratify"), what, "name one of `segments`"));
            }
            if metric.quantile.is_some() {
                return Err(wrong(format!("{place}.post_stratify"), "quantiles have no strata", "leave it out"));
            }
            found
        }
    };
    let figures = metric.figures();
    let whole = match metric.segments.first() {
        // Strata are the whole by themselves.
        Some(_) if !strata.is_empty() && figures.is_empty() => together(&strata, &place)?,
        Some(first) if figures.is_empty() => together(&of(&first.dimension), &place)?,
        _ => adjusted(figures.of(&input.arms, &place)?),
    };
    Ok(Parts { whole, strata, segments })
}

fn together(parts: &[Vec<Moments>], place: &str) -> Result<Vec<Moments>> {
    let mut whole = vec![Moments::default(); parts.first().map_or(0, Vec::len)];
    for part in parts {
        for (sum, arm) in whole.iter_mut().zip(part) {
            *sum = sum
                .combine(arm)
                .map_err(|why| wrong(format!("{place}.segments"), why, "give all segments figures of the same kind"))?;
        }
    }
    Ok(whole)
}

/// The effect of arm `k` within each segment, drawn together within each dimension.
pub(super) fn segments(input: &Input, metric: &Metric, k: usize, found: &[Vec<Moments>]) -> Vec<SegmentRead> {
    let effects: Vec<_> =
        found.iter().map(|arms| Contrast::of(&arms[0], &arms[k]).and_then(|c| c.effect(on(input.scale)))).collect();
    let mut read: Vec<SegmentRead> = Vec::with_capacity(effects.len());
    for ((segment, arms), effect) in metric.segments.iter().zip(found).zip(&effects) {
        read.push(SegmentRead {
            dimension: segment.dimension.clone(),
            value: segment.value.clone(),
            units: [arms[0].units, arms[k].units],
            refusal: effect.as_ref().err().map(Refusal::to_string),
            effect: effect.as_ref().ok().map(|e| Plain { estimate: e.estimate, standard_error: e.se }),
            shrunk: None,
        });
    }
    let mut done: Vec<&str> = Vec::new();
    for segment in &metric.segments {
        if done.contains(&segment.dimension.as_str()) {
            continue;
        }
        done.push(&segment.dimension);
        let inside: Vec<(usize, PastEffect)> = effects
            .iter()
            .enumerate()
            .filter(|(s, _)| metric.segments[*s].dimension == segment.dimension)
            .filter_map(|(s, e)| e.as_ref().ok().map(|e| (s, PastEffect { estimate: e.estimate, se: e.se })))
            .collect();
        let past: Vec<PastEffect> = inside.iter().map(|(_, e)| *e).collect();
        for ((s, _), drawn) in inside.iter().zip(shrink(&past, input.alpha)) {
            // Errors so small that their squares are no numbers leave nothing to draw together.
            if ![drawn.mean, drawn.sd, drawn.above_zero, drawn.shrinkage].iter().all(|x| x.is_finite()) {
                continue;
            }
            let better = if metric.lower_is_better { 1.0 - drawn.above_zero } else { drawn.above_zero };
            read[*s].shrunk = Some(Shrunk {
                estimate: drawn.mean,
                sd: drawn.sd,
                interval: ends([drawn.interval.lower, drawn.interval.upper]),
                chance_to_win: better,
                shrinkage: drawn.shrinkage,
            });
        }
    }
    read
}
