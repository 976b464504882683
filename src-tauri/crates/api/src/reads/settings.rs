//! Settings, and the palette's search.

use std::path::Path;

use epoch_engine::{Play, Playbook, Trigger};
use epoch_host::Host;
use epoch_host::keys::OperatorKey;
use epoch_model::Result;
use epoch_model::business::Business;
use epoch_store::{DecisionFilter, Store};

use crate::commands::{SaveConfigArgs, SearchArgs};
use crate::describe;
use crate::reads::status::problem;
use crate::views::{BackupView, CheckView, Hit, PlaybookView, ProblemView, SettingsView};

/// Hits of a search.
const HITS_MAX: usize = 40;

pub(crate) fn settings(host: &Host) -> Result<SettingsView> {
    let business = host.business();
    let toml = epoch_host::config::read_text(&host.folder().toml())?;
    let database = std::fs::metadata(host.folder().database()).map_or(0, |m| m.len());
    let checks = Store::doctor(host.folder().path())
        .into_iter()
        .map(|c| CheckView { name: c.name, ok: c.ok, detail: c.detail, hint: c.hint })
        .collect();
    Ok(SettingsView {
        toml,
        problems: host.problems().all().iter().map(|(e, line)| problem(e, *line)).collect(),
        policy: business.policy.clone(),
        limits: business.limits.clone(),
        playbooks: host.playbooks().iter().map(|p| playbook(p, &business)).collect(),
        operator_key: OperatorKey::load().ok().map(|k| k.id()),
        folder: host.folder().path().display().to_string(),
        database_bytes: database,
        checks,
        backups: backups(host),
        business,
    })
}

/// Every problem of a `business.toml` that is not saved yet; none when it holds together.
pub(crate) fn check(host: &Host, args: &SaveConfigArgs) -> Vec<ProblemView> {
    let problems = host.check_config(&args.toml);
    let of = |p: &epoch_model::business::Problem| ProblemView {
        code: "config_invalid".into(),
        message: p.message.clone(),
        hint: p.hint.clone(),
        line: Some(p.line),
    };
    problems.iter().map(of).collect()
}

fn backups(host: &Host) -> Vec<BackupView> {
    let Ok(files) = std::fs::read_dir(host.folder().backups()) else { return Vec::new() };
    let mut found: Vec<BackupView> = files
        .flatten()
        .map(|f| f.path())
        .filter(|p| p.extension().is_some_and(|e| e == "db"))
        .map(|p| backup_at(&p))
        .collect();
    found.sort_by_key(|b| std::cmp::Reverse(b.at));
    found
}

/// A backup on disk.
pub(crate) fn backup_at(path: &Path) -> BackupView {
    let meta = std::fs::metadata(path).ok();
    let at = meta.as_ref().and_then(|m| m.modified().ok()).and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    BackupView {
        path: path.display().to_string(),
        at: at.and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0),
        bytes: meta.map_or(0, |m| m.len()),
    }
}

fn playbook(p: &Playbook, business: &Business) -> PlaybookView {
    let metric = match &p.when {
        Trigger::Anomaly { metric, .. }
        | Trigger::Threshold { metric, .. }
        | Trigger::Guardrail { metric }
        | Trigger::Goal { metric } => metric,
    };
    let has_metric = business.metrics.iter().any(|m| metric.metric(m));
    let (has_means, means) = match &p.act {
        Play::Lever { lever, .. } => (business.levers.iter().any(|l| lever.lever(l)), "lever"),
        Play::Webhook { effect, .. } => (business.effects.iter().any(|e| effect.effect(e)), "webhook"),
    };
    let missing = match (has_metric, has_means) {
        (true, true) => String::new(),
        (false, true) => "no metric fits".to_owned(),
        (true, false) => format!("no {means} fits: declare one in business.toml"),
        (false, false) => format!("no metric and no {means} fits"),
    };
    PlaybookView {
        key: p.key.clone(),
        title: p.title.clone(),
        domain: p.domain,
        when: describe::trigger(&p.when),
        then: describe::play(&p.act),
        usable: missing.is_empty(),
        missing,
        on: !business.playbooks_off.contains(&p.key),
    }
}

pub(crate) fn search(host: &Host, args: &SearchArgs) -> Result<Vec<Hit>> {
    let wanted = args.text.trim().to_lowercase();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let business = host.business();
    let mut hits: Vec<Hit> = Vec::new();
    let mut put = |kind: &str, key: &str, title: &str, detail: String| {
        if key.to_lowercase().contains(&wanted) || title.to_lowercase().contains(&wanted) {
            hits.push(Hit { kind: kind.into(), key: key.into(), title: title.into(), detail });
        }
    };
    for m in &business.metrics {
        put("metric", &m.key, &m.title, describe::definition(m));
    }
    for l in &business.levers {
        put("lever", &l.key, &l.title, "lever".into());
    }
    for e in host.store().experiments()? {
        put("experiment", &e.spec.key, &e.spec.title, "experiment".into());
    }
    for d in host.store().decisions(&DecisionFilter { limit: 500, ..DecisionFilter::default() })? {
        put("decision", &d.id, &d.headline, describe::state(d.state).into());
    }
    for i in host.store().insights(&epoch_store::InsightFilter { limit: 500, ..Default::default() })? {
        put("insight", &i.metric, &i.headline, i.id.clone());
    }
    for e in host.store().catalog()? {
        put("event", &e.name, &e.name, format!("{} events", e.count));
    }
    hits.truncate(HITS_MAX);
    Ok(hits)
}
