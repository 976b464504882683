//! A lever as a PostHog flag.
//!
//! A boolean lever is a plain flag: its condition sets say who gets true, whatever their order. Any other lever is a flag
//! with a variant per value, the last condition set taking everyone; the variant's payload is the value as JSON. The
//! variant of a `variant` lever is the option, that of an experiment's arm the arm, that of a number the number.

use std::collections::BTreeMap;

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::predicate::Predicate;
use epoch_model::serving::{Arm, Flag as Lever, Rule, Serve};
use serde_json::Value;

use super::definition::{Definition, Filters, Group, Multivariate, Property, Variant};
use super::evaluate::Flag;
use super::translate::{ALTERNATIVES_MAX, Alternatives, Translator};
use crate::disjuncts::cross;

/// A lever that SDKs can evaluate themselves.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub flag: Flag,
    /// The rule behind each condition set; the last of a lever that is not boolean has none.
    pub rules: Vec<Option<usize>>,
    /// The value behind each variant.
    pub values: BTreeMap<String, LeverValue>,
    /// Arms served by hash, with their share of those the condition set takes.
    pub arms: Vec<(String, f64)>,
    /// What must hold for all condition sets but those in `free`.
    pub requires: Vec<(String, LeverValue)>,
    /// Condition sets that hold whatever the prerequisites do.
    pub free: Vec<usize>,
}

/// What of the other levers a definition needs to know.
pub(super) trait Others {
    /// The lever required, where SDKs can evaluate it.
    fn local(&self, key: &str) -> Option<&Local>;
    /// The index of a group type.
    fn group_index(&self, group: &str) -> Option<u32>;
}

/// Most condition sets of one flag.
const GROUPS_MAX: usize = 200;

/// Per cent without the noise of binary fractions.
fn percent(share: f64) -> f64 {
    (share * 1e10).round() / 1e8
}

/// A value's JSON.
pub(super) fn json(value: &LeverValue) -> Value {
    match value {
        LeverValue::Bool(b) => Value::Bool(*b),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        LeverValue::Number(n) if n.fract() == 0.0 && n.abs() < 1e15 => Value::from(*n as i64),
        LeverValue::Number(n) => Value::from(*n),
        LeverValue::Text(text) => Value::from(text.as_str()),
    }
}

/// The variant under which a value is served; `named` is the arm's or rule's key where there is one.
pub(super) fn variant(lever: &Lever, value: &LeverValue, named: Option<&str>, arm: bool) -> String {
    match (&lever.kind, value) {
        (LeverKind::Variant { .. }, LeverValue::Text(option)) => option.clone(),
        (LeverKind::Text { .. }, _) => named.map_or_else(|| "default".to_owned(), str::to_owned),
        _ => named.filter(|_| arm).map_or_else(|| json(value).to_string(), str::to_owned),
    }
}

/// The lever's definition and what is needed to read its outcomes; else why SDKs cannot evaluate it.
pub(super) fn define(lever: &Lever, others: &dyn Others) -> Result<Local, String> {
    let serving = &lever.serving;
    let boolean = matches!(lever.kind, LeverKind::Boolean);
    let group = match &serving.group {
        None => None,
        Some(name) => Some(others.group_index(name).ok_or("its group type has no place")?),
    };
    if serving.holdout.as_ref().is_some_and(|h| h.share > 0.0) {
        return Err("its holdout holds out the same units in every protocol, which PostHog's hash does not".into());
    }
    let mut draft = Draft {
        lever,
        translator: Translator { group, absence: boolean },
        groups: Vec::new(),
        rules: Vec::new(),
        values: BTreeMap::new(),
        arms: Vec::new(),
    };
    let (mut active, mut free, mut requires) = (true, Vec::new(), Vec::new());
    if serving.off {
        // A flag that is off is false; a boolean lever whose default is true has to stay on.
        active = boolean && lever.default == LeverValue::Bool(true);
        if active {
            draft.push(vec![Vec::new()], None, 1.0, None)?;
        }
    } else {
        requires = prerequisites(lever, others)?;
        if boolean {
            draft.boolean()?;
        } else {
            draft.variants()?;
        }
        if !requires.is_empty() {
            let wanted: Vec<Property> = requires.iter().map(|(_, _, property)| property.clone()).collect();
            for group in &mut draft.groups {
                group.properties.extend(wanted.iter().cloned());
            }
            if boolean && lever.default == LeverValue::Bool(true) {
                return Err("it is true where a prerequisite fails".into());
            }
            if !boolean {
                free.push(draft.groups.len());
                let key = draft.keep(&lever.default, Some("default"), false)?;
                draft.push(vec![Vec::new()], None, 1.0, Some(key))?;
            }
        }
    }
    let multivariate = (!boolean && !serving.off).then(|| draft.multivariate());
    let payloads = draft.values.iter().map(|(key, value)| (key.clone(), json(value).to_string())).collect();
    let Draft { groups, rules, values, arms, .. } = draft;
    let definition = Definition {
        id: lever.id,
        key: lever.key.clone(),
        name: lever.title.clone(),
        active,
        version: lever.version,
        ensure_experience_continuity: false,
        filters: Filters { groups, multivariate, payloads, aggregation_group_type_index: group, holdout: None },
    };
    let requires = requires.into_iter().map(|(key, is, _)| (key, is)).collect();
    Ok(Local { flag: Flag::new(definition), rules, values, arms, requires, free })
}

