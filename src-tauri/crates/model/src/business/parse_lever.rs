//! `[[lever]]`: what may be moved, between which values.

use toml_edit::Item;

use super::parse::{Frame, REVERSIBILITY};
use super::parse_metric::{DOMAINS, key, title};
use super::parse_rule::serving;
use super::section::Section;
use super::{Domain, Lever, LeverKind, LeverValue, Reversibility};

/// One `[[lever]]`.
pub(super) fn lever(section: &Section<'_>, frame: &Frame) -> Option<Lever> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    if !section.has("kind") {
        section.bad("kind", "kind is missing", "one of boolean, number, variant, text");
    }
    let kinds = [("boolean", 0), ("number", 1), ("variant", 2), ("text", 3)];
    let parsed = section.choice("kind", &kinds).and_then(|kind| match kind {
        0 => Some((LeverKind::Boolean, LeverValue::Bool(section.flag("default", false)))),
        1 => number_lever(section),
        2 => variant_lever(section),
        _ => {
            let max_chars = section.whole("max_chars", 1..100_001).unwrap_or(200);
            // An empty default text is meant: the lever is off.
            let default = section.item("default").and_then(Item::as_str).unwrap_or_default().to_owned();
            if section.item("default").is_some_and(|i| !i.is_str()) {
                section.bad("default", "default should be text", "write it in quotes");
            }
            if default.chars().count() > max_chars as usize {
                section.bad("default", format!("default is longer than max_chars ({max_chars})"), "shorten it");
            }
            Some((LeverKind::Text { max_chars }, LeverValue::Text(default)))
        }
    });
    let domain = section.choice("domain", &DOMAINS).unwrap_or(Domain::Product);
    let reversibility = section.choice("reversibility", &REVERSIBILITY).unwrap_or(Reversibility::R1);
    let cost_minor = frame.amount(section, "cost").unwrap_or(0);
    let serving = serving(section, key.as_deref().unwrap_or_default(), parsed.as_ref().map(|(kind, _)| kind));
    section.accept(&["kind", "min", "max", "step", "default", "options", "max_chars"]);
    let used: &[&str] = match parsed.as_ref().map(|(kind, _)| kind) {
        Some(LeverKind::Boolean) => &["min", "max", "step", "options", "max_chars"],
        Some(LeverKind::Number { .. }) => &["options", "max_chars"],
        Some(LeverKind::Variant { .. }) => &["min", "max", "step", "max_chars"],
        Some(LeverKind::Text { .. }) => &["min", "max", "step", "options"],
        None => &[],
    };
    for key in used.iter().filter(|key| section.has(key)) {
        section.bad(key, format!("{key} does not belong to this kind of lever"), "leave it out");
    }
    section.finish();
    let (kind, default) = parsed?;
    Some(Lever { key: key?, title, kind, default, domain, reversibility, cost_minor, serving })
}

fn number_lever(section: &Section<'_>) -> Option<(LeverKind, LeverValue)> {
    for key in ["min", "max"] {
        if !section.has(key) {
            section.bad(key, format!("{key} is missing"), "say between which values it may move");
        }
    }
    let (min, max) = (section.number("min"), section.number("max"));
    let default = section.number("default");
    let step = section.number("step").unwrap_or(1.0);
    let (min, max) = (min?, max?);
    let default = default.unwrap_or(min);
    if min >= max {
        section.bad("max", format!("max ({max}) is not above min ({min})"), "swap or change them");
    } else if !(min..=max).contains(&default) {
        section.bad("default", format!("default ({default}) lies outside {min} to {max}"), "choose one inside");
    }
    if step <= 0.0 {
        section.bad("step", "step must be above 0", "write the smallest change, e.g. step = 1");
    } else if step > max - min && min < max {
        section.bad("step", format!("step ({step}) is larger than the whole range"), "write a smaller step");
    }
    Some((LeverKind::Number { min, max, step }, LeverValue::Number(default)))
}

fn variant_lever(section: &Section<'_>) -> Option<(LeverKind, LeverValue)> {
    let options = section.texts("options");
    let distinct: std::collections::BTreeSet<&String> = options.iter().collect();
    if options.len() < 2 {
        section.bad("options", "a variant needs at least two options", "write options = [\"a\", \"b\"]");
    } else if distinct.len() != options.len() {
        section.bad("options", "an option is named twice", "name each once");
    }
    let default = section.text("default").or_else(|| options.first().cloned())?;
    if !options.is_empty() && !options.contains(&default) {
        section.bad("default", format!("“{default}” is not among the options"), options.join(", "));
    }
    Some((LeverKind::Variant { options }, LeverValue::Text(default)))
}
