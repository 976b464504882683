//! Where questions come from: playbooks' moves, neighbours of values in force, segments, answers that were nearly there,
//! winners whose effect may have faded.

use epoch_model::business::{Lever, LeverKind, LeverValue, Metric};
use epoch_model::experiment::{Hypothesis, HypothesisState, Interval, Origin, Purpose, Spec, State};
use epoch_model::insight::Insight;
use epoch_model::time::{DAY, Millis};
use epoch_stats::baseline::Band;

use super::ask::{arms, exposing, metric_for, question};
use super::design::{self, Terms, unfit};
use super::lab::{Fallback, over};
use super::value;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::decisions::takes;
use crate::monitor::next_id;
use crate::playbook::Playbook;
use crate::text;

/// Key of a measurement that asks only who meets a lever.
pub(crate) const PROBE: &str = "reach:";
/// Traffic is asked for again after so long; sooner where there was some.
const PROBE_AGAIN: Millis = 28 * DAY;
/// Buckets of history the business needs before the engine asks of its own.
const HISTORY_LEAST: usize = 14;
/// No second test of the same value within.
const SAME_AGAIN: Millis = 90 * DAY;
/// Hypotheses that are kept.
const KEPT_MAX: usize = 400;
/// Own questions that wait for their turn at once.
const AHEAD_MAX: usize = 2;

/// A value to try, with where it comes from.
pub(crate) struct Idea {
    pub generator: String,
    pub lever: String,
    pub from: LeverValue,
    pub to: LeverValue,
    pub metric: String,
    pub because: String,
    pub audience: Option<String>,
    pub expected: Band,
    pub evidence: Vec<String>,
    pub parent: Option<String>,
}

impl Engine {
    /// Once a day: who meets the levers, what could be tried, what is worth trying next.
    pub(crate) fn think(&mut self, config: &Config, out: &mut Vec<Action>) {
        let settings = &config.business.experimenting;
        let known = self.tracks.values().any(|t| t.cells.len() >= HISTORY_LEAST);
        if !settings.autonomous || !known || self.now < self.lab.thought_at.saturating_add(DAY) {
            return;
        }
        self.lab.thought_at = self.now;
        self.probe(config, out);
        for lever in &config.business.levers {
            for idea in self.neighbours(config, lever) {
                self.suppose(config, idea);
            }
        }
        self.rate(config);
        self.choose_next(config, out);
        self.audit_next(config, out);
        while self.lab.hypotheses.len() > KEPT_MAX {
            let gone = self
                .lab
                .hypotheses
                .values()
                .find(|h| !matches!(h.state, HypothesisState::Queued | HypothesisState::Testing))
                .map(|h| h.id.clone());
            let Some(id) = gone.or_else(|| self.lab.hypotheses.keys().next().cloned()) else { break };
            self.lab.hypotheses.remove(&id);
        }
    }

    /// Asks who meets the levers nobody asked about for long.
    fn probe(&mut self, config: &Config, out: &mut Vec<Action>) {
        let due: Vec<&Lever> = config
            .business
            .levers
            .iter()
            .filter(|l| !l.serving.off)
            .filter(|l| self.lab.reach.get(&l.key).is_none_or(|r| r.at.saturating_add(PROBE_AGAIN) <= self.now))
            .take(5)
            .collect();
        for lever in due {
            let Some(metric) = metric_for(config, lever.domain) else { continue };
            let held = self.levers.get(&lever.key).map_or(&lever.default, |s| &s.value);
            let mut spec = question(
                &format!("{PROBE}{}", lever.key),
                &lever.title,
                Some(&lever.key),
                arms(held, held, 0.5),
                &metric.key,
            );
            spec.origin = Origin::Engine;
            spec.group.clone_from(&lever.serving.group);
            out.push(Action::Measure { spec: Box::new(spec) });
            // Asked is asked: an answer that never comes is not asked for every day.
            let entry = self.lab.reach.entry(lever.key.clone()).or_insert_with(|| super::lab::Reach {
                at: self.now,
                units_per_day: 0.0,
                pilot: None,
            });
            entry.at = self.now;
        }
    }

