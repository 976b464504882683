//! The serving keys of `[[lever]]` and its `[[lever.rule]]`.

use super::literal::share;
use super::section::Section;
use super::{LeverKind, LeverValue};
use crate::predicate::Predicate;
use crate::serving::{Arm, Holdout, Prerequisite, Protocol, Rule, Serve, Serving, Slice};

const PROTOCOLS: [(&str, Protocol); 4] = [
    ("ofrep", Protocol::Ofrep),
    ("posthog", Protocol::Posthog),
    ("growthbook", Protocol::Growthbook),
    ("unleash", Protocol::Unleash),
];

/// Most rules of a lever, arms of an experiment and levers a lever requires.
const RULES_MAX: usize = 50;
pub(super) const ARMS_MAX: usize = 20;
const REQUIRES_MAX: usize = 10;

/// How the lever `section` says it is served. `kind` is unknown where it is wrong itself.
pub(super) fn serving(section: &Section<'_>, lever: &str, kind: Option<&LeverKind>) -> Serving {
    let served_as: Vec<Protocol> =
        section.texts("served_as").iter().filter_map(|text| section.choose("served_as", text, &PROTOCOLS)).collect();
    if (1..served_as.len()).any(|i| served_as[..i].contains(&served_as[i])) {
        section.bad("served_as", "a protocol is named twice", "name each once");
    }
    if section.has("served_as") && section.texts("served_as").is_empty() {
        section.bad("served_as", "no protocol would serve it", "leave it out for all of them, or write off = true");
    }
    let seed = section.text("seed").unwrap_or_else(|| lever.to_owned());
    if seed.len() > 100 {
        section.bad("seed", "seed is longer than 100 bytes", "a word is enough");
    }
    let rules = section.sections("rule");
    if rules.len() > RULES_MAX {
        section.bad("rule", format!("a lever has at most {RULES_MAX} rules"), "join some with || in their if");
    }
    let requires = section.sections("requires");
    if requires.len() > REQUIRES_MAX {
        section.bad("requires", format!("a lever requires at most {REQUIRES_MAX} others"), "require fewer");
    }
    Serving {
        served_as,
        group: word(section, "group"),
        off: section.flag("off", false),
        seed,
        rules: unique(rules.iter().filter_map(|row| Some((row, rule(row, kind)?))), |rule| &rule.key, "rules"),
        requires: unique(
            requires.iter().filter_map(|row| Some((row, requirement(row)?))),
            |r| &r.lever,
            "prerequisites",
        ),
        holdout: section.section("holdout").and_then(|row| holdout(&row)),
    }
}

/// The rows, each key once.
pub(super) fn unique<'a, 's: 'a, T>(
    rows: impl Iterator<Item = (&'a Section<'s>, T)>,
    key: impl Fn(&T) -> &String,
    what: &str,
) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for (section, row) in rows {
        if kept.iter().any(|k| key(k) == key(&row)) {
            let name = if section.has("lever") { "lever" } else { "key" };
            section.bad(name, format!("two of the {what} have this key"), "give each its own");
        }
        kept.push(row);
    }
    kept
}

/// A word that may stand in exposures and hashes: letters, digits and `_ - .`
pub(super) fn word(section: &Section<'_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    if text.len() > 64 || !text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        section.bad(key, format!("“{text}” cannot be a name here"), "letters, digits, _ - and . only, 64 at most");
        return None;
    }
    Some(text)
}

pub(super) fn needed(section: &Section<'_>, key: &'static str, hint: &str) -> Option<String> {
    if !section.has(key) {
        return section.required(key, hint);
    }
    word(section, key)
}

/// A share of everyone, 0 to 1: `"5 %"` or 0.05.
pub(super) fn portion(section: &Section<'_>, key: &'static str) -> Option<f64> {
    let n = section.number_or(key, "\"5 %\" or 0.05", |t| share(t).ok_or_else(|| format!("“{t}” is no share")))?;
    if !(0.0..=1.0).contains(&n) {
        section.bad(key, format!("{key} lies outside 0 % to 100 %"), "write e.g. \"20 %\"");
        return None;
    }
    Some(n)
}

fn holdout(section: &Section<'_>) -> Option<Holdout> {
    let key = needed(section, "key", "name it, e.g. key = \"global\"");
    if !section.has("share") {
        section.bad("share", "share is missing", "write e.g. share = \"5 %\"");
    }
    let share = portion(section, "share");
    section.finish();
    Some(Holdout { key: key?, share: share? })
}

fn requirement(section: &Section<'_>) -> Option<Prerequisite> {
    let lever = section.required("lever", "name the lever's key");
    let is = raw_value(section, "is");
    section.finish();
    Some(Prerequisite { lever: lever?, is: is? })
}

/// A value of any kind.
pub(super) fn raw_value(section: &Section<'_>, key: &'static str) -> Option<LeverValue> {
    if !section.has(key) {
        section.accept(&[key]);
        section.bad(key, format!("{key} is missing"), "write the value");
        return None;
    }
    let item = section.item(key)?;
    let value = item
        .as_bool()
        .map(LeverValue::Bool)
        .or_else(|| super::section::plain_number(item).map(LeverValue::Number))
        .or_else(|| item.as_str().map(|s| LeverValue::Text(s.to_owned())));
    if value.is_none() {
        section.bad(key, format!("{key} should be a value"), "write true, a number or text");
    }
    value
}

/// A value the lever may take.
pub(super) fn value(section: &Section<'_>, kind: Option<&LeverKind>) -> Option<LeverValue> {
    let value = raw_value(section, "value")?;
    if let Some((message, hint)) = kind.and_then(|kind| misfit(kind, &value)) {
        section.bad("value", message, hint);
        return None;
    }
    Some(value)
}

