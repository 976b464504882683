//! A context in our own terms. Unleash knows texts only; what a text is meant as shows in what the rules compare it with.

use std::collections::BTreeMap;

use epoch_model::predicate::{Literal, Node, Path, Term};
use serde_json::{Map, Value};

use super::Context;
use super::constraint::number;
use crate::book::Compiled;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Truth,
}

/// The context's fields and properties, with groups under `$groups`.
pub fn attributes(levers: &Compiled, context: &Context) -> Map<String, Value> {
    let mut kinds = BTreeMap::new();
    for predicate in
        levers.plans().iter().flat_map(|plan| &plan.steps).filter_map(|step| step.when.as_ref().ok()?.as_ref())
    {
        look(predicate.root(), &mut kinds);
    }
    let of = |name: &str| context.fields.get(name).and_then(Value::as_object);
    let properties = of("properties").into_iter().flatten();
    let fields = context.fields.as_object().into_iter().flatten().filter(|(name, _)| *name != "properties");
    let mut all: Map<String, Value> = properties
        .chain(fields)
        .map(|(name, value)| (name.clone(), meant(value, kinds.get(name.as_str()).copied())))
        .collect();
    let types = levers.flags().iter().filter_map(|flag| flag.serving.group.as_ref());
    let group = |kind: &String| Some((kind.clone(), Value::from(context.resolve(kind)?.into_owned())));
    all.insert("$groups".into(), Value::Object(types.filter_map(group).collect()));
    all
}

fn meant(value: &Value, kind: Option<Kind>) -> Value {
    match (value, kind) {
        (Value::String(text), Some(Kind::Number)) => number(text).map_or_else(|| value.clone(), Value::from),
        (Value::String(text), Some(Kind::Truth)) if text == "true" || text == "false" => Value::from(text == "true"),
        _ => value.clone(),
    }
}

fn look<'a>(node: &'a Node, kinds: &mut BTreeMap<&'a str, Kind>) {
    let mut note = |path: &'a Path, literal: &Literal| {
        let kind = match literal {
            Literal::Number(_) => Kind::Number,
            Literal::Bool(_) => Kind::Truth,
            Literal::Null | Literal::Text(_) => return,
        };
        if let Some(name) = path.top() {
            kinds.insert(name, kind);
        }
    };
    match node {
        Node::All(parts) | Node::Any(parts) => {
            for part in parts {
                look(part, kinds);
            }
        }
        Node::Not(part) => look(part, kinds),
        Node::Truth(path) => note(path, &Literal::Bool(true)),
        Node::Compare { left: Term::Attribute(path), right: Term::Literal(literal), .. }
        | Node::Compare { left: Term::Literal(literal), right: Term::Attribute(path), .. } => note(path, literal),
        Node::In { item: Term::Attribute(path), set: Term::List(list) } => {
            for literal in list {
                note(path, literal);
            }
        }
        _ => {}
    }
}
