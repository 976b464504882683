//! Procedures and their runs.

use std::collections::BTreeMap;

use epoch_host::{Host, PublishedWorkflow};
use epoch_model::business::Problem;
use epoch_model::journal::JournalRow;
use epoch_model::{Code, Error, Result};
use epoch_store::{RunFilter, RunRow};
use epoch_workflows::migrate::Report;
use epoch_workflows::run::{State, WaitOn, Waiting};
use epoch_workflows::words::{duration, trigger, words};
use epoch_workflows::{Definition, Run, diff, graph, library, suggest};
use serde_json::Value;

use crate::commands::IdArgs;
use crate::views::{
    WorkflowArgs, WorkflowBrief, WorkflowCheckView, WorkflowDiffArgs, WorkflowFileView, WorkflowLibraryView,
    WorkflowMigrateArgs, WorkflowProblemView, WorkflowRoleView, WorkflowRunBrief, WorkflowRunStep, WorkflowRunView,
    WorkflowRunsArgs, WorkflowTextArgs, WorkflowVersionView, WorkflowView, WorkflowsView,
};

/// Runs shown with a workflow.
const RUNS: usize = 50;
/// Most runs of a list.
const RUNS_MAX: usize = 1_000;
/// Open runs that are counted per workflow.
const OPEN_MAX: usize = 10_000;
/// Steps shown of a run.
const STEPS_MAX: usize = 500;

fn problems(found: Vec<Problem>) -> Vec<WorkflowProblemView> {
    let view = |p: Problem| WorkflowProblemView {
        line: p.line,
        column: p.column,
        path: p.path,
        message: p.message,
        hint: p.hint,
    };
    found.into_iter().map(view).collect()
}

/// All procedures, by key.
pub(crate) fn workflows(host: &Host) -> Result<WorkflowsView> {
    let open = open_runs(host, None)?;
    let all = host.workflows();
    let briefs = all.iter().map(|(published, in_force)| brief(host, published, *in_force, &open));
    let refused = host.refused_workflows().into_iter();
    Ok(WorkflowsView {
        workflows: briefs.collect::<Result<_>>()?,
        refused: refused.map(|r| WorkflowFileView { file: r.file, problems: problems(r.problems) }).collect(),
        open: open.values().sum(),
    })
}

/// Open runs by workflow and version.
fn open_runs(host: &Host, workflow: Option<&str>) -> Result<BTreeMap<(String, u32), u32>> {
    let mut counts = BTreeMap::new();
    let filter = RunFilter { workflow: workflow.map(str::to_owned), open: true, before: None, limit: OPEN_MAX };
    for row in host.store().runs(&filter)? {
        *counts.entry((row.workflow, row.version)).or_insert(0) += 1;
    }
    Ok(counts)
}

fn brief(
    host: &Host,
    published: &PublishedWorkflow,
    in_force: bool,
    open: &BTreeMap<(String, u32), u32>,
) -> Result<WorkflowBrief> {
    let d = &published.definition;
    let filter = RunFilter { workflow: Some(d.key.clone()), open: false, before: None, limit: 1 };
    let last = host.runs(&filter)?.pop();
    Ok(WorkflowBrief {
        key: d.key.clone(),
        title: d.title.clone(),
        purpose: d.purpose.clone(),
        version: d.version,
        published_at: published.published_at,
        by: published.by.clone(),
        triggers: d.triggers.iter().map(trigger).collect(),
        next_at: host.workflow_next_at(&d.key),
        open: open.iter().filter(|((key, _), _)| *key == d.key).map(|(_, n)| *n).sum(),
        in_force,
        last_run: last.map(|(run, row)| run_brief(host, &run, &row)),
    })
}

fn missing(key: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no workflow “{key}”"), "list the workflows")
}

fn version_of(host: &Host, key: &str, version: Option<u32>) -> Result<PublishedWorkflow> {
    let mut versions = host.versions_of_workflow(key);
    match version {
        None => versions.pop().ok_or_else(|| missing(key)),
        Some(n) => versions.into_iter().find(|p| p.definition.version == n).ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no version {n} of “{key}”"), "list its versions")
        }),
    }
}

