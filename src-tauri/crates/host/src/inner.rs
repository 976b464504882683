//! The parts of an open business and the work between them: configuration, buckets, imports, stop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use epoch_connectors::import::{self, ImportReport};
use epoch_engine::{Action, Input};
use epoch_model::business::{Business, Mapping, Problem};
use epoch_model::decision::{Decision, SignedVerdict, State};
use epoch_model::gate::{OperatorKeys, RunState};
use epoch_model::time::{Grain, Millis, Zone};
use epoch_model::{Code, Error, Result};
use epoch_store::{DecisionFilter, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use crate::clock::{Clock, Mode};
use crate::closer::Closer;
use crate::config::{self, Config, Folder};
use crate::effects::Effects;
use crate::engine_thread::EngineHandle;
use crate::experiments::{self, Lab};
use crate::gaps::Gaps;
use crate::imports::{self, ImportJob};
use crate::keys::Keys;
use crate::lapse;
use crate::levers::{FILE, Published, Readers};
use crate::privacy::PrivacyRules;
use crate::publishing::Publisher;
use crate::sandbox::Company;
use crate::secrets::Secrets;
use crate::sink::{Arrivals, Firsts, Sink};
use crate::telemetry::Metrics;
use crate::workflows::Workflows;

/// Pause between two tellings of late events: they may trickle, and each telling rewrites history from there.
const LATE_EVERY: Duration = Duration::from_secs(20);

/// Time between two notes of the newest live event.
const KEEP_LIVE_MS: Millis = 60_000;

/// What is wrong at the moment, by key; kept until it is solved.
#[derive(Debug, Default)]
pub struct Problems(Mutex<Vec<(String, Error, Option<u32>)>>);

impl Problems {
    /// Puts one in the place of the one with the same key. `line` is one of `business.toml`.
    pub fn put(&self, key: &str, error: Error, line: Option<u32>) {
        let mut all = self.0.lock();
        all.retain(|p| p.0 != key);
        all.push((key.to_owned(), error, line));
    }
    /// Removes all whose key begins so.
    pub fn solve(&self, prefix: &str) {
        self.0.lock().retain(|p| !p.0.starts_with(prefix));
    }
    /// All of them.
    pub fn all(&self) -> Vec<(Error, Option<u32>)> {
        self.0.lock().iter().map(|(_, e, line)| (e.clone(), *line)).collect()
    }
}

pub(crate) struct Inner {
    pub(crate) folder: Folder,
    pub(crate) clock: Arc<Clock>,
    pub(crate) store: Store,
    pub(crate) sink: Arc<Sink>,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) gaps: Arc<Gaps>,
    pub(crate) engine: EngineHandle,
    pub(crate) config: Arc<RwLock<Config>>,
    pub(crate) zone: RwLock<Zone>,
    pub(crate) problems: Problems,
    pub(crate) operators: Arc<RwLock<OperatorKeys>>,
    pub(crate) run_state: Arc<RwLock<RunState>>,
    pub(crate) published: Arc<Published>,
    pub(crate) publisher: Publisher,
    pub(crate) readers: Arc<Readers>,
    pub(crate) privacy: Arc<PrivacyRules>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) firsts: Arc<Firsts>,
    pub(crate) effects: Arc<Effects>,
    pub(crate) workflows: Arc<Workflows>,
    pub(crate) closer: Closer,
    pub(crate) lab: Arc<Lab>,
    pub(crate) closing: Mutex<()>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) replay: lapse::Shared,
    pub(crate) sandbox: Option<Arc<Company>>,
    pub(crate) import: Mutex<Option<Arc<ImportJob>>>,
    pub(crate) ticked: Mutex<(Millis, Millis)>,
    pub(crate) late_told: Mutex<Option<Instant>>,
    pub(crate) policy_gone: Mutex<Option<Instant>>,
    pub(crate) live_kept: Mutex<Millis>,
    pub(crate) quitting: AtomicBool,
}

