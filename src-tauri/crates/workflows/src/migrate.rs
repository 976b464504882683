//! Live runs go on by another version: proved for each before it is done.

use std::collections::BTreeMap;

use epoch_model::time::Zone;
use epoch_model::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::definition::{Definition, Node, Step};
use crate::flow::variables::needed_after;
use crate::run::{Event, Run, State, WaitOn};

/// Old node to new node; what is not named keeps its key.
pub type Nodes = BTreeMap<String, String>;

/// What a migration would do to the live runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowMigration")]
pub struct Report {
    pub workflow: String,
    pub from: u32,
    pub to: u32,
    /// Old node to new node of every node a live run stands at or has to undo.
    #[ts(type = "Record<string, string>")]
    pub nodes: Nodes,
    pub runs: Vec<RunReport>,
}

/// What a migration would do to one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowRunMigration")]
pub struct RunReport {
    pub run: String,
    /// Where its tokens stand, and where they would.
    pub lands: Vec<(String, String)>,
    /// Why it cannot go on by the new version; empty when it can.
    pub problems: Vec<String>,
}

impl Report {
    /// Whether every live run lands.
    pub fn is_clean(&self) -> bool {
        self.runs.iter().all(|run| run.problems.is_empty())
    }
}

/// Where a node's runs go.
fn landing<'m>(nodes: &'m Nodes, node: &'m str) -> &'m str {
    nodes.get(node).map_or(node, String::as_str)
}

/// Tries a migration on runs of `old` without changing them. Runs that have ended and those of other versions are left out.
pub fn dry_run(runs: &[Run], old: &Definition, new: &Definition, nodes: &Nodes) -> Report {
    let live = runs.iter().filter(|run| run.workflow == old.key && run.version == old.version);
    let live: Vec<&Run> = live.filter(|run| !run.state.is_terminal()).collect();
    let mut used = Nodes::new();
    for run in &live {
        let at = run.tokens.iter().map(|token| &token.node).chain(run.done.iter().map(|done| &done.node));
        used.extend(at.map(|node| (node.clone(), landing(nodes, node).to_owned())));
    }
    let runs = live
        .into_iter()
        .map(|run| RunReport {
            run: run.id.clone(),
            lands: run.tokens.iter().map(|t| (t.node.clone(), landing(nodes, &t.node).to_owned())).collect(),
            problems: problems(run, new, nodes),
        })
        .collect();
    Report { workflow: new.key.clone(), from: old.version, to: new.version, nodes: used, runs }
}

/// Why a run cannot go on by another version.
pub fn problems(run: &Run, new: &Definition, nodes: &Nodes) -> Vec<String> {
    let mut found = Vec::new();
    if !matches!(run.state, State::Running | State::Waiting) {
        found.push("it is being undone; wait until it has ended".to_owned());
    }
    let needed = needed_after(new);
    for token in &run.tokens {
        let to = landing(nodes, &token.node);
        let Some(at) = new.nodes.iter().position(|node| node.key == to) else {
            found.push(format!("it stands at “{}”, and version {} has no “{to}”", token.node, new.version));
            continue;
        };
        let node = &new.nodes[at];
        if let Some(wait) = token.wait.as_ref().filter(|wait| !fits(&wait.on, node)) {
            let waits = words(&wait.on);
            found.push(format!("at “{}” it waits for {waits}, and “{to}” is a {}", token.node, node.step.word()));
        }
        let given = |name: &String| {
            run.variables.contains_key(name) || new.inputs.get(name).is_some_and(|input| input.default.is_some())
        };
        for name in needed[at].iter().filter(|name| !given(name)) {
            found.push(format!("after “{to}” the variable “{name}” is read, and the run does not have it"));
        }
    }
    found
}

/// Whether a wait can end at a node.
fn fits(on: &WaitOn, node: &Node) -> bool {
    match (on, &node.step) {
        (WaitOn::Call | WaitOn::Pause, Step::Effect { .. } | Step::Lever { .. })
        | (WaitOn::Time, Step::Wait { .. } | Step::Timer { .. })
        | (WaitOn::Founder, Step::Decision { .. })
        | (WaitOn::Measure, Step::Measure { .. })
        | (WaitOn::Verdict, Step::Experiment { .. })
        | (WaitOn::Child { .. }, Step::Sub { wait: true, .. }) => true,
        (WaitOn::Signal { name }, Step::Signal { name: wanted }) => name == wanted,
        (WaitOn::Gather { gather, .. }, Step::Join { gather: wanted }) => gather == wanted,
        _ => false,
    }
}

fn words(on: &WaitOn) -> String {
    match on {
        WaitOn::Call => "the answer to a call".to_owned(),
        WaitOn::Pause => "the next attempt of a call".to_owned(),
        WaitOn::Time => "an instant".to_owned(),
        WaitOn::Signal { name } => format!("the signal {name}"),
        WaitOn::Founder => "the founder".to_owned(),
        WaitOn::Measure => "a measurement".to_owned(),
        WaitOn::Verdict => "an experiment".to_owned(),
        WaitOn::Child { .. } => "another workflow".to_owned(),
        WaitOn::Gather { .. } => "its other paths".to_owned(),
    }
}

/// Moves a run to another version: the same as handling [`Event::Migrate`]. Waits keep their keys.
pub fn apply(run: &mut Run, new: &Definition, nodes: &Nodes, now: i64, zone: &Zone) -> Result<()> {
    run.handle(new, &Event::Migrate { nodes: nodes.clone() }, now, zone).map(|_| ())
}

/// The run as it goes on by `new`. [`Code::WrongState`] when it cannot.
pub(crate) fn moved(run: &mut Run, new: &Definition, nodes: &Nodes) -> Result<()> {
    if let Some(first) = problems(run, new, nodes).into_iter().next() {
        return Err(Error::new(Code::WrongState, first, "add the node to the migration map, or let the run end first"));
    }
    let to = |node: &str| landing(nodes, node).to_owned();
    for token in &mut run.tokens {
        token.node = to(&token.node);
        for scope in &mut token.scopes {
            scope.fork = to(&scope.fork);
        }
    }
    for done in &mut run.done {
        done.node = to(&done.node);
    }
    for settling in &mut run.settling {
        settling.node = to(&settling.node);
    }
    // The old count stays: a new node that takes over the name goes on counting, so that no key is ever used twice.
    for (node, visits) in run.visits.clone() {
        let entry = run.visits.entry(to(&node)).or_insert(0);
        *entry = (*entry).max(visits);
    }
    for (name, input) in &new.inputs {
        if let Some(default) = &input.default {
            run.variables.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    run.version = new.version;
    Ok(())
}
