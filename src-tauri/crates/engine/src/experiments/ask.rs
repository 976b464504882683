//! From a question to a design: declared in the file, asked by the operator, or thought of by the engine, all the same way.

use epoch_model::Code;
use epoch_model::business::{LeverValue, Metric};
use epoch_model::experiment::{Experiment, Exposure, Origin, Pilot, Purpose, Refusal, Spec, State};
use epoch_model::serving::{Arm, Serve};
use epoch_model::time::DAY;
use epoch_stats::baseline::Band;

use super::design::{self, Terms};
use super::lab::{Trial, holds, over};
use super::value;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::decisions::takes;
use crate::text;

/// A question without traffic is measured again after so long; one whose measurement was lost, too.
const RETRY: i64 = 7 * DAY;

/// What is wrong with a question as it stands, as a code and a sentence.
pub(crate) fn sound(config: &Config, spec: &Spec) -> Result<(), (&'static str, String)> {
    let no = |code, reason: String| Err((code, reason));
    let metric = config.metric(&spec.metric);
    match metric {
        None => return no("metric_unfit", format!("there is no metric “{}”", spec.metric)),
        Some(m) => {
            if let Some(reason) = design::unfit(m) {
                return no("metric_unfit", reason);
            }
        }
    }
    if let Some(key) = spec.secondary.iter().chain(&spec.guardrails).find(|k| config.metric(k).is_none()) {
        return no("metric_unfit", format!("there is no metric “{key}”"));
    }
    if spec.arms.len() < 2 {
        return no("conflict", "a comparison needs two arms".to_owned());
    }
    let whole: f64 = spec.arms.iter().map(|a| a.weight).sum();
    if spec.arms.iter().any(|a| !(a.weight > 0.0)) || (whole - 1.0).abs() > 1e-6 {
        return no("conflict", "the arms' weights must be above zero and add up to 1".to_owned());
    }
    if !(spec.share > 0.0 && spec.share <= 1.0) {
        return no("conflict", "the share must be above 0 and at most 1".to_owned());
    }
    if let Some(key) = &spec.lever {
        let Some(lever) = config.lever(key) else {
            return no("conflict", format!("no lever “{key}” is declared"));
        };
        if let Some(arm) = spec.arms.iter().find(|a| !takes(&lever.kind, &a.value)) {
            return no("conflict", format!("{} does not take {}", lever.title, text::lever(&arm.value)));
        }
        if lever.serving.off {
            return no("conflict", format!("{} is switched off", lever.title));
        }
    }
    Ok(())
}

/// What makes another question of it, so that units counted for one do not count for the other.
fn same_question(a: &Spec, b: &Spec) -> bool {
    a.lever == b.lever
        && a.arms == b.arms
        && a.metric == b.metric
        && a.exposure == b.exposure
        && a.audience == b.audience
        && (a.share - b.share).abs() < 1e-12
        && a.group == b.group
        && a.from == b.from
        && a.cap == b.cap
}

impl Engine {
    /// Takes a question up: it is checked, kept, and what it needs to know is measured.
    pub(crate) fn ask(
        &mut self,
        config: &Config,
        spec: Spec,
        by: &str,
        generator: &str,
        expected: Option<Band>,
        out: &mut Vec<Action>,
    ) -> Result<(), String> {
        let busy = |t: &Trial| holds(t.experiment.state) || t.experiment.state == State::Watching;
        if self.lab.trials.get(&spec.key).is_some_and(busy) {
            return Err(format!("an experiment “{}” is under way already", spec.key));
        }
        let expected = expected.unwrap_or_else(|| value::band(self.lab.prior()));
        let mut trial = Trial::new(blank(spec, self.now), by, generator, expected);
        let reason = trial.experiment.spec.hypothesis.clone();
        trial.step(self.now, State::Proposed, by, reason);
        let verdict = sound(config, &trial.experiment.spec);
        match verdict {
            Err((code, reason)) => {
                refuse(
                    &mut trial,
                    Refusal { at: self.now, code: code.to_owned(), reason, cheaper: None, cheaper_mde: None },
                );
            }
            Ok(()) => out.push(Action::Measure { spec: Box::new(trial.experiment.spec.clone()) }),
        }
        out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        self.lab.trials.insert(trial.experiment.spec.key.clone(), trial);
        self.lab.changed = true;
        Ok(())
    }

