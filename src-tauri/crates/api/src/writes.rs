//! Writes of the command list.

use std::path::{Path, PathBuf};

use epoch_host::clock::Mode;
use epoch_host::keys::OperatorKey;
use epoch_host::{Host, ImportRequest};
use epoch_model::business::Business;
use epoch_model::decision::{Decision, SignedVerdict, Verdict};
use epoch_model::gate::RunState;
use epoch_model::{Code, Error, Result};
use epoch_store::KeyKind;
use serde_json::Value;

use crate::app::{App, args, json, unknown};
use crate::clients::ProposeArgs;
use crate::commands::{
    AddConfigArgs, AnswerArgs, BackupArgs, CreateArgs, DeferArgs, EditArgs, IdArgs, ImportArgs, KeyArgs, KeyMade,
    OpenArgs, PlaybookArgs, ReplayArgs, ReportArgs, RunArgs, SaveConfigArgs, VetoArgs,
};
use crate::views::{
    EndExperimentArgs, NameArgs, PolicyArgs, RebuildView, RejectionReplayed, ReplayRejectionArgs, SandboxInjectArgs,
    SandboxSkipArgs, SandboxSpeedArgs, SecretArgs, WorkflowAdoptArgs, WorkflowArgs, WorkflowCancelArgs,
    WorkflowMigrateArgs, WorkflowRunArgs, WorkflowSignalArgs, WorkflowTextArgs,
};
use crate::{connect, reads, reports};

/// The source of files imported by hand.
pub const FILE_SOURCE: &str = "file";

