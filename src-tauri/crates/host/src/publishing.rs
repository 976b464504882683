//! Publishes what is in force to every `[[publish]]` target: once per change, again after a failure, held while stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use epoch_levers::Book as _;
use epoch_model::business::PublishTarget;
use epoch_model::gate::{RunState, admit_publication};
use epoch_model::journal::content_hash;
use epoch_model::ports::SecretBook as _;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::machine_now;
use crate::host::Host;
use crate::inner::Inner;

/// Changes that follow each other closely are published as one.
const QUIET: Duration = Duration::from_millis(500);
/// First pause after a failure; doubles each time.
const FIRST_PAUSE_MS: Millis = 2_000;
/// The longest pause, and the pause after what trying again will hardly mend.
const PAUSE_MAX_MS: Millis = 10 * 60_000;

/// How a target stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishState {
    /// The version of the levers that lies there.
    pub version: Option<u64>,
    /// Since when (machine time).
    pub at: Option<Millis>,
    /// What the last attempt said, if it failed.
    pub error: Option<Error>,
    /// Attempts since the last success.
    pub attempts: u32,
    /// Not before then.
    pub next_at: Option<Millis>,
    /// The target it is about: another place is another publication.
    target: String,
}

/// What is known of the targets.
#[derive(Default)]
pub(crate) struct Publisher {
    states: Mutex<BTreeMap<String, PublishState>>,
    /// The version last seen, and since when.
    seen: Mutex<Option<(u64, Instant)>>,
    /// Whether a thread looks after it.
    watched: AtomicBool,
    passing: Mutex<()>,
}

fn meta_key(target: &str) -> String {
    format!("publish.{target}")
}

fn print(target: &PublishTarget) -> String {
    content_hash(&json!(target))
}

impl Publisher {
    pub(crate) fn watched(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether the version has stood for a moment.
    fn quiet(&self, version: u64) -> bool {
        let mut seen = self.seen.lock();
        match *seen {
            Some((known, since)) if known == version => since.elapsed() >= QUIET,
            _ => {
                *seen = Some((version, Instant::now()));
                false
            }
        }
    }
}

impl Inner {
    /// How a target stands; of another run, too.
    fn publish_state(&self, target: &PublishTarget) -> PublishState {
        let mut states = self.publisher.states.lock();
        let state = states.entry(target.key.clone()).or_insert_with(|| {
            let kept = self.store.meta(&meta_key(&target.key)).ok().flatten();
            kept.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default()
        });
        if state.target != print(target) {
            *state = PublishState { target: print(target), ..PublishState::default() };
        }
        state.clone()
    }

    /// Publishes where something newer is in force than lies there.
    pub(crate) fn publish_levers(&self) {
        if self.publisher.quiet(self.published.current().version()) {
            self.publish_due();
        }
    }

    /// Publishes at once where no thread does it: one command at a time.
    pub(crate) fn publish_if_alone(&self) {
        if !self.publisher.watched.load(Ordering::Relaxed) {
            self.publish_due();
        }
    }

    fn publish_due(&self) {
        let _one_pass_at_a_time = self.publisher.passing.lock();
        let levers = self.published.current();
        let targets = self.config.read().business.publish.clone();
        for target in &targets {
            let mut state = self.publish_state(target);
            let waits = state.next_at.is_some_and(|at| machine_now() < at);
            if state.version == Some(levers.version()) || waits || *self.run_state.read() != RunState::Running {
                continue;
            }
            match self.publish(target, &levers) {
                Ok(()) => {
                    state = PublishState {
                        version: Some(levers.version()),
                        at: Some(machine_now()),
                        target: state.target,
                        ..PublishState::default()
                    };
                    self.problems.solve(&meta_key(&target.key));
                }
                Err(e) if e.code == Code::Denied => continue,
                Err(e) => {
                    tracing::warn!(target = %target.key, error = %e, "the levers could not be published");
                    let pause = (FIRST_PAUSE_MS << state.attempts.min(10)).min(PAUSE_MAX_MS);
                    let pause = if e.code == Code::EffectFailed { pause } else { PAUSE_MAX_MS };
                    state.attempts = state.attempts.saturating_add(1);
                    state.next_at = Some(machine_now() + pause);
                    let message = format!("levers are not published to “{}”: {}", target.key, e.message);
                    self.problems.put(&meta_key(&target.key), Error::new(e.code, message, e.hint.clone()), None);
                    state.error = Some(e);
                }
            }
            if let Err(e) = self.store.put_meta(&meta_key(&target.key), Some(&json!(state))) {
                tracing::error!(error = %e, "it could not be noted what was published");
            }
            self.publisher.states.lock().insert(target.key.clone(), state);
        }
    }

    fn publish(&self, target: &PublishTarget, levers: &epoch_levers::Compiled) -> Result<()> {
        let permit = admit_publication(&target.key, levers.version(), *self.run_state.read())?;
        let payload = epoch_levers::growthbook::payload(levers).json.to_string();
        let secret = match &target.kind {
            epoch_model::business::PublishKind::HttpPut { secret: Some(name), .. } => {
                let missing = || {
                    let message = format!("there is no secret named “{name}” on this machine");
                    Error::new(Code::NotFound, message, format!("set it with `ras secret set {name}`"))
                };
                Some(self.secrets.secret(name).ok_or_else(missing)?)
            }
            _ => None,
        };
        let sent = epoch_connectors::publish::publish(&permit, target, self.folder.path(), &payload, secret.as_deref());
        self.effects.runtime.block_on(sent)
    }
}

impl Host {
    /// How every `[[publish]]` target stands.
    pub fn publish_states(&self) -> Vec<(PublishTarget, PublishState)> {
        let targets = self.inner.config.read().business.publish.clone();
        targets.into_iter().map(|t| (t.clone(), self.inner.publish_state(&t))).collect()
    }

    /// Named secrets kept on this machine.
    pub fn secrets(&self) -> &crate::secrets::Secrets {
        &self.inner.secrets
    }

    /// Keeps a secret, and tries at once what waited for it.
    pub fn set_secret(&self, name: &str, value: &str) -> Result<()> {
        self.inner.secrets.set(name, value)?;
        for state in self.inner.publisher.states.lock().values_mut() {
            state.next_at = None;
        }
        self.inner.engine.record(json!({ "type": "secret_set", "secret": name }))
    }

    /// Forgets a secret.
    pub fn remove_secret(&self, name: &str) -> Result<()> {
        self.inner.secrets.remove(name)?;
        self.inner.engine.record(json!({ "type": "secret_removed", "secret": name }))
    }
}
