//! Validity: while one of these fails nothing is decided, and the cause is named.

use epoch_model::experiment::{Gate, GateKind, Look, Spec};
use epoch_model::time::{DAY, HOUR, Millis};
use epoch_stats::compare::{self, Scale};
use epoch_stats::srm::{self, Slice};

use super::ask::weights;
use super::lab::Plan;
use super::sums;
use crate::config::Config;
use crate::text;

/// Split tests hold at any time, so their error is for the whole life of the experiment.
const SPLIT_ALPHA: f64 = 0.001;
/// Arms that were unlike before exposure; looked at often, so strict.
const BALANCE_ALPHA: f64 = 0.0002;
/// Two experiments that change each other's effect.
const CROSSED_ALPHA: f64 = 0.0005;
/// Share of units seen in two arms that is still taken for noise.
const MIXED_MOST: f64 = 0.01;
/// Without events for so long, sums are stale.
const STALE: Millis = 2 * DAY + 6 * HOUR;
/// Events that must have been expected in a silence before it says anything: none of seven has a chance of 0.1 %.
const EXPECTED_LEAST: f64 = 7.0;
/// Units the smaller arm needs.
const UNITS_LEAST: u64 = 50;

/// What the gates need besides the look.
pub(crate) struct Around<'a> {
    pub config: &'a Config,
    pub spec: &'a Spec,
    pub started_at: Millis,
    /// Its units stopped coming at this instant.
    pub until: Option<Millis>,
    pub covariate: bool,
    pub audit_failed: bool,
}

/// All gates, in the order they are shown, and the experiment that changes the effect of this one.
pub(crate) fn gates(around: &Around, plan: &mut Plan, look: &Look) -> (Vec<Gate>, Option<String>) {
    let mut other = None;
    let mut out = vec![split(around, plan, look), mixed(look), before(around, look)];
    out.extend(balance(around, look));
    out.push(stale(around, look));
    out.push(enough(look));
    if let Some((gate, cause)) = crossed(around, look) {
        out.push(gate);
        other = cause;
    }
    out.push(gate(
        GateKind::SelfAudit,
        !around.audit_failed,
        if around.audit_failed {
            "the engine's own checks do not hold at present, so whatever is called asks".to_owned()
        } else {
            "the engine's own checks hold".to_owned()
        },
    ));
    (out, other)
}

/// Whether a failing gate holds every decision back. Too few units are only early, and a failed audit asks.
pub(crate) fn blocks(gate: &Gate) -> bool {
    !gate.passed && !matches!(gate.kind, GateKind::TooFewUnits | GateKind::SelfAudit)
}

fn gate(kind: GateKind, passed: bool, text: String) -> Gate {
    Gate { kind, passed, text, cause: None, p_value: None }
}

fn split(around: &Around, plan: &mut Plan, look: &Look) -> Gate {
    let p = plan.split.as_mut().map_or(1.0, |s| s.look(&look.units));
    let weights = weights(around.spec);
    let shown = |units: &[u64]| units.iter().map(|u| text::number(*u as f64, 0)).collect::<Vec<_>>().join(" : ");
    let meant: Vec<String> = weights.iter().map(|w| text::number(w * 100.0, 1)).collect();
    let passed = p >= SPLIT_ALPHA;
    let words = format!("{} units where {} % were meant", shown(&look.units), meant.join(" : "));
    let cause = if passed { None } else { Some(cause_of(around.spec, look, &weights)) };
    Gate { kind: GateKind::SampleRatio, passed, text: words, cause, p_value: Some(p) }
}

