//! The history of one metric: closed buckets of the whole and of its segment values, bounded.

use std::collections::{BTreeMap, VecDeque};

use epoch_model::time::{DAY, Grain, Millis, Zone};
use epoch_stats::Family;
use epoch_stats::baseline::{At, Baseline, Past};
use serde::{Deserialize, Serialize};

use crate::input::ClosedMetric;

/// A closed bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub start: Millis,
    pub end: Millis,
    pub value: Option<f64>,
    pub num: f64,
    pub den: f64,
    pub events: u64,
    pub fine: u16,
    pub coarse: u16,
    /// Median that was expected of it, once known.
    pub p50: Option<f64>,
    /// Inside its 80 % interval.
    pub inside: Option<bool>,
}

/// A closed bucket of a segment value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slice(pub Millis, pub f64, pub f64);

/// An anomaly that is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    /// The first insight of it.
    pub insight: String,
    pub up: bool,
    /// Start of its last bucket.
    pub last: Millis,
}

/// An anomaly of the past.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Episode {
    pub start: Millis,
    pub up: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Track {
    pub grain: Grain,
    pub cells: VecDeque<Cell>,
    pub segments: BTreeMap<String, BTreeMap<String, VecDeque<Slice>>>,
    pub alarm: Option<Alarm>,
    pub episodes: VecDeque<Episode>,
    /// Insight per bucket, so that a rewritten bucket replaces its insight.
    pub found: BTreeMap<Millis, String>,
    /// Threshold, guardrail and goal findings that still hold, by what they are about.
    pub standing: BTreeMap<String, String>,
    pub goal_checked: Millis,
}

/// Buckets of the whole that are kept, and of segments: two years of days with ten weeks of segments, nine weeks of hours
/// with four weeks of segments.
fn keep(grain: Grain) -> (usize, usize) {
    match grain {
        Grain::Hour => (9 * 168, 4 * 168),
        Grain::Day => (730, 70),
        Grain::Week => (260, 30),
        Grain::Month => (120, 24),
    }
}

/// Newest buckets a baseline looks at.
fn window(grain: Grain) -> usize {
    match grain {
        Grain::Hour => 6 * 168,
        Grain::Day => 182,
        Grain::Week => 104,
        Grain::Month => 60,
    }
}

impl Track {
    pub(crate) fn new(grain: Grain) -> Self {
        Self {
            grain,
            cells: VecDeque::new(),
            segments: BTreeMap::new(),
            alarm: None,
            episodes: VecDeque::new(),
            found: BTreeMap::new(),
            standing: BTreeMap::new(),
            goal_checked: 0,
        }
    }

    /// First instant after the last closed bucket.
    pub(crate) fn end(&self) -> Millis {
        self.cells.back().map_or(0, |c| c.end)
    }

    /// Forgets everything from `start` on: history is being rewritten.
    pub(crate) fn rewind(&mut self, start: Millis) {
        while self.cells.back().is_some_and(|c| c.start >= start) {
            self.cells.pop_back();
        }
        for slices in self.segments.values_mut().flat_map(BTreeMap::values_mut) {
            while slices.back().is_some_and(|s| s.0 >= start) {
                slices.pop_back();
            }
        }
        while self.episodes.back().is_some_and(|e| e.start >= start) {
            self.episodes.pop_back();
        }
        if self.alarm.as_ref().is_some_and(|a| a.last >= start) {
            self.alarm = None;
        }
    }

