//! The table of a look: every metric and arm against the control, with money, and segments shrunk towards the whole.

use epoch_model::business::Metric;
use epoch_model::experiment::{Design, Effect, Interval, Look, MetricSums, Role, SegmentEffect, Spec};
use epoch_stats::bayes::{Belief, PastEffect, shrink};
use epoch_stats::multiple;
use epoch_stats::sequential::{Side, size_of};

use super::lab::Plan;
use super::plan::{GUARD_ALPHA, SHOWN_ALPHA, anytime, watch};
use super::sums::{self, Against};
use super::value;
use crate::config::Config;

/// Units an arm needs before a segment is shown.
const SEGMENT_LEAST: u64 = 30;

/// What the table needs besides the sums.
pub(crate) struct Table<'a> {
    pub config: &'a Config,
    pub spec: &'a Spec,
    pub design: &'a Design,
    pub prior: Belief,
    /// New units per day that meet it, all of them.
    pub per_day: f64,
    pub covariate: bool,
    /// Whether segments are worked out at this look.
    pub segments: bool,
}

/// A row with what the call needs of it.
pub(crate) struct Row {
    pub effect: Effect,
    pub against: Option<Against>,
    /// The guardrail is broken: significantly worse than it may become.
    pub broken: bool,
}

impl Table<'_> {
    /// All rows, the primary metric first.
    pub(crate) fn rows(&self, plan: &mut Plan, look: &Look) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let roles = std::iter::once((&self.spec.metric, Role::Primary))
            .chain(self.spec.secondary.iter().map(|k| (k, Role::Secondary)))
            .chain(self.spec.guardrails.iter().map(|k| (k, Role::Guardrail)));
        for (key, role) in roles {
            if seen.contains(&key.as_str()) {
                continue;
            }
            seen.push(key);
            let Some(metric) = self.config.metric(key) else { continue };
            let Some(sums) = look.metrics.iter().find(|m| m.metric == *key) else {
                rows.push(silent(self.spec, metric, role, "nothing was counted for it"));
                continue;
            };
            for index in 1..self.spec.arms.len() {
                rows.push(self.row(plan, metric, role, sums, index));
            }
        }
        correct(&mut rows);
        rows
    }

    fn row(&self, plan: &mut Plan, metric: &Metric, role: Role, sums: &MetricSums, index: usize) -> Row {
        let arm = self.spec.arms.get(index).map_or_else(String::new, |a| a.key.clone());
        let of = |i: usize| sums.arms.get(i).map(|m| sums::moments(metric, m, self.covariate)).unwrap_or_default();
        let (control, treated) = (of(0), of(index));
        let found = match sums::against(metric, &control, &treated) {
            Ok(found) => found,
            Err(why) => {
                let value = |v: f64| if v.is_finite() { v } else { 0.0 };
                let mut row = silent(self.spec, metric, role, &why.to_string());
                row.effect.arm = arm;
                row.effect.control = value(control.value());
                row.effect.treated = value(treated.value());
                return row;
            }
        };
        let units = (control.units + treated.units) as f64;
        let tuned = (self.design.units.max(1) as f64).max(units.min(1000.0)).max(100.0);
        let shown = anytime(SHOWN_ALPHA, Side::Two, tuned);
        let interval = |e: &epoch_stats::compare::Effect| {
            let [low, high] = shown.interval(e.estimate, e.se, units);
            Interval { low, middle: e.estimate, high }
        };
        let s = sums::sign(metric);
        let absolute = interval(&found.absolute);
        let relative = found.relative.as_ref().map(interval);
        let den = sums.arms.first().and_then(|m| m.den).map(|d| d.mean);
        let money = value::monthly(self.config, metric, self.per_day, den).map(|per_month| times(absolute, per_month));
        let after = found.relative.as_ref().map(|r| self.prior.posterior(s * r.estimate, r.se));
        let (p_value, broken) = match role {
            Role::Primary => {
                let p = plan.arms.get_mut(index - 1).map(|a| a.anytime.look(&found.look).p_value);
                (p, false)
            }
            Role::Secondary | Role::Guardrail => {
                let guard = role == Role::Guardrail;
                let tests = plan.watches.entry(metric.key.clone()).or_default();
                while tests.len() < index {
                    tests.push(watch(guard, tuned));
                }
                let mut look = found.look;
                if guard {
                    // Shifted by what it may lose: the test is of having lost more than that.
                    let margin = margin(self.config, metric, &found);
                    look.estimate += margin;
                    look.z += margin / look.se;
                }
                let p = tests.get_mut(index - 1).map(|t| t.look(&look).p_value);
                (p, guard && p.is_some_and(|p| p <= GUARD_ALPHA))
            }
        };
        let segments =
            if self.segments && role == Role::Primary { self.segments(metric, sums, index) } else { Vec::new() };
        let effect = Effect {
            metric: metric.key.clone(),
            arm,
            role,
            control: found.absolute.control,
            treated: found.absolute.control + found.absolute.estimate,
            relative,
            absolute,
            money_minor_per_month: money,
            p_value,
            adjusted_p: None,
            chance: after.map(|b| b.above(0.0)),
            expected_loss: after.map(|b| b.loss()),
            stopping: None,
            segments,
            note: relative.is_none().then(|| "the control is zero, so there is no relative change".to_owned()),
        };
        Row { effect, against: Some(found), broken }
    }

    /// Effects within segment values, in each segment drawn towards its common mean.
    fn segments(&self, metric: &Metric, sums: &MetricSums, index: usize) -> Vec<SegmentEffect> {
        let mut names: Vec<&str> = sums.segments.iter().map(|s| s.segment.as_str()).collect();
        names.dedup();
        let mut out = Vec::new();
        for name in names {
            let found: Vec<_> = sums
                .segments
                .iter()
                .filter(|s| s.segment == name)
                .filter_map(|s| {
                    let control = sums::moments(metric, s.arms.first()?, self.covariate);
                    let treated = sums::moments(metric, s.arms.get(index)?, self.covariate);
                    let enough = control.units.min(treated.units) >= SEGMENT_LEAST;
                    let effect = sums::against(metric, &control, &treated).ok().filter(|_| enough)?.relative?;
                    Some((s.value.clone(), control.units + treated.units, effect))
                })
                .collect();
            let past: Vec<PastEffect> =
                found.iter().map(|(_, _, e)| PastEffect { estimate: e.estimate, se: e.se }).collect();
            let drawn = shrink(&past, SHOWN_ALPHA);
            for ((value, units, effect), shrunk) in found.into_iter().zip(drawn) {
                let raw = effect.interval(SHOWN_ALPHA);
                out.push(SegmentEffect {
                    segment: name.to_owned(),
                    value,
                    units,
                    raw: Interval { low: raw.lower, middle: effect.estimate, high: raw.upper },
                    shrunk: Interval { low: shrunk.interval.lower, middle: shrunk.mean, high: shrunk.interval.upper },
                });
            }
        }
        out
    }
}

