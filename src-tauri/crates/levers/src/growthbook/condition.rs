//! GrowthBook's conditions: a predicate over attributes in the manner of MongoDB.
//!
//! What this evaluator does not know (an operator of a later version) is neither true nor false, so that `$not` cannot turn
//! it into a match; a malformed condition fails as a whole.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::number::{kind, truthy, version};
use super::patterns::Patterns;

/// What conditions may refer to besides the attributes.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Lists of values by id.
    pub groups: &'a Map<String, Value>,
    /// The regular expressions of the payload, compiled.
    pub patterns: &'a Patterns,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Unknown,
}

use Truth::{No, Unknown, Yes};

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Yes } else { No }
    }
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Yes => No,
            No => Yes,
            Unknown => Unknown,
        }
    }
}

/// The condition has not the form of one.
struct Malformed;

type Result = std::result::Result<Truth, Malformed>;

/// Names that stand on a condition, not on a value.
const ON_CONDITIONS: [&str; 4] = ["$or", "$nor", "$and", "$savedGroup"];

/// Whether the attributes meet the condition.
pub fn passes(attributes: &Value, condition: &Value, scope: Scope<'_>) -> bool {
    matches!(whole(attributes, condition, scope), Ok(Yes))
}

/// All must be true: one that is false decides, even beside one that is unknown.
fn all(results: impl Iterator<Item = Result>) -> Result {
    let mut known = Yes;
    for result in results {
        match result? {
            No => return Ok(No),
            Unknown => known = Unknown,
            Yes => {}
        }
    }
    Ok(known)
}

/// One must be true.
fn any(results: impl Iterator<Item = Result>) -> Result {
    let mut known = No;
    for result in results {
        match result? {
            Yes => return Ok(Yes),
            Unknown => known = Unknown,
            No => {}
        }
    }
    Ok(known)
}

fn whole(attributes: &Value, condition: &Value, scope: Scope<'_>) -> Result {
    let entries = condition.as_object().ok_or(Malformed)?;
    all(entries.iter().map(|(key, wanted)| match key.as_str() {
        "$or" => one_of(attributes, wanted, scope),
        "$nor" => one_of(attributes, wanted, scope).map(Truth::not),
        "$and" => {
            let list = wanted.as_array().ok_or(Malformed)?;
            all(list.iter().map(|inner| whole(attributes, inner, scope)))
        }
        "$not" => whole(attributes, wanted, scope).map(Truth::not),
        // Typed groups belong to GrowthBook's own server; we serve none.
        "$savedGroup" | "$savedGroups" => Ok(No),
        path => on_value(&at(attributes, path), wanted, false, scope),
    }))
}

/// An empty list passes.
fn one_of(attributes: &Value, conditions: &Value, scope: Scope<'_>) -> Result {
    let list = conditions.as_array().ok_or(Malformed)?;
    if list.is_empty() { Ok(Yes) } else { any(list.iter().map(|inner| whole(attributes, inner, scope))) }
}

/// The value at a dotted path; of lists their indices can be named.
fn at<'a>(attributes: &'a Value, path: &str) -> Cow<'a, Value> {
    let mut current = attributes;
    let mut parts = path.split('.');
    while let Some(part) = parts.next() {
        let next = match current {
            Value::Object(map) => map.get(part),
            Value::Array(list) if part == "length" => {
                return Cow::Owned(if parts.next().is_none() { list.len().into() } else { Value::Null });
            }
            Value::Array(list) => index(part).and_then(|i| list.get(i)),
            _ => None,
        };
        let Some(next) = next else { return Cow::Owned(Value::Null) };
        current = next;
    }
    Cow::Borrowed(current)
}

/// A canonical index: `0`, `1`, not `01`.
fn index(text: &str) -> Option<usize> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    canonical.then(|| text.parse().ok()).flatten()
}

fn is_operators(condition: &Value) -> Option<&Map<String, Value>> {
    condition.as_object().filter(|map| map.keys().all(|key| key.starts_with('$')))
}

fn on_value(value: &Value, wanted: &Value, insensitive: bool, scope: Scope<'_>) -> Result {
    if let Some(operators) = is_operators(wanted) {
        return all(operators.iter().map(|(operator, wanted)| operate(operator, value, wanted, scope)));
    }
    Ok(match (value, wanted) {
        (Value::String(a), Value::String(b)) if insensitive => a.to_lowercase() == b.to_lowercase(),
        _ => deep_equal(value, wanted),
    }
    .into())
}

/// Equality of literals; values of different types never match.
fn deep_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| deep_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| deep_equal(a, b)))
        }
        _ => a == b,
    }
}

