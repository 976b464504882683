//! Predicates as GrowthBook conditions, with the same answer for every subject.
//!
//! A predicate answers yes, no or unknown and fits only when it is yes; a condition knows true and false. So each question
//! is translated twice, into when it is yes and into when it is no, and `!` swaps the two. SDKs differ in how loosely they
//! compare: every comparison names the type it is about, and only operators that all of them take strictly are used.

use epoch_model::predicate::{Comparison, Literal, Node, Path, Scope, Term, TextMatch};
use serde_json::{Map, Value, json};

use super::literal;
use super::pattern;

/// What cannot be said, in words.
type Said = Result<Value, String>;

/// The condition under which the predicate fits.
pub fn condition(node: &Node) -> Said {
    when(node, true)
}

fn never() -> Value {
    json!({"$not": {}})
}

/// When the question is answered `yes`.
fn when(node: &Node, yes: bool) -> Said {
    match node {
        Node::All(parts) => join(if yes { "$and" } else { "$or" }, parts, yes),
        Node::Any(parts) => join(if yes { "$or" } else { "$and" }, parts, yes),
        Node::Not(part) => when(part, !yes),
        Node::Constant(b) => Ok(if *b == yes { json!({}) } else { never() }),
        Node::Has(path) => on(path, |p| Ok(leaf(p, json!({"$exists": yes})))),
        Node::Truth(path) => on(path, |p| Ok(leaf(p, json!({"$eq": yes})))),
        Node::Compare { op, left, right } => compare(*op, left, right, yes),
        Node::In { item, set } => within(item, set, yes),
        Node::Text { op, subject: Term::Attribute(path), part: Term::Literal(Literal::Text(part)) } => {
            on(path, |p| text(p, *op, part, yes))
        }
        Node::Text { .. } => constant(node, yes).ok_or_else(|| "it looks for one attribute in another".into()),
        Node::Matches { subject: Term::Attribute(path), pattern } => {
            let (pattern, guarded) = pattern::portable(pattern.text())?;
            on(path, |p| Ok(matching(p, &pattern, guarded, yes)))
        }
        Node::Matches { .. } => constant(node, yes).ok_or_else(|| "it matches something computed".into()),
    }
}

fn join(how: &str, parts: &[Node], yes: bool) -> Said {
    let parts: Result<Vec<Value>, String> = parts.iter().map(|part| when(part, yes)).collect();
    Ok(json!({how: parts?}))
}

fn both(a: Value, b: Value) -> Value {
    json!({"$and": [a, b]})
}

fn not(condition: Value) -> Value {
    json!({"$not": condition})
}

fn leaf(path: &str, wanted: Value) -> Value {
    Value::Object(Map::from_iter([(path.to_owned(), wanted)]))
}

/// Names that every JavaScript object has, and names that mean something else in a condition.
const TAKEN: [&str; 12] = [
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "length",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
    "$savedGroup",
    "$savedGroups",
    "$groups",
];

/// A name as part of a dotted path.
fn name(name: &str) -> Result<&str, String> {
    let logical = matches!(name, "$and" | "$or" | "$nor" | "$not");
    let index = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    if name.is_empty() || name.contains('.') || index || logical || TAKEN.contains(&name) {
        return Err(format!("an attribute cannot be called “{name}” there"));
    }
    Ok(name)
}

/// `make` for the attribute at this path. `unit` is the subject's id, unless there is an attribute of this name.
fn on(path: &Path, make: impl Fn(&str) -> Said) -> Said {
    let parts: Result<Vec<&str>, String> =
        std::iter::once(&path.name).chain(&path.below).map(|part| name(part)).collect();
    let dotted = parts?.join(".");
    if path.top() != Some("unit") {
        return make(&dotted);
    }
    let own = both(json!({"unit": {"$exists": true}}), make("unit")?);
    let id = both(json!({"unit": {"$exists": false}}), make("id")?);
    Ok(json!({"$or": [own, id]}))
}

/// A question without attributes has one answer for everybody.
fn constant(node: &Node, yes: bool) -> Option<Value> {
    let fixed = |term: &Term| matches!(term, Term::Literal(_) | Term::List(_));
    let fixed = match node {
        Node::Compare { left, right, .. } => fixed(left) && fixed(right),
        Node::In { item, set } => fixed(item) && fixed(set),
        Node::Text { subject, part, .. } => fixed(subject) && fixed(part),
        Node::Matches { subject, .. } => fixed(subject),
        _ => false,
    };
    let answer = || node.answer(Scope { unit: "", attributes: &Map::new() });
    fixed.then(|| if answer() == Some(yes) { json!({}) } else { never() })
}

