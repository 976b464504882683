//! A TOML text as a tree with places, and a scenario laid over the one it extends.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml_edit::{Item, TableLike, Value};

/// A value and the byte at which it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: usize,
    pub value: Tree,
}

/// What TOML can say, as far as scenarios use it.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Text(String),
    Number(f64),
    Flag,
    Date(Date),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Tree {
    /// In words, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "a number",
            Self::Flag => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

pub(super) fn table(table: &dyn TableLike) -> BTreeMap<String, Node> {
    table.iter().filter_map(|(key, item)| Some((key.to_owned(), node(item, key_place(table, key))?))).collect()
}

fn key_place(table: &dyn TableLike, key: &str) -> usize {
    table.key(key).and_then(toml_edit::Key::span).map_or(0, |span| span.start)
}

fn node(item: &Item, key: usize) -> Option<Node> {
    let at = item.span().map_or(key, |span| span.start);
    let value = match item {
        Item::None => return None,
        Item::Value(one) => return Some(value(one, at)),
        Item::Table(inner) => Tree::Table(table(inner)),
        Item::ArrayOfTables(rows) => Tree::List(
            rows.iter()
                .map(|row| Node { at: row.span().map_or(at, |span| span.start), value: Tree::Table(table(row)) })
                .collect(),
        ),
    };
    Some(Node { at, value })
}

fn value(one: &Value, at: usize) -> Node {
    let at = one.span().map_or(at, |span| span.start);
    let value = match one {
        Value::String(text) => Tree::Text(text.value().clone()),
        Value::Integer(n) => Tree::Number(*n.value() as f64),
        Value::Float(n) => Tree::Number(*n.value()),
        Value::Boolean(_) => Tree::Flag,
        Value::Datetime(date) => {
            let text = date.value().to_string();
            // Only days are known to scenarios; a time of day stays text and is refused where a date is wanted.
            text.parse().map_or(Tree::Text(text), Tree::Date)
        }
        Value::Array(list) => Tree::List(list.iter().map(|v| value(v, at)).collect()),
        Value::InlineTable(inner) => Tree::Table(table(inner)),
    };
    Node { at, value }
}

/// Lays `over` over `base`: tables join key by key, lists of tables that have keys join row by row, all else is replaced.
/// What comes from the base stands, for messages, where the text names the base.
pub(super) fn lay(base: BTreeMap<String, Node>, over: BTreeMap<String, Node>, at: usize) -> BTreeMap<String, Node> {
    let mut joined: BTreeMap<String, Node> = base.into_iter().map(|(key, node)| (key, moved(node, at))).collect();
    for (key, node) in over {
        let below = joined.remove(&key);
        joined.insert(key, join(below, node, at));
    }
    joined
}

fn join(below: Option<Node>, over: Node, at: usize) -> Node {
    let value = match (below.map(|node| node.value), over.value) {
        (Some(Tree::Table(base)), Tree::Table(own)) => Tree::Table(lay(base, own, at)),
        (Some(Tree::List(base)), Tree::List(own)) if keyed(&base) && keyed(&own) => {
            Tree::List(join_rows(base, own, at))
        }
        (_, own) => own,
    };
    Node { at: over.at, value }
}

fn join_rows(base: Vec<Node>, own: Vec<Node>, at: usize) -> Vec<Node> {
    let mut rows = base;
    for node in own {
        match rows.iter().position(|row| row_key(row) == row_key(&node)) {
            Some(i) => {
                let below = rows.remove(i);
                rows.insert(i, join(Some(below), node, at));
            }
            None => rows.push(node),
        }
    }
    rows
}

fn row_key(node: &Node) -> Option<&str> {
    let Tree::Table(table) = &node.value else { return None };
    match &table.get("key")?.value {
        Tree::Text(key) => Some(key),
        _ => None,
    }
}

fn keyed(rows: &[Node]) -> bool {
    rows.iter().all(|row| row_key(row).is_some())
}

fn moved(node: Node, at: usize) -> Node {
    let value = match node.value {
        Tree::Table(table) => Tree::Table(table.into_iter().map(|(key, node)| (key, moved(node, at))).collect()),
        Tree::List(list) => Tree::List(list.into_iter().map(|node| moved(node, at)).collect()),
        plain => plain,
    };
    Node { at, value }
}
