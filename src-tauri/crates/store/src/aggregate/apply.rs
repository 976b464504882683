//! One event into all aggregates it touches. The hot path: no allocation but where something new is seen.

use std::borrow::Cow;

use epoch_model::Result;
use epoch_model::expr::Value;
use epoch_model::time::Millis;

use super::Aggregates;
use super::cell::{Part, bin, fixed, join, split};
use super::hash::identity;
use super::join::{Moment, join_units};
use super::plan::{EventPlan, Id, MetricUse, Plan, What};
use super::scope::{NONE, WHOLE, clip};

/// Properties of one event that are kept on the stack; more go to the heap.
const SLOTS_NEAR: usize = 12;

/// Buffers kept between events.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    filters: Vec<bool>,
    numbers: Vec<Option<f64>>,
    ids: Vec<Option<u32>>,
    /// Numbers of the event's segment values in their dimensions, where known.
    values: Vec<Option<u32>>,
    adds: Vec<(usize, Add)>,
    scopes: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Add {
    Count,
    Sum(i128),
    Bin(i32),
    Id(u32),
}

/// A segment's value in words.
pub(crate) fn words<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Null => Cow::Borrowed(NONE),
        Value::Text(text) => Cow::Borrowed(clip(text)),
        Value::Bool(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
        Value::Number(n) => Cow::Owned(n.to_string()),
    }
}

fn scan<'a>(event: &EventPlan, props: &'a str) -> Result<Vec<Value<'a>>> {
    let mut values = vec![Value::Null; event.slots.len()];
    event.wanted.scan(props, &mut values)?;
    Ok(values)
}

