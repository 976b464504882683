//! What cannot be undone, or only at a cost, is asked about or can be taken back.

use epoch_model::business::{Business, Reversibility};

use super::Findings;
use crate::definition::{Definition, Node, Step};
use crate::flow::{Flow, ways};

/// How hard what a node does is to undo; `None` when it does nothing outside. Experiments are rules of a lever, so as hard as
/// the lever. Another workflow's calls are judged where it is published.
pub fn reversibility(node: &Node, business: &Business) -> Option<Reversibility> {
    let lever = |key: &str| business.levers.iter().find(|l| l.key == key).map(|l| l.reversibility);
    match &node.step {
        Step::Effect { effect, .. } => business.effects.iter().find(|e| e.key == *effect).map(|e| e.reversibility),
        Step::Lever { lever: key, .. } => lever(key),
        Step::Experiment { question } => lever(&question.lever),
        _ => None,
    }
}

pub(super) fn check(flow: &Flow<'_>, business: &Business, findings: &mut Findings) {
    let nodes = &flow.definition.nodes;
    let is_decision = |at: usize| matches!(nodes[at].step, Step::Decision { .. });
    // Come to without having gone through a decision.
    let unasked = flow.reach(flow.start(), is_decision);
    for (at, node) in nodes.iter().enumerate() {
        let Some(hard) = reversibility(node, business) else { continue };
        // The end of an experiment takes its arms back.
        let undone = node.undo.is_some() || matches!(node.step, Step::Experiment { .. });
        if hard == Reversibility::R2 && !undone {
            let message = "undoing it costs something (R2), and it does not say how it is undone";
            findings.node(&node.key, "", message, "give it an undo");
        }
        if hard == Reversibility::R3 && unasked.contains(&at) {
            let message = "it cannot be undone (R3), and it can be come to without a decision";
            findings.node(&node.key, "", message, "ask the founder on every way to it");
        }
    }
    check_silence(flow, business, findings);
}

/// What silence chooses is the safe way: nothing hard to undo follows without another decision.
fn check_silence(flow: &Flow<'_>, business: &Business, findings: &mut Findings) {
    let definition: &Definition = flow.definition;
    let nodes = &definition.nodes;
    for node in nodes {
        let Step::Decision { options, silence, .. } = &node.step else { continue };
        let Some(option) = options.iter().find(|option| option.key == *silence) else { continue };
        let starts = ways(node, &option.next).iter().filter_map(|to| flow.at(to));
        let follows = flow.reach(starts, |at| matches!(nodes[at].step, Step::Decision { .. }));
        let hard = follows
            .iter()
            .find(|at| reversibility(&nodes[**at], business).is_some_and(|hard| hard >= Reversibility::R2));
        if let Some(hard) = hard {
            findings.node(
                &node.key,
                "silence",
                format!("silence leads to “{}”, which is hard to undo", nodes[*hard].key),
                "let silence take the option that does nothing",
            );
        }
    }
}
