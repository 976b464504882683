//! Looks computed from the bare events, the slow and obvious way: no sums are kept, every unit is looked at.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::business::{Measure, Metric, MetricKind, duration_ms};
use epoch_model::experiment::{Look, Moments};
use epoch_model::expr::{Expr, Value as Val};
use epoch_model::time::{DAY, Grain, HOUR, Zone};
use epoch_store::Tracked;
use ethnum::I256;
use serde_json::Value;

use crate::common::Event;

/// The log: events, and what they say of who is who.
#[derive(Debug, Default, Clone)]
pub struct Log {
    pub events: Vec<Event>,
    /// Who joins whom, and whether by force; nobody joins where it was erased.
    links: Vec<(Option<String>, String, bool)>,
}

/// Id -> person.
type Persons = BTreeMap<String, String>;

impl Log {
    pub fn push(&mut self, event: Event) {
        let other = match event.name.as_str() {
            "$identify" => &event.props["$anon_distinct_id"],
            "$merge_dangerously" => &event.props["alias"],
            _ => &Value::Null,
        };
        if let Some(other) = other.as_str()
            && other != event.unit
            && !event.unit.is_empty()
        {
            self.links.push((Some(other.into()), event.unit.clone(), event.name == "$merge_dangerously"));
        }
        self.events.push(event);
    }

    fn persons(&self) -> Persons {
        let mut persons = Persons::new();
        let mut identified: BTreeSet<String> = BTreeSet::new();
        let of = |persons: &Persons, id: &str| persons.get(id).cloned().unwrap_or_else(|| id.to_owned());
        for (from, into, force) in &self.links {
            let b = of(&persons, into);
            identified.insert(b.clone());
            let Some(from) = from else { continue };
            let a = of(&persons, from);
            if a == b || (!force && identified.contains(&a)) {
                continue;
            }
            persons.entry(from.clone()).or_insert_with(|| a.clone());
            for person in persons.values_mut().filter(|p| **p == a) {
                person.clone_from(&b);
            }
            persons.insert(a, b);
        }
        persons
    }

    pub fn erase(&mut self, id: &str) {
        let persons = self.persons();
        let of = |id: &str| persons.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let who = of(id);
        self.events.retain(|e| of(&e.unit) != who);
        self.links.retain(|(_, into, _)| of(into) != who);
        for (from, _, _) in &mut self.links {
            *from = from.take().filter(|from| of(from) != who);
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::String(t) if t.is_empty() => "(none)".into(),
        Value::String(t) => t.clone(),
        Value::Number(n) => n.as_f64().unwrap().to_string(),
        other => other.to_string(),
    }
}

fn eval<'e>(expr: &'e Expr, event: &'e Event) -> Option<Val<'e>> {
    let lookup = |name: &str| match &event.props[name] {
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(n) => Val::Number(n.as_f64().unwrap()),
        Value::String(t) => Val::Text(t.clone().into()),
        _ => Val::Null,
    };
    expr.eval(&lookup).ok()
}

/// What an event adds to a measure: 1 where events are counted.
fn amount(measure: &Measure, sums: bool, event: &Event) -> Option<f64> {
    if event.name != measure.event {
        return None;
    }
    if let Some(filter) = &measure.filter
        && !eval(&Expr::parse(filter).unwrap(), event).is_some_and(|v| v.is_true())
    {
        return None;
    }
    if !sums {
        return Some(1.0);
    }
    eval(&Expr::parse(measure.value.as_ref().unwrap()).unwrap(), event)?.as_number()
}

struct Unit<'e> {
    events: Vec<&'e Event>,
    first: i64,
    arm: usize,
    /// Segments and SDK.
    texts: Vec<String>,
}

/// Values of a unit for one side of a metric, after and before.
fn side(measure: &Measure, sums: bool, unit: &Unit<'_>, span: (i64, i64), covariate: i64) -> (Vec<f64>, Vec<f64>) {
    let within = |from: i64, to: i64| {
        let inside = unit.events.iter().filter(|e| from <= e.time && e.time <= to);
        inside.filter_map(|e| amount(measure, sums, e)).collect::<Vec<f64>>()
    };
    (within(span.0, span.1), within(unit.first - covariate, unit.first - 1))
}

/// Exactly, in parts of 1e-9.
fn total(values: &[f64], any: bool, cap: Option<f64>) -> i128 {
    let parts = |v: f64| (v * 1e9).round() as i128;
    if any {
        return if values.is_empty() { 0 } else { 1_000_000_000 };
    }
    let sum: i128 = values.iter().map(|v| parts(*v)).sum();
    cap.map_or(sum, |cap| sum.min(parts(cap)))
}

