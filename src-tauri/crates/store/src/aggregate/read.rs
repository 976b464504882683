//! Series from rollups. Totals are computed over the whole range from the same cells, never from the points.

use std::collections::BTreeSet;
use std::ops::Range;

use epoch_model::expr::Span;
use epoch_model::series::{Point, Series, SeriesQuery};
use epoch_model::time::{DAY, Grain, HOUR, Millis};
use epoch_model::{Code, Error, Result};
use roaring::{MultiOps, RoaringBitmap};

use super::Aggregates;
use super::cell::{Part, PartKind, bin_value, join, unfixed};
use super::histogram::Histogram;
use super::plan::{FormulaInput, MetricPlan, Shape};
use super::scope::{Scope, WHOLE};

/// Most buckets of one answer: eleven years of hours.
const BUCKETS_MAX: i64 = 100_000;

/// Which part of a metric is read.
#[derive(Clone, Copy)]
enum Cut<'q> {
    Whole,
    Value { segment: &'q str, value: &'q str },
}

/// A part of a metric over a range.
enum Total {
    Number(f64),
    Share(f64, f64),
    /// The bin of a quantile's rank, of no events none.
    Bin(Option<i32>),
}

fn refuse<T>(message: impl Into<String>, hint: &str) -> Result<T> {
    Err(Error::new(Code::InvalidArgument, message, hint))
}

