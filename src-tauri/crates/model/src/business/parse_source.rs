//! `[[source]]`: where events come from, how columns become events, and what of a person is kept.

use toml_edit::Item;

use super::parse_metric::{expression, key, title};
use super::section::Section;
use super::{Mapping, Source, SourceKind};
use crate::time::Zone;

/// One `[[source]]`.
pub(super) fn source(section: &Section<'_>) -> Option<Source> {
    if !section.has("kind") {
        section.bad("kind", "kind is missing", "one of folder, sdk, stripe");
    }
    let kind = match section.choice("kind", &[("folder", 0), ("sdk", 1), ("stripe", 2)]) {
        Some(0) => section
            .required("path", "name the folder, e.g. path = \"exports\"")
            .map(|path| SourceKind::Folder { path, pattern: section.text("pattern") }),
        Some(1) => Some(SourceKind::Sdk),
        Some(_) => Some(SourceKind::Stripe),
        None => None,
    };
    // The name of a folder serves as key where it can.
    let derived = match &kind {
        Some(SourceKind::Folder { path, .. }) => path.rsplit(['/', '\\']).find(|p| !p.is_empty()).unwrap_or("folder"),
        Some(SourceKind::Stripe) => "stripe",
        _ => "sdk",
    };
    let derived: String = derived.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let key = if section.has("key") { key(section) } else { Some(derived) };
    section.accept(&["key", "path", "pattern", "format"]);
    let title = title(section, key.as_deref().unwrap_or_default());
    let map = section.section("map").map(|map| mapping(&map));
    if map.is_some() && matches!(kind, Some(SourceKind::Stripe)) {
        section.bad("map", "what Stripe sends is understood as it is", "leave map out");
    }
    let (allow, deny, hash) = (names(section, "allow"), names(section, "deny"), names(section, "hash"));
    for name in &deny {
        let key = [("allow", &allow), ("hash", &hash)].into_iter().find(|(_, list)| list.contains(name));
        if let Some((key, _)) = key {
            section.bad(key, format!("“{name}” is denied, too"), "name it in one of the two");
        }
    }
    if deny.iter().any(|name| name == "unit") {
        section.bad("deny", "events without a unit cannot be told apart", "write hash = [\"unit\"] instead");
    }
    let keep_ip = section.flag("keep_ip", false);
    section.finish();
    Some(Source { key: key?, title, kind: kind?, map, allow, deny, hash, keep_ip })
}

/// Most properties of one list.
const NAMES_MAX: usize = 500;

/// Names of properties, each once.
fn names(section: &Section<'_>, key: &'static str) -> Vec<String> {
    let list = section.texts(key);
    let distinct: std::collections::BTreeSet<&String> = list.iter().collect();
    if list.len() > NAMES_MAX {
        section.bad(key, format!("{key} has more than {NAMES_MAX} names"), "shorten it");
    } else if distinct.len() != list.len() || list.iter().any(|name| name.trim().is_empty()) {
        section.bad(key, "a name is empty or stands there twice", "name each once");
    }
    list
}

fn mapping(section: &Section<'_>) -> Mapping {
    let field = |key: &'static str| expression(section, key, section.text(key));
    let letter = |key: &'static str| {
        let text = section.item(key)?.as_str().unwrap_or_default();
        let text = if text == "\\t" { "\t" } else { text };
        let mut chars = text.chars();
        let one = chars.next().filter(|_| chars.next().is_none());
        if one.is_none() {
            section.bad(key, format!("{key} should be one character"), "");
        }
        one
    };
    let mut mapping = Mapping {
        event: field("event").unwrap_or_default(),
        time: field("time").unwrap_or_default(),
        unit: field("unit").unwrap_or_default(),
        id: field("id"),
        only_mapped: section.flag("only_mapped", false),
        time_format: section.text("time_format"),
        timezone: section.text("timezone"),
        delimiter: letter("delimiter"),
        encoding: section.text("encoding"),
        decimal: letter("decimal"),
        sheet: section.text("sheet"),
        props: std::collections::BTreeMap::new(),
    };
    for (key, example) in [("event", "event = \"'order'\""), ("time", "time = \"Date\"")] {
        if !section.has(key) {
            section.bad(key, format!("{key} is missing"), format!("write e.g. {example}"));
        }
    }
    if let Some(Err(e)) = mapping.timezone.as_deref().map(Zone::named) {
        section.bad("timezone", e.message, e.hint);
    }
    if mapping.decimal.is_some_and(|c| c != '.' && c != ',') {
        section.bad("decimal", "decimal is . or ,", "");
    }
    let mut take = |from: &Section<'_>, key: String, item: &Item| match item.as_str() {
        Some(text) => {
            if let Some(text) = expression(from, &key, Some(text.to_owned())) {
                mapping.props.insert(key, text);
            }
        }
        None => {
            from.bad(&key, format!("{key} should be an expression in quotes"), "write e.g. \"Quantity * UnitPrice\"");
        }
    };
    // Any other key is a property; `props` holds those whose names mean something here.
    if let Some(props) = section.section("props") {
        for (key, item) in props.rest() {
            take(&props, key, item);
        }
    }
    for (key, item) in section.rest() {
        take(section, key, item);
    }
    mapping
}