impl Inner {
    pub(crate) fn quitting(&self) -> bool {
        self.quitting.load(Ordering::Relaxed)
    }

    pub(crate) fn zone(&self) -> Zone {
        self.zone.read().clone()
    }

    /// The finest width of bucket any metric has.
    pub(crate) fn finest_grain(&self) -> Grain {
        let config = self.config.read();
        if config.business.metrics.iter().any(|m| m.grain == Grain::Hour) { Grain::Hour } else { Grain::Day }
    }

    /// Tells the engine the configuration in force, if it does not know it yet. Answers whether its metrics are others than
    /// before, so that their history must be told again.
    pub(crate) fn configure_engine(&self, by: &str) -> Result<bool> {
        let config = self.config.read().clone();
        let keys: Vec<String> = self.operators.read().0.iter().map(|k| hex(k)).collect();
        let fingerprint = {
            let mut text = format!("{}\n{:?}\n{keys:?}", config.text, config.playbooks);
            if let Some(cedar) = &config.business.cedar {
                text.push_str(cedar);
            }
            json!(blake3::hash(text.as_bytes()).to_hex().as_str())
        };
        if self.store.meta("configured")?.as_ref() == Some(&fingerprint) {
            return Ok(false);
        }
        let before = self.store.meta("config")?.and_then(|v| Business::parse(v.as_str()?).ok());
        let others =
            before.is_none_or(|b| b.metrics != config.business.metrics || b.timezone != config.business.timezone);
        if others {
            // Before the engine hears of it: a crash between the two tells the history once too often, not once too little.
            self.closer.forget()?;
        }
        let playbooks = serde_json::to_value(&config.playbooks).unwrap_or_default();
        let business = config.business.clone();
        let input =
            Input::Configure { business: Box::new(config.business), playbooks: config.playbooks, operator_keys: keys };
        self.engine.give_one("system", input)?;
        // Before the file it governs: a crash between the two keeps the policy that the engine knows.
        self.keep_policy(&business, by)?;
        self.store.put_meta("config", Some(&json!(config.text)))?;
        self.store.put_meta("playbooks", Some(&playbooks))?;
        self.store.put_meta("configured", Some(&fingerprint))?;
        Ok(others)
    }

    pub(crate) fn note_config_problem(&self, error: &Error, problems: &[Problem]) {
        self.problems.solve("config");
        if problems.is_empty() {
            self.problems.put("config", error.clone(), None);
        }
        for (i, p) in problems.iter().enumerate() {
            let elsewhere = config::file_of(p) == crate::policy::FILE;
            let message = if elsewhere {
                format!("{}, line {}: {}", crate::policy::FILE, p.line, p.message)
            } else {
                p.message.clone()
            };
            let error = Error::new(Code::ConfigInvalid, message, p.hint.clone());
            self.problems.put(&format!("config.{i}"), error, (!elsewhere).then_some(p.line));
        }
    }

    /// Takes a configuration into force: privacy, the store's aggregates, the engine, the published levers. `by` wrote it.
    pub(crate) fn take_config(&self, config: Config, by: &str) -> Result<()> {
        let zone = Zone::named(&config.business.timezone)?;
        self.privacy.refresh(&config.business)?;
        let others = {
            // Nobody asks the store for a metric that is gone, or that it does not know yet.
            let _no_bucket_meanwhile = self.closing.lock();
            self.store.reconfigure(&config.business)?;
            *self.zone.write() = zone;
            *self.config.write() = config;
            self.problems.solve("config");
            self.configure_engine(by)?
        };
        if others {
            // History of new or changed metrics is told to the engine from the beginning.
            self.close_buckets(None)?;
        }
        let business = self.config.read().business.clone();
        self.published.refresh(&business, by)?;
        self.workflows.look_again();
        self.look_at_workflows();
        self.lab.count_again();
        self.end_experiments_of_killed(by)?;
        self.work_on_experiments();
        Ok(())
    }

