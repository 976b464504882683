//! A lever as it is served to products: rules, rollouts, experiments.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::business::{Lever, LeverKind, LeverValue};
use crate::time::Millis;

/// A flag protocol. Each has its own way of sorting units into arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OpenFeature's remote evaluation; evaluated by our own rules.
    Ofrep,
    Posthog,
    Growthbook,
    Unleash,
}

impl Protocol {
    /// All of them, in the order they are listed to people.
    pub const ALL: [Self; 4] = [Self::Ofrep, Self::Posthog, Self::Growthbook, Self::Unleash];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ofrep => "OFREP",
            Self::Posthog => "PostHog",
            Self::Growthbook => "GrowthBook",
            Self::Unleash => "Unleash",
        }
    }
}

/// One value of an experiment and its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Arm {
    /// Its name in exposures: `control`, `test`, …
    pub key: String,
    pub value: LeverValue,
    /// Share of the units in the experiment, 0 to 1; the arms of a rule add up to 1.
    pub weight: f64,
}

/// A slice of a layer. Experiments of one layer with disjoint slices never share a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Slice {
    pub layer: String,
    /// First point of the slice, 0 to 1.
    pub from: f64,
    /// First point after it.
    pub to: f64,
}

/// What a rule serves to the units it speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "serve", rename_all = "snake_case")]
pub enum Serve {
    /// One value to a share of them, 0 to 1; the others go on to the next rule.
    Value { value: LeverValue, share: f64 },
    /// Arms by chance to a share of them within a slice of a layer; the others go on to the next rule.
    Experiment { experiment: String, arms: Vec<Arm>, share: f64, slice: Option<Slice> },
}

/// A rule; the first that takes a unit decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Rule {
    /// One word, unique within the lever; part of the seed, so renaming it sorts units anew.
    pub key: String,
    /// In words.
    pub name: String,
    /// CEL predicate over the subject's attributes; absent for everyone.
    pub when: Option<String>,
    #[serde(flatten)]
    pub serve: Serve,
}

/// Another lever that must have this value for the same unit, else the default is served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Prerequisite {
    pub lever: String,
    pub is: LeverValue,
}

/// Units that get the default whatever the rules say, to measure what all changes together are worth. Levers that name
/// the same holdout hold the same units out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Holdout {
    pub key: String,
    /// 0 to 1.
    pub share: f64,
}

/// How `business.toml` says a lever is served.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Serving {
    /// Protocols that serve it; empty for all.
    pub served_as: Vec<Protocol>,
    /// The group type whose key is the unit (`company`); absent: the person.
    pub group: Option<String>,
    /// Killed: everyone gets the default, and protocols that know disabled flags say so.
    pub off: bool,
    /// Seed of the hashes; the lever's key unless given.
    pub seed: String,
    pub rules: Vec<Rule>,
    pub requires: Vec<Prerequisite>,
    pub holdout: Option<Holdout>,
}

impl Serving {
    /// Whether a protocol serves the lever.
    pub fn serves(&self, protocol: Protocol) -> bool {
        self.served_as.is_empty() || self.served_as.contains(&protocol)
    }
}

/// A lever in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Flag {
    pub key: String,
    /// A positive number that stays the lever's: some protocols want one.
    pub id: u32,
    pub title: String,
    pub kind: LeverKind,
    /// What is served when it is off, held out or its prerequisites fail.
    pub default: LeverValue,
    /// What is served to those whom no rule takes: what the engine set last, else the default.
    pub value: LeverValue,
    #[serde(flatten)]
    pub serving: Serving,
    /// Grows with each change of this lever.
    pub version: u32,
    pub updated_at: Option<Millis>,
    /// The decision that set `value`.
    pub decision: Option<String>,
}

impl Flag {
    /// A lever as it is declared, before anything was set: its default, version 1.
    pub fn declared(lever: &Lever, id: u32) -> Self {
        Self {
            key: lever.key.clone(),
            id,
            title: lever.title.clone(),
            kind: lever.kind.clone(),
            default: lever.default.clone(),
            value: lever.default.clone(),
            serving: lever.serving.clone(),
            version: 1,
            updated_at: None,
            decision: None,
        }
    }
}

/// Why a value was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No rule took the unit (or there are none).
    Static,
    /// A rule's predicate fits and it serves everyone it fits.
    Targeted,
    /// Chance decided: a rollout's share or an experiment's arm.
    Split,
    /// The unit is held out.
    HeldOut,
    /// A prerequisite does not hold.
    Prerequisite,
    /// The lever's unit is a group and the subject belongs to none of its type.
    NoGroup,
    /// The lever is off.
    Off,
}

/// A value served to one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Evaluation {
    pub value: LeverValue,
    /// The arm's key, or the rule's; absent when no rule took the unit.
    pub variant: Option<String>,
    pub reason: Reason,
    /// The key of the rule that decided.
    pub rule: Option<String>,
    pub experiment: Option<String>,
    /// Where chance decided: the probability with which a unit like this one gets this value, over everything random on
    /// the way (layer, share, arm); absent where nothing was random.
    pub propensity: Option<f64>,
}

impl Evaluation {
    /// A value served without a rule.
    pub fn plain(value: LeverValue) -> Self {
        Self { value, variant: None, reason: Reason::Static, rule: None, experiment: None, propensity: None }
    }
}