fn deviations(x: &[i128], y: &[i128]) -> f64 {
    let n = x.len() as i128;
    if n == 0 {
        return 0.0;
    }
    let xy: i128 = x.iter().zip(y).map(|(a, b)| a * b).sum();
    (n * xy - x.iter().sum::<i128>() * y.iter().sum::<i128>()) as f64 / n as f64 / 1e18
}

/// The cubed deviations, summed.
fn cubed(x: &[i128]) -> f64 {
    let n = x.len() as i128;
    let sum = x.iter().sum::<i128>();
    let all: I256 = x.iter().map(|v| I256::from(n * v - sum).pow(3)).sum();
    all.as_f64() / (n as f64).powi(3).max(1.0) / 1e27
}

fn mean(x: &[i128]) -> f64 {
    if x.is_empty() { 0.0 } else { x.iter().sum::<i128>() as f64 / x.len() as f64 / 1e9 }
}

pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1e-3)
}

/// Whether the store's moments are those of these units.
fn check(got: &Moments, metric: &Metric, units: &[&Unit<'_>], covariate: i64, cap: Option<f64>, at: i64) {
    let (mut y, mut d, mut p, mut q) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut values: Vec<Vec<f64>> = Vec::new();
    for unit in units {
        let open = (unit.first, i64::MAX);
        let window =
            |m: &Measure| m.within.as_ref().map_or(open, |w| (unit.first, unit.first + duration_ms(w).unwrap()));
        let mut both = |measure: &Measure, sums: bool, any: bool, cap: Option<f64>, span: (i64, i64)| {
            let (after, before) = side(measure, sums, unit, span, covariate);
            y.push(total(&after, any, cap));
            p.push(total(&before, any, cap));
        };
        match &metric.kind {
            MetricKind::Count { measure } => both(measure, false, false, cap, open),
            MetricKind::Sum { measure } => both(measure, true, false, cap, open),
            MetricKind::MeanPerUnit { measure } => both(measure, measure.value.is_some(), false, cap, open),
            MetricKind::Unique { measure } => both(measure, false, true, None, open),
            MetricKind::Proportion { numerator, .. } => both(numerator, false, true, None, window(numerator)),
            MetricKind::Retention { comeback, after, within, .. } => {
                let from = unit.first + duration_ms(after).unwrap();
                let to = from + duration_ms(within).unwrap();
                // Old enough by whole hours.
                let hour = (unit.first.div_euclid(HOUR) + 1) * HOUR;
                if hour + (to - unit.first) <= at {
                    both(comeback, false, true, None, (from, to));
                }
            }
            MetricKind::Ratio { numerator, denominator } => {
                let any = numerator.value.is_none() && numerator.of.is_some();
                both(numerator, numerator.value.is_some(), any, cap.filter(|_| !any), open);
                let (after, before) = side(denominator, denominator.value.is_some(), unit, open, covariate);
                d.push(total(&after, false, None));
                q.push(total(&before, false, None));
            }
            MetricKind::Quantile { measure, .. } => values.push(side(measure, true, unit, open, 0).0),
            MetricKind::Formula { .. } => unreachable!(),
        }
    }
    if let MetricKind::Quantile { q, .. } = &metric.kind {
        return check_quantile(got, &values, *q);
    }
    assert_eq!(got.units, y.len() as u64, "{}", metric.key);
    let mut pairs = vec![(got.mean, mean(&y)), (got.m2, deviations(&y, &y))];
    let ratio = matches!(metric.kind, MetricKind::Ratio { .. });
    assert_eq!((got.den.is_some(), got.pre.is_some()), (ratio, covariate > 0));
    assert_eq!(got.m3.is_some(), !ratio);
    pairs.extend(got.m3.map(|m3| (m3, cubed(&y))));
    if let Some(den) = &got.den {
        pairs.extend([(den.mean, mean(&d)), (den.m2, deviations(&d, &d)), (den.with_outcome, deviations(&d, &y))]);
    }
    if let Some(pre) = &got.pre {
        pairs.extend([(pre.mean, mean(&p)), (pre.m2, deviations(&p, &p)), (pre.with_outcome, deviations(&p, &y))]);
        assert_eq!(pre.den.is_some(), ratio);
        if let Some(den) = &pre.den {
            pairs.extend([
                (pre.with_den, deviations(&p, &d)),
                (den.mean, mean(&q)),
                (den.m2, deviations(&q, &q)),
                (den.with_pre, deviations(&q, &p)),
                (den.with_outcome, deviations(&q, &y)),
                (den.with_den, deviations(&q, &d)),
            ]);
        }
    }
    for (at, (a, b)) in pairs.into_iter().enumerate() {
        assert!(same(a, b), "{} {at}: {a}, expected {b}; {got:?}", metric.key);
    }
}

/// The values sent are so far apart that each has a bin of its own.
fn check_quantile(got: &Moments, units: &[Vec<f64>], q: f64) {
    let mut all: Vec<f64> = units.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let scale = |n: Vec<usize>| n.into_iter().map(|n| n as i128 * 1_000_000_000).collect::<Vec<i128>>();
    let own = scale(units.iter().map(Vec::len).collect());
    let mut below = vec![0; units.len()];
    assert_eq!(got.units, units.len() as u64);
    assert_eq!(got.quantile.is_some(), !all.is_empty());
    if let Some(quantile) = &got.quantile {
        let value = all[(q * (all.len() - 1) as f64).floor() as usize];
        assert!((quantile.value - value).abs() <= 0.0101 * value.abs(), "{quantile:?}, expected {value}");
        assert!(quantile.lower <= quantile.value && quantile.value <= quantile.upper, "{quantile:?}");
        assert_eq!(quantile.values, all.len() as u64);
        below = units.iter().map(|unit| unit.iter().filter(|v| **v <= value).count()).collect();
    }
    let below = scale(below);
    let den = got.den.as_ref().unwrap();
    for (a, b) in [
        (got.mean, mean(&below)),
        (got.m2, deviations(&below, &below)),
        (den.mean, mean(&own)),
        (den.m2, deviations(&own, &own)),
        (den.with_outcome, deviations(&below, &own)),
    ] {
        assert!(same(a, b), "{a}, expected {b}; {got:?}");
    }
}

/// Who is in an experiment, who was in two arms, and what else its health says.
struct Counted<'e> {
    units: BTreeMap<String, Unit<'e>>,
    mixed: u64,
    unknown: u64,
    early: u64,
    newest_exposure: i64,
    newest_outcome: i64,
}

