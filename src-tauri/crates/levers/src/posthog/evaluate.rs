//! A definition's value for a unit, exactly as PostHog's SDKs compute it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use super::definition::Definition;
use super::matching::{Filter, Side};

/// PostHog's hash: the first 15 hex digits of SHA-1 over the largest such number, 0 to 1.
pub fn hash(key: &str, separator: char, bucketing: &str, salt: &str) -> f64 {
    let mut sha = Sha1::new();
    sha.update(key);
    sha.update(separator.encode_utf8(&mut [0; 4]));
    sha.update(bucketing);
    sha.update(salt);
    let digest = sha.finalize();
    let first = digest.iter().take(8).fold(0_u64, |n, byte| n << 8 | u64::from(*byte)) >> 4;
    first as f64 / 0x0fff_ffff_ffff_ffff_u64 as f64
}

#[derive(Debug, Clone)]
enum Condition {
    Property(Filter),
    Flag { key: String, expected: Value, malformed: bool, supported: bool },
}

/// A definition ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Flag {
    pub(super) definition: Definition,
    conditions: Vec<Vec<Condition>>,
    /// First point after each variant.
    ends: Vec<f64>,
}

/// Definitions by key.
pub type Flags = BTreeMap<String, Flag>;

/// Whom a flag is evaluated for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub distinct_id: &'a str,
    /// Group keys by type.
    pub groups: &'a Map<String, Value>,
    pub person_properties: &'a Map<String, Value>,
    /// Properties by group type.
    pub group_properties: &'a Map<String, Value>,
}

/// What a flag comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The flag is not active.
    Disabled,
    /// The unit is a group the subject does not belong to.
    NoGroup,
    /// The unit is held out and served this variant.
    HeldOut(String),
    /// A condition set took it; without a variant the value is `true`.
    Matched { index: usize, variant: Option<String> },
    /// None did; `index` is the first whose properties matched while its rollout did not.
    Unmatched { out_of_rollout: Option<usize> },
    /// An SDK asks the server.
    Inconclusive,
}

impl Outcome {
    /// The value SDKs give back: `false`, `true` or a variant; `None` where they ask the server.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Disabled | Self::NoGroup | Self::Unmatched { .. } => Some(Value::Bool(false)),
            Self::HeldOut(variant) | Self::Matched { variant: Some(variant), .. } => Some(variant.as_str().into()),
            Self::Matched { variant: None, .. } => Some(Value::Bool(true)),
            Self::Inconclusive => None,
        }
    }
}

/// What a condition set comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    OutOfRollout,
    Unknown,
}

/// A unit's key, and its properties where they were given.
type Unit<'a> = (String, Option<&'a Map<String, Value>>);

/// Most flags that depend on each other in a row.
const DEPTH_MAX: usize = 16;

impl Flag {
    /// Makes a definition ready.
    pub fn new(definition: Definition) -> Self {
        let conditions = definition.filters.groups.iter().map(|group| {
            let condition = |p: &super::definition::Property| match p.kind.as_str() {
                "flag" => Condition::Flag {
                    key: p.key.clone(),
                    expected: p.value.clone(),
                    malformed: p.operator != "flag_evaluates_to" || p.key.is_empty() || p.value.is_null(),
                    supported: p.dependency_chain.as_ref().is_some_and(|chain| !chain.is_empty()),
                },
                _ => Condition::Property(Filter::new(p)),
            };
            group.properties.iter().map(condition).collect()
        });
        let conditions = conditions.collect();
        let mut end = 0.0;
        let variants = definition.filters.multivariate.iter().flat_map(|m| &m.variants);
        let ends = variants
            .map(|variant| {
                end += variant.rollout_percentage / 100.0;
                end
            })
            .collect();
        Self { definition, conditions, ends }
    }

    /// Evaluates it. `flags` are those it may depend on, `group_types` the names of the group types by index.
    pub fn evaluate(&self, subject: Subject<'_>, flags: &Flags, group_types: &[String], side: Side) -> Outcome {
        if !self.definition.active {
            return Outcome::Disabled;
        }
        if self.definition.ensure_experience_continuity {
            return Outcome::Inconclusive;
        }
        let (bucketing, properties) = match self.unit(subject, group_types) {
            Ok(unit) => unit,
            Err(outcome) => return outcome,
        };
        let empty = Map::new();
        let Some(properties) = properties.or((side == Side::Server).then_some(&empty)) else {
            return Outcome::Inconclusive;
        };
        self.take(&bucketing, properties, flags, side, 0)
    }