pub(crate) fn dispatch(app: &App, name: &str, given: Value) -> Result<Value> {
    match name {
        "create_business" => create(app, args(given)?),
        "open_business" => {
            let OpenArgs { folder } = args(given)?;
            app.open(Path::new(&folder))?;
            json(reads::status(app)?)
        }
        "approve" => {
            let a: AnswerArgs = args(given)?;
            answer(app, &a.id, &a.card_hash, Verdict::Approve)
        }
        "edit" => {
            let a: EditArgs = args(given)?;
            answer(app, &a.id, &a.card_hash, Verdict::Edit { set: a.set })
        }
        "propose" => {
            let ProposeArgs { draft } = args(given)?;
            json(app.host()?.propose_by_hand(&operator(), &draft)?)
        }
        "veto" => {
            let a: VetoArgs = args(given)?;
            answer(app, &a.id, &a.card_hash, Verdict::Veto { reason: a.reason, text: a.text })
        }
        "defer" => {
            let a: DeferArgs = args(given)?;
            answer(app, &a.id, &a.card_hash, Verdict::Defer { until: a.until, wake: a.wake })
        }
        "verdict" => {
            let signed: SignedVerdict = args(given)?;
            json(app.host()?.verdict(signed)?)
        }
        "ask_experiment" => {
            let host = app.host()?;
            let spec = reads::spec_of(&host, &args(given)?)?;
            json(host.ask_experiment(spec, &operator())?)
        }
        "end_experiment" => {
            let EndExperimentArgs { key, reason } = args(given)?;
            json(app.host()?.end_experiment(&key, &operator(), &reason)?)
        }
        "workflow_publish" => {
            let WorkflowTextArgs { toml } = args(given)?;
            let host = app.host()?;
            let published = host.publish_workflow(&toml, &operator())?;
            json(reads::workflows::workflow(&host, &WorkflowArgs { key: published.key.clone(), version: None })?)
        }
        "workflow_adopt" => {
            let WorkflowAdoptArgs { key, roles } = args(given)?;
            let host = app.host()?;
            let published = host.adopt_workflow(&key, &roles, &operator())?;
            json(reads::workflows::workflow(&host, &WorkflowArgs { key: published.key.clone(), version: None })?)
        }
        "workflow_run" => {
            let WorkflowRunArgs { key, input } = args(given)?;
            let host = app.host()?;
            let id = host.start_run(&key, input, &operator())?;
            json(reads::workflows::run(&host, &IdArgs { id })?)
        }
        "workflow_migrate" => {
            let WorkflowMigrateArgs { key, from, to, nodes } = args(given)?;
            json(app.host()?.migrate_runs(&key, from, to, &nodes, &operator())?)
        }
        "run_signal" => {
            let WorkflowSignalArgs { run, name, payload, key, id } = args(given)?;
            let host = app.host()?;
            host.signal_run(&run, &name, id, key, payload, &operator())?;
            json(reads::workflows::run(&host, &IdArgs { id: run })?)
        }
        "run_cancel" => {
            let WorkflowCancelArgs { run, reason } = args(given)?;
            let host = app.host()?;
            host.cancel_run(&run, &reason, &operator())?;
            json(reads::workflows::run(&host, &IdArgs { id: run })?)
        }
        "pause" => set_run(app, RunState::Paused, args(given)?),
        "stop" => set_run(app, RunState::Stopped, args(given)?),
        "resume" => set_run(app, RunState::Running, args(given)?),
        "import_start" => import_start(app, args(given)?),
        "import_cancel" => {
            let host = app.host()?;
            if let Some(job) = host.import_job() {
                job.cancel();
            }
            json(reads::import_progress(&host))
        }
        "replay_speed" => {
            let ReplayArgs { speed } = args(given)?;
            app.host()?.set_replay_speed(speed)?;
            app.tell(&["status"]);
            json(reads::status(app)?)
        }
        "save_config" => {
            let SaveConfigArgs { toml } = args(given)?;
            app.host()?.save_config(&toml)?;
            settled(app)
        }
        "add_config" => {
            let AddConfigArgs { toml } = args(given)?;
            app.host()?.add_config(&toml)?;
            settled(app)
        }
        "save_policy" => {
            let PolicyArgs { text } = args(given)?;
            let host = app.host()?;
            let signed = OperatorKey::load()?.sign(host.policy_claim(&text));
            save_policy(app, &text, &signed)
        }
        "signed_policy" => {
            let SignedPolicy { text, signed } = args(given)?;
            save_policy(app, &text, &signed)
        }
        "set_playbook" => {
            let PlaybookArgs { key, on } = args(given)?;
            app.host()?.set_playbook(&key, on)?;
            settled(app)
        }
        "make_key" => {
            let KeyArgs { name, kind, source } = args(given)?;
            let value = app.host()?.make_key(&name, key_kind(&kind)?, source.as_deref())?;
            json(KeyMade { name, kind, value })
        }
        "revoke_key" => {
            let IdArgs { id } = args(given)?;
            let host = app.host()?;
            host.revoke_key(&id)?;
            json(reads::connections(&host)?)
        }
        "make_client" => crate::clients::make(app, given),
        "renew_client" => crate::clients::renew(app, given),
        "revoke_client" => crate::clients::revoke(app, given),
        "kill_lever" => connect::switch(app, &args(given)?, true),
        "restore_lever" => connect::switch(app, &args(given)?, false),
        "add_source" => connect::add_source(app, args(given)?),
        "set_secret" => {
            let SecretArgs { name, value } = args(given)?;
            let host = app.host()?;
            host.set_secret(&name, &value)?;
            app.tell(&["connections", "levers"]);
            json(reads::secrets(&host))
        }
        "remove_secret" => {
            let NameArgs { name } = args(given)?;
            let host = app.host()?;
            host.remove_secret(&name)?;
            app.tell(&["connections"]);
            json(reads::secrets(&host))
        }
        "replay_rejection" => {
            let ReplayRejectionArgs { id, raw } = args(given)?;
            let receipt = app.host()?.replay_rejection(id, raw.as_deref())?;
            app.tell(&["connections"]);
            json(RejectionReplayed { accepted: receipt.accepted, duplicates: receipt.duplicates })
        }
        "erase_person" => connect::erase(app, &args(given)?),
        "make_report" => {
            let a: ReportArgs = args(given)?;
            let made = reports::make(&*app.host()?, &a)?;
            app.tell(&["reports"]);
            json(made)
        }
        "backup" => {
            let BackupArgs { path } = args(given)?;
            let path = app.host()?.backup(path.as_deref().map(Path::new))?;
            app.tell(&["settings"]);
            json(reads::backup_at(&path))
        }
        "rebuild" => {
            let report = app.host()?.store().rebuild()?;
            app.tell(&["kpis"]);
            json(RebuildView { events: report.events, cells: report.cells, identical: report.identical })
        }
        "sandbox_start" => reads::sandbox::start(app, args(given)?),
        "sandbox_speed" => {
            let SandboxSpeedArgs { speed, hold } = args(given)?;
            app.host()?.sandbox_speed(speed, hold)?;
            simulated(app)
        }
        "sandbox_skip" => {
            let SandboxSkipArgs { days } = args(given)?;
            app.host()?.sandbox_skip(days)?;
            simulated(app)
        }
        "sandbox_inject" => {
            let SandboxInjectArgs { kind, days } = args(given)?;
            app.host()?.sandbox_inject(&kind, days.unwrap_or(3.0))?;
            simulated(app)
        }
        "sandbox_reset" => reads::sandbox::reset(app),
        "sandbox_delete" => reads::sandbox::delete(app),
        _ => crate::answers::dispatch(app, name, given).unwrap_or_else(|| Err(unknown(name))),
    }
}

