//! Roles of a procedure and what of the business fills them.

use std::collections::BTreeMap;

use epoch_model::business::{Better, Business, LeverKind, Reversibility};
use epoch_model::{Code, Error, Result};
use toml_edit::{DocumentMut, Item};

use crate::definition::{Call, Definition, Need, NeedKind, Step};
use crate::trigger::Trigger;

/// What stands before a role where a key of the business would stand.
pub const ROLE: char = '@';

/// The keys a definition names, with what kind they are and where they stand.
pub(crate) fn names(definition: &Definition) -> Vec<(NeedKind, String, String)> {
    let mut all = Vec::new();
    let mut copy = definition.clone();
    visit(&mut copy, &mut |kind, path, key| all.push((kind, path.to_owned(), key.clone())));
    all
}

/// Shows every place that names something of the business.
fn visit(definition: &mut Definition, see: &mut dyn FnMut(NeedKind, &str, &mut String)) {
    for (i, trigger) in definition.triggers.iter_mut().enumerate() {
        if let Trigger::Insight { metric, .. } = trigger {
            see(NeedKind::Metric, &format!("trigger.{}.metric", i + 1), metric);
        }
    }
    for node in &mut definition.nodes {
        let at = |field: &str| format!("node.{}.{field}", node.key);
        match &mut node.step {
            Step::Effect { effect, .. } => see(NeedKind::Effect, &at("effect"), effect),
            Step::Lever { lever, .. } => see(NeedKind::Lever, &at("lever"), lever),
            Step::Measure { metric, .. } => see(NeedKind::Metric, &at("metric"), metric),
            Step::Experiment { question } => {
                see(NeedKind::Lever, &at("lever"), &mut question.lever);
                see(NeedKind::Metric, &at("metric"), &mut question.metric);
            }
            Step::Sub { workflow, .. } => see(NeedKind::Workflow, &at("workflow"), workflow),
            _ => {}
        }
        match &mut node.undo {
            Some(Call::Effect { effect, .. }) => see(NeedKind::Effect, &at("undo"), effect),
            Some(Call::Lever { lever, .. } | Call::Restore { lever }) => see(NeedKind::Lever, &at("undo"), lever),
            None => {}
        }
    }
}

/// The definition with the business's keys in place of its roles. [`Code::InvalidArgument`] when a role is not given or not
/// known.
pub fn bind(definition: &Definition, roles: &BTreeMap<String, String>) -> Result<Definition> {
    if let Some(role) = roles.keys().find(|role| !definition.needs.contains_key(*role)) {
        let known: Vec<&str> = definition.needs.keys().map(String::as_str).collect();
        return Err(Error::new(
            Code::InvalidArgument,
            format!("{} has no role “{role}”", definition.key),
            format!("it has {}", known.join(", ")),
        ));
    }
    let mut bound = definition.clone();
    for (role, need) in &mut bound.needs {
        if let Some(key) = roles.get(role) {
            need.bound = Some(key.clone());
        }
        if need.bound.is_none() {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("nothing fills the role “{role}”: {}", need.about),
                "name a key of business.toml for it",
            ));
        }
    }
    let keys: BTreeMap<String, String> =
        bound.needs.iter().filter_map(|(role, need)| Some((role.clone(), need.bound.clone()?))).collect();
    visit(&mut bound, &mut |_, _, name| {
        if let Some(key) = name.strip_prefix(ROLE).and_then(|role| keys.get(role)) {
            key.clone_into(name);
        }
    });
    Ok(bound)
}

/// The text of a procedure with `bound = "key"` written into its roles; comments and order stay. [`Code::InvalidArgument`] when
/// the text is no TOML or has no such role.
pub fn bind_text(text: &str, roles: &BTreeMap<String, String>) -> Result<String> {
    let refuse = |message: String| Error::new(Code::InvalidArgument, message, "check the roles under [needs]");
    let mut document: DocumentMut = text.parse().map_err(|_| refuse("the text is no TOML".to_owned()))?;
    for (role, key) in roles {
        let need = document.get_mut("needs").and_then(|needs| needs.get_mut(role));
        let need = need.and_then(Item::as_table_like_mut);
        let need = need.ok_or_else(|| refuse(format!("there is no role “{role}”")))?;
        need.insert("bound", toml_edit::value(key.as_str()));
    }
    Ok(document.to_string())
}

