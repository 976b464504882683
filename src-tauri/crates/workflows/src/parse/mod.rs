//! The text of a procedure (TOML) to a [`Definition`]: every problem at once, each with its line.
//!
//! Checks what the text alone can tell; whether the business has what is named is checked in [`crate::publish`].

mod json;
mod node;
mod step;

use std::collections::BTreeMap;

use epoch_model::business::{Better, Problem, Reversibility, Section, Sink, duration_ms};
use epoch_model::decision::State;
use epoch_model::time::Millis;
use toml_edit::Document;

use crate::cadence::Cadence;
use crate::definition::{Ceilings, Definition, Input, InputKind, NODES_MAX, Need, NeedKind};
use crate::trigger::{Direction, Trigger};

/// The largest text, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Parses a procedure. All problems are returned, in the order of the text.
pub fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    let sink = Sink::new(text);
    if text.len() > BYTES_MAX {
        sink.note(0, "", format!("the text is larger than {BYTES_MAX} bytes"), "");
        return Err(sink.into_problems());
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(e) => {
            let at = e.span().map_or(0, |span| span.start);
            sink.note(at, "", e.message().trim().replace('\n', "; "), "a procedure is TOML, see https://toml.io");
            return Err(sink.into_problems());
        }
    };
    let definition = read(&Section::new(Some(document.as_table()), &sink, "", 0));
    match definition {
        Some(definition) if sink.is_clean() => Ok(definition),
        _ => Err(sink.into_problems()),
    }
}

fn read(root: &Section<'_>) -> Option<Definition> {
    let key = word(root, "key", "give it one word, e.g. key = \"weekly-review\"");
    let version = if root.has("version") { root.whole("version", 1..1_000_000).unwrap_or(1) } else { 1 };
    root.accept(&["version"]);
    let title = root.required("title", "say what people should read");
    let purpose = root.required("purpose", "say in a sentence what it is for");
    let inputs = named(root, "inputs").iter().filter_map(|(name, row)| Some((name.clone(), input(row)?))).collect();
    let needs = named(root, "needs").iter().filter_map(|(name, row)| Some((name.clone(), need(row)?))).collect();
    let triggers: Vec<Trigger> = root.sections("trigger").iter().filter_map(trigger).collect();
    let ceilings = root.section("ceilings").map_or_else(Ceilings::default, |row| ceilings(&row));
    let rows = root.sections("node");
    if rows.is_empty() {
        root.bad("node", "it has no node", "write its steps as [[node]]");
    }
    if rows.len() > NODES_MAX {
        root.bad("node", format!("it has more than {NODES_MAX} nodes"), "move a part into a workflow of its own");
    }
    let nodes: Vec<_> = rows.iter().filter_map(node::node).collect();
    for (i, node) in nodes.iter().enumerate() {
        if nodes[..i].iter().any(|other| other.key == node.key)
            && let Some(row) = rows.iter().rfind(|row| row.item("key").and_then(|k| k.as_str()) == Some(&node.key))
        {
            row.bad("key", format!("two nodes have the key “{}”", node.key), "give each its own");
        }
    }
    let start = if root.has("start") { root.text("start") } else { nodes.first().map(|node| node.key.clone()) };
    root.accept(&["start"]);
    root.finish();
    let triggers = if triggers.is_empty() { vec![Trigger::Manual] } else { triggers };
    Some(Definition {
        key: key?,
        version,
        title: title?,
        purpose: purpose?,
        inputs,
        needs,
        nodes,
        start: start?,
        triggers,
        ceilings,
    })
}

/// One word of letters, digits, `_` and `-` that others refer to.
fn word(section: &Section<'_>, key: &'static str, hint: &str) -> Option<String> {
    let text = section.required(key, hint)?;
    if !is_word(&text) {
        section.bad(key, format!("“{text}” is not one word"), "use letters, digits, _ and -, starting with a letter");
        return None;
    }
    Some(text)
}