    /// The values next to the one in force.
    fn neighbours(&self, config: &Config, lever: &Lever) -> Vec<Idea> {
        let Some(state) = self.levers.get(&lever.key) else { return Vec::new() };
        if self.lab.reach.get(&lever.key).is_none_or(|r| r.pilot.is_none()) || lever.serving.off {
            return Vec::new();
        }
        let Some(metric) = metric_for(config, lever.domain) else { return Vec::new() };
        let belief = self.lab.prior_of("neighbour");
        next_to(&lever.kind, &state.value)
            .into_iter()
            .map(|to| Idea {
                generator: "neighbour".to_owned(),
                lever: lever.key.clone(),
                from: state.value.clone(),
                because: format!(
                    "{} is next to {}, and nobody knows what it does",
                    text::lever(&to),
                    text::lever(&state.value)
                ),
                to,
                metric: metric.key.clone(),
                audience: None,
                expected: value::band(belief),
                evidence: Vec::new(),
                parent: None,
            })
            .collect()
    }

    /// Keeps an idea as a hypothesis unless it is known already. Its id.
    pub(crate) fn suppose(&mut self, config: &Config, idea: Idea) -> Option<String> {
        let recent = self.now.saturating_sub(SAME_AGAIN);
        let known = self.lab.hypotheses.values().any(|h| {
            h.lever == idea.lever
                && h.to == idea.to
                && h.audience == idea.audience
                && (matches!(h.state, HypothesisState::Queued | HypothesisState::Testing)
                    || (h.at > recent && h.generator == idea.generator && h.from == idea.from))
        });
        let lever = config.lever(&idea.lever)?;
        if known || idea.to == idea.from || !takes(&lever.kind, &idea.to) {
            return None;
        }
        let metric = config.metric(&idea.metric).filter(|m| unfit(m).is_none())?;
        let id = next_id(&mut self.lab.thought, "hyp");
        let expected = self.lab.corrected(&idea.generator, idea.expected);
        let hypothesis = Hypothesis {
            id: id.clone(),
            at: self.now,
            title: format!("{} at {} improves {}", lever.title, text::lever(&idea.to), metric.title),
            because: idea.because,
            generator: idea.generator,
            lever: idea.lever,
            from: idea.from,
            to: idea.to,
            metric: idea.metric,
            audience: idea.audience,
            prior: Interval { low: expected.p10, middle: expected.p50, high: expected.p90 },
            state: HypothesisState::Queued,
            value_minor_per_week: None,
            days: None,
            experiment: None,
            evidence: idea.evidence.into_iter().chain(idea.parent).collect(),
        };
        self.lab.hypotheses.insert(id.clone(), hypothesis);
        self.lab.changed = true;
        Some(id)
    }

    /// What each queued hypothesis is worth per week of its traffic, and how long it takes.
    fn rate(&mut self, config: &Config) {
        let ids: Vec<String> =
            self.lab.hypotheses.values().filter(|h| h.state == HypothesisState::Queued).map(|h| h.id.clone()).collect();
        for id in ids {
            let Some(h) = self.lab.hypotheses.get(&id) else { continue };
            let stale = self.levers.get(&h.lever).is_none_or(|s| s.value != h.from);
            let rated = self.spec_of(config, h, Purpose::Decide).map(|spec| self.rated(config, &spec, h));
            let Some(h) = self.lab.hypotheses.get_mut(&id) else { continue };
            match rated {
                _ if stale => h.state = HypothesisState::Dropped,
                Some(Ok((days, worth))) => {
                    h.days = Some(days);
                    h.value_minor_per_week = worth;
                }
                Some(Err(Some(reason))) => {
                    h.state = HypothesisState::Unanswerable;
                    h.because = format!("{}; {reason}", h.because);
                }
                Some(Err(None)) | None => {}
            }
        }
    }

    /// Days and worth of a question, from the last known traffic of its lever; the reason where it cannot be answered.
    fn rated(
        &self,
        config: &Config,
        spec: &Spec,
        h: &Hypothesis,
    ) -> Result<(epoch_model::experiment::Days, Option<i64>), Option<String>> {
        let pilot = self.lab.reach.get(&h.lever).and_then(|r| r.pilot.as_ref()).ok_or(None)?;
        if pilot.metric != spec.metric {
            return Err(None);
        }
        let belief = value::belief(Band { p10: h.prior.low, p50: h.prior.middle, p90: h.prior.high });
        let terms = Terms { level: Some(self.lab.next_level(config)), belief, now: self.now };
        let found = design::design(config, spec, pilot, &terms).map_err(|r| Some(r.reason))?;
        let weights = super::ask::weights(spec);
        let size = (found.units as f64 * design::density(&weights)).max(1.0);
        let se = (found.variance / size).sqrt() / found.baseline.abs().max(1e-300);
        let traffic = found.units_per_day / spec.share.max(1e-9);
        let worth = config
            .metric(&spec.metric)
            .and_then(|m| value::monthly(config, m, traffic, pilot.moments.den.map(|d| d.mean)))
            .map(|per_month| {
                let gain = belief.sample_information(se) * found.baseline.abs() * per_month.abs();
                let left = (value::USE_DAYS - found.days.p50).max(0.0) / value::MONTH_DAYS;
                crate::decisions::predict::to_minor(gain * left / (found.days.p50 / 7.0).max(1.0))
            });
        Ok((found.days, worth))
    }

