//! The arms of an `[[experiment]]`: values of its lever, or what the exposures of somebody else name.

use toml_edit::{Item, Value};

use super::parse_rule::{self as rule, ARMS_MAX, unique};
use super::section::{Section, plain_number};
use super::{Lever, LeverKind, LeverValue};
use crate::serving::Arm;

/// `["gate_30", "gate_40"]`, or tables with key, value and weight.
pub(super) fn arms(section: &Section<'_>, lever: Option<&Lever>) -> Option<Vec<Arm>> {
    let example = if lever.is_some() {
        "write arms = [{ key = \"control\", value = 29 }, { key = \"test\", value = 35 }]"
    } else {
        "write arms = [\"control\", \"test\"], as the exposures name them"
    };
    if !section.has("arms") {
        section.accept(&["arms"]);
        section.bad("arms", "arms are missing", example);
        return None;
    }
    let plain = section.item("arms").and_then(Item::as_array).filter(|a| a.iter().all(|v| !v.is_inline_table()));
    let (rows, mut arms): (usize, Vec<Arm>) = if let Some(list) = plain {
        let read = list.iter().enumerate().filter_map(|(i, v)| plain_arm(section, i, v, lever)).collect();
        (list.len(), read)
    } else {
        let rows = section.sections("arms");
        let read = |row| match lever {
            Some(lever) => rule::arm(row, Some(&lever.kind)),
            None => seen_arm(row),
        };
        (rows.len(), unique(rows.iter().filter_map(|row| Some((row, read(row)?))), |arm| &arm.key, "arms"))
    };
    let total: f64 = arms.iter().map(|arm| arm.weight).sum();
    if !(2..=ARMS_MAX).contains(&rows) {
        section.bad("arms", format!("an experiment has 2 to {ARMS_MAX} arms, not {rows}"), example);
        return None;
    }
    if arms.len() != rows {
        return None;
    }
    if total <= 0.0 || arms[0].weight <= 0.0 {
        section.bad("arms", "the control needs a weight above 0, and so do the arms together", "write e.g. weight = 1");
        return None;
    }
    for (i, arm) in arms.iter().enumerate() {
        if arms[..i].iter().any(|a| a.key == arm.key) {
            section.bad("arms", format!("two of the arms are named {}", arm.key), "name each once");
        } else if lever.is_some() && arms[..i].iter().any(|a| a.value == arm.value) {
            section.bad("arms", format!("the arm {} has the value of another one", arm.key), "give each its own");
        }
    }
    for arm in &mut arms {
        arm.weight /= total;
    }
    Some(arms)
}

/// What an arm is called that has no name of its own: `control` for the first, then `test`, `test2` …
pub fn arm_key(at: usize) -> String {
    match at {
        0 => "control".to_owned(),
        1 => "test".to_owned(),
        n => format!("test{n}"),
    }
}

fn plain_arm(section: &Section<'_>, at: usize, written: &Value, lever: Option<&Lever>) -> Option<Arm> {
    let value = written
        .as_bool()
        .map(LeverValue::Bool)
        .or_else(|| plain_number(&Item::Value(written.clone())).map(LeverValue::Number))
        .or_else(|| written.as_str().map(|s| LeverValue::Text(s.to_owned())));
    let Some(value) = value else {
        section.bad("arms", "an arm should be a text, a number, true or false, or a table", "");
        return None;
    };
    if let Some((message, hint)) = lever.and_then(|l| rule::misfit(&l.kind, &value)) {
        section.bad("arms", message, hint);
        return None;
    }
    let key = if lever.is_some() { arm_key(at) } else { seen_key(section, &value)? };
    Some(Arm { key, value, weight: 1.0 })
}

/// How exposures of somebody else name an arm.
fn seen_key(section: &Section<'_>, value: &LeverValue) -> Option<String> {
    let key = match value {
        LeverValue::Bool(b) => b.to_string(),
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(t) => t.clone(),
    };
    if key.trim().is_empty() || key.len() > 100 {
        section.bad("arms", "an arm's name has 1 to 100 bytes", "write it as the exposures do");
        return None;
    }
    Some(key)
}

fn seen_arm(section: &Section<'_>) -> Option<Arm> {
    let key = section.required("key", "name the arm as the exposures do").and_then(|k| {
        let value = LeverValue::Text(k);
        seen_key(section, &value).map(|key| (key, value))
    });
    let value = if section.has("value") { rule::raw_value(section, "value") } else { None };
    let weight = if section.has("weight") { section.number("weight") } else { Some(1.0) };
    section.accept(&["weight", "value"]);
    if weight.is_some_and(|w| !(0.0..=1e6).contains(&w)) {
        section.bad("weight", "a weight is a number from 0 up", "write e.g. weight = 1");
        return None;
    }
    section.finish();
    let (key, named) = key?;
    Some(Arm { key, value: value.unwrap_or(named), weight: weight? })
}

/// Why a lever of this kind cannot take the value, and what it takes; `None` where it can.
pub fn misfit(kind: &LeverKind, value: &LeverValue) -> Option<(String, String)> {
    rule::misfit(kind, value)
}
