//! A lever's value for one subject by our own rules: off, group, holdout, prerequisites, rules in order, value.

use std::borrow::Cow;

use epoch_model::business::LeverValue;
use epoch_model::predicate::Scope;
use epoch_model::serving::{Evaluation, Flag, Reason, Serve};
use serde_json::Value;

use crate::book::{Compiled, Subject};
use crate::chance::propensity_knowing;
use crate::hash::BUCKETS;
use crate::plan::{Gate, Step};

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Off,
    NoGroup,
    HeldOut,
    Prerequisite,
    /// A rule, and the arm of its experiment.
    Rule(usize, Option<usize>),
    Static,
}

impl Gate {
    fn passes(&self, unit: &str) -> bool {
        (self.from..self.to).contains(&self.draw.seed.bucket(unit))
    }

    /// Whether it depends on chance.
    fn random(&self) -> bool {
        self.from < self.to && (self.from > 0 || self.to < BUCKETS)
    }
}

impl Step {
    /// Whether the rule's predicate is true of the subject.
    pub(crate) fn fits(&self, scope: Scope<'_>) -> bool {
        match &self.when {
            Ok(None) => true,
            Ok(Some(predicate)) => predicate.root().answer(scope) == Some(true),
            Err(()) => false,
        }
    }
}

/// The unit a lever is evaluated for: the subject, or its group.
pub(crate) fn unit<'a>(flag: &Flag, subject: Subject<'a>) -> Option<Cow<'a, str>> {
    let Some(group) = &flag.serving.group else { return Some(Cow::Borrowed(subject.id)) };
    match subject.attributes.get("$groups")?.get(group)? {
        Value::String(key) if !key.is_empty() => Some(Cow::Borrowed(key)),
        Value::Number(key) => Some(Cow::Owned(key.to_string())),
        _ => None,
    }
}

/// The value a lever serves where `outcome` decided.
fn value(flag: &Flag, outcome: Outcome) -> &LeverValue {
    match outcome {
        Outcome::Off | Outcome::NoGroup | Outcome::HeldOut | Outcome::Prerequisite => &flag.default,
        Outcome::Static => &flag.value,
        Outcome::Rule(at, arm) => match flag.serving.rules.get(at).map(|rule| &rule.serve) {
            Some(Serve::Value { value, .. }) => value,
            Some(Serve::Experiment { arms, .. }) => {
                arm.and_then(|i| arms.get(i)).map_or(&flag.default, |arm| &arm.value)
            }
            None => &flag.default,
        },
    }
}

/// Which of the first 64 rules' predicates have been asked, and which are true: the probability needs them again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fits {
    asked: u64,
    yes: u64,
}

impl Fits {
    fn set(&mut self, at: usize, yes: bool) {
        if at < 64 {
            self.asked |= 1 << at;
            self.yes |= u64::from(yes) << at;
        }
    }

    /// Whether the rule's predicate is true; `None` where it was not asked.
    pub fn get(self, at: usize) -> Option<bool> {
        (at < 64 && self.asked >> at & 1 == 1).then(|| self.yes >> at & 1 == 1)
    }
}

/// What decides for this subject; `random` is set where chance had a say on the way. `known` holds the outcomes of levers
/// already asked, so that each is asked once however many ways lead to it.
fn decide(
    levers: &Compiled,
    at: usize,
    subject: Subject<'_>,
    random: &mut bool,
    known: &mut Vec<(usize, Outcome)>,
    fits: &mut Fits,
) -> Outcome {
    let (flag, plan) = (&levers.flags()[at], &levers.plans()[at]);
    if flag.serving.off {
        return Outcome::Off;
    }
    let Some(unit) = unit(flag, subject) else { return Outcome::NoGroup };
    if let Some(holdout) = &plan.holdout {
        *random |= holdout.random();
        if holdout.passes(&unit) {
            return Outcome::HeldOut;
        }
    }
    if plan.broken {
        return Outcome::Prerequisite;
    }
    for required in &plan.requires {
        let asked = known.iter().find(|(lever, _)| *lever == required.lever).map(|(_, outcome)| *outcome);
        let outcome = asked.unwrap_or_else(|| {
            let outcome = decide(levers, required.lever, subject, random, known, &mut Fits::default());
            known.push((required.lever, outcome));
            outcome
        });
        if *value(&levers.flags()[required.lever], outcome) != flag.serving.requires[required.at].is {
            return Outcome::Prerequisite;
        }
    }
    let scope = Scope { unit: subject.id, attributes: subject.attributes };
    for (i, step) in plan.steps.iter().enumerate() {
        let fit = step.fits(scope);
        fits.set(i, fit);
        if !fit {
            continue;
        }
        let mut taken = true;
        for gate in [&step.slice, &step.share].into_iter().flatten() {
            *random |= gate.random();
            taken = taken && gate.passes(&unit);
        }
        if !taken {
            continue;
        }
        let Some(arms) = &step.arms else { return Outcome::Rule(i, None) };
        *random = true;
        let bucket = arms.draw.seed.bucket(&unit);
        return Outcome::Rule(i, arms.ends.iter().position(|end| bucket < *end));
    }
    Outcome::Static
}

/// The lever at `at` for a subject.
pub(crate) fn evaluate(levers: &Compiled, at: usize, subject: Subject<'_>) -> Evaluation {
    let mut random = false;
    let mut fits = Fits::default();
    let outcome = decide(levers, at, subject, &mut random, &mut Vec::new(), &mut fits);
    let flag = &levers.flags()[at];
    let value = value(flag, outcome);
    let propensity = if random { propensity_knowing(levers, at, subject, value, fits) } else { None };
    let plain = |reason: Reason| Evaluation { reason, propensity, ..Evaluation::plain(value.clone()) };
    let (i, arm) = match outcome {
        Outcome::Off => return plain(Reason::Off),
        Outcome::NoGroup => return plain(Reason::NoGroup),
        Outcome::HeldOut => return plain(Reason::HeldOut),
        Outcome::Prerequisite => return plain(Reason::Prerequisite),
        Outcome::Static => return plain(Reason::Static),
        Outcome::Rule(i, arm) => (i, arm),
    };
    let (rule, step) = (&flag.serving.rules[i], &levers.plans()[at].steps[i]);
    let by_chance = step.arms.is_some() || [step.slice, step.share].iter().flatten().any(Gate::random);
    let (variant, experiment) = match &rule.serve {
        Serve::Value { .. } => (Some(rule.key.clone()), None),
        Serve::Experiment { experiment, arms, .. } => {
            (arm.and_then(|arm| arms.get(arm)).map(|arm| arm.key.clone()), Some(experiment.clone()))
        }
    };
    Evaluation {
        variant,
        experiment,
        rule: Some(rule.key.clone()),
        ..plain(if by_chance { Reason::Split } else { Reason::Targeted })
    }
}
