//! Carries out effects from the outbox: through the gate, as their promise says, and tells the engine what came of it.
//!
//! What is done to levers is done here and now. Calls go out in lanes, one per effect; [`call`] judges what comes back. Must
//! not know how any receiver is spoken to: that is the adapters' (`epoch_connectors::effects`).

mod call;
mod health;
mod lanes;
mod recover;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use epoch_engine::Input;
use epoch_model::business::Business;
use epoch_model::decision::{Act, Decision, SignedVerdict, Verdict};
use epoch_model::gate::{self, Ground, OperatorKeys, Permit, RunState};
use epoch_model::journal::RowKind;
use epoch_model::proposal::{Grant, Scope};
use epoch_model::{Code, Error, Result};
use epoch_store::{LeverRow, OutboxItem, OutboxResult, OutboxState, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine_thread::{ENGINE, EngineHandle, Given};
use crate::experiments::moves;
use crate::levers::Published;
use crate::outside::Outside;
use crate::secrets::Secrets;
use crate::workflows::Workflows;
use call::{Followed, Follows};
use health::Health;
use lanes::{Lane, Lanes};
pub use views::{EffectHealth, answer_of};

/// Attempts before an effect is put aside.
const ATTEMPTS_MAX: u32 = 8;
/// Effects looked at in one pass; more than are sent, so that those that wait do not stand in the way.
const BATCH: usize = 1_000;
/// How long somebody who asked for a pass waits for what it sent; a longer call goes on by itself.
const PATIENCE: Duration = Duration::from_secs(150);

pub(crate) struct Effects {
    pub(crate) store: Store,
    pub(crate) clock: Arc<Clock>,
    pub(crate) engine: EngineHandle,
    pub(crate) config: Arc<RwLock<Config>>,
    pub(crate) operators: Arc<RwLock<OperatorKeys>>,
    pub(crate) run_state: Arc<RwLock<RunState>>,
    pub(crate) published: Arc<Published>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) outside: Option<Arc<dyn Outside>>,
    secrets: Arc<Secrets>,
    folder: PathBuf,
    workflows: Arc<Workflows>,
    passing: Mutex<()>,
    health: Mutex<Health>,
    follows: Mutex<Follows>,
    lanes: Arc<Lanes>,
}

/// What [`Effects`] are made of.
pub(crate) struct Parts {
    pub store: Store,
    pub clock: Arc<Clock>,
    pub engine: EngineHandle,
    pub config: Arc<RwLock<Config>>,
    pub operators: Arc<RwLock<OperatorKeys>>,
    pub run_state: Arc<RwLock<RunState>>,
    pub published: Arc<Published>,
    pub runtime: tokio::runtime::Handle,
    pub outside: Option<Arc<dyn Outside>>,
    pub secrets: Arc<Secrets>,
    pub folder: PathBuf,
    pub workflows: Arc<Workflows>,
}

/// What is due for one effect.
#[derive(Default)]
struct Due {
    look_ups: Vec<Followed>,
    items: Vec<OutboxItem>,
}

impl Effects {
    pub(crate) fn of(parts: Parts) -> Arc<Self> {
        let Parts {
            store,
            clock,
            engine,
            config,
            operators,
            run_state,
            published,
            runtime,
            outside,
            secrets,
            folder,
            workflows,
        } = parts;
        Arc::new(Self {
            store,
            clock,
            engine,
            config,
            operators,
            run_state,
            published,
            runtime,
            outside,
            secrets,
            folder,
            workflows,
            passing: Mutex::new(()),
            health: Mutex::default(),
            follows: Mutex::default(),
            lanes: Arc::default(),
        })
    }

    /// Sends what is due and waits for it; what others sent before is not waited for. Answers how many effects were dealt with.
    pub(crate) fn run_due(self: &Arc<Self>) -> Result<usize> {
        let (dealt, sent) = self.pass()?;
        if !self.lanes.wait(&sent, PATIENCE) {
            tracing::info!("a receiver is slow; its effect goes on by itself");
        }
        Ok(dealt)
    }

    /// Sends what is due, and does not wait for it.
    pub(crate) fn begin_due(self: &Arc<Self>) -> Result<usize> {
        self.pass().map(|(dealt, _)| dealt)
    }

