//! Closes buckets: when one is over, the engine hears its numbers.
//!
//! A bucket closes when the clock has passed its end and data is known to reach that far. A source that sends live vouches
//! for silence; imported files do not, so a file that ends in 2011 does not read as years without a sale.

use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_engine::{ClosedMetric, Input};
use epoch_model::Result;
use epoch_model::business::{Business, Metric};
use epoch_model::series::{Point, Series, SeriesQuery};
use epoch_model::time::{DAY, Grain, Millis, Zone};
use epoch_store::Store;
use serde_json::json;

use crate::engine_thread::{EngineHandle, Given};
use crate::gaps::{self, Gaps};
use crate::sink::Arrivals;

/// How long a live source vouches for silence after its last event.
const VOUCHES_MS: Millis = 7 * DAY;
/// Buckets given to the engine in one transaction.
const CHUNK: usize = 64;
/// Most segment values of a dimension handed to the engine, largest first.
const VALUES_MAX: usize = 50;

/// Until when the data is known to be complete: the clock while a live source vouches, else the newest event. A newest event
/// that is more than a day old is the end of a file, so its bucket counts as complete.
pub fn data_horizon(now: Millis, newest_event: Millis, live_until: Millis, zone: &Zone, grain: Grain) -> Millis {
    if live_until > 0 && now.saturating_sub(live_until) < VOUCHES_MS {
        return now;
    }
    if now.saturating_sub(newest_event) > DAY {
        return now.min(zone.next(zone.floor(newest_event, grain), grain));
    }
    now.min(newest_event)
}

pub(crate) struct Closer {
    pub(crate) store: Store,
    pub(crate) engine: EngineHandle,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) gaps: Arc<Gaps>,
}

fn watermark_key(grain: Grain) -> String {
    format!("closed.{}", if grain == Grain::Hour { "hour" } else { "day" })
}

impl Closer {
    /// Closes what is over at `now`; answers how many buckets. With `rewrite`, buckets from that instant on are told again.
    pub(crate) fn run(&self, business: &Business, zone: &Zone, now: Millis, rewrite: Option<Millis>) -> Result<usize> {
        let Some((first, newest)) = self.store.span() else { return Ok(0) };
        let mut closed = 0;
        for grain in [Grain::Hour, Grain::Day] {
            let metrics: Vec<&Metric> = business.metrics.iter().filter(|m| m.grain == grain).collect();
            if !metrics.is_empty() {
                let horizon = data_horizon(now, newest, self.arrivals.live_until(), zone, grain);
                closed += self.run_grain(&metrics, grain, zone, (first, horizon), rewrite)?;
            }
        }
        Ok(closed)
    }

    /// Forgets how far it came, so that everything is told again (after metrics changed).
    pub(crate) fn forget(&self) -> Result<()> {
        for grain in [Grain::Hour, Grain::Day] {
            self.store.put_meta(&watermark_key(grain), None)?;
        }
        Ok(())
    }

    fn run_grain(
        &self,
        metrics: &[&Metric],
        grain: Grain,
        zone: &Zone,
        (first, horizon): (Millis, Millis),
        rewrite: Option<Millis>,
    ) -> Result<usize> {
        let key = watermark_key(grain);
        let known = self.store.meta(&key)?.and_then(|v| v.as_i64());
        let mut from = known.unwrap_or_else(|| zone.floor(first, grain));
        if let Some(at) = rewrite {
            from = from.min(zone.floor(at.max(first), grain));
        }
        // The bucket that holds the horizon is still open.
        let to = zone.floor(horizon, grain);
        if to <= from {
            return Ok(0);
        }
        let starts = zone.buckets(from..to, grain);
        for chunk in starts.chunks(CHUNK) {
            let (Some(begin), Some(last)) = (chunk.first().copied(), chunk.last().copied()) else { continue };
            let end = zone.next(last, grain);
            let inputs = self.inputs(metrics, grain, zone, chunk, (begin, end))?;
            self.engine.give(inputs.into_iter().map(|i| Given::new("system", i)).collect())?;
            self.store.put_meta(&key, Some(&json!(end)))?;
        }
        Ok(starts.len())
    }