enum Seen {
    Nothing,
    UnknownArm,
    Arm(usize),
}

/// Whether an event is an exposure of an experiment, and to which arm.
fn exposed(one: &Tracked, e: &Event) -> Seen {
    let exposure = &one.spec.exposure;
    let passes = |f: &String| eval(&Expr::parse(f).unwrap(), e).is_some_and(|v| v.is_true());
    if e.name != exposure.event || !exposure.filter.as_ref().is_none_or(passes) {
        return Seen::Nothing;
    }
    match text(&e.props[&exposure.arm]).as_str() {
        "control" | "29" => Seen::Arm(0),
        "test" | "32" => Seen::Arm(1),
        _ => Seen::UnknownArm,
    }
}

fn count<'e>(one: &Tracked, log: &'e Log) -> Counted<'e> {
    let persons = log.persons();
    let mut by_unit: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for e in &log.events {
        let unit = match &one.spec.group {
            Some(group) => match &e.props["$groups"][group] {
                Value::Null => continue,
                key => text(key),
            },
            None => persons.get(&e.unit).cloned().unwrap_or_else(|| e.unit.clone()),
        };
        if !unit.is_empty() {
            by_unit.entry(unit).or_default().push(e);
        }
    }
    let mut out =
        Counted { units: BTreeMap::new(), mixed: 0, unknown: 0, early: 0, newest_exposure: 0, newest_outcome: 0 };
    let until = one.until.unwrap_or(i64::MAX);
    for (name, events) in by_unit {
        let mut seen: Vec<(i64, usize, Vec<String>)> = Vec::new();
        for e in &events {
            match exposed(one, e) {
                Seen::Nothing => {}
                _ if e.time < one.from - 7 * DAY || e.time >= until => {}
                Seen::UnknownArm => out.unknown += u64::from(e.time >= one.from),
                Seen::Arm(_) if e.time < one.from => out.early += 1,
                Seen::Arm(arm) => {
                    let mut texts: Vec<String> = one.segments.iter().map(|s| text(&e.props[s])).collect();
                    texts.push(format!("{} {}", text(&e.props["$lib"]), text(&e.props["$lib_version"])));
                    seen.push((e.time, arm, texts));
                }
            }
        }
        seen.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
        let Some((first, arm, texts)) = seen.first().cloned() else { continue };
        out.newest_exposure = out.newest_exposure.max(seen.last().unwrap().0);
        for e in events.iter().filter(|e| e.time >= first) {
            let feeds = |m: &Metric| match &m.kind {
                MetricKind::Count { measure } | MetricKind::Unique { measure } => amount(measure, false, e).is_some(),
                MetricKind::Sum { measure } | MetricKind::Quantile { measure, .. } => {
                    amount(measure, true, e).is_some()
                }
                MetricKind::MeanPerUnit { measure } => amount(measure, measure.value.is_some(), e).is_some(),
                MetricKind::Proportion { numerator, .. } => amount(numerator, false, e).is_some(),
                MetricKind::Retention { comeback, .. } => amount(comeback, false, e).is_some(),
                MetricKind::Ratio { numerator, denominator } => {
                    [numerator, denominator].iter().any(|m| amount(m, m.value.is_some(), e).is_some())
                }
                MetricKind::Formula { .. } => false,
            };
            if one.metrics.iter().any(feeds) {
                out.newest_outcome = out.newest_outcome.max(e.time);
            }
        }
        if seen.iter().any(|s| s.1 != arm) {
            out.mixed += 1;
            continue;
        }
        out.units.insert(name, Unit { events, first, arm, texts });
    }
    out
}