fn passes(event: &EventPlan, filter: Option<usize>, values: &[Value<'_>]) -> bool {
    filter.and_then(|f| event.filters.get(f)).is_none_or(|f| f.eval(values).is_some_and(|v| v.is_true()))
}

fn number(event: &EventPlan, value: usize, values: &[Value<'_>]) -> Option<f64> {
    let bound = event.values.get(value)?;
    match bound.slot() {
        Some(slot) => values.get(slot)?.as_number(),
        None => bound.eval(values)?.as_number(),
    }
}

impl Aggregates {
    /// Counts an event in. `name` is the event's name, `unit` the number of its unit (0 for none), `time` in ms; `props` a JSON
    /// object, read only when a metric listens to the name. [`Code::EventInvalid`](epoch_model::Code::EventInvalid) when it is
    /// none: nothing was changed.
    pub fn apply(&mut self, name: &str, unit: u32, time: Millis, props: &str) -> Result<()> {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(event) = plan.events.get(name) else { return Ok(()) };
        let mut near = [const { Value::Null }; SLOTS_NEAR];
        let mut far = Vec::new();
        let values = if let Some(values) = near.get_mut(..event.slots.len()) {
            values
        } else {
            far.resize(event.slots.len(), Value::Null);
            far.as_mut_slice()
        };
        event.wanted.scan(props, values)?;
        let unit = self.people.of(unit);
        let mut scratch = std::mem::take(&mut self.scratch);
        self.count(&plan, event, unit, time, values, &mut scratch);
        self.scratch = scratch;
        Ok(())
    }

    fn count(
        &mut self,
        plan: &Plan,
        event: &EventPlan,
        unit: u32,
        time: Millis,
        values: &[Value<'_>],
        s: &mut Scratch,
    ) {
        s.filters.clear();
        s.filters.extend(event.filters.iter().map(|f| f.eval(values).is_some_and(|v| v.is_true())));
        s.numbers.clear();
        s.numbers.extend((0..event.values.len()).map(|v| number(event, v, values)));
        s.values.clear();
        let of_dim = |(slot, dim): &(usize, usize)| self.dimensions[*dim].get(&words(&values[*slot]));
        s.values.extend(event.dims.iter().map(of_dim));
        self.intern_ids(event, values, s);

        let at = self.calendar.buckets(time);
        for used in &event.metrics {
            let (metric, state) = (&plan.metrics[used.metric], &mut self.metrics[used.metric]);
            let (mut starts, mut follows, mut who) = (false, false, 0);
            s.adds.clear();
            for part in &used.parts {
                if part.filter.is_some_and(|f| !s.filters[f]) {
                    continue;
                }
                let id = |id: Id| match id {
                    Id::Unit => (unit != 0).then_some(unit),
                    Id::Property(p) => s.ids[p],
                };
                if let Some(with) = part.only_with {
                    let Some(with) = id(with) else { continue };
                    who = with;
                }
                let add = match part.what {
                    What::Count => Some(Add::Count),
                    What::Sum(value) => s.numbers[value].and_then(fixed).map(Add::Sum),
                    What::Bin(value) => s.numbers[value].and_then(bin).map(Add::Bin),
                    What::Distinct(of) => id(of).map(Add::Id),
                    What::Start => {
                        starts = true;
                        None
                    }
                    What::Follow => {
                        follows = true;
                        None
                    }
                };
                s.adds.extend(add.map(|add| (part.part, add)));
            }
            if s.adds.is_empty() && !starts && !follows {
                continue;
            }
            s.scopes.clear();
            s.scopes.push(WHOLE);
            // A follow-up belongs to the segments of the start it follows, not to its own.
            if starts || !s.adds.is_empty() {
                for (dim, seen) in used.dims.iter().enumerate() {
                    let (slot, dimension) = event.dims[*seen];
                    if let Some(known) = state.known(dim, s.values[*seen]) {
                        s.scopes.push(known);
                        continue;
                    }
                    let text = words(&values[slot]);
                    let table = &mut self.dimensions[dimension];
                    s.scopes.push(state.scope(dim, &text, &mut s.values[*seen], table));
                }
            }
            for scope in &s.scopes {
                let cell = state.cell(0, *scope, at.of(metric.levels[0]));
                cell.events += 1;
                let mut sets = false;
                for (part, add) in &s.adds {
                    match (&mut cell.parts[*part], add) {
                        (Part::Count(n), Add::Count) => *n += 1,
                        (Part::Sum(halves), Add::Sum(v)) => *halves = split(join(*halves).saturating_add(*v)),
                        (Part::Histogram(bins), Add::Bin(bin)) => bins.add(*bin),
                        (Part::Set(set), Add::Id(id)) => sets |= set.insert(*id),
                        _ => {}
                    }
                }
                if sets {
                    for (part, add) in &s.adds {
                        if let Add::Id(id) = add {
                            state.insert_wider(metric, *scope, &at, *part, *id);
                        }
                    }
                }
            }
            if starts || follows {
                let moment = Moment { unit: who, time, at, starts, follows };
                join_units(state, metric, &mut self.calendar, &moment, s.scopes.get(1..).unwrap_or_default());
            }
        }
    }

    /// Numbers the event's distinct values, where a metric that counts them takes this event.
    fn intern_ids(&mut self, event: &EventPlan, values: &[Value<'_>], s: &mut Scratch) {
        s.ids.clear();
        s.ids.resize(event.distinct.len(), None);
        for part in event.metrics.iter().flat_map(|m: &MetricUse| &m.parts) {
            let uses = (part.what, part.only_with);
            let ((What::Distinct(Id::Property(property)), _) | (_, Some(Id::Property(property)))) = uses else {
                continue;
            };
            if s.ids[property].is_some() || part.filter.is_some_and(|f| !s.filters[f]) {
                continue;
            }
            let (slot, dictionary) = event.distinct[property];
            let text = match &values[slot] {
                Value::Null => continue,
                Value::Text(text) if text.is_empty() => continue,
                Value::Text(text) => Cow::Borrowed(&**text),
                other => words(other),
            };
            s.ids[property] = self.dictionaries[dictionary].intern(identity(text.as_bytes()));
        }
    }

    /// Whether such an event counts for a metric (with its unit known), whole or within one segment value: for finding the rows
    /// behind a number.
    pub fn matches(&self, metric: &str, segment: Option<(&str, &str)>, name: &str, props: &str) -> bool {
        let Ok(at) = self.plan.metric(metric) else { return false };
        let Some(event) = self.plan.events.get(name) else { return false };
        scan(event, props).is_ok_and(|values| self.counts(at, segment, event, &values, 0))
    }

    fn counts(
        &self,
        at: usize,
        segment: Option<(&str, &str)>,
        event: &EventPlan,
        values: &[Value<'_>],
        depth: usize,
    ) -> bool {
        let metric = &self.plan.metrics[at];
        // A formula counts what the metrics it reads count.
        if let super::plan::Shape::Formula(_, inputs) = &metric.shape
            && depth < self.plan.metrics.len()
        {
            let mut read = inputs.iter().filter_map(|input| match input {
                super::plan::FormulaInput::Metric(read) => Some(*read),
                _ => None,
            });
            if read.any(|read| self.counts(read, segment, event, values, depth + 1)) {
                return true;
            }
        }
        let Some(used) = event.metrics.iter().find(|m| m.metric == at) else { return false };
        let there = |id: Id| match id {
            Id::Unit => true,
            Id::Property(p) => match &values[event.distinct[p].0] {
                Value::Null => false,
                Value::Text(t) => !t.is_empty(),
                _ => true,
            },
        };
        let counted = used.parts.iter().any(|part| {
            passes(event, part.filter, values)
                && part.only_with.is_none_or(there)
                && match part.what {
                    What::Count | What::Start => true,
                    What::Follow => segment.is_none(),
                    What::Sum(v) => number(event, v, values).and_then(fixed).is_some(),
                    What::Bin(v) => number(event, v, values).and_then(bin).is_some(),
                    What::Distinct(id) => there(id),
                }
        });
        counted
            && segment.is_none_or(|(name, wanted)| {
                let dim = metric.dims.iter().position(|d| self.plan.dimensions[*d] == name);
                dim.is_some_and(|dim| {
                    let (slot, dimension) = event.dims[used.dims[dim]];
                    let found = self.metrics[at].find(dim, &words(&values[slot]), &self.dimensions[dimension]);
                    found.is_some_and(|scope| *self.metrics[at].scopes[scope as usize].text == *wanted)
                })
            })
    }
}