impl Aggregates {
    /// A metric over a range of whole buckets (the range is widened to them), one series, or one per segment value, largest
    /// first. [`Code::NotFound`] for an unknown metric or segment, [`Code::InvalidArgument`] for a width below the metric's own
    /// or too many buckets.
    pub fn series(&self, q: &SeriesQuery) -> Result<Vec<Series>> {
        let at = self.plan.metric(&q.metric)?;
        let metric = &self.plan.metrics[at];
        if q.grain < metric.levels[0] {
            return refuse(
                format!("{} is not kept by hour", q.metric),
                "ask by day, or give the metric bucket = \"hour\"",
            );
        }
        if q.to <= q.from {
            return refuse("the range ends before it begins", "swap from and to");
        }
        let width = if q.grain == Grain::Hour { HOUR } else { DAY };
        if q.to.saturating_sub(q.from) / width > BUCKETS_MAX {
            return refuse(format!("more than {BUCKETS_MAX} buckets"), "ask for a shorter range or wider buckets");
        }
        let mut bounds = self.plan.zone.buckets(q.from..q.to, q.grain);
        let last = bounds.last().copied().unwrap_or(q.from);
        bounds.push(self.plan.zone.next(last, q.grain));
        let spans: Vec<Span> = bounds.windows(2).map(|w| self.span(w[0], w[1], Some(q.grain))).collect();
        let one = |cut: Cut<'_>| -> Series {
            let points = bounds
                .windows(2)
                .zip(&spans)
                .map(|(w, span)| self.point(at, cut, w[0]..w[1], Some(q.grain), span))
                .collect();
            let (from, to) = (bounds.first().copied().unwrap_or(q.from), bounds.last().copied().unwrap_or(q.to));
            let total = self.point(at, cut, from..to, None, &self.span(from, to, None));
            let segment = match cut {
                Cut::Whole => None,
                Cut::Value { value, .. } => Some(value.to_owned()),
            };
            Series { metric: q.metric.clone(), segment, grain: q.grain, points, total }
        };
        let Some(segment) = &q.by else { return Ok(vec![one(Cut::Whole)]) };
        if self.dim(metric, segment).is_none() {
            return Err(Error::new(
                Code::NotFound,
                format!("{} is not split by “{segment}”", q.metric),
                "add it to the metric's segments in business.toml",
            ));
        }
        let values = self.segments(&q.metric, segment);
        let mut all: Vec<Series> = values.iter().map(|value| one(Cut::Value { segment, value })).collect();
        let shares = matches!(metric.shape, Shape::Over | Shape::Share);
        let size = |s: &Series| if shares { s.total.denominator } else { s.total.numerator };
        all.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.segment.cmp(&b.segment)));
        Ok(all)
    }

    /// The values of a segment of a metric seen so far, sorted; `(none)` stands for a missing property, `(other)` for all values
    /// beyond the first thousand. Empty for an unknown metric or segment.
    pub fn segments(&self, metric: &str, segment: &str) -> Vec<String> {
        let mut out = BTreeSet::new();
        if let Ok(at) = self.plan.metric(metric) {
            self.values(at, segment, &mut out, 0);
        }
        out.into_iter().map(str::to_owned).collect()
    }

    fn values<'a>(&'a self, at: usize, segment: &str, out: &mut BTreeSet<&'a str>, depth: usize) {
        let (metric, state) = (&self.plan.metrics[at], &self.metrics[at]);
        let Some(dim) = self.dim(metric, segment) else { return };
        out.extend(state.scopes.iter().skip(1).filter(|s| s.dim == dim).map(|s| &*s.text));
        if let Shape::Formula(_, inputs) = &metric.shape
            && depth < self.plan.metrics.len()
        {
            for input in inputs {
                if let FormulaInput::Metric(read) = input {
                    self.values(*read, segment, out, depth + 1);
                }
            }
        }
    }

    fn dim(&self, metric: &MetricPlan, segment: &str) -> Option<usize> {
        metric.dims.iter().position(|d| self.plan.dimensions[*d] == segment)
    }

    fn span(&self, from: Millis, to: Millis, grain: Option<Grain>) -> Span {
        let zone = &self.plan.zone;
        let hours = (to - from) as f64 / HOUR as f64;
        let whole_days = grain.is_some_and(|g| g > Grain::Hour)
            || (grain.is_none() && zone.floor(from, Grain::Day) == from && zone.floor(to, Grain::Day) == to);
        // A clock change makes a day longer or shorter by hours, never by half a day.
        let days = if whole_days { (hours / 24.0).round() } else { hours / 24.0 };
        let whole_months = match grain {
            Some(grain) => grain == Grain::Month,
            None => zone.floor(from, Grain::Month) == from && zone.floor(to, Grain::Month) == to,
        };
        let months = days / epoch_model::expr::DAYS_PER_MONTH;
        Span { hours, days, months: if whole_months { months.round().max(1.0) } else { months } }
    }

    fn scope(&self, at: usize, cut: Cut<'_>) -> Option<&Scope> {
        let state = &self.metrics[at];
        let id = match cut {
            Cut::Whole => WHOLE,
            Cut::Value { segment, value } => {
                let metric = &self.plan.metrics[at];
                let dim = self.dim(metric, segment)?;
                let id = state.find(dim, value, &self.dimensions[metric.dims[dim]])?;
                // A value without a scope of its own has no number of its own.
                (*state.scopes[id as usize].text == *value).then_some(id)?
            }
        };
        state.scopes.get(id as usize)
    }

    /// One bucket (`grain` given) or any range of whole ones.
    fn point(&self, at: usize, cut: Cut<'_>, range: Range<Millis>, grain: Option<Grain>, span: &Span) -> Point {
        let metric = &self.plan.metrics[at];
        let scope = self.scope(at, cut);
        let cells = scope.map_or(&[][..], |s| s.levels[0].range(range.start, range.end));
        let mut events: u64 = cells.iter().map(|c| c.events).sum();
        let part = |part: usize| self.total(metric, scope, part, &range, grain);
        let (value, numerator, denominator) = match &metric.shape {
            Shape::Single => {
                let n = number(&part(0));
                (Some(n), n, 1.0)
            }
            Shape::Over => {
                let (n, d) = (number(&part(0)), number(&part(1)));
                ((d != 0.0).then(|| n / d), n, d)
            }
            Shape::Share => match part(0) {
                Total::Share(d, n) => ((d != 0.0).then(|| n / d), n, d),
                _ => (None, 0.0, 0.0),
            },
            Shape::Quantile(_) => match part(0) {
                Total::Bin(bin) => {
                    let value = bin.map(bin_value);
                    (value, value.unwrap_or(0.0), 1.0)
                }
                _ => (None, 0.0, 1.0),
            },
            Shape::Formula(formula, inputs) => {
                let read: Vec<Option<f64>> = inputs
                    .iter()
                    .map(|input| match input {
                        FormulaInput::Part(p) => Some(number(&part(*p))),
                        FormulaInput::Metric(read) => {
                            let point = self.point(*read, cut, range.clone(), grain, span);
                            events = events.max(point.events);
                            point.value
                        }
                        FormulaInput::Duration(count, unit) => Some(span.count(*unit) / count),
                    })
                    .collect();
                let value = formula.eval(|i| read.get(i).copied().flatten());
                (value, value.unwrap_or(0.0), 1.0)
            }
        };
        Point { start: range.start, value: value.filter(|v| v.is_finite()), numerator, denominator, events }
    }

    fn total(
        &self,
        metric: &MetricPlan,
        scope: Option<&Scope>,
        part: usize,
        range: &Range<Millis>,
        grain: Option<Grain>,
    ) -> Total {
        let kind = metric.parts.get(part).copied();
        let Some((scope, kind)) = scope.zip(kind) else {
            return match kind.map(PartKind::empty) {
                Some(Part::Pair(_)) => Total::Share(0.0, 0.0),
                Some(Part::Histogram(_)) => Total::Bin(None),
                _ => Total::Number(0.0),
            };
        };
        if kind.is_set() {
            let mut found = Vec::new();
            self.cover(metric, scope, metric.levels.len() - 1, range, grain, &mut found, part);
            let size = |sets: Vec<&RoaringBitmap>| match sets.as_slice() {
                [one] => one.len() as f64,
                _ => sets.union().len() as f64,
            };
            let sets = found.iter().filter_map(|p| match p {
                Part::Set(set) => Some((set, set)),
                Part::Pair(pair) => Some((&pair.0, &pair.1)),
                _ => None,
            });
            let (first, second): (Vec<_>, Vec<_>) = sets.unzip();
            return if kind == PartKind::Pair {
                Total::Share(size(first), size(second))
            } else {
                Total::Number(size(first))
            };
        }
        let parts = scope.levels[0].range(range.start, range.end).iter().filter_map(|c| c.parts.get(part));
        match kind {
            PartKind::Histogram => {
                let q = if let Shape::Quantile(q) = metric.shape { q } else { 0.5 };
                let mut all = parts.filter_map(|p| if let Part::Histogram(h) = p { Some(h) } else { None });
                let rest = all.clone();
                let first = all.next();
                Total::Bin(match (first, all.next()) {
                    (Some(only), None) => only.rank(q),
                    _ => Histogram::rank_of(rest, q),
                })
            }
            PartKind::Count => {
                Total::Number(parts.map(|p| if let Part::Count(n) = p { *n } else { 0 }).sum::<u64>() as f64)
            }
            _ => Total::Number(unfixed(parts.fold(0i128, |sum, p| match p {
                Part::Sum(halves) => sum.saturating_add(join(*halves)),
                _ => sum,
            }))),
        }
    }

    /// The fewest cells that make up the range: the widest that lie within it, finer ones at the edges.
    #[expect(clippy::too_many_arguments, reason = "one recursion, all of it passed down")]
    fn cover<'a>(
        &self,
        metric: &MetricPlan,
        scope: &'a Scope,
        level: usize,
        range: &Range<Millis>,
        grain: Option<Grain>,
        out: &mut Vec<&'a Part>,
        part: usize,
    ) {
        let column = &scope.levels[level];
        if let Some(grain) = grain
            && let Some(exact) = metric.levels.iter().position(|l| *l == grain)
        {
            out.extend(scope.levels[exact].get(range.start).and_then(|c| c.parts.get(part)));
            return;
        }
        if level == 0 {
            out.extend(column.range(range.start, range.end).iter().filter_map(|c| c.parts.get(part)));
            return;
        }
        let zone = &self.plan.zone;
        let width = metric.levels[level];
        let mut first = zone.floor(range.start, width);
        if first < range.start {
            first = zone.next(first, width);
        }
        let end = zone.floor(range.end, width);
        if first >= end {
            return self.cover(metric, scope, level - 1, range, None, out, part);
        }
        self.cover(metric, scope, level - 1, &(range.start..first), None, out, part);
        out.extend(column.range(first, end).iter().filter_map(|c| c.parts.get(part)));
        self.cover(metric, scope, level - 1, &(end..range.end), None, out, part);
    }
}

fn number(total: &Total) -> f64 {
    match total {
        Total::Number(n) => *n,
        Total::Share(..) | Total::Bin(_) => 0.0,
    }
}