/// Compares a look with the events, to the last unit.
pub fn compare(look: &Look, all: &[Tracked], log: &Log, at: i64) {
    let one = all.iter().find(|t| t.spec.key == look.experiment).unwrap();
    let counted = count(one, log);
    let covariate = i64::from(one.covariate_days) * DAY;
    let arms = one.spec.arms.len();
    let of = |arm: usize, pick: &dyn Fn(&str, &Unit<'_>) -> bool| -> Vec<&Unit<'_>> {
        counted.units.iter().filter(|(name, u)| u.arm == arm && pick(name, u)).map(|(_, u)| u).collect()
    };
    let sizes = |pick: &dyn Fn(&str, &Unit<'_>) -> bool| -> Vec<u64> {
        (0..arms).map(|arm| of(arm, pick).len() as u64).collect()
    };
    assert_eq!(look.units, sizes(&|_, _| true), "{}", one.spec.key);
    let health = &look.health;
    assert_eq!(
        (health.mixed_units, health.unknown_arms, health.before_start, health.newest_exposure, health.newest_outcome),
        (counted.mixed, counted.unknown, counted.early, counted.newest_exposure, counted.newest_outcome)
    );
    let zone = Zone::named("Europe/Berlin").unwrap();
    let days: BTreeSet<i64> = counted.units.values().map(|u| zone.floor(u.first, Grain::Day)).collect();
    assert_eq!(health.days.iter().map(|d| d.day).collect::<BTreeSet<_>>(), days);
    for day in &health.days {
        assert_eq!(day.units, sizes(&|_, u| zone.floor(u.first, Grain::Day) == day.day));
    }
    for slice in &health.slices {
        let place = one.segments.iter().position(|s| *s == slice.dimension).unwrap_or(one.segments.len());
        match slice.dimension.as_str() {
            "day" => assert!(slice.value.starts_with("2023-"), "{slice:?}"),
            _ => assert_eq!(slice.units, sizes(&|_, u| u.texts[place] == slice.value), "{slice:?}"),
        }
    }
    for (number, (metric, sums)) in one.metrics.iter().zip(&look.metrics).enumerate() {
        assert_eq!(metric.key, sums.metric);
        let cap = one.spec.cap.filter(|_| number == 0);
        for (arm, moments) in sums.arms.iter().enumerate() {
            check(moments, metric, &of(arm, &|_, _| true), covariate, cap, at);
        }
        for (place, segment) in one.segments.iter().enumerate() {
            let values: BTreeSet<&String> = counted.units.values().map(|u| &u.texts[place]).collect();
            let told: Vec<_> = sums.segments.iter().filter(|s| s.segment == *segment).collect();
            assert_eq!(told.iter().map(|s| &s.value).collect::<BTreeSet<_>>(), values);
            for told in told {
                for (arm, moments) in told.arms.iter().enumerate() {
                    check(moments, metric, &of(arm, &|_, u| u.texts[place] == told.value), covariate, cap, at);
                }
            }
        }
    }
    let mut crossed = 0;
    for other in all.iter().filter(|o| o.spec.key != one.spec.key && o.spec.group == one.spec.group) {
        let theirs = count(other, log).units;
        if !counted.units.keys().any(|name| theirs.contains_key(name)) {
            continue;
        }
        crossed += 1;
        let (_, told) = look.crossed.iter().find(|c| c.0 == other.spec.key).unwrap();
        for (mine, row) in told.iter().enumerate() {
            for (arm, moments) in row.iter().enumerate() {
                let both = of(mine, &|name, _| theirs.get(name).is_some_and(|u| u.arm == arm));
                check(moments, &one.metrics[0], &both, covariate, one.spec.cap, at);
            }
        }
    }
    assert_eq!(look.crossed.len(), crossed);
}
