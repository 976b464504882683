//! Level, layer and policy: how big a decision is, who takes it, and whether it asks.

use epoch_model::business::{Business, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Decision, Layer, Level, PolicyVerdict};

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
    let limit = business.limits.autonomous_spend_per_day_minor;
    // A founder who gave no daily limit still has a scale: ten units of the currency.
    let scale = if limit > 0 { limit } else { 10_i64.saturating_pow(business.currency_digits + 1) };
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

/// Which layer takes decisions of a level.
pub(crate) fn layer(level: Level) -> Layer {
    match level {
        Level::Operational => Layer::Executor,
        Level::Tactical => Layer::Strategist,
        Level::Strategic => Layer::Commander,
        Level::Sovereign => Layer::Sovereign,
    }
}

/// The first rule that fits, then the limits that no rule can lift.
pub(crate) fn judge(config: &Config, d: &Decision) -> PolicyVerdict {
    let business = &config.business;
    let stake = d.stake_minor.map_or_else(|| "unknown".to_owned(), |s| text::money(business, s));
    let facts = format!("{:?} and {:?}, {stake} at stake", d.level, d.reversibility);
    let rule = business.policy.iter().find(|r| {
        (r.levels.is_empty() || r.levels.contains(&d.level))
            && (r.reversibility.is_empty() || r.reversibility.contains(&d.reversibility))
            && (r.domains.is_empty() || r.domains.contains(&d.domain))
            && r.stake_at_most_minor.is_none_or(|most| d.stake_minor.is_some_and(|s| s <= most))
    });
    let Some(rule) = rule else {
        return PolicyVerdict {
            answer: PolicyAnswer::Ask,
            rule: "no rule fits".to_owned(),
            reason: format!("it is {facts}; what fits no rule asks"),
        };
    };
    let verdict = |answer, reason: String| PolicyVerdict { answer, rule: rule.name.clone(), reason };
    if rule.answer != PolicyAnswer::Run {
        return verdict(rule.answer, format!("it is {facts}"));
    }
    let exposure = exposure(&d.act, d.reversibility);
    let most = business.limits.exposure_per_decision;
    if exposure > most {
        return verdict(
            PolicyAnswer::Ask,
            format!(
                "the rule would let it run ({facts}), but it touches {} of customers and at most {} may be touched alone",
                text::change(exposure).trim_start_matches('+'),
                text::change(most).trim_start_matches('+'),
            ),
        );
    }
    if d.cost_minor > business.limits.autonomous_spend_per_day_minor {
        return verdict(
            PolicyAnswer::Ask,
            format!(
                "the rule would let it run ({facts}), but it costs {} and at most {} a day may be spent alone",
                text::money(business, d.cost_minor),
                text::money(business, business.limits.autonomous_spend_per_day_minor),
            ),
        );
    }
    verdict(PolicyAnswer::Run, format!("it is {facts}"))
}

/// Share of customers an act touches: a lever is the same for all; a message to the team, or a draft, touches none.
pub(crate) fn exposure(act: &Act, reversibility: Reversibility) -> f64 {
    match act {
        Act::Webhook { .. } => 0.0,
        _ if reversibility == Reversibility::R0 => 0.0,
        // The control is what everybody had.
        Act::StartExperiment { arms, share, .. } => share * arms.iter().skip(1).map(|arm| arm.weight).sum::<f64>(),
        Act::EndExperiment { ship: None, .. } => 0.0,
        Act::SetLever { .. } | Act::EndExperiment { .. } => 1.0,
    }
}
