//! The end of an experiment: what came out, what is learnt of it, and the decision that follows.

use epoch_model::decision::{Act, Alternative, Evidence, State as DecisionState, Strength};
use epoch_model::experiment::{Call, Conclusion, Effect, Interval, Purpose, Reading, Role, State};
use epoch_model::time::{DAY, HOUR};
use epoch_stats::baseline::Band;

use super::call::Called;
use super::effects::times;
use super::lab::{Learnt, Trial};
use super::sums;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::decisions::trial::Proposal;
use crate::text;

/// How long a shipped winner is observed against its prediction.
const HORIZON: i64 = 28 * DAY;
/// How long a card to ship waits.
const EXPIRES: i64 = 14 * DAY;
/// When a shipped winner is tested again.
pub(crate) const RECHECK: i64 = 75 * DAY;
/// A take-back that failed is tried again after so long.
pub(crate) const AGAIN: i64 = 6 * HOUR;
/// From a 95 % interval to an 80 % one.
const TO_80: f64 = 1.281_551_565_5 / 1.959_963_984_5;

impl Engine {
    /// Records what was called and proposes what follows.
    pub(crate) fn conclude(&mut self, config: &Config, key: &str, called: Called, out: &mut Vec<Action>) {
        let Some(mut trial) = self.lab.trials.remove(key) else { return };
        let spec = trial.experiment.spec.clone();
        let s = config.metric(&spec.metric).map_or(1.0, sums::sign);
        let Some(reading) = trial.experiment.last.clone() else { return };
        let row = row_of(&reading, called.index);
        let relative = row.is_some_and(|r| r.relative.is_some());
        let measured = called
            .after
            .map(|a| Interval { low: a.interval[0], middle: a.estimate, high: a.interval[1] })
            .map(|i| times(i, s))
            .or_else(|| row.map(|r| r.relative.unwrap_or(r.absolute)));
        let broken = matches!(called.call, Call::RollBack { .. }) && called.p_own.is_none();
        let level = trial.ticket.map(|t| t.level);
        let in_stream = trial.ticket.is_some();
        let p = if broken { 1.0 } else { called.p_stream };
        let granted = self.lab.hand_in(&mut trial, p);
        let expected = trial.expected;
        let change = |v: f64| s * v;
        trial.experiment.conclusion = Some(Conclusion {
            at: self.now,
            call: called.call.clone(),
            text: reading.text.clone(),
            predicted: Some(Interval {
                low: change(expected.p10).min(change(expected.p90)),
                middle: change(expected.p50),
                high: change(expected.p10).max(change(expected.p90)),
            }),
            measured,
            level,
            p_value: called.p_own.or_else(|| row.and_then(|r| r.p_value)),
        });
        trial.experiment.ended_at = Some(self.now);
        if let Some(next) = trial.experiment.last.as_mut() {
            next.next_look = None;
        }
        self.learn_from(&trial, &called, relative);
        let note = "Measured against a control group that was sorted by chance at the same time.";
        self.score_start(config, key, measured.filter(|_| relative).map(|m| m.middle), note, out);
        let text = reading.text.clone();
        trial.step(self.now, State::Concluding, "engine", text.clone());
        self.settle_hypothesis(&trial);
        self.lab.trials.insert(key.to_owned(), trial);
        self.follow(config, key, &called);
        self.lab.changed = true;

        let ship =
            matches!(called.call, Call::Ship { .. }) && matches!(spec.purpose, Purpose::Decide | Purpose::Bandit);
        if spec.lever.is_none() {
            self.finish(key, State::Archived, &text, out);
            out.push(Action::Notify { decision: format!("experiment:{key}"), text: format!("{}: {text}", spec.title) });
            return;
        }
        let asks = if !ship && !called.promising {
            None
        } else if self.lab.audit.failed(config) {
            Some("the engine's own checks do not hold at present, so every call asks".to_owned())
        } else if called.promising || (in_stream && !granted) {
            Some(
                "it is better at the error of a single test, but more such calls without asking would exceed the share of false calls you allow"
                    .to_owned(),
            )
        } else {
            None
        };
        if ship || (called.promising && spec.purpose == Purpose::Decide) {
            self.propose_ship(config, key, called.index, measured, asks, out);
        } else {
            self.propose_back(config, key, State::Archived, &text, out);
        }
    }

