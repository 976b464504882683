//! The commands that ask a session and print its answer.

use std::path::Path;

use epoch_api::commands::CreateArgs;
use epoch_api::views::{DecisionsView, RowsView, SeriesView, StatusView};
use epoch_host::config::Folder;
use epoch_host::keys::OperatorKey;
use epoch_host::{Host, audit};
use epoch_model::business::{Business, LeverValue};
use epoch_model::decision::{Act, Claim, Decision, Verdict, Wake};
use epoch_model::insight::Insight;
use epoch_model::series::Series;
use epoch_model::{Code, Error, Result};
use epoch_store::{Options, Store};
use serde_json::{Value, json};

use crate::args::{self, AuditCommand, Cli, Command};
use crate::bench;
use crate::connect;
use crate::experiments;
use crate::import;
use crate::levers;
use crate::output::{Output, table};
use crate::serve;
use crate::session::{Session, instant, split_dir};
use crate::statistics;

/// Runs the command.
pub(crate) fn run(cli: &Cli, out: &Output) -> Result<()> {
    match &cli.command {
        Command::Init(a) => init(a, out),
        Command::Serve(a) => serve::serve(a, out),
        Command::Import(a) => import::import(a, out),
        Command::Query(a) => query(a, out),
        Command::Events(a) => events(a, out),
        Command::Insights(a) => insights(&a.dir, out),
        Command::Decisions(a) => decisions(&a.dir, out),
        Command::Experiments(a) => experiments::list(&a.dir, out),
        Command::Experiment(a) => experiments::experiment(&a.command, out),
        Command::Workflow(a) => crate::workflow::workflow(&a.command, out),
        Command::Policy(a) => crate::policy::policy(a, out),
        Command::Status(a) => status(&a.dir, out),
        Command::Levers(a) => levers::in_force(&a.dir, out),
        Command::Lever(a) => levers::lever(&a.command, out),
        Command::Source(a) => connect::source(&a.command, out),
        Command::Rejected(a) => connect::rejected(&a.command, out),
        Command::Person(a) => connect::person(&a.command, out),
        Command::Approve(a) => approve(a, out),
        Command::Veto(a) => {
            let verdict = Verdict::Veto { reason: a.reason.clone(), text: a.text.clone() };
            answer(&a.dir, &a.id, verdict, out)
        }
        Command::Defer(a) => {
            let mut session = Session::open(&a.dir)?;
            let until = instant(&a.until, &session.zone()?)?;
            let decision = find(&mut session, &a.id)?;
            let wake = match (&a.or_metric, &a.or_decision) {
                (Some(metric), _) => Some(Wake::Insight { metric: metric.clone() }),
                (None, Some(decision)) => Some(Wake::Decision { decision: decision.clone() }),
                (None, None) => None,
            };
            give(&mut session, &decision, &a.dir, Verdict::Defer { until, wake }, out)
        }
        Command::Decide(a) => crate::decide::decide(a, out),
        Command::Settle(a) => settle(a, out),
        Command::Stop(a) => set_run(a, "stop", out),
        Command::Pause(a) => set_run(a, "pause", out),
        Command::Resume(a) => set_run(a, "resume", out),
        Command::Audit(a) => match &a.command {
            AuditCommand::Verify { dir, anchor, anchors: None } => verify(dir, anchor.as_deref(), out),
            AuditCommand::Verify { dir, anchors: Some(file), .. } => {
                verify(dir, Some(&crate::decide::last_anchor(file)?), out)
            }
            AuditCommand::Anchor { dir, to } => anchor(dir, to, out),
        },
        Command::Replay(a) => replay(&a.dir, out),
        Command::Report(a) => report(a, out),
        Command::Backup(a) => backup(a, out),
        Command::Restore(a) => restore(a, out),
        Command::Rebuild(a) => rebuild(&a.dir, out),
        Command::Doctor(a) => doctor(&a.dir, out),
        Command::Keys(a) => keys(a, out),
        Command::Mcp(a) => crate::mcp::mcp(a, out),
        Command::Secret(a) => connect::secret(a, out),
        Command::Sandbox(a) => crate::sandbox::sandbox(&a.command, out),
        Command::Analyze(a) => statistics::analyze(a, out),
        Command::Power(a) => statistics::power(a, out),
        Command::Fdr(a) => statistics::fdr(a, out),
        Command::Srm(a) => statistics::srm(a, out),
        Command::Bandit(a) => statistics::bandit(a, out),
        Command::Bench(a) => bench::bench(a, out),
    }
}

