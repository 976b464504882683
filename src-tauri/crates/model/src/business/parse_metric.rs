//! `[[metric]]` and its measures.

use super::literal::{duration_ms, money};
use super::section::Section;
use super::{Better, Domain, Format, Grain, Measure, Metric, MetricKind};
use crate::expr::{Dimension, Expr, Formula};

pub(super) const DOMAINS: [(&str, Domain); 13] = [
    ("product", Domain::Product),
    ("marketing", Domain::Marketing),
    ("pricing", Domain::Pricing),
    ("support", Domain::Support),
    ("analytics", Domain::Analytics),
    ("content", Domain::Content),
    ("ux", Domain::Ux),
    ("sales", Domain::Sales),
    ("operations", Domain::Operations),
    ("ecommerce", Domain::Ecommerce),
    ("iot", Domain::Iot),
    ("saas", Domain::Saas),
    ("infrastructure", Domain::Infrastructure),
];

const KINDS: [(&str, &str); 9] = [
    ("count", "count"),
    ("unique", "unique"),
    ("sum", "sum"),
    ("mean_per_unit", "mean_per_unit"),
    ("proportion", "proportion"),
    ("ratio", "ratio"),
    ("retention", "retention"),
    ("quantile", "quantile"),
    ("formula", "formula"),
];

const FORMATS: [(&str, Format); 5] = [
    ("number", Format::Number),
    ("integer", Format::Integer),
    ("money", Format::Money),
    ("percent", Format::Percent),
    ("duration", Format::Duration),
];

pub(super) const GRAINS: [(&str, Grain); 2] = [("hour", Grain::Hour), ("day", Grain::Day)];

/// Words that mean something else in formulas.
const RESERVED: [&str; 8] = ["and", "or", "not", "in", "true", "false", "null", "where"];

/// Keys that depend on the kind.
const MEASURE_KEYS: [&str; 12] = [
    "event",
    "where",
    "value",
    "of",
    "within",
    "after",
    "start",
    "comeback",
    "numerator",
    "denominator",
    "formula",
    "q",
];

/// Most segments of one metric: each costs a rollup per value.
const SEGMENTS_MAX: usize = 20;

/// The longest name of a kind of group.
const GROUP_BYTES_MAX: usize = 64;

/// A key others refer to: letters, digits and `_`.
pub(super) fn key(section: &Section<'_>) -> Option<String> {
    let key = section.required("key", "give it one word, e.g. key = \"revenue\"")?;
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.len() <= 64;
    if !plain {
        section.bad("key", format!("“{key}” cannot be a key"), "letters, digits and _ only, starting with a letter");
    } else if RESERVED.contains(&key.as_str()) {
        section.bad("key", format!("“{key}” has a meaning in formulas"), "choose another word");
    } else {
        return Some(key);
    }
    None
}

/// `signup_rate` as `Signup rate`.
pub(super) fn title(section: &Section<'_>, key: &str) -> String {
    section.text("title").unwrap_or_else(|| {
        let words = key.replace('_', " ");
        let mut chars = words.trim().chars();
        chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
    })
}

/// Checks that an expression parses.
pub(super) fn expression(section: &Section<'_>, key: &str, text: Option<String>) -> Option<String> {
    let text = text?;
    match Expr::parse(&text) {
        Ok(_) => Some(text),
        Err(e) => {
            section.bad(key, e.message, e.hint);
            None
        }
    }
}

fn duration(section: &Section<'_>, key: &'static str, default: Option<&str>) -> Option<String> {
    let Some(text) = section.text(key) else { return default.map(str::to_owned) };
    if duration_ms(&text).is_none() {
        section.bad(key, format!("“{text}” is no duration"), "write it like 7d, 12h, 30m or 2w");
    }
    Some(text)
}

fn measure(section: &Section<'_>) -> Measure {
    let measure = Measure {
        event: section.required("event", "name the event it counts, e.g. event = \"order\"").unwrap_or_default(),
        filter: expression(section, "where", section.text("where")),
        value: expression(section, "value", section.text("value")),
        of: section.text("of"),
        within: duration(section, "within", None),
    };
    if measure.value.is_some() && measure.of.is_some() {
        section.bad("of", "value and of cannot both be given", "value sums, of counts distinct values");
    }
    measure
}

/// `numerator = { event = … }`, or just the event's name.
fn named_measure(section: &Section<'_>, key: &'static str) -> Measure {
    let event_only = |event: String| Measure { event, filter: None, value: None, of: None, within: None };
    if let Some(name) = section.item(key).and_then(|i| i.as_str()) {
        return event_only(name.to_owned());
    }
    if !section.has(key) {
        section.bad(key, format!("{key} is missing"), format!("write {key} = {{ event = \"order\" }}"));
    }
    let Some(inner) = section.section(key) else { return event_only(String::new()) };
    let measure = measure(&inner);
    inner.finish();
    measure
}