/// One version of a procedure.
pub(crate) fn workflow(host: &Host, args: &WorkflowArgs) -> Result<WorkflowView> {
    let shown = version_of(host, &args.key, args.version)?;
    let open = open_runs(host, Some(&args.key))?;
    let all = host.workflows();
    let newest = all.iter().find(|(p, _)| p.definition.key == args.key).ok_or_else(|| missing(&args.key))?;
    let row = host.store().definition(&args.key, shown.definition.version)?;
    let filter = RunFilter { workflow: Some(args.key.clone()), open: false, before: None, limit: RUNS };
    let mut versions: Vec<_> = host
        .versions_of_workflow(&args.key)
        .into_iter()
        .map(|p| WorkflowVersionView {
            version: p.definition.version,
            published_at: p.published_at,
            by: p.by,
            hash: p.hash,
            open: open.get(&(args.key.clone(), p.definition.version)).copied().unwrap_or(0),
        })
        .collect();
    versions.reverse();
    let definition = (*shown.definition).clone();
    Ok(WorkflowView {
        brief: brief(host, &newest.0, newest.1, &open)?,
        version: definition.version,
        text: row.map(|row| row.text).unwrap_or_default(),
        graph: graph(&definition),
        words: words(&definition),
        versions,
        runs: host.runs(&filter)?.iter().map(|(run, row)| run_brief(host, run, row)).collect(),
        today: host.workflow_day(&args.key),
        definition,
    })
}

/// What a text means, or what stands in its way.
pub(crate) fn check(host: &Host, args: &WorkflowTextArgs) -> WorkflowCheckView {
    let (definition, found) = match host.check_workflow(&args.toml) {
        Ok(definition) => (Some(definition), Vec::new()),
        // A text that reads can be drawn although it may not be published.
        Err(found) => (epoch_workflows::parse(&args.toml).ok(), problems(found)),
    };
    let published = definition.as_ref().and_then(|d| version_of(host, &d.key, None).ok());
    WorkflowCheckView {
        problems: found,
        graph: definition.as_ref().map(graph),
        words: definition.as_ref().map(words).unwrap_or_default(),
        diff: published.as_ref().zip(definition.as_ref()).map(|(p, d)| diff(&p.definition, d)),
        published: published.map(|p| p.definition.version),
        definition,
    }
}

/// How two versions differ.
pub(crate) fn difference(host: &Host, args: &WorkflowDiffArgs) -> Result<epoch_workflows::diff::Diff> {
    let from = version_of(host, &args.key, Some(args.from))?;
    let to = version_of(host, &args.key, Some(args.to))?;
    Ok(diff(&from.definition, &to.definition))
}

/// The procedures that come with the program.
pub(crate) fn shelf(host: &Host) -> Result<Vec<WorkflowLibraryView>> {
    let definitions = library::definitions().map_err(|found| {
        let message = found.first().map(|p| p.message.clone()).unwrap_or_default();
        Error::new(Code::Internal, format!("the library cannot be read: {message}"), "report this")
    })?;
    let business = host.business();
    let published = host.workflows();
    let keys: Vec<&str> = published.iter().map(|(p, _)| p.definition.key.as_str()).collect();
    let view = |d: Definition| {
        let mut fits = suggest(&d, &business, &keys);
        let roles = d.needs.iter().map(|(role, need)| WorkflowRoleView {
            role: role.clone(),
            kind: need.kind,
            about: need.about.clone(),
            fits: fits.remove(role).unwrap_or_default(),
        });
        WorkflowLibraryView {
            key: d.key.clone(),
            title: d.title.clone(),
            purpose: d.purpose.clone(),
            triggers: d.triggers.iter().map(trigger).collect(),
            roles: roles.collect(),
            text: library::text(&d.key).unwrap_or_default().to_owned(),
            graph: graph(&d),
            words: words(&d),
            adopted: keys.contains(&d.key.as_str()),
        }
    };
    Ok(definitions.into_iter().map(view).collect())
}

