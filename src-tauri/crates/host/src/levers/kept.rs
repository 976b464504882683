//! What the host remembers of each lever between runs: its number, its version, what changed and when.

use std::collections::BTreeMap;

use epoch_model::business::{Business, Lever, LeverKind, LeverValue};
use epoch_model::serving::{Flag, Rule, Serving};
use epoch_model::time::Millis;
use epoch_store::LeverRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The meta key of [`Kept`].
pub(crate) const KEPT: &str = "levers.kept";
/// Changes remembered per lever; all of them are in the journal.
const HISTORY_MAX: usize = 100;

/// A change of a lever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeverChange {
    /// The business's clock.
    pub at: Millis,
    /// `declared`, `value`, `killed`, `restored`, `rules`, `experiment_started`, `experiment_ended`, `removed`.
    pub kind: String,
    pub from: Option<LeverValue>,
    pub to: Option<LeverValue>,
    /// `engine`, `operator:<key id>`, `business.toml`.
    pub by: String,
    pub decision: Option<String>,
    pub version: u32,
    /// The experiment that started or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

/// One lever between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptLever {
    /// Positive, and no other lever's, ever.
    pub(crate) id: u32,
    pub(crate) version: u32,
    /// When this version came, by the business's clock and by the machine's.
    pub(crate) at: Millis,
    pub(crate) since: Millis,
    pub(crate) declared_since: Millis,
    off: bool,
    value: LeverValue,
    /// What it says in `business.toml`, but for `off`.
    rules: String,
    /// Rules that running experiments keep: the experiment, and a hash of the rule.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    experiments: BTreeMap<String, String>,
    present: bool,
}

/// All levers there ever were, and a version that grows with each change of one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) version: u64,
    /// Titles and order, too: protocols publish them.
    face: String,
    pub(crate) levers: BTreeMap<String, KeptLever>,
}

/// Where a lever's changes are kept.
pub(crate) fn history_key(lever: &str) -> String {
    format!("levers.history.{lever}")
}

/// Adds changes, newest first, to those kept.
pub(crate) fn remembered(kept: Vec<LeverChange>, new: Vec<LeverChange>) -> Vec<LeverChange> {
    let mut all: Vec<LeverChange> = new.into_iter().rev().chain(kept).collect();
    all.truncate(HISTORY_MAX);
    all
}

/// The value in force: what was set last if the lever still takes it, else the default.
pub(crate) fn value_of<'a>(lever: &'a Lever, row: Option<&'a LeverRow>) -> &'a LeverValue {
    row.map(|r| &r.value).filter(|value| takes(&lever.kind, value)).unwrap_or(&lever.default)
}

/// Whether a lever of this kind can have the value.
pub(crate) fn takes(kind: &LeverKind, value: &LeverValue) -> bool {
    match (kind, value) {
        (LeverKind::Boolean, LeverValue::Bool(_)) => true,
        (LeverKind::Number { min, max, .. }, LeverValue::Number(n)) => min <= n && n <= max,
        (LeverKind::Variant { options }, LeverValue::Text(text)) => options.contains(text),
        (LeverKind::Text { max_chars }, LeverValue::Text(text)) => text.chars().count() <= *max_chars as usize,
        _ => false,
    }
}