fn refuse(section: &Section<'_>, kind: &str, keys: &[&'static str]) {
    for key in keys {
        if section.has(key) {
            section.accept(&[key]);
            section.bad(key, format!("{key} does not belong to a metric of kind {kind}"), "leave it out");
        }
    }
}

/// Only the event and a filter: what is counted is given by the kind.
fn only_event(section: &Section<'_>, key: &'static str, measure: &Measure) {
    if measure.value.is_some() || measure.of.is_some() {
        section.bad(key, "this kind counts units: value and of have no meaning here", "leave them out");
    }
}

fn kind(section: &Section<'_>) -> Option<MetricKind> {
    let name = if section.has("kind") {
        let Some(kind) = section.choice("kind", &KINDS) else {
            // Which keys belong here is not known then, so none is refused.
            section.accept(&MEASURE_KEYS);
            return None;
        };
        kind
    } else {
        section.accept(&["kind"]);
        let guesses =
            [("formula", "formula"), ("numerator", "ratio"), ("q", "quantile"), ("value", "sum"), ("of", "unique")];
        guesses.into_iter().find(|(key, _)| section.has(key)).map_or("count", |(_, kind)| kind)
    };
    let fits = |keys: &[&'static str]| refuse(section, name, keys);
    const TWO: [&str; 4] = ["event", "where", "value", "of"];
    Some(match name {
        "count" => {
            fits(&["value", "of", "numerator", "denominator", "formula", "q", "within", "after"]);
            MetricKind::Count { measure: measure(section) }
        }
        "unique" => {
            fits(&["value", "numerator", "denominator", "formula", "q", "within", "after"]);
            MetricKind::Unique { measure: measure(section) }
        }
        "sum" => {
            fits(&["of", "numerator", "denominator", "formula", "q", "within", "after"]);
            let measure = measure(section);
            if !section.has("value") {
                section.bad("value", "value is missing", "say what is summed, e.g. value = \"amount\"");
            }
            MetricKind::Sum { measure }
        }
        "mean_per_unit" => {
            fits(&["numerator", "denominator", "formula", "q", "within", "after"]);
            let (of, value) = (section.text("of"), expression(section, "value", section.text("value")));
            let event = section.required("event", "name the event").unwrap_or_default();
            let filter = expression(section, "where", section.text("where"));
            MetricKind::MeanPerUnit { measure: Measure { event, filter, value, of, within: None } }
        }
        "proportion" => {
            fits(&TWO);
            fits(&["formula", "q", "after"]);
            let (mut numerator, denominator) =
                (named_measure(section, "numerator"), named_measure(section, "denominator"));
            only_event(section, "numerator", &numerator);
            only_event(section, "denominator", &denominator);
            let outer = duration(section, "within", None);
            numerator.within = numerator.within.or(outer).or_else(|| Some("7d".to_owned()));
            MetricKind::Proportion { numerator, denominator }
        }
        "ratio" => {
            fits(&TWO);
            fits(&["formula", "q", "within", "after"]);
            MetricKind::Ratio {
                numerator: named_measure(section, "numerator"),
                denominator: named_measure(section, "denominator"),
            }
        }
        "retention" => {
            fits(&["value", "of", "numerator", "denominator", "formula", "q"]);
            let (start, comeback) = if section.has("start") {
                fits(&["event", "where"]);
                let start = named_measure(section, "start");
                let comeback = if section.has("comeback") { named_measure(section, "comeback") } else { start.clone() };
                (start, comeback)
            } else {
                let event = section.required("event", "name the event, or give start and comeback").unwrap_or_default();
                let filter = expression(section, "where", section.text("where"));
                let start = Measure { event, filter, value: None, of: None, within: None };
                let comeback = if section.has("comeback") { named_measure(section, "comeback") } else { start.clone() };
                (start, comeback)
            };
            section.accept(&["start", "comeback"]);
            only_event(section, "start", &start);
            only_event(section, "comeback", &comeback);
            let after = duration(section, "after", Some("1d")).unwrap_or_default();
            let within = duration(section, "within", Some("30d")).unwrap_or_default();
            MetricKind::Retention { start, comeback, after, within }
        }
        "quantile" => {
            fits(&["of", "numerator", "denominator", "formula", "within", "after"]);
            let q = section.number_or("q", "0.95 or \"95 %\"", |t| {
                super::literal::share(t).ok_or_else(|| format!("“{t}” is no share"))
            });
            let q = q.unwrap_or(0.5);
            if !(0.0..=1.0).contains(&q) {
                section.bad("q", format!("q is {q}, outside 0 to 1"), "write q = 0.95 for the 95th percentile");
            }
            let measure = measure(section);
            if !section.has("value") {
                section.bad("value", "value is missing", "say of what, e.g. value = \"duration_ms\"");
            }
            MetricKind::Quantile { measure, q }
        }
        _ => {
            fits(&["event", "where", "value", "of", "numerator", "denominator", "q", "within", "after"]);
            let formula = section.required("formula", "write formula = \"sum(order.amount) / unique(order)\"")?;
            if let Err(e) = Formula::parse(&formula) {
                section.bad("formula", e.message, e.hint);
            }
            MetricKind::Formula { formula }
        }
    })
}

/// `by = "company"`: the kind of group that is the unit of analysis. Only where a kind counts units.
fn by(section: &Section<'_>, kind: Option<&MetricKind>) -> Option<String> {
    let group = section.text("by")?;
    let whole = match kind? {
        MetricKind::Unique { measure } | MetricKind::MeanPerUnit { measure } => {
            if measure.of.as_deref().is_some_and(|of| of != "unit") {
                section.bad("by", "of already says what is counted", "leave out by or of");
                return None;
            }
            true
        }
        MetricKind::Proportion { .. } | MetricKind::Retention { .. } => true,
        _ => false,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !whole {
        let hint = "leave it out; unique, mean_per_unit, proportion and retention count units";
        section.bad("by", "by does not belong to a metric that counts no units", hint);
    } else if ["person", "unit", "user"].contains(&group.as_str()) {
        section.bad("by", format!("“{group}” is no kind of group"), "leave by out: persons are the units then");
    } else if group.len() > GROUP_BYTES_MAX || !group.chars().all(plain) {
        section.bad(
            "by",
            format!("“{group}” cannot be a kind of group"),
            "write it as in $groups, e.g. by = \"company\"",
        );
    } else {
        return Some(group);
    }
    None
}

/// One `[[metric]]`. The format of a formula is settled later, when all units are known.
pub(super) fn metric(section: &Section<'_>, currency: &str, digits: u32, grain: Grain) -> Option<Metric> {
    let key = key(section);
    let kind = kind(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    let unit = section.text("unit");
    let by = by(section, kind.as_ref());
    let better = section
        .choice("better", &[("up", Better::Up), ("down", Better::Down), ("neither", Better::Neither)])
        .unwrap_or(Better::Up);
    let format = section.choice("format", &FORMATS).or(match kind {
        Some(MetricKind::Count { .. } | MetricKind::Unique { .. }) => Some(Format::Integer),
        Some(MetricKind::Proportion { .. } | MetricKind::Retention { .. }) => Some(Format::Percent),
        _ => None,
    });
    let format = format.unwrap_or(Format::Number);
    let sales = matches!(format, Format::Money);
    let domain = section.choice("domain", &DOMAINS).unwrap_or(if sales { Domain::Sales } else { Domain::Product });
    let mut segments = section.texts("segments");
    let all = segments.len();
    segments.retain(|s| !s.trim().is_empty());
    let mut seen = std::collections::BTreeSet::new();
    segments.retain(|s| seen.insert(s.clone()));
    if segments.len() != all {
        section.bad("segments", "a segment is empty or named twice", "name each property once");
    }
    if segments.len() > SEGMENTS_MAX {
        section.bad("segments", format!("more than {SEGMENTS_MAX} segments"), "keep those you look at");
    }
    let grain = section.choice("bucket", &GRAINS).unwrap_or(grain);
    let worth = section.number_or("worth", "\"3 EUR\" or 3", |t| money(t, currency));
    let worth_minor = worth.map(|w| w * 10f64.powi(i32::try_from(digits).unwrap_or(2)));
    section.finish();
    Some(Metric { key: key?, title, kind: kind?, unit, by, better, domain, format, segments, grain, worth_minor })
}

fn measure_dimension(measure: &Measure, money: bool) -> Dimension {
    match (&measure.value, money) {
        (Some(_), true) => Dimension::MONEY,
        (Some(_), false) => Dimension::OPEN,
        (None, _) => Dimension::THINGS,
    }
}

/// What a metric's value is made of. `None` for a formula, whose parts decide.
pub(super) fn dimension(metric: &Metric) -> Option<Dimension> {
    let money = metric.format == Format::Money;
    Some(match &metric.kind {
        MetricKind::Count { .. } | MetricKind::Unique { .. } => Dimension::THINGS,
        MetricKind::Sum { measure } | MetricKind::Quantile { measure, .. } => measure_dimension(measure, money),
        MetricKind::MeanPerUnit { measure } => measure_dimension(measure, money).over(Dimension::THINGS),
        MetricKind::Ratio { numerator, denominator } if money || metric.format != Format::Percent => {
            measure_dimension(numerator, money).over(measure_dimension(denominator, false))
        }
        MetricKind::Ratio { .. } | MetricKind::Proportion { .. } | MetricKind::Retention { .. } => Dimension::NUMBER,
        MetricKind::Formula { .. } => return None,
    })
}
