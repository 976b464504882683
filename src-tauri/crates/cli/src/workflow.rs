//! `ras workflow`: procedures, their versions and their runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use epoch_api::views::{
    WorkflowBrief, WorkflowCheckView, WorkflowLibraryView, WorkflowProblemView, WorkflowRunBrief, WorkflowRunView,
    WorkflowView, WorkflowsView,
};
use epoch_model::time::Zone;
use epoch_model::{Code, Error, Result};
use epoch_workflows::diff::Diff;
use epoch_workflows::migrate::Report;
use serde_json::{Map, Value, json};

use crate::args::{About, Dir};
use crate::output::{Output, table};
use crate::session::{Session, about, split_dir};

#[derive(Debug, Args)]
pub(crate) struct WorkflowArgs {
    #[command(subcommand)]
    pub command: WorkflowCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// All procedures, and what is wrong with files that are refused
    List(Dir),
    /// One procedure in plain words, with its versions and runs
    Show {
        #[command(flatten)]
        about: About,
        /// This version instead of the newest
        #[arg(long)]
        version: Option<u32>,
        /// Print its text
        #[arg(long)]
        text: bool,
    },
    /// What stands in the way of publishing a file; changes nothing
    Check(File),
    /// Publish a file as the next version
    Publish(File),
    /// Start a run
    Run {
        #[command(flatten)]
        about: About,
        /// An input as NAME=VALUE; may be given again
        #[arg(long = "input", short)]
        inputs: Vec<String>,
    },
    /// Runs, newest first; with a KEY those of one procedure
    Runs {
        /// The business's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Of this procedure only
        #[arg(long)]
        workflow: Option<String>,
        /// Only those of which something may still come
        #[arg(long)]
        open: bool,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run with its steps and what it waits for
    Steps(About),
    /// Send a run a signal
    Signal {
        #[command(flatten)]
        about: About,
        /// The signal's name
        #[arg(long)]
        name: String,
        /// What it carries, as JSON
        #[arg(long, default_value = "null")]
        payload: String,
        /// The wait it is for, where several steps wait for the same name
        #[arg(long)]
        key: Option<String>,
        /// Tells one signal from the next; the same is taken once
        #[arg(long)]
        id: Option<String>,
    },
    /// Cancel a run; what it did is undone
    Cancel {
        #[command(flatten)]
        about: About,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// How two versions differ
    Diff {
        #[command(flatten)]
        about: About,
        #[arg(long)]
        from: u32,
        #[arg(long)]
        to: u32,
    },
    /// Move the live runs of a version to the newest
    Migrate {
        #[command(flatten)]
        about: About,
        #[arg(long)]
        from: u32,
        #[arg(long)]
        to: u32,
        /// A node as OLD=NEW; what is not named keeps its key
        #[arg(long = "node")]
        nodes: Vec<String>,
        /// Only prove that every live run lands
        #[arg(long)]
        dry_run: bool,
    },
    /// Procedures that come with the program, and what of this business fits their roles
    Library(Dir),
    /// Take one of them over
    Adopt {
        #[command(flatten)]
        about: About,
        /// A role as ROLE=KEY; what is not named takes what fits best
        #[arg(long = "role")]
        roles: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct File {
    /// [DIR] FILE: the business's folder (default: here) and the text
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "FILE"])]
    pub words: Vec<PathBuf>,
    /// The business's folder, if not given before the file
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

impl File {
    fn read(&self) -> Result<(PathBuf, String)> {
        let (dir, file) = split_dir(&self.words, self.dir.as_ref())?;
        let text = std::fs::read_to_string(&file).map_err(|e| {
            let message = format!("{} cannot be read: {e}", file.display());
            Error::new(Code::NotFound, message, "name a text such as workflows/launch.toml")
        })?;
        Ok((dir, text))
    }
}

/// Does what is asked.
pub(crate) fn workflow(command: &WorkflowCommand, out: &Output) -> Result<()> {
    match command {
        WorkflowCommand::List(a) => list(a, out),
        WorkflowCommand::Show { about: a, version, text } => show(a, *version, *text, out),
        WorkflowCommand::Check(file) => check(file, out),
        WorkflowCommand::Publish(file) => {
            let (dir, text) = file.read()?;
            let value = Session::open(&dir)?.write("workflow_publish", json!({ "toml": text }))?;
            published(value, out)
        }
        WorkflowCommand::Run { about: a, inputs } => {
            let (dir, key) = about(a)?;
            let input: Map<String, Value> = pairs(inputs)?.into_iter().map(|(k, v)| (k, scalar(&v))).collect();
            let mut session = Session::open(&dir)?;
            let value = session.write("workflow_run", json!({ "key": key, "input": input }))?;
            run_view(value, &session.zone()?, out)
        }
        WorkflowCommand::Runs { dir, workflow, open, limit } => {
            let mut session = Session::open(dir)?;
            let args = json!({ "workflow": workflow, "open": open, "limit": limit });
            let runs: Vec<WorkflowRunBrief> = session.view("runs", args)?;
            let zone = session.zone()?;
            out.answer(&json!(runs), || runs_table(&runs, &zone));
            Ok(())
        }
        WorkflowCommand::Steps(a) => {
            let (dir, id) = about(a)?;
            let mut session = Session::open(&dir)?;
            let value = session.read("run", json!({ "id": id }))?;
            run_view(value, &session.zone()?, out)
        }
        WorkflowCommand::Signal { about: a, name, payload, key, id } => {
            let (dir, run) = about(a)?;
            let payload: Value = serde_json::from_str(payload).map_err(|e| {
                Error::new(Code::InvalidArgument, format!("the payload is no JSON: {e}"), "write '{\"ok\": true}'")
            })?;
            let args = json!({ "run": run, "name": name, "payload": payload, "key": key, "id": id });
            let mut session = Session::open(&dir)?;
            let value = session.write("run_signal", args)?;
            run_view(value, &session.zone()?, out)
        }
        WorkflowCommand::Cancel { about: a, reason } => {
            let (dir, run) = about(a)?;
            let mut session = Session::open(&dir)?;
            let value = session.write("run_cancel", json!({ "run": run, "reason": reason }))?;
            run_view(value, &session.zone()?, out)
        }
        WorkflowCommand::Diff { about: a, from, to } => {
            let (dir, key) = about(a)?;
            let args = json!({ "key": key, "from": from, "to": to });
            let diff: Diff = Session::open(&dir)?.view("workflow_diff", args)?;
            out.answer(&json!(diff), || difference(&diff));
            Ok(())
        }
        WorkflowCommand::Migrate { about: a, from, to, nodes, dry_run } => {
            let (dir, key) = about(a)?;
            let args = json!({ "key": key, "from": from, "to": to, "nodes": pairs(nodes)? });
            let mut session = Session::open(&dir)?;
            let value = if *dry_run {
                session.read("workflow_migration", args)?
            } else {
                session.write("workflow_migrate", args)?
            };
            migration(value, *dry_run, out)
        }
        WorkflowCommand::Library(a) => library(a, out),
        WorkflowCommand::Adopt { about: a, roles } => {
            let (dir, key) = about(a)?;
            let args = json!({ "key": key, "roles": pairs(roles)? });
            published(Session::open(&dir)?.write("workflow_adopt", args)?, out)
        }
    }
}

fn view<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| {
        let hint = "use the `ras` of the version that runs the host";
        Error::new(Code::Internal, format!("the answer is not understood: {e}"), hint)
    })
}

