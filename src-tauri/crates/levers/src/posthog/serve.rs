//! All levers as PostHog flags, and what one unit is served.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::serving::{Evaluation, Flag as Lever, Protocol, Reason, Rule, Serve};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::define::{Local, Others, define, json as value_json, variant};
use super::evaluate::{Flag, Flags, Outcome, Subject};
use super::matching::Side;
use crate::Unservable;
use crate::book::{Compiled, Subject as Ours};

/// Why a flag has the value it has, in PostHog's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    ConditionMatch,
    NoConditionMatch,
    OutOfRolloutBound,
    HoldoutConditionValue,
    SuperConditionValue,
    FlagDisabled,
    MissingDependency,
    NoGroupType,
}

/// What a unit is served: a record of `/flags`.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    pub enabled: bool,
    /// Absent for boolean levers and where the flag is not enabled.
    pub variant: Option<String>,
    /// The value as JSON text, where there is a variant.
    pub payload: Option<String>,
    pub reason: ReasonCode,
    /// The condition set of the definition that decided, or the rule where the gateway decided by our own rules.
    pub condition_index: Option<usize>,
    /// The lever's value; where the flag is false for want of a group, its default.
    pub value: LeverValue,
    pub rule: Option<String>,
    pub experiment: Option<String>,
    /// The arm of the experiment; for most levers it is the variant.
    pub arm: Option<String>,
    /// See [`Evaluation::propensity`].
    pub propensity: Option<f64>,
}

/// The levers that PostHog's protocol serves.
#[derive(Debug, Default)]
pub struct Posthog {
    locals: BTreeMap<String, Local>,
    flags: Flags,
    groups: Vec<String>,
    unservable: Vec<Unservable>,
    definitions: Value,
}

impl Others for Posthog {
    fn local(&self, key: &str) -> Option<&Local> {
        self.locals.get(key)
    }

    fn group_index(&self, group: &str) -> Option<u32> {
        self.groups.iter().position(|g| g == group).and_then(|at| u32::try_from(at).ok())
    }
}

impl Posthog {
    /// Compiles all levers that the protocol serves.
    pub(crate) fn new(levers: &[Lever]) -> Self {
        let mut this = Self::default();
        let served = |lever: &&Lever| lever.serving.serves(Protocol::Posthog);
        for group in levers.iter().filter(served).filter_map(|lever| lever.serving.group.as_ref()) {
            if !this.groups.contains(group) {
                this.groups.push(group.clone());
            }
        }
        // Required levers come first; each round settles those whose requirements are settled.
        let mut open: Vec<&Lever> = levers.iter().filter(served).collect();
        let mut refused: BTreeMap<&str, String> = BTreeMap::new();
        while !open.is_empty() {
            let keys: Vec<&str> = open.iter().map(|lever| lever.key.as_str()).collect();
            let waits = |lever: &Lever| lever.serving.requires.iter().any(|r| keys.contains(&r.lever.as_str()));
            let (ready, later): (Vec<&Lever>, Vec<&Lever>) = open.iter().partition(|lever| !waits(lever));
            if ready.is_empty() {
                refused
                    .extend(later.iter().map(|lever| (lever.key.as_str(), "what it requires leads back to it".into())));
                break;
            }
            for lever in ready {
                match define(lever, &this) {
                    Ok(local) => {
                        this.flags.insert(lever.key.clone(), local.flag.clone());
                        this.locals.insert(lever.key.clone(), local);
                    }
                    Err(why) => {
                        refused.insert(&lever.key, why);
                    }
                }
            }
            open = later;
        }
        this.unservable = levers
            .iter()
            .filter_map(|lever| {
                let why = refused.remove(lever.key.as_str())?;
                Some(Unservable { lever: lever.key.clone(), protocol: Protocol::Posthog, why, local_only: true })
            })
            .collect();
        let order = levers.iter().filter_map(|lever| this.locals.get(&lever.key));
        let mapping: Map<String, Value> =
            this.groups.iter().enumerate().map(|(i, group)| (i.to_string(), Value::from(group.as_str()))).collect();
        this.definitions = json!({
            "flags": order.map(|local| &local.flag.definition).collect::<Vec<_>>(),
            "group_type_mapping": mapping,
            "cohorts": {},
        });
        this
    }

    /// The body of `GET /flags/definitions`. Its flags are those that SDKs can evaluate.
    pub fn definitions(&self) -> &Value {
        &self.definitions
    }

