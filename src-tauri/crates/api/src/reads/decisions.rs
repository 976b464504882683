//! Decisions: the inbox, the ledger, one with where it comes from, the audit.

use std::collections::BTreeMap;

use epoch_host::Host;
use epoch_model::decision::{Act, Calibration, Decision, State};
use epoch_model::insight::Insight;
use epoch_model::time::{DAY, Grain};
use epoch_model::{Code, Error, Result};
use epoch_store::{DecisionFilter, InsightFilter, OutboxItem};

use crate::commands::{DecisionsArgs, IdArgs, RangeArgs};
use crate::reads::kpis;
use crate::views::{AuditView, BudgetView, CalibrationView, DecisionView, DecisionsView, EffectView, ScoredPoint};

/// Cards that wait now, most costly to wait first, then by what is at stake, then the oldest.
pub(crate) fn approvals(host: &Host) -> Result<Vec<Decision>> {
    let now = host.now();
    let filter = DecisionFilter { states: vec![State::Pending], ..DecisionFilter::default() };
    let mut cards = host.store().decisions(&filter)?;
    cards.retain(|d| d.deferred_until.is_none_or(|until| until <= now));
    cards.sort_by_key(|d| {
        let cost = d.delay_cost_per_day_minor.unwrap_or(0);
        (std::cmp::Reverse(cost), std::cmp::Reverse(d.stake_minor.unwrap_or(0)), d.created_at)
    });
    Ok(cards)
}

pub(crate) fn decisions(host: &Host, args: &DecisionsArgs) -> Result<DecisionsView> {
    let all = host.store().decisions(&DecisionFilter { limit: 5_000, ..DecisionFilter::default() })?;
    let mut counts: BTreeMap<State, u32> = BTreeMap::new();
    for decision in &all {
        *counts.entry(decision.state).or_default() += 1;
    }
    let mut scored: Vec<ScoredPoint> = all.iter().filter_map(scored_point).collect();
    scored.sort_by_key(|s| s.at);
    let inside = scored.iter().filter(|s| s.inside).count();
    let calibration = Calibration {
        scored: u32::try_from(scored.len()).unwrap_or(u32::MAX),
        inside: u32::try_from(inside).unwrap_or(u32::MAX),
    };
    let wanted = |d: &Decision| args.states.is_empty() || args.states.contains(&d.state);
    let mut decisions: Vec<Decision> = all.into_iter().filter(wanted).collect();
    let total = u32::try_from(decisions.len()).unwrap_or(u32::MAX);
    decisions.truncate(usize::try_from(args.limit.unwrap_or(1_000)).unwrap_or(1_000));
    Ok(DecisionsView { decisions, total, counts: counts.into_iter().collect(), scored, calibration })
}

fn scored_point(d: &Decision) -> Option<ScoredPoint> {
    let outcome = d.outcome.as_ref()?;
    let value = &d.prediction.value;
    Some(ScoredPoint {
        decision: d.id.clone(),
        at: outcome.at,
        p10: value.p10,
        p50: value.p50,
        p90: value.p90,
        actual: outcome.actual,
        inside: outcome.inside,
    })
}

pub(crate) fn decision(host: &Host, args: &IdArgs) -> Result<DecisionView> {
    let store = host.store();
    let decision = store.decision(&args.id)?.ok_or_else(|| {
        Error::new(Code::NotFound, format!("there is no decision “{}”", args.id), "see the list of decisions")
    })?;
    let effect = store.outbox(None, 10_000)?.into_iter().find(|item| item.decision == decision.id).map(|item| {
        let kind = item.act.effect().and_then(|e| host.business().effects.into_iter().find(|t| t.key == e));
        effect_view(&item, kind.map(|t| t.kind.promise().words()))
    });
    let metric = &decision.prediction.metric;
    let grain = host.business().metrics.iter().find(|m| &m.key == metric).map_or(Grain::Day, |m| m.grain);
    let (from, to) = (decision.created_at - 42 * DAY, decision.prediction.to.max(decision.created_at + DAY));
    // A metric that was deleted since has no series; the card stays readable.
    let series = kpis::series(host, metric, from, to, grain, None).ok().and_then(|mut s| s.pop());
    Ok(DecisionView {
        card_hash: decision.card_hash(),
        insight: store.insight(&decision.insight)?,
        journal: store.journal_for(&decision.id)?,
        effect,
        series,
        band: kpis::band(host, metric, from, to)?,
        decision,
    })
}