fn compare(op: Comparison, left: &Term, right: &Term, yes: bool) -> Said {
    let node = || Node::Compare { op, left: left.clone(), right: right.clone() };
    match (left, right) {
        (Term::Attribute(path), Term::Literal(literal)) => on(path, |p| against(p, op, literal, yes)),
        (Term::Literal(literal), Term::Attribute(path)) => on(path, |p| against(p, op.turned(), literal, yes)),
        (Term::Attribute(path), Term::List(list)) | (Term::List(list), Term::Attribute(path)) => {
            let wanted = literal::list(list)?;
            let equal = match op {
                Comparison::Equal => yes,
                Comparison::NotEqual => !yes,
                _ => return Ok(never()),
            };
            on(path, |p| {
                let same = leaf(p, wanted.clone());
                Ok(if equal { same } else { both(leaf(p, json!({"$exists": true})), not(same)) })
            })
        }
        _ => constant(&node(), yes).ok_or_else(|| "it computes with attributes or compares two of them".into()),
    }
}

fn against(path: &str, op: Comparison, wanted: &Literal, yes: bool) -> Said {
    let value = literal::json(wanted)?;
    let operator = match (op, yes) {
        (Comparison::Equal, true) | (Comparison::NotEqual, false) => return Ok(leaf(path, json!({"$eq": value}))),
        (Comparison::Equal, false) | (Comparison::NotEqual, true) => {
            return Ok(leaf(path, json!({"$exists": true, "$ne": value})));
        }
        (Comparison::Less, true) | (Comparison::GreaterOrEqual, false) => "$lt",
        (Comparison::LessOrEqual, true) | (Comparison::Greater, false) => "$lte",
        (Comparison::Greater, true) | (Comparison::LessOrEqual, false) => "$gt",
        (Comparison::GreaterOrEqual, true) | (Comparison::Less, false) => "$gte",
    };
    match wanted {
        Literal::Number(_) => Ok(leaf(path, json!({"$type": "number", operator: value}))),
        // Texts are ordered by code point here and by UTF-16 unit there, which is the same up to U+D7FF.
        Literal::Text(text) if text.chars().all(|c| c < '\u{e000}') => {
            Ok(leaf(path, json!({"$type": "string", operator: value})))
        }
        Literal::Text(_) => Err("it orders texts with rare characters".into()),
        Literal::Bool(_) | Literal::Null => Err("it orders truth values".into()),
    }
}

fn within(item: &Term, set: &Term, yes: bool) -> Said {
    match (item, set) {
        (Term::Attribute(path), Term::List(list)) => {
            let by_type = literal::by_type(list)?;
            on(path, |p| {
                let inside: Vec<Value> =
                    by_type.iter().map(|(kind, values)| leaf(p, json!({"$type": kind, "$in": values}))).collect();
                let inside = if inside.is_empty() { never() } else { json!({"$or": inside}) };
                Ok(if yes { inside } else { both(leaf(p, json!({"$exists": true})), not(inside)) })
            })
        }
        (Term::Literal(literal), Term::Attribute(path)) => {
            let value = literal::json(literal)?;
            on(path, |p| {
                let list = leaf(p, json!({"$type": "array"}));
                let held = both(list.clone(), leaf(p, json!({"$elemMatch": {"$eq": value}})));
                let in_list = if yes { held } else { both(list, not(held)) };
                let Literal::Text(key) = literal else { return Ok(in_list) };
                let table = leaf(p, json!({"$type": "object"}));
                let key = leaf(&format!("{p}.{}", name(key)?), json!({"$exists": yes}));
                Ok(json!({"$or": [in_list, both(table, key)]}))
            })
        }
        _ => constant(&Node::In { item: item.clone(), set: set.clone() }, yes)
            .ok_or_else(|| "it looks for one attribute in another".into()),
    }
}

fn text(path: &str, op: TextMatch, part: &str, yes: bool) -> Said {
    if part.is_empty() {
        return Ok(if yes { leaf(path, json!({"$type": "string"})) } else { never() });
    }
    let escaped = pattern::escape(part);
    Ok(match op {
        TextMatch::StartsWith => matching(path, &format!("^{escaped}"), false, yes),
        TextMatch::Contains => matching(path, &escaped, false, yes),
        TextMatch::EndsWith if part.ends_with('\n') => return Err("it looks for a line's end".into()),
        TextMatch::EndsWith => matching(path, &format!("{escaped}$"), true, yes),
    })
}

/// `guarded`: some engines let `$` match before a last line's end, so texts that end so are kept out.
fn matching(path: &str, pattern: &str, guarded: bool, yes: bool) -> Value {
    let text = leaf(path, json!({"$type": "string"}));
    let mut wanted = json!({"$type": "string", "$regex": pattern});
    if guarded {
        wanted["$not"] = json!({"$regex": "\\n$"});
    }
    let found = leaf(path, wanted);
    if yes { found } else { both(text, not(found)) }
}