    /// Ends it because its data is not sound and stays so.
    pub(crate) fn give_up(&mut self, config: &Config, key: &str, cause: &str, out: &mut Vec<Action>) {
        let Some(mut trial) = self.lab.trials.remove(key) else { return };
        self.lab.hand_in(&mut trial, 1.0);
        let text = format!("Ended without an answer, its data is not sound: {cause}");
        trial.experiment.conclusion = Some(Conclusion {
            at: self.now,
            call: Call::Blocked,
            text: text.clone(),
            predicted: None,
            measured: None,
            level: None,
            p_value: None,
        });
        trial.experiment.ended_at = Some(self.now);
        trial.step(self.now, State::Concluding, "engine", text.clone());
        self.settle_hypothesis(&trial);
        self.lab.trials.insert(key.to_owned(), trial);
        self.lab.changed = true;
        self.score_start(config, key, None, "it ended without an answer; it counts neither way", out);
        self.propose_back(config, key, State::Stopped, &text, out);
    }

    /// Ends it before it is answered.
    pub(crate) fn stop_trial(&mut self, config: &Config, key: &str, actor: &str, reason: &str, out: &mut Vec<Action>) {
        let Some(mut trial) = self.lab.trials.remove(key) else {
            super::ask::refused(key, "there is no such experiment", out);
            return;
        };
        let state = trial.experiment.state;
        let open = trial.open.clone();
        let decision = open.as_ref().and_then(|id| self.book.state_of(id));
        self.lab.changed = true;
        match state {
            State::Refused | State::Stopped | State::Archived => {
                self.lab.trials.insert(key.to_owned(), trial);
                super::ask::refused(key, "it is over already", out);
                return;
            }
            State::Proposed | State::Designed => trial.step(self.now, State::Stopped, actor, reason),
            State::Watching => {
                trial.recheck_at = None;
                trial.step(self.now, State::Archived, actor, reason);
            }
            State::Waiting => {
                let withdrawn = open.is_some_and(|id| {
                    self.shift(&id, DecisionState::Withdrawn, actor, reason.to_owned(), out)
                        || self.shift(&id, DecisionState::Rejected, actor, reason.to_owned(), out)
                });
                if withdrawn || decision.is_none() {
                    trial.open = None;
                    trial.step(self.now, State::Stopped, actor, reason);
                } else {
                    // Its start is under way and is taken back once it is known.
                    trial.stop_wanted = Some((actor.to_owned(), reason.to_owned()));
                }
            }
            State::Running | State::Concluding => {
                let ships = trial.then == State::Watching;
                if state == State::Concluding && ships {
                    let withdrawn = open
                        .as_ref()
                        .is_some_and(|id| self.shift(id, DecisionState::Withdrawn, actor, reason.to_owned(), out));
                    if !withdrawn && decision == Some(DecisionState::Executing) {
                        trial.stop_wanted = Some((actor.to_owned(), reason.to_owned()));
                        self.lab.trials.insert(key.to_owned(), trial);
                        return;
                    }
                }
                self.lab.hand_in(&mut trial, 1.0);
                trial.experiment.ended_at = Some(self.now);
                trial.step(self.now, State::Concluding, actor, reason);
                let words = trial.experiment.history.last().map_or_else(String::new, |h| h.reason.clone());
                self.settle_hypothesis(&trial);
                self.lab.trials.insert(key.to_owned(), trial);
                self.score_start(config, key, None, "it was ended before it was answered; it counts neither way", out);
                let taken = state == State::Concluding && !ships;
                if !taken {
                    self.propose_back(config, key, State::Stopped, &words, out);
                }
                self.emit(key, out);
                return;
            }
        }
        self.settle_hypothesis(&trial);
        out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        self.lab.trials.insert(key.to_owned(), trial);
    }

