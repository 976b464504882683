//! What may be asked of an open business from outside: the command list is built on these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use epoch_connectors::import::{self, Preview};
use epoch_engine::{Action, Playbook};
use epoch_model::business::{Business, LeverValue, Mapping, Problem};
use epoch_model::decision::{Claim, Decision, SignedVerdict, Verdict};
use epoch_model::event::{EventBatch, Receipt};
use epoch_model::gate::RunState;
use epoch_model::time::{Grain, Millis, Zone};
use epoch_model::{Code, Error, Result};
use epoch_store::{KeyKind, Store};
use serde_json::{Value, json};

use crate::clock::{Mode, machine_now};
use crate::config::{self, Config, Folder};
use crate::host::Host;
use crate::imports::ImportJob;
use crate::inner::Problems;
use crate::keys;
use crate::lapse::ReplayState;
use crate::levers::FILE;
use crate::replay;
use crate::secrets::well_formed;

/// Whether the engine may act, since when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    pub state: RunState,
    pub actor: String,
    pub reason: String,
}

/// An import as it is asked for.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    pub path: PathBuf,
    pub mapping: Mapping,
    /// The source its events belong to.
    pub source: String,
    /// Seconds of history per second; `None` imports at once.
    pub as_live: Option<f64>,
    /// Where arriving begins; what is earlier is imported at once.
    pub live_from: Option<Millis>,
    /// Time stands still while a card waits.
    pub hold: bool,
}

