//! Definitions in plain sentences, for people who do not read TOML.

use epoch_model::time::{DAY, HOUR, Millis};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::definition::{Call, Definition, Gather, Node, Outcome, Step};
use crate::flow::{Why, edges};
use crate::trigger::{Direction, Trigger};

/// A node in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowNodeWords")]
pub struct NodeWords {
    pub node: String,
    /// What it does, in one sentence.
    pub does: String,
    /// Where it goes on, one sentence per way.
    pub goes: Vec<String>,
    /// What it says about failing, taking too long and being undone.
    pub care: Vec<String>,
}

/// Every node in plain sentences, in the order of the file.
pub fn words(definition: &Definition) -> Vec<NodeWords> {
    let title = |key: &str| definition.node(key).map_or_else(|| key.to_owned(), |node| node.title.clone());
    definition
        .nodes
        .iter()
        .map(|node| NodeWords {
            node: node.key.clone(),
            does: does(node),
            goes: goes(node, &title),
            care: care(node, &title),
        })
        .collect()
}

/// A duration as people say it: `3 days`, `90 minutes`, `1 hour`.
pub fn duration(ms: Millis) -> String {
    let units = [(7 * DAY, "week"), (DAY, "day"), (HOUR, "hour"), (60_000, "minute"), (1000, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| ms >= *unit && ms % unit == 0).unwrap_or((1, "millisecond"));
    let n = ms / unit;
    if n == 1 { format!("1 {name}") } else { format!("{n} {name}s") }
}

/// A trigger in one sentence.
pub fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Manual => "Somebody starts it.".to_owned(),
        Trigger::Schedule { every } => format!("It starts every {every}."),
        Trigger::Insight { metric, direction } => {
            let moved = match direction {
                Direction::Up => "is higher than expected",
                Direction::Down => "is lower than expected",
                Direction::Better => "is better than expected",
                Direction::Worse => "is worse than expected",
                Direction::Any => "is not as expected",
            };
            format!("It starts when {metric} {moved}.")
        }
        Trigger::Decision { state, target } => {
            let state = format!("{state:?}").to_lowercase();
            let about = target.as_ref().map_or(String::new(), |target| format!(" about {target}"));
            format!("It starts when a decision{about} is {state}.")
        }
    }
}

fn does(node: &Node) -> String {
    match &node.step {
        Step::Effect { effect, .. } => format!("Calls the effect {effect} and waits for its answer."),
        Step::Lever { lever, to } => format!("Sets the lever {lever} to {}.", plain(&to.0)),
        Step::Wait { for_ms } => format!("Waits {}.", duration(*for_ms)),
        Step::Timer { at } => format!("Waits for the next {at}."),
        Step::Signal { name } => format!("Waits for the signal {name}."),
        Step::Decision { question, options, silence, within_ms } => {
            let named: Vec<&str> = options.iter().map(|option| option.title.as_str()).collect();
            let safe = options.iter().find(|option| option.key == *silence).map_or(silence, |option| &option.title);
            let (named, within) = (named.join(" / "), duration(*within_ms));
            format!("Asks the founder “{question}” ({named}); after {within} without an answer: {safe}.")
        }
        Step::Branch { cases, .. } => match cases.as_slice() {
            [_] => "Goes one of two ways.".to_owned(),
            cases => format!("Goes one of {} ways.", cases.len() + 1),
        },
        Step::Measure { metric, window_ms } => format!("Reads {metric} over the last {}.", duration(*window_ms)),
        Step::Experiment { question } => {
            let arms: Vec<String> = question.arms.iter().map(|arm| arm.key.clone()).collect();
            let (lever, metric) = (&question.lever, &question.metric);
            format!("Tests {} of the lever {lever} by {metric} and waits for the verdict.", arms.join(" against "))
        }
        Step::Set { values } => {
            let set: Vec<String> = values.iter().map(|(name, expression)| format!("{name} = {expression}")).collect();
            format!("Computes {}.", set.join(", "))
        }
        Step::Sub { workflow, wait: true, .. } => format!("Runs the workflow {workflow} and waits for its end."),
        Step::Sub { workflow, .. } => format!("Starts the workflow {workflow} and does not wait for it."),
        Step::Join { gather: Gather::All } => "Waits for all paths of the fork.".to_owned(),
        Step::Join { gather: Gather::Any } => "Goes on with the first path; the others are withdrawn.".to_owned(),
        Step::End { outcome: Outcome::Succeeded } => "Ends.".to_owned(),
        Step::End { outcome: Outcome::Failed } => "Ends as failed; what was done is undone.".to_owned(),
    }
}

fn goes(node: &Node, title: &dyn Fn(&str) -> String) -> Vec<String> {
    let cases = match &node.step {
        Step::Branch { cases, .. } => cases.as_slice(),
        _ => &[],
    };
    let side_by_side = node.next.len() > 1;
    edges(node)
        .into_iter()
        .filter_map(|edge| {
            let to = title(edge.to);
            Some(match edge.why {
                Why::Next if side_by_side => format!("Side by side: “{to}”."),
                Why::Next => format!("Then “{to}”."),
                Why::Case(i) => format!("If {}: “{to}”.", cases.get(i)?.when),
                Why::Otherwise => format!("Otherwise “{to}”."),
                Why::Option(option) => format!("On {option}: “{to}”."),
                Why::Error | Why::Timeout => return None,
            })
        })
        .collect()
}

fn care(node: &Node, title: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(retry) = &node.retry {
        let (first, most) = (duration(retry.first_ms), duration(retry.most_ms));
        out.push(format!("Tried up to {} times, pausing up to {first} at first and {most} at most.", retry.attempts));
    }
    if let Some(timeout) = &node.timeout {
        let after = duration(timeout.after_ms);
        out.push(match &timeout.next {
            Some(next) => format!("After {after} it goes on to “{}”.", title(next)),
            None => format!("After {after} it has failed."),
        });
    }
    if let Some(way) = &node.on_error {
        out.push(format!("If it fails: “{}”.", title(way)));
    } else if node.step.acts() {
        out.push("If it fails, the run fails.".to_owned());
    }
    match &node.undo {
        Some(Call::Effect { effect, .. }) => out.push(format!("Undone by the effect {effect}.")),
        Some(Call::Lever { lever, to }) => out.push(format!("Undone by setting {lever} to {}.", plain(&to.0))),
        Some(Call::Restore { lever }) => out.push(format!("Undone by putting {lever} back to what it was.")),
        None => {}
    }
    out
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