fn pairs(given: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Error::new(Code::InvalidArgument, format!("“{text}” is no NAME=VALUE"), "write for example plan=pro")
        })?;
        Ok((name.trim().to_owned(), value.to_owned()))
    };
    given.iter().map(pair).collect()
}

/// `true`, `false` and numbers as such, the rest as text.
fn scalar(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        _ => text.parse::<f64>().ok().filter(|n| n.is_finite()).map_or_else(|| json!(text), |n| json!(n)),
    }
}

fn at(ms: i64, zone: &Zone) -> String {
    zone.local(ms).map_or_else(|| ms.to_string(), |local| local.strftime("%Y-%m-%d %H:%M").to_string())
}

fn problem(p: &WorkflowProblemView) -> String {
    let place = if p.line > 0 { format!("line {}: ", p.line) } else { String::new() };
    let hint = if p.hint.is_empty() { String::new() } else { format!(" ({})", p.hint) };
    format!("! {place}{}{hint}", p.message)
}

fn list(a: &Dir, out: &Output) -> Result<()> {
    let mut session = Session::open(&a.dir)?;
    let all: WorkflowsView = session.view("workflows", json!({}))?;
    let zone = session.zone()?;
    out.answer(&json!(all), || {
        if all.workflows.is_empty() && all.refused.is_empty() {
            return vec!["no workflows yet: see `ras workflow library`, or write workflows/KEY.toml".into()];
        }
        let row = |w: &WorkflowBrief| {
            let next = w.next_at.map_or_else(String::new, |next| at(next, &zone));
            let state = if w.in_force { String::new() } else { "its file is gone".to_owned() };
            let starts = w.triggers.join(", ");
            vec![w.key.clone(), w.title.clone(), w.version.to_string(), w.open.to_string(), starts, next, state]
        };
        let rows: Vec<_> = all.workflows.iter().map(row).collect();
        let mut lines = table(&["workflow", "title", "version", "open runs", "starts", "next", ""], &rows);
        for file in &all.refused {
            lines.push(format!("! {} is refused; what was published before stays in force", file.file));
            lines.extend(file.problems.iter().map(problem));
        }
        lines
    });
    Ok(())
}