impl Host {
    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.inner.folder
    }
    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
    /// The configuration in force.
    pub fn config(&self) -> Config {
        self.inner.config.read().clone()
    }
    /// The business in force.
    pub fn business(&self) -> Business {
        self.inner.config.read().business.clone()
    }
    /// Its timezone.
    pub fn zone(&self) -> Zone {
        self.inner.zone()
    }
    /// The business's clock.
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }
    /// How the clock runs.
    pub fn clock_mode(&self) -> Mode {
        self.inner.clock.mode()
    }
    /// What is wrong at the moment.
    pub fn problems(&self) -> &Problems {
        &self.inner.problems
    }
    /// When events were last committed (machine or replayed time); `None` since the start.
    pub fn last_commit_at(&self) -> Option<Millis> {
        Some(self.inner.arrivals.committed_at()).filter(|at| *at > 0)
    }
    /// When the first event of a source came in, if that was noted.
    pub fn first_event_at(&self, source: &str) -> Option<Millis> {
        self.inner.firsts.first(source)
    }
    /// Events accepted since the start.
    pub fn accepted(&self) -> u64 {
        self.inner.arrivals.accepted()
    }
    /// Until when data is complete.
    pub fn data_horizon(&self) -> Result<Option<Millis>> {
        let Some((_, newest)) = self.inner.store.span() else { return Ok(None) };
        let live = self.inner.arrivals.live_until();
        Ok(Some(crate::data_horizon(self.now(), newest, live, &self.zone(), Grain::Day)))
    }
    /// The import on screen: running, or the last one.
    pub fn import_job(&self) -> Option<Arc<ImportJob>> {
        self.inner.import_job()
    }
    /// The replay, if there is one.
    pub fn replay_state(&self) -> Option<ReplayState> {
        *self.inner.replay.lock()
    }
    /// Counters as OpenMetrics text.
    pub fn metrics_text(&self) -> String {
        self.inner.refresh_gauges();
        self.inner.metrics.text()
    }
    /// Works off what is due at once: closed buckets, ticks, effects, runs of procedures. For one command at a time; a background host does it by itself.
    pub fn work_once(&self) -> Result<()> {
        self.inner.close_buckets(None)?;
        self.inner.tick_if_due()?;
        self.inner.effects.run_due()?;
        self.inner.work_on_workflows();
        self.inner.effects.run_due()?;
        self.inner.experiment()
    }

    /// Takes a batch of events in as a source sends it, and answers after its commit.
    pub fn submit(&self, batch: EventBatch) -> Result<Receipt> {
        self.inner.submit_and_wait(batch)
    }

    // --- running ------------------------------------------------------------------------------------------------
    /// Whether the engine may act.
    pub fn run_info(&self) -> RunInfo {
        let state = *self.inner.run_state.read();
        let kept = self.inner.store.meta("run").ok().flatten().unwrap_or_default();
        let text = |key: &str| kept.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        RunInfo { state, actor: text("actor"), reason: text("reason") }
    }

    /// Runs, pauses or stops. A stop leaves a file named STOP, so that it holds for whoever opens the folder next. A stop
    /// ends only by going on: pausing a stopped engine is [`Code::WrongState`].
    pub fn set_run(&self, state: RunState, actor: &str, reason: &str) -> Result<()> {
        let file = self.inner.folder.stop_file();
        match state {
            RunState::Stopped => {
                *self.inner.run_state.write() = RunState::Stopped;
                let text = format!("Stopped by {actor}: {reason}\nTo go on: ras resume, or Resume in the console.\n");
                std::fs::write(&file, text).map_err(|e| config::io_error(&file, &e))?;
                self.inner.set_run(state, actor, reason)
            }
            RunState::Paused if *self.inner.run_state.read() == RunState::Stopped => {
                Err(Error::new(Code::WrongState, "the engine is stopped", "resume it first, then pause it"))
            }
            RunState::Paused => self.inner.set_run(state, actor, reason),
            RunState::Running => self.inner.resume(actor, reason),
        }
    }

    // --- verdicts -----------------------------------------------------------------------------------------------
    /// The claim to sign for an answer to a card.
    pub fn claim(&self, decision: &str, card_hash: &str, verdict: Verdict) -> Claim {
        Claim {
            business: self.business().name,
            decision: decision.to_owned(),
            card_hash: card_hash.to_owned(),
            verdict,
            at: self.now(),
        }
    }

    /// Gives a signed verdict to the engine. The error says why it was refused.
    pub fn verdict(&self, signed: SignedVerdict) -> Result<Decision> {
        let id = signed.claim.decision.clone();
        let actions = self.inner.verdict(signed)?;
        for action in &actions {
            if let Action::Refused { code, message, .. } = action {
                return Err(Error::new(*code, message.clone(), "open the card again and look at what changed"));
            }
        }
        self.inner.effects.run_due()?;
        self.inner.work_on_experiments();
        self.inner.store.decision(&id)?.ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no decision “{id}”"), "list them with `ras decisions`")
        })
    }

    /// The card as it would be with another value for its lever, predicted anew; changes nothing.
    pub fn preview_edit(&self, id: &str, set: &BTreeMap<String, LeverValue>) -> Result<Decision> {
        self.inner.engine.preview_edit(id, set.clone())
    }

    /// Ends a doubt about a webhook: the operator looked at the receiver.
    pub fn settle(&self, id: &str, arrived: bool, actor: &str) -> Result<Decision> {
        self.inner.effects.settle(id, arrived, actor)?;
        self.inner.store.decision(id)?.ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no decision “{id}”"), "list them with `ras decisions`")
        })
    }

    // --- configuration ------------------------------------------------------------------------------------------
    /// Every problem of a `business.toml` that is not saved yet, running experiments considered.
    pub fn check_config(&self, text: &str) -> Vec<Problem> {
        self.inner.checked(text).err().unwrap_or_default()
    }

    /// Replaces `business.toml`, if it holds together; the old one stays in force otherwise.
    pub fn save_config(&self, text: &str) -> Result<()> {
        let business = self.inner.checked(text).map_err(|p| config::refusal(&p))?;
        let playbooks = self.config().playbooks;
        config::write_whole(&self.inner.folder.toml(), text.as_bytes())?;
        self.inner.take_config(Config { text: text.to_owned(), business, playbooks }, FILE)
    }

    /// Adds tables (`[[metric]]` …) to the end of `business.toml`; everything there, comments included, stays.
    pub fn add_config(&self, toml: &str) -> Result<()> {
        let on_disk = config::read_text(&self.inner.folder.toml())?;
        self.save_config(&format!("{}\n\n{}\n", on_disk.trim_end(), toml.trim()))
    }

    /// Switches a playbook on or off, in `business.toml`.
    pub fn set_playbook(&self, key: &str, on: bool) -> Result<()> {
        let on_disk = config::read_text(&self.inner.folder.toml())?;
        let bad = |e: toml_edit::TomlError| Error::new(Code::ConfigInvalid, e.to_string(), "mend business.toml first");
        let mut document: toml_edit::DocumentMut = on_disk.parse().map_err(bad)?;
        let list = document["playbooks"].or_insert(toml_edit::table())["off"]
            .or_insert(toml_edit::value(toml_edit::Array::new()));
        if let Some(off) = list.as_array_mut() {
            off.retain(|v| v.as_str() != Some(key));
            if !on {
                off.push(key);
            }
        }
        self.save_config(&document.to_string())
    }

    /// The playbooks in force.
    pub fn playbooks(&self) -> Vec<Playbook> {
        self.inner.config.read().playbooks.clone()
    }

    // --- import -------------------------------------------------------------------------------------------------
    /// Looks at a file.
    pub fn preview(&self, path: &Path, mapping: Option<&Mapping>) -> Result<Preview> {
        import::preview(path, mapping, &self.business().timezone)
    }

    /// Starts an import in a thread of its own; its job tells how it goes.
    pub fn start_import(&self, request: ImportRequest) -> Result<Arc<ImportJob>> {
        if request.as_live.is_some() && self.inner.sandbox.is_some() {
            let message = "a simulated business has its own time";
            return Err(Error::new(Code::WrongState, message, "import the file at once, or into another business"));
        }
        let job = self.inner.begin_import(&request.path)?;
        let (inner, working) = (Arc::clone(&self.inner), Arc::clone(&job));
        let spawned = std::thread::Builder::new().name("import".into()).spawn(move || {
            let ImportRequest { mapping, source, as_live, live_from, hold, .. } = request;
            match as_live {
                None => {
                    if let Err(e) = inner.work_import(&working, &mapping, &source) {
                        tracing::warn!(file = %working.path.display(), error = %e, "the import broke off");
                    }
                }
                Some(speed) => {
                    let task = replay::Task { mapping, source, speed, live_from, hold };
                    working.finish(replay::run(&inner, &working, &task));
                }
            }
        });
        if let Err(e) = spawned {
            let error = Error::new(Code::Internal, format!("no thread for the import: {e}"), "close other programs");
            job.finish(Err(error.clone()));
            return Err(error);
        }
        Ok(job)
    }

    /// Changes the speed of a replay (0 stands still); a negative speed goes back to real time.
    pub fn set_replay_speed(&self, speed: f64) -> Result<()> {
        if self.inner.sandbox.is_some() {
            return self.sandbox_speed(speed, None);
        }
        let mut shared = self.inner.replay.lock();
        if speed < 0.0 {
            *shared = None;
            drop(shared);
            if let Some(job) = self.inner.import_job() {
                job.cancel();
            }
            self.inner.clock.set(Mode::Real);
            return self.inner.keep_clock();
        }
        match shared.as_mut() {
            Some(state) => {
                state.speed = speed;
                Ok(())
            }
            None => Err(Error::new(Code::WrongState, "no history is being replayed", "import a file as live first")),
        }
    }

    // --- keys, backup -------------------------------------------------------------------------------------------
    /// Makes a gateway key for events of `source` (the key's own name if not given). Write and client keys stay readable
    /// for the snippets, since they are public by nature; read keys are shown once.
    pub fn make_key(&self, name: &str, kind: KeyKind, source: Option<&str>) -> Result<String> {
        if let Some(text) = [Some(name), source].into_iter().flatten().find(|text| !well_formed(text)) {
            let message = format!("“{text}” is no name for a key or its source");
            return Err(Error::new(Code::InvalidArgument, message, "use up to 40 letters, digits, - and _"));
        }
        if self.inner.store.keys()?.iter().any(|k| k.id == name) {
            let message = format!("there is a key named “{name}” already");
            return Err(Error::new(Code::InvalidArgument, message, "choose another name"));
        }
        let (record, key) = keys::make_gateway_key(name, source.unwrap_or(name), kind, self.now())?;
        self.inner.store.add_key(&record)?;
        if kind != KeyKind::Read {
            self.inner.store.put_meta(&format!("key.{name}"), Some(&json!(key)))?;
        }
        self.inner.keys.refresh(&self.inner.store)?;
        self.inner.engine.record(json!({ "type": "key_made", "key": name, "kind": kind, "source": record.source }))?;
        Ok(key)
    }

    /// Revokes a gateway key at once.
    pub fn revoke_key(&self, id: &str) -> Result<()> {
        self.inner.store.revoke_key(id, self.now())?;
        self.inner.keys.refresh(&self.inner.store)?;
        self.inner.engine.record(json!({ "type": "key_revoked", "key": id }))
    }

    /// Backs up to a file in the folder's `backups`, or to the file given.
    pub fn backup(&self, to: Option<&Path>) -> Result<PathBuf> {
        let path = if let Some(path) = to {
            path.to_owned()
        } else {
            let dir = self.inner.folder.backups();
            std::fs::create_dir_all(&dir).map_err(|e| config::io_error(&dir, &e))?;
            dir.join(format!("business-{}.db", machine_now()))
        };
        self.inner.store.backup(&path)?;
        Ok(path)
    }
}
