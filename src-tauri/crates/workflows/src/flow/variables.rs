//! Which variables a node reads and sets, which are certain to be set when it is come to, which are still needed.

use std::collections::BTreeSet;

use epoch_model::Result;
use epoch_model::business::LeverValue;

use super::{Edge, Flow, Why, edges};
use crate::definition::{Call, Definition, Gather, Node, Outcome, Step};
use crate::template;

/// The variable that holds why a node failed, on the way its `on_error` leads.
pub const ERROR: &str = "error";

type Names = BTreeSet<String>;

/// The variables a node reads before it does anything, and those its undoing reads (which may be its own).
pub fn reads(node: &Node) -> Result<Names> {
    let names = match &node.step {
        Step::Effect { payload, .. } => payload.names()?,
        Step::Lever { to, .. } => to.names()?,
        Step::Decision { question, options, .. } => {
            let mut names = template::names_of_text(question)?;
            for option in options {
                names.extend(template::names_of_text(&option.title)?);
            }
            names
        }
        Step::Branch { cases, .. } => {
            let names: Result<Vec<_>> = cases.iter().map(|case| template::names(&case.when)).collect();
            names?.concat()
        }
        Step::Experiment { question } => {
            let mut names = template::names_of_text(&question.hypothesis)?;
            for arm in &question.arms {
                if let LeverValue::Text(text) = &arm.value {
                    names.extend(template::names_of_text(text)?);
                }
            }
            names
        }
        Step::Set { values } => {
            let names: Result<Vec<_>> = values.values().map(|expression| template::names(expression)).collect();
            names?.concat()
        }
        Step::Sub { inputs, .. } => {
            let names: Result<Vec<_>> = inputs.values().map(template::Template::names).collect();
            names?.concat()
        }
        Step::Wait { .. }
        | Step::Timer { .. }
        | Step::Signal { .. }
        | Step::Measure { .. }
        | Step::Join { .. }
        | Step::End { .. } => Vec::new(),
    };
    Ok(names.into_iter().collect())
}

/// The variables the undoing of a node reads.
pub fn reads_to_undo(node: &Node) -> Result<Names> {
    let names = match &node.undo {
        Some(Call::Effect { payload, .. }) => payload.names()?,
        Some(Call::Lever { to, .. }) => to.names()?,
        Some(Call::Restore { .. }) | None => Vec::new(),
    };
    Ok(names.into_iter().collect())
}

/// The variables a node sets before it goes on along an edge.
pub fn sets(node: &Node, edge: Why<'_>) -> Names {
    match edge {
        Why::Error => [ERROR.to_owned()].into(),
        Why::Timeout => Names::new(),
        _ => match &node.step {
            Step::Set { values } => values.keys().cloned().collect(),
            _ => node.into.keys().cloned().collect(),
        },
    }
}

/// For each node, the variables that are set whichever way it was come to; `None` where it cannot be come to.
///
/// A forward must-analysis. Ways meet in what all of them set, but at a join of all paths of a fork in what any path sets,
/// where that path is sure to come there.
pub fn certain(flow: &Flow<'_>) -> Vec<Option<Names>> {
    let nodes = &flow.definition.nodes;
    let mut known: Vec<Option<Names>> = vec![None; nodes.len()];
    let Some(start) = flow.start() else { return known };
    let inputs: Names = flow.definition.inputs.keys().cloned().collect();
    known[start] = Some(inputs.clone());
    let forks: Vec<Option<usize>> = (0..nodes.len())
        .map(|at| matches!(nodes[at].step, Step::Join { gather: Gather::All }).then(|| flow.fork_of(at)).flatten())
        .collect();
    // Sets only shrink and each round but the last shrinks one, so this ends.
    loop {
        let mut changed = false;
        for at in 0..nodes.len() {
            let arriving = |from: usize| -> Option<Names> {
                let before = known[from].as_ref()?;
                let ways = edges(&nodes[from]);
                let ways = ways.iter().filter(|edge| edge.to == nodes[at].key);
                meet(ways.map(|Edge { why, .. }| before.union(&sets(&nodes[from], *why)).cloned().collect()))
            };
            let mut now = match forks[at] {
                Some(fork) => gathered(flow, at, fork, &arriving),
                None => meet(flow.from[at].iter().filter_map(|from| arriving(*from))),
            };
            if at == start {
                now = Some(now.map_or_else(|| inputs.clone(), |now| now.intersection(&inputs).cloned().collect()));
            }
            if now.is_some() && now != known[at] {
                known[at] = now;
                changed = true;
            }
        }
        if !changed {
            return known;
        }
    }
}

/// What is certain at a join of all: per path of the fork what its arrivals agree on, and all of that together. A path that may
/// end elsewhere promises nothing.
fn gathered(flow: &Flow<'_>, join: usize, fork: usize, arriving: &dyn Fn(usize) -> Option<Names>) -> Option<Names> {
    let nodes = &flow.definition.nodes;
    let all = meet(flow.from[join].iter().filter_map(|from| arriving(*from)));
    let mut together = all?;
    for path in &flow.to[fork] {
        let reached = flow.reach([*path], |at| at == join);
        let strays = reached.iter().any(|at| matches!(nodes[*at].step, Step::End { outcome: Outcome::Succeeded }));
        if strays || !reached.contains(&join) {
            continue;
        }
        let arrivals = flow.from[join].iter().filter(|from| reached.contains(from) || *path == join);
        if let Some(names) = meet(arrivals.filter_map(|from| arriving(*from))) {
            together.extend(names);
        }
    }
    Some(together)
}

fn meet(sets: impl Iterator<Item = Names>) -> Option<Names> {
    sets.reduce(|a, b| a.intersection(&b).cloned().collect())
}

/// For each node, the variables that may still be read once it has done its work and before they are set again, with those its
/// own undoing reads: what a token that waits there needs. A backward may-analysis.
pub fn needed_after(definition: &Definition) -> Vec<Names> {
    let flow = Flow::of(definition);
    let nodes = &definition.nodes;
    let own: Vec<Names> = nodes.iter().map(|node| reads(node).unwrap_or_default()).collect();
    let mut after: Vec<Names> = nodes
        .iter()
        .map(|node| {
            let undo = reads_to_undo(node).unwrap_or_default();
            undo.into_iter().filter(|name| !node.into.contains_key(name)).collect()
        })
        .collect();
    loop {
        let mut changed = false;
        for at in (0..nodes.len()).rev() {
            let mut now = after[at].clone();
            for edge in edges(&nodes[at]) {
                let Some(to) = flow.at(edge.to) else { continue };
                let set = sets(&nodes[at], edge.why);
                // What the next node sets was taken off along its own edges already.
                now.extend(own[to].union(&after[to]).filter(|name| !set.contains(*name)).cloned());
            }
            if now.len() != after[at].len() {
                after[at] = now;
                changed = true;
            }
        }
        if !changed {
            return after;
        }
    }
}
