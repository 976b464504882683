//! A lever's rules as strategies. Of a toggle the first strategy that lets somebody in decides, and it can only say on.
//!
//! Numbers and texts are variants of a toggle that is always on, so rules keep their order. A boolean lever is the toggle
//! itself: rules that say off become the opposite of their constraints in all that follow.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::serving::{Arm, Flag, Rule, Serve};
use serde_json::Value;

use super::strategy::{Sticky, everybody, percent};
use super::translate::{self, Alternatives, alternatives, both, opposite};
use crate::hash::{BUCKETS, arm_seed, holdout_seed, share_seed};
use crate::plan::{Plan, Step};

/// What a variant stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    pub value: LeverValue,
    pub rule: Option<String>,
    pub experiment: Option<String>,
}

/// What was made of a lever, to be read back from evaluations.
#[derive(Debug, Default)]
pub struct Served {
    /// By variant; several where rules name their arms alike.
    pub variants: BTreeMap<String, Vec<Meaning>>,
    /// The arm that those who meet these constraints have when the toggle is off.
    pub off: Option<(Alternatives, String, Meaning)>,
}

impl Served {
    /// The variants that have this value; `None` when one of them has others, too.
    pub fn names_of(&self, value: &LeverValue) -> Option<Vec<&str>> {
        let has = |meanings: &[Meaning]| meanings.iter().any(|meaning| meaning.value == *value);
        let only = |meanings: &[Meaning]| meanings.iter().all(|meaning| meaning.value == *value);
        let named = self.variants.iter().filter(|(_, meanings)| has(meanings));
        named.map(|(name, meanings)| only(meanings).then_some(name.as_str())).collect()
    }
}

/// Rules on their way to strategies.
pub struct Rules<'a> {
    flag: &'a Flag,
    plan: &'a Plan,
    sticky: &'a Sticky,
    pub strategies: Vec<Value>,
    pub served: Served,
    /// A switch that is never on.
    never: bool,
}

/// The variant that stands for a value no rule decided.
const STATIC: &str = "value";
/// The variant that stands for the default.
const DEFAULT: &str = "default";

impl<'a> Rules<'a> {
    pub fn new(flag: &'a Flag, plan: &'a Plan, sticky: &'a Sticky) -> Self {
        Self { flag, plan, sticky, strategies: Vec::new(), served: Served::default(), never: false }
    }

    /// Unleash takes a toggle without strategies for one that is on for everybody.
    pub fn enabled(&self) -> bool {
        !self.never
    }

    /// One value for everybody.
    pub fn only(&mut self, value: &LeverValue) {
        match value {
            LeverValue::Bool(false) => self.never = true,
            LeverValue::Bool(true) => self.strategies.push(everybody(&self.flag.key, Vec::new())),
            value => {
                let variant = self.variant(DEFAULT, BUCKETS, value, None, None);
                self.strategies.push(everybody(&self.flag.key, vec![variant]));
            }
        }
    }

    fn variant(
        &mut self,
        name: &str,
        weight: u32,
        value: &LeverValue,
        rule: Option<&Rule>,
        experiment: Option<&str>,
    ) -> Value {
        let meaning = Meaning {
            value: value.clone(),
            rule: rule.map(|rule| rule.key.clone()),
            experiment: experiment.map(str::to_owned),
        };
        let known = self.served.variants.entry(name.to_owned()).or_default();
        if !known.contains(&meaning) {
            known.push(meaning);
        }
        self.sticky.variant(name, weight, value)
    }

    /// When the rule fits; `None` for one that fits nobody.
    fn fits(rule: &Rule, step: &Step) -> Result<Option<Alternatives>, String> {
        let found = match &step.when {
            Err(()) => return Ok(None),
            Ok(None) => Ok(translate::everybody()),
            Ok(Some(predicate)) => alternatives(predicate),
        };
        let found = found.map_err(|why| format!("the rule {} cannot be said there: {why}", rule.key))?;
        Ok((!found.is_empty()).then_some(found))
    }

    /// The rule's share in percent.
    fn share(rule: &Rule, step: &Step) -> Result<u32, String> {
        if step.slice.is_some_and(|slice| slice.from > 0 || slice.to < BUCKETS) {
            return Err(format!("the rule {} has a slice of a layer, and there are no layers", rule.key));
        }
        step.share.map_or(Ok(100), |share| percent(share).map_err(|why| format!("the rule {}: {why}", rule.key)))
    }

    /// Numbers and texts.
    pub fn values(&mut self) -> Result<(), String> {
        let (flag, plan) = (self.flag, self.plan);
        if let Some((holdout, gate)) = flag.serving.holdout.as_ref().zip(plan.holdout) {
            let variant = self.variant(DEFAULT, BUCKETS, &flag.default, None, None);
            let strategy = self.sticky.strategy(&[], percent(gate)?, &holdout_seed(&holdout.key), vec![variant]);
            self.strategies.push(strategy);
        }
        for (rule, step) in flag.serving.rules.iter().zip(&plan.steps) {
            let Some(fits) = Self::fits(rule, step)? else { continue };
            let percent = Self::share(rule, step)?;
            if percent == 0 {
                continue;
            }
            let variants = match (&rule.serve, &step.arms) {
                (Serve::Value { value, .. }, _) => vec![self.variant(&rule.key, BUCKETS, value, Some(rule), None)],
                (Serve::Experiment { experiment, arms, .. }, Some(compiled)) => weighted(arms, &compiled.ends)
                    .map(|(arm, weight)| self.variant(&arm.key, weight, &arm.value, Some(rule), Some(experiment)))
                    .collect(),
                (Serve::Experiment { .. }, None) => continue,
            };
            let group = share_seed(&flag.serving.seed, &rule.key);
            for constraints in &fits {
                self.strategies.push(self.sticky.strategy(constraints, percent, &group, variants.clone()));
            }
        }
        let last = self.variant(STATIC, BUCKETS, &flag.value, None, None);
        if flag.serving.group.is_some() {
            self.strategies.push(self.sticky.strategy(&[], 100, &flag.key, vec![last]));
            let none = self.variant(DEFAULT, BUCKETS, &flag.default, None, None);
            self.strategies.push(everybody(&flag.key, vec![none]));
        } else {
            self.strategies.push(everybody(&flag.key, vec![last]));
        }
        Ok(())
    }