impl Kept {
    /// Takes what is declared and set now; answers what changed, by lever. `by` changed the configuration.
    pub(crate) fn take(
        &mut self,
        business: &Business,
        rows: &[LeverRow],
        by: &str,
        (now, machine): (Millis, Millis),
    ) -> Vec<(String, LeverChange)> {
        let mut changes = Vec::new();
        for lever in &business.levers {
            let row = rows.iter().find(|r| r.key == lever.key);
            let value = value_of(lever, row);
            let (off, rules) = (lever.serving.off, rules_of(lever));
            let experiments: BTreeMap<String, String> =
                kept_rules(row).iter().map(|rule| (rule.key.clone(), hash(&json!(rule)))).collect();
            let Some(kept) = self.levers.get_mut(&lever.key) else {
                let id = self.free_id(&lever.key);
                let new = KeptLever {
                    id,
                    version: 1,
                    at: now,
                    since: machine,
                    declared_since: machine,
                    off,
                    value: value.clone(),
                    rules,
                    experiments,
                    present: true,
                };
                changes.push((lever.key.clone(), new.change("declared", now, None, Some(value), by, None)));
                self.levers.insert(lever.key.clone(), new);
                continue;
            };
            let before = kept.clone();
            kept.off = off;
            kept.value = value.clone();
            kept.rules = rules;
            kept.experiments = experiments;
            kept.present = true;
            if *kept == before {
                continue;
            }
            kept.version += 1;
            kept.at = now;
            kept.since = machine;
            if !before.present {
                kept.declared_since = machine;
            }
            let kept = &*kept;
            let mut put = |kind: &str, from, to, by: &str, decision| {
                changes.push((lever.key.clone(), kept.change(kind, now, from, to, by, decision)));
            };
            if !before.present {
                put("declared", None, Some(value), by, None);
            } else if before.rules != kept.rules {
                put("rules", None, None, by, None);
            }
            if before.present && before.off != off {
                put(if off { "killed" } else { "restored" }, None, None, by, None);
            }
            if before.present && before.value != *value {
                let set = row.filter(|r| r.value == *value);
                let who = set.map_or(by, |r| &r.by);
                put("value", Some(&before.value), Some(value), who, set.and_then(|r| r.decision.clone()));
            }
            let who = row.map_or(by, |r| &r.by);
            let started = kept.experiments.iter().filter(|(key, rule)| before.experiments.get(*key) != Some(rule));
            let ended = before.experiments.keys().filter(|key| !kept.experiments.contains_key(*key));
            for (kind, key) in
                started.map(|(key, _)| ("experiment_started", key)).chain(ended.map(|key| ("experiment_ended", key)))
            {
                let change = kept.change(kind, now, None, None, who, None);
                changes.push((lever.key.clone(), LeverChange { experiment: Some(key.clone()), ..change }));
            }
        }
        for (key, kept) in &mut self.levers {
            if kept.present && business.levers.iter().all(|l| l.key != *key) {
                kept.present = false;
                kept.version += 1;
                (kept.at, kept.since) = (now, machine);
                changes.push((key.clone(), kept.change("removed", now, Some(&kept.value), None, by, None)));
            }
        }
        let face: Vec<_> = business.levers.iter().map(|l| (&l.key, &l.title)).collect();
        let face = hash(&json!(face));
        if !changes.is_empty() || face != self.face {
            self.version += 1;
            self.face = face;
        }
        changes
    }

    /// The levers in force, in the order of `business.toml`.
    pub(crate) fn flags(&self, business: &Business, rows: &[LeverRow]) -> Vec<Flag> {
        let of = |lever: &Lever| {
            let kept = self.levers.get(&lever.key)?;
            let row = rows.iter().find(|r| r.key == lever.key);
            let changed = (kept.version > 1).then_some(kept.at);
            Some(Flag {
                key: lever.key.clone(),
                id: kept.id,
                title: lever.title.clone(),
                kind: lever.kind.clone(),
                default: lever.default.clone(),
                value: value_of(lever, row).clone(),
                serving: with_experiments(lever, row),
                version: kept.version,
                updated_at: changed.max(row.map(|r| r.updated_at)),
                decision: row.and_then(|r| r.decision.clone()),
            })
        };
        business.levers.iter().filter_map(of).collect()
    }

    /// A number from the key's hash; the next free one where another lever has it.
    fn free_id(&self, key: &str) -> u32 {
        let hash = blake3::hash(key.as_bytes());
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&hash.as_bytes()[..4]);
        // 31 bits, so that it is a positive number for everybody.
        let mut id = (u32::from_le_bytes(bytes) & 0x7fff_ffff).max(1);
        while self.levers.values().any(|l| l.id == id) {
            id = (id.wrapping_add(1) & 0x7fff_ffff).max(1);
        }
        id
    }
}

impl KeptLever {
    fn change(
        &self,
        kind: &str,
        at: Millis,
        from: Option<&LeverValue>,
        to: Option<&LeverValue>,
        by: &str,
        decision: Option<String>,
    ) -> LeverChange {
        LeverChange {
            at,
            kind: kind.into(),
            from: from.cloned(),
            to: to.cloned(),
            by: by.into(),
            decision,
            version: self.version,
            experiment: None,
        }
    }
}

/// The rules that running experiments keep, as the lever's row has them.
fn kept_rules(row: Option<&LeverRow>) -> &[Rule] {
    row.map_or(&[], |r| &r.rules)
}

/// The file's rules first: what the founder wrote for somebody holds for them while an experiment runs, too.
fn with_experiments(lever: &Lever, row: Option<&LeverRow>) -> Serving {
    let mut serving = lever.serving.clone();
    let free = kept_rules(row).iter().filter(|rule| lever.serving.rules.iter().all(|r| r.key != rule.key));
    serving.rules.extend(free.cloned());
    serving
}

fn rules_of(lever: &Lever) -> String {
    let serving = Serving { off: false, ..lever.serving.clone() };
    hash(&json!([lever.kind, lever.default, serving]))
}

fn hash(value: &serde_json::Value) -> String {
    blake3::hash(epoch_model::journal::canonical(value).as_bytes()).to_hex()[..16].to_owned()
}
