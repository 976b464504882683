//! Rules that do nothing.
//!
//! A rule asks facts only against constants, so between two constants nothing changes: held against every combination of
//! values at, beside and between all constants of all rules, a rule that never matters there never matters at all. Where there
//! are too many combinations some are drawn, and the finding says that it was not proven. Arithmetic and comparisons between facts
//! are outside of that argument: they are tried at those points and at the ends of the facts' ranges, and prove nothing.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Authorizer, Effect, PolicyId, PolicySet};
use epoch_model::business::{Domain, Reversibility};
use epoch_model::decision::Level;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::facts::{Action, Questions};
use crate::words::fact;
use crate::{Facts, Policy};

/// Combinations tried.
const POINTS_MAX: usize = 4_000;
/// Money beyond any business's, in minor units.
const LARGE: i64 = 1_000_000_000_000_000;

/// What acts and effects are called.
const ACTS: [&str; 7] =
    ["set_lever", "start_experiment", "end_experiment", "call", "start_workflow", "edit_workflow", "choose"];
const EFFECTS: [&str; 7] = ["webhook", "github", "file", "mail", "slack", "shell", "model"];

const DOMAINS: [Domain; 13] = [
    Domain::Iot,
    Domain::Infrastructure,
    Domain::Operations,
    Domain::Analytics,
    Domain::Content,
    Domain::Support,
    Domain::Saas,
    Domain::Ecommerce,
    Domain::Ux,
    Domain::Marketing,
    Domain::Product,
    Domain::Sales,
    Domain::Pricing,
];

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "PolicyFindingKind")]
pub enum FindingKind {
    /// Its condition never holds.
    Never,
    /// What it allows is always forbidden by another.
    Shadowed,
    /// Whatever it allows others allow already.
    Redundant,
    /// What it forbids nothing allows.
    Idle,
    /// It may fail while it is evaluated, and then everything is denied.
    Fails,
}

/// A rule that does nothing, or harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyFinding")]
pub struct Finding {
    /// The rule's title.
    pub rule: String,
    pub kind: FindingKind,
    /// The rules that overrule it.
    pub because: Vec<String>,
    /// In a sentence.
    pub text: String,
    /// Whether every combination was tried.
    pub proven: bool,
}

/// Values worth trying.
#[derive(Default)]
pub(crate) struct Values {
    numbers: BTreeMap<String, BTreeSet<i64>>,
    /// Every text a rule holds: acts and kinds of effects are the only ones facts are compared with.
    texts: BTreeSet<String>,
    proposers: BTreeSet<String>,
    targets: BTreeSet<String>,
    domains: BTreeSet<String>,
    /// Every fact that is asked, and `principal` and `resource`.
    asked: BTreeSet<String>,
    stake_asked: bool,
    /// Facts that are computed with, or compared with one another: for them nothing is proven between two constants.
    computed: BTreeSet<String>,
}

/// What was seen of one rule over all points.
#[derive(Default, Clone)]
struct Seen {
    held: bool,
    /// Held where no rule of the other effect held (for a permit), or where a permit held (for a forbid).
    mattered: bool,
    /// Held where no other permit held.
    alone: bool,
    overruled_by: BTreeSet<usize>,
    helped_by: Option<BTreeSet<usize>>,
    failed: Option<String>,
}

impl Policy {
    /// Rules that have no effect, whatever the facts.
    pub fn lint(&self) -> Vec<Finding> {
        let mut values = Values::default();
        values.take_rules(self);
        let (points, proven) = values.points();
        let (permits, forbids) = (self.only(Effect::Permit), self.only(Effect::Forbid));
        let mut seen = vec![Seen::default(); self.order.len()];
        for facts in &points {
            let Ok(questions) = facts.questions() else { continue };
            for action in [Action::Execute, Action::Propose] {
                let allowed = self.holding(&permits, &questions, action, &mut seen);
                let forbidden = self.holding(&forbids, &questions, action, &mut seen);
                note(&mut seen, &allowed, &forbidden);
            }
        }
        self.findings(&seen, proven)
    }

