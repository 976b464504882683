//! The life of a decision after it was proposed: execution, results, expiry, stop, levers changed by others.

use epoch_model::Code;
use epoch_model::business::{LeverValue, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Precondition, State, Transition};
use epoch_model::gate::RunState;
use epoch_model::time::{DAY, Millis};

use super::book::{LeverState, allowed};
use super::limits::{Room, takes_back};
use super::{policy, predict};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::monitor::track::{Track, ahead, buckets_in};
use crate::text;

/// An expiry that is noticed later than this (the laptop slept) executes nothing any more.
const EXPIRY_GRACE: Millis = DAY;
/// Share of customers a decision nobody answered may touch.
const SILENT_EXPOSURE: f64 = 0.05;

impl Engine {
    /// Moves a decision along an arrow of its life and emits it. `false` where there is no such arrow.
    pub(crate) fn shift(&mut self, id: &str, to: State, actor: &str, reason: String, out: &mut Vec<Action>) -> bool {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return false };
        let d = &mut record.decision;
        if !allowed(d.state, to) {
            return false;
        }
        d.state = to;
        if to != State::Pending {
            d.deferred_until = None;
            d.deferred_for = None;
        }
        d.history.push(Transition { at: now, to, actor: actor.to_owned(), reason });
        out.push(Action::Decision(Box::new(d.clone())));
        self.settle(id, to);
        true
    }

    /// What a decision has taken of the limits is spent once it is executed, and given back where it does not run.
    fn settle(&mut self, id: &str, to: State) {
        let Some(record) = self.book.records.get_mut(id) else { return };
        match to {
            State::Executed => {
                if let Some(booking) = record.booked.take() {
                    self.book.ledger.commit(&booking);
                }
                self.book.contacted.insert(record.decision.act.target());
            }
            State::Failed | State::Withdrawn | State::Stale | State::Rejected | State::Superseded | State::Expired => {
                if let Some(booking) = record.booked.take() {
                    self.book.ledger.release(&booking);
                }
            }
            _ => {}
        }
    }

    /// Writes why an approved decision waits, once per reason.
    fn waits(&mut self, id: &str, reason: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        if record.kept.waits.as_deref() == Some(reason) {
            return;
        }
        record.kept.waits = Some(reason.to_owned());
        let d = &mut record.decision;
        // The figures of one reason change while it waits; a line each would bury the history.
        if d.history.last().is_some_and(|t| t.reason.starts_with("waits: ")) {
            return;
        }
        let reason = format!("waits: {reason}");
        d.history.push(Transition { at: now, to: d.state, actor: "system".to_owned(), reason });
        out.push(Action::Decision(Box::new(d.clone())));
    }

    /// Executes an approved decision, unless the engine is paused or what it rests on no longer holds.
    pub(crate) fn execute(&mut self, config: &Config, id: &str, out: &mut Vec<Action>) {
        let Some(record) = self.book.records.get(id) else { return };
        if self.run != RunState::Running || record.decision.state != State::Approved {
            return;
        }
        let d = &record.decision;
        // A stop of its scope holds it as the whole stop does; so does the time in which a sovereign approval can be taken back.
        if d.cools_until.is_some_and(|until| self.now < until) {
            return;
        }
        if self.halted(config, d) {
            self.waits(id, "a stop of its proposer, kind or target holds it", out);
            return;
        }
        let cooled = d.cools_until.is_some_and(|until| self.now.saturating_sub(until) <= EXPIRY_GRACE);
        let silent = cooled
            || d.history.last().is_some_and(|t| t.at >= d.expires_at && self.now.saturating_sub(t.at) <= EXPIRY_GRACE);
        if let Some(broken) = self.broken(&d.preconditions, silent) {
            let headline = d.headline.clone();
            if self.shift(id, State::Stale, "engine", broken.clone(), out) {
                out.push(Action::Notify {
                    decision: id.to_owned(),
                    text: format!("Not executed, {broken}: {headline}"),
                });
            }
            return;
        }
        let gone = undeclared(config, &d.act);
        let zone = config.zone();
        let verdict = self.judge_now(config, &zone, record);
        if gone || verdict.answer == PolicyAnswer::Deny {
            let reason = if gone {
                "what it acts on is no longer declared".to_owned()
            } else {
                format!("policy “{}” now denies it", verdict.rule)
            };
            self.shift(id, State::Stale, "engine", reason, out);
            return;
        }
        let (key, act) = (d.idempotency_key.clone(), d.act.clone());
        let back = takes_back(&act) || super::proposal::undoing(record).is_some();
        match self.take_room(config, &zone, id) {
            None | Some(Room::Free) => {}
            Some(Room::Wait(reason)) => {
                self.waits(id, &reason, out);
                return;
            }
            Some(Room::Never(reason)) => {
                self.shift(id, State::Stale, "engine", reason, out);
                return;
            }
        }
        if !back && let Some(reason) = self.book.ledger.throttled(&config.business, self.now, &act) {
            self.waits(id, &reason, out);
            return;
        }
        if self.shift(id, State::Executing, "engine", "preconditions hold".to_owned(), out) {
            self.book.ledger.went_out(&config.business, self.now, &act);
            out.push(Action::Effect { decision: id.to_owned(), idempotency_key: key, act });
        }
    }

    /// The first precondition that no longer holds. After an expiry that lets it run, the deadline is behind by design.
    fn broken(&self, conditions: &[Precondition], silent: bool) -> Option<String> {
        conditions.iter().find_map(|c| match c {
            Precondition::LeverIs { lever, value } => match self.levers.get(lever) {
                Some(state) if state.value == *value => None,
                Some(state) => Some(format!(
                    "because {lever} is {} now and was {} on the card",
                    text::lever(&state.value),
                    text::lever(value)
                )),
                None => Some(format!("because {lever} is no longer declared")),
            },
            Precondition::Before { at } if !silent && self.now >= *at => {
                Some("because its time was over before it could run".to_owned())
            }
            // The host checks it where the versions are: when it publishes.
            Precondition::Before { .. } | Precondition::WorkflowIs { .. } => None,
        })
    }

    pub(crate) fn effect_result(
        &mut self,
        config: &Config,
        id: &str,
        ok: bool,
        in_doubt: bool,
        detail: &str,
        out: &mut Vec<Action>,
    ) {
        let state = self.book.records.get(id).map(|r| r.decision.state);
        if !matches!(state, Some(State::Executing | State::InDoubt)) {
            out.push(Action::Refused {
                what: format!("effect result for {id}"),
                code: Code::WrongState,
                message: "no effect of this decision is under way".to_owned(),
            });
            return;
        }
        let detail = text::shorten(detail, 500);
        if in_doubt {
            if self.shift(id, State::InDoubt, "engine", detail, out) {
                let text = "A crash hid whether the effect took place; look at the receiver and say so".to_owned();
                out.push(Action::Notify { decision: id.to_owned(), text });
            }
            return;
        }
        if !ok {
            if self.shift(id, State::Failed, "engine", detail.clone(), out) {
                out.push(Action::Notify { decision: id.to_owned(), text: format!("The effect failed: {detail}") });
            }
            return;
        }
        if !self.shift(id, State::Executed, "engine", detail, out) {
            return;
        }
        self.put_in_force(id);
        let Some((metric, horizon)) = self
            .book
            .records
            .get(id)
            .filter(|r| r.decision.predicts())
            .map(|r| (r.decision.prediction.metric.clone(), r.horizon))
        else {
            return;
        };
        let starts = self.book.records.get(id).is_some_and(|r| matches!(r.decision.act, Act::StartExperiment { .. }));
        // What an experiment was expected to find is compared with what it found, when it ends.
        let window = if starts {
            Some((self.now, Millis::MAX))
        } else {
            self.tracks.get(&metric).map(|t| window(config, t, self.now, horizon))
        };
        let reason = match window {
            Some(_) if starts => "until the experiment is answered",
            Some(_) => "watching the metric over the horizon",
            None => "the metric is no longer declared; nothing can be observed",
        };
        if let Some(record) = self.book.records.get_mut(id) {
            record.observe = window.or(Some((self.now, self.now)));
        }
        self.shift(id, State::Observing, "engine", reason.to_owned(), out);
    }

    /// The lever has its new value; whoever is observed on the same lever is told.
    fn put_in_force(&mut self, id: &str) {
        let Some(Act::SetLever { lever, to, .. } | Act::EndExperiment { lever, ship: Some(to), .. }) =
            self.book.records.get(id).map(|r| r.decision.act.clone())
        else {
            return;
        };
        for (other, record) in &mut self.book.records {
            let same = sets(&record.decision.act, &lever);
            if other != id && same && record.decision.state == State::Observing && record.disturbed.is_none() {
                record.disturbed = Some(id.to_owned());
            }
        }
        if let Some(state) = self.levers.get_mut(&lever) {
            if state.before.as_ref() == Some(&to) {
                // Taking a take-back back would go round in circles.
                state.before = None;
            } else if state.value != to {
                state.before = Some(state.value.clone());
            }
            state.value = to;
            state.changed_at = Some(self.now);
            state.by = Some(id.to_owned());
        }
    }

    pub(crate) fn lever_seen(&mut self, lever: &str, value: &LeverValue, by: &str, out: &mut Vec<Action>) {
        let Some(state) = self.levers.get_mut(lever) else {
            out.push(Action::Refused {
                what: format!("lever {lever}"),
                code: Code::NotFound,
                message: "no lever of this name is declared".to_owned(),
            });
            return;
        };
        if state.value == *value {
            return;
        }
        *state = LeverState {
            before: Some(state.value.clone()),
            value: value.clone(),
            changed_at: Some(self.now),
            by: Some(by.to_owned()),
        };
        let waiting: Vec<String> = self
            .book
            .records
            .values()
            .filter(|r| matches!(r.decision.state, State::Draft | State::Pending | State::Asked | State::Approved))
            .filter(|r| match &r.decision.act {
                Act::SetLever { lever: l, from, .. } => l == lever && from != value,
                // The control of an experiment is what everyone had.
                Act::StartExperiment { lever: l, .. } | Act::EndExperiment { lever: l, ship: Some(_), .. } => {
                    l == lever
                }
                _ => false,
            })
            .map(|r| r.decision.id.clone())
            .collect();
        for id in waiting {
            self.shift(
                &id,
                State::Stale,
                "engine",
                format!("{lever} was set to {} by {by} meanwhile", text::lever(value)),
                out,
            );
        }
        for record in self.book.records.values_mut() {
            let same = sets(&record.decision.act, lever);
            if same && record.decision.state == State::Observing && record.disturbed.is_none() {
                record.disturbed = Some(by.to_owned());
            }
        }
    }

    /// What time alone brings: expiry, the end of a deferral, drafts whose limit is free, approved ones that may run, outcomes.
    pub(crate) fn advance(&mut self, out: &mut Vec<Action>) {
        let Some(config) = self.config.take() else { return };
        if !self.book.records.is_empty() {
            let zone = config.zone();
            let due: Vec<(String, State)> =
                self.book.records.values().map(|r| (r.decision.id.clone(), r.decision.state)).collect();
            for (id, state) in due {
                match state {
                    State::Pending | State::Asked => self.wait(&config, &id, out),
                    State::Approved => self.execute(&config, &id, out),
                    State::Observing => self.score(&config, &id, out),
                    _ => {}
                }
            }
            self.promote(&config, &zone, out);
        }
        self.experiments_step(&config, out);
        self.wake(out);
        self.book.sweep(self.now);
        self.tell_ladder(&config, out);
        self.config = Some(config);
    }

    fn wait(&mut self, config: &Config, id: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        let d = &mut record.decision;
        if now < d.expires_at {
            if d.state == State::Asked {
                return;
            }
            if d.deferred_until.is_some_and(|until| now >= until) {
                d.deferred_until = None;
                d.deferred_for = None;
                let text = d.headline.clone();
                out.push(Action::Decision(Box::new(d.clone())));
                out.push(Action::Notify { decision: id.to_owned(), text });
            }
            self.remind(id, out);
            return;
        }
        let late = now.saturating_sub(d.expires_at) > EXPIRY_GRACE;
        let Some(record) = self.book.records.get(id) else { return };
        // Nobody looked at an audit; whether it may run is policy's to say, not chance's.
        let verdict = self.judge_now(config, &config.zone(), record);
        let runs = match record.decision.reversibility {
            Reversibility::R0 => verdict.answer != PolicyAnswer::Deny,
            Reversibility::R1 => {
                let share = policy::exposure(&record.decision.act, record.decision.reversibility);
                verdict.answer == PolicyAnswer::Run && share <= SILENT_EXPOSURE
            }
            Reversibility::R2 | Reversibility::R3 => false,
        };
        if runs && !late {
            // For R1 the gate asks for a rule that lets it run; the card says so from now on.
            if let Some(record) = self.book.records.get_mut(id) {
                record.decision.policy = verdict;
            }
            let reason = "nobody answered, and it may run without an answer".to_owned();
            self.approve(config, id, "system", reason, true, out);
            self.execute(config, id, out);
            return;
        }
        let reason = if runs {
            "nobody answered, and the engine was not running when its time was over"
        } else {
            "nobody answered; that counts as a no"
        };
        self.shift(id, State::Expired, "system", reason.to_owned(), out);
    }

    pub(crate) fn withdraw_undeclared(&mut self, config: &Config, out: &mut Vec<Action>) {
        let gone: Vec<String> = self
            .book
            .records
            .values()
            .filter(|r| matches!(r.decision.state, State::Draft | State::Pending | State::Asked | State::Approved))
            .filter(|r| undeclared(config, &r.decision.act))
            .map(|r| r.decision.id.clone())
            .collect();
        for id in gone {
            self.shift(&id, State::Withdrawn, "system", "what it acts on is no longer declared".to_owned(), out);
        }
    }
}