/// An effect on its way; `promise`: what its adapter promises.
pub(crate) fn effect_view(item: &OutboxItem, promise: Option<&str>) -> EffectView {
    use epoch_store::OutboxState as S;
    let (target, promise) = match &item.act {
        Act::SetLever { lever, .. } => {
            (format!("lever {lever}"), "once: committed together with its journal row".to_owned())
        }
        Act::StartExperiment { lever, .. } | Act::EndExperiment { lever, .. } => {
            (format!("rules of lever {lever}"), "once: committed together with its journal row".to_owned())
        }
        Act::Call { effect, .. } => {
            (format!("effect {effect}"), promise.unwrap_or("what it calls is no longer declared").to_owned())
        }
        act => (act.target(), "once: committed together with its journal row".to_owned()),
    };
    let state = match item.state {
        S::Pending => "pending",
        S::Sending => "sending",
        S::Done => "done",
        S::Failed => "failed",
        S::InDoubt => "in_doubt",
    };
    EffectView {
        decision: item.decision.clone(),
        idempotency_key: item.idempotency_key.clone(),
        state: state.into(),
        attempts: item.attempts,
        target,
        promise,
        last_error: (!matches!(item.state, S::Done | S::Pending) && !item.detail.is_empty())
            .then(|| item.detail.clone()),
        next_at: (item.state == S::Pending).then_some(item.next_at),
        done_at: (item.state == S::Done).then_some(item.updated_at),
    }
}

pub(crate) fn insights(host: &Host, args: &RangeArgs) -> Result<Vec<Insight>> {
    host.store().insights(&InsightFilter { from: args.from, to: args.to, limit: 1_000, ..InsightFilter::default() })
}

pub(crate) fn audit(host: &Host) -> Result<AuditView> {
    let report = host.store().verify(None)?;
    Ok(AuditView {
        rows: report.rows,
        head: report.head,
        problem: report.problem.map(|p| format!("row {}: {}", p.seq, p.what)),
    })
}

/// Budget lines as they stand, the engine's own day first.
pub(crate) fn budgets(host: &Host) -> Result<Vec<BudgetView>> {
    let lines = host.budgets()?;
    Ok(lines
        .into_iter()
        .map(|l| BudgetView {
            budget: l.budget,
            title: l.title,
            per: l.per,
            since: l.since,
            amount_minor: l.amount_minor,
            spent_minor: l.spent_minor,
            reserved_minor: l.reserved_minor,
            left_minor: l.left_minor,
        })
        .collect())
}

/// How well each proposer's predictions held, those with the longest record first.
pub(crate) fn calibration(host: &Host) -> Result<Vec<CalibrationView>> {
    let mut out: Vec<CalibrationView> = host
        .reliability()?
        .into_iter()
        .map(|(proposer, r)| {
            let share = |n: u32| f64::from(n) / f64::from(r.scored.max(1));
            CalibrationView {
                proposer,
                scored: r.scored,
                coverage: r.coverage(),
                below: (r.scored > 0).then(|| (share(r.below[0]), share(r.below[1]), share(r.below[2]))),
                histogram: r.histogram.to_vec(),
                skill: r.skill(),
                factor: r.factor(),
                off: r.off(),
                drifting: r.drifting,
            }
        })
        .collect();
    out.sort_by_key(|c| std::cmp::Reverse(c.scored));
    Ok(out)
}