    /// The levers that are left out of the definitions, and why.
    pub fn unservable(&self) -> &[Unservable] {
        &self.unservable
    }

    /// The group types by index.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }
}

impl Compiled {
    /// What `/flags` answers for one lever and subject. `None`: PostHog's protocol does not serve such a lever.
    pub fn posthog_flag(&self, key: &str, subject: Subject<'_>) -> Option<Served> {
        let lever = self.flag(key).filter(|lever| lever.serving.serves(Protocol::Posthog))?;
        let posthog = self.posthog();
        Some(match posthog.locals.get(key) {
            Some(local) => posthog.local(lever, local, subject),
            None => self.by_our_rules(lever, subject),
        })
    }

    fn by_our_rules(&self, lever: &Lever, subject: Subject<'_>) -> Served {
        let mut attributes = subject.person_properties.clone();
        let of_group = lever.serving.group.as_ref().and_then(|group| subject.group_properties.get(group));
        if let Some(Value::Object(of_group)) = of_group {
            attributes.extend(of_group.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        attributes.insert("$groups".to_owned(), Value::Object(subject.groups.clone()));
        let ours = Ours { id: subject.distinct_id, attributes: &attributes };
        let evaluation = self.evaluate(&lever.key, ours).unwrap_or_else(|| Evaluation::plain(lever.default.clone()));
        let index =
            evaluation.rule.as_ref().and_then(|key| lever.serving.rules.iter().position(|rule| rule.key == *key));
        let mut served = Served {
            enabled: evaluation.value != LeverValue::Bool(false),
            variant: None,
            payload: None,
            reason: ReasonCode::ConditionMatch,
            condition_index: index,
            value: evaluation.value,
            arm: evaluation.experiment.as_ref().and(evaluation.variant.clone()),
            rule: evaluation.rule,
            experiment: evaluation.experiment,
            propensity: evaluation.propensity,
        };
        served.reason = match evaluation.reason {
            Reason::Off => ReasonCode::FlagDisabled,
            Reason::NoGroup => ReasonCode::NoGroupType,
            Reason::HeldOut => ReasonCode::HoldoutConditionValue,
            Reason::Prerequisite => ReasonCode::MissingDependency,
            Reason::Static if served.enabled => ReasonCode::ConditionMatch,
            Reason::Static if served.propensity.is_some() => ReasonCode::OutOfRolloutBound,
            Reason::Static => ReasonCode::NoConditionMatch,
            Reason::Targeted | Reason::Split => ReasonCode::ConditionMatch,
        };
        if evaluation.reason == Reason::Off && !matches!(served.value, LeverValue::Bool(_)) {
            served.enabled = false;
        } else if !matches!(served.value, LeverValue::Bool(_)) {
            let named = match evaluation.reason {
                Reason::Targeted | Reason::Split => evaluation.variant.as_deref(),
                Reason::Static if lever.value != lever.default => Some("value"),
                _ => Some("default"),
            };
            served.variant = Some(variant(lever, &served.value, named, served.experiment.is_some()));
            served.payload = Some(value_json(&served.value).to_string());
        }
        served
    }
}

impl Served {
    /// Notes the rule, and the arm whose value it is.
    fn decided_by(&mut self, rule: &Rule) {
        self.rule = Some(rule.key.clone());
        if let Serve::Experiment { experiment, arms, .. } = &rule.serve {
            let named = arms.iter().find(|arm| Some(&arm.key) == self.variant.as_ref() && arm.value == self.value);
            let arm = named.or_else(|| arms.iter().find(|arm| arm.value == self.value && arm.weight > 0.0));
            self.experiment = Some(experiment.clone());
            self.arm = arm.map(|arm| arm.key.clone());
        }
    }
}

impl Posthog {
    fn local(&self, lever: &Lever, local: &Local, subject: Subject<'_>) -> Served {
        let outcome = local.flag.evaluate(subject, &self.flags, &self.groups, Side::Server);
        let boolean = matches!(lever.default, LeverValue::Bool(_));
        let mut served = Served {
            enabled: false,
            variant: None,
            payload: None,
            reason: ReasonCode::NoConditionMatch,
            condition_index: None,
            value: if boolean { LeverValue::Bool(false) } else { lever.default.clone() },
            rule: None,
            experiment: None,
            arm: None,
            propensity: None,
        };
        let rule_of =
            |index: usize| local.rules.get(index).copied().flatten().and_then(|at| lever.serving.rules.get(at));
        match outcome {
            Outcome::Disabled => served.reason = ReasonCode::FlagDisabled,
            Outcome::NoGroup => {
                served.reason = ReasonCode::NoGroupType;
                served.value = lever.default.clone();
                return served;
            }
            // Not defined here: such levers are evaluated by our own rules.
            Outcome::HeldOut(_) | Outcome::Inconclusive => {}
            Outcome::Matched { index, variant } => {
                served.enabled = true;
                served.reason = ReasonCode::ConditionMatch;
                served.condition_index = Some(index);
                served.value = match &variant {
                    None => LeverValue::Bool(true),
                    Some(variant) => local.values.get(variant).unwrap_or(&lever.default).clone(),
                };
                served.payload = variant.as_ref().map(|_| value_json(&served.value).to_string());
                served.variant = variant;
                if let Some(rule) = rule_of(index) {
                    served.decided_by(rule);
                }
            }
            Outcome::Unmatched { out_of_rollout } => {
                if let Some(index) = out_of_rollout {
                    served.reason = ReasonCode::OutOfRolloutBound;
                    served.condition_index = Some(index);
                    // A plain flag's arm without true is that of those beyond the rollout.
                    if let Some(rule) = rule_of(index).filter(|rule| matches!(rule.serve, Serve::Experiment { .. })) {
                        served.decided_by(rule);
                    }
                }
            }
        }
        let (p, random) = self.chance(local, subject, &served.value);
        served.propensity = random.then_some(p);
        served
    }

    /// The probability of a value for a unit like this one, and whether chance had a say.
    fn chance(&self, local: &Local, subject: Subject<'_>, value: &LeverValue) -> (f64, bool) {
        let flag = &local.flag;
        let is = |served: &LeverValue| if served == value { 1.0 } else { 0.0 };
        if !flag.definition.active {
            return (is(&LeverValue::Bool(false)), false);
        }
        let empty = Map::new();
        let Ok((_, properties)) = flag.unit(subject, &self.groups) else { return (1.0, false) };
        let properties = properties.unwrap_or(&empty);
        let (mut holds, mut random) = (1.0, false);
        for (key, wanted) in &local.requires {
            if let Some(required) = self.locals.get(key) {
                let (p, by_chance) = self.chance(required, subject, wanted);
                holds *= p;
                random |= by_chance;
            }
        }
        let with = by_conditions(flag, local, properties, value, true);
        let without = by_conditions(flag, local, properties, value, false);
        let p = holds * with.0 + (1.0 - holds) * without.0;
        (p, random || (with.1 && holds > 0.0) || (without.1 && holds < 1.0))
    }
}

/// The probability of a value where the prerequisites hold or not, and whether chance has a say. All condition sets see
/// the same point of a unit: one takes those below its rollout whom none before it took.
fn by_conditions(
    flag: &Flag,
    local: &Local,
    properties: &Map<String, Value>,
    value: &LeverValue,
    hold: bool,
) -> (f64, bool) {
    let (mut taken, mut total, mut random) = (0.0_f64, 0.0, false);
    for (index, group) in flag.definition.filters.groups.iter().enumerate() {
        let open = hold || local.requires.is_empty() || local.free.contains(&index);
        if taken >= 1.0 || !open || !flag.speaks_of(index, properties) {
            continue;
        }
        let upto = group.rollout_percentage.map_or(1.0, |percent| (percent / 100.0).clamp(0.0, 1.0));
        let width = (upto - taken).max(0.0);
        taken = taken.max(upto);
        random |= upto > 0.0 && upto < 1.0;
        let served = match &group.variant {
            Some(key) => f64::from(u8::from(local.values.get(key) == Some(value))),
            None if flag.definition.filters.multivariate.is_none() => {
                f64::from(u8::from(*value == LeverValue::Bool(true)))
            }
            None => {
                random |= width > 0.0;
                let arms = local.arms.iter().filter(|(key, _)| local.values.get(key) == Some(value));
                arms.map(|(_, weight)| weight).sum()
            }
        };
        total += width * served;
    }
    let rest = if *value == LeverValue::Bool(false) { 1.0 - taken } else { 0.0 };
    (total + rest, random)
}
