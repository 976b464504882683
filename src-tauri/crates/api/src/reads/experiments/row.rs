//! A line of the list: where an experiment stands, in figures and words.

use epoch_model::business::{Better, Business};
use epoch_model::decision::Decision;
use epoch_model::experiment::{Call, Effect, Experiment, Gate, Reading, Role, State};
use epoch_model::time::{DAY, Millis};

use crate::views::ExperimentRow;

/// The decision about it that waits.
pub(super) fn card(e: &Experiment, pending: &[Decision]) -> Option<String> {
    pending.iter().find(|d| d.act.experiment() == Some(e.spec.key.as_str())).map(|d| d.id.clone())
}

pub(super) fn row(business: &Business, e: &Experiment, pending: &[Decision], now: Millis) -> ExperimentRow {
    let metric = business.metrics.iter().find(|m| m.key == e.spec.metric);
    let last = e.last.as_ref();
    let better = metric.map_or(Better::Up, |m| m.better);
    let best = last.and_then(|reading| leading(reading, better));
    let units_by_arm = last.map(|r| r.units.clone()).unwrap_or_default();
    let card = card(e, pending);
    let (next, next_at) = next(e, card.is_some());
    ExperimentRow {
        key: e.spec.key.clone(),
        title: e.spec.title.clone(),
        hypothesis: e.spec.hypothesis.clone(),
        state: e.state,
        state_text: state(e.state).to_owned(),
        origin: e.spec.origin,
        purpose: e.spec.purpose,
        lever: e.spec.lever.clone(),
        arms: e.spec.arms.clone(),
        metric: e.spec.metric.clone(),
        metric_title: metric.map_or_else(|| e.spec.metric.clone(), |m| m.title.clone()),
        created_at: e.created_at,
        started_at: e.started_at,
        ended_at: e.ended_at,
        looks: e.looks,
        looks_planned: e.design.as_ref().map(|d| d.looks),
        units: units_by_arm.iter().sum(),
        units_by_arm,
        units_planned: e.design.as_ref().map(|d| d.units),
        days_run: e.started_at.map(|from| days_between(from, e.ended_at.unwrap_or(now))),
        days_left: days_left(e),
        information: last.map_or(0.0, |r| r.information),
        value_minor_per_week: e.value_minor_per_week,
        arm: best.map(|effect| effect.arm.clone()),
        chance: best.and_then(|effect| effect.chance),
        effect: best.and_then(|effect| effect.relative),
        call: last.map(|r| r.call.clone()),
        problem: problem(e),
        decision: card,
        next,
        next_at,
    }
}

#[expect(clippy::cast_precision_loss, reason = "days of an experiment are far below 2^53 ms")]
fn days_between(from: Millis, to: Millis) -> f64 {
    (to - from).max(0) as f64 / DAY as f64
}

/// By the newest look while it runs, by its design before.
fn days_left(e: &Experiment) -> Option<epoch_model::experiment::Days> {
    match e.state {
        State::Running => e.last.as_ref().map_or_else(|| e.design.as_ref().map(|d| d.days), |r| r.days_left),
        State::Designed | State::Waiting => e.design.as_ref().map(|d| d.days),
        _ => None,
    }
}

/// The called arm's effect on the primary metric, else the best one's.
fn leading(reading: &Reading, better: Better) -> Option<&Effect> {
    let primary = || reading.effects.iter().filter(|e| e.role == Role::Primary);
    if let Call::Ship { arm } | Call::RollBack { arm } = &reading.call
        && let Some(called) = primary().find(|e| e.arm == *arm)
    {
        return Some(called);
    }
    let sign = if better == Better::Down { -1.0 } else { 1.0 };
    primary().max_by(|a, b| (sign * a.absolute.middle).total_cmp(&(sign * b.absolute.middle)))
}

/// A state in words.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Proposed => "being measured",
        State::Refused => "cannot be answered",
        State::Designed => "waits for its turn",
        State::Waiting => "waits for a decision",
        State::Running => "runs",
        State::Concluding => "answered, decision open",
        State::Stopped => "stopped",
        State::Watching => "shipped, looked after",
        State::Archived => "over",
    }
}

fn problem(e: &Experiment) -> Option<String> {
    if let Some(refusal) = &e.refusal {
        return Some(refusal.reason.clone());
    }
    let failed: Vec<&Gate> = e.last.iter().flat_map(|r| &r.gates).filter(|g| !g.passed).collect();
    let said = |g: &&Gate| match &g.cause {
        Some(cause) => format!("{} ({cause})", g.text),
        None => g.text.clone(),
    };
    (!failed.is_empty()).then(|| failed.iter().map(said).collect::<Vec<_>>().join("; "))
}

/// What happens next, and when where that is known.
fn next(e: &Experiment, card: bool) -> (String, Option<Millis>) {
    let said = |text: &str| (text.to_owned(), None);
    match e.state {
        State::Proposed => said("Its population is measured, then it gets a design."),
        State::Refused => match e.refusal.as_ref().and_then(|r| r.cheaper.as_ref()) {
            Some(cheaper) => (format!("Nothing. What could be asked instead: {cheaper}"), None),
            None => said("Nothing."),
        },
        State::Designed => {
            said("It starts when its turn comes: no other experiment in its way, and not too many at once.")
        }
        State::Waiting if card => said("It starts when you approve it."),
        State::Waiting => said("It starts as soon as its decision is carried out."),
        State::Running => match &e.last {
            Some(reading) => (reading.text.clone(), reading.next_look),
            None => said("The first look is taken when there is something to see."),
        },
        State::Concluding if card => said("What was found waits for your answer."),
        State::Concluding => said("What was found is carried out."),
        State::Watching => said("It is looked after: whether it still does what it did is tested again later."),
        State::Stopped | State::Archived => said("Nothing, it is over."),
    }
}