/// The slice without which the split would be right.
fn cause_of(spec: &Spec, look: &Look, weights: &[f64]) -> String {
    let mut dimensions: Vec<&str> = Vec::new();
    let mut values: Vec<u32> = Vec::new();
    let slices: Vec<Slice> = look
        .health
        .slices
        .iter()
        .map(|s| {
            let dimension = dimensions.iter().position(|d| *d == s.dimension).unwrap_or_else(|| {
                dimensions.push(&s.dimension);
                values.push(0);
                dimensions.len() - 1
            });
            let value = values.get(dimension).copied().unwrap_or(0);
            if let Some(next) = values.get_mut(dimension) {
                *next = value.saturating_add(1);
            }
            Slice { dimension, value: value as usize, counts: s.units.clone() }
        })
        .collect();
    let found = srm::explain(&slices, weights, 0.01);
    let named = found.first().and_then(|e| look.health.slices.get(e.slice).map(|s| (e, s)));
    match named {
        Some((e, slice)) => {
            let dimension = if slice.dimension == "$lib" { "SDK" } else { slice.dimension.as_str() };
            let rest = if e.explains { "; without it the split is as meant" } else { "; it is not all of it" };
            format!("{dimension} {}: too few units in {}{rest}", slice.value, short(spec, &slice.units, weights))
        }
        None => "no segment, SDK or day explains it alone: look for what differs between the arms before exposure, such as a redirect, a crash or a filter".to_owned(),
    }
}

/// The arm that lacks most of its units.
fn short<'a>(spec: &'a Spec, units: &[u64], weights: &[f64]) -> &'a str {
    let whole = units.iter().sum::<u64>() as f64;
    let lacking =
        |i: usize| units.get(i).map_or(0.0, |u| *u as f64) / (whole * weights.get(i).copied().unwrap_or(1.0)).max(1e-9);
    let arm = (0..spec.arms.len()).min_by(|a, b| lacking(*a).total_cmp(&lacking(*b)));
    arm.and_then(|i| spec.arms.get(i)).map_or("an arm", |a| a.key.as_str())
}

fn mixed(look: &Look) -> Gate {
    let whole: u64 = look.units.iter().sum::<u64>().saturating_add(look.health.mixed_units);
    let share = look.health.mixed_units as f64 / (whole.max(1)) as f64;
    let passed = share <= MIXED_MOST || look.health.mixed_units <= 10;
    let mut out = gate(
        GateKind::MixedUnits,
        passed,
        format!("{} of {} units were seen in two arms", look.health.mixed_units, whole),
    );
    if !passed {
        out.cause = Some(
            "units change arms: ids change between visits, or the seed or the weights were changed while it ran"
                .to_owned(),
        );
    }
    out
}

fn before(around: &Around, look: &Look) -> Gate {
    let whole: u64 = look.units.iter().sum();
    // A lever's value is reported before an experiment starts on it, too; only units that somebody else sorts can be early.
    let early = around.spec.lever.is_none() && look.health.before_start * 20 > whole.max(1);
    let mut out = gate(
        GateKind::BeforeAssignment,
        !early,
        match look.health.before_start {
            0 => "no exposure lies before the start".to_owned(),
            n => format!("{n} exposures lie before the start and do not count"),
        },
    );
    if early {
        out.cause = Some(
            "units were exposed before the experiment began: set its first day to the day it really began".to_owned(),
        );
    }
    out
}

fn balance(around: &Around, look: &Look) -> Option<Gate> {
    let metric = around.config.metric(&around.spec.metric)?;
    let sums = look.metrics.iter().find(|m| m.metric == metric.key)?;
    let control = sums::moments(metric, sums.arms.first()?, true);
    let pairs: Vec<_> = sums.arms.iter().skip(1).map(|arm| (control, sums::moments(metric, arm, true))).collect();
    let found = compare::imbalances(&pairs);
    let worst = found
        .iter()
        .zip(around.spec.arms.iter().skip(1))
        .filter_map(|(i, arm)| i.as_ref().ok().map(|i| (i.adjusted, i, arm)))
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    let (p, imbalance, arm) = worst;
    let passed = p >= BALANCE_ALPHA;
    let mut out = gate(
        GateKind::PreExposureBalance,
        passed,
        format!(
            "before exposure {} was {} in {} and {} in the control",
            metric.title,
            text::value(metric, &around.config.business, imbalance.effect.treatment),
            arm.key,
            text::value(metric, &around.config.business, imbalance.effect.control)
        ),
    );
    out.p_value = Some(p);
    if !passed {
        out.cause = Some(format!("{} differed before anything was shown: the sorting is not by chance", arm.key));
    }
    Some(out)
}