    /// The best queued hypothesis becomes a question while there is room.
    fn choose_next(&mut self, config: &Config, out: &mut Vec<Action>) {
        let ahead = self.lab.trials.values().filter(|t| t.idle()).count();
        let most = usize::try_from(config.business.experimenting.running_max).unwrap_or(usize::MAX);
        if ahead >= AHEAD_MAX || self.lab.running() >= most {
            return;
        }
        let mut queued: Vec<(f64, &Hypothesis)> = self
            .lab
            .hypotheses
            .values()
            .filter(|h| h.state == HypothesisState::Queued && h.days.is_some())
            .filter(|h| self.lab.on_lever(&h.lever).is_none() && self.book.live_on(&h.lever).is_none())
            .filter(|h| {
                !self.lab.trials.values().any(|t| {
                    !over(t.experiment.state)
                        && t.experiment.state != State::Watching
                        && t.experiment.spec.lever.as_deref() == Some(h.lever.as_str())
                })
            })
            .map(|h| {
                let days = h.days.map_or(1.0, |d| d.p50.max(1.0));
                // Without money, what is likelier to help per day.
                let worth = h.value_minor_per_week.map_or(1.0 / days, |v| v as f64);
                (worth * self.lab.weight(&h.generator), h)
            })
            .collect();
        queued.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        let Some(best) = queued.first().map(|(_, h)| (*h).clone()) else { return };
        self.test_hypothesis(config, &best, Purpose::Decide, None, out);
    }

    /// Asks a hypothesis. Whether it was taken up.
    fn test_hypothesis(
        &mut self,
        config: &Config,
        h: &Hypothesis,
        purpose: Purpose,
        fallback: Option<Fallback>,
        out: &mut Vec<Action>,
    ) -> bool {
        let Some(mut spec) = self.spec_of(config, h, purpose) else { return false };
        spec.parent = h.evidence.iter().find(|e| self.lab.trials.contains_key(*e)).cloned();
        let (key, parent) = (spec.key.clone(), spec.parent.clone());
        let expected = Band { p10: h.prior.low, p50: h.prior.middle, p90: h.prior.high };
        if self.ask(config, spec, "engine", &h.generator, Some(expected), out).is_err() {
            return false;
        }
        if let Some(trial) = self.lab.trials.get_mut(&key) {
            trial.fallback = fallback.map(Box::new);
        }
        if let Some(h) = self.lab.hypotheses.get_mut(&h.id) {
            h.state = HypothesisState::Testing;
            h.experiment = Some(key.clone());
        }
        if let Some(parent) = parent.and_then(|p| self.lab.trials.get_mut(&p)) {
            parent.experiment.follow_ups.push(key);
            out.push(Action::Experiment(Box::new(parent.experiment.clone())));
        }
        true
    }

    /// The question that tests a hypothesis: as much traffic as may be exposed without asking, where that is enough.
    fn spec_of(&self, config: &Config, h: &Hypothesis, purpose: Purpose) -> Option<Spec> {
        let lever = config.lever(&h.lever)?;
        let metric = config.metric(&h.metric)?;
        let number = h.id.trim_start_matches("hyp_").trim_start_matches('0');
        let mut spec = question(&format!("{}_{number}", lever.key), &h.title, Some(&lever.key), Vec::new(), &h.metric);
        spec.hypothesis = format!("{}: {}", h.title, h.because);
        spec.origin = Origin::Engine;
        spec.purpose = purpose;
        spec.audience.clone_from(&h.audience);
        spec.group.clone_from(&lever.serving.group);
        spec.hypothesis_id = Some(h.id.clone());
        spec.guardrails = guardrails(config, metric);
        spec.secondary = companions(config, metric, lever);
        let free = config.business.limits.exposure_per_decision;
        spec.arms = arms(&h.from, &h.to, 0.5);
        if (0.01..0.5).contains(&free) {
            let (arms, share) = exposing(metric, &h.from, &h.to, free);
            let small = Spec { arms, share, ..spec.clone() };
            let pilot = self.lab.reach.get(&h.lever).and_then(|r| r.pilot.as_ref()).filter(|p| p.metric == spec.metric);
            let belief = value::belief(Band { p10: h.prior.low, p50: h.prior.middle, p90: h.prior.high });
            let terms = Terms { level: Some(self.lab.next_level(config)), belief, now: self.now };
            let fits = pilot.and_then(|p| design::design(config, &small, p, &terms).ok()).is_some_and(|d| {
                // An effect that nobody expects is not worth running alone for.
                d.mde <= h.prior.high.abs().max(h.prior.low.abs()).max(0.02) * 1.5
            });
            if fits {
                spec = small;
            }
        }
        Some(spec)
    }