    fn only(&self, effect: Effect) -> PolicySet {
        let rules = self.set.policies().filter(|p| p.effect() == effect).cloned();
        PolicySet::from_policies(rules).unwrap_or_default()
    }

    /// The rules of a set that hold, as places in the text.
    fn holding(&self, set: &PolicySet, asked: &Questions, action: Action, seen: &mut [Seen]) -> Vec<usize> {
        let response = Authorizer::new().is_authorized(asked.of(action), set, &asked.entities);
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(of) = error;
            if let Some(at) = self.place(of.policy_id()) {
                seen[at].failed.get_or_insert_with(|| error.to_string());
            }
        }
        let mut held: Vec<usize> = response.diagnostics().reason().filter_map(|id| self.place(id)).collect();
        held.sort_unstable();
        held
    }

    fn place(&self, id: &PolicyId) -> Option<usize> {
        self.order.iter().position(|o| o == id)
    }

    fn findings(&self, seen: &[Seen], proven: bool) -> Vec<Finding> {
        let titles = |places: &BTreeSet<usize>| -> Vec<String> {
            places.iter().filter_map(|at| self.order.get(*at)).map(|id| self.title(id)).collect()
        };
        let mut out = Vec::new();
        let mut dropped = BTreeSet::new();
        for (at, id) in self.order.iter().enumerate() {
            let Some(rule) = self.set.policy(id) else { continue };
            let (s, permit) = (&seen[at], rule.effect() == Effect::Permit);
            let mut add = |kind, because: Vec<String>, text: &str| {
                out.push(Finding { rule: self.title(id), kind, because, text: text.to_owned(), proven });
            };
            if let Some(why) = &s.failed {
                add(FindingKind::Fails, Vec::new(), &format!("it can fail, and then everything is denied: {why}"));
            } else if !s.held {
                add(FindingKind::Never, Vec::new(), "its condition never holds");
            } else if permit && !s.mattered {
                add(FindingKind::Shadowed, titles(&s.overruled_by), "what it allows is always forbidden");
            } else if permit && !s.alone {
                let others = s.helped_by.clone().unwrap_or_default();
                // Of two rules that say the same one must stay.
                if !others.is_empty() && others.is_disjoint(&dropped) {
                    dropped.insert(at);
                    add(FindingKind::Redundant, titles(&others), "whatever it allows is allowed already");
                }
            } else if !permit && !s.mattered {
                add(FindingKind::Idle, Vec::new(), "what it forbids nothing allows");
            }
        }
        out
    }
}

fn note(seen: &mut [Seen], allowed: &[usize], forbidden: &[usize]) {
    for at in allowed {
        let s = &mut seen[*at];
        s.held = true;
        if forbidden.is_empty() {
            s.mattered = true;
            let others: BTreeSet<usize> = allowed.iter().copied().filter(|o| o != at).collect();
            s.alone |= others.is_empty();
            s.helped_by = Some(match s.helped_by.take() {
                Some(before) => before.intersection(&others).copied().collect(),
                None => others,
            });
        } else {
            s.overruled_by.extend(forbidden);
        }
    }
    for at in forbidden {
        seen[*at].held = true;
        seen[*at].mattered |= !allowed.is_empty();
    }
}

impl Values {
    /// Collects the constants of all rules of a policy.
    pub(crate) fn take_rules(&mut self, policy: &Policy) {
        for id in &policy.order {
            if let Some(tree) = policy.set.policy(id).and_then(|rule| rule.to_json().ok()) {
                for (scope, of) in [("principal", "principal"), ("resource", "resource")] {
                    if tree[scope]["op"] != "All" {
                        self.asked.insert(of.to_owned());
                    }
                }
                self.take(&tree);
            }
        }
    }