/// `===`: lists and objects are never the same one.
fn same(a: &Value, b: &Value) -> bool {
    !a.is_array() && !a.is_object() && deep_equal(a, b)
}

/// Two numbers or two texts; texts by UTF-16 code unit.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}

fn versions(a: &Value, b: &Value) -> Option<Ordering> {
    let comparable = matches!((a, b), (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)));
    comparable.then(|| version(a).cmp(&version(b)))
}

/// Whether the value is in the list; of a list one element is enough.
fn is_in(value: &Value, list: &[Value], insensitive: bool) -> bool {
    let equal = |a: &Value, b: &Value| match (a, b) {
        (Value::String(a), Value::String(b)) if insensitive => a.to_lowercase() == b.to_lowercase(),
        _ => same(a, b),
    };
    match value {
        Value::Array(values) => values.iter().any(|value| list.iter().any(|wanted| equal(value, wanted))),
        _ => list.iter().any(|wanted| equal(value, wanted)),
    }
}

fn operate(operator: &str, value: &Value, wanted: &Value, scope: Scope<'_>) -> Result {
    let listed = |insensitive: bool, inside: bool| {
        Ok(wanted.as_array().is_some_and(|list| is_in(value, list, insensitive) == inside).into())
    };
    let matched = |insensitive: bool| {
        let pattern = wanted.as_str().and_then(|pattern| scope.patterns.get(pattern, insensitive));
        pattern.zip(value.as_str()).is_some_and(|(pattern, text)| pattern.is_match(text))
    };
    let grouped = |inside: bool| {
        let values = match wanted.as_str().map(|id| scope.groups.get(id)) {
            Some(None) => Some(&[][..]),
            Some(Some(Value::Array(list))) => Some(list.as_slice()),
            _ => None,
        };
        Ok(values.is_some_and(|list| is_in(value, list, false) == inside).into())
    };
    let truth = match operator {
        "$eq" => same(value, wanted),
        "$ne" => !same(value, wanted),
        "$lt" => order(value, wanted).is_some_and(Ordering::is_lt),
        "$lte" => order(value, wanted).is_some_and(Ordering::is_le),
        "$gt" => order(value, wanted).is_some_and(Ordering::is_gt),
        "$gte" => order(value, wanted).is_some_and(Ordering::is_ge),
        "$veq" => versions(value, wanted).is_some_and(Ordering::is_eq),
        "$vne" => versions(value, wanted).is_none_or(Ordering::is_ne),
        "$vlt" => versions(value, wanted).is_some_and(Ordering::is_lt),
        "$vlte" => versions(value, wanted).is_some_and(Ordering::is_le),
        "$vgt" => versions(value, wanted).is_some_and(Ordering::is_gt),
        "$vgte" => versions(value, wanted).is_some_and(Ordering::is_ge),
        "$in" => return listed(false, true),
        "$nin" => return listed(false, false),
        "$ini" => return listed(true, true),
        "$nini" => return listed(true, false),
        "$inGroup" => return grouped(true),
        "$notInGroup" => return grouped(false),
        "$regex" => matched(false),
        "$regexi" => matched(true),
        "$notRegex" => !matched(false),
        "$notRegexi" => !matched(true),
        "$exists" => truthy(wanted) != value.is_null(),
        "$type" => wanted.as_str() == Some(kind(value)),
        "$elemMatch" => return element(value, wanted, scope),
        "$size" => {
            let Value::Array(list) = value else { return Ok(No) };
            return on_value(&Value::from(list.len()), wanted, false, scope);
        }
        "$all" => return every(value, wanted, false, scope),
        "$alli" => return every(value, wanted, true, scope),
        "$not" => return on_value(value, wanted, false, scope).map(Truth::not),
        name if ON_CONDITIONS.contains(&name) => false,
        _ => return Ok(Unknown),
    };
    Ok(truth.into())
}

/// One element meets the condition: operators look at the element, a condition at its fields.
fn element(value: &Value, wanted: &Value, scope: Scope<'_>) -> Result {
    let Value::Array(list) = value else { return Ok(No) };
    let itself = is_operators(wanted).is_some_and(|map| !map.keys().any(|key| ON_CONDITIONS.contains(&key.as_str())));
    let check = |item: &Value| if itself { on_value(item, wanted, false, scope) } else { whole(item, wanted, scope) };
    any(list.iter().filter(|item| !item.is_null()).map(check))
}

/// Every wanted one is met by some element.
fn every(value: &Value, wanted: &Value, insensitive: bool, scope: Scope<'_>) -> Result {
    let (Value::Array(values), Value::Array(wanted)) = (value, wanted) else { return Ok(No) };
    all(wanted.iter().map(|wanted| any(values.iter().map(|value| on_value(value, wanted, insensitive, scope)))))
}