fn init(a: &args::Init, out: &Output) -> Result<()> {
    let text = match &a.from {
        Some(path) => epoch_host::config::read_text(path)?,
        None => epoch_api::starting_text(&CreateArgs {
            name: a.name.clone(),
            currency: a.currency.clone(),
            timezone: a.timezone.clone(),
            folder: None,
        })?,
    };
    let made = Host::create(&a.dir, &text)?;
    let value = json!({ "write_key": made.write_key, "operator_key": made.operator_key, "folder": a.dir });
    out.answer(&value, || {
        vec![
            format!("Made “{}” in {}", a.name, a.dir.display()),
            format!("Write key for SDKs: {}", made.write_key),
            format!("Next: ras serve {0}, or ras import {0} FILE", a.dir.display()),
        ]
    });
    Ok(())
}

fn query(a: &args::Query, out: &Output) -> Result<()> {
    let words: Vec<_> = a.words.iter().map(Into::into).collect();
    let (dir, key) = split_dir(&words, a.dir.as_ref())?;
    let mut session = Session::open(&dir)?;
    let zone = session.zone()?;
    let at = |t: &Option<String>| t.as_deref().map(|t| instant(t, &zone)).transpose();
    let asked = json!({ "metric": key, "from": at(&a.from)?, "to": at(&a.to)?, "by": a.by, "grain": a.grain });
    let view: SeriesView = session.view("series", asked)?;
    let day = |ms: i64| {
        zone.local(ms).map_or_else(String::new, |l| {
            if view.grain == epoch_model::time::Grain::Hour { l.to_string() } else { l.date().to_string() }
        })
    };
    let value = json!({
        "metric": view.metric.key, "title": view.metric.title, "unit": view.metric.unit, "format": view.metric.format,
        "currency": view.currency, "timezone": view.timezone, "grain": view.grain, "from": view.from, "to": view.to,
        "series": view.series.iter().map(|s| series_json(s, &day)).collect::<Vec<_>>(),
    });
    out.answer(&value, || {
        let shown = |v: Option<f64>| {
            v.map_or_else(|| "–".into(), |v| format!("{v:.4}").trim_end_matches('0').trim_end_matches('.').to_owned())
        };
        let mut rows = Vec::new();
        for s in &view.series {
            let name = s.segment.clone().unwrap_or_else(|| "all".into());
            if a.by.is_none() {
                rows.extend(s.points.iter().map(|p| vec![day(p.start), shown(p.value), p.events.to_string()]));
            }
            rows.push(vec![
                if a.by.is_some() { name } else { "total".into() },
                shown(s.total.value),
                s.total.events.to_string(),
            ]);
        }
        table(&[view.metric.title.as_str(), "value", "events"], &rows)
    });
    Ok(())
}

fn series_json(s: &Series, day: &dyn Fn(i64) -> String) -> Value {
    let point = |p: &epoch_model::series::Point| {
        json!({
            "start": p.start, "date": day(p.start), "value": p.value, "numerator": p.numerator,
            "denominator": p.denominator, "events": p.events,
        })
    };
    json!({
        "segment": s.segment,
        "total": point(&s.total),
        "points": s.points.iter().map(point).collect::<Vec<_>>(),
    })
}

fn events(a: &args::Events, out: &Output) -> Result<()> {
    let mut session = Session::open(&a.dir)?;
    if a.count {
        let value = session.read("count", json!({ "event": a.name }))?;
        out.answer(&value, || vec![value["count"].to_string()]);
        return Ok(());
    }
    let range = epoch_model::time::TIME_RANGE;
    let asked = json!({ "event": a.name, "from": range.start, "to": range.end, "limit": a.limit });
    let view: RowsView = session.view("rows", asked)?;
    out.answer(&serde_json::to_value(&view.rows).unwrap_or_default(), || {
        let rows: Vec<_> = view
            .rows
            .iter()
            .map(|r| vec![r.time.to_string(), r.name.clone(), r.unit.clone(), r.props.to_string()])
            .collect();
        table(&["time", "event", "unit", "properties"], &rows)
    });
    Ok(())
}

fn insights(dir: &Path, out: &Output) -> Result<()> {
    let found: Vec<Insight> = Session::open(dir)?.view("insights", json!({}))?;
    out.answer(&serde_json::to_value(&found).unwrap_or_default(), || {
        let rows: Vec<_> = found
            .iter()
            .map(|i| vec![i.id.clone(), i.metric.clone(), format!("{:.1}", i.score), i.headline.clone()])
            .collect();
        table(&["id", "metric", "score", "what"], &rows)
    });
    Ok(())
}

