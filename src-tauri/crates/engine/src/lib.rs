//! The autonomous engine: pure and deterministic. Inputs in, actions out.
//!
//! Reads no clock, does no IO, draws no randomness but from seeds that are part of its inputs; the same inputs give the
//! same actions byte for byte. What it must not know: SQLite, HTTP, Tauri, the wall clock.

mod action;
mod config;
mod decisions;
mod experiments;
mod input;
mod monitor;
mod playbook;
mod text;

use std::collections::BTreeMap;

pub use action::Action;
pub use decisions::calibration::{Reliability, reliability_of};
pub use decisions::counterfactual::{
    Counterfactual, Group as CounterfactualGroup, Total as CounterfactualTotal, counterfactual,
};
pub use decisions::limits::BudgetLine;
pub use decisions::policy::{facts_of, judge_by};
pub use decisions::proposal::again;
pub use experiments::Tracked;
pub use input::{ClosedMetric, Input};
pub use playbook::{Direction, Matcher, Move, Play, Playbook, Prior, Trigger};

use epoch_model::autonomy::Standing;
use epoch_model::business::LeverValue;
use epoch_model::decision::{Calibration, Decision};
use epoch_model::gate::RunState;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use config::Config;
use decisions::book::{Book, LeverState};
use experiments::Lab;
use monitor::track::Track;

/// Form of the snapshot; another one is refused and the journal replayed instead.
const SNAPSHOT: u32 = 2;

/// The engine's whole state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    form: u32,
    now: Millis,
    run: RunState,
    config: Option<Config>,
    tracks: BTreeMap<String, Track>,
    levers: BTreeMap<String, LeverState>,
    book: Book,
    insights: u64,
    decisions: u64,
    #[serde(default, rename = "experiments")]
    lab: Lab,
}

impl Engine {
    /// An engine that knows nothing yet; tell it [`Input::Configure`] first.
    pub fn new() -> Self {
        Self { form: SNAPSHOT, ..Self::default() }
    }

    /// Handles one input at `now` (the host's clock; once there is a decision, going backwards counts as standing still) and answers what to do, in
    /// order. The generator is for randomised designs; nothing here draws from it yet, and forecasts carry their own seed.
    pub fn handle(&mut self, input: &Input, now: Millis, _rng: &mut Pcg64) -> Vec<Action> {
        // Time never runs back under a decision. Before the first one it may: history fed as if it were arriving has a
        // clock of its own, and the business was made on the machine's.
        self.now = if self.book.records.is_empty() { now } else { self.now.max(now) };
        let mut out = Vec::new();
        match input {
            Input::Configure { business, playbooks, operator_keys } => {
                self.configure(Config::new(business, playbooks, operator_keys), &mut out);
                self.with_config(&mut out, Engine::experiments_configured);
            }
            Input::Closed { grain, start, end, metrics } => self.closed(*grain, *start, *end, metrics, &mut out),
            Input::Run { state, actor, reason } => self.set_run(*state, actor, reason, &mut out),
            Input::LeverSeen { lever, value, by } => self.lever_seen(lever, value, by, &mut out),
            Input::Verdict { signed } => {
                // An expiry that is due goes first: an answer to an expired card is late.
                self.advance(&mut out);
                if let Some(config) = self.config.take() {
                    self.verdict(&config, signed, &mut out);
                    self.config = Some(config);
                }
            }
            Input::EffectResult { decision, ok, in_doubt, detail, .. } => {
                if let Some(config) = self.config.take() {
                    self.effect_result(&config, decision, *ok, *in_doubt, detail, &mut out);
                    self.config = Some(config);
                }
            }
            Input::Asked { spec, by } => {
                self.with_config(&mut out, |engine, config, out| engine.asked(config, spec, by, out));
            }
            Input::Measured { experiment, pilot } => {
                self.with_config(&mut out, |engine, config, out| engine.measured(config, experiment, pilot, out));
            }
            Input::Looked { looks } => {
                self.with_config(&mut out, |engine, config, out| engine.looked(config, looks, out));
            }
            Input::EndAsked { experiment, by, reason } => {
                self.with_config(&mut out, |engine, config, out| {
                    engine.stop_trial(config, experiment, by, reason, out);
                });
            }
            Input::Proposed { proposal, by } => {
                self.with_config(&mut out, |engine, config, out| engine.proposed(config, proposal, by, out));
            }
            Input::Withdrawn { proposer, key, reason } => self.withdrawn(proposer, key, reason, &mut out),
            Input::Replied { decision, by, text } => {
                self.advance(&mut out);
                self.reply(decision, by, text, &mut out);
            }
            Input::Reported { decision, by, good, text } => {
                self.with_config(&mut out, |engine, config, out| {
                    engine.reported(config, decision, by, *good, text, out);
                });
            }
            Input::GrantRevoked { grant, by } => self.revoke_grant(grant, by, &mut out),
            Input::Halted { scope, on, actor, reason } => self.halt(scope, *on, actor, reason, &mut out),
            Input::Breaker { effect, open } => {
                if *open {
                    self.book.breakers.insert(text::shorten(effect, 200));
                } else {
                    self.book.breakers.remove(effect);
                }
            }
            Input::Tick => {}
        }
        self.advance(&mut out);
        out
    }

