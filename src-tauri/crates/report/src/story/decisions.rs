//! A decision in words: what was expected, what came of it, and how good such predictions have been.

use epoch_model::decision::{Decision, Outcome, Prediction, State};

use super::{DecisionText, Tone, Writer};
use crate::data::ReportData;
use crate::format::{self, NONE};

pub(crate) fn state_word(state: State) -> &'static str {
    match state {
        State::Draft => "Draft",
        State::Pending => "Waits for you",
        State::Asked => "Asked its proposer",
        State::Approved => "Approved",
        State::Rejected => "Vetoed",
        State::Expired => "Expired",
        State::Withdrawn => "Withdrawn",
        State::Superseded => "Superseded",
        State::Stale => "Stale",
        State::Executing => "Executing",
        State::Executed => "Executed",
        State::Failed => "Failed",
        State::InDoubt => "In doubt",
        State::Observing => "Observing",
        State::Scored => "Scored",
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Pending | State::Stale => Tone::Warn,
        State::Failed | State::InDoubt => Tone::Bad,
        State::Scored => Tone::Good,
        _ => Tone::Plain,
    }
}

pub(super) fn decision(d: &Decision, w: &Writer) -> DecisionText {
    DecisionText {
        id: d.id.clone(),
        when: w.when(d.created_at),
        headline: d.headline.clone(),
        change: d.dry_run.clone(),
        state: state_word(d.state),
        tone: tone(d.state),
        predicted: w.value(d.prediction.value.p50, &d.prediction.metric),
        interval: interval(&d.prediction, w),
        outcome: d.outcome.as_ref().map_or_else(|| NONE.to_owned(), |o| w.value(o.actual, &d.prediction.metric)),
        verdict: d.outcome.as_ref().map_or_else(String::new, verdict),
        against_nothing: d.outcome.as_ref().map_or_else(String::new, |o| against(d, o, w)),
    }
}

fn interval(p: &Prediction, w: &Writer) -> String {
    let write = |v| w.value(v, &p.metric);
    format!("{} to {}", write(p.value.p10), write(p.value.p90))
}

fn verdict(outcome: &Outcome) -> String {
    if outcome.inside { "inside the 80\u{a0}% interval" } else { "outside the 80\u{a0}% interval" }.to_owned()
}

fn against(d: &Decision, outcome: &Outcome, w: &Writer) -> String {
    let text = match outcome.money_minor {
        Some(minor) => format::signed(minor as f64, format::money_minor(minor, &w.currency)),
        None => format::difference(outcome.against_nothing, w.format_of(&d.prediction.metric), &w.currency),
    };
    format!("{text} against doing nothing")
}

/// How good the predictions of the period were.
pub(super) fn calibration(data: &ReportData) -> String {
    let outcomes: Vec<&Outcome> = data.decisions.iter().filter_map(|d| d.outcome.as_ref()).collect();
    if outcomes.is_empty() {
        return "No decision has been scored in this period.".to_owned();
    }
    let inside = outcomes.iter().filter(|o| o.inside).count();
    let loss = outcomes.iter().map(|o| o.loss).sum::<f64>() / outcomes.len() as f64;
    let share = format::percent(inside as f64 / outcomes.len() as f64);
    let small = if outcomes.len() < 20 { " Too few to judge yet." } else { "" };
    format!(
        "Calibration: {inside} of {} lay inside the 80\u{a0}% interval ({share}; the aim is 80\u{a0}%). Mean loss {} (0 is perfect).{small}",
        format::plural(outcomes.len(), "scored prediction"),
        format::number(loss)
    )
}