    pub(crate) fn push(&mut self, cell: Cell, closed: &ClosedMetric) {
        let (whole, slices) = keep(self.grain);
        self.cells.push_back(cell);
        while self.cells.len() > whole {
            self.cells.pop_front();
        }
        for (segment, value, point) in &closed.segments {
            if !self.segments.contains_key(segment) {
                self.segments.insert(segment.clone(), BTreeMap::new());
            }
            let Some(values) = self.segments.get_mut(segment) else { continue };
            let row = Slice(cell.start, finite(point.numerator), finite(point.denominator));
            match values.get_mut(value) {
                Some(list) => {
                    list.push_back(row);
                    while list.len() > slices {
                        list.pop_front();
                    }
                }
                None => {
                    values.insert(value.clone(), VecDeque::from([row]));
                }
            }
        }
        // Values that vanished are forgotten once a season, not at every bucket.
        if self.cells.len().is_multiple_of(50) {
            let oldest = self.cells.iter().rev().nth(slices).map_or(i64::MIN, |c| c.start);
            for values in self.segments.values_mut() {
                values.retain(|_, list| list.back().is_some_and(|s| s.0 >= oldest));
            }
        }
        while self.found.len() > 400 {
            self.found.pop_first();
        }
        while self.episodes.len() > 100 {
            self.episodes.pop_front();
        }
    }

    /// The baseline from all buckets but the newest `skip`.
    pub(crate) fn fit(&self, family: Family, skip: usize) -> Option<Baseline> {
        let upto = self.cells.len().saturating_sub(skip);
        let from = upto.saturating_sub(window(self.grain));
        let n = upto - from;
        let (mut values, mut weights) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut fine, mut coarse) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for cell in self.cells.range(from..upto) {
            values.push(cell.value.unwrap_or(f64::NAN));
            weights.push(cell.den);
            fine.push(cell.fine);
            coarse.push(cell.coarse);
        }
        let (fine_slots, coarse_slots) = slots(self.grain);
        Baseline::fit(
            &Past { values: &values, weights: &weights, fine: &fine, coarse: &coarse, fine_slots, coarse_slots },
            family,
        )
    }

    /// The cells with a start in `[from, to)`.
    pub(crate) fn between(&self, from: Millis, to: Millis) -> impl Iterator<Item = &Cell> {
        let first = self.cells.partition_point(|c| c.start < from);
        self.cells.range(first..).take_while(move |c| c.start < to)
    }
}

fn slots(grain: Grain) -> (u16, u16) {
    match grain {
        Grain::Hour => (168, 24),
        Grain::Day => (7, 1),
        Grain::Week | Grain::Month => (1, 1),
    }
}

/// Where in the season a bucket lies: (hour of the week, hour of the day) or (weekday, 0).
pub(crate) fn slot(zone: &Zone, start: Millis, grain: Grain) -> (u16, u16) {
    let Some(local) = zone.local(start) else { return (0, 0) };
    let weekday = u16::from(local.weekday().to_monday_zero_offset().unsigned_abs());
    let hour = u16::from(local.hour().unsigned_abs());
    match grain {
        Grain::Hour => (weekday * 24 + hour, hour),
        Grain::Day => (weekday, 0),
        Grain::Week | Grain::Month => (0, 0),
    }
}

/// The `n` buckets from `start` on, with what they would be divided by.
pub(crate) fn ahead(zone: &Zone, start: Millis, grain: Grain, n: usize, weight: f64) -> (Vec<At>, Millis) {
    let mut out = Vec::with_capacity(n);
    let mut at = start;
    for _ in 0..n {
        let (fine, coarse) = slot(zone, at, grain);
        out.push(At { fine, coarse, weight });
        at = zone.next(at, grain).max(at.saturating_add(1));
    }
    (out, at)
}

/// Buckets in a length of time, at least one, at most 400.
pub(crate) fn buckets_in(ms: Millis, grain: Grain) -> usize {
    let width = match grain {
        Grain::Hour => DAY / 24,
        Grain::Day => DAY,
        Grain::Week => 7 * DAY,
        Grain::Month => 30 * DAY,
    };
    usize::try_from((ms + width - 1) / width).unwrap_or(1).clamp(1, 400)
}

pub(crate) fn finite(v: f64) -> f64 {
    if v.is_finite() { v } else { 0.0 }
}