/// For every role the business's keys that fit it, the best first. `workflows` are the keys of those published.
pub fn suggest(definition: &Definition, business: &Business, workflows: &[&str]) -> BTreeMap<String, Vec<String>> {
    let fitting = |need: &Need| {
        let mut ranked: Vec<(u8, usize, String)> = candidates(need, business, workflows)
            .into_iter()
            .enumerate()
            .filter_map(|(at, key)| Some((rank(need, &key)?, at, key)))
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, _, key)| key).collect()
    };
    definition.needs.iter().map(|(role, need)| (role.clone(), fitting(need))).collect()
}

/// Keys of the right kind, in the order of `business.toml`.
fn candidates(need: &Need, business: &Business, workflows: &[&str]) -> Vec<String> {
    match need.kind {
        NeedKind::Effect => {
            let fits =
                |e: &&epoch_model::business::EffectTarget| undoable(need, e.reversibility) && of(need, e.kind.word());
            business.effects.iter().filter(fits).map(|e| e.key.clone()).collect()
        }
        NeedKind::Lever => {
            let fits = |l: &&epoch_model::business::Lever| undoable(need, l.reversibility) && of(need, word(&l.kind));
            business.levers.iter().filter(fits).map(|l| l.key.clone()).collect()
        }
        NeedKind::Metric => {
            let fits = |m: &&epoch_model::business::Metric| need.better.is_none_or(|better| points(m.better, better));
            business.metrics.iter().filter(fits).map(|m| m.key.clone()).collect()
        }
        NeedKind::Workflow => workflows.iter().map(|key| (*key).to_owned()).collect(),
    }
}

/// 0 for a key that is named, 1 for one with a fitting part, 2 where the role asks for none; `None` when it does not fit.
fn rank(need: &Need, key: &str) -> Option<u8> {
    if need.keys.iter().any(|named| named == key) {
        return Some(0);
    }
    let fits = |word: &String| key.split(['_', '-']).any(|part| part.starts_with(word.as_str()));
    if need.words.iter().any(fits) {
        return Some(1);
    }
    // Metrics and levers mean something by their names; a place to write to may be called anything.
    let any_name = matches!(need.kind, NeedKind::Effect) || (need.keys.is_empty() && need.words.is_empty());
    any_name.then_some(2)
}

/// Why a key cannot fill a role, as the business stands; `None` when it can.
pub(crate) fn misfit(need: &Need, key: &str, business: &Business) -> Option<String> {
    match need.kind {
        NeedKind::Effect => {
            let effect = business.effects.iter().find(|e| e.key == key)?;
            let word = effect.kind.word();
            if !of(need, word) {
                return Some(format!("“{key}” is of kind {word}, and the role takes {}", need.of.join(", ")));
            }
            (!undoable(need, effect.reversibility)).then(|| too_hard(key, effect.reversibility))
        }
        NeedKind::Lever => {
            let lever = business.levers.iter().find(|l| l.key == key)?;
            let word = word(&lever.kind);
            if !of(need, word) {
                return Some(format!("“{key}” is a {word} lever, and the role takes {}", need.of.join(", ")));
            }
            (!undoable(need, lever.reversibility)).then(|| too_hard(key, lever.reversibility))
        }
        NeedKind::Metric | NeedKind::Workflow => None,
    }
}

fn too_hard(key: &str, reversibility: Reversibility) -> String {
    format!("“{key}” is {reversibility:?}, harder to undo than the role allows")
}

fn undoable(need: &Need, reversibility: Reversibility) -> bool {
    need.at_most.is_none_or(|most| reversibility <= most)
}

fn of(need: &Need, word: &str) -> bool {
    need.of.is_empty() || need.of.iter().any(|kind| kind == word)
}

fn points(metric: Better, wanted: Better) -> bool {
    metric == wanted || wanted == Better::Neither
}

fn word(kind: &LeverKind) -> &'static str {
    match kind {
        LeverKind::Boolean => "boolean",
        LeverKind::Number { .. } => "number",
        LeverKind::Variant { .. } => "variant",
        LeverKind::Text { .. } => "text",
    }
}