/// Whether an act gives everyone another value of a lever.
fn sets(act: &Act, lever: &str) -> bool {
    match act {
        Act::SetLever { lever: l, .. } | Act::EndExperiment { lever: l, ship: Some(_), .. } => l == lever,
        _ => false,
    }
}

/// Whether what an act acts on is not in the configuration.
fn undeclared(config: &Config, act: &Act) -> bool {
    act.lever().is_some_and(|l| config.lever(l).is_none()) || act.effect().is_some_and(|e| config.effect(e).is_none())
}

/// From the first bucket that starts after the change, as many buckets as were predicted.
pub(crate) fn window(config: &Config, track: &Track, now: Millis, horizon: Millis) -> (Millis, Millis) {
    let zone = config.zone();
    let this = zone.floor(now, track.grain);
    let start = if this == now { now } else { zone.next(this, track.grain) };
    let (_, end) = ahead(&zone, start, track.grain, buckets_in(horizon, track.grain), 1.0);
    (start, end)
}

/// Money of a difference in the metric over the horizon, in minor units; positive is good.
pub(crate) fn money_of(
    config: &Config,
    metric: &epoch_model::business::Metric,
    difference: f64,
    buckets: usize,
    weight: f64,
) -> Option<i64> {
    let sign = if metric.better == epoch_model::business::Better::Down { -1.0 } else { 1.0 };
    predict::worth(config, metric, buckets, weight).map(|w| predict::to_minor(sign * difference * w))
}
