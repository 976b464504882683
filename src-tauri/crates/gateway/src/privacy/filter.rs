//! Rewrites a JSON object without what must not be kept.

use epoch_model::Result;
use sonic_rs::{JsonType, JsonValueTrait, LazyValue};

use super::{Door, names};
use crate::decode::json;
use crate::ingest::intake::invalid;

/// Levels of a refused event's text that are looked through; deeper ones came from no SDK.
const DEPTH_MAX: usize = 100;

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// In an event's properties.
    Props,
    /// In the properties of an event that links two ids by `alias`.
    Alias,
    /// In the properties of a person or a group.
    Inner,
    /// In an event as it was sent.
    Sent,
    /// Deeper in an event as it was sent.
    Deep,
}

/// What becomes of a member.
enum Fate {
    Stays,
    Goes,
    Hashed,
    LookedInto(Scope),
}

/// The properties without what must go.
pub(super) fn props(door: &Door, scope: Scope, props: &str) -> Result<String> {
    let value: LazyValue<'_> = sonic_rs::from_str(props).map_err(|_| invalid("the properties do not parse"))?;
    object(door, scope, &value, 0).ok_or_else(|| invalid("the properties do not parse"))
}

/// An event's text as it was sent, without what must go; `None` when that cannot be told.
pub(super) fn text(door: &Door, raw: &str) -> Option<String> {
    object(door, Scope::Sent, &json::whole(raw.as_bytes(), DEPTH_MAX).ok()?, 0)
}

fn object(door: &Door, scope: Scope, value: &LazyValue<'_>, depth: usize) -> Option<String> {
    let mut out = String::with_capacity(value.as_raw_str().len());
    out.push('{');
    for member in value.clone().into_object_iter()? {
        let (name, value) = member.ok()?;
        match fate(door, scope, &name, &value) {
            Fate::Goes => {}
            Fate::Stays => json::push_member(&mut out, &name, value.as_raw_str()),
            Fate::Hashed => json::push_member(&mut out, &name, &hashed(door, &value)),
            Fate::LookedInto(inner) => json::push_member(&mut out, &name, &looked_into(door, inner, &value, depth)?),
        }
    }
    out.push('}');
    Some(out)
}

fn fate(door: &Door, scope: Scope, name: &str, value: &LazyValue<'_>) -> Fate {
    let rules = &*door.rules;
    if names::in_list(&rules.deny, name) || (!rules.keep_ip && names::is_ip(name)) {
        return Fate::Goes;
    }
    let links = names::is_unit(name) || (name == "alias" && scope == Scope::Alias);
    if (names::in_list(&rules.hash, name) && !(scope == Scope::Sent && names::is_envelope(name)))
        || (door.hashes_unit && links)
    {
        return if json::is_absent(value) { Fate::Stays } else { Fate::Hashed };
    }
    let sent = matches!(scope, Scope::Sent | Scope::Deep);
    let nested = matches!(value.get_type(), JsonType::Object | JsonType::Array);
    if nested && names::CONTAINERS.contains(&name) {
        return Fate::LookedInto(if sent { Scope::Deep } else { Scope::Inner });
    }
    if nested && sent && (names::SENT.contains(&name) || rules.allow.is_empty()) {
        return Fate::LookedInto(Scope::Deep);
    }
    let allowed = rules.allow.is_empty()
        || names::in_list(&rules.allow, name)
        || names::is_structural(name)
        || (name == "alias" && scope == Scope::Alias)
        || (scope == Scope::Sent && names::is_envelope(name));
    if allowed { Fate::Stays } else { Fate::Goes }
}

fn looked_into(door: &Door, scope: Scope, value: &LazyValue<'_>, depth: usize) -> Option<String> {
    if depth >= DEPTH_MAX {
        return None;
    }
    match value.get_type() {
        JsonType::Object => object(door, scope, value, depth + 1),
        // A list of names (`$unset`) or of values has nothing to look into.
        JsonType::Array if scope == Scope::Deep => {
            let elements: Option<Vec<String>> = value
                .clone()
                .into_array_iter()?
                .map(|element| looked_into(door, scope, &element.ok()?, depth + 1))
                .collect();
            Some(format!("[{}]", elements?.join(",")))
        }
        _ => Some(value.as_raw_str().to_owned()),
    }
}

/// The hash of a value: of what a text says, of how anything else is written.
fn hashed(door: &Door, value: &LazyValue<'_>) -> String {
    let text = json::borrowed_text(value);
    json::quoted(&door.hashed(text.as_deref().unwrap_or(value.as_raw_str())))
}