fn stale(around: &Around, look: &Look) -> Gate {
    let reference = around.until.map_or(look.at, |u| u.min(look.at));
    let running = reference.saturating_sub(around.started_at) > STALE;
    // Silence says something only where so much was to be expected meanwhile that chance does not explain it.
    let silent = |at: Millis, seen: f64| {
        let gap = reference.saturating_sub(at) as f64;
        let before = at.saturating_sub(around.started_at).max(DAY) as f64;
        at > 0 && reference.saturating_sub(at) > STALE && seen / before * gap >= EXPECTED_LEAST
    };
    let units = look.units.iter().sum::<u64>() as f64;
    let (exposures, outcomes) =
        (silent(look.health.newest_exposure, units), silent(look.health.newest_outcome, outcomes_of(around, look)));
    // Somebody else's test may be full: then nobody new comes in, and those who did go on.
    let exposures = exposures && (around.spec.lever.is_some() || outcomes);
    let nothing = look.health.newest_exposure == 0;
    let passed = !running || !(exposures || outcomes || nothing);
    let hours = |at: Millis| text::lasting(reference.saturating_sub(at).max(0) / HOUR * HOUR);
    let words = if nothing {
        "no exposure has arrived".to_owned()
    } else {
        format!(
            "the newest exposure is {} old, the newest outcome {}",
            hours(look.health.newest_exposure),
            if look.health.newest_outcome == 0 { "missing".to_owned() } else { hours(look.health.newest_outcome) }
        )
    };
    let mut out = gate(GateKind::StaleData, passed, words);
    if !passed {
        out.cause = Some(
            match (exposures || nothing, outcomes) {
                (true, true) => "no events arrive at all: is the source still connected?",
                (true, false) => "exposures have stopped while outcomes arrive: is the lever still read, and reported?",
                _ => "exposures arrive, but none of the events that are measured",
            }
            .to_owned(),
        );
    }
    out
}

/// Units with an outcome, where that is known, else their number as far as every tenth has one.
fn outcomes_of(around: &Around, look: &Look) -> f64 {
    let units = look.units.iter().sum::<u64>() as f64;
    let known = around.config.metric(&around.spec.metric).filter(|m| sums::binary(m)).and_then(|m| {
        let sums = look.metrics.iter().find(|s| s.metric == m.key)?;
        Some(sums.arms.iter().map(|a| a.mean * a.units as f64).sum())
    });
    known.unwrap_or(0.1 * units)
}

fn enough(look: &Look) -> Gate {
    let least = look.units.iter().min().copied().unwrap_or(0);
    gate(
        GateKind::TooFewUnits,
        least >= UNITS_LEAST,
        format!("{} units in the smallest arm, {UNITS_LEAST} at least", text::number(least as f64, 0)),
    )
}

fn crossed(around: &Around, look: &Look) -> Option<(Gate, Option<String>)> {
    let metric = around.config.metric(&around.spec.metric)?;
    if look.crossed.is_empty() {
        return None;
    }
    let mut worst: Option<(f64, &str)> = None;
    let mut tested = 0_u32;
    for (other, cells) in &look.crossed {
        let of = |mine: usize, theirs: usize| {
            cells.get(mine).and_then(|row| row.get(theirs)).map(|m| sums::moments(metric, m, around.covariate))
        };
        for mine in 1..cells.len() {
            for theirs in 1..cells.first().map_or(0, Vec::len) {
                let (Some(a), Some(b), Some(c), Some(d)) = (of(0, 0), of(0, theirs), of(mine, 0), of(mine, theirs))
                else {
                    continue;
                };
                if [&a, &b, &c, &d].iter().any(|m| m.units < UNITS_LEAST) {
                    continue;
                }
                let Ok(effect) = compare::interaction(&[[a, b], [c, d]], Scale::Relative) else { continue };
                tested = tested.saturating_add(1);
                let p = effect.p_value();
                if worst.is_none_or(|(least, _)| p < least) {
                    worst = Some((p, other));
                }
            }
        }
    }
    let (p, other) = worst?;
    let p = (p * f64::from(tested)).min(1.0);
    let passed = p >= CROSSED_ALPHA;
    let mut out = gate(
        GateKind::Interaction,
        passed,
        format!("its effect was compared within the arms of {} other running experiments", look.crossed.len()),
    );
    out.p_value = Some(p);
    if passed {
        return Some((out, None));
    }
    out.cause =
        Some(format!("its effect differs between the arms of {other}, so what one of them finds depends on the other"));
    Some((out, Some(other.to_owned())))
}