    /// On and off.
    pub fn switches(&mut self) -> Result<(), String> {
        let (flag, plan) = (self.flag, self.plan);
        let rules: Vec<(&Rule, &Step)> = flag.serving.rules.iter().zip(&plan.steps).collect();
        let on = LeverValue::Bool(true);
        if flag.serving.group.is_some() && flag.default == on {
            return Err("whoever belongs to no group is off there, and its default is on".into());
        }
        // Those whom no rule has turned off so far.
        let mut left = translate::everybody();
        for (i, (rule, step)) in rules.iter().enumerate() {
            let later_on = || flag.value == on || rules.iter().skip(i + 1).any(|(rule, _)| ever_on(rule));
            let Some(fits) = Self::fits(rule, step)? else { continue };
            let percent = Self::share(rule, step)?;
            let arms = arms_of(rule, step);
            let on_buckets: u32 = arms.iter().filter(|(_, _, value)| **value == on).map(|(_, weight, _)| weight).sum();
            match (percent, on_buckets) {
                (0, _) => {}
                (100, 0) => left = both(&left, &opposite(&fits)?)?,
                (_, 0) if !later_on() => {}
                (_, 0) => return Err(format!("the rule {} turns a share off that later rules turn on", rule.key)),
                (percent, BUCKETS) => self.on(rule, &both(&left, &fits)?, percent, arms.as_slice()),
                _ if later_on() => {
                    return Err(format!("the rule {} tests on against off, and more follows it", rule.key));
                }
                (percent, buckets) => {
                    let taken = percent * buckets;
                    if !taken.is_multiple_of(BUCKETS) {
                        return Err(format!("the rule {}: shares are whole percents there", rule.key));
                    }
                    let fits = both(&left, &fits)?;
                    let off: Vec<_> = arms.iter().filter(|(_, _, value)| **value != on).collect();
                    if let ([(name, _, value)], 100) = (off.as_slice(), percent) {
                        let meaning = meaning(rule, value);
                        self.served.off = Some((fits.clone(), (*name).to_owned(), meaning));
                    }
                    let arms: Vec<_> = arms.into_iter().filter(|(_, _, value)| **value == on).collect();
                    self.on(rule, &fits, taken / BUCKETS, &arms);
                }
            }
        }
        if flag.value == on {
            for constraints in &left {
                self.strategies.push(self.sticky.strategy(constraints, 100, &flag.key, Vec::new()));
            }
        }
        self.never = self.strategies.is_empty();
        Ok(())
    }

    fn on(&mut self, rule: &Rule, fits: &Alternatives, percent: u32, arms: &[(&str, u32, &LeverValue)]) {
        let experiment = experiment_of(rule);
        let variants: Vec<Value> = arms
            .iter()
            .filter(|(_, weight, _)| *weight > 0)
            .map(|(name, weight, value)| self.variant(name, *weight, value, Some(rule), experiment))
            .collect();
        let seed = &self.flag.serving.seed;
        let group = if experiment.is_some() { arm_seed(seed, &rule.key) } else { share_seed(seed, &rule.key) };
        for constraints in fits {
            self.strategies.push(self.sticky.strategy(constraints, percent, &group, variants.clone()));
        }
    }
}

fn meaning(rule: &Rule, value: &LeverValue) -> Meaning {
    Meaning { value: value.clone(), rule: Some(rule.key.clone()), experiment: experiment_of(rule).map(str::to_owned) }
}

fn experiment_of(rule: &Rule) -> Option<&str> {
    match &rule.serve {
        Serve::Experiment { experiment, .. } => Some(experiment),
        Serve::Value { .. } => None,
    }
}

fn ever_on(rule: &Rule) -> bool {
    match &rule.serve {
        Serve::Value { value, .. } => *value == LeverValue::Bool(true),
        Serve::Experiment { arms, .. } => arms.iter().any(|arm| arm.value == LeverValue::Bool(true)),
    }
}

/// Names, weights in buckets and values of what the rule serves.
fn arms_of<'a>(rule: &'a Rule, step: &'a Step) -> Vec<(&'a str, u32, &'a LeverValue)> {
    match (&rule.serve, &step.arms) {
        (Serve::Value { value, .. }, _) => vec![(rule.key.as_str(), BUCKETS, value)],
        (Serve::Experiment { arms, .. }, Some(compiled)) => {
            weighted(arms, &compiled.ends).map(|(arm, weight)| (arm.key.as_str(), weight, &arm.value)).collect()
        }
        (Serve::Experiment { .. }, None) => Vec::new(),
    }
}

fn weighted<'a>(arms: &'a [Arm], ends: &'a [u32]) -> impl Iterator<Item = (&'a Arm, u32)> {
    let mut from = 0;
    arms.iter().zip(ends).map(move |(arm, end)| (arm, end - std::mem::replace(&mut from, *end)))
}
