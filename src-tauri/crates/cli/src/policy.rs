//! `ras policy`: the policy in force in plain words, another one held against it, and replacing it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use epoch_api::views::{PolicyCheckView, PolicyView, StatusView};
use epoch_host::keys::OperatorKey;
use epoch_model::business::PolicyAnswer;
use epoch_model::{Code, Error, Result};
use epoch_policy::{Finding, Problem, Sentence};
use serde_json::{Value, json};

use crate::output::Output;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub command: Option<PolicyCommand>,
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The policy's own text instead, in Cedar
    #[arg(long)]
    pub cedar: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// What is wrong with a policy, what it says, and what it would have changed; changes nothing
    Check(PolicyFile),
    /// Put a policy in force, with this machine's operator key
    Set(PolicyFile),
    /// Take policy.cedar away: the table of business.toml holds again
    Unset {
        /// The business's folder
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PolicyFile {
    /// The business's folder
    pub dir: PathBuf,
    /// The policy, in Cedar
    pub file: PathBuf,
}

/// Runs the command.
pub(crate) fn policy(a: &PolicyArgs, out: &Output) -> Result<()> {
    match &a.command {
        None => show(a, out),
        Some(PolicyCommand::Check(f)) => check(f, out),
        Some(PolicyCommand::Set(f)) => set(&f.dir, &epoch_host::config::read_text(&f.file)?, out),
        Some(PolicyCommand::Unset { dir }) => set(dir, "", out),
    }
}

fn show(a: &PolicyArgs, out: &Output) -> Result<()> {
    let view: PolicyView = Session::open(&a.dir)?.view("policy", json!({}))?;
    out.answer(&value_of(&view), || if a.cedar { view.text.lines().map(str::to_owned).collect() } else { told(&view) });
    Ok(())
}

fn told(view: &PolicyView) -> Vec<String> {
    let from = if view.from_file { "policy.cedar" } else { "the table of business.toml" };
    let mut lines = vec![format!("In force from {from}:")];
    lines.extend(rules(&view.rules));
    lines.push("Whatever the rules say:".to_owned());
    lines.extend(view.limits.iter().map(|limit| format!("  {limit}")));
    lines.extend(view.findings.iter().map(finding));
    if !view.problems.is_empty() {
        lines.push("policy.cedar on disk is refused, and the policy above stays in force:".to_owned());
        lines.extend(view.problems.iter().map(problem));
    }
    lines
}

fn rules(rules: &[Sentence]) -> impl Iterator<Item = String> {
    rules.iter().enumerate().map(|(at, rule)| format!("  {}. {}: {}", at + 1, rule.title, rule.text))
}

fn finding(f: &Finding) -> String {
    let because = if f.because.is_empty() { String::new() } else { format!(" ({})", f.because.join(", ")) };
    let proven = if f.proven { "" } else { ", as far as was tried" };
    format!("! {}: {}{because}{proven}", f.rule, f.text)
}

fn problem(p: &Problem) -> String {
    match p.line {
        0 => format!("  {} ({})", p.message, p.hint),
        line => format!("  line {line}: {} ({})", p.message, p.hint),
    }
}

/// The error for problems that keep a policy from being taken.
fn refused(file: &Path, problems: &[Problem]) -> Error {
    let first = problems.first();
    let place = match first.map(|p| p.line).unwrap_or_default() {
        0 => file.display().to_string(),
        line => format!("{}, line {line}", file.display()),
    };
    let message = format!("{place}: {}", first.map(|p| p.message.as_str()).unwrap_or_default());
    Error::new(Code::ConfigInvalid, message, first.map(|p| p.hint.clone()).unwrap_or_default())
}

fn answer(a: PolicyAnswer) -> &'static str {
    match a {
        PolicyAnswer::Run => "runs alone",
        PolicyAnswer::Ask => "asks",
        PolicyAnswer::Deny => "is denied",
    }
}

fn check(f: &PolicyFile, out: &Output) -> Result<()> {
    let text = epoch_host::config::read_text(&f.file)?;
    let view: PolicyCheckView = Session::open(&f.dir)?.view("check_policy", json!({ "text": text }))?;
    let value = value_of(&view);
    if !view.problems.is_empty() {
        out.answer_before_error(value, || view.problems.iter().map(problem).collect());
        return Err(refused(&f.file, &view.problems));
    }
    out.answer(&value, || {
        let mut lines: Vec<String> = rules(&view.rules).collect();
        lines.extend(view.findings.iter().map(finding));
        let proven = if view.loosens_proven { "" } else { ", as far as was tried" };
        if view.loosens.is_empty() {
            lines.push(format!("Nothing gets looser{proven}."));
        }
        lines.extend(view.loosens.iter().map(|l| {
            format!("Looser: what {} today then {} by “{}”, e.g. when {}", answer(l.was), answer(l.will_be), l.rule, l.example)
        }));
        let p = &view.preview;
        lines.push(format!(
            "Of the last {} decisions {} would have had the same answer; {} more would have run alone, {} asked, {} been denied.",
            p.looked_at, p.same, p.would_run, p.would_ask, p.would_deny
        ));
        lines.extend(
            p.changed.iter().map(|c| format!("  {} {}: {} instead of {}", c.decision, c.headline, answer(c.would_be), answer(c.was))),
        );
        lines
    });
    Ok(())
}

/// Signs here, where the operator's key is, and hands the text over.
fn set(dir: &Path, text: &str, out: &Output) -> Result<()> {
    let mut session = Session::open(dir)?;
    let before: PolicyView = session.view("policy", json!({}))?;
    let status: StatusView = session.view("status", json!({}))?;
    let business = status.business.map(|b| b.name).unwrap_or_default();
    let claim = epoch_host::policy::claim(&business, &before.hash, text, status.now);
    let signed = OperatorKey::load()?.sign(claim);
    let value = session.write("signed_policy", json!({ "text": text, "signed": signed }))?;
    out.answer(&value, || {
        let view: std::result::Result<PolicyView, _> = serde_json::from_value(value.clone());
        view.map_or_else(|_| vec!["in force now".to_owned()], |view| told(&view))
    });
    Ok(())
}

fn value_of(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}
