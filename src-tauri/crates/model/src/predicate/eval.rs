//! What a predicate answers for one subject: yes, no or unknown, without allocating.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Arithmetic, Comparison, Literal, Node, Path, Term, TextMatch};

/// What a predicate may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The subject's id.
    pub unit: &'a str,
    pub attributes: &'a Map<String, Value>,
}

/// A value during evaluation.
#[derive(Debug, Clone, Copy)]
enum Seen<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Items(&'a [Value]),
    Literals(&'a [Literal]),
    Table(&'a Map<String, Value>),
}

impl<'a> Scope<'a> {
    fn find(self, path: &Path) -> Option<Seen<'a>> {
        let Some(mut value) = self.attributes.get(&path.name) else {
            return (path.name == "unit" && path.below.is_empty()).then_some(Seen::Text(self.unit));
        };
        for name in &path.below {
            value = value.as_object()?.get(name)?;
        }
        Some(seen(value))
    }
}

fn seen(value: &Value) -> Seen<'_> {
    match value {
        Value::Null => Seen::Null,
        Value::Bool(b) => Seen::Bool(*b),
        Value::Number(n) => n.as_f64().map_or(Seen::Null, Seen::Number),
        Value::String(s) => Seen::Text(s),
        Value::Array(items) => Seen::Items(items),
        Value::Object(table) => Seen::Table(table),
    }
}

impl Literal {
    fn seen(&self) -> Seen<'_> {
        match self {
            Self::Null => Seen::Null,
            Self::Bool(b) => Seen::Bool(*b),
            Self::Number(n) => Seen::Number(*n),
            Self::Text(s) => Seen::Text(s),
        }
    }
}

impl Term {
    fn value<'a>(&'a self, scope: Scope<'a>) -> Option<Seen<'a>> {
        match self {
            Self::Attribute(path) => scope.find(path),
            Self::Literal(literal) => Some(literal.seen()),
            Self::List(literals) => Some(Seen::Literals(literals)),
            Self::Size(path) => {
                let size = match scope.find(path)? {
                    Seen::Text(text) => text.chars().count(),
                    Seen::Items(items) => items.len(),
                    Seen::Table(table) => table.len(),
                    _ => return None,
                };
                Some(Seen::Number(size as f64))
            }
            Self::Arithmetic { op, left, right } => {
                let (Seen::Number(a), Seen::Number(b)) = (left.value(scope)?, right.value(scope)?) else { return None };
                let n = match op {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide => a / b,
                    Arithmetic::Remainder => a % b,
                };
                n.is_finite().then_some(Seen::Number(n))
            }
        }
    }
}

/// Equality as CEL has it: values of different types differ; lists and tables are compared part by part only where both
/// come from attributes.
fn equal(a: Seen<'_>, b: Seen<'_>) -> bool {
    match (a, b) {
        (Seen::Null, Seen::Null) => true,
        (Seen::Bool(a), Seen::Bool(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "equality is what was asked for")]
        (Seen::Number(a), Seen::Number(b)) => a == b,
        (Seen::Text(a), Seen::Text(b)) => a == b,
        (Seen::Items(a), Seen::Items(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(seen(a), seen(b))),
        (Seen::Items(items), Seen::Literals(list)) | (Seen::Literals(list), Seen::Items(items)) => {
            items.len() == list.len() && items.iter().zip(list).all(|(a, b)| equal(seen(a), b.seen()))
        }
        (Seen::Literals(a), Seen::Literals(b)) => a == b,
        (Seen::Table(a), Seen::Table(b)) => a == b,
        _ => false,
    }
}

fn order(a: Seen<'_>, b: Seen<'_>) -> Option<Ordering> {
    match (a, b) {
        (Seen::Number(a), Seen::Number(b)) => a.partial_cmp(&b),
        (Seen::Text(a), Seen::Text(b)) => Some(a.cmp(b)),
        (Seen::Bool(a), Seen::Bool(b)) => Some(a.cmp(&b)),
        _ => None,
    }
}

impl Node {
    /// Yes, no, or `None` for unknown.
    pub fn answer(&self, scope: Scope<'_>) -> Option<bool> {
        match self {
            Self::Constant(b) => Some(*b),
            Self::All(parts) => settle(parts, scope, false),
            Self::Any(parts) => settle(parts, scope, true),
            Self::Not(part) => part.answer(scope).map(|b| !b),
            Self::Has(path) => Some(scope.find(path).is_some_and(|v| !matches!(v, Seen::Null))),
            Self::Truth(path) => match scope.find(path)? {
                Seen::Bool(b) => Some(b),
                _ => None,
            },
            Self::Compare { op, left, right } => {
                let (left, right) = (left.value(scope)?, right.value(scope)?);
                match op {
                    Comparison::Equal => Some(equal(left, right)),
                    Comparison::NotEqual => Some(!equal(left, right)),
                    Comparison::Less => order(left, right).map(Ordering::is_lt),
                    Comparison::LessOrEqual => order(left, right).map(Ordering::is_le),
                    Comparison::Greater => order(left, right).map(Ordering::is_gt),
                    Comparison::GreaterOrEqual => order(left, right).map(Ordering::is_ge),
                }
            }
            Self::In { item, set } => {
                let item = item.value(scope)?;
                match set.value(scope)? {
                    Seen::Literals(list) => Some(list.iter().any(|l| equal(item, l.seen()))),
                    Seen::Items(list) => Some(list.iter().any(|v| equal(item, seen(v)))),
                    Seen::Table(table) => match item {
                        Seen::Text(key) => Some(table.contains_key(key)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            Self::Text { op, subject, part } => {
                let (Seen::Text(text), Seen::Text(part)) = (subject.value(scope)?, part.value(scope)?) else {
                    return None;
                };
                Some(match op {
                    TextMatch::StartsWith => text.starts_with(part),
                    TextMatch::EndsWith => text.ends_with(part),
                    TextMatch::Contains => text.contains(part),
                })
            }
            Self::Matches { subject, pattern } => match subject.value(scope)? {
                Seen::Text(text) => Some(pattern.occurs_in(text)),
                _ => None,
            },
        }
    }
}

/// The answer `decisive` of one part is the answer; without it an unknown part leaves the whole unknown.
fn settle(parts: &[Node], scope: Scope<'_>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part.answer(scope) {
            Some(b) if b == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}
