//! The graph of a definition: edges, who reaches whom, which fork a join belongs to.

mod dominators;
pub mod variables;

use std::collections::BTreeSet;

use crate::definition::{Definition, Node, Step};

/// Why an edge is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why<'d> {
    Next,
    /// The how manyeth case of a branch, from 0.
    Case(usize),
    Otherwise,
    /// The option of a decision.
    Option(&'d str),
    Error,
    Timeout,
}

/// An edge out of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'d> {
    pub why: Why<'d>,
    pub to: &'d str,
}

/// The edges out of a node, in the order of the file.
pub fn edges(node: &Node) -> Vec<Edge<'_>> {
    let mut out = Vec::new();
    let mut push = |why, to| out.push(Edge { why, to });
    match &node.step {
        Step::Branch { cases, otherwise } => {
            for (i, case) in cases.iter().enumerate() {
                push(Why::Case(i), case.next.as_str());
            }
            push(Why::Otherwise, otherwise.as_str());
        }
        Step::Decision { options, .. } => {
            for option in options {
                for to in ways(node, &option.next) {
                    push(Why::Option(&option.key), to.as_str());
                }
            }
        }
        Step::End { .. } => {}
        _ => node.next.iter().for_each(|to| push(Why::Next, to.as_str())),
    }
    if let Some(to) = &node.on_error {
        push(Why::Error, to);
    }
    if let Some(to) = node.timeout.as_ref().and_then(|timeout| timeout.next.as_ref()) {
        push(Why::Timeout, to);
    }
    out
}

/// Where an option leads: its own ways, else the node's.
pub fn ways<'d>(node: &'d Node, own: &'d [String]) -> &'d [String] {
    if own.is_empty() { &node.next } else { own }
}

/// Whether several tokens may leave the node at once.
pub fn forks(node: &Node) -> bool {
    match &node.step {
        Step::Decision { options, .. } => options.iter().any(|option| ways(node, &option.next).len() > 1),
        Step::Branch { .. } | Step::End { .. } => false,
        _ => node.next.len() > 1,
    }
}

/// A definition's graph, its nodes numbered in the order of the file. Edges to nodes that do not exist are left out.
pub struct Flow<'d> {
    pub definition: &'d Definition,
    pub to: Vec<Vec<usize>>,
    pub from: Vec<Vec<usize>>,
}

impl<'d> Flow<'d> {
    /// The graph of a definition.
    pub fn of(definition: &'d Definition) -> Self {
        let nodes = &definition.nodes;
        let mut flow = Self { definition, to: vec![Vec::new(); nodes.len()], from: vec![Vec::new(); nodes.len()] };
        for (at, node) in nodes.iter().enumerate() {
            for edge in edges(node) {
                if let Some(to) = flow.at(edge.to).filter(|to| !flow.to[at].contains(to)) {
                    flow.to[at].push(to);
                    flow.from[to].push(at);
                }
            }
        }
        flow
    }

    /// The number of a node.
    pub fn at(&self, key: &str) -> Option<usize> {
        self.definition.nodes.iter().position(|node| node.key == key)
    }

    /// All nodes that can be come to from `starts`, the starts included, without going on from a node that `stops`.
    pub fn reach(&self, starts: impl IntoIterator<Item = usize>, stops: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = starts.into_iter().collect();
        while let Some(at) = open.pop() {
            if seen.insert(at) && !stops(at) {
                open.extend(self.to[at].iter().copied());
            }
        }
        seen
    }

    /// The number of the first node.
    pub fn start(&self) -> Option<usize> {
        self.at(&self.definition.start)
    }

    /// The fork whose paths a join brings together: the last node that every way to the join goes through, where that is a
    /// fork.
    pub fn fork_of(&self, join: usize) -> Option<usize> {
        let dominators = dominators::immediate(self);
        dominators.get(join).copied().flatten().filter(|at| forks(&self.definition.nodes[*at]))
    }
}