    /// The operator's question.
    pub(crate) fn asked(&mut self, config: &Config, spec: &Spec, by: &str, out: &mut Vec<Action>) {
        let mut spec = spec.clone();
        if spec.origin == Origin::Engine {
            spec.origin = Origin::Operator;
        }
        if config.business.experiments.iter().any(|e| e.key == spec.key) {
            refused(&spec.key, "an experiment of this key is declared in the file", out);
            return;
        }
        let key = spec.key.clone();
        if let Err(reason) = self.ask(config, spec, by, "founder", None, out) {
            refused(&key, &reason, out);
        }
    }

    /// What the host measured before a question is designed.
    pub(crate) fn measured(
        &mut self,
        config: &Config,
        key: &str,
        pilot: &Result<Box<Pilot>, String>,
        out: &mut Vec<Action>,
    ) {
        if let Some(lever) = key.strip_prefix(super::think::PROBE) {
            self.lab.reached(lever, self.now, pilot);
            return;
        }
        let Some(mut trial) = self.lab.trials.remove(key) else {
            refused(key, "no such experiment was asked for", out);
            return;
        };
        if trial.experiment.state != State::Proposed {
            self.lab.trials.insert(key.to_owned(), trial);
            refused(key, "nothing was to be measured for it", out);
            return;
        }
        if let (Some(lever), Ok(_)) = (&trial.experiment.spec.lever, pilot) {
            self.lab.reached(lever, self.now, pilot);
        }
        match pilot {
            Err(reason) => {
                trial.experiment.pilot = None;
                refuse(
                    &mut trial,
                    Refusal {
                        at: self.now,
                        code: "no_exposures".to_owned(),
                        reason: reason.clone(),
                        cheaper: None,
                        cheaper_mde: None,
                    },
                );
            }
            Ok(pilot) => {
                trial.experiment.pilot = Some(pilot.as_ref().clone());
                self.shape(config, &mut trial);
            }
        }
        let fallback = if trial.experiment.state == State::Refused { trial.fallback.take() } else { None };
        self.settle_hypothesis(&trial);
        out.push(Action::Experiment(Box::new(trial.experiment.clone())));
        self.lab.trials.insert(key.to_owned(), trial);
        self.lab.changed = true;
        if let Some(fallback) = fallback {
            self.instead(config, &fallback, out);
        }
    }

    /// Designs a measured question, or refuses it.
    fn shape(&self, config: &Config, trial: &mut Trial) {
        let Some(pilot) = trial.experiment.pilot.clone() else { return };
        let belief = value::belief(trial.expected);
        let terms = Terms { level: trial.in_stream().then(|| self.lab.next_level(config)), belief, now: self.now };
        match design::design(config, &trial.experiment.spec, &pilot, &terms) {
            Err(refusal) => refuse(trial, refusal),
            Ok(design) => {
                let days = text::number(design.days.p50, 0);
                let reason = match design.units {
                    0 => "it is read as it comes".to_owned(),
                    units => format!("{} units in about {days} days answer it", text::number(units as f64, 0)),
                };
                let se = (design.variance
                    / (design.units as f64 * design::density(&weights(&trial.experiment.spec))).max(1.0))
                .sqrt()
                    / design.baseline.abs().max(1e-300);
                let metric = config.metric(&trial.experiment.spec.metric);
                let den = pilot.moments.den.map(|d| d.mean);
                let traffic = design.units_per_day / trial.experiment.spec.share.max(1e-9);
                trial.experiment.value_minor_per_week =
                    metric.and_then(|m| value::monthly(config, m, traffic, den)).map(|per_month| {
                        let gain = belief.sample_information(se) * design.baseline.abs() * per_month.abs();
                        let left = (value::USE_DAYS - design.days.p50).max(0.0) / value::MONTH_DAYS;
                        crate::decisions::predict::to_minor(gain * left / (design.days.p50 / 7.0).max(1.0))
                    });
                trial.experiment.design = Some(design);
                trial.experiment.refusal = None;
                trial.step(self.now, State::Designed, "engine", reason);
                self.begin_read(trial);
            }
        }
    }