/// The levers required, as dependencies.
fn prerequisites(lever: &Lever, others: &dyn Others) -> Result<Vec<(String, LeverValue, Property)>, String> {
    let mut seen: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for required in &lever.serving.requires {
        let local = others.local(&required.lever).ok_or("SDKs cannot evaluate a lever it requires")?;
        let definition = &local.flag.definition;
        let group = lever.serving.group.as_deref().and_then(|g| others.group_index(g));
        if definition.filters.aggregation_group_type_index != group {
            return Err("a lever it requires is decided for another kind of unit".into());
        }
        let value = match &required.is {
            LeverValue::Bool(b) => Value::Bool(*b),
            is => {
                let mut keys = local.values.iter().filter(|(_, value)| *value == is).map(|(key, _)| key);
                match (keys.next(), keys.next()) {
                    // A value that is never served; no variant has this name.
                    (None, _) => Value::from("-"),
                    (Some(key), None) if definition.active => Value::from(key.as_str()),
                    _ => return Err("a lever it requires serves that value under several names".into()),
                }
            }
        };
        if !definition.active && !matches!(required.is, LeverValue::Bool(_)) {
            return Err("a lever it requires is off".into());
        }
        let mut chain = Vec::new();
        chain_of(&required.lever, others, &mut chain);
        if chain.iter().any(|key| seen.contains(key)) {
            return Err("two ways of prerequisites lead to one lever".into());
        }
        seen.extend(chain.iter().cloned());
        let property = Property {
            key: required.lever.clone(),
            value,
            operator: "flag_evaluates_to".to_owned(),
            kind: "flag".to_owned(),
            group_type_index: None,
            dependency_chain: Some(chain),
        };
        all.push((required.lever.clone(), required.is.clone(), property));
    }
    Ok(all)
}

/// A lever and those it requires, the required first.
fn chain_of(key: &str, others: &dyn Others, chain: &mut Vec<String>) {
    for (required, _) in others.local(key).iter().flat_map(|local| &local.requires) {
        chain_of(required, others, chain);
    }
    chain.push(key.to_owned());
}

struct Draft<'a> {
    lever: &'a Lever,
    translator: Translator,
    groups: Vec<Group>,
    rules: Vec<Option<usize>>,
    values: BTreeMap<String, LeverValue>,
    arms: Vec<(String, f64)>,
}

fn predicate(rule: &Rule) -> Result<Option<Predicate>, String> {
    rule.when.as_deref().map(Predicate::parse).transpose().map_err(|e| e.message)
}

