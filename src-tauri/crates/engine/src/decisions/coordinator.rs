//! Keeps decisions apart that could not be told apart afterwards: never two that may run on one lever, and never two that
//! move one number at once.
//!
//! On one lever, a decision that only waits gives way to one that takes a change back, is of a higher level, or is worth more
//! a day; two that move it the same way become one card with the evidence of both. On one number, cards may stand side by side
//! as alternatives, but as soon as one of them runs, the others wait until its effect was seen. What gives no customer
//! anything else (a message, a draft) and what has its own control group (an experiment) moves no number in this sense.
//! It must not know what a card says.

use std::collections::BTreeSet;

use epoch_model::business::{LeverValue, MetricKind, Reversibility};
use epoch_model::decision::{Act, Conflict, Decision, State, Transition};
use epoch_model::expr::Formula;
use epoch_model::{Code, Error, Result};

use super::book::Record;
use super::proposal::keyed;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::text;

/// Pieces of evidence a merged card holds.
const EVIDENCE_MAX: usize = 40;
/// Conflicts a card names.
const CONFLICTS_MAX: usize = 10;

/// A record that may be put, or its key and the decision it became part of.
pub(crate) type Cleared = std::result::Result<Record, (String, String)>;

impl Engine {
    /// Makes the lever of a new decision free for it, or says why it is not: the other one is superseded, or takes the new
    /// one's evidence, or stays. `back`: it takes a change of ours back.
    pub(crate) fn clear_lever(
        &mut self,
        config: &Config,
        mut record: Record,
        back: bool,
        out: &mut Vec<Action>,
    ) -> Result<Cleared> {
        let Some(lever) = record.decision.act.lever().map(str::to_owned) else { return Ok(Ok(record)) };
        let title = config.lever(&lever).map_or(lever.as_str(), |l| l.title.as_str()).to_owned();
        let busy = |message: String| Error::new(Code::WrongState, message, "wait until the other one has ended");
        if let Some(key) = self.lab.on_lever(&lever) {
            return Err(busy(format!(
                "the experiment {key} runs on {title}; a change underneath would hide what it finds"
            )));
        }
        if let Some(other) = self.book.live_on(&lever) {
            let (id, waits) =
                (other.decision.id.clone(), matches!(other.decision.state, State::Draft | State::Pending));
            if waits && same_way(&other.decision.act, &record.decision.act) && !back {
                let key = keyed(&record.decision);
                self.merge(&id, &record.decision, &title, out);
                return Ok(Err((key, id)));
            }
            let Some(why) = (if waits { goes_first(&record.decision, &other.decision, back) } else { None }) else {
                return Err(busy(format!(
                    "{id} on {title} is still open; two decisions on one lever could not be told apart"
                )));
            };
            let reason = format!("{} on {title} goes first: {why}", record.decision.id);
            self.shift(&id, State::Superseded, "engine", reason, out);
            record.decision.conflicts.push(Conflict {
                decision: id,
                on: format!("lever {lever}"),
                resolution: format!("this one goes first: {why}"),
            });
            return Ok(Ok(record));
        }
        match self.book.observed_on(&lever) {
            Some(other) if !back => Err(busy(format!(
                "the effect of {} on {title} is still being observed; a second change would hide it",
                other.decision.id
            ))),
            _ => Ok(Ok(record)),
        }
    }

    /// Puts the evidence of a proposal on a card that wants the same; whoever had the card open looks again.
    fn merge(&mut self, id: &str, from: &Decision, title: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        let d = &mut record.decision;
        let add = |into: &mut Vec<_>, pieces: &[epoch_model::decision::Evidence]| {
            for piece in pieces {
                if into.len() < EVIDENCE_MAX && !into.contains(piece) {
                    into.push(piece.clone());
                }
            }
        };
        add(&mut d.evidence, &from.evidence);
        add(&mut d.counter_evidence, &from.counter_evidence);
        let resolution = match (&from.act, from.proposal.as_ref()) {
            (Act::SetLever { to, .. }, _) => {
                format!("{} wants {title} at {} as well; its evidence is on this card", from.proposer, text::lever(to))
            }
            _ => format!("{} wants the same; its evidence is on this card", from.proposer),
        };
        if d.conflicts.len() < CONFLICTS_MAX {
            d.conflicts.push(Conflict {
                decision: id.to_owned(),
                on: from.act.target(),
                resolution: resolution.clone(),
            });
        }
        d.history.push(Transition { at: now, to: d.state, actor: "engine".to_owned(), reason: resolution });
        out.push(Action::Decision(Box::new(d.clone())));
    }

    /// Notes on a new card what else waits for an answer on the same number.
    pub(crate) fn note_path(&mut self, config: &Config, id: &str) {
        let Some(record) = self.book.records.get(id) else { return };
        if record.decision.history.len() > 1 {
            return;
        }
        let others: Vec<Conflict> = self
            .on_path(config, &record.decision)
            .filter(|(other, _)| matches!(other.state, State::Draft | State::Pending | State::Asked))
            .take(CONFLICTS_MAX)
            .map(|(other, metric)| Conflict {
                decision: other.id.clone(),
                on: format!("metric {metric}"),
                resolution: "they move the same number: whichever runs first is watched alone, the other waits"
                    .to_owned(),
            })
            .collect();
        if let Some(record) = self.book.records.get_mut(id) {
            record.decision.conflicts.extend(others);
        }
    }

