//! What changed between two versions of a definition, node by node and field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::definition::{Definition, Node};
use crate::flow::{Why, edges};

/// What changed from one definition to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowDiff")]
pub struct Diff {
    pub from: u32,
    pub to: u32,
    /// Title, purpose, inputs, needs, triggers, ceilings, start.
    pub head: Vec<FieldChange>,
    /// Nodes that are new.
    pub added: Vec<String>,
    /// Nodes that are gone.
    pub removed: Vec<String>,
    pub changed: Vec<NodeChange>,
    pub edges_added: Vec<EdgeWords>,
    pub edges_removed: Vec<EdgeWords>,
}

/// A node that is in both and differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowNodeChange")]
pub struct NodeChange {
    pub node: String,
    pub fields: Vec<FieldChange>,
}

/// A value that differs; `null` where there was or is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowFieldChange")]
pub struct FieldChange {
    /// `payload.text`, `retry.attempts`, `options.0.title`.
    pub path: String,
    #[ts(type = "unknown")]
    pub before: Value,
    #[ts(type = "unknown")]
    pub after: Value,
}

/// An edge as people name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowEdgeWords")]
pub struct EdgeWords {
    pub from: String,
    pub to: String,
    /// `next`, a case's condition, `otherwise`, an option's key, `error`, `timeout`.
    pub why: String,
}

impl Diff {
    /// Whether nothing but the version differs.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What changed from `a` to `b`. Edges of nodes that are new or gone are among the edges.
pub fn diff(a: &Definition, b: &Definition) -> Diff {
    let keys = |d: &Definition| d.nodes.iter().map(|node| node.key.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (keys(a), keys(b));
    let in_order = |d: &Definition, only: &dyn Fn(&str) -> bool| -> Vec<String> {
        d.nodes.iter().map(|node| node.key.clone()).filter(|key| only(key)).collect()
    };
    let changed = a.nodes.iter().filter_map(|node| {
        let fields = changes(&to_json(node), &to_json(b.node(&node.key)?));
        (!fields.is_empty()).then(|| NodeChange { node: node.key.clone(), fields })
    });
    let (edges_before, edges_after) = (all_edges(a), all_edges(b));
    Diff {
        from: a.version,
        to: b.version,
        head: changes(&head(a), &head(b)),
        added: in_order(b, &|key| !before.contains(key)),
        removed: in_order(a, &|key| !after.contains(key)),
        changed: changed.collect(),
        edges_added: edges_after.difference(&edges_before).cloned().collect(),
        edges_removed: edges_before.difference(&edges_after).cloned().collect(),
    }
}

fn to_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn head(definition: &Definition) -> Value {
    let mut value = to_json(definition);
    if let Some(map) = value.as_object_mut() {
        map.remove("nodes");
        map.remove("version");
    }
    value
}

fn all_edges(definition: &Definition) -> BTreeSet<EdgeWords> {
    definition.nodes.iter().flat_map(edge_words).collect()
}

/// The edges out of a node, in words.
pub fn edge_words(node: &Node) -> Vec<EdgeWords> {
    edges(node)
        .into_iter()
        .map(|edge| {
            let why = match (edge.why, &node.step) {
                (Why::Case(i), crate::Step::Branch { cases, .. }) => {
                    cases.get(i).map_or_else(String::new, |case| case.when.clone())
                }
                (Why::Next | Why::Case(_), _) => "next".to_owned(),
                (Why::Otherwise, _) => "otherwise".to_owned(),
                (Why::Option(option), _) => option.to_owned(),
                (Why::Error, _) => "error".to_owned(),
                (Why::Timeout, _) => "timeout".to_owned(),
            };
            EdgeWords { from: node.key.clone(), to: edge.to.to_owned(), why }
        })
        .collect()
}

/// The leaves that differ, by path.
fn changes(a: &Value, b: &Value) -> Vec<FieldChange> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    leaves(a, String::new(), &mut before);
    leaves(b, String::new(), &mut after);
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| FieldChange {
            path: path.clone(),
            before: before.get(path).cloned().unwrap_or_default(),
            after: after.get(path).cloned().unwrap_or_default(),
        })
        .collect()
}

fn leaves(value: &Value, path: String, out: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) if !map.is_empty() => map.iter().for_each(|(name, item)| leaves(item, below(name), out)),
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(i, item)| leaves(item, below(&i.to_string()), out));
        }
        Value::Null => {}
        leaf => {
            out.insert(path, leaf.clone());
        }
    }
}