fn decisions(dir: &Path, out: &Output) -> Result<()> {
    let view: DecisionsView = Session::open(dir)?.view("decisions", json!({ "limit": 5000 }))?;
    let mut values = Vec::new();
    for decision in &view.decisions {
        let mut value = serde_json::to_value(decision).unwrap_or_default();
        value["card_hash"] = json!(decision.card_hash());
        values.push(value);
    }
    out.answer(&Value::Array(values), || {
        let rows: Vec<_> = view
            .decisions
            .iter()
            .map(|d| {
                vec![
                    d.id.clone(),
                    format!("{:?}", d.state).to_lowercase(),
                    format!("{:?}", d.level).to_lowercase(),
                    d.headline.clone(),
                ]
            })
            .collect();
        table(&["id", "state", "level", "what"], &rows)
    });
    Ok(())
}

fn status(dir: &Path, out: &Output) -> Result<()> {
    let view: StatusView = Session::open(dir)?.view("status", json!({}))?;
    out.answer(&serde_json::to_value(&view).unwrap_or_default(), || {
        let mut lines =
            vec![format!("{:?}, {} events, {} approvals wait", view.run_state, view.events, view.approvals_waiting)];
        lines.extend(view.gateway.iter().map(|g| format!("gateway {g}")));
        lines.extend(view.problems.iter().map(|p| format!("! {} ({})", p.message, p.hint)));
        lines
    });
    Ok(())
}

fn approve(a: &args::Approve, out: &Output) -> Result<()> {
    let Some(text) = &a.to else { return answer(&a.dir, &a.id, Verdict::Approve, out) };
    let mut session = Session::open(&a.dir)?;
    let decision = find(&mut session, &a.id)?;
    let Act::SetLever { to, .. } = &decision.act else {
        return Err(Error::new(
            Code::InvalidArgument,
            "this decision sets no lever",
            "approve it as it is, or veto it",
        ));
    };
    let bad =
        |what: &str| Error::new(Code::InvalidArgument, format!("“{text}” is no {what}"), "see its range on the card");
    let to = match to {
        LeverValue::Bool(_) => LeverValue::Bool(text.parse().map_err(|_| bad("true or false"))?),
        LeverValue::Number(_) => LeverValue::Number(text.parse().map_err(|_| bad("number"))?),
        LeverValue::Text(_) => LeverValue::Text(text.clone()),
    };
    give(&mut session, &decision, &a.dir, Verdict::edit_to(to), out)
}

fn answer(dir: &Path, id: &str, verdict: Verdict, out: &Output) -> Result<()> {
    let mut session = Session::open(dir)?;
    let decision = find(&mut session, id)?;
    give(&mut session, &decision, dir, verdict, out)
}

pub(crate) fn find(session: &mut Session, id: &str) -> Result<Decision> {
    let mut value = session.read("decision", json!({ "id": id }))?;
    serde_json::from_value(value["decision"].take())
        .map_err(|e| Error::new(Code::Internal, format!("the decision cannot be read: {e}"), "report this"))
}

/// Signs here, where the operator's key is, and hands the signed verdict over.
pub(crate) fn give(
    session: &mut Session,
    decision: &Decision,
    dir: &Path,
    verdict: Verdict,
    out: &Output,
) -> Result<()> {
    let status: StatusView = session.view("status", json!({}))?;
    let business = status.business.map(|b| b.name).unwrap_or_default();
    let claim =
        Claim { business, decision: decision.id.clone(), card_hash: decision.card_hash(), verdict, at: status.now };
    let signed = OperatorKey::load()?.sign(claim);
    let value = session.write("verdict", serde_json::to_value(&signed).unwrap_or_default())?;
    out.answer(&value, || {
        let state = value["state"].as_str().unwrap_or_default();
        vec![format!("{} is {state} now ({})", decision.id, dir.display())]
    });
    Ok(())
}

fn set_run(a: &args::Run, name: &str, out: &Output) -> Result<()> {
    let folder = Folder::new(&a.dir);
    folder.check()?;
    if name == "stop" {
        // The file first: it holds whatever happens to this process or to the host.
        let file = folder.stop_file();
        std::fs::write(&file, format!("{}\n", a.reason)).map_err(|e| epoch_host::config::io_error(&file, &e))?;
    }
    let value = Session::open(&a.dir)?.write(name, json!({ "reason": a.reason }))?;
    out.answer(&value, || vec![format!("{} now", value["run_state"].as_str().unwrap_or_default())]);
    Ok(())
}

