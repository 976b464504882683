//! What time and other decisions bring: turns, starts, answers of the founder, effects that took place, re-tests.

use epoch_model::decision::{Act, Alternative, Evidence, State as DecisionState, Strength};
use epoch_model::experiment::{Origin, Purpose, Spec, State};
use epoch_model::time::{DAY, HOUR};
use epoch_stats::baseline::Band;

use super::end::AGAIN;
use super::lab::{Trial, over};
use super::value::{self, MONTH_DAYS};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::decisions::predict::to_minor;
use crate::decisions::trial::Proposal;
use crate::text;

/// How long a card to start waits.
const EXPIRES: i64 = 7 * DAY;
/// Starts that may fail before it is given up.
const ATTEMPTS: u32 = 3;

impl Engine {
    /// Everything that follows without anybody asking.
    pub(crate) fn experiments_step(&mut self, config: &Config, out: &mut Vec<Action>) {
        let keys: Vec<String> = self
            .lab
            .trials
            .iter()
            .filter(|(_, t)| t.open.is_some() || t.experiment.state == State::Concluding || t.stop_wanted.is_some())
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.heard(config, &key, out);
        }
        self.recheck(config, out);
        self.ask_again(config, out);
        self.schedule(config, out);
        self.think(config, out);
        if self.lab.changed {
            self.lab.sweep();
            self.lab.changed = false;
            out.push(Action::Portfolio(Box::new(self.lab.portfolio(config, self.now))));
        }
    }

    /// What became of the decision an experiment waits for.
    fn heard(&mut self, config: &Config, key: &str, out: &mut Vec<Action>) {
        use DecisionState as D;
        let now = self.now;
        let Some(trial) = self.lab.trials.get(key) else { return };
        let (state, open, held) = (trial.experiment.state, trial.open.clone(), trial.not_before);
        let Some(id) = open else {
            if state == State::Concluding && held.is_none_or(|at| now >= at) {
                let then = if trial.then == State::Watching { State::Archived } else { trial.then };
                self.propose_back(config, key, then, "It is tried again.", out);
            }
            return;
        };
        let said = self.book.state_of(&id);
        let reason = self
            .book
            .records
            .get(&id)
            .and_then(|r| r.decision.history.last())
            .map_or_else(|| "its decision is over".to_owned(), |t| t.reason.clone());
        match (state, said) {
            (State::Waiting, Some(D::Executed | D::Observing | D::Scored)) => self.started(config, key, out),
            (State::Waiting, Some(D::Rejected | D::Withdrawn)) => self.not_started(key, State::Stopped, &reason, out),
            (State::Waiting, Some(D::Expired)) => {
                self.not_started(key, State::Stopped, "nobody answered; it can be asked again", out);
            }
            (State::Waiting, Some(D::Failed | D::Stale | D::Superseded) | None) => {
                let tried = self.lab.trials.get_mut(key).map_or(0, |t| {
                    t.attempts = t.attempts.saturating_add(1);
                    t.not_before = Some(now.saturating_add(DAY));
                    t.attempts
                });
                let to = if tried >= ATTEMPTS { State::Stopped } else { State::Designed };
                self.not_started(key, to, &reason, out);
            }
            (State::Concluding, Some(D::Executed | D::Observing | D::Scored)) => {
                let Some(trial) = self.lab.trials.get_mut(key) else { return };
                let (then, wanted) = (trial.then, trial.stop_wanted.take());
                let words = match then {
                    State::Watching => "everyone has it; it is looked after",
                    _ => "everyone has what they had",
                };
                let reason = wanted.map_or_else(|| words.to_owned(), |(who, why)| format!("{words} ({who}: {why})"));
                self.finish(key, then, &reason, out);
            }
            (State::Concluding, Some(D::Failed)) => {
                if let Some(trial) = self.lab.trials.get_mut(key) {
                    trial.open = None;
                    trial.not_before = Some(now.saturating_add(AGAIN));
                }
            }
            (State::Concluding, Some(D::Rejected | D::Expired | D::Withdrawn | D::Stale | D::Superseded) | None) => {
                let then = self.lab.trials.get(key).map_or(State::Archived, |t| t.then);
                if then == State::Watching || said == Some(D::Stale) || said.is_none() {
                    let then = if then == State::Watching { State::Archived } else { then };
                    let words = format!("It was not shipped: {reason}.");
                    self.propose_back(config, key, then, &words, out);
                } else {
                    // Somebody wants it to go on: it is left alone for a week.
                    if let Some(trial) = self.lab.trials.get_mut(key) {
                        trial.open = None;
                        trial.not_before = Some(now.saturating_add(7 * DAY));
                    }
                }
            }
            _ => {}
        }
    }

    fn started(&mut self, config: &Config, key: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(mut trial) = self.lab.trials.remove(key) else { return };
        trial.open = None;
        trial.attempts = 0;
        trial.experiment.started_at = Some(now);
        if trial.in_stream() && trial.ticket.is_none() {
            trial.ticket = self.lab.draw(config);
        }
        trial.step(now, State::Running, "engine", "its arms are served");
        let wanted = trial.stop_wanted.take();
        self.settle_hypothesis(&trial);
        out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        self.lab.trials.insert(key.to_owned(), trial);
        self.lab.changed = true;
        if let Some((actor, reason)) = wanted {
            self.stop_trial(config, key, &actor, &reason, out);
        }
    }

    fn not_started(&mut self, key: &str, to: State, reason: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(mut trial) = self.lab.trials.remove(key) else { return };
        trial.open = None;
        let wanted = trial.stop_wanted.take();
        match wanted {
            Some((actor, why)) => trial.step(now, State::Stopped, &actor, why),
            None => trial.step(now, to, "engine", reason),
        }
        self.settle_hypothesis(&trial);
        out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        self.lab.trials.insert(key.to_owned(), trial);
        self.lab.changed = true;
    }

    /// Whose turn it is: the founder's questions first, then what is worth most per week of its traffic.
    fn schedule(&mut self, config: &Config, out: &mut Vec<Action>) {
        let mut waiting: Vec<(bool, i64, String)> = self
            .lab
            .trials
            .values()
            .filter(|t| t.experiment.state == State::Designed && t.not_before.is_none_or(|at| self.now >= at))
            .map(|t| {
                let e = &t.experiment;
                // An audit takes what nobody else wants.
                let value = match e.spec.purpose {
                    Purpose::SelfAudit => i64::MIN,
                    _ => weighted(e.value_minor_per_week.unwrap_or(0), self.lab.weight(&t.generator)),
                };
                (e.spec.origin == Origin::Engine, value, e.spec.key.clone())
            })
            .collect();
        if waiting.is_empty() {
            return;
        }
        waiting.sort_by(|a, b| (a.0, -(i128::from(a.1)), &a.2).cmp(&(b.0, -(i128::from(b.1)), &b.2)));
        for (engine, _, key) in waiting {
            let Some(trial) = self.lab.trials.get(&key) else { continue };
            let spec = trial.experiment.spec.clone();
            let Some(lever) = spec.lever.clone() else { continue };
            let most = usize::try_from(config.business.experimenting.running_max).unwrap_or(usize::MAX);
            if engine && self.lab.running() >= most {
                continue;
            }
            if self.yields(config, &spec, &lever, out) || !self.free(&spec, &lever) {
                continue;
            }
            let control = spec.arms.first().map(|a| &a.value);
            let value = self.levers.get(&lever).map(|s| s.value.clone());
            if control != value.as_ref() {
                let now_is = value.as_ref().map_or_else(String::new, text::lever);
                let reason = format!("its control is not what everyone has ({lever} is {now_is})");
                let to = if engine { State::Stopped } else { State::Refused };
                if to == State::Refused
                    && let Some(trial) = self.lab.trials.get_mut(&key)
                {
                    trial.experiment.refusal = Some(epoch_model::experiment::Refusal {
                        at: self.now,
                        code: "conflict".to_owned(),
                        reason: reason.clone(),
                        cheaper: Some(format!("make {now_is} the control")),
                        cheaper_mde: None,
                    });
                }
                self.not_started(&key, to, &reason, out);
                continue;
            }
            self.propose_start(config, &key, out);
        }
    }

    /// A check of the engine itself gives way to a real question on its lever.
    fn yields(&mut self, config: &Config, spec: &Spec, lever: &str, out: &mut Vec<Action>) -> bool {
        let Some(on) = self.lab.on_lever(lever).map(str::to_owned) else { return false };
        let audit =
            self.lab.trials.get(&on).is_some_and(|t| {
                t.experiment.spec.purpose == Purpose::SelfAudit && t.experiment.state == State::Running
            });
        if audit && spec.purpose != Purpose::SelfAudit {
            self.stop_trial(config, &on, "engine", &format!("{} needs its lever", spec.key), out);
        }
        true
    }

    /// Nothing else moves the lever or is known to change what is measured.
    fn free(&self, spec: &Spec, lever: &str) -> bool {
        if self.book.live_on(lever).is_some() || self.book.observed_on(lever).is_some() {
            return false;
        }
        !self.lab.trials.values().any(|t| {
            let other = &t.experiment.spec;
            let slices = match (&spec.slice, &other.slice) {
                (Some(a), Some(b)) => a.layer == b.layer && (a.to <= b.from || b.to <= a.from),
                _ => false,
            };
            super::lab::holds(t.experiment.state)
                && !slices
                && other.lever.as_deref().is_some_and(|l| {
                    let pair = if l < lever { (l, lever) } else { (lever, l) };
                    self.lab.interacting.iter().any(|(a, b)| (a.as_str(), b.as_str()) == pair)
                })
        })
    }

    fn propose_start(&mut self, config: &Config, key: &str, out: &mut Vec<Action>) {
        let Some(trial) = self.lab.trials.get(key) else { return };
        let spec = trial.experiment.spec.clone();
        let (Some(design), Some(lever)) =
            (trial.experiment.design.clone(), spec.lever.as_ref().and_then(|l| config.lever(l)))
        else {
            return;
        };
        let exposed: f64 = spec.share * spec.arms.iter().skip(1).map(|a| a.weight).sum::<f64>();
        let days = design.days.p50.max(1.0);
        let den = trial.experiment.pilot.as_ref().and_then(|p| p.moments.den).map(|d| d.mean);
        let money = config
            .metric(&spec.metric)
            .and_then(|m| value::monthly(config, m, design.units_per_day / spec.share.max(1e-9), den))
            .map(|per_month| {
                let part = per_month.abs() * design.baseline.abs() * exposed * days / MONTH_DAYS;
                let e = trial.expected;
                (to_minor(part * e.p10), to_minor(part * e.p50), to_minor(part * e.p90))
            });
        let same = spec.arms.iter().all(|a| Some(&a.value) == spec.arms.first().map(|c| &c.value));
        let expected = if same { Band { p10: 0.0, p50: 0.0, p90: 0.0 } } else { trial.expected };
        let mut evidence: Vec<Evidence> =
            design.why.iter().map(|why| piece(why.clone(), Strength::Observational, self.now)).collect();
        if !spec.hypothesis.is_empty() {
            evidence.insert(0, piece(spec.hypothesis.clone(), Strength::Expert, self.now));
        }
        let past: Vec<Evidence> = self
            .lab
            .learnt
            .iter()
            .filter(|l| l.lever == spec.lever)
            .rev()
            .take(3)
            .filter(|l| l.measured < 0.0)
            .map(|l| {
                piece(
                    format!("{} changed {} on this lever by {}", l.experiment, l.metric, text::change(l.measured)),
                    Strength::Experiment,
                    self.now,
                )
            })
            .collect();
        let seen = self.lab.learnt.iter().filter(|l| l.lever == spec.lever).count();
        let loss = money.map_or_else(
            || "what it costs in money is not known".to_owned(),
            |(low, _, _)| {
                format!(
                    "the arms are worse and cost {} until it is noticed",
                    text::money(&config.business, low.min(0).saturating_abs())
                )
            },
        );
        let proposal = Proposal {
            act: Act::StartExperiment {
                experiment: key.to_owned(),
                lever: lever.key.clone(),
                arms: spec.arms.clone(),
                share: spec.share,
                audience: spec.audience.clone(),
                slice: spec.slice.clone(),
            },
            experiment: key.to_owned(),
            proposer: "experiment:start",
            domain: lever.domain,
            metric: spec.metric.clone(),
            headline: headline(&spec, &design),
            evidence,
            counter_evidence: past,
            counter_search: format!(
                "searched: {seen} past experiments on this lever, running experiments, decisions that are observed"
            ),
            alternatives: vec![
                Alternative {
                    what: "Do nothing".to_owned(),
                    why_not: "then nobody knows what the change does".to_owned(),
                },
                Alternative {
                    what: "Change it for everyone at once".to_owned(),
                    why_not: "its effect could not be told from everything else that happens".to_owned(),
                },
            ],
            worst_case: loss,
            improvement: expected,
            method: format!(
                "belief before the test: {}",
                if self.lab.learnt.is_empty() {
                    "what changes usually do".to_owned()
                } else {
                    format!("what {} experiments here found", self.lab.learnt.len())
                }
            ),
            per_unit: Some(design.baseline),
            money_minor: money,
            horizon: to_ms(days),
            expires: EXPIRES,
            novel: seen == 0 && !same,
            asks: None,
        };
        let zone = config.zone();
        let id = self.propose_trial(config, &zone, proposal, out);
        let now = self.now;
        let Some(trial) = self.lab.trials.get_mut(key) else { return };
        let Some(id) = id else {
            trial.not_before = Some(now.saturating_add(DAY));
            return;
        };
        trial.open = Some(id.clone());
        trial.experiment.decisions.push(id);
        trial.step(now, State::Waiting, "engine", "its turn has come");
        self.emit(key, out);
        self.lab.changed = true;
    }

    /// Winners whose time has come are tested against what was before.
    fn recheck(&mut self, config: &Config, out: &mut Vec<Action>) {
        let due: Vec<String> = self
            .lab
            .trials
            .values()
            .filter(|t| t.experiment.state == State::Watching && t.recheck_at.is_some_and(|at| self.now >= at))
            .map(|t| t.experiment.spec.key.clone())
            .collect();
        for key in due {
            self.retest(config, &key, out);
        }
        let parents: Vec<(String, String)> = self
            .lab
            .trials
            .values()
            .filter(|t| t.experiment.state == State::Watching && t.recheck_at.is_none())
            .filter_map(|t| {
                let child = t.experiment.follow_ups.last()?;
                let ended = self.lab.trials.get(child).filter(|c| over(c.experiment.state))?;
                let words = ended.experiment.conclusion.as_ref().map_or_else(
                    || ended.experiment.history.last().map_or_else(String::new, |h| h.reason.clone()),
                    |c| c.text.clone(),
                );
                Some((t.experiment.spec.key.clone(), words))
            })
            .collect();
        for (key, words) in parents {
            self.finish(&key, State::Archived, &format!("it was tested again: {words}"), out);
        }
    }
}

fn headline(spec: &Spec, design: &epoch_model::experiment::Design) -> String {
    let values: Vec<String> = spec.arms.iter().map(|a| format!("{} {}", a.key, text::lever(&a.value))).collect();
    format!(
        "Test “{}”: {} on {} of units, about {} days",
        spec.title,
        values.join(" against "),
        text::percent(spec.share),
        text::number(design.days.p50.ceil(), 0)
    )
}

fn piece(text: String, strength: Strength, at: i64) -> Evidence {
    Evidence { text, strength, at, insight: None, rows: None }
}

fn weighted(value: i64, weight: f64) -> i64 {
    to_minor(value as f64 * weight)
}

fn to_ms(days: f64) -> i64 {
    let hours = (days * 24.0).clamp(24.0, 24.0 * 3650.0);
    to_minor(hours) * HOUR
}

impl Trial {
    /// Whether it was thought of by the engine and nothing of it has happened yet.
    pub(crate) fn idle(&self) -> bool {
        self.experiment.spec.origin == Origin::Engine
            && matches!(self.experiment.state, State::Proposed | State::Designed)
    }
}