/// Why a lever of this kind cannot take the value, and what it takes.
pub(super) fn misfit(kind: &LeverKind, value: &LeverValue) -> Option<(String, String)> {
    match (kind, value) {
        (LeverKind::Boolean, LeverValue::Bool(_)) => None,
        (LeverKind::Boolean, _) => Some(("a boolean lever is true or false".into(), "write true or false".into())),
        (LeverKind::Number { min, max, step }, LeverValue::Number(n)) => {
            let steps = (n - min) / step;
            if !(*min..=*max).contains(n) {
                Some((format!("{n} lies outside {min} to {max}"), "choose one inside".into()))
            } else if (steps - steps.round()).abs() > 1e-6 {
                Some((format!("{n} is not on a step of {step} from {min}"), "choose one that is".into()))
            } else {
                None
            }
        }
        (LeverKind::Number { .. }, _) => {
            Some(("a number lever takes numbers".into(), "write it without quotes".into()))
        }
        (LeverKind::Variant { options }, LeverValue::Text(text)) => {
            (!options.contains(text)).then(|| (format!("“{text}” is not among the options"), options.join(", ")))
        }
        (LeverKind::Variant { options }, _) => {
            Some(("a variant lever takes one of its options".into(), options.join(", ")))
        }
        (LeverKind::Text { max_chars }, LeverValue::Text(text)) => (text.chars().count() > *max_chars as usize)
            .then(|| (format!("longer than max_chars ({max_chars})"), "shorten it".into())),
        (LeverKind::Text { .. }, _) => Some(("a text lever takes text".into(), "write it in quotes".into())),
    }
}

fn rule(section: &Section<'_>, kind: Option<&LeverKind>) -> Option<Rule> {
    let key = needed(section, "key", "give the rule one word, e.g. key = \"beta\"");
    let name = section.text("name").unwrap_or_else(|| {
        let words = key.as_deref().unwrap_or_default().replace(['_', '-'], " ");
        let mut chars = words.chars();
        chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
    });
    let when = section.text("if").and_then(|text| match Predicate::parse(&text) {
        Ok(_) => Some(text),
        Err(e) => {
            section.bad("if", e.message, e.hint);
            None
        }
    });
    let share = if section.has("share") { portion(section, "share") } else { Some(1.0) };
    section.accept(&["share", "value", "experiment", "arms", "layer"]);
    let serve = if section.has("arms") || section.has("experiment") {
        if section.has("value") {
            section.bad("value", "a rule serves a value or arms, not both", "leave one of them out");
        }
        experiment(section, kind, share)
    } else {
        if section.has("layer") {
            section.bad("layer", "only experiments have a layer", "give the rule arms, or leave layer out");
        }
        value(section, kind).zip(share).map(|(value, share)| Serve::Value { value, share })
    };
    section.finish();
    Some(Rule { key: key?, name, when, serve: serve? })
}

fn experiment(section: &Section<'_>, kind: Option<&LeverKind>, share: Option<f64>) -> Option<Serve> {
    let name = needed(section, "experiment", "name it, e.g. experiment = \"price-2026\"");
    if !section.has("arms") {
        section.bad(
            "arms",
            "arms are missing",
            "write arms = [{ key = \"control\", value = 29 }, { key = \"test\", value = 35 }]",
        );
    }
    let rows = section.sections("arms");
    let arms = unique(rows.iter().filter_map(|row| Some((row, arm(row, kind)?))), |arm| &arm.key, "arms");
    let total: f64 = arms.iter().map(|arm| arm.weight).sum();
    let whole = arms.len() == rows.len();
    if section.has("arms") && !(2..=ARMS_MAX).contains(&rows.len()) {
        section.bad("arms", format!("an experiment has 2 to {ARMS_MAX} arms"), "add one, or serve a value");
    } else if whole && total <= 0.0 {
        section.bad("arms", "all weights are 0", "give at least one arm a weight");
    }
    let slice = section.section("layer").map(|row| slice(&row));
    let arms = arms.into_iter().map(|arm| Arm { weight: arm.weight / total, ..arm }).collect();
    let slice = match slice {
        Some(None) => return None,
        slice => slice.flatten(),
    };
    (whole && total > 0.0).then_some(Serve::Experiment { experiment: name?, arms, share: share?, slice })
}

pub(super) fn arm(section: &Section<'_>, kind: Option<&LeverKind>) -> Option<Arm> {
    let key = needed(section, "key", "name the arm, e.g. key = \"control\"");
    let value = value(section, kind);
    let weight = if section.has("weight") { section.number("weight") } else { Some(1.0) };
    section.accept(&["weight"]);
    if weight.is_some_and(|w| !(0.0..=1e6).contains(&w)) {
        section.bad("weight", "a weight is a number from 0 up", "write e.g. weight = 1");
        return None;
    }
    section.finish();
    Some(Arm { key: key?, value: value?, weight: weight? })
}

pub(super) fn slice(section: &Section<'_>) -> Option<Slice> {
    let layer = needed(section, "name", "name the layer, e.g. name = \"pricing\"");
    let bound = |key: &'static str, absent: f64| if section.has(key) { portion(section, key) } else { Some(absent) };
    let (from, to) = (bound("from", 0.0), bound("to", 1.0));
    section.accept(&["from", "to"]);
    section.finish();
    let slice = Slice { layer: layer?, from: from?, to: to? };
    if slice.from >= slice.to {
        section.bad("to", "the slice is empty", "let to lie above from");
        return None;
    }
    Some(slice)
}
