//! Level, layer and policy: how big a decision is, who takes it, and whether it asks.

use epoch_model::autonomy::Autonomy;
use epoch_model::business::{Business, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Decision, Layer, Level, PolicyVerdict};

use epoch_model::time::{Millis, Zone};
use epoch_policy::{Facts, Policy};

use super::autonomy::LIMITED_EXPOSURE;
use crate::config::Config;
use crate::text;

/// Level from stake, reversibility, uncertainty and novelty, as points: 0–1 operational, 2 tactical, 3–4 strategic, more
/// sovereign. What cannot be undone is never below strategic.
pub(crate) fn level(
    business: &Business,
    stake: Option<i64>,
    reversibility: Reversibility,
    p_worse: f64,
    novel: bool,
) -> Level {
    let scale = scale(business);
    let mut points = match stake {
        None => 1,
        Some(s) if s <= scale => 0,
        Some(s) if s <= scale.saturating_mul(100) => 1,
        Some(s) if s <= scale.saturating_mul(10_000) => 2,
        Some(_) => 3,
    };
    points += match reversibility {
        Reversibility::R0 | Reversibility::R1 => 0,
        Reversibility::R2 => 1,
        Reversibility::R3 => 2,
    };
    points += u32::from(p_worse > 0.4) + u32::from(novel);
    let level = match points {
        0 | 1 => Level::Operational,
        2 => Level::Tactical,
        3 | 4 => Level::Strategic,
        _ => Level::Sovereign,
    };
    if reversibility == Reversibility::R0 {
        Level::Operational
    } else if reversibility == Reversibility::R3 {
        level.max(Level::Strategic)
    } else {
        level
    }
}

/// What a small stake is: a day's autonomous spend. A founder who gave no daily limit still has a scale: ten units of the currency.
pub(crate) fn scale(business: &Business) -> i64 {
    let limit = business.limits.autonomous_spend_per_day_minor;
    if limit > 0 { limit } else { 10_i64.saturating_pow(business.currency_digits + 1) }
}

/// Which layer takes decisions of a level.
pub(crate) fn layer(level: Level) -> Layer {
    match level {
        Level::Operational => Layer::Executor,
        Level::Tactical => Layer::Strategist,
        Level::Strategic => Layer::Commander,
        Level::Sovereign => Layer::Sovereign,
    }
}

/// What the policies say, then the limits that no rule can lift.
pub(crate) fn judge(config: &Config, d: &Decision, now: Millis) -> PolicyVerdict {
    judge_by(&config.policy, &config.business, d, now)
}

/// What a policy, in force or not, says of a decision at an instant, then the limits that no rule can lift. What the proposer
/// itself made ask (a decision's own reason beside policy) is not known here.
pub fn judge_by(policy: &Policy, business: &Business, d: &Decision, at: Millis) -> PolicyVerdict {
    if matches!(d.act, Act::EndExperiment { ship: None, .. }) {
        return PolicyVerdict {
            answer: PolicyAnswer::Run,
            rule: "taking back".to_owned(),
            reason: "it only takes something new back, so it does not wait; a stop still holds it".to_owned(),
        };
    }
    let stake = d.stake_minor.map_or_else(|| "unknown".to_owned(), |s| text::money(business, s));
    let words = format!("{:?} and {:?}, {stake} at stake", d.level, d.reversibility);
    let said = policy.judge(&facts_of(business, d, at), &words);
    if said.answer != PolicyAnswer::Run {
        return said;
    }
    let verdict = |answer, reason: String| PolicyVerdict { answer, rule: said.rule.clone(), reason };
    if matches!(d.act, Act::Choose { .. }) {
        return verdict(PolicyAnswer::Ask, "it is a question to you; nobody else can answer it".to_owned());
    }
    let exposure = exposure(&d.act, d.reversibility);
    let most = business.limits.exposure_per_decision;
    if exposure > most {
        return verdict(
            PolicyAnswer::Ask,
            format!(
                "the rule would let it run ({words}), but it touches {} of customers and at most {} may be touched alone",
                text::change(exposure).trim_start_matches('+'),
                text::change(most).trim_start_matches('+'),
            ),
        );
    }
    if let Some(most) = business.limits.exposure_per_day.filter(|most| exposure > *most) {
        return verdict(
            PolicyAnswer::Ask,
            format!(
                "the rule would let it run ({words}), but it touches {} of customers and at most {} a day may be touched alone",
                text::percent(exposure),
                text::percent(most),
            ),
        );
    }
    if d.cost_minor > business.limits.autonomous_spend_per_day_minor {
        return verdict(
            PolicyAnswer::Ask,
            format!(
                "the rule would let it run ({words}), but it costs {} and at most {} a day may be spent alone",
                text::money(business, d.cost_minor),
                text::money(business, business.limits.autonomous_spend_per_day_minor),
            ),
        );
    }
    said
}