    /// A playbook's move as an experiment, where its lever can be split and is met by enough. Whether it was taken up.
    pub(crate) fn test_instead(
        &mut self,
        config: &Config,
        play: &Playbook,
        insight: &Insight,
        metric: &Metric,
        (lever, from, to): (&str, &LeverValue, &LeverValue),
        out: &mut Vec<Action>,
    ) -> bool {
        let met = self.lab.reach.get(lever).is_some_and(|r| r.pilot.is_some() && r.units_per_day > 0.0);
        if !config.business.experimenting.autonomous || !met || unfit(metric).is_some() {
            return false;
        }
        let recent = self.now.saturating_sub(SAME_AGAIN);
        let refuted = self.lab.hypotheses.values().find(|h| {
            h.lever == lever
                && h.to == *to
                && h.from == *from
                && h.metric == metric.key
                && h.at > recent
                && matches!(h.state, HypothesisState::Refuted | HypothesisState::Open)
        });
        if let Some(h) = refuted {
            out.push(Action::Refused {
                what: format!("playbook {} on lever {lever}", play.key),
                code: epoch_model::Code::WrongState,
                message: format!(
                    "{} was tested and did not help: {}",
                    text::lever(to),
                    h.experiment.as_deref().unwrap_or(h.id.as_str())
                ),
            });
            return true;
        }
        let idea = Idea {
            generator: format!("playbook:{}", play.key),
            lever: lever.to_owned(),
            from: from.clone(),
            to: to.clone(),
            metric: metric.key.clone(),
            because: insight.headline.clone(),
            audience: None,
            expected: Band { p10: play.prior.p10, p50: play.prior.p50, p90: play.prior.p90 },
            evidence: vec![insight.id.clone()],
            parent: None,
        };
        // A finding is a better reason for what was only next to a value before.
        let queued =
            self.lab.hypotheses.values().find(|h| {
                h.lever == lever && h.to == *to && h.audience.is_none() && h.state == HypothesisState::Queued
            });
        if let Some(id) = queued.map(|h| h.id.clone()) {
            self.lab.hypotheses.remove(&id);
        }
        let Some(id) = self.suppose(config, idea) else { return false };
        let Some(h) = self.lab.hypotheses.get(&id).cloned() else { return false };
        let fallback = Fallback { playbook: play.key.clone(), insight: insight.clone() };
        self.test_hypothesis(config, &h, Purpose::Decide, Some(fallback), out)
    }

    /// The playbook's own proposal, since it cannot be tested.
    pub(crate) fn instead(&mut self, config: &Config, fallback: &Fallback, out: &mut Vec<Action>) {
        let play = config.playbooks.iter().find(|p| p.key == fallback.playbook).cloned();
        let metric = config.metric(&fallback.insight.metric);
        let (Some(play), Some(metric)) = (play, metric) else { return };
        self.book.cooldown.remove(&format!("{} {}", play.key, metric.key));
        let zone = config.zone();
        if let Some(id) = self.propose(config, &zone, &play, &fallback.insight, metric, false, out) {
            let mut insight = fallback.insight.clone();
            insight.decisions.push(id);
            out.push(Action::Insight(Box::new(insight)));
        }
    }