    /// What the rules ask.
    pub(crate) fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    /// Collects the constants of a rule.
    fn take(&mut self, node: &Value) {
        match node {
            Value::Object(map) => {
                for op in ["==", "!=", "<", "<=", ">", ">="] {
                    if let Some(pair) = map.get(op) {
                        self.compared(&pair["left"], &pair["right"]);
                        self.compared(&pair["right"], &pair["left"]);
                    }
                }
                for op in ["+", "-", "*"] {
                    if let Some(pair) = map.get(op) {
                        self.compute(&pair["left"]);
                        self.compute(&pair["right"]);
                    }
                }
                if let Some(pair) = map.get("contains") {
                    for one in pair["left"]["Set"].as_array().into_iter().flatten() {
                        self.compared(&pair["right"], one);
                    }
                }
                if let Some(has) = map.get("has") {
                    self.stake_asked |= has["attr"] == "stake";
                }
                if let Some(name) = fact(node) {
                    self.stake_asked |= name == "stake";
                    self.asked.insert(name.to_owned());
                }
                if let (Some(kind), Some(id)) =
                    (map.get("type").and_then(Value::as_str), map.get("id").and_then(Value::as_str))
                {
                    match kind {
                        "Kind" => self.proposers.insert(format!("{id}:any")),
                        "Proposer" => self.proposers.insert(id.to_owned()),
                        "Target" => self.targets.insert(id.to_owned()),
                        "Domain" => self.domains.insert(id.to_owned()),
                        _ => false,
                    };
                }
                if let Some(of) = map.get("Var").and_then(Value::as_str).filter(|of| *of != "context") {
                    self.asked.insert(of.to_owned());
                }
                for child in map.values() {
                    self.take(child);
                }
            }
            Value::Array(all) => all.iter().for_each(|child| self.take(child)),
            Value::String(text) => {
                self.texts.insert(text.clone());
            }
            _ => {}
        }
    }

    fn compared(&mut self, left: &Value, right: &Value) {
        if let (Some(name), Some(n)) = (fact(left), right.get("Value").and_then(Value::as_i64)) {
            self.numbers.entry(name.to_owned()).or_default().extend([n.saturating_sub(1), n, n.saturating_add(1)]);
        } else if right.get("Value").is_none() && left.get("Value").is_none() {
            self.compute(left);
        }
    }

    /// Notes the facts of an expression that is computed.
    fn compute(&mut self, node: &Value) {
        if let Some(name) = fact(node) {
            self.computed.insert(name.to_owned());
            return;
        }
        match node {
            Value::Object(map) => map.values().for_each(|child| self.compute(child)),
            Value::Array(all) => all.iter().for_each(|child| self.compute(child)),
            _ => {}
        }
    }

    fn of(&self, name: &str, low: i64, high: i64, usual: i64) -> Vec<i64> {
        let mut all: BTreeSet<i64> =
            self.numbers.get(name).into_iter().flatten().copied().filter(|n| (low..=high).contains(n)).collect();
        if self.computed.contains(name) {
            all.extend([low.max(-LARGE), 0, 1, high.min(LARGE)].iter().filter(|n| (low..=high).contains(*n)));
        }
        if all.is_empty() {
            all.insert(usual);
        }
        all.into_iter().collect()
    }