    /// Everyone gets the winner: asks or runs as policy says.
    fn propose_ship(
        &mut self,
        config: &Config,
        key: &str,
        index: usize,
        measured: Option<Interval>,
        asks: Option<String>,
        out: &mut Vec<Action>,
    ) {
        let Some(trial) = self.lab.trials.get(key) else { return };
        let (spec, by_rule) = (trial.experiment.spec.clone(), trial.by_rule);
        let (Some(reading), Some(lever), Some(arm)) =
            (trial.experiment.last.clone(), spec.lever.clone(), spec.arms.get(index).cloned())
        else {
            return;
        };
        let (Some(state), Some(metric), Some(declared)) =
            (self.levers.get(&lever), config.metric(&spec.metric), config.lever(&lever))
        else {
            self.propose_back(config, key, State::Archived, "its lever or metric is no longer declared", out);
            return;
        };
        let from = state.value.clone();
        let s = sums::sign(metric);
        // Those who have it already gain nothing more, and what is not exposed does not change.
        let share = (1.0 - spec.share * arm.weight) * self.covered(config, trial, &reading);
        let improvement = measured.map_or(Band { p10: 0.0, p50: 0.0, p90: 0.0 }, |m| {
            let up = times(m, s);
            Band {
                p10: share * (up.middle - (up.middle - up.low) * TO_80),
                p50: share * up.middle,
                p90: share * (up.middle + (up.high - up.middle) * TO_80),
            }
        });
        let row = row_of(&reading, index);
        let money = row.and_then(|r| r.money_minor_per_month).map(|m| {
            let part = share * HORIZON as f64 / DAY as f64 / super::value::MONTH_DAYS;
            let to = crate::decisions::predict::to_minor;
            (
                to(part * (m.middle - (m.middle - m.low) * TO_80)),
                to(part * m.middle),
                to(part * (m.middle + (m.high - m.middle) * TO_80)),
            )
        });
        let act = if by_rule {
            Act::SetLever { lever: lever.clone(), from: from.clone(), to: arm.value.clone() }
        } else {
            Act::EndExperiment {
                experiment: key.to_owned(),
                lever: lever.clone(),
                from: from.clone(),
                ship: Some(arm.value.clone()),
            }
        };
        let mut counter = counter_evidence(config, &reading, &arm.key, self.now);
        if spec.arms.first().is_some_and(|c| c.value != from) {
            counter.push(evidence(
                format!(
                    "{} was changed to {} while it ran; the control had another value",
                    declared.title,
                    text::lever(&from)
                ),
                Strength::Experiment,
                self.now,
            ));
        }
        let mut headline = format!("{}: {} for everyone. {}", spec.title, text::lever(&arm.value), reading.text);
        if by_rule {
            headline = format!("{headline} Remove its rule from the file, or the rule goes on splitting.");
        }
        let proposal = Proposal {
            act,
            experiment: key.to_owned(),
            proposer: "experiment:ship",
            domain: declared.domain,
            metric: spec.metric.clone(),
            headline,
            evidence: evidence_of(config, &reading, &arm.key, self.now),
            counter_evidence: counter,
            counter_search: format!(
                "searched: {} guardrails, {} further metrics, {} segment values, {} gates",
                count(&reading, Role::Guardrail),
                count(&reading, Role::Secondary),
                row.map_or(0, |r| r.segments.len()),
                reading.gates.len()
            ),
            alternatives: vec![
                Alternative {
                    what: format!("Keep {} for everyone", text::lever(&from)),
                    why_not: reading.text.clone(),
                },
                Alternative {
                    what: "Test on".to_owned(),
                    why_not:
                        "what was planned is answered; more looks make false calls likelier, not the answer better"
                            .to_owned(),
                },
            ],
            worst_case: measured.map_or_else(String::new, |m| {
                let worst = times(m, s).low;
                if worst >= 0.0 {
                    format!("the gain is as small as {}", text::change(worst))
                } else {
                    format!("it is a loss of {} after all", text::change(worst).trim_start_matches('-'))
                }
            }),
            improvement,
            method: format!("measured by the experiment {key} against a control group, scaled to everyone"),
            per_unit: None,
            money_minor: money,
            horizon: HORIZON,
            expires: EXPIRES,
            novel: false,
            asks,
        };
        let zone = config.zone();
        let id = self.propose_trial(config, &zone, proposal, out);
        if let Some(trial) = self.lab.trials.get_mut(key) {
            trial.then = State::Watching;
            trial.before = Some(from);
            trial.open.clone_from(&id);
            trial.experiment.decisions.extend(id.clone());
        }
        if id.is_none() {
            self.propose_back(config, key, State::Archived, "its lever or metric is no longer declared", out);
        }
        self.emit(key, out);
    }

