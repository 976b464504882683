//! `ras experiments` and `ras experiment`.

use std::path::Path;

use clap::{Args, Subcommand};
use epoch_api::views::{
    ArmDraft, AskExperimentArgs, ExperimentCheckView, ExperimentLever, ExperimentRow, ExperimentView, ExperimentsView,
    MetricBrief,
};
use epoch_model::business::LeverValue;
use epoch_model::experiment::{Effect, Interval, Reading};
use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};

use crate::args::About;
use crate::output::{Output, table};
use crate::session::{Session, about, instant};

#[derive(Debug, Args)]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    pub command: ExperimentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// One experiment with its story
    Show(About),
    /// Ask a question: it is measured, designed, and started when policy or you say so
    Ask(Question),
    /// What would become of a question; changes nothing
    Check(Question),
    /// End one before it is answered
    End {
        #[command(flatten)]
        about: About,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Question {
    #[command(flatten)]
    pub about: About,
    /// A value to try, once per arm; one alone is compared with the value in force, of several the first is the control
    #[arg(long = "value", required = true)]
    pub values: Vec<String>,
    /// The metric that decides
    #[arg(long)]
    pub metric: String,
    /// A metric that is shown, too; may be given again
    #[arg(long)]
    pub secondary: Vec<String>,
    /// A metric that must not get worse; may be given again; the business's guardrails if absent
    #[arg(long)]
    pub guardrail: Vec<String>,
    /// For whom: a predicate over attributes, e.g. "plan == 'pro'"
    #[arg(long = "if")]
    pub audience: Option<String>,
    /// Share of them that is in it: 0.2 or "20 %"
    #[arg(long)]
    pub share: Option<String>,
    /// The smallest relative effect worth knowing: 0.05 or "5 %"
    #[arg(long)]
    pub mde: Option<String>,
    /// Values of one unit above this count as this
    #[arg(long)]
    pub cap: Option<f64>,
    /// No unit is counted from then on
    #[arg(long)]
    pub until: Option<String>,
    #[arg(long)]
    pub title: Option<String>,
    /// What is believed and why
    #[arg(long)]
    pub hypothesis: Option<String>,
    /// Its key; made of the lever's if absent
    #[arg(long)]
    pub key: Option<String>,
}

pub(crate) fn list(dir: &Path, out: &Output) -> Result<()> {
    let view: ExperimentsView = Session::open(dir)?.view("experiments", json!({}))?;
    out.answer(&serde_json::to_value(&view.rows).unwrap_or_default(), || {
        if view.rows.is_empty() {
            return vec!["no experiments yet: `ras experiment ask DIR LEVER --value V --metric M`".into()];
        }
        let row = |r: &ExperimentRow| {
            let days = r.days_left.map_or_else(String::new, |d| format!("{:.0}", d.p50.ceil()));
            let effect = r.effect.map_or_else(String::new, |e| change(&e));
            vec![r.key.clone(), r.state_text.clone(), r.metric.clone(), r.units.to_string(), days, effect]
        };
        let rows: Vec<_> = view.rows.iter().map(row).collect();
        let mut lines = table(&["experiment", "state", "metric", "units", "days left", "effect"], &rows);
        lines.extend(view.rows.iter().filter_map(|r| Some(format!("! {}: {}", r.key, r.problem.as_ref()?))));
        let budget = &view.portfolio.budget;
        if !budget.method.is_empty() {
            let (calls, tests) = (budget.calls, budget.tests);
            lines.push(format!(
                "{calls} calls in {tests} tests; the next one is tested at {:.4} of {} ({:.0} % of the budget left)",
                budget.next_level,
                budget.target,
                budget.left * 100.0
            ));
        }
        lines
    });
    Ok(())
}

pub(crate) fn experiment(command: &ExperimentCommand, out: &Output) -> Result<()> {
    match command {
        ExperimentCommand::Show(a) => {
            let (dir, key) = about(a)?;
            show(&mut Session::open(&dir)?, &key, out)
        }
        ExperimentCommand::Ask(q) => {
            let (mut session, asked) = asked(q)?;
            let made = session.write("ask_experiment", asked)?;
            let key = made.pointer("/spec/key").and_then(Value::as_str).unwrap_or_default().to_owned();
            show(&mut session, &key, out)
        }
        ExperimentCommand::Check(q) => {
            let (mut session, asked) = asked(q)?;
            let view: ExperimentCheckView = session.view("experiment_check", asked)?;
            checked(&view, out)
        }
        ExperimentCommand::End { about: a, reason } => {
            let (dir, key) = about(a)?;
            let mut session = Session::open(&dir)?;
            session.write("end_experiment", json!({ "key": key, "reason": reason }))?;
            show(&mut session, &key, out)
        }
    }
}

/// The question as the command list takes it.
fn asked(q: &Question) -> Result<(Session, Value)> {
    let (dir, lever) = about(&q.about)?;
    let mut session = Session::open(&dir)?;
    let zone = session.zone()?;
    let view: ExperimentsView = session.view("experiments", json!({}))?;
    let known = view.levers.iter().find(|l| l.key == lever);
    let arms = q.values.iter().map(|text| ArmDraft { key: None, value: value(known, text), weight: None });
    let args = AskExperimentArgs {
        key: q.key.clone(),
        title: q.title.clone(),
        hypothesis: q.hypothesis.clone(),
        arms: arms.collect(),
        lever: Some(lever),
        metric: q.metric.clone(),
        secondary: q.secondary.clone(),
        guardrails: (!q.guardrail.is_empty()).then(|| q.guardrail.clone()),
        audience: q.audience.clone(),
        share: q.share.as_deref().map(share).transpose()?,
        mde: q.mde.as_deref().map(share).transpose()?,
        cap: q.cap,
        until: q.until.as_deref().map(|t| instant(t, &zone)).transpose()?,
        ..AskExperimentArgs::default()
    };
    let asked = serde_json::to_value(args)
        .map_err(|e| Error::new(Code::Internal, format!("the question cannot be written: {e}"), "report this"))?;
    Ok((session, asked))
}

/// A text as a value of the lever's own kind.
fn value(lever: Option<&ExperimentLever>, text: &str) -> LeverValue {
    let plain = || LeverValue::Text(text.to_owned());
    match lever.map(|l| &l.value) {
        Some(LeverValue::Bool(_)) => text.parse().map_or_else(|_| plain(), LeverValue::Bool),
        Some(LeverValue::Number(_)) => text.parse().map_or_else(|_| plain(), LeverValue::Number),
        _ => plain(),
    }
}

/// `20 %` or 0.2.
fn share(text: &str) -> Result<f64> {
    let trimmed = text.trim();
    let number = match trimmed.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|n| n / 100.0),
        None => trimmed.parse(),
    };
    number.map_err(|_| Error::new(Code::InvalidArgument, format!("“{text}” is no share"), "write 0.2 or \"20 %\""))
}