fn show(a: &About, version: Option<u32>, text: bool, out: &Output) -> Result<()> {
    let (dir, key) = about(a)?;
    let mut session = Session::open(&dir)?;
    let shown: WorkflowView = session.view("workflow", json!({ "key": key, "version": version }))?;
    let zone = session.zone()?;
    out.answer(&json!(shown), || {
        if text {
            return shown.text.lines().map(str::to_owned).collect();
        }
        let mut lines = vec![
            format!("{} ({}, version {})", shown.definition.title, shown.brief.key, shown.version),
            shown.definition.purpose.clone(),
            format!("starts: {}", shown.brief.triggers.join(", ")),
            String::new(),
        ];
        for node in &shown.words {
            lines.push(format!("{}: {}", node.node, node.does));
            lines.extend(node.goes.iter().chain(&node.care).map(|line| format!("    {line}")));
        }
        lines.push(String::new());
        lines.extend(runs_table(&shown.runs, &zone));
        lines
    });
    Ok(())
}

fn check(file: &File, out: &Output) -> Result<()> {
    let (dir, text) = file.read()?;
    let checked: WorkflowCheckView = Session::open(&dir)?.view("workflow_check", json!({ "toml": text }))?;
    if let Some(first) = checked.problems.first() {
        out.answer_before_error(json!(checked), || checked.problems.iter().map(problem).collect());
        let message = format!("line {}: {}", first.line, first.message);
        return Err(Error::new(Code::ConfigInvalid, message, first.hint.clone()));
    }
    out.answer(&json!(checked), || {
        let mut lines = vec!["it may be published".to_owned()];
        lines.extend(checked.words.iter().map(|node| format!("{}: {}", node.node, node.does)));
        lines
    });
    Ok(())
}

fn published(value: Value, out: &Output) -> Result<()> {
    let shown: WorkflowView = view(value)?;
    out.answer(&json!(shown), || vec![format!("{} is in force as version {}", shown.brief.key, shown.brief.version)]);
    Ok(())
}