    /// Everyone gets what they had. Nothing to do where somebody else serves it.
    pub(crate) fn propose_back(
        &mut self,
        config: &Config,
        key: &str,
        then: State,
        reason: &str,
        out: &mut Vec<Action>,
    ) {
        let Some(trial) = self.lab.trials.get_mut(key) else { return };
        trial.then = then;
        let spec = trial.experiment.spec.clone();
        let lever = spec.lever.clone().filter(|l| !trial.by_rule && config.lever(l).is_some());
        let state = lever.as_ref().and_then(|l| self.levers.get(l));
        let (Some(lever), Some(state)) = (lever.clone(), state) else {
            if trial.by_rule {
                let text = format!("{}: {reason} Its rule is in the file; remove it there.", spec.title);
                out.push(Action::Notify { decision: format!("experiment:{key}"), text });
            }
            self.finish(key, then, reason, out);
            return;
        };
        let reading = trial.experiment.last.clone();
        let row = reading.as_ref().and_then(|r| row_of(r, 1));
        let s = config.metric(&spec.metric).map_or(1.0, sums::sign);
        let exposed: f64 = spec.share * spec.arms.iter().skip(1).map(|a| a.weight).sum::<f64>();
        let improvement = row.and_then(|r| r.relative).map_or(Band { p10: 0.0, p50: 0.0, p90: 0.0 }, |m| {
            let back = times(m, -s * exposed);
            Band {
                p10: back.middle - (back.middle - back.low) * TO_80,
                p50: back.middle,
                p90: back.middle + (back.high - back.middle) * TO_80,
            }
        });
        let domain = config.lever(&lever).map_or(epoch_model::business::Domain::Product, |l| l.domain);
        let first = spec.arms.get(1).map_or_else(String::new, |a| a.key.clone());
        let now = self.now;
        let proposal = Proposal {
            act: Act::EndExperiment {
                experiment: key.to_owned(),
                lever: lever.clone(),
                from: state.value.clone(),
                ship: None,
            },
            experiment: key.to_owned(),
            proposer: "experiment:take_back",
            domain,
            metric: spec.metric.clone(),
            headline: format!("{}: everyone gets {} again. {reason}", spec.title, text::lever(&state.value)),
            evidence: reading.as_ref().map(|r| evidence_of(config, r, &first, now)).unwrap_or_default(),
            counter_evidence: Vec::new(),
            counter_search: "not searched: it only takes something new back, so it runs without waiting".to_owned(),
            alternatives: vec![Alternative { what: "Let it run on".to_owned(), why_not: reason.to_owned() }],
            worst_case: "an arm that was better is taken back; it can be asked again".to_owned(),
            improvement,
            method: format!("measured by the experiment {key}, for those who were in it"),
            per_unit: None,
            money_minor: None,
            horizon: HORIZON,
            expires: EXPIRES,
            novel: false,
            asks: None,
        };
        let zone = config.zone();
        let id = self.propose_trial(config, &zone, proposal, out);
        if let Some(trial) = self.lab.trials.get_mut(key) {
            trial.open.clone_from(&id);
            trial.experiment.decisions.extend(id.clone());
        }
        if id.is_none() {
            self.finish(key, then, reason, out);
        }
        self.emit(key, out);
    }

    /// Its last step.
    pub(crate) fn finish(&mut self, key: &str, to: State, reason: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(trial) = self.lab.trials.get_mut(key) else { return };
        trial.open = None;
        trial.plan = None;
        trial.step(now, to, "engine", reason);
        if to == State::Watching {
            trial.recheck_at = Some(now.saturating_add(RECHECK));
        }
        self.lab.changed = true;
        self.emit(key, out);
    }

    pub(crate) fn emit(&self, key: &str, out: &mut Vec<Action>) {
        if let Some(trial) = self.lab.trials.get(key) {
            out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        }
    }

    fn learn_from(&mut self, trial: &Trial, called: &Called, relative: bool) {
        let spec = &trial.experiment.spec;
        let positive = matches!(called.call, Call::Ship { .. } | Call::RollBack { .. });
        if spec.purpose == Purpose::SelfAudit {
            self.lab.audit.tests = self.lab.audit.tests.saturating_add(1);
            self.lab.audit.called = self.lab.audit.called.saturating_add(u64::from(positive));
            if let Some(after) = called.after {
                self.lab.audit.covered(after.interval, 0.0);
            }
            return;
        }
        let (Some(after), Some(design)) = (called.after.filter(|_| relative), trial.experiment.design.as_ref()) else {
            return;
        };
        let half = 0.5 * (after.interval[1] - after.interval[0]);
        self.lab.learn(Learnt {
            experiment: spec.key.clone(),
            generator: trial.generator.clone(),
            method: method(design.method).to_owned(),
            lever: spec.lever.clone(),
            metric: spec.metric.clone(),
            predicted: trial.expected.p50,
            measured: after.estimate,
            se: (half / 1.959_963_984_5).max(1e-6),
            called: matches!(called.call, Call::Ship { .. }),
        });
    }