/// How far a guardrail may worsen, on the scale of its sequential test (relative where it has one).
fn margin(config: &Config, metric: &Metric, found: &Against) -> f64 {
    let Some(guard) = config.business.guardrails.iter().find(|g| g.metric == metric.key) else { return 0.0 };
    let base = found.absolute.control.abs();
    match (guard.absolute, guard.relative, &found.relative) {
        (Some(points), _, Some(_)) if base > 0.0 => points / base,
        (Some(points), _, _) => points,
        (None, Some(share), Some(_)) => share,
        (None, Some(share), None) => share * base,
        (None, None, _) => 0.0,
    }
}

/// Secondary metrics and arms together, by Holm; the primary over its arms by Bonferroni, as its tests are.
fn correct(rows: &mut [Row]) {
    let arms = rows.iter().filter(|r| r.effect.role == Role::Primary).count().max(1) as f64;
    let mut secondary: Vec<&mut Effect> = Vec::new();
    for row in rows.iter_mut() {
        match row.effect.role {
            Role::Primary => row.effect.adjusted_p = row.effect.p_value.map(|p| (p * arms).min(1.0)),
            Role::Guardrail => row.effect.adjusted_p = row.effect.p_value,
            Role::Secondary => secondary.push(&mut row.effect),
        }
    }
    let p: Vec<f64> = secondary.iter().map(|e| e.p_value.unwrap_or(1.0)).collect();
    for (effect, adjusted) in secondary.into_iter().zip(multiple::holm(&p)) {
        effect.adjusted_p = effect.p_value.map(|_| adjusted);
    }
}

fn silent(spec: &Spec, metric: &Metric, role: Role, note: &str) -> Row {
    let effect = Effect {
        metric: metric.key.clone(),
        arm: spec.arms.get(1).map_or_else(String::new, |a| a.key.clone()),
        role,
        control: 0.0,
        treated: 0.0,
        relative: None,
        absolute: Interval { low: 0.0, middle: 0.0, high: 0.0 },
        money_minor_per_month: None,
        p_value: None,
        adjusted_p: None,
        chance: None,
        expected_loss: None,
        stopping: None,
        segments: Vec::new(),
        note: Some(note.to_owned()),
    };
    Row { effect, against: None, broken: false }
}

/// An interval times a factor, turned around where that is negative.
pub(crate) fn times(interval: Interval, factor: f64) -> Interval {
    let (a, b) = (interval.low * factor, interval.high * factor);
    Interval { low: a.min(b), middle: interval.middle * factor, high: a.max(b) }
}

/// Effective size of an arm and the control at a look.
pub(crate) fn size(look: &Look, index: usize) -> f64 {
    let units = |i: usize| look.units.get(i).copied().unwrap_or(0) as f64;
    size_of([units(0), units(index)])
}
