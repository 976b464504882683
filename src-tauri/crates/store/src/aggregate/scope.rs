//! The scopes of a metric: the whole and one per segment value, each with its columns of buckets.

use epoch_model::time::{DAY, Grain, HOUR, Millis};

use super::calendar::Buckets;
use super::cell::{Cell, Column, Part, PartKind};
use super::changes::{CLEAN, Changes, Grown};
use super::hash::Map;
use super::plan::{MetricPlan, Window};
use super::units::Units;

/// Values of one segment of one metric kept apart; the rest share [`OTHER`].
pub(super) const VALUES_MAX: u32 = 1_000;
/// What a missing or empty property is called.
pub(super) const NONE: &str = "(none)";
/// What the values beyond the first thousand are called.
pub(crate) const OTHER: &str = "(other)";
/// Bytes of a value that are kept; what differs only beyond is one value.
const VALUE_BYTES_MAX: usize = 200;
/// The scope of the whole.
pub(super) const WHOLE: u32 = 0;

/// The part of a value that is kept.
pub(super) fn clip(text: &str) -> &str {
    if text.is_empty() {
        return NONE;
    }
    let mut end = text.len().min(VALUE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Values of one property that at least one metric keeps apart.
#[derive(Debug, Default)]
pub(super) struct Dimension {
    ids: Map<Box<str>, u32>,
}

impl Dimension {
    pub fn get(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    pub fn intern(&mut self, text: &str) -> u32 {
        let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        *self.ids.entry(text.into()).or_insert(next)
    }
}

#[derive(Debug)]
pub(super) struct Scope {
    /// Index into the metric's own segments.
    pub dim: usize,
    pub text: Box<str>,
    /// One column per width of the metric.
    pub levels: Vec<Column>,
}

/// One segment of one metric: from the dimension's number of a value to the scope, 0 where there is none.
#[derive(Debug, Default)]
pub(super) struct Segment {
    by_value: Vec<u32>,
    kept: u32,
    other: u32,
}

#[derive(Debug)]
pub(super) struct MetricState {
    pub scopes: Vec<Scope>,
    pub segments: Vec<Segment>,
    pub units: Option<Units>,
    /// Cells by width, scope and start.
    pub changes: Changes<(usize, u32, Millis)>,
    pub scopes_kept: Grown,
    kinds: Vec<PartKind>,
    levels: usize,
}

impl MetricState {
    pub fn new(plan: &MetricPlan) -> Self {
        let mut state = Self {
            scopes: Vec::new(),
            segments: plan.dims.iter().map(|_| Segment::default()).collect(),
            units: (plan.window != Window::None).then(Units::default),
            changes: Changes::default(),
            scopes_kept: Grown::new(1),
            kinds: plan.parts.clone(),
            levels: plan.levels.len(),
        };
        state.push(usize::MAX, "");
        state
    }

    fn push(&mut self, dim: usize, text: &str) -> u32 {
        let levels = (0..self.levels).map(|_| Column::default()).collect();
        self.scopes.push(Scope { dim, text: text.into(), levels });
        u32::try_from(self.scopes.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds the next scope, as it was when it was written.
    pub fn restore(&mut self, dim: usize, text: &str, dimension: Option<&mut Dimension>) -> Option<()> {
        let scope = self.push(dim, text);
        let segment = self.segments.get_mut(dim)?;
        if text == OTHER {
            segment.other = scope;
        } else {
            segment.keep(dimension?.intern(text), scope, text);
        }
        Some(())
    }

    /// The scope of a value, if there is one; `(other)` for values not kept apart.
    pub fn find(&self, dim: usize, text: &str, dimension: &Dimension) -> Option<u32> {
        let segment = self.segments.get(dim)?;
        let own = dimension.get(text).and_then(|id| segment.by_value.get(id as usize).copied()).filter(|s| *s != 0);
        own.or((segment.other != 0 && (text == OTHER || segment.kept >= VALUES_MAX)).then_some(segment.other))
    }

    /// The scope of a value by the dimension's number of it.
    pub fn known(&self, dim: usize, id: Option<u32>) -> Option<u32> {
        self.segments.get(dim)?.by_value.get(id? as usize).copied().filter(|scope| *scope != 0)
    }

    /// The scope of a value not yet known, made if there is room. `id` is the dimension's number of the value, if it has one.
    pub fn scope(&mut self, dim: usize, text: &str, id: &mut Option<u32>, dimension: &mut Dimension) -> u32 {
        let Some(segment) = self.segments.get(dim) else { return WHOLE };
        let full = segment.kept >= VALUES_MAX && text != NONE;
        if (full || text == OTHER) && segment.other != 0 {
            return segment.other;
        }
        if full || text == OTHER {
            let scope = self.push(dim, OTHER);
            self.segments[dim].other = scope;
            return scope;
        }
        let number = *id.get_or_insert_with(|| dimension.intern(text));
        let scope = self.push(dim, text);
        self.segments[dim].keep(number, scope, text);
        scope
    }

    /// A cell that is about to change.
    pub fn cell(&mut self, level: usize, scope: u32, start: Millis) -> &mut Cell {
        let kinds = &self.kinds;
        let empty = || Cell {
            events: 0,
            parts: kinds.iter().map(|k| if level == 0 || k.is_set() { k.empty() } else { Part::Absent }).collect(),
            mark: CLEAN,
        };
        let cell = self.scopes[scope as usize].levels[level].at(start, empty);
        self.changes.touch((level, scope, start), cell);
        cell
    }

    /// Puts a unit or value that is new to the finest bucket into the wider ones.
    pub fn insert_wider(&mut self, plan: &MetricPlan, scope: u32, at: &Buckets, part: usize, id: u32) {
        for (level, grain) in plan.levels.iter().enumerate().skip(1) {
            // What is in the finer bucket is in the wider one.
            if let Some(Part::Set(set)) = self.cell(level, scope, at.of(*grain)).parts.get_mut(part)
                && !set.insert(id)
            {
                return;
            }
        }
    }

    /// Marks a unit as started, or as followed, at all widths. Answers whether it was not.
    pub fn mark(&mut self, plan: &MetricPlan, scope: u32, at: &Buckets, unit: u32, followed: bool) -> bool {
        for (level, grain) in plan.levels.iter().enumerate() {
            if let Some(Part::Pair(pair)) = self.cell(level, scope, at.of(*grain)).parts.first_mut() {
                let new = if followed { pair.1.insert(unit) } else { pair.0.insert(unit) };
                if !new {
                    return level > 0;
                }
            }
        }
        true
    }

    /// Whether a unit that started in a bucket is marked as followed.
    pub fn is_followed(&self, plan: &MetricPlan, at: &Buckets, unit: u32) -> bool {
        let cell = self.scopes[WHOLE as usize].levels[0].get(at.of(plan.levels[0]));
        cell.and_then(|c| c.parts.first()).is_some_and(|p| matches!(p, Part::Pair(pair) if pair.1.contains(unit)))
    }

    /// Puts one person in the place of another in every set that holds it. Answers the earliest bucket that held both.
    pub fn rename(&mut self, plan: &MetricPlan, from: u32, to: u32) -> Option<Millis> {
        let mut earliest: Option<Millis> = None;
        for (level, start) in self.places(plan, from) {
            for scope in 0..u32::try_from(self.scopes.len()).unwrap_or(u32::MAX) {
                let cell = self.scopes[scope as usize].levels[level].get(start);
                if !cell.is_some_and(|c| plan.persons.iter().any(|p| c.parts[*p].holds(from))) {
                    continue;
                }
                let cell = self.cell(level, scope, start);
                let mut met = false;
                for part in &plan.persons {
                    met |= cell.parts[*part].rename(from, to);
                }
                if met && plan.levels[level] <= Grain::Day {
                    earliest = Some(earliest.map_or(start, |e| e.min(start)));
                }
            }
        }
        earliest
    }

    /// Width and start of the buckets in which a person was seen: from the widest down, so that only those are looked into
    /// whose wider one holds the person. What a segment's bucket holds, the whole's holds, too.
    fn places(&self, plan: &MetricPlan, person: u32) -> Vec<(usize, Millis)> {
        let mut found = Vec::new();
        let mut spans = vec![(Millis::MIN, Millis::MAX)];
        for (level, grain) in plan.levels.iter().enumerate().rev() {
            let column = &self.scopes[WHOLE as usize].levels[level];
            // A little more on both sides: where clocks change, a finer bucket may begin before its wider one.
            let (before, after) = match grain {
                Grain::Month => (HOUR, 32 * DAY),
                _ => (HOUR, 26 * HOUR),
            };
            let mut next: Vec<(Millis, Millis)> = Vec::new();
            for (from, to) in spans {
                for (start, cell) in column.within(from, to) {
                    if !plan.persons.iter().any(|p| cell.parts[*p].holds(person)) {
                        continue;
                    }
                    found.push((level, start));
                    let from = next.last().map_or(Millis::MIN, |last| last.1).max(start - before);
                    next.push((from, start + after));
                }
            }
            spans = next;
        }
        found
    }

    /// Takes a unit out of both sets at all widths.
    pub fn unmark(&mut self, plan: &MetricPlan, scope: u32, at: &Buckets, unit: u32) {
        for (level, grain) in plan.levels.iter().enumerate() {
            if let Some(Part::Pair(pair)) = self.cell(level, scope, at.of(*grain)).parts.first_mut() {
                pair.0.remove(unit);
                pair.1.remove(unit);
            }
        }
    }
}

impl Segment {
    fn keep(&mut self, id: u32, scope: u32, text: &str) {
        let at = id as usize;
        if self.by_value.len() <= at {
            self.by_value.resize(at + 1, 0);
        }
        self.by_value[at] = scope;
        self.kept += u32::from(text != NONE);
    }
}