/// The store for reading only: works beside a running host.
fn reading(dir: &Path) -> Result<Store> {
    let folder = Folder::new(dir);
    folder.check()?;
    let text = epoch_host::config::read_text(&folder.toml())?;
    let business = Business::parse(&text).or_else(|_| Business::parse(&Business::template("x")));
    let business = business.map_err(|p| epoch_host::config::refusal(&p))?;
    Store::open_read_only(dir, &business, Options::new(std::sync::Arc::new(epoch_host::clock::machine_now)))
}

fn verify(dir: &Path, anchor: Option<&str>, out: &Output) -> Result<()> {
    let anchor = match anchor {
        Some(text) => Some(
            text.split_once(':').and_then(|(seq, hash)| Some((seq.parse::<u64>().ok()?, hash))).ok_or_else(|| {
                Error::new(
                    Code::InvalidArgument,
                    format!("“{text}” is no anchor"),
                    "write SEQ:HASH as `ras audit verify` prints it",
                )
            })?,
        ),
        None => None,
    };
    let report = reading(dir)?.verify(anchor)?;
    if let Some(problem) = &report.problem {
        let message = format!("journal row {}: {}", problem.seq, problem.what);
        return Err(Error::new(
            Code::AuditBroken,
            message,
            "compare with a backup; nothing before that row is affected",
        ));
    }
    let value = json!({ "ok": true, "rows": report.rows, "head": report.head, "anchor": format!("{}:{}", report.rows, report.head) });
    out.answer(&value, || vec![format!("{} rows, unbroken; head {}", report.rows, report.head)]);
    Ok(())
}

/// Adds the head to a file outside, after the chain was walked: a broken chain is not anchored.
fn anchor(dir: &Path, to: &Path, out: &Output) -> Result<()> {
    let report = reading(dir)?.verify(None)?;
    if let Some(problem) = &report.problem {
        let message = format!("journal row {}: {}", problem.seq, problem.what);
        return Err(Error::new(Code::AuditBroken, message, "compare with a backup before anything is anchored"));
    }
    let line = format!("{}:{}", report.rows, report.head);
    crate::decide::note_anchor(to, &line)?;
    let value = json!({ "anchor": line, "file": to, "rows": report.rows });
    out.answer(&value, || vec![format!("{line} added to {}", to.display())]);
    Ok(())
}

fn replay(dir: &Path, out: &Output) -> Result<()> {
    let report = audit::replay(&reading(dir)?)?;
    if let Some(d) = &report.difference {
        let message =
            format!("input {} gives other actions now: journaled {} but replayed {}", d.seq, d.journaled, d.replayed);
        return Err(Error::new(Code::ReplayDiffers, message, "use the version that wrote the journal, or report this"));
    }
    let value = serde_json::to_value(&report).unwrap_or_default();
    out.answer(&value, || {
        vec![format!(
            "identical: {} inputs, {} actions, {} decisions; digest {}",
            report.inputs, report.actions, report.decisions, report.digest
        )]
    });
    Ok(())
}

fn report(a: &args::Report, out: &Output) -> Result<()> {
    let mut session = Session::open(&a.dir)?;
    let zone = session.zone()?;
    let at = |t: &Option<String>| t.as_deref().map(|t| instant(t, &zone)).transpose();
    let path = a.out.as_ref().map(std::path::absolute).transpose();
    let path = path.map_err(|e| epoch_host::config::io_error(&a.dir, &e))?;
    let asked = json!({ "from": at(&a.from)?, "to": at(&a.to)?, "format": a.format, "path": path });
    let value = session.write("make_report", asked)?;
    out.answer(&value, || vec![value["path"].as_str().unwrap_or_default().to_owned()]);
    Ok(())
}

fn backup(a: &args::Backup, out: &Output) -> Result<()> {
    let path = a.to.as_ref().map(std::path::absolute).transpose();
    let path = path.map_err(|e| epoch_host::config::io_error(&a.dir, &e))?;
    let value = Session::open(&a.dir)?.write("backup", json!({ "path": path }))?;
    out.answer(&value, || vec![value["path"].as_str().unwrap_or_default().to_owned()]);
    Ok(())
}