/// What a migration would do.
pub(crate) fn migration(host: &Host, args: &WorkflowMigrateArgs) -> Result<Report> {
    host.check_migration(&args.key, args.from, args.to, &args.nodes)
}

/// Runs, newest first.
pub(crate) fn runs(host: &Host, args: &WorkflowRunsArgs) -> Result<Vec<WorkflowRunBrief>> {
    let limit = args.limit.map_or(RUNS, |n| (n as usize).clamp(1, RUNS_MAX));
    let filter = RunFilter { workflow: args.workflow.clone(), open: args.open, before: None, limit };
    Ok(host.runs(&filter)?.iter().map(|(run, row)| run_brief(host, run, row)).collect())
}

fn run_brief(host: &Host, run: &Run, row: &RunRow) -> WorkflowRunBrief {
    let definition = version_of(host, &run.workflow, Some(run.version)).ok().map(|p| p.definition);
    let title = |node: &str| {
        let found = definition.as_ref().and_then(|d| d.node(node));
        found.map_or_else(|| node.to_owned(), |node| node.title.clone())
    };
    WorkflowRunBrief {
        id: run.id.clone(),
        workflow: run.workflow.clone(),
        title: definition.as_ref().map_or_else(|| run.workflow.clone(), |d| d.title.clone()),
        version: run.version,
        state: run.state,
        started_at: run.started_at,
        updated_at: row.updated_at,
        due: row.due,
        at: run.tokens.iter().map(|token| title(&token.node)).collect(),
        waits: run.waits_for().iter().map(|wait| waits(wait, row.updated_at)).collect(),
        ended: run.ended.as_ref().map(|ended| ended.reason.clone()),
    }
}

fn waits(wait: &Waiting, since: i64) -> String {
    let what = match &wait.on {
        WaitOn::Call => "the answer to a call".to_owned(),
        WaitOn::Pause => "the next attempt".to_owned(),
        WaitOn::Time => "its time".to_owned(),
        WaitOn::Signal { name } => format!("the signal {name}"),
        WaitOn::Founder => "your choice".to_owned(),
        WaitOn::Measure => "a reading".to_owned(),
        WaitOn::Verdict => "an experiment's verdict".to_owned(),
        WaitOn::Child { run } => format!("the run {run}"),
        WaitOn::Gather { .. } => "its other paths".to_owned(),
    };
    match wait.due {
        Some(due) if due > since => format!("{what}, for {} at most", duration(due - since)),
        _ => what,
    }
}

/// A run with its steps.
pub(crate) fn run(host: &Host, args: &IdArgs) -> Result<WorkflowRunView> {
    let (run, row) = host.run(&args.id)?;
    let published = version_of(host, &run.workflow, Some(run.version))?;
    let waits = run.waits_for();
    let mut decisions = BTreeMap::new();
    for wait in &waits {
        if let Some((_, decision)) = host.store().called(&wait.key, None)? {
            decisions.insert(wait.key.clone(), decision.id);
        }
    }
    let steps: Vec<WorkflowRunStep> = host.run_steps(&args.id, STEPS_MAX)?.into_iter().filter_map(step).collect();
    let children = run.tokens.iter().filter_map(|token| match &token.wait.as_ref()?.on {
        WaitOn::Child { run } => Some(run.clone()),
        _ => None,
    });
    Ok(WorkflowRunView {
        brief: run_brief(host, &run, &row),
        graph: graph(&published.definition),
        definition: (*published.definition).clone(),
        children: children.collect(),
        run,
        waits,
        decisions,
        steps,
    })
}

fn step(row: JournalRow) -> Option<WorkflowRunStep> {
    let texts = |name: &str| -> Vec<String> {
        let list = row.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        list.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let state: State = serde_json::from_value(row.body.get("state")?.clone()).ok()?;
    let (at_nodes, did) = (texts("at"), texts("did"));
    let event = serde_json::from_value(row.body.get("event")?.clone()).ok()?;
    Some(WorkflowRunStep { seq: row.seq, at: row.at, actor: row.actor, event, state, at_nodes, did })
}