    /// What somebody else serves runs already.
    fn begin_read(&self, trial: &mut Trial) {
        let spec = &trial.experiment.spec;
        if spec.lever.is_some() && !trial.by_rule {
            return;
        }
        let from = spec.from.or(match (&spec.lever, &trial.experiment.pilot) {
            (None, Some(pilot)) => Some(pilot.from),
            _ => None,
        });
        trial.experiment.started_at = Some(from.unwrap_or(self.now));
        let reason = if trial.by_rule { "a rule of the file serves it" } else { "its units are sorted elsewhere" };
        trial.step(self.now, State::Running, "engine", reason);
    }

    /// The file: what is new is asked, what changed is asked again, what is gone ends.
    pub(crate) fn experiments_configured(&mut self, config: &Config, out: &mut Vec<Action>) {
        let mut declared: Vec<(Spec, bool)> =
            config.business.experiments.iter().map(|spec| (spec.clone(), ruled(config, &spec.key))).collect();
        for spec in derived(config) {
            if !declared.iter().any(|(d, _)| d.key == spec.key) {
                declared.push((spec, true));
            }
        }
        for (spec, by_rule) in &declared {
            self.declared(config, spec, *by_rule, out);
        }
        let gone: Vec<(String, &str)> = self
            .lab
            .trials
            .values()
            .filter(|t| !over(t.experiment.state))
            .filter_map(|t| {
                let spec = &t.experiment.spec;
                let lost = spec.lever.as_ref().is_some_and(|l| config.lever(l).is_none());
                let undeclared = spec.origin == Origin::File && !declared.iter().any(|(d, _)| d.key == spec.key);
                let why = if undeclared {
                    "it is no longer declared in the file"
                } else if lost {
                    "its lever is no longer declared"
                } else if config.metric(&spec.metric).is_none() {
                    "its metric is no longer declared"
                } else {
                    return None;
                };
                Some((spec.key.clone(), why))
            })
            .collect();
        for (key, why) in gone {
            self.stop_trial(config, &key, "system", why, out);
        }
    }

    fn declared(&mut self, config: &Config, spec: &Spec, by_rule: bool, out: &mut Vec<Action>) {
        if let Some(trial) = self.lab.trials.get_mut(&spec.key) {
            let same = same_question(&trial.experiment.spec, spec) && trial.by_rule == by_rule;
            if same {
                // Words, further metrics and the end may change under way; the question may not.
                if trial.experiment.spec != *spec {
                    trial.experiment.spec.clone_from(spec);
                    out.push(Action::Experiment(Box::new(trial.experiment.clone())));
                }
                return;
            }
            if !over(trial.experiment.state) {
                self.stop_trial(config, &spec.key, "system", "its question was changed in the file", out);
                let ends = self.lab.trials.get(&spec.key).is_some_and(|t| !over(t.experiment.state));
                if ends {
                    // Its arms are being taken back; the new question is asked when that is done.
                    return;
                }
            }
        }
        if self.ask(config, spec.clone(), "file", "founder", None, out).is_ok()
            && let Some(trial) = self.lab.trials.get_mut(&spec.key)
        {
            trial.by_rule = by_rule;
        }
    }

    /// Measures again what had no traffic or whose answer was lost.
    pub(crate) fn ask_again(&mut self, config: &Config, out: &mut Vec<Action>) {
        let now = self.now;
        for trial in self.lab.trials.values_mut() {
            let e = &mut trial.experiment;
            let since = e.history.last().map_or(0, |s| s.at);
            if since.saturating_add(RETRY) > now {
                continue;
            }
            let waits = e.spec.origin != Origin::Engine
                && e.state == State::Refused
                && e.refusal
                    .as_ref()
                    .is_some_and(|r| matches!(r.code.as_str(), "no_exposures" | "no_traffic" | "no_variance"));
            if waits || e.state == State::Proposed {
                e.ended_at = None;
                out.push(Action::Measure { spec: Box::new(e.spec.clone()) });
                trial.step(now, State::Proposed, "engine", "its traffic is measured again");
                out.push(Action::Experiment(Box::new(trial.experiment.clone())));
            }
        }
        // A changed question of the file that had to wait for the old arms to be taken back.
        for spec in config.business.experiments.clone() {
            let ended = self
                .lab
                .trials
                .get(&spec.key)
                .is_some_and(|t| over(t.experiment.state) && !same_question(&t.experiment.spec, &spec));
            if ended {
                let by_rule = ruled(config, &spec.key);
                self.declared(config, &spec, by_rule, out);
            }
        }
    }
}