    /// A check of the engine itself on a lever that nobody needs.
    fn audit_next(&mut self, config: &Config, out: &mut Vec<Action>) {
        let share = config.business.experimenting.self_audit.clamp(0.0, 1.0);
        let busy = self
            .lab
            .trials
            .values()
            .any(|t| t.experiment.spec.purpose == Purpose::SelfAudit && !over(t.experiment.state));
        if !(share > 0.0) || busy {
            return;
        }
        let wanted = |key: &str| {
            self.lab.trials.values().any(|t| {
                !over(t.experiment.state)
                    && t.experiment.state != State::Watching
                    && t.experiment.spec.lever.as_deref() == Some(key)
            }) || self.book.live_on(key).is_some()
                || self.book.observed_on(key).is_some()
        };
        let spoilt = |key: &str| {
            self.lab.trials.values().any(|t| {
                t.experiment.spec.purpose == Purpose::SelfAudit
                    && t.experiment.spec.lever.as_deref() == Some(key)
                    && matches!(t.experiment.state, State::Stopped | State::Refused)
                    && t.experiment.ended_at.is_some_and(|at| at.saturating_add(SAME_AGAIN) > self.now)
            })
        };
        let found = config
            .business
            .levers
            .iter()
            .filter(|l| self.lab.reach.get(&l.key).is_some_and(|r| r.units_per_day > 0.0))
            .filter(|l| !wanted(&l.key) && !spoilt(&l.key) && !l.serving.off)
            .max_by(|a, b| {
                let per_day = |l: &Lever| self.lab.reach.get(&l.key).map_or(0.0, |r| r.units_per_day);
                per_day(a).total_cmp(&per_day(b)).then_with(|| b.key.cmp(&a.key))
            });
        let Some(lever) = found else { return };
        let Some(metric) = metric_for(config, lever.domain) else { return };
        let Some(held) = self.levers.get(&lever.key).map(|s| s.value.clone()) else { return };
        let number = self.lab.audit.tests.saturating_add(
            self.lab.trials.values().filter(|t| t.experiment.spec.purpose == Purpose::SelfAudit).count() as u64,
        );
        let mut spec = question(
            &format!("aa_{}_{}", lever.key, number.saturating_add(1)),
            &format!("The engine checks itself on {}", lever.title),
            Some(&lever.key),
            arms(&held, &held, 0.5),
            &metric.key,
        );
        "Both arms are the same, so whatever is found is a mistake".clone_into(&mut spec.hypothesis);
        spec.origin = Origin::Engine;
        spec.purpose = Purpose::SelfAudit;
        spec.share = share;
        spec.group.clone_from(&lever.serving.group);
        let nothing = Band { p10: -0.01, p50: 0.0, p90: 0.01 };
        // What cannot be asked now is asked another day.
        let _taken = self.ask(config, spec, "engine", "self_audit", Some(nothing), out);
    }
}

/// Values next to one: a step either way, the other position, the next option.
fn next_to(kind: &LeverKind, value: &LeverValue) -> Vec<LeverValue> {
    match (kind, value) {
        (LeverKind::Boolean, LeverValue::Bool(b)) => vec![LeverValue::Bool(!b)],
        (LeverKind::Number { min, max, step }, LeverValue::Number(v)) if *step > 0.0 => [v - step, v + step]
            .into_iter()
            .map(tidy)
            .filter(|n| (*min..=*max).contains(n))
            .map(LeverValue::Number)
            .collect(),
        (LeverKind::Variant { options }, LeverValue::Text(t)) if options.len() > 1 => {
            let at = options.iter().position(|o| o == t).map_or(0, |i| i + 1);
            options.get(at % options.len()).map(|o| LeverValue::Text(o.clone())).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

pub(crate) fn tidy(v: f64) -> f64 {
    (v * 1e9).round() / 1e9
}

/// Declared guardrails that can be summed per unit.
fn guardrails(config: &Config, metric: &Metric) -> Vec<String> {
    let fit = |key: &str| key != metric.key && config.metric(key).is_some_and(|m| unfit(m).is_none());
    config.business.guardrails.iter().map(|g| g.metric.clone()).filter(|k| fit(k)).collect()
}

/// Further metrics that are worth a look: goals, and those of the lever's domain.
fn companions(config: &Config, metric: &Metric, lever: &Lever) -> Vec<String> {
    let goal = |m: &Metric| config.business.goals.iter().any(|g| g.metric == m.key);
    config
        .business
        .metrics
        .iter()
        .filter(|m| m.key != metric.key && unfit(m).is_none() && (goal(m) || m.domain == lever.domain))
        .filter(|m| !config.business.guardrails.iter().any(|g| g.metric == m.key))
        .map(|m| m.key.clone())
        .take(4)
        .collect()
}