    /// Takes the configuration out while something is done under it.
    fn with_config(&mut self, out: &mut Vec<Action>, f: impl FnOnce(&mut Self, &Config, &mut Vec<Action>)) {
        if let Some(config) = self.config.take() {
            f(self, &config, out);
            self.config = Some(config);
        }
    }

    /// The whole state as bytes; equal states give equal bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The engine a [`Engine::snapshot`] was taken of.
    pub fn restore(bytes: &[u8]) -> Result<Engine> {
        let damaged = |why: String| {
            Error::new(
                Code::StoreDamaged,
                format!("the engine's snapshot cannot be read: {why}"),
                "replay the journal from its beginning",
            )
        };
        let engine: Engine = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if engine.form != SNAPSHOT {
            return Err(damaged(format!("it has form {}, this version reads {SNAPSHOT}", engine.form)));
        }
        Ok(engine)
    }

    /// Running, paused or stopped.
    pub fn run_state(&self) -> RunState {
        self.run
    }

    /// The engine's clock: the largest `now` it was told since its first decision.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// A decision that has not come to its end.
    pub fn decision(&self, id: &str) -> Option<&Decision> {
        self.book.records.get(id).map(|r| &r.decision)
    }

    /// All decisions that have not come to their end, by id.
    pub fn open_decisions(&self) -> impl Iterator<Item = &Decision> {
        self.book.records.values().map(|r| &r.decision)
    }

    /// The value a lever has in force.
    pub fn lever(&self, key: &str) -> Option<&LeverValue> {
        self.levers.get(key).map(|s| &s.value)
    }

    /// Scored predictions per proposer.
    pub fn calibration(&self) -> &BTreeMap<String, Calibration> {
        &self.book.calibration
    }

    /// How well each proposer's predictions held.
    pub fn reliability(&self) -> &BTreeMap<String, Reliability> {
        &self.book.reliability
    }

    /// The ladder: what each proposer may do alone, cell by cell, and what is missing for more.
    pub fn standings(&self) -> Vec<Standing> {
        self.config.as_ref().map(|config| self.ladder(config)).unwrap_or_default()
    }

    /// Every budget line as it stands, the company's own first.
    pub fn budgets(&self) -> Vec<BudgetLine> {
        let lines = |config: &Config| self.book.ledger.statement(&config.business.limits, &config.zone(), self.now);
        self.config.as_ref().map(lines).unwrap_or_default()
    }

    /// Whether everything asks because what ran alone lost too much.
    pub fn drawn_down(&self) -> bool {
        self.config.as_ref().is_some_and(|c| self.book.ledger.drawn_down(&c.business.limits, self.now))
    }

    /// First instant after the last closed bucket the engine knows of a metric; 0 for none.
    pub fn closed_until(&self, metric: &str) -> Millis {
        self.tracks.get(metric).map_or(0, Track::end)
    }

    /// The card as it would be with another value for its lever, predicted anew; the engine does not change. An edit is signed
    /// over the hash of the card on screen, not over this one.
    pub fn preview_edit(&self, decision: &str, set: &BTreeMap<String, LeverValue>) -> Result<Decision> {
        let config = self.config.as_ref().ok_or_else(|| {
            Error::new(Code::WrongState, "nothing is configured yet", "wait until the business has been read")
        })?;
        self.edited(config, decision, set).map(|r| r.decision)
    }

    fn configure(&mut self, config: Config, out: &mut Vec<Action>) {
        for lever in &config.business.levers {
            let kept = self.levers.remove(&lever.key).filter(|s| decisions::takes(&lever.kind, &s.value));
            let state = kept.unwrap_or_else(|| LeverState {
                value: lever.default.clone(),
                before: None,
                changed_at: None,
                by: None,
            });
            self.levers.insert(lever.key.clone(), state);
        }
        self.levers.retain(|key, _| config.lever(key).is_some());
        // A metric that means something else has another history; the host sends it again from its beginning.
        let before = self.config.as_ref();
        self.tracks.retain(|key, track| {
            config.metric(key).is_some_and(|m| {
                m.grain == track.grain && before.and_then(|b| b.metric(key)).is_none_or(|old| old.kind == m.kind)
            })
        });
        self.withdraw_undeclared(&config, out);
        self.book.ledger.configure(&config.business.limits);
        for play in &config.playbooks {
            let whole = serde_json::to_value(play).unwrap_or_default();
            let version = epoch_model::journal::content_hash(&whole);
            self.book.cells.version(&format!("playbook:{}", play.key), &version, self.now);
        }
        self.config = Some(config);
    }

    fn set_run(&mut self, state: RunState, actor: &str, reason: &str, out: &mut Vec<Action>) {
        // Releasing a stop is the operator's; a program may only engage it.
        let loosens = self.run == RunState::Stopped && state != RunState::Stopped;
        if loosens && !actor.starts_with("operator:") {
            out.push(Action::Refused {
                what: format!("releasing the stop ({reason})"),
                code: Code::Denied,
                message: "only an operator releases a stop".to_owned(),
            });
            return;
        }
        if state == RunState::Running && actor.starts_with("operator:") {
            self.book.ledger.resume();
        }
        self.run = state;
    }
}