    /// Waits for what is under way, at most so long.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        self.lanes.wait_all(at_most)
    }

    fn running(&self) -> bool {
        *self.run_state.read() == RunState::Running
    }

    /// One pass: levers at once, calls in their lanes. Answers how many there were, and which effects were sent.
    fn pass(self: &Arc<Self>) -> Result<(usize, BTreeSet<String>)> {
        let _one_pass_at_a_time = self.passing.lock();
        let now = self.clock.now();
        let mut due: BTreeMap<String, Due> = BTreeMap::new();
        // A look-up changes nothing outside: it goes on while effects are stopped.
        for followed in self.follows.lock().values().filter(|f| f.at <= now) {
            if let Act::Call { effect, .. } = &followed.item.act {
                due.entry(effect.clone()).or_default().look_ups.push(followed.clone());
            }
        }
        let mut dealt = 0;
        if self.running() {
            for item in self.store.outbox_due(now, BATCH)? {
                // Asked again for each one: a stop takes effect between two effects, not after the batch.
                if !self.running() {
                    break;
                }
                if let Act::Call { effect, .. } = &item.act {
                    due.entry(effect.clone()).or_default().items.push(item);
                } else {
                    self.deal_with(&item)?;
                    dealt += 1;
                }
            }
        }
        let mut sent = BTreeSet::new();
        for (effect, due) in due {
            let Some(lane) = self.lanes.take(&effect) else { continue };
            dealt += due.items.len() + due.look_ups.len();
            // A world of its own is driven step by step, in order.
            if self.outside.is_some() {
                self.work_off(&due)?;
                continue;
            }
            self.start_lane(lane, due)?;
            sent.insert(effect);
        }
        Ok((dealt, sent))
    }

    fn start_lane(self: &Arc<Self>, lane: Lane, due: Due) -> Result<()> {
        let effects = Arc::clone(self);
        let work = move || {
            // The handles to store and engine go before the lane is free: who waits for it may close them.
            let worked = effects.work_off(&due);
            drop(effects);
            if let Err(e) = worked {
                tracing::error!(error = %e, "an effect could not be worked off");
            }
            drop(lane);
        };
        let started = std::thread::Builder::new().name("effect".into()).spawn(work);
        started
            .map(drop)
            .map_err(|e| Error::new(Code::Internal, format!("a thread does not start: {e}"), "close other programs"))
    }

    /// What is due for one effect, in order.
    fn work_off(&self, due: &Due) -> Result<()> {
        for followed in &due.look_ups {
            let Act::Call { effect, payload } = &followed.item.act else { continue };
            let business = self.config.read().business.clone();
            if let Some(target) = business.effects.iter().find(|e| e.key == *effect) {
                self.look_up(followed, target, payload, &business)?;
            } else {
                let detail = format!("it was sent, and “{effect}” is not declared any more");
                self.end(&followed.item, OutboxResult::InDoubt { detail }, None)?;
            }
        }
        for item in &due.items {
            if !self.running() {
                break;
            }
            self.deal_with(item)?;
        }
        Ok(())
    }

    /// Ends a doubt: the operator looked at the receiver. [`Code::WrongState`] unless the decision's effect is in doubt.
    pub(crate) fn settle(&self, id: &str, arrived: bool, actor: &str) -> Result<()> {
        let _one_pass_at_a_time = self.passing.lock();
        let waiting = self.store.outbox(Some(OutboxState::InDoubt), 1000)?;
        let Some(item) = waiting.iter().find(|i| i.decision == id) else {
            let message = format!("no effect of “{id}” is in doubt");
            return Err(Error::new(Code::WrongState, message, "see `ras doctor` for what is"));
        };
        let detail =
            format!("{actor} looked at the receiver: it {}", if arrived { "arrived" } else { "did not arrive" });
        let input = Input::EffectResult {
            decision: id.to_owned(),
            ok: arrived,
            in_doubt: false,
            detail: detail.clone(),
            answer: None,
        };
        self.engine.give_one(actor, input)?;
        let result = if arrived { OutboxResult::Done { detail } } else { OutboxResult::Failed { detail } };
        self.store.outbox_finish(item.id, result)
    }

    /// Whether the rows are what the engine decided: its state comes from the journal, a row is no more than a copy of it.
    fn as_made(&self, item: &OutboxItem, decision: &Decision) -> Result<bool> {
        let id = decision.id.clone();
        let made = self.engine.peek(move |engine| engine.decision(&id).cloned())?;
        Ok(made.is_some_and(|made| {
            made.state == decision.state
                && made.act == decision.act
                && made.act == item.act
                && made.policy.answer == decision.policy.answer
                && made.reversibility == decision.reversibility
                && made.grant == decision.grant
                && made.edited_from == decision.edited_from
                && made.idempotency_key == item.idempotency_key
        }))
    }

    fn deal_with(&self, item: &OutboxItem) -> Result<()> {
        let Some(decision) = self.store.decision(&item.decision)? else {
            return self.fail(item, "its decision does not exist");
        };
        if !self.as_made(item, &decision)? {
            tracing::error!(decision = %decision.id, "a row of the database is not what the engine decided");
            return self.fail(item, "the database does not say what was decided; see `ras audit verify`");
        }
        let config = self.config.read().clone();
        let approval = self.approval(&decision)?;
        let run_state = *self.run_state.read();
        let (halts, grants): (Vec<Scope>, Vec<Grant>) = (self.kept("halts")?, self.kept("grants")?);
        let target = item.act.effect().and_then(|key| config.business.effects.iter().find(|e| e.key == key));
        // Neither an attempt nor the gate is spent on an effect that has to wait.
        if let Some(Err(why)) = target.map(|target| self.may_call(target)) {
            tracing::debug!(decision = %decision.id, %why, "an effect waits");
            return Ok(());
        }
        let kind = target.map(|e| e.kind.word());
        let operators = self.operators.read().clone();
        let ground =
            Ground { keys: &operators, business: &config.business.name, run_state, halts: &halts, grants: &grants };
        let permit = match gate::admit(&decision, approval.as_ref(), kind, &ground) {
            Ok(permit) => permit,
            // It waits in the outbox for the end of the stop.
            Err(_) if gate::held(&halts, &decision, kind).is_some() => return Ok(()),
            Err(_) if run_state != RunState::Running => return Ok(()),
            Err(e) => {
                tracing::warn!(decision = %decision.id, error = %e, "the gate refused an effect");
                return self.fail(item, &e.message);
            }
        };
        let item = self.store.outbox_start(item.id)?;
        match &item.act {
            Act::SetLever { .. } | Act::StartExperiment { .. } | Act::EndExperiment { .. } => {
                self.move_lever(&permit, &item, &config.business)
            }
            Act::Choose { choice, .. } => {
                self.finish(&item, OutboxResult::Done { detail: format!("chosen: {choice}") }, None)
            }
            Act::StartWorkflow { .. } | Act::EditWorkflow { .. } => {
                // Under the effect's key: after a crash the run, or the version, is found instead of made again.
                let (result, answer) = match self.workflows.carry_out(&item.act, &item.idempotency_key, &decision.id) {
                    Ok((detail, answer)) => (OutboxResult::Done { detail }, Some(answer)),
                    Err(e) => (OutboxResult::Failed { detail: e.message }, None),
                };
                self.finish(&item, result, answer)
            }
            Act::Call { effect, payload } => {
                let Some(target) = target else {
                    let detail = format!("“{effect}” is not declared any more");
                    return self.finish(&item, OutboxResult::Failed { detail }, None);
                };
                // What cannot be read lets nothing through.
                let held = |halts: Vec<Scope>| gate::held(&halts, &decision, kind).is_some();
                let may_leave = || self.running() && self.kept("halts").is_ok_and(|halts| !held(halts));
                self.call(&permit, &item, target, payload, &config.business, &may_leave)
            }
        }
    }

    /// A list kept whole beside the journal. What cannot be read lets nothing through.
    fn kept<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Vec<T>> {
        let Some(value) = self.store.meta(key)? else { return Ok(Vec::new()) };
        serde_json::from_value(value).map_err(|e| {
            Error::new(
                Code::StoreDamaged,
                format!("the list of {key} cannot be read: {e}"),
                "run `ras audit verify` and restore a backup",
            )
        })
    }

    fn fail(&self, item: &OutboxItem, detail: &str) -> Result<()> {
        self.store.outbox_start(item.id)?;
        self.tell(item, Told { ok: false, in_doubt: false }, detail, None, Vec::new())?;
        self.store.outbox_finish(item.id, OutboxResult::Failed { detail: detail.to_owned() })
    }

    /// The signed answer that let this decision run, if it needed one: the one the engine followed. Answers it refused are
    /// journaled, too.
    fn approval(&self, decision: &Decision) -> Result<Option<SignedVerdict>> {
        let rows = self.store.journal_for(&decision.id)?;
        let followed = rows.iter().rev().find_map(|row| {
            let approved = row.body.pointer("/transition/to").and_then(Value::as_str) == Some("approved");
            let same = row.body.get("id").and_then(Value::as_str) == Some(decision.id.as_str());
            (row.kind == RowKind::Action && approved && same).then_some(row.cause?)
        });
        let input = followed.and_then(|seq| rows.iter().find(|r| r.seq == seq && r.kind == RowKind::Input));
        let Some(Ok(Input::Verdict { signed })) = input.map(|row| serde_json::from_value::<Input>(row.body.clone()))
        else {
            return Ok(None);
        };
        let approves =
            matches!(signed.claim.verdict, Verdict::Approve | Verdict::Edit { .. } | Verdict::Delegate { .. });
        Ok((approves && signed.claim.decision == decision.id).then_some(signed))
    }

    /// Carries out what is done to a lever: its new row is committed with the effect's result.
    fn move_lever(&self, permit: &Permit, item: &OutboxItem, business: &Business) -> Result<()> {
        // Held until the value is in force: whoever stops waits for it, or is before it.
        let running = self.run_state.read();
        if *running != RunState::Running {
            return self.finish(
                item,
                OutboxResult::Retry { at: self.clock.now(), detail: "held back by a stop".into() },
                None,
            );
        }
        let (_, rows) = self.store.levers()?;
        let moved = match moves::after(&item.act, business, &rows, permit.decision(), self.clock.now()) {
            Ok(moved) => moved,
            Err(detail) => return self.finish(item, OutboxResult::Failed { detail }, None),
        };
        self.tell(item, Told { ok: true, in_doubt: false }, &moved.detail, None, vec![moved.row])?;
        self.published.refresh(business, ENGINE)?;
        self.store.outbox_finish(item.id, OutboxResult::Done { detail: "published".into() })
    }

    fn finish(&self, item: &OutboxItem, result: OutboxResult, answer: Option<Value>) -> Result<()> {
        match &result {
            OutboxResult::Done { detail } => {
                self.tell(item, Told { ok: true, in_doubt: false }, detail, answer, Vec::new())?;
            }
            OutboxResult::Failed { detail } => {
                self.tell(item, Told { ok: false, in_doubt: false }, detail, answer, Vec::new())?;
            }
            OutboxResult::InDoubt { detail } => {
                self.tell(item, Told { ok: false, in_doubt: true }, detail, answer, Vec::new())?;
            }
            OutboxResult::Retry { .. } => {}
        }
        self.store.outbox_finish(item.id, result)
    }

    fn tell(
        &self,
        item: &OutboxItem,
        told: Told,
        detail: &str,
        answer: Option<Value>,
        levers: Vec<LeverRow>,
    ) -> Result<()> {
        let input = Input::EffectResult {
            decision: item.decision.clone(),
            ok: told.ok,
            in_doubt: told.in_doubt,
            detail: detail.to_owned(),
            answer,
        };
        let given = Given { actor: "system".into(), input, levers };
        self.engine.give(vec![given]).map(|_| ())
    }

    fn tell_breaker(&self, effect: &str, open: bool) -> Result<()> {
        tracing::warn!(effect, open, "a breaker changed");
        self.engine.give_one("system", Input::Breaker { effect: effect.to_owned(), open }).map(|_| ())
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
struct Told {
    ok: bool,
    in_doubt: bool,
}

/// The error for an effect that nobody can deliver.
pub(crate) fn no_runtime(e: &std::io::Error) -> Error {
    Error::new(Code::Internal, format!("the network runtime does not start: {e}"), "close other programs")
}
