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
use crate::sink::Arrivals;

/// How long a live source vouches for silence after its last event.
const VOUCHES_MS: Millis = 7 * DAY;
/// Buckets given to the engine in one transaction.
const CHUNK: usize = 64;
/// Most segment values of a dimension handed to the engine, largest first.
const VALUES_MAX: usize = 50;

/// Until when the data is known to be complete: the clock while a live source vouches, else the newest event.
pub fn data_horizon(now: Millis, newest_event: Millis, live_until: Millis) -> Millis {
    if live_until > 0 && now - live_until < VOUCHES_MS { now } else { now.min(newest_event) }
}

pub(crate) struct Closer {
    pub(crate) store: Store,
    pub(crate) engine: EngineHandle,
    pub(crate) arrivals: Arc<Arrivals>,
}

fn watermark_key(grain: Grain) -> String {
    format!("closed.{}", if grain == Grain::Hour { "hour" } else { "day" })
}

impl Closer {
    /// Closes what is over at `now`; answers how many buckets. With `rewrite`, buckets from that instant on are told again.
    pub(crate) fn run(&self, business: &Business, zone: &Zone, now: Millis, rewrite: Option<Millis>) -> Result<usize> {
        let Some((first, newest)) = self.store.span() else { return Ok(0) };
        let horizon = data_horizon(now, newest, self.arrivals.live_until());
        let mut closed = 0;
        for grain in [Grain::Hour, Grain::Day] {
            let metrics: Vec<&Metric> = business.metrics.iter().filter(|m| m.grain == grain).collect();
            if !metrics.is_empty() {
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
                    list.push(ClosedMetric { metric: metric.key.clone(), point: *point, segments });
                }
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
                found.push((segment.clone(), value.clone(), one.points[i]));
            }
        }
    }
    found
}