/// What policies are told of a decision at an instant.
pub fn facts_of(business: &Business, d: &Decision, at: Millis) -> Facts {
    // The business was validated, so UTC is never reached.
    let local = Zone::named(&business.timezone).unwrap_or_else(|_| Zone::utc()).local(at);
    let act = match d.act {
        Act::SetLever { .. } => "set_lever",
        Act::StartExperiment { .. } => "start_experiment",
        Act::EndExperiment { .. } => "end_experiment",
        Act::Call { .. } => "call",
        Act::StartWorkflow { .. } => "start_workflow",
        Act::EditWorkflow { .. } => "edit_workflow",
        Act::Choose { .. } => "choose",
    };
    let effect = d.act.effect().and_then(|key| business.effects.iter().find(|e| e.key == key));
    let effect = effect.map_or("", |e| e.kind.word());
    Facts {
        proposer: d.proposer.clone(),
        target: d.act.target(),
        domain: d.domain,
        act: act.to_owned(),
        level: d.level,
        reversibility: d.reversibility,
        stake: d.stake_minor,
        cost: d.cost_minor,
        budget_left: d.budget_left_minor,
        exposure: hundredths(exposure(&d.act, d.reversibility)),
        chance_worse: hundredths(d.prediction.p_worse),
        novel: d.precedents.is_empty(),
        effect: effect.to_owned(),
        autonomy: autonomy(d),
        drawdown: d.conditions.drawdown,
        first_contact: d.conditions.first_contact,
        breaker_open: d.conditions.breaker_open,
        run_of_workflow: d.origin.is_some(),
        uncertainty: uncertainty(d),
        delay_cost: d.delay_cost_per_day_minor.unwrap_or(0).max(0),
        hour: local.map_or(0, |l| i64::from(l.hour())),
        weekday: local.map_or(1, |l| i64::from(l.weekday().to_monday_one_offset())),
    }
}

/// What was earned, as rules ask it: 0 watch, 1 propose, 2 limited, 3 full. What touches more customers than "limited" allows has
/// not earned it there.
fn autonomy(d: &Decision) -> i64 {
    let wide = exposure(&d.act, d.reversibility) > LIMITED_EXPOSURE;
    match d.standing.as_ref().map(|s| s.level) {
        Some(Autonomy::Watch) => 0,
        Some(Autonomy::Limited) if !wide => 2,
        Some(Autonomy::Full) => 3,
        Some(Autonomy::Propose | Autonomy::Limited) | None => 1,
    }
}

/// Width of the predicted interval against its middle, in hundredths of a per cent, at most 100 times the middle; 0 where nothing is
/// predicted.
#[expect(clippy::cast_possible_truncation, reason = "it is clamped before")]
fn uncertainty(d: &Decision) -> i64 {
    let value = &d.prediction.value;
    let width = value.p90 - value.p10;
    if !(d.predicts() && width.is_finite() && width > 0.0) {
        return 0;
    }
    (width / value.p50.abs().max(1e-12) * 10_000.0).min(1_000_000.0).round() as i64
}

/// A share in hundredths of a per cent.
#[expect(clippy::cast_possible_truncation, reason = "it is clamped before")]
fn hundredths(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * 10_000.0).round() as i64
}

/// Share of customers an act touches: a lever is the same for all; a message to the team, or a draft, touches none.
pub(crate) fn exposure(act: &Act, reversibility: Reversibility) -> f64 {
    match act {
        Act::Call { .. } | Act::StartWorkflow { .. } | Act::EditWorkflow { .. } | Act::Choose { .. } => 0.0,
        _ if reversibility == Reversibility::R0 => 0.0,
        // The control is what everybody had.
        Act::StartExperiment { arms, share, .. } => share * arms.iter().skip(1).map(|arm| arm.weight).sum::<f64>(),
        Act::EndExperiment { ship: None, .. } => 0.0,
        Act::SetLever { .. } | Act::EndExperiment { .. } => 1.0,
    }
}
