//! Where a definition's nodes stand when it is drawn: layers from top to bottom, columns within a layer.
//!
//! Layers are longest paths from the start once edges that lead back are turned (Sugiyama, Tagawa and Toda 1981); columns are
//! ordered by the median of their neighbours, forth and back, the order with the fewest crossings being kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::definition::Definition;
use crate::diff::edge_words;
use crate::flow::Flow;

/// Sweeps over the layers; more change nothing on graphs of this size.
const SWEEPS: usize = 8;

/// A definition as it is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowGraph")]
pub struct Graph {
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
    pub layers: u32,
    /// Columns of the widest layer.
    pub columns: u32,
}

/// A node and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowGraphNode")]
pub struct GraphNode {
    pub key: String,
    pub title: String,
    /// The kind of its step.
    pub kind: String,
    /// From 0 at the top.
    pub layer: u32,
    /// From the left, in columns; layers are centred, so halves occur.
    pub column: f64,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowGraphEdge")]
pub struct GraphEdge {
    pub from: String,
    pub to: String,
    /// `next`, a case's condition, `otherwise`, an option's key, `error`, `timeout`.
    pub why: String,
    /// It leads to the same layer or one above.
    pub back: bool,
    /// Columns at which it passes the layers between its ends, from the upper to the lower.
    pub bends: Vec<f64>,
}

/// A place of a layer: a node, or an edge that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Node(usize),
    /// Ends of the edge.
    Passing(usize, usize),
}

/// Lays a definition out.
pub fn graph(definition: &Definition) -> Graph {
    let flow = Flow::of(definition);
    let layer = layers(&flow);
    let rows = order(&flow, &layer);
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut columns: BTreeMap<(usize, Place), f64> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let margin = (widest - row.len()) as f64 / 2.0;
        columns.extend(row.iter().enumerate().map(|(i, place)| ((at, *place), margin + i as f64)));
    }
    let column = |layer: usize, place: Place| columns.get(&(layer, place)).copied().unwrap_or(0.0);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let nodes = definition.nodes.iter().enumerate().map(|(at, node)| GraphNode {
        key: node.key.clone(),
        title: node.title.clone(),
        kind: node.step.word().to_owned(),
        layer: count(layer[at]),
        column: column(layer[at], Place::Node(at)),
    });
    let mut edges = Vec::new();
    for (from, node) in definition.nodes.iter().enumerate() {
        for edge in edge_words(node) {
            let Some(to) = flow.at(&edge.to) else { continue };
            let (top, bottom) = if layer[from] <= layer[to] { (from, to) } else { (to, from) };
            let bends = (layer[top] + 1..layer[bottom]).map(|at| column(at, Place::Passing(top, bottom))).collect();
            let back = layer[to] <= layer[from];
            edges.push(GraphEdge { from: edge.from, to: edge.to, why: edge.why, back, bends });
        }
    }
    Graph { nodes: nodes.collect(), edges, layers: count(rows.len()), columns: count(widest) }
}

/// Edges that lead back in a walk from the start, deepest first in the order of the file.
fn back_edges(flow: &Flow<'_>) -> BTreeSet<(usize, usize)> {
    let n = flow.to.len();
    let mut back = BTreeSet::new();
    let (mut seen, mut open) = (vec![false; n], vec![false; n]);
    let starts = flow.start().into_iter().chain(0..n);
    for start in starts {
        if seen[start] {
            continue;
        }
        let mut stack = vec![(start, 0)];
        (seen[start], open[start]) = (true, true);
        while let Some((at, next)) = stack.pop() {
            let Some(to) = flow.to[at].get(next).copied() else {
                open[at] = false;
                continue;
            };
            stack.push((at, next + 1));
            if open[to] {
                back.insert((at, to));
            } else if !seen[to] {
                (seen[to], open[to]) = (true, true);
                stack.push((to, 0));
            }
        }
    }
    back
}

/// The longest way from the start, edges that lead back left out.
fn layers(flow: &Flow<'_>) -> Vec<usize> {
    let back = back_edges(flow);
    let mut layer = vec![0; flow.to.len()];
    // Without circles each round settles at least one more layer.
    for _ in 0..flow.to.len() {
        let mut changed = false;
        for (at, ways) in flow.to.iter().enumerate() {
            for to in ways.iter().copied().filter(|to| !back.contains(&(at, *to))) {
                if layer[to] < layer[at] + 1 {
                    layer[to] = layer[at] + 1;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    layer
}

/// The places of each layer, from left to right.
fn order(flow: &Flow<'_>, layer: &[usize]) -> Vec<Vec<Place>> {
    let depth = layer.iter().max().map_or(0, |deepest| deepest + 1);
    let mut rows: Vec<Vec<Place>> = vec![Vec::new(); depth];
    let mut links: Vec<BTreeSet<(Place, Place)>> = vec![BTreeSet::new(); depth];
    for (at, row) in layer.iter().enumerate() {
        rows[*row].push(Place::Node(at));
    }
    for (from, ways) in flow.to.iter().enumerate() {
        for to in ways.iter().copied().filter(|to| layer[*to] != layer[from]) {
            let (top, bottom) = if layer[from] < layer[to] { (from, to) } else { (to, from) };
            let mut above = Place::Node(top);
            for at in layer[top] + 1..layer[bottom] {
                let place = Place::Passing(top, bottom);
                if !rows[at].contains(&place) {
                    rows[at].push(place);
                }
                links[at].insert((above, place));
                above = place;
            }
            links[layer[bottom]].insert((above, Place::Node(bottom)));
        }
    }
    let mut best = (crossings(&rows, &links), rows.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (1..depth).collect() } else { (0..depth.saturating_sub(1)).rev().collect() };
        for at in order {
            let neighbours = |place: Place| -> Vec<usize> {
                let (fixed, between) = if down { (&rows[at - 1], &links[at]) } else { (&rows[at + 1], &links[at + 1]) };
                let other = |(above, below): &(Place, Place)| {
                    let (far, near) = if down { (above, below) } else { (below, above) };
                    (*near == place).then_some(*far)
                };
                let mut found: Vec<usize> =
                    between.iter().filter_map(other).filter_map(|p| fixed.iter().position(|q| *q == p)).collect();
                found.sort_unstable();
                found
            };
            let mut ranked: Vec<(usize, usize, Place)> = rows[at]
                .iter()
                .enumerate()
                .map(|(i, place)| {
                    let near = neighbours(*place);
                    // Doubled, so that the middle of two is whole; what has no neighbour stays about where it is.
                    let median = match near.as_slice() {
                        [] => 2 * i,
                        near => near[(near.len() - 1) / 2] + near[near.len() / 2],
                    };
                    (median, i, *place)
                })
                .collect();
            ranked.sort_unstable();
            rows[at] = ranked.into_iter().map(|(_, _, place)| place).collect();
        }
        let now = crossings(&rows, &links);
        if now < best.0 {
            best = (now, rows.clone());
        }
    }
    best.1
}

/// Pairs of links between neighbouring layers that cross.
fn crossings(rows: &[Vec<Place>], links: &[BTreeSet<(Place, Place)>]) -> usize {
    let mut crossed = 0;
    for at in 1..rows.len() {
        let place = |row: &[Place], wanted: Place| row.iter().position(|place| *place == wanted).unwrap_or(0);
        let ends: Vec<(usize, usize)> =
            links[at].iter().map(|(above, below)| (place(&rows[at - 1], *above), place(&rows[at], *below))).collect();
        for (i, a) in ends.iter().enumerate() {
            crossed += ends[..i].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count();
        }
    }
    crossed
}