    /// What a text of `business.toml` says, if it holds together and leaves running experiments their ground.
    pub(crate) fn checked(&self, text: &str) -> std::result::Result<Business, Vec<Problem>> {
        let business = crate::policy::govern(Business::parse(text)?, text, self.cedar_beside())?;
        self.grounded(text, business)
    }

    /// A business, if it leaves running experiments their ground; `text` is its `business.toml`.
    fn grounded(&self, text: &str, business: Business) -> std::result::Result<Business, Vec<Problem>> {
        let before = self.config.read().business.clone();
        let kept = || Ok::<_, Error>((self.store.experiments()?, self.store.levers()?.1));
        let (open, rows) = match kept() {
            Ok(kept) => kept,
            Err(e) => {
                return Err(vec![Problem {
                    line: 1,
                    column: 1,
                    path: String::new(),
                    message: e.message,
                    hint: e.hint,
                }]);
            }
        };
        let found = experiments::beside(text, &business, &before, &open, &rows);
        if found.is_empty() { Ok(business) } else { Err(found) }
    }

    /// Looks at `business.toml`, `policy.cedar`, `playbooks.toml` and `STOP`. Answers whether sources may have changed.
    pub(crate) fn look_at_files(&self) -> bool {
        if let Err(e) = self.obey_stop_file() {
            tracing::error!(error = %e, "the STOP file could not be obeyed");
        }
        match self.reload() {
            Ok(changed) => changed,
            Err(e) => {
                tracing::error!(error = %e, "the configuration could not be taken into force");
                false
            }
        }
    }

    fn reload(&self) -> Result<bool> {
        let known = self.config.read().clone();
        match config::load(&self.folder) {
            Ok(new) if self.policy_may_be_back(&known.business, &new.business) => Ok(false),
            Ok(new)
                if new.text == known.text
                    && new.playbooks == known.playbooks
                    && new.business.cedar == known.business.cedar =>
            {
                self.problems.solve("config");
                Ok(false)
            }
            Ok(new) => {
                if let Err(found) = self.grounded(&new.text, new.business.clone()) {
                    self.note_config_problem(&config::refusal(&found), &found);
                    return Ok(false);
                }
                let sources = new.business.sources != known.business.sources;
                let text_stays = new.text == known.text;
                let by = if text_stays && new.business.cedar.is_some() { crate::policy::FILE } else { FILE };
                tracing::info!("{by} changed; it is in force now");
                self.take_config(new, by)?;
                Ok(sources)
            }
            Err((error, problems)) => {
                self.note_config_problem(&error, &problems);
                Ok(false)
            }
        }
    }

    /// A file named STOP stops; taking it away is not enough to go on.
    pub(crate) fn obey_stop_file(&self) -> Result<()> {
        if *self.run_state.read() != RunState::Stopped && self.folder.stop_file().exists() {
            self.set_run(RunState::Stopped, "system", "a file named STOP lies in the folder")?;
        }
        Ok(())
    }

    /// Runs, pauses or stops. A stop holds for every effect from the moment this returns.
    pub(crate) fn set_run(&self, state: RunState, actor: &str, reason: &str) -> Result<()> {
        if state != RunState::Running {
            // Before it is journaled: what follows must not wait for the disk to be denied.
            *self.run_state.write() = state;
        }
        self.give_run(state, actor, reason)?;
        *self.run_state.write() = state;
        Ok(())
    }