pub(crate) fn weights(spec: &Spec) -> Vec<f64> {
    spec.arms.iter().map(|a| a.weight).collect()
}

pub(crate) fn refused(key: &str, reason: &str, out: &mut Vec<Action>) {
    out.push(Action::Refused { what: format!("experiment {key}"), code: Code::WrongState, message: reason.to_owned() });
}

pub(crate) fn refuse(trial: &mut Trial, refusal: Refusal) {
    let (at, reason) = (refusal.at, refusal.reason.clone());
    trial.experiment.refusal = Some(refusal);
    trial.step(at, State::Refused, "engine", reason);
}

fn blank(spec: Spec, now: i64) -> Experiment {
    Experiment {
        spec,
        state: State::Proposed,
        created_at: now,
        started_at: None,
        ended_at: None,
        pilot: None,
        design: None,
        refusal: None,
        looks: 0,
        last: None,
        conclusion: None,
        value_minor_per_week: None,
        decisions: Vec::new(),
        follow_ups: Vec::new(),
        history: Vec::new(),
    }
}

/// Whether a rule of the file serves an experiment of this key.
fn ruled(config: &Config, key: &str) -> bool {
    config
        .business
        .levers
        .iter()
        .flat_map(|l| &l.serving.rules)
        .any(|r| matches!(&r.serve, Serve::Experiment { experiment, .. } if experiment == key))
}

/// The questions that rules of the file ask.
fn derived(config: &Config) -> Vec<Spec> {
    let mut found: Vec<Spec> = Vec::new();
    for lever in &config.business.levers {
        for rule in &lever.serving.rules {
            let Serve::Experiment { experiment, arms, share, slice } = &rule.serve else { continue };
            let Some(metric) = metric_for(config, lever.domain) else { continue };
            if found.iter().any(|s| s.key == *experiment) {
                continue;
            }
            found.push(Spec {
                share: *share,
                slice: slice.clone(),
                audience: rule.when.clone(),
                group: lever.serving.group.clone(),
                ..question(experiment, &lever.title, Some(&lever.key), arms.clone(), &metric.key)
            });
        }
    }
    found
}

/// A plain question about a lever.
pub(crate) fn question(key: &str, title: &str, lever: Option<&str>, arms: Vec<Arm>, metric: &str) -> Spec {
    Spec {
        key: key.to_owned(),
        title: title.to_owned(),
        hypothesis: String::new(),
        origin: Origin::File,
        purpose: Purpose::Decide,
        lever: lever.map(str::to_owned),
        arms,
        metric: metric.to_owned(),
        secondary: Vec::new(),
        guardrails: Vec::new(),
        exposure: Exposure::of_lever(lever.unwrap_or_default()),
        audience: None,
        share: 1.0,
        slice: None,
        group: None,
        from: None,
        until: None,
        mde: None,
        cap: None,
        hypothesis_id: None,
        parent: None,
    }
}

/// The metric that fits a lever best: a goal of its domain, else one of its domain, else a goal, else any.
pub(crate) fn metric_for(config: &Config, domain: epoch_model::business::Domain) -> Option<&Metric> {
    let fit: Vec<&Metric> = config.business.metrics.iter().filter(|m| design::unfit(m).is_none()).collect();
    let goal = |m: &Metric| config.business.goals.iter().any(|g| g.metric == m.key);
    fit.iter().copied().min_by_key(|m| match (m.domain == domain, goal(m)) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    })
}

/// Control and one other value, and the share they are served to, so that no more than `exposed` of all units get the other.
/// Shares of units take an uneven split, which finds more; numbers an even one, because a small arm of skewed units
/// makes errors on one side.
pub(crate) fn exposing(metric: &Metric, control: &LeverValue, other: &LeverValue, exposed: f64) -> (Vec<Arm>, f64) {
    let exposed = exposed.clamp(0.001, 0.5);
    if super::sums::binary(metric) {
        (arms(control, other, exposed), 1.0)
    } else {
        (arms(control, other, 0.5), 2.0 * exposed)
    }
}

/// Control and one other value.
pub(crate) fn arms(control: &LeverValue, other: &LeverValue, weight: f64) -> Vec<Arm> {
    vec![
        Arm { key: "control".to_owned(), value: control.clone(), weight: 1.0 - weight },
        Arm { key: "test".to_owned(), value: other.clone(), weight },
    ]
}