fn runs_table(runs: &[WorkflowRunBrief], zone: &Zone) -> Vec<String> {
    if runs.is_empty() {
        return vec!["no runs yet".into()];
    }
    let row = |r: &WorkflowRunBrief| {
        let what = r.ended.clone().unwrap_or_else(|| r.waits.join(", "));
        vec![r.id.clone(), r.workflow.clone(), state(r), at(r.started_at, zone), r.at.join(", "), what]
    };
    table(&["run", "workflow", "state", "started", "at", "waits for"], &runs.iter().map(row).collect::<Vec<_>>())
}

fn state(r: &WorkflowRunBrief) -> String {
    serde_json::to_value(r.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn run_view(value: Value, zone: &Zone, out: &Output) -> Result<()> {
    let shown: WorkflowRunView = view(value)?;
    out.answer(&json!(shown), || {
        let b = &shown.brief;
        let mut lines = vec![format!("{}: {} version {}, {}", b.id, b.workflow, b.version, state(b))];
        lines.extend(b.ended.iter().cloned());
        for (wait, words) in shown.waits.iter().zip(&b.waits) {
            let decision = shown.decisions.get(&wait.key).map_or_else(String::new, |id| format!(" ({id})"));
            lines.push(format!("at {}: waits for {words}{decision}", wait.node));
        }
        lines.push(String::new());
        for step in shown.steps.iter().rev() {
            let did = if step.did.is_empty() { String::new() } else { format!(": {}", step.did.join("; ")) };
            lines.push(format!("{} {}{did}", at(step.at, zone), event_word(&step.event)));
        }
        lines
    });
    Ok(())
}

fn event_word(event: &epoch_workflows::Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or("step").replace('_', " ");
    match value.get("name").and_then(Value::as_str) {
        Some(name) => format!("{kind} {name}"),
        None => kind,
    }
}

fn difference(diff: &Diff) -> Vec<String> {
    if diff.is_empty() {
        return vec!["they say the same".into()];
    }
    let mut lines: Vec<String> = diff.added.iter().map(|node| format!("+ {node}")).collect();
    lines.extend(diff.removed.iter().map(|node| format!("- {node}")));
    lines.extend(diff.head.iter().map(|f| format!("~ {}: {} -> {}", f.path, f.before, f.after)));
    for change in &diff.changed {
        let node = &change.node;
        lines.extend(change.fields.iter().map(|f| format!("~ {node}.{}: {} -> {}", f.path, f.before, f.after)));
    }
    lines
}

fn migration(value: Value, dry: bool, out: &Output) -> Result<()> {
    let report: Report = view(value)?;
    out.answer(&json!(report), || {
        let verb = if dry { "would go on" } else { "go on" };
        let mut lines = vec![format!("{} runs {verb} by version {}", report.runs.len(), report.to)];
        for run in &report.runs {
            let lands: Vec<String> = run.lands.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
            lines.push(format!("{}: {}", run.run, lands.join(", ")));
            lines.extend(run.problems.iter().map(|p| format!("! {}: {p}", run.run)));
        }
        lines
    });
    Ok(())
}

fn library(a: &Dir, out: &Output) -> Result<()> {
    let shelf: Vec<WorkflowLibraryView> = Session::open(&a.dir)?.view("workflow_library", json!({}))?;
    out.answer(&json!(shelf), || {
        let mut lines = Vec::new();
        for w in &shelf {
            let adopted = if w.adopted { " (adopted)" } else { "" };
            lines.push(format!("{}{adopted}: {}", w.key, w.purpose));
            for role in &w.roles {
                let fits = if role.fits.is_empty() { "nothing of this business".into() } else { role.fits.join(", ") };
                lines.push(format!("    {}: {}; fits: {fits}", role.role, role.about));
            }
        }
        lines
    });
    Ok(())
}
