//! Procedures and their runs as the console and `ras workflow` show them.

use std::collections::BTreeMap;

use epoch_workflows::definition::NeedKind;
use epoch_workflows::graph::Graph;
use epoch_workflows::ledger::Day;
use epoch_workflows::run::{State, Waiting};
use epoch_workflows::words::NodeWords;
use epoch_workflows::{Definition, Event, Run, Scalar, Variables};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that stands in the way of publishing a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkflowProblemView {
    /// From 1; 0 where it has no place in the text.
    pub line: u32,
    pub column: u32,
    /// `node.send.effect`.
    pub path: String,
    pub message: String,
    pub hint: String,
}

/// A file of `workflows/` that is refused; the version before it stays in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkflowFileView {
    /// `workflows/launch.toml`.
    pub file: String,
    pub problems: Vec<WorkflowProblemView>,
}

/// A run in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowRunBrief {
    pub id: String,
    pub workflow: String,
    pub title: String,
    pub version: u32,
    pub state: State,
    pub started_at: i64,
    pub updated_at: i64,
    /// When the clock moves it next.
    pub due: Option<i64>,
    /// Titles of the nodes it stands at.
    pub at: Vec<String>,
    /// What it waits for, in words.
    pub waits: Vec<String>,
    /// How it ended, in one sentence.
    pub ended: Option<String>,
}

/// A published procedure in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowBrief {
    pub key: String,
    pub title: String,
    pub purpose: String,
    /// The newest version.
    pub version: u32,
    pub published_at: i64,
    pub by: String,
    /// What starts it, in words.
    pub triggers: Vec<String>,
    /// When the clock starts it next.
    pub next_at: Option<i64>,
    /// Runs of which something may still come.
    pub open: u32,
    /// Whether its file is there: without it nothing starts it any more.
    pub in_force: bool,
    pub last_run: Option<WorkflowRunBrief>,
}

/// All procedures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowsView {
    pub workflows: Vec<WorkflowBrief>,
    pub refused: Vec<WorkflowFileView>,
    /// Open runs of all of them.
    pub open: u32,
}

/// A version that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkflowVersionView {
    pub version: u32,
    pub published_at: i64,
    pub by: String,
    /// Of what it says.
    pub hash: String,
    /// Runs that pin it and are open.
    pub open: u32,
}

/// One version of a procedure with its graph and its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowView {
    pub brief: WorkflowBrief,
    /// The version that is shown.
    pub version: u32,
    pub definition: Definition,
    /// Its TOML, comments kept.
    pub text: String,
    pub graph: Graph,
    pub words: Vec<NodeWords>,
    /// Newest first.
    pub versions: Vec<WorkflowVersionView>,
    /// Newest first, of all versions.
    pub runs: Vec<WorkflowRunBrief>,
    /// What its runs used of the ceilings of a day.
    pub today: Day,
}

/// What a text means, or what stands in its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowCheckView {
    pub problems: Vec<WorkflowProblemView>,
    pub definition: Option<Definition>,
    pub graph: Option<Graph>,
    pub words: Vec<NodeWords>,
    /// The newest version of the same key; absent for a new one.
    pub published: Option<u32>,
    /// How it differs from that.
    pub diff: Option<epoch_workflows::diff::Diff>,
}

/// A role of a procedure that comes with the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowRoleView {
    pub role: String,
    pub kind: NeedKind,
    pub about: String,
    /// Keys of this business that fit, the best first.
    pub fits: Vec<String>,
}

/// A procedure that comes with the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowLibraryView {
    pub key: String,
    pub title: String,
    pub purpose: String,
    pub triggers: Vec<String>,
    pub roles: Vec<WorkflowRoleView>,
    pub text: String,
    pub graph: Graph,
    pub words: Vec<NodeWords>,
    /// Whether one of this key is published already.
    pub adopted: bool,
}

/// A step of a run, as its journal row says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowRunStep {
    /// The journal's row.
    pub seq: u64,
    pub at: i64,
    pub actor: String,
    pub event: Event,
    /// The run's state after it.
    pub state: State,
    /// Nodes it stood at after it.
    pub at_nodes: Vec<String>,
    /// What it asked for and noted, in words.
    pub did: Vec<String>,
}

/// A run with its steps and what it waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkflowRunView {
    pub brief: WorkflowRunBrief,
    pub run: Run,
    pub definition: Definition,
    pub graph: Graph,
    pub waits: Vec<Waiting>,
    /// Decisions its calls and questions became, by the key of the wait.
    #[ts(type = "Record<string, string>")]
    pub decisions: BTreeMap<String, String>,
    /// Newest first; at most 500.
    pub steps: Vec<WorkflowRunStep>,
    /// Runs it started.
    pub children: Vec<String>,
}

/// A procedure, and which version (the newest when absent).
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowArgs {
    pub key: String,
    #[serde(default)]
    pub version: Option<u32>,
}

/// A procedure's TOML.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowTextArgs {
    pub toml: String,
}

/// Two versions.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowDiffArgs {
    pub key: String,
    pub from: u32,
    pub to: u32,
}

/// Which runs. Newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct WorkflowRunsArgs {
    #[serde(default)]
    pub workflow: Option<String>,
    /// Only those of which something may still come.
    #[serde(default)]
    pub open: bool,
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Starts a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowRunArgs {
    pub key: String,
    #[serde(default)]
    #[ts(type = "Record<string, WorkflowScalar>")]
    pub input: Variables,
}

/// Sends a run a signal.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowSignalArgs {
    pub run: String,
    pub name: String,
    #[serde(default)]
    #[ts(type = "unknown")]
    pub payload: serde_json::Value,
    /// The wait it is for, where several steps wait for the same name.
    #[serde(default)]
    pub key: Option<String>,
    /// Tells one signal from the next; the same is taken once.
    #[serde(default)]
    pub id: Option<String>,
}

/// Cancels a run; what it did is undone.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowCancelArgs {
    pub run: String,
    #[serde(default)]
    pub reason: String,
}

/// Moves the live runs of one version to another.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowMigrateArgs {
    pub key: String,
    pub from: u32,
    pub to: u32,
    /// Old node to new node; what is not named keeps its key.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub nodes: BTreeMap<String, String>,
}

/// Takes over a procedure that comes with the program.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkflowAdoptArgs {
    pub key: String,
    /// The business's key for each role; what is not given takes the one that fits best.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub roles: BTreeMap<String, String>,
}

/// Keeps the generated types aware of the values of variables.
pub type WorkflowScalarView = Scalar;
