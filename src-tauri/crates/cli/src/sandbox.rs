//! `ras sandbox`: a simulated business, from its scenario to its score.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use epoch_api::{App, AppOptions, control};
use epoch_host::Host;
use epoch_host::config::{Folder, io_error, read_text};
use epoch_host::sandbox::{Judgement, Phase, Program, SandboxOrder, refused, scenario};
use epoch_model::{Code, Error, Result};
use epoch_sandbox::{Findings, Scenario, Scorecard, describe};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args;
use crate::output::{Output, table};
use crate::session::Session;

const LOOK: Duration = Duration::from_millis(150);

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Simulate a business into a new folder, and say at the end how well the engine understood it
    Run(Run),
    /// A scenario in words
    Describe(OneScenario),
    /// Whether a scenario holds together; problems with line and reason
    Check(OneScenario),
    /// Compare what the engine found and did with the truth
    Score(Score),
    /// Scenarios that come with the program
    List,
    /// Be the company of a sandbox that is open elsewhere; orders come on standard input
    #[command(hide = true)]
    Company,
}

/// What starts this program as a company.
pub(crate) fn program() -> Option<Program> {
    Program::itself(&["sandbox", "company"])
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A name of `ras sandbox list`, or a file
    #[arg(long, default_value = "shop-calm")]
    pub scenario: String,
    /// Simulated seconds per second (86400 plays a day per second), or max
    #[arg(long, default_value = "max", value_parser = args::speed)]
    pub speed: f64,
    /// The same seed gives the same company with the same luck
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Length; the scenario's own when absent
    #[arg(long)]
    pub days: Option<u32>,
    /// Days that pass as fast as they go before that speed holds
    #[arg(long, default_value_t = 0)]
    pub history: u32,
    /// The folder to make; ./sandbox-NAME-SEED when absent
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Time stands still while a decision waits for its answer
    #[arg(long)]
    pub hold: bool,
    /// The company lives in a process of its own: it sends PostHog's protocol to the gateway and reads its levers over OFREP
    #[arg(long)]
    pub live: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneScenario {
    /// A name of `ras sandbox list`, or a file
    pub scenario: String,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// The sandbox's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Write what was really going on to this file (JSON)
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Score these findings (JSON) instead of the engine's
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
}

pub(crate) fn sandbox(command: &SandboxCommand, out: &Output) -> Result<()> {
    match command {
        SandboxCommand::Run(a) => run(a, out),
        SandboxCommand::Describe(a) => {
            let scenario = scenario(&text_of(&a.scenario)?)?;
            let text = describe(&scenario);
            out.answer(&json!({ "name": scenario.name, "title": scenario.title, "text": text }), || {
                text.lines().map(str::to_owned).collect()
            });
            Ok(())
        }
        SandboxCommand::Check(a) => check(&a.scenario, out),
        SandboxCommand::Score(a) => score(a, out),
        SandboxCommand::Company => Ok(()),
        SandboxCommand::List => {
            let all = Scenario::all();
            let named = |s: &Scenario| json!({ "name": s.name, "title": s.title, "company": s.company, "days": s.days, "what": s.about });
            out.answer(&all.iter().map(named).collect(), || {
                let rows: Vec<_> = all
                    .iter()
                    .map(|s| vec![s.name.clone(), s.days.to_string(), s.title.clone(), s.about.clone()])
                    .collect();
                table(&["scenario", "days", "company", "what"], &rows)
            });
            Ok(())
        }
    }
}

/// The name itself, or what the file of that name holds.
fn text_of(given: &str) -> Result<String> {
    if Scenario::builtin_text(given).is_some() || !Path::new(given).is_file() {
        return Ok(given.to_owned());
    }
    read_text(Path::new(given))
}

fn check(given: &str, out: &Output) -> Result<()> {
    let given = text_of(given)?;
    let text = Scenario::builtin_text(&given).map_or(given.clone(), str::to_owned);
    if !text.contains('=') {
        return scenario(&text).map(|_| ());
    }
    let problems = Scenario::check(&text);
    let value = json!({ "ok": problems.is_empty(), "problems": problems });
    if problems.is_empty() {
        out.answer(&value, || vec!["it holds together".into()]);
        return Ok(());
    }
    out.answer_before_error(value, Vec::new);
    Err(refused(&problems))
}

fn run(a: &Run, out: &Output) -> Result<()> {
    let text = text_of(&a.scenario)?;
    let name = scenario(&text)?.name;
    let dir = a.out.clone().unwrap_or_else(|| PathBuf::from(format!("sandbox-{name}-{}", a.seed)));
    let order = SandboxOrder {
        scenario: text,
        seed: a.seed,
        history_days: a.history,
        speed: a.speed,
        hold: a.hold,
        days: a.days,
        transport: a.live.into(),
    };
    let made = Host::create_sandbox(&dir, &order)?;
    out.say(&format!("simulating {name} into {}", dir.display()));
    let started = Instant::now();
    let listen = a.live.then_some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let options = AppOptions { background: true, listen, company: program(), ..AppOptions::default() };
    let app = Arc::new(App::new(options));
    app.open(&dir)?;
    let served = control::serve(&app)?;
    follow(&app, &dir, out)?;
    let host = app.host()?;
    let judgement = host.sandbox_judgement(None)?;
    let sent = host.sandbox().map(|state| state.sent).unwrap_or_default();
    let decisions = host.store().decisions(&epoch_store::DecisionFilter::default())?.len();
    let value = json!({
        "folder": dir, "scenario": name, "seed": a.seed, "write_key": made.write_key,
        "seconds": started.elapsed().as_secs_f64(), "events": host.store().count(None),
        "sent": { "events": sent.events, "accepted": sent.accepted, "duplicates": sent.duplicates, "rejected": sent.rejected },
        "decisions": decisions, "from": judgement.truth.from, "until": judgement.truth.until, "score": judgement.score,
    });
    out.answer(&value, || {
        let mut lines = vec![format!(
            "{} events in {:.1} s, {decisions} decisions; {} opens like any business",
            host.store().count(None),
            started.elapsed().as_secs_f64(),
            dir.display()
        )];
        lines.extend(card(&judgement));
        lines
    });
    drop((host, served));
    app.close();
    Ok(())
}

/// Shows a bar until the simulation is over.
fn follow(app: &App, dir: &Path, out: &Output) -> Result<()> {
    let bar = if out.json { ProgressBar::hidden() } else { ProgressBar::new(1000) };
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut told = false;
    loop {
        let host = app.host()?;
        let Some(state) = host.sandbox() else { break };
        if let Some(broken) = state.broken {
            return Err(broken);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand")]
        bar.set_position((state.progress * 1000.0) as u64);
        let day = host.zone().local(state.now).map_or_else(String::new, |t| t.date().to_string());
        bar.set_message(format!("{day}, {} events", state.events));
        if state.held && !told {
            bar.suspend(|| {
                out.say(&format!(
                    "a decision waits: see `ras decisions {0}`, then `ras approve {0} ID`",
                    dir.display()
                ));
            });
        }
        told = state.held;
        if state.phase == Phase::Ended && !state.working {
            break;
        }
        drop(host);
        std::thread::sleep(LOOK);
    }
    bar.finish_and_clear();
    Ok(())
}

fn score(a: &Score, out: &Output) -> Result<()> {
    Folder::new(&a.dir).check()?;
    let findings = match &a.findings {
        None => Value::Null,
        Some(path) => {
            let foreign = |e: serde_json::Error| {
                Error::new(
                    Code::FileUnreadable,
                    format!("{}: {e}", path.display()),
                    "see `ras sandbox score` in docs/cli.md",
                )
            };
            let findings: Findings = serde_json::from_str(&read_text(path)?).map_err(foreign)?;
            serde_json::to_value(&findings).map_err(foreign)?
        }
    };
    let judgement: Judgement = Session::open(&a.dir)?.view("sandbox_judgement", json!({ "findings": findings }))?;
    if let Some(path) = &a.truth {
        let text = serde_json::to_string_pretty(&judgement.truth).unwrap_or_default();
        std::fs::write(path, text).map_err(|e| io_error(path, &e))?;
    }
    let value = json!({ "score": judgement.score, "findings": judgement.findings });
    out.answer(&value, || card(&judgement));
    Ok(())
}

/// The scorecard in lines.
fn card(judgement: &Judgement) -> Vec<String> {
    let Judgement { truth, score, .. } = judgement;
    let Scorecard { alarms, money, guardrail_days, .. } = score;
    let major = |minor: i64| minor / 100;
    let share = money.share.map_or_else(|| "–".into(), |s| format!("{:.0} %", 100.0 * s));
    let delay = alarms.median_delay_hours.map_or_else(String::new, |h| format!(", {h:.0} hours after they began"));
    let mut lines = vec![
        format!("incidents found  {} of {}{delay}", alarms.found, alarms.total),
        format!(
            "insights         {}: {} with another reason, {} without any ({:.2} a week)",
            alarms.insights, alarms.explained, alarms.false_alarms, alarms.false_alarms_per_week
        ),
        format!(
            "profit           {} {currency}; doing nothing {}, knowing everything {}: {share} of what was to be gained",
            major(money.actual),
            major(money.nothing),
            major(money.oracle),
            currency = truth.currency
        ),
    ];
    let broken: Vec<_> = guardrail_days.iter().filter(|(_, days)| **days > 0).collect();
    lines.extend(broken.iter().map(|(metric, days)| format!("guardrail        {metric} broken on {days} days")));
    for incident in &alarms.incidents {
        let found = match (&incident.metric, incident.delay_hours) {
            (Some(metric), Some(hours)) if incident.found => format!("found in {metric} after {hours:.0} hours"),
            _ => "not found".into(),
        };
        lines.push(format!("  {} ({}): {found}", incident.key, incident.kind));
    }
    lines
}