fn checked(view: &ExperimentCheckView, out: &Output) -> Result<()> {
    let value = serde_json::to_value(view).unwrap_or_default();
    if let Some(problem) = view.problems.first() {
        let code = serde_json::from_value(json!(problem.code)).unwrap_or(Code::InvalidArgument);
        return Err(Error::new(code, problem.message.clone(), problem.hint.clone()));
    }
    out.answer(&value, || {
        let mut lines = vec![view.text.clone()];
        lines.extend(view.notes.iter().map(|note| format!("  {note}")));
        lines
    });
    Ok(())
}

fn show(session: &mut Session, key: &str, out: &Output) -> Result<()> {
    let value = session.read("experiment", json!({ "key": key }))?;
    let view: ExperimentView = serde_json::from_value(value.clone())
        .map_err(|e| Error::new(Code::Internal, format!("the experiment is not understood: {e}"), "report this"))?;
    out.answer(&value, || story(&view));
    Ok(())
}

fn story(view: &ExperimentView) -> Vec<String> {
    let (r, e) = (&view.row, &view.experiment);
    let mut lines = vec![format!("{}: {}", r.key, r.title), format!("{}. {}", capital(&r.state_text), r.next)];
    if !r.hypothesis.is_empty() {
        lines.push(format!("Believed: {}", r.hypothesis));
    }
    if let Some(problem) = &r.problem {
        lines.push(format!("! {problem}"));
    }
    if let Some(design) = &e.design {
        let (units, looks) = (design.units, design.looks);
        let mde = design.mde * 100.0;
        lines.push(format!(
            "Design: {units} units, {looks} looks, {:.0} days, to find {mde:.1} % with a power of {:.0} %",
            design.days.p50.ceil(),
            design.power * 100.0
        ));
    }
    if let Some(reading) = &e.last {
        lines.extend(looked(reading, view));
    }
    if let Some(conclusion) = &e.conclusion {
        lines.push(format!("Found: {}", conclusion.text));
    }
    if let Some(serving) = &view.serving {
        let how =
            if serving.in_force { format!("served as {}", serving.served_as.join(", ")) } else { "not served".into() };
        lines.push(format!("Arms are {how}"));
        lines.extend(serving.notes.iter().map(|note| format!("  {note}")));
    }
    if let Some(card) = &view.card {
        lines.push(format!("Waits for you: {card} (`ras approve DIR {card}`)"));
    }
    lines
}

fn looked(reading: &Reading, view: &ExperimentView) -> Vec<String> {
    let arms = view.experiment.spec.arms.iter().zip(&reading.units).map(|(arm, n)| format!("{} {n}", arm.key));
    let mut lines = vec![format!("Look {}: {}", reading.number, arms.collect::<Vec<_>>().join(", "))];
    lines.extend(reading.gates.iter().map(|g| format!("  {} {}", if g.passed { "ok" } else { "!!" }, g.text)));
    let title = |key: &str| {
        let found = view.titles.iter().find(|m: &&MetricBrief| m.key == key);
        found.map_or_else(|| key.to_owned(), |m| m.title.clone())
    };
    let row = |e: &Effect| {
        let relative = e.relative.map_or_else(String::new, |i| change(&i));
        let p = e.p_value.map_or_else(String::new, |p| format!("{p:.4}"));
        let chance = e.chance.map_or_else(String::new, |c| format!("{:.0} %", c * 100.0));
        vec![title(&e.metric), e.arm.clone(), number(e.control), number(e.treated), relative, p, chance]
    };
    let rows: Vec<_> = reading.effects.iter().map(row).collect();
    lines.extend(table(&["metric", "arm", "control", "arm's", "change", "p", "chance"], &rows));
    lines
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Four significant digits.
fn number(n: f64) -> String {
    if n == 0.0 || !n.is_finite() {
        return n.to_string();
    }
    let digits = (3.0 - n.abs().log10().floor()).clamp(0.0, 9.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 9")]
    let digits = digits as usize;
    format!("{n:.digits$}")
}

/// `+1.2 % (-0.3 to +2.7)`.
fn change(i: &Interval) -> String {
    let percent = |n: f64| format!("{:+.1}", n * 100.0);
    format!("{} % ({} to {})", percent(i.middle), percent(i.low), percent(i.high))
}