    /// Share of the metric that comes from units that meet the lever: what is not exposed does not change.
    fn covered(&self, config: &Config, trial: &Trial, reading: &Reading) -> f64 {
        let spec = &trial.experiment.spec;
        let (Some(metric), Some(design)) = (config.metric(&spec.metric), &trial.experiment.design) else { return 1.0 };
        if crate::config::pool(metric) != epoch_stats::horizon::Pool::Sum {
            return 1.0;
        }
        let per_day = design.units_per_day / spec.share.max(1e-9);
        let value = row_of(reading, 1).map_or(0.0, |r| r.control);
        let typical = self.tracks.get(&metric.key).map(|t| {
            let recent: Vec<(f64, f64)> = t
                .cells
                .iter()
                .rev()
                .take(28)
                .filter_map(|c| c.value.map(|v| (v, (c.end - c.start) as f64 / DAY as f64)))
                .collect();
            recent.iter().map(|r| r.0).sum::<f64>() / recent.iter().map(|r| r.1).sum::<f64>().max(1e-9)
        });
        typical.filter(|t| *t > 0.0 && per_day > 0.0).map_or(1.0, |t| (per_day * value / t).clamp(0.0, 1.0))
    }
}

fn method(method: epoch_model::experiment::Method) -> &'static str {
    use epoch_model::experiment::Method;
    match method {
        Method::GroupSequential => "group_sequential",
        Method::ConfidenceSequence => "confidence_sequence",
        Method::Exact => "exact",
        Method::Bandit => "bandit",
    }
}

/// The primary metric's row of an arm, by its index among the arms.
pub(crate) fn row_of(reading: &Reading, index: usize) -> Option<&Effect> {
    reading.effects.iter().filter(|e| e.role == Role::Primary).nth(index.saturating_sub(1))
}

fn count(reading: &Reading, role: Role) -> usize {
    let mut keys: Vec<&str> = reading.effects.iter().filter(|e| e.role == role).map(|e| e.metric.as_str()).collect();
    keys.dedup();
    keys.len()
}

fn evidence(text: String, strength: Strength, at: i64) -> Evidence {
    Evidence { text, strength, at, insight: None, rows: None }
}

/// The figures of the called arm, the primary metric first.
fn evidence_of(config: &Config, reading: &Reading, arm: &str, at: i64) -> Vec<Evidence> {
    reading
        .effects
        .iter()
        .filter(|e| e.arm == arm && e.note.is_none())
        .map(|e| evidence(figures(config, e, reading), Strength::Experiment, at))
        .collect()
}

fn figures(config: &Config, e: &Effect, reading: &Reading) -> String {
    let Some(metric) = config.metric(&e.metric) else { return e.metric.clone() };
    let show = |v| text::value(metric, &config.business, v);
    let change = e.relative.map_or_else(String::new, |r| {
        format!(
            " ({}, {} to {} however often one looked)",
            text::change(r.middle),
            text::change(r.low),
            text::change(r.high)
        )
    });
    let money = e.money_minor_per_month.map_or_else(String::new, |m| {
        format!(
            ", {} a month for everyone",
            text::money(&config.business, crate::decisions::predict::to_minor(m.middle))
        )
    });
    let units: u64 = reading.units.iter().sum();
    format!(
        "{}: {} instead of {}{change}{money}, from {} units",
        metric.title,
        show(e.treated),
        show(e.control),
        text::number(units as f64, 0)
    )
}

/// Guardrails and further metrics that moved the wrong way, and segments in which the effect went the other way.
fn counter_evidence(config: &Config, reading: &Reading, arm: &str, at: i64) -> Vec<Evidence> {
    let mut out = Vec::new();
    for e in reading.effects.iter().filter(|e| e.arm == arm) {
        let Some(metric) = config.metric(&e.metric) else { continue };
        let s = sums::sign(metric);
        if e.role != Role::Primary
            && let Some(r) = e.relative
            && s * r.middle < 0.0
        {
            let sure = if (r.low > 0.0) == (r.high > 0.0) { "" } else { ", which may be chance" };
            out.push(evidence(
                format!("{} went the wrong way by {}{sure}", metric.title, text::change(r.middle)),
                Strength::Experiment,
                at,
            ));
        }
        for segment in e.segments.iter().filter(|g| e.role == Role::Primary && s * g.shrunk.middle < 0.0) {
            out.push(evidence(
                format!(
                    "in {} {} it went the other way: {} ({} to {})",
                    segment.segment,
                    segment.value,
                    text::change(segment.shrunk.middle),
                    text::change(segment.shrunk.low),
                    text::change(segment.shrunk.high)
                ),
                Strength::Experiment,
                at,
            ));
        }
    }
    for gate in reading.gates.iter().filter(|g| !g.passed) {
        out.push(evidence(gate.text.clone(), Strength::Experiment, at));
    }
    out.truncate(12);
    out
}