    /// The combinations, and whether they are all of them.
    pub(crate) fn points(&self) -> (Vec<Facts>, bool) {
        let texts = |set: &BTreeSet<String>, other: &str| {
            let mut all: Vec<String> = set.iter().cloned().collect();
            all.push(other.to_owned());
            all
        };
        let among = |known: &[&str], fact: &str, other: &str| {
            let mut all: Vec<String> = Vec::new();
            if self.asked.contains(fact) {
                all.extend(self.texts.iter().filter(|t| known.contains(&t.as_str())).cloned());
            }
            all.push(other.to_owned());
            all
        };
        let acts = among(&ACTS, "act", "other");
        let effects = among(&EFFECTS, "effect", "");
        let proposers = texts(&self.proposers, "other:any");
        let targets = texts(&self.targets, "lever any");
        let domains: Vec<Domain> = {
            let mut all: Vec<Domain> =
                self.domains.iter().filter_map(|d| serde_json::from_value(Value::String(d.clone())).ok()).collect();
            // One that no rule names, where there is one.
            all.extend(DOMAINS.iter().copied().find(|d| !all.contains(d)));
            all
        };
        let levels = self.of("level", 0, 3, 0);
        let kinds = self.of("reversibility", 0, 3, 1);
        let mut stakes: Vec<Option<i64>> = self.of("stake", 0, i64::MAX, 0).into_iter().map(Some).collect();
        if self.stake_asked {
            stakes.push(None);
        }
        let costs = self.of("cost", 0, i64::MAX, 0);
        let left = self.of("budget_left", i64::MIN, i64::MAX, 0);
        let exposures = self.of("exposure", 0, 10_000, 0);
        let chances = self.of("chance_worse", 0, 10_000, 0);
        let either = |name: &str| if self.asked.contains(name) { vec![false, true] } else { vec![false] };
        let novel = either("novel");
        let (drawdown, first, broken, step) =
            (either("drawdown"), either("first_contact"), either("breaker_open"), either("run_of_workflow"));
        let earned = self.of("autonomy", 0, 3, 1);
        let widths = self.of("uncertainty", 0, 1_000_000, 0);
        let delays = self.of("delay_cost", 0, i64::MAX, 0);
        let hours = self.of("hour", 0, 23, 12);
        let days = self.of("weekday", 1, 7, 3);

        let sizes =
            [acts.len(), proposers.len(), targets.len(), domains.len(), levels.len(), kinds.len(), stakes.len()];
        let more = [costs.len(), left.len(), exposures.len(), chances.len(), novel.len(), hours.len(), days.len()];
        let rest = [
            effects.len(),
            drawdown.len(),
            first.len(),
            broken.len(),
            step.len(),
            earned.len(),
            widths.len(),
            delays.len(),
        ];
        let total = sizes
            .iter()
            .chain(&more)
            .chain(&rest)
            .try_fold(1_usize, |n, size| n.checked_mul(*size))
            .unwrap_or(usize::MAX);
        let all_of_them = total <= POINTS_MAX;
        let proven = all_of_them && self.computed.is_empty();
        let points = (0..total.min(POINTS_MAX)).map(|n| {
            // Every combination in order, or as many drawn by a fixed sequence.
            let mut rest = if all_of_them { n as u64 } else { spread(n as u64) };
            let mut pick = |size: usize| {
                let at = rest % size as u64;
                rest = if all_of_them { rest / size as u64 } else { spread(rest) };
                usize::try_from(at).unwrap_or(0)
            };
            Facts {
                act: acts[pick(acts.len())].clone(),
                proposer: proposers[pick(proposers.len())].clone(),
                target: targets[pick(targets.len())].clone(),
                domain: domains[pick(domains.len())],
                level: level(levels[pick(levels.len())]),
                reversibility: reversibility(kinds[pick(kinds.len())]),
                stake: stakes[pick(stakes.len())],
                cost: costs[pick(costs.len())],
                budget_left: left[pick(left.len())],
                exposure: exposures[pick(exposures.len())],
                chance_worse: chances[pick(chances.len())],
                novel: novel[pick(novel.len())],
                effect: effects[pick(effects.len())].clone(),
                autonomy: earned[pick(earned.len())],
                drawdown: drawdown[pick(drawdown.len())],
                first_contact: first[pick(first.len())],
                breaker_open: broken[pick(broken.len())],
                run_of_workflow: step[pick(step.len())],
                uncertainty: widths[pick(widths.len())],
                delay_cost: delays[pick(delays.len())],
                hour: hours[pick(hours.len())],
                weekday: days[pick(days.len())],
            }
        });
        (points.collect(), proven)
    }
}

/// SplitMix64: a number far from its neighbours'.
fn spread(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn level(n: i64) -> Level {
    match n {
        0 => Level::Operational,
        1 => Level::Tactical,
        2 => Level::Strategic,
        _ => Level::Sovereign,
    }
}

fn reversibility(n: i64) -> Reversibility {
    match n {
        0 => Reversibility::R0,
        1 => Reversibility::R1,
        2 => Reversibility::R2,
        _ => Reversibility::R3,
    }
}