fn restore(a: &args::Restore, out: &Output) -> Result<()> {
    Store::restore(&a.from, &a.dir)?;
    let folder = Folder::new(&a.dir);
    if !folder.toml().exists() {
        // A backup knows the configuration it was made under; without one the folder would be no business.
        let nameless = Business::parse(&Business::template("x")).map_err(|p| epoch_host::config::refusal(&p))?;
        let store = Store::open_read_only(
            &a.dir,
            &nameless,
            Options::new(std::sync::Arc::new(epoch_host::clock::machine_now)),
        )?;
        if let Some(text) = store.meta("config")?.as_ref().and_then(Value::as_str) {
            epoch_host::config::write_whole(&folder.toml(), text.as_bytes())?;
        }
        if let Some(text) = store.meta("policy")?.as_ref().and_then(|kept| kept.get("text")).and_then(Value::as_str) {
            epoch_host::config::write_whole(&folder.policy(), text.as_bytes())?;
        }
    }
    out.answer(&json!({ "restored": a.dir }), || vec![format!("restored into {}", a.dir.display())]);
    Ok(())
}

fn rebuild(dir: &Path, out: &Output) -> Result<()> {
    let value = Session::open(dir)?.write("rebuild", json!({}))?;
    out.answer(&value, || {
        let same = if value["identical"] == json!(true) { "identical" } else { "different: the new ones are in force" };
        vec![format!("{} events, {} cells: {same}", value["events"], value["cells"])]
    });
    Ok(())
}

fn doctor(dir: &Path, out: &Output) -> Result<()> {
    let checks = Store::doctor(dir);
    let ok = checks.iter().all(|c| c.ok);
    // Levers of a file that is refused cannot be examined; `ras status` says what is wrong with it.
    let warnings = if ok { epoch_host::levers::doctor(dir).unwrap_or_default() } else { Vec::new() };
    let named: Vec<Value> = warnings
        .iter()
        .map(|(lever, w)| json!({ "lever": lever, "code": w.code, "text": w.text, "next": w.next }))
        .collect();
    let rules = if ok { epoch_host::policy::doctor(dir)? } else { Vec::new() };
    let value = json!({ "ok": ok, "checks": checks, "warnings": named, "policy": rules });
    let told = || {
        let mark = |ok: bool| if ok { "ok" } else { "BAD" };
        let mut rows: Vec<_> =
            checks.iter().map(|c| vec![mark(c.ok).into(), c.name.clone(), c.detail.clone(), c.hint.clone()]).collect();
        rows.extend(
            warnings.iter().map(|(l, w)| vec!["!".into(), format!("lever {l}"), w.text.clone(), w.next.clone()]),
        );
        rows.extend(rules.iter().map(|f| {
            let next = "mend or delete it in policy.cedar".to_owned();
            vec!["!".into(), format!("rule “{}”", f.rule), f.text.clone(), next]
        }));
        table(&["", "check", "found", "next"], &rows)
    };
    if ok {
        out.answer(&value, told);
        return Ok(());
    }
    out.answer_before_error(value, told);
    let hint = checks.iter().find(|c| !c.ok).map(|c| format!("{}: {}", c.name, c.hint)).unwrap_or_default();
    Err(Error::new(Code::StoreDamaged, "not everything is in order", hint))
}

fn keys(a: &args::Keys, out: &Output) -> Result<()> {
    let mut session = Session::open(&a.dir)?;
    if let Some(name) = &a.make {
        let value = session.write("make_key", json!({ "name": name, "kind": a.kind, "source": a.source }))?;
        out.answer(&value, || vec![value["value"].as_str().unwrap_or_default().to_owned()]);
        return Ok(());
    }
    if let Some(id) = &a.revoke {
        session.write("revoke_key", json!({ "id": id }))?;
    }
    let keys = session.read("connections", json!({}))?["keys"].take();
    out.answer(&keys, || {
        let text = |k: &Value, f: &str| k[f].as_str().unwrap_or_default().to_owned();
        let rows = keys.as_array().map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<_> = rows
            .iter()
            .map(|k| {
                vec![
                    text(k, "name"),
                    text(k, "kind"),
                    text(k, "value"),
                    if k["revoked"] == json!(true) { "revoked".into() } else { String::new() },
                ]
            })
            .collect();
        table(&["name", "kind", "key", ""], &rows)
    });
    Ok(())
}

fn settle(a: &args::Settle, out: &Output) -> Result<()> {
    let value = Session::open(&a.dir)?.write("settle", json!({ "id": a.id, "arrived": a.arrived }))?;
    out.answer(&value, || vec![format!("{} is {} now", a.id, value["state"].as_str().unwrap_or_default())]);
    Ok(())
}