impl Draft<'_> {
    fn push(
        &mut self,
        alternatives: Alternatives,
        rule: Option<usize>,
        share: f64,
        variant: Option<String>,
    ) -> Result<(), String> {
        for properties in alternatives {
            self.groups.push(Group { properties, rollout_percentage: Some(percent(share)), variant: variant.clone() });
            self.rules.push(rule);
        }
        if self.groups.len() > GROUPS_MAX { Err("it has too many alternatives".into()) } else { Ok(()) }
    }

    fn fits(&self, rule: &Rule) -> Result<Alternatives, String> {
        match predicate(rule)? {
            None => Ok(vec![Vec::new()]),
            Some(predicate) => self.translator.fits(predicate.root()),
        }
    }

    /// Condition sets for who gets true.
    fn boolean(&mut self) -> Result<(), String> {
        let (lever, rules) = (self.lever, &self.lever.serving.rules);
        let yes = LeverValue::Bool(true);
        // What keeps out those whom an earlier rule gives false.
        let mut kept: Alternatives = vec![Vec::new()];
        for (at, rule) in rules.iter().enumerate() {
            let (share, of_true, of_false) = match &rule.serve {
                Serve::Value { value, share } => {
                    (*share, f64::from(u8::from(*value == yes)), f64::from(u8::from(*value != yes)))
                }
                Serve::Experiment { slice: Some(_), .. } => {
                    return Err("a layer's slices are drawn by our own rules".into());
                }
                Serve::Experiment { arms, share, .. } => {
                    let weighty = || arms.iter().filter(|arm| arm.weight > 0.0);
                    let of_true: f64 = weighty().filter(|arm| arm.value == yes).map(|arm| arm.weight).sum();
                    if *share < 1.0
                        || weighty().count() > 2
                        || (weighty().count() == 2 && !(of_true > 0.0 && of_true < 1.0))
                    {
                        return Err("true and false do not say which arm of its experiment a unit is in".into());
                    }
                    (*share, of_true, 1.0 - of_true)
                }
            };
            if of_true > 0.0 {
                let alternatives =
                    cross(&self.fits(rule)?, &kept, ALTERNATIVES_MAX).ok_or("it has too many alternatives")?;
                self.push(alternatives, Some(at), share * of_true, None)?;
            }
            if of_false <= 1e-12 || share <= 0.0 {
                continue;
            }
            let later = lever.value == yes || rules[at + 1..].iter().any(gives_true);
            if !later {
                return Ok(());
            }
            if of_true > 0.0 || share < 1.0 {
                return Err("chance gives false to some for whom a later rule would have true".into());
            }
            let Some(predicate) = predicate(rule)? else { return Ok(()) };
            let not = self.translator.fits_not(predicate.root())?;
            kept = cross(&kept, &not, ALTERNATIVES_MAX).ok_or("it has too many alternatives")?;
        }
        if lever.value == yes { self.push(kept, None, 1.0, None) } else { Ok(()) }
    }

    /// Remembers the value behind a variant.
    fn keep(&mut self, value: &LeverValue, named: Option<&str>, arm: bool) -> Result<String, String> {
        let key = variant(self.lever, value, named, arm);
        let kept = self.values.entry(key.clone()).or_insert_with(|| value.clone());
        if kept == value { Ok(key) } else { Err(format!("two values would be the variant “{key}”")) }
    }

    /// Condition sets in the order of the rules, each with its variant; the last takes everyone.
    fn variants(&mut self) -> Result<(), String> {
        for (at, rule) in self.lever.serving.rules.iter().enumerate() {
            let fits = self.fits(rule)?;
            match &rule.serve {
                Serve::Value { value, share } => {
                    let key = self.keep(value, Some(&rule.key), false)?;
                    self.push(fits, Some(at), *share, Some(key))?;
                }
                Serve::Experiment { slice: Some(_), .. } => {
                    return Err("a layer's slices are drawn by our own rules".into());
                }
                Serve::Experiment { .. } if !self.arms.is_empty() => {
                    return Err("a PostHog flag holds one experiment, and it has two".into());
                }
                Serve::Experiment { arms, share, .. } => {
                    for Arm { key, value, weight } in arms {
                        let key = self.keep(value, Some(key), true)?;
                        match self.arms.iter_mut().find(|(kept, _)| *kept == key) {
                            Some((_, kept)) => *kept += weight,
                            None => self.arms.push((key, *weight)),
                        }
                    }
                    self.push(fits, Some(at), *share, None)?;
                }
            }
        }
        let lever = self.lever;
        let named = if lever.value == lever.default { "default" } else { "value" };
        let key = self.keep(&lever.value, Some(named), false)?;
        self.push(vec![Vec::new()], None, 1.0, Some(key))
    }

    /// The arms with their weights, and every other variant with none; without an experiment the value has all of it.
    fn multivariate(&self) -> Multivariate {
        let mut variants: Vec<Variant> = Vec::new();
        for (key, weight) in &self.arms {
            variants.push(Variant { key: key.clone(), rollout_percentage: percent(*weight) });
        }
        // What rounding left over belongs to the last arm, so that nobody is without one.
        let rest: f64 = variants.iter().rev().skip(1).map(|v| v.rollout_percentage).sum();
        if let Some(last) = variants.last_mut().filter(|last| last.rollout_percentage > 0.0) {
            last.rollout_percentage = percent((100.0 - rest) / 100.0);
        }
        let whole = variants.is_empty();
        let fallback = self.groups.last().and_then(|group| group.variant.clone());
        for key in self.values.keys() {
            if variants.iter().all(|v| v.key != *key) {
                let all = whole && fallback.as_ref() == Some(key);
                variants.push(Variant { key: key.clone(), rollout_percentage: if all { 100.0 } else { 0.0 } });
            }
        }
        Multivariate { variants }
    }
}

/// Whether a rule may serve true.
fn gives_true(rule: &Rule) -> bool {
    let yes = LeverValue::Bool(true);
    match &rule.serve {
        Serve::Value { value, share } => *value == yes && *share > 0.0,
        Serve::Experiment { arms, share, .. } => {
            *share > 0.0 && arms.iter().any(|arm| arm.value == yes && arm.weight > 0.0)
        }
    }
}