    /// The unit's key and its properties, where they were given.
    pub(super) fn unit<'a>(&self, subject: Subject<'a>, group_types: &[String]) -> Result<Unit<'a>, Outcome> {
        let Some(index) = self.definition.filters.aggregation_group_type_index else {
            return Ok((subject.distinct_id.to_owned(), Some(subject.person_properties)));
        };
        let Some(group) = group_types.get(index as usize) else { return Err(Outcome::Inconclusive) };
        let key = match subject.groups.get(group) {
            None => return Err(Outcome::NoGroup),
            Some(Value::String(key)) => key.clone(),
            Some(other) => other.to_string(),
        };
        Ok((key, subject.group_properties.get(group).and_then(Value::as_object)))
    }

    fn take(
        &self,
        bucketing: &str,
        properties: &Map<String, Value>,
        flags: &Flags,
        side: Side,
        depth: usize,
    ) -> Outcome {
        if let Some(holdout) = &self.definition.filters.holdout {
            let percentage = holdout.exclusion_percentage.clamp(0.0, 100.0);
            #[expect(clippy::float_cmp, reason = "100 is everyone, as the server has it")]
            if percentage == 100.0 || hash("holdout", '-', bucketing, "") <= percentage / 100.0 {
                return Outcome::HeldOut(format!("holdout-{}", holdout.id));
            }
        }
        let (mut inconclusive, mut out_of_rollout) = (false, None);
        for index in 0..self.conditions.len() {
            match self.met(index, bucketing, properties, flags, side, depth) {
                Met::Yes => return Outcome::Matched { index, variant: self.variant(index, bucketing) },
                Met::No => {}
                Met::OutOfRollout => out_of_rollout = out_of_rollout.or(Some(index)),
                Met::Unknown => inconclusive = true,
            }
        }
        if inconclusive && side == Side::Sdk { Outcome::Inconclusive } else { Outcome::Unmatched { out_of_rollout } }
    }

    fn met(
        &self,
        index: usize,
        bucketing: &str,
        properties: &Map<String, Value>,
        flags: &Flags,
        side: Side,
        depth: usize,
    ) -> Met {
        let mut known = true;
        for condition in &self.conditions[index] {
            let matched = match condition {
                Condition::Property(filter) => filter.matches(properties, side),
                Condition::Flag { malformed: true, .. } => Some(false),
                Condition::Flag { supported: false, .. } => None,
                Condition::Flag { key, expected, .. } => {
                    let value = flags.get(key).filter(|_| depth < DEPTH_MAX).and_then(|flag| {
                        if flag.definition.active {
                            flag.take(bucketing, properties, flags, side, depth + 1).value()
                        } else {
                            Some(Value::Bool(false))
                        }
                    });
                    value.map(|value| evaluates_to(expected, &value))
                }
            };
            match matched {
                Some(true) => {}
                Some(false) => return Met::No,
                None => known = false,
            }
        }
        if !known {
            return Met::Unknown;
        }
        let rollout = self.definition.filters.groups[index].rollout_percentage;
        if rollout.is_some_and(|percent| hash(&self.definition.key, '.', bucketing, "") > percent / 100.0) {
            return Met::OutOfRollout;
        }
        Met::Yes
    }

    /// Whether the properties of a condition set match, whatever its rollout; dependencies aside.
    pub(super) fn speaks_of(&self, index: usize, properties: &Map<String, Value>) -> bool {
        self.conditions[index].iter().all(|condition| match condition {
            Condition::Property(filter) => filter.matches(properties, Side::Server) == Some(true),
            Condition::Flag { .. } => true,
        })
    }

    fn variant(&self, index: usize, bucketing: &str) -> Option<String> {
        let variants = self.definition.filters.multivariate.as_ref().map_or(&[][..], |m| m.variants.as_slice());
        let forced = self.definition.filters.groups[index].variant.as_ref();
        if let Some(forced) = forced.filter(|key| variants.iter().any(|v| v.key == **key)) {
            return Some(forced.clone());
        }
        if variants.is_empty() {
            return None;
        }
        let point = hash(&self.definition.key, '.', bucketing, "variant");
        let at = self.ends.iter().position(|end| point < *end)?;
        variants.get(at).map(|variant| variant.key.clone())
    }
}

/// Whether a flag's value is the one a dependency expects: any variant is as good as `true`.
fn evaluates_to(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Bool(expected), Value::String(variant)) if !variant.is_empty() => *expected,
        (expected, value) => expected == value,
    }
}
