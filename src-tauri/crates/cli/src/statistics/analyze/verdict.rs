//! From comparisons to one sentence, and what is to be minded.

use super::input::{Decision, Design, Guardrails, Input};
use super::output::{ArmRead, Call, InteractionRead, MetricRead, PriorRead, Srm, Verdict, VerdictKind, Warning};
use super::parts::Parts;

/// What must hold before anything is concluded.
pub(super) struct Gates<'a> {
    pub(super) srm: &'a Srm,
    pub(super) interactions: &'a [InteractionRead],
}

/// What one arm's goals and guardrails say together.
struct Standing<'a> {
    key: &'a str,
    /// The metric it was harmed in.
    harmed: Option<&'a str>,
    /// Guardrails are as `guardrails` asks.
    guarded: bool,
    won: bool,
    lost: bool,
    mixed: bool,
    /// A goal is not at its end.
    going: bool,
    /// A guardrail is not at its end.
    watching: bool,
    /// The goal that is won or lost, and by how much, for ranking.
    metric: &'a str,
    size: f64,
}

fn is_going(call: Call) -> bool {
    matches!(call, Call::Continue | Call::TooEarly)
}

fn standing<'a>(input: &Input, metrics: &'a [MetricRead], goals: &[&'a MetricRead], k: usize) -> Standing<'a> {
    let calls = || goals.iter().map(|g| g.arms[k].verdict);
    let has = |call: Call| calls().any(|c| c == call);
    let (better, worse) = (has(Call::Better), has(Call::Worse));
    let all = calls().all(|c| c == Call::Better) && !goals.is_empty();
    let (won, lost) = match input.decision {
        Decision::FirstGoal => (better, worse),
        Decision::AnyGoal => (better && !worse, worse && !better),
        Decision::AllGoals => (all, worse),
    };
    let guards = || metrics.iter().filter(|m| m.guardrail).map(|m| (m, &m.arms[k]));
    let told = |call: Call| goals.iter().find(|g| g.arms[k].verdict == call).or(goals.first()).copied();
    let about = told(if worse && !won { Call::Worse } else { Call::Better });
    let size = |m: &MetricRead| {
        let estimate = m.arms[k].effect.as_ref().map_or(0.0, |e| e.estimate);
        if m.lower_is_better { -estimate } else { estimate }
    };
    Standing {
        key: metrics.first().map_or("", |m| m.arms[k].key.as_str()),
        harmed: guards().find(|(_, a)| a.verdict == Call::Worse).map(|(m, _)| m.key.as_str()),
        guarded: input.guardrails == Guardrails::Unharmed
            || guards().all(|(_, a)| a.within_margin.as_ref().is_some_and(|w| w.shown)),
        won,
        lost,
        mixed: better && worse && input.decision == Decision::AnyGoal,
        going: calls().any(is_going),
        watching: guards().any(|(_, a)| is_going(a.verdict)),
        metric: about.map_or("", |m| m.key.as_str()),
        size: about.map_or(0.0, size),
    }
}

pub(super) fn verdict(input: &Input, gates: &Gates<'_>, metrics: &[MetricRead]) -> Verdict {
    let said = |kind, arm: Option<&str>, metric: Option<&str>, text: String| Verdict {
        kind,
        arm: arm.map(str::to_owned),
        metric: metric.map(str::to_owned),
        text,
    };
    if let Some((arm, metric, text)) = refused(input, gates, metrics) {
        return said(VerdictKind::Refused, arm, metric, format!("Nothing may be concluded: {text}"));
    }
    let all: Vec<&MetricRead> = metrics.iter().filter(|m| !m.guardrail).collect();
    let goals = if input.decision == Decision::FirstGoal { &all[..all.len().min(1)] } else { &all[..] };
    let arms: Vec<Standing<'_>> = (0..input.arms.len() - 1).map(|k| standing(input, metrics, goals, k)).collect();
    let winner = arms.iter().filter(|a| a.won && a.guarded && a.harmed.is_none());
    if let Some(best) = winner.max_by(|a, b| a.size.total_cmp(&b.size)) {
        let text = match input.decision {
            Decision::AllGoals if goals.len() > 1 => format!("{} is better than the control in all goals", best.key),
            _ => format!("{} is better than the control in {}", best.key, best.metric),
        };
        return said(VerdictKind::Winner, Some(best.key), Some(best.metric), text);
    }
    if let Some((arm, metric)) = arms.iter().find_map(|a| a.harmed.map(|m| (a.key, m))) {
        let text = format!("{arm} makes {metric} worse, which must not get worse");
        return said(VerdictKind::Harm, Some(arm), Some(metric), text);
    }
    let key = goals.first().map(|g| g.key.as_str());
    if matches!(input.design, Design::Bayes {}) {
        let text = "A posterior is shown; it is no rule for stopping, so nothing is decided".into();
        return said(VerdictKind::Display, None, key, text);
    }
    if let Some(open) = arms.iter().find(|a| a.won) {
        let (kind, then) = if open.watching {
            (VerdictKind::Continue, "go on")
        } else {
            (VerdictKind::Undecided, "more units could show it")
        };
        let what = format!(
            "{} is better in {}, but not every guardrail is shown to stay within its margin",
            open.key, open.metric
        );
        return said(kind, Some(open.key), Some(open.metric), format!("{what}: {then}"));
    }
    if goals.is_empty() {
        return if arms.iter().any(|a| a.watching) {
            said(VerdictKind::Continue, None, None, "No guardrail got worse so far".into())
        } else {
            said(VerdictKind::Undecided, None, None, "No guardrail is shown to get worse".into())
        };
    }
    let name = if let [goal] = goals { goal.key.as_str() } else { "the goals" };
    if arms.iter().any(|a| a.going && !a.lost && !a.mixed) {
        return said(VerdictKind::Continue, None, key, format!("{} not decided yet: go on", is(name, goals.len())));
    }
    if let Some(split) = arms.iter().find(|a| a.mixed) {
        let text = format!("{} is better in one goal and worse in {}: weigh them", split.key, split.metric);
        return said(VerdictKind::Mixed, Some(split.key), Some(split.metric), text);
    }
    if let Some(worst) = arms.iter().filter(|a| a.lost).min_by(|a, b| a.size.total_cmp(&b.size)) {
        let text = format!("{} is worse than the control in {}, and no arm is better", worst.key, worst.metric);
        return said(VerdictKind::Loser, Some(worst.key), Some(worst.metric), text);
    }
    if goals.iter().flat_map(|g| &g.arms).all(|a| a.verdict == Call::Refused) {
        let why = goals.iter().flat_map(|g| &g.arms).find_map(|a| a.refusal.clone()).unwrap_or_default();
        return said(VerdictKind::Refused, None, key, format!("{name} cannot be compared: {why}"));
    }
    said(VerdictKind::Undecided, None, key, format!("No difference in {name} is shown"))
}

fn is(name: &str, goals: usize) -> String {
    if goals == 1 { format!("{name} is") } else { "The goals are".into() }
}

/// The gate that failed: its arm, its metric, and what is wrong.
fn refused<'a>(
    input: &Input,
    gates: &Gates<'a>,
    metrics: &'a [MetricRead],
) -> Option<(Option<&'a str>, Option<&'a str>, String)> {
    if gates.srm.mismatch {
        let arm = gates.srm.arm.as_str();
        return Some((Some(arm), None, format!("the arms are not as large as they should be, {arm} most of all")));
    }
    let unlike = |a: &&ArmRead| a.before.as_ref().is_some_and(|b| b.adjusted_p_value < input.srm_alpha);
    for metric in metrics {
        if let Some(arm) = metric.arms.iter().find(unlike) {
            let text = format!("{} was unlike the control in {} before exposure", arm.key, metric.key);
            return Some((Some(&arm.key), Some(&metric.key), text));
        }
    }
    let changed = |i: &&InteractionRead| i.adjusted_p_value.is_some_and(|p| p < input.srm_alpha);
    gates.interactions.iter().find(changed).map(|other| {
        let text =
            format!("the effect of {} depends on {}, another experiment on the same units", other.arm, other.key);
        (Some(other.arm.as_str()), None, text)
    })
}

