//! The graph: every edge leads somewhere, every node can be come to and gets to an end, no circle spins, every variable is
//! set before it is read.

use std::collections::BTreeSet;

use epoch_model::business::did_you_mean;

use super::Findings;
use crate::definition::{Node, Step};
use crate::flow::variables::{certain, reads, reads_to_undo};
use crate::flow::{Flow, Why, edges, forks};

/// Whether every edge leads to a node.
pub(super) fn check_edges(flow: &Flow<'_>, findings: &mut Findings) -> bool {
    let nodes = &flow.definition.nodes;
    let keys: Vec<&str> = nodes.iter().map(|node| node.key.as_str()).collect();
    let nowhere = |name: &str| did_you_mean(name, &keys).unwrap_or_else(|| format!("there are {}", keys.join(", ")));
    let before = findings.0.len();
    if flow.start().is_none() {
        let start = &flow.definition.start;
        findings.add("start", format!("there is no node “{start}”"), nowhere(start));
    }
    for node in nodes {
        for edge in edges(node).into_iter().filter(|edge| flow.at(edge.to).is_none()) {
            let field = match edge.why {
                Why::Next => "next",
                Why::Case(_) => "cases",
                Why::Otherwise => "otherwise",
                Why::Option(_) => "options",
                Why::Error => "on_error",
                Why::Timeout => "timeout",
            };
            findings.node(&node.key, field, format!("there is no node “{}”", edge.to), nowhere(edge.to));
        }
    }
    findings.0.len() == before
}

pub(super) fn check(flow: &Flow<'_>, findings: &mut Findings) {
    for node in &flow.definition.nodes {
        check_ways(node, findings);
        check_times(node, findings);
    }
    check_reach(flow, findings);
    check_circles(flow, findings);
    check_joins(flow, findings);
}

/// A node that is no end leads somewhere.
fn check_ways(node: &Node, findings: &mut Findings) {
    let leads_on = match &node.step {
        Step::End { .. } | Step::Branch { .. } => true,
        Step::Decision { options, .. } => {
            let lost = options.iter().find(|option| option.next.is_empty() && node.next.is_empty());
            if let Some(option) = lost {
                let message = format!("the option “{}” leads nowhere", option.key);
                findings.node(&node.key, "options", message, "give it, or the node, a next");
            }
            true
        }
        _ => !node.next.is_empty(),
    };
    if !leads_on {
        findings.node(&node.key, "", "it leads nowhere", "give it a next, or make it an end");
    }
}

fn check_times(node: &Node, findings: &mut Findings) {
    let (Some(timeout), Some(retry)) = (&node.timeout, &node.retry) else { return };
    if timeout.after_ms < retry.pauses_ms() {
        let pauses = crate::words::duration(retry.pauses_ms());
        let message = format!("the timeout comes before its attempts are over: their pauses alone may take {pauses}");
        findings.node(&node.key, "timeout", message, "give it more time, or fewer attempts");
    }
}

fn check_reach(flow: &Flow<'_>, findings: &mut Findings) {
    let nodes = &flow.definition.nodes;
    let reached = flow.reach(flow.start(), |_| false);
    for (at, node) in nodes.iter().enumerate() {
        if !reached.contains(&at) {
            findings.node(&node.key, "", "no way leads here", "lead to it from another node, or take it out");
            continue;
        }
        let onward = flow.reach([at], |_| false);
        if !onward.iter().any(|at| matches!(nodes[*at].step, Step::End { .. })) {
            findings.node(&node.key, "", "no end can be come to from here", "lead to an end somewhere");
        }
    }
}

/// A circle without a node that waits for time, a person or another's work would run until it hits a ceiling.
fn check_circles(flow: &Flow<'_>, findings: &mut Findings) {
    let nodes = &flow.definition.nodes;
    let paces = |at: usize| nodes[at].step.paces();
    let mut told = BTreeSet::new();
    for at in (0..nodes.len()).filter(|at| !paces(*at)) {
        let onward = flow.reach(flow.to[at].iter().copied().filter(|to| !paces(*to)), paces);
        if !onward.contains(&at) || told.contains(&at) {
            continue;
        }
        let circle: Vec<usize> = onward
            .iter()
            .copied()
            .filter(|other| !paces(*other) && flow.reach([*other], paces).contains(&at))
            .collect();
        told.extend(circle.iter().copied());
        let names: Vec<&str> = circle.iter().map(|at| nodes[*at].key.as_str()).collect();
        findings.node(
            &nodes[at].key,
            "",
            format!("a circle never waits: {}", names.join(", ")),
            "put a wait, a timer, a signal or a decision into it",
        );
    }
}

fn check_joins(flow: &Flow<'_>, findings: &mut Findings) {
    for (at, node) in flow.definition.nodes.iter().enumerate() {
        let joins = matches!(node.step, Step::Join { .. });
        if joins && !flow.from[at].is_empty() && flow.fork_of(at).is_none() {
            findings.node(
                &node.key,
                "",
                "no fork sends out the paths this join brings together",
                "every way to a join goes through one node with several next; without one, leave the join out",
            );
        }
        if forks(node) && node.next.iter().collect::<BTreeSet<_>>().len() < node.next.len() {
            findings.node(&node.key, "next", "a way is named twice", "name each once");
        }
    }
}

/// A variable is set on every way to where it is read.
pub(super) fn check_variables(flow: &Flow<'_>, findings: &mut Findings) {
    let known = certain(flow);
    for (at, node) in flow.definition.nodes.iter().enumerate() {
        let Some(set) = &known[at] else { continue };
        let read = reads(node).unwrap_or_default();
        let undo = reads_to_undo(node).unwrap_or_default();
        let undo = undo.into_iter().filter(|name| !node.into.contains_key(name));
        let missing: BTreeSet<String> = read.into_iter().chain(undo).filter(|name| !set.contains(name)).collect();
        for name in missing {
            findings.node(
                &node.key,
                "",
                format!("it reads “{name}”, which is not set on every way to it"),
                "set it before, or make it an input",
            );
        }
    }
}