    /// Why a decision has to wait: another one that moves the same number runs or is being observed. Taking a change back
    /// never waits.
    pub(crate) fn behind(&self, config: &Config, id: &str) -> Option<String> {
        let d = &self.book.records.get(id)?.decision;
        if super::proposal::undoing(self.book.records.get(id)?).is_some() || self.takes_back(&d.act) {
            return None;
        }
        let (other, metric) = self.on_path(config, d).find(|(other, _)| {
            matches!(
                other.state,
                State::Approved | State::Executing | State::InDoubt | State::Executed | State::Observing
            )
        })?;
        let title = config.metric(metric).map_or(metric, |m| m.title.as_str());
        Some(format!("the effect of {} on {title} is seen first; two at once could not be told apart", other.id))
    }

    /// Cards on the same number go back to waiting when one of them is approved.
    pub(crate) fn yield_path(&mut self, config: &Config, id: &str, out: &mut Vec<Action>) {
        let Some(record) = self.book.records.get(id) else { return };
        let behind: Vec<(String, String)> = self
            .on_path(config, &record.decision)
            .filter(|(other, _)| other.state == State::Pending && !self.takes_back(&other.act))
            .map(|(other, metric)| (other.id.clone(), metric.to_owned()))
            .collect();
        for (other, metric) in behind {
            let title = config.metric(&metric).map_or(metric.as_str(), |m| m.title.as_str());
            let reason = format!("waits: {id} moves {title}, too, and was approved first");
            self.shift(&other, State::Draft, "engine", reason, out);
        }
    }

    /// Other decisions that move a number this one moves, with that number.
    fn on_path<'a>(
        &'a self,
        config: &'a Config,
        d: &'a Decision,
    ) -> impl Iterator<Item = (&'a Decision, &'a str)> + 'a {
        let moving = moves(d) && d.predicts() && !d.shadow;
        let linked = if moving { linked(config, &d.prediction.metric) } else { BTreeSet::new() };
        self.book
            .records
            .values()
            .map(|r| &r.decision)
            .filter(move |o| o.id != d.id && moves(o) && !o.shadow && linked.contains(o.prediction.metric.as_str()))
            .map(|o| (o, o.prediction.metric.as_str()))
    }
}

/// Whether an act gives customers something else without a control group beside it.
fn moves(d: &Decision) -> bool {
    match d.act {
        Act::SetLever { .. } => d.reversibility != Reversibility::R0,
        Act::Call { .. } => d.reversibility >= Reversibility::R2,
        _ => false,
    }
}

/// Whether two acts move one lever the same way.
fn same_way(a: &Act, b: &Act) -> bool {
    match (a, b) {
        (Act::SetLever { from, to, .. }, Act::SetLever { to: other, .. }) => match (from, to, other) {
            (LeverValue::Number(from), LeverValue::Number(to), LeverValue::Number(other)) => {
                (to > from && other > from) || (to < from && other < from)
            }
            _ => to == other,
        },
        _ => false,
    }
}

/// Why a new decision goes before one that waits; `None` where it does not.
fn goes_first(new: &Decision, old: &Decision, back: bool) -> Option<String> {
    if back {
        return Some("it takes a change back".to_owned());
    }
    if new.level != old.level {
        return (new.level > old.level).then(|| "it is of a higher level".to_owned());
    }
    let (a, b) = (new.delay_cost_per_day_minor?, old.delay_cost_per_day_minor.unwrap_or(0));
    // Less than a tenth more is no reason to take a card away from who reads it.
    (a > b.saturating_add(b.saturating_abs() / 10)).then(|| "each day of it is worth more".to_owned())
}

/// A metric, what it is computed from, and what is computed from it.
fn linked<'a>(config: &'a Config, metric: &str) -> BTreeSet<&'a str> {
    let parts = |key: &str| -> Vec<&'a str> {
        match config.metric(key).map(|m| &m.kind) {
            Some(MetricKind::Formula { formula }) => Formula::parse(formula).map_or_else(
                |_| Vec::new(),
                |f| f.metrics().filter_map(|m| config.metric(m)).map(|m| m.key.as_str()).collect(),
            ),
            _ => Vec::new(),
        }
    };
    let below = |start: &str| -> BTreeSet<&'a str> {
        let mut seen: BTreeSet<&'a str> = config.metric(start).map(|m| m.key.as_str()).into_iter().collect();
        let mut open: Vec<&'a str> = seen.iter().copied().collect();
        while let Some(key) = open.pop() {
            for part in parts(key) {
                if seen.insert(part) {
                    open.push(part);
                }
            }
        }
        seen
    };
    let mut out = below(metric);
    for other in &config.business.metrics {
        if matches!(other.kind, MetricKind::Formula { .. }) && below(&other.key).contains(metric) {
            out.insert(&other.key);
        }
    }
    out
}