    fn inputs(
        &self,
        metrics: &[&Metric],
        grain: Grain,
        zone: &Zone,
        starts: &[Millis],
        (from, to): (Millis, Millis),
    ) -> Result<Vec<Input>> {
        let mut by_start: BTreeMap<Millis, Vec<ClosedMetric>> = starts.iter().map(|s| (*s, Vec::new())).collect();
        for metric in metrics {
            let query = |by: Option<String>| {
                self.store.series(&SeriesQuery { metric: metric.key.clone(), from, to, grain, by })
            };
            let whole = query(None)?;
            let mut split: Vec<(String, Vec<Series>)> = Vec::with_capacity(metric.segments.len());
            for segment in &metric.segments {
                let mut series = query(Some(segment.clone()))?;
                series.truncate(VALUES_MAX);
                split.push((segment.clone(), series));
            }
            for point in whole.iter().flat_map(|s| &s.points) {
                if let Some(list) = by_start.get_mut(&point.start) {
                    let segments = segments_at(&split, point.start);
                    list.push(ClosedMetric { metric: metric.key.clone(), point: finite(*point), segments });
                }
            }
        }
        for start in self.gaps.unheard(&self.store, zone, grain, starts)? {
            for metric in by_start.get_mut(&start).into_iter().flatten() {
                metric.point = gaps::unknown(metric.point);
                metric.segments.clear();
            }
        }
        Ok(by_start
            .into_iter()
            .map(|(start, metrics)| Input::Closed { grain, start, end: zone.next(start, grain), metrics })
            .collect())
    }
}

fn segments_at(split: &[(String, Vec<Series>)], start: Millis) -> Vec<(String, String, Point)> {
    let mut found = Vec::new();
    for (segment, series) in split {
        for one in series {
            let at = one.points.binary_search_by_key(&start, |p| p.start);
            if let (Ok(i), Some(value)) = (at, &one.segment) {
                found.push((segment.clone(), value.clone(), finite(one.points[i])));
            }
        }
    }
    found
}

/// A sum that left the range of numbers is not defined. The journal is JSON, which has no infinity: what the engine is told
/// must come back from it as it was.
fn finite(point: Point) -> Point {
    let number = |n: f64| if n.is_finite() { n } else { 0.0 };
    let sound = point.numerator.is_finite() && point.denominator.is_finite();
    Point {
        value: point.value.filter(|v| sound && v.is_finite()),
        numerator: number(point.numerator),
        denominator: number(point.denominator),
        ..point
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_is_the_clock_only_while_somebody_vouches_for_silence() {
        let zone = Zone::named("UTC").expect("a zone");
        let horizon = |now, newest, live| data_horizon(now, newest, live, &zone, Grain::Day);
        let noon = 100 * DAY + DAY / 2;
        for (now, newest, live, expect) in [
            (noon + DAY, noon, noon, noon + DAY),
            (noon + 3 * VOUCHES_MS, noon, noon, 101 * DAY),
            (noon + 3 * DAY, noon, 0, 101 * DAY),
            (noon + 1, noon, 0, noon),
            (noon, noon + DAY, 0, noon),
        ] {
            assert_eq!(horizon(now, newest, live), expect, "now {now}, newest {newest}, live {live}");
        }
    }

    #[test]
    fn only_finite_numbers_are_told() {
        let point =
            Point { start: 0, value: Some(f64::INFINITY), numerator: f64::INFINITY, denominator: 1.0, events: 2 };
        let told = finite(point);
        assert_eq!((told.value, told.numerator, told.events), (None, 0.0, 2));
        let text = serde_json::to_string(&told).expect("JSON");
        assert_eq!(serde_json::from_str::<Point>(&text).expect("a point"), told);
    }
}