fn simulated(app: &App) -> Result<Value> {
    app.tell(&["sandbox", "status"]);
    json(reads::sandbox::sandbox(&*app.host()?))
}

/// A policy signed elsewhere, by who holds the operator's key.
#[derive(serde::Deserialize)]
struct SignedPolicy {
    text: String,
    signed: SignedVerdict,
}

fn save_policy(app: &App, text: &str, signed: &SignedVerdict) -> Result<Value> {
    let host = app.host()?;
    host.save_policy(text, signed)?;
    app.tell(&["settings", "status"]);
    json(reads::policy(&host)?)
}

fn settled(app: &App) -> Result<Value> {
    app.tell(&["settings", "kpis", "status"]);
    json(reads::settings(&*app.host()?)?)
}

fn key_kind(text: &str) -> Result<KeyKind> {
    match text {
        "write" => Ok(KeyKind::Write),
        "client" => Ok(KeyKind::Client),
        "read" => Ok(KeyKind::Read),
        other => {
            let message = format!("“{other}” is no kind of key");
            Err(Error::new(Code::InvalidArgument, message, "use write, client or read"))
        }
    }
}

fn create(app: &App, a: CreateArgs) -> Result<Value> {
    let folder = match &a.folder {
        Some(folder) => PathBuf::from(folder),
        None => app.options.home.join(folder_name(&a.name)),
    };
    Host::create(&folder, &starting_text(&a)?)?;
    app.open(&folder)?;
    json(reads::status(app)?)
}

/// The text of a new `business.toml`.
pub fn starting_text(a: &CreateArgs) -> Result<String> {
    let mut text = Business::template(&a.name);
    let fields = [("currency", &a.currency), ("timezone", &a.timezone)];
    for (key, value) in fields.into_iter().filter_map(|(k, v)| Some((k, v.as_ref()?))) {
        let bad = |e: toml_edit::TomlError| Error::new(Code::Internal, e.to_string(), "report this");
        let mut document: toml_edit::DocumentMut = text.parse().map_err(bad)?;
        document["business"][key] = toml_edit::value(value.as_str());
        text = document.to_string();
    }
    Ok(text)
}

fn folder_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let trimmed = plain.trim_matches('-');
    if trimmed.is_empty() { "business".into() } else { trimmed.into() }
}

/// Signs with this machine's operator key and answers the card.
fn answer(app: &App, id: &str, card_hash: &str, verdict: Verdict) -> Result<Value> {
    let host = app.host()?;
    let decided = sign_and_give(&host, id, card_hash, verdict)?;
    json(decided)
}

/// Signs with this machine's operator key and gives the verdict to an open host.
pub fn sign_and_give(host: &Host, id: &str, card_hash: &str, verdict: Verdict) -> Result<Decision> {
    let signed = OperatorKey::load()?.sign(host.claim(id, card_hash, verdict));
    host.verdict(signed)
}

/// Who acts: the operator whose key is on this machine.
pub(crate) fn operator() -> String {
    OperatorKey::load().map_or_else(|_| "operator".to_owned(), |k| format!("operator:{}", k.id()))
}

fn set_run(app: &App, state: RunState, a: RunArgs) -> Result<Value> {
    app.host()?.set_run(state, &operator(), &a.reason)?;
    app.tell(&["status"]);
    json(reads::status(app)?)
}

fn import_start(app: &App, a: ImportArgs) -> Result<Value> {
    let host = app.host()?;
    if !a.add_metrics.is_empty() {
        host.add_config(&a.add_metrics.join("\n\n"))?;
    }
    if a.as_live.is_none() && matches!(host.clock_mode(), Mode::Replay { .. }) && host.replay_state().is_none() {
        tracing::info!("history is imported while the clock stands in replayed time");
    }
    host.start_import(ImportRequest {
        path: PathBuf::from(&a.path),
        mapping: a.mapping,
        source: a.source.unwrap_or_else(|| FILE_SOURCE.to_owned()),
        as_live: a.as_live,
        live_from: a.live_from,
        hold: a.hold.unwrap_or(true),
    })?;
    json(reads::import_progress(&host))
}
