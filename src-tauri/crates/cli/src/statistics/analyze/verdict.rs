//! From comparisons to one sentence, and what is to be minded.

use super::input::{Design, Input};
use super::output::{ArmRead, Call, MetricRead, Srm, Verdict, VerdictKind, Warning};

pub(super) fn verdict(input: &Input, srm: &Srm, metrics: &[MetricRead]) -> Verdict {
    let said = |kind, arm: Option<&str>, metric: Option<&str>, text: String| Verdict {
        kind,
        arm: arm.map(str::to_owned),
        metric: metric.map(str::to_owned),
        text,
    };
    if srm.mismatch {
        let text =
            format!("Nothing may be concluded: the arms are not as large as they should be, {} most of all", srm.arm);
        return said(VerdictKind::Refused, Some(&srm.arm), None, text);
    }
    let harmed = metrics
        .iter()
        .filter(|m| m.guardrail)
        .find_map(|m| m.arms.iter().find(|a| a.verdict == Call::Worse).map(|a| (m, a)));
    if let Some((metric, arm)) = harmed {
        let text = format!("{} makes {} worse, which must not get worse", arm.key, metric.key);
        return said(VerdictKind::Harm, Some(&arm.key), Some(&metric.key), text);
    }
    let Some(goal) = metrics.iter().find(|m| !m.guardrail) else {
        let going = metrics.iter().flat_map(|m| &m.arms).any(|a| matches!(a.verdict, Call::Continue | Call::TooEarly));
        return if going {
            said(VerdictKind::Continue, None, None, "No guardrail got worse so far".into())
        } else {
            said(VerdictKind::Undecided, None, None, "No guardrail is shown to get worse".into())
        };
    };
    let of = |call: Call| goal.arms.iter().filter(move |a| a.verdict == call);
    let size =
        |a: &ArmRead| a.effect.as_ref().map_or(0.0, |e| if goal.lower_is_better { -e.estimate } else { e.estimate });
    let key = Some(goal.key.as_str());
    if let Some(best) = of(Call::Better).max_by(|a, b| size(a).total_cmp(&size(b))) {
        return said(
            VerdictKind::Winner,
            Some(&best.key),
            key,
            format!("{} is better than the control in {}", best.key, goal.key),
        );
    }
    if matches!(input.design, Design::Bayes {}) {
        let text = "A posterior is shown; it is no rule for stopping, so nothing is decided".into();
        return said(VerdictKind::Display, None, key, text);
    }
    if goal.arms.iter().any(|a| matches!(a.verdict, Call::Continue | Call::TooEarly)) {
        return said(VerdictKind::Continue, None, key, format!("{} is not decided yet: go on", goal.key));
    }
    if let Some(worst) = of(Call::Worse).min_by(|a, b| size(a).total_cmp(&size(b))) {
        let text = format!("{} is worse than the control in {}, and no arm is better", worst.key, goal.key);
        return said(VerdictKind::Loser, Some(&worst.key), key, text);
    }
    if goal.arms.iter().all(|a| a.verdict == Call::Refused) {
        let why = goal.arms.first().and_then(|a| a.refusal.clone()).unwrap_or_default();
        return said(VerdictKind::Refused, None, key, format!("{} cannot be compared: {why}", goal.key));
    }
    said(VerdictKind::Undecided, None, key, format!("No difference in {} is shown", goal.key))
}

pub(super) fn warnings(input: &Input, srm: &Srm, metrics: &[MetricRead], counts: &[u64]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &str, text: String| warnings.push(Warning { code: code.into(), text });
    if !srm.mismatch && srm.p_value < 0.01 {
        let text = format!(
            "The arms' sizes are unusual (p {:.4}), {} most of all: look at how units are assigned",
            srm.p_value, srm.arm
        );
        warn("sizes_unusual", text);
    }
    if matches!(input.design, Design::Bayes {}) && input.prior.is_none() {
        warn("flat_prior", "Nothing was believed before: a chance to win of 95 %, looked at daily, is wrong in 4 of 10 tests without effect".into());
    }
    if let Design::Fixed { planned_units: Some(planned) } = input.design {
        let all = counts.iter().sum::<u64>() as f64;
        if all < 0.98 * planned {
            warn(
                "early_look",
                format!("{all:.0} of {planned:.0} units: the p-value of a fixed design holds at its end only"),
            );
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
