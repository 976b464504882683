//! Predicates as Unleash's constraints.
//!
//! A context of Unleash holds texts only, so questions mean the text of an attribute. It cannot ask whether an attribute is
//! there: what a missing attribute would fit by mistake is not served.

use epoch_model::predicate::{Comparison, Literal, Node, Path, Predicate, Term, TextMatch};
use serde_json::{Value, json};

use crate::disjuncts::{Atom, cross, disjuncts};
use crate::growthbook::number;

/// Most alternatives of a lever; each is a strategy.
pub const ALTERNATIVES_MAX: usize = 32;

/// Constraints that must all be met, or the next such list.
pub type Alternatives = Vec<Vec<Value>>;

/// Everybody.
pub fn everybody() -> Alternatives {
    vec![Vec::new()]
}

const TOO_MANY: &str = "it has too many alternatives";

/// When the predicate fits.
pub fn alternatives(predicate: &Predicate) -> Result<Alternatives, String> {
    let mut all = Alternatives::new();
    for atoms in disjuncts(predicate.root(), ALTERNATIVES_MAX).ok_or(TOO_MANY)? {
        let mut met = everybody();
        for atom in &atoms {
            met = both(&met, &constraints(atom)?)?;
        }
        all.extend(met);
    }
    if all.len() > ALTERNATIVES_MAX { Err(TOO_MANY.into()) } else { Ok(all) }
}

/// When both fit.
pub fn both(a: &Alternatives, b: &Alternatives) -> Result<Alternatives, String> {
    cross(a, b, ALTERNATIVES_MAX).ok_or_else(|| TOO_MANY.into())
}

/// When it does not fit.
pub fn opposite(alternatives: &Alternatives) -> Result<Alternatives, String> {
    let mut all = everybody();
    for constraints in alternatives {
        let missed = constraints.iter().map(|constraint| vec![inverted(constraint)]).collect();
        all = both(&all, &missed)?;
    }
    Ok(all)
}

fn inverted(constraint: &Value) -> Value {
    let now = constraint.get("inverted").and_then(Value::as_bool).unwrap_or(false);
    let mut constraint = constraint.clone();
    constraint["inverted"] = (!now).into();
    constraint
}

fn name(path: &Path) -> Result<&str, String> {
    match path.top() {
        Some("unit") => Ok("userId"),
        Some(name) => Ok(name),
        None => Err("it looks into an attribute, and there are none within another".into()),
    }
}

fn one(constraint: Value) -> Alternatives {
    vec![vec![constraint]]
}

fn of_texts(field: &str, operator: &str, values: &[&str]) -> Result<Value, String> {
    if values.iter().any(|value| value.is_empty() || value.trim() != *value) {
        return Err("blanks around a text, and empty texts, do not count there".into());
    }
    Ok(
        json!({"contextName": field, "operator": operator, "values": values, "inverted": false, "caseInsensitive": false}),
    )
}

fn of_number(field: &str, operator: &str, value: f64) -> Value {
    let value = serde_json::Number::from_f64(value).map_or_else(String::new, |value| number::text(&value));
    json!({"contextName": field, "operator": operator, "value": value, "inverted": false})
}

fn missing<T>(field: &str) -> Result<T, String> {
    Err(format!("whoever has no {field} would fit by mistake; name the values that are wanted instead"))
}

fn constraints(atom: &Atom<'_>) -> Result<Alternatives, String> {
    let denied = atom.denied;
    match atom.node {
        Node::Constant(b) => Ok(if *b == denied { Alternatives::new() } else { everybody() }),
        Node::Truth(path) => truth(name(path)?, !denied),
        Node::Compare { op, left: Term::Attribute(path), right: Term::Literal(literal) } => {
            compare(name(path)?, *op, literal, denied)
        }
        Node::Compare { op, left: Term::Literal(literal), right: Term::Attribute(path) } => {
            compare(name(path)?, op.turned(), literal, denied)
        }
        Node::In { item: Term::Attribute(path), set: Term::List(list) } => within(name(path)?, list, denied),
        Node::Text { op, subject: Term::Attribute(path), part: Term::Literal(Literal::Text(part)) } => {
            let field = name(path)?;
            let operator = match op {
                TextMatch::StartsWith => "STR_STARTS_WITH",
                TextMatch::EndsWith => "STR_ENDS_WITH",
                TextMatch::Contains => "STR_CONTAINS",
            };
            if denied { missing(field) } else { Ok(one(of_texts(field, operator, &[part])?)) }
        }
        Node::Has(_) => Err("whether an attribute is there cannot be asked".into()),
        Node::Matches { .. } => Err("patterns are not understood by every SDK".into()),
        Node::In { .. } => Err("attributes are no lists there".into()),
        _ => Err("it computes with attributes or compares two of them".into()),
    }
}

fn truth(field: &str, wanted: bool) -> Result<Alternatives, String> {
    Ok(one(of_texts(field, "IN", &[if wanted { "true" } else { "false" }])?))
}

fn compare(field: &str, op: Comparison, literal: &Literal, denied: bool) -> Result<Alternatives, String> {
    let equal = match (op, denied) {
        (Comparison::Equal, false) | (Comparison::NotEqual, true) => Some(true),
        (Comparison::Equal, true) | (Comparison::NotEqual, false) => Some(false),
        _ => None,
    };
    match (literal, equal) {
        (Literal::Text(text), Some(true)) => Ok(one(of_texts(field, "IN", &[text])?)),
        (Literal::Bool(b), Some(true)) => truth(field, *b),
        (Literal::Text(_) | Literal::Bool(_), Some(false)) => missing(field),
        (Literal::Number(n), Some(true)) => Ok(one(of_number(field, "NUM_EQ", *n))),
        (Literal::Number(n), Some(false)) => {
            Ok(vec![vec![of_number(field, "NUM_LT", *n)], vec![of_number(field, "NUM_GT", *n)]])
        }
        (Literal::Number(n), None) => {
            let operator = match (op, denied) {
                (Comparison::Less, false) | (Comparison::GreaterOrEqual, true) => "NUM_LT",
                (Comparison::LessOrEqual, false) | (Comparison::Greater, true) => "NUM_LTE",
                (Comparison::Greater, false) | (Comparison::LessOrEqual, true) => "NUM_GT",
                _ => "NUM_GTE",
            };
            Ok(one(of_number(field, operator, *n)))
        }
        (Literal::Null, _) => Err("it asks for null".into()),
        (_, None) => Err("only numbers are ordered there".into()),
    }
}

fn within(field: &str, list: &[Literal], denied: bool) -> Result<Alternatives, String> {
    if denied {
        return missing(field);
    }
    let mut texts = Vec::new();
    let mut all = Alternatives::new();
    for literal in list {
        match literal {
            Literal::Text(text) => texts.push(text.as_str()),
            Literal::Bool(b) => texts.push(if *b { "true" } else { "false" }),
            Literal::Number(n) => all.push(vec![of_number(field, "NUM_EQ", *n)]),
            Literal::Null => return Err("it asks for null".into()),
        }
    }
    if !texts.is_empty() {
        all.push(vec![of_texts(field, "IN", &texts)?]);
    }
    Ok(all)
}