fn is_word(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    first && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The tables below a table, by name.
fn named<'a>(section: &Section<'a>, key: &'static str) -> BTreeMap<String, Section<'a>> {
    let Some(rows) = section.section(key) else { return BTreeMap::new() };
    let mut out = BTreeMap::new();
    for (name, item) in rows.rest() {
        let at = item.span().map_or_else(|| section.place(key), |span| span.start);
        match item.as_table_like() {
            Some(table) if is_word(&name) => {
                let row = Section::new(Some(table), section.sink, format!("{}.{name}", rows.path), at);
                out.insert(name, row);
            }
            Some(_) => rows.bad(&name, format!("“{name}” is not one word"), "use letters, digits, _ and -"),
            None => rows.bad(&name, format!("{name} should be a table"), format!("write [{key}.{name}]")),
        }
    }
    out
}

/// A duration, in milliseconds; a second at least.
fn duration(section: &Section<'_>, key: &'static str) -> Option<Millis> {
    let text = section.text(key)?;
    let found = duration_ms(&text).filter(|ms| *ms >= 1000);
    if found.is_none() {
        section.bad(key, format!("“{text}” is no duration"), "write e.g. \"30 minutes\", \"12h\" or \"7d\"");
    }
    found
}

const REVERSIBILITY: [(&str, Reversibility); 4] =
    [("R0", Reversibility::R0), ("R1", Reversibility::R1), ("R2", Reversibility::R2), ("R3", Reversibility::R3)];

fn input(row: &Section<'_>) -> Option<Input> {
    let kinds = [("text", InputKind::Text), ("number", InputKind::Number), ("boolean", InputKind::Boolean)];
    let kind = if row.has("kind") { row.choice("kind", &kinds) } else { Some(InputKind::Text) };
    row.accept(&["kind"]);
    let about = row.text("about").unwrap_or_default();
    let default = row.item("default").and_then(|item| {
        let value = json::scalar(item);
        let fits = matches!(
            (kind, &value),
            (Some(InputKind::Text), Some(crate::Scalar::Text(_)))
                | (Some(InputKind::Number), Some(crate::Scalar::Number(_)))
                | (Some(InputKind::Boolean), Some(crate::Scalar::Bool(_)))
                | (None, Some(_))
        );
        if !fits {
            row.bad("default", "the default is of another kind than the input", "");
        }
        value
    });
    row.finish();
    Some(Input { kind: kind?, about, default })
}

fn need(row: &Section<'_>) -> Option<Need> {
    let kinds = [
        ("effect", NeedKind::Effect),
        ("lever", NeedKind::Lever),
        ("metric", NeedKind::Metric),
        ("workflow", NeedKind::Workflow),
    ];
    if !row.has("kind") {
        row.bad("kind", "kind is missing", "one of effect, lever, metric, workflow");
    }
    let kind = row.choice("kind", &kinds);
    let about = row.required("about", "say what it is used for");
    let keys = row.texts("keys");
    let words = row.texts("words");
    let of = row.texts("of");
    let at_most = row.choice("at_most", &REVERSIBILITY);
    let better = row.choice("better", &[("up", Better::Up), ("down", Better::Down), ("neither", Better::Neither)]);
    let bound = row.text("bound");
    row.finish();
    Some(Need { kind: kind?, about: about?, keys, words, of, at_most, better, bound })
}

fn trigger(row: &Section<'_>) -> Option<Trigger> {
    let kind = row.required("kind", "one of manual, schedule, insight, decision")?;
    let found = match kind.as_str() {
        "manual" => Some(Trigger::Manual),
        "schedule" => cadence(row, "every").map(|every| Trigger::Schedule { every }),
        "insight" => {
            let directions = [
                ("up", Direction::Up),
                ("down", Direction::Down),
                ("better", Direction::Better),
                ("worse", Direction::Worse),
                ("any", Direction::Any),
            ];
            let metric = row.required("metric", "name a metric, or a role of [needs] as @role");
            let direction =
                if row.has("direction") { row.choice("direction", &directions) } else { Some(Direction::Any) };
            row.accept(&["direction"]);
            metric.zip(direction).map(|(metric, direction)| Trigger::Insight { metric, direction })
        }
        "decision" => {
            let states = [
                ("approved", State::Approved),
                ("rejected", State::Rejected),
                ("expired", State::Expired),
                ("executed", State::Executed),
                ("failed", State::Failed),
                ("scored", State::Scored),
            ];
            if !row.has("state") {
                row.bad("state", "state is missing", "one of approved, rejected, expired, executed, failed, scored");
            }
            let state = row.choice("state", &states);
            let target = row.text("target");
            state.map(|state| Trigger::Decision { state, target })
        }
        other => {
            row.bad("kind", format!("kind cannot be “{other}”"), "one of manual, schedule, insight, decision");
            row.accept(&["every", "metric", "direction", "state", "target"]);
            None
        }
    };
    row.finish();
    found
}

fn cadence(row: &Section<'_>, key: &'static str) -> Option<Cadence> {
    let text = row.required(key, "write e.g. \"monday 09:00\", \"day 07:00\" or \"hour\"")?;
    match text.parse() {
        Ok(cadence) => Some(cadence),
        Err(e) => {
            row.bad(key, e.message, e.hint);
            None
        }
    }
}

fn ceilings(row: &Section<'_>) -> Ceilings {
    let standard = Ceilings::default();
    let whole = |key: &'static str, most: u32, absent: u32| {
        if row.has(key) { row.whole(key, 1..most + 1).unwrap_or(absent) } else { absent }
    };
    let money = |key: &'static str| {
        let n = row.number(key)?;
        if n < 0.0 || n.fract() != 0.0 || n > 1e15 {
            row.bad(key, format!("{key} is a whole number of minor units (cents)"), "write e.g. 5000 for 50.00");
        }
        #[expect(clippy::cast_possible_truncation, reason = "refused above when not whole or too large")]
        Some(n as i64)
    };
    let found = Ceilings {
        steps: whole("steps", 10_000, standard.steps),
        effects: whole("effects", 1_000, standard.effects),
        money_minor: money("money_minor"),
        lives_ms: if row.has("lives") {
            duration(row, "lives").unwrap_or(standard.lives_ms)
        } else {
            standard.lives_ms
        },
        repeats: whole("repeats", 100, standard.repeats),
        runs_per_day: whole("runs_per_day", 1_000, standard.runs_per_day),
        effects_per_day: whole("effects_per_day", 10_000, standard.effects_per_day),
        money_per_day_minor: money("money_per_day_minor"),
    };
    row.accept(&["steps", "effects", "lives", "repeats", "runs_per_day", "effects_per_day"]);
    row.finish();
    found
}
