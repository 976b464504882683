//! Today: what needs the founder, what moved and why, what the engine did.

use epoch_host::Host;
use epoch_model::Result;
use epoch_model::decision::{Decision, State};
use epoch_model::insight::Insight;
use epoch_model::time::{DAY, Grain, Millis};
use epoch_store::{DecisionFilter, InsightFilter};

use crate::commands::RangeArgs;
use crate::reads::{decisions, hierarchy, kpis};
use crate::views::{Activity, Earned, KpiTile, TodayView, Upcoming};

/// Lines of "what the engine did".
const ACTIVITIES_MAX: usize = 40;

pub(crate) fn today(host: &Host, args: &RangeArgs) -> Result<TodayView> {
    let (from, to) = kpis::range(host, args.from, args.to)?;
    let now = host.now();
    let needs_you = decisions::approvals(host)?;
    let mut moved = kpis::tiles(host, from, to)?;
    moved.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let all = host.store().decisions(&DecisionFilter { limit: 1_000, ..DecisionFilter::default() })?;
    let newest = InsightFilter { from: Some(from), to: Some(to), limit: 60, ..InsightFilter::default() };
    let insights = host.store().insights(&newest)?;
    Ok(TodayView {
        day: host.zone().floor(now, Grain::Day),
        lead: lead(&moved, needs_you.len(), host.store().count(None)),
        did: did(&all, &insights),
        earned: earned(&all, host.zone().floor(now, Grain::Month)),
        next: next(&all, now),
        layers: hierarchy::layers(host)?,
        needs_you,
        moved,
    })
}

/// How much a KPI deserves to stand at the top: a finding first, then the relative move.
fn weight(tile: &KpiTile) -> f64 {
    let finding = tile.insight.as_ref().map_or(0.0, |i| 100.0 + i.score.abs());
    finding + tile.change.map_or(0.0, |c| c.abs().min(10.0))
}

pub(crate) fn lead(moved: &[KpiTile], waiting: usize, events: u64) -> String {
    if events == 0 {
        return "No event has arrived yet. Import a file or connect an SDK, and this page says what moved and why."
            .into();
    }
    if moved.is_empty() {
        return "Events arrive, but no KPI is defined yet. Add the first one under KPIs.".into();
    }
    let found: Vec<&str> =
        moved.iter().filter_map(|t| t.insight.as_ref()).map(|i| i.headline.as_str()).take(2).collect();
    let text = match found.as_slice() {
        [] => "Every KPI is within what was expected of it.".to_owned(),
        some => some.iter().map(|s| format!("{}.", s.trim_end_matches('.'))).collect::<Vec<_>>().join(" "),
    };
    let waits = match waiting {
        0 => "Nothing waits for you.".to_owned(),
        1 => "One decision waits for you.".to_owned(),
        n => format!("{n} decisions wait for you."),
    };
    format!("{text} {waits}")
}

fn did(all: &[Decision], insights: &[Insight]) -> Vec<Activity> {
    let mut done: Vec<Activity> = Vec::new();
    for decision in all {
        for change in decision.history.iter().filter(|t| !t.actor.starts_with("operator")) {
            let text = match change.to {
                State::Pending => format!("Asked: {}", decision.headline),
                State::Executed => format!("Did: {}", decision.headline),
                State::Failed => format!("Failed: {}", decision.headline),
                State::Scored => format!("Scored: {}", decision.headline),
                State::Expired => format!("Let expire: {}", decision.headline),
                State::Rejected => format!("Refused: {}", decision.headline),
                _ => continue,
            };
            done.push(Activity {
                at: change.at,
                layer: decision.layer,
                text,
                detail: change.reason.clone(),
                decision: Some(decision.id.clone()),
                insight: None,
            });
        }
    }
    for insight in insights {
        let explained = insight.drivers.first().map(|d| {
            let share = (d.share * 100.0).round();
            format!("{} {} explains {share} % of it", d.segment, d.value)
        });
        done.push(Activity {
            at: insight.at,
            layer: epoch_model::decision::Layer::Strategist,
            text: insight.headline.clone(),
            detail: explained.unwrap_or_else(|| "no segment explains it".into()),
            decision: None,
            insight: Some(insight.id.clone()),
        });
    }
    done.sort_by_key(|a| std::cmp::Reverse(a.at));
    done.truncate(ACTIVITIES_MAX);
    done
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "money in minor units is below 2^53")]
fn earned(all: &[Decision], since: Millis) -> Option<Earned> {
    let mut sum = 0_i64;
    let (mut below, mut above, mut count) = (0.0_f64, 0.0_f64, 0_u32);
    for decision in all {
        let Some(outcome) = decision.outcome.as_ref().filter(|o| o.at >= since) else { continue };
        let Some(money) = outcome.money_minor else { continue };
        sum = sum.saturating_add(money);
        count += 1;
        // What would have happened without the decision is known only as a forecast: its spread is the uncertainty.
        if let Some((p10, p50, p90)) = decision.prediction.money_minor {
            below += ((p50 - p10) as f64).powi(2);
            above += ((p90 - p50) as f64).powi(2);
        }
    }
    (count > 0).then(|| Earned {
        minor: sum,
        low_minor: sum.saturating_sub(below.sqrt() as i64),
        high_minor: sum.saturating_add(above.sqrt() as i64),
        decisions: count,
        since,
        note: "actual values against the forecast for doing nothing; an observation, not an experiment".into(),
    })
}

fn next(all: &[Decision], now: Millis) -> Vec<Upcoming> {
    let mut ahead: Vec<Upcoming> = Vec::new();
    for decision in all {
        let (at, text) = match decision.state {
            State::Observing => (decision.prediction.to, format!("Score “{}”", decision.headline)),
            State::Pending => (decision.expires_at, format!("“{}”: {}", decision.headline, decision.on_expiry)),
            _ => continue,
        };
        ahead.push(Upcoming { at, text, decision: Some(decision.id.clone()) });
    }
    ahead.sort_by_key(|u| u.at);
    ahead.retain(|u| u.at > now - DAY);
    ahead.truncate(8);
    ahead
}