pub(super) fn warnings(input: &Input, gates: &Gates<'_>, metrics: &[MetricRead], counts: &[u64]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &str, text: String| warnings.push(Warning { code: code.into(), text });
    let srm = gates.srm;
    for metric in metrics {
        for arm in &metric.arms {
            if let Some(b) = arm.before.as_ref().filter(|b| b.adjusted_p_value < input.srm_alpha) {
                let p = b.adjusted_p_value;
                let text =
                    format!("{}: arm {} was unlike the control before exposure (p {p:.1e})", metric.key, arm.key);
                warn("unlike_before", text);
            }
        }
    }
    if !srm.mismatch && srm.p_value < 0.01 {
        let text = format!(
            "The arms' sizes are unusual (p {:.4}), {} most of all: look at how units are assigned",
            srm.p_value, srm.arm
        );
        warn("sizes_unusual", text);
    }
    if matches!(input.design, Design::Bayes {}) && input.prior.is_none() && input.past.is_none() {
        warn("flat_prior", "Nothing was believed before: a chance to win of 95 %, looked at daily, is wrong in 4 of 10 tests without effect".into());
    }
    if let Design::Fixed { planned_units: Some(planned) } = input.design {
        let all: f64 = counts.iter().map(|n| *n as f64).sum();
        if all < 0.98 * planned {
            warn(
                "early_look",
                format!("{all:.0} of {planned:.0} units: the p-value of a fixed design holds at its end only"),
            );
        }
    }
    for other in gates.interactions {
        if let Some(p) = other.adjusted_p_value.filter(|p| *p <= input.alpha) {
            let text = format!("{}: the effect of {} depends on that experiment (p {p:.1e})", other.key, other.arm);
            warn("interaction", text);
        }
    }
    for metric in metrics {
        for arm in &metric.arms {
            if arm.verdict == Call::TooEarly {
                warn(
                    "too_few",
                    format!("{}, {}: too few units or events for the statistic to be trusted", metric.key, arm.key),
                );
            }
            if let Some(why) = &arm.refusal {
                warn("not_compared", format!("{}, {}: {why}", metric.key, arm.key));
            }
            if metric.guardrail && arm.verdict == Call::Worse {
                warn("harmed", format!("{} makes {} worse, which must not get worse", arm.key, metric.key));
            }
        }
    }
    let winner = |arm: &str| {
        metrics
            .iter()
            .filter(|m| !m.guardrail)
            .any(|m| m.arms.iter().any(|a| a.key == arm && a.verdict == Call::Better))
    };
    for metric in metrics.iter().filter(|m| !m.guardrail) {
        for arm in metric.arms.iter().filter(|a| a.verdict == Call::Worse && winner(&a.key)) {
            warn("mixed", format!("{} is better in one goal and worse in {}", arm.key, metric.key));
        }
    }
    warnings
}

/// Figures that do not fit each other.
pub(super) fn of_figures(input: &Input, parts: &[Parts], counts: &[u64], prior: Option<&PriorRead>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &str, text: String| warnings.push(Warning { code: code.into(), text });
    for (metric, found) in input.metrics.iter().zip(parts) {
        for (k, arm) in input.arms.iter().enumerate() {
            let (units, whole) = (counts[k], found.whole[k].units);
            if whole > units {
                let text = format!("{}, {}: {whole} units, but {units} were exposed", metric.key, arm.key);
                warn("more_than_exposed", text);
            }
            let strata: u64 = found.strata.iter().map(|s| s[k].units).sum();
            if !found.strata.is_empty() && strata != whole {
                let text = format!("{}, {}: the strata have {strata} units, the whole {whole}", metric.key, arm.key);
                warn("parts_differ", text);
            }
        }
    }
    if prior.is_some_and(|p| p.heavy_tailed) {
        let text = "Past effects have heavier tails than a normal prior: a large effect is drawn in too much";
        warn("heavy_tails", text.into());
    }
    warnings
}