    /// Goes on. The journal first, then the file, then the effects: whatever interrupts this leaves a stop a stop.
    pub(crate) fn resume(&self, actor: &str, reason: &str) -> Result<()> {
        self.give_run(RunState::Running, actor, reason)?;
        let file = self.folder.stop_file();
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(config::io_error(&file, &e)),
            _ => {}
        }
        *self.run_state.write() = RunState::Running;
        self.effects.run_due().map(|_| ())
    }

    fn give_run(&self, state: RunState, actor: &str, reason: &str) -> Result<()> {
        let input = Input::Run { state, actor: actor.to_owned(), reason: reason.to_owned() };
        for action in self.engine.give_one(actor, input)? {
            if let Action::Refused { code, message, .. } = action {
                return Err(Error::new(code, message, "resume on the machine that holds the operator's key"));
            }
        }
        Ok(())
    }

    pub(crate) fn pulse(&self) {
        let importing = self.import.lock().as_ref().is_some_and(|job| job.running());
        let replaying = self.replay.lock().is_some_and(|s| !s.finished);
        let work = || -> Result<()> {
            self.listen()?;
            self.firsts.keep(&self.store)?;
            self.readers.keep_if_due(&self.store)?;
            // While a file pours in, its buckets are half full; a replay closes its own.
            if !importing && !replaying {
                self.close_live()?;
                self.tick_if_due()?;
            }
            Ok(())
        };
        match work() {
            Ok(()) => self.problems.solve("loop"),
            Err(e) => {
                tracing::error!(error = %e, "closed buckets could not be told to the engine");
                self.problems.put("loop", e, None);
            }
        }
    }

    /// Notes that somebody is there, and until when something live came in: a crash must not take that away.
    fn listen(&self) -> Result<()> {
        if self.clock.mode() != Mode::Real {
            return Ok(());
        }
        let (now, live) = (self.clock.now(), self.arrivals.live_until());
        self.gaps.listening(&self.store, now, live)?;
        let mut kept = self.live_kept.lock();
        if live - *kept >= KEEP_LIVE_MS {
            self.keep_live()?;
            *kept = live;
        }
        Ok(())
    }

    pub(crate) fn send_effects(&self) {
        match self.effects.begin_due() {
            Ok(_) => self.problems.solve("effects"),
            Err(e) => {
                tracing::error!(error = %e, "the outbox could not be worked off");
                self.problems.put("effects", e, None);
            }
        }
        self.note_held_effects();
    }

    /// An effect whose receiver does not let us in is a problem until it is let in or its secret is set anew.
    fn note_held_effects(&self) {
        self.problems.solve("effect.");
        for (key, detail) in self.effects.held() {
            let message = format!("“{key}” is not let in at its receiver, so its calls wait: {detail}");
            let hint = format!("set the right secret with `ras secret set effect.{key}`");
            self.problems.put(&format!("effect.{key}"), Error::new(Code::Unauthorized, message, hint), None);
        }
    }

    fn close_live(&self) -> Result<()> {
        let mut told = self.late_told.lock();
        if told.is_some_and(|at| at.elapsed() < LATE_EVERY) {
            return self.close(None).map(|_| ());
        }
        *told = Some(Instant::now());
        drop(told);
        self.close_buckets(None).map(|_| ())
    }

    fn close(&self, rewrite: Option<Millis>) -> Result<usize> {
        let _one_at_a_time = self.closing.lock();
        let business = self.config.read().business.clone();
        self.closer.run(&business, &self.zone(), self.clock.now(), rewrite)
    }

    /// Closes what is over, and tells late buckets again. One caller at a time.
    pub(crate) fn close_buckets(&self, from: Option<Millis>) -> Result<usize> {
        let arrived = self.arrivals.take_earliest();
        let rewrite = match (from, arrived) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let done = self.close(rewrite);
        if done.is_err()
            && let Some(at) = rewrite
        {
            self.arrivals.put_back(at);
        }
        done
    }

    /// Tells the engine that time passed, when something of its own is due; not more often than once a minute for the same.
    pub(crate) fn tick_if_due(&self) -> Result<()> {
        let now = self.clock.now();
        let states = vec![State::Draft, State::Pending, State::Approved, State::Executed, State::Observing];
        let filter = DecisionFilter { states, ..DecisionFilter::default() };
        let due = self.store.decisions(&filter)?.iter().filter_map(due_at).min();
        let Some(due) = due.filter(|at| *at <= now) else { return Ok(()) };
        let mut ticked = self.ticked.lock();
        if ticked.0 == due && now - ticked.1 < 60_000 {
            return Ok(());
        }
        *ticked = (due, now);
        drop(ticked);
        self.engine.give_one("system", Input::Tick).map(|_| ())
    }

    /// A guessed mapping for a file.
    pub(crate) fn guess(&self, path: &Path) -> Result<Mapping> {
        let zone = self.config.read().business.timezone.clone();
        Ok(import::preview(path, None, &zone)?.mapping)
    }

    /// Imports a file now, in this thread, as the import on screen.
    pub(crate) fn import_file(&self, path: &Path, mapping: &Mapping, source: &str) -> Result<ImportReport> {
        let job = self.begin_import(path)?;
        self.work_import(&job, mapping, source)
    }

    /// Takes the place of the running import; [`Code::WrongState`] while there is one.
    pub(crate) fn begin_import(&self, path: &Path) -> Result<Arc<ImportJob>> {
        let mut current = self.import.lock();
        if current.as_ref().is_some_and(|job| job.running()) {
            return Err(Error::new(Code::WrongState, "another import is running", "wait for its end, or cancel it"));
        }
        let job = ImportJob::new(path);
        *current = Some(Arc::clone(&job));
        Ok(job)
    }

    pub(crate) fn work_import(&self, job: &ImportJob, mapping: &Mapping, source: &str) -> Result<ImportReport> {
        let zone = self.config.read().business.timezone.clone();
        let rejected = self.folder.rejected();
        let task = imports::Task { path: &job.path, mapping, source, zone: &zone, rejected_dir: &rejected };
        let result = imports::run(&task, job, &self.store, self.sink.as_ref(), &self.clock);
        let closed = self.close_buckets(None);
        self.work_on_experiments();
        job.finish(result.clone());
        closed?;
        result
    }

    pub(crate) fn keep_live(&self) -> Result<()> {
        match self.arrivals.live_until() {
            0 => Ok(()),
            at => self.store.put_meta("live_until", Some(&json!(at))),
        }
    }

    pub(crate) fn import_job(&self) -> Option<Arc<ImportJob>> {
        self.import.lock().clone()
    }

    pub(crate) fn refresh_gauges(&self) {
        let metrics = &self.metrics;
        metrics.events.set(i64::try_from(self.store.count(None)).unwrap_or(i64::MAX));
        metrics.running.set(i64::from(*self.run_state.read() == RunState::Running));
        let filter = DecisionFilter { states: vec![State::Pending], ..DecisionFilter::default() };
        let waiting = self.store.decisions(&filter).map_or(0, |d| d.len());
        metrics.approvals.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let committed = self.arrivals.committed_at();
        #[expect(clippy::cast_precision_loss, reason = "an age in seconds is far below 2^53")]
        let age = if committed == 0 { -1.0 } else { (self.clock.now() - committed) as f64 / 1000.0 };
        metrics.ingest_age.set(age);
    }

    pub(crate) fn verdict(&self, signed: SignedVerdict) -> Result<Vec<Action>> {
        let actor = format!("operator:{}", signed.key_id);
        self.engine.give_one(actor, Input::Verdict { signed })
    }
}

/// When a decision next needs the engine's eye.
fn due_at(d: &Decision) -> Option<Millis> {
    match d.state {
        State::Draft | State::Pending => Some(d.deferred_until.map_or(d.expires_at, |until| until.min(d.expires_at))),
        State::Observing => Some(d.prediction.to),
        _ => None,
    }
}

pub(crate) fn operators(store: &Store) -> Result<Vec<[u8; 32]>> {
    let listed = store.meta("operators")?;
    let keys = listed.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(keys.iter().filter_map(Value::as_str).filter_map(unhex).collect())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(out)
}
