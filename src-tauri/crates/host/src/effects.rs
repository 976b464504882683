//! Carries out effects from the outbox: through the gate, once, and tells the engine what came of it.

use std::sync::Arc;

use epoch_connectors::webhook::{self, Delivery};
use epoch_engine::Input;
use epoch_model::business::Business;
use epoch_model::decision::{Act, Decision, SignedVerdict, State, Verdict};
use epoch_model::gate::{self, Ground, OperatorKeys, Permit, RunState};
use epoch_model::journal::RowKind;
use epoch_model::proposal::{Grant, Scope};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{LeverRow, OutboxItem, OutboxResult, OutboxState, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine_thread::{ENGINE, EngineHandle, Given};
use crate::experiments::moves;
use crate::keys;
use crate::levers::Published;
use crate::outside::Outside;

/// Attempts before an effect counts as failed.
const ATTEMPTS_MAX: u32 = 8;
/// First pause between attempts; doubles each time.
const FIRST_PAUSE_MS: Millis = 2_000;
/// Effects looked at in one pass.
const BATCH: usize = 64;

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
    pub(crate) passing: Mutex<()>,
}

impl Effects {
    /// Sends what is due. Answers how many effects were dealt with.
    pub(crate) fn run_due(&self) -> Result<usize> {
        let _one_pass_at_a_time = self.passing.lock();
        if *self.run_state.read() != RunState::Running {
            return Ok(0);
        }
        let mut dealt = 0;
        for item in self.store.outbox_due(self.clock.now(), BATCH)? {
            // Asked again for each one: a stop takes effect between two effects, not after the batch.
            if *self.run_state.read() != RunState::Running {
                break;
            }
            self.deal_with(&item)?;
            dealt += 1;
        }
        Ok(dealt)
    }

    /// After a crash: what was being sent. A lever's value is committed together with its result, so the store knows;
    /// a webhook stays in doubt until the founder says.
    pub(crate) fn reconcile(&self) -> Result<()> {
        for item in self.store.outbox(Some(OutboxState::InDoubt), 1000)? {
            match &item.act {
                Act::SetLever { lever, .. } => {
                    let (_, rows) = self.store.levers()?;
                    let done = rows.iter().any(|r| &r.key == lever && r.decision.as_ref() == Some(&item.decision));
                    let result = if done {
                        OutboxResult::Done { detail: "found set after a restart".into() }
                    } else {
                        OutboxResult::Retry { at: self.clock.now(), detail: "not set before the restart".into() }
                    };
                    self.store.outbox_finish(item.id, result)?;
                }
                // What it does to the lever is committed together with its result.
                Act::StartExperiment { .. } | Act::EndExperiment { .. } => {
                    let open = self.store.decision(&item.decision)?.is_some_and(|d| d.state == State::Executing);
                    let result = if open {
                        OutboxResult::Retry { at: self.clock.now(), detail: "not done before the restart".into() }
                    } else {
                        OutboxResult::Done { detail: "found done after a restart".into() }
                    };
                    self.store.outbox_finish(item.id, result)?;
                }
                // Nothing outside depends on it.
                Act::Choose { .. } | Act::StartWorkflow { .. } | Act::EditWorkflow { .. } => {
                    let result =
                        OutboxResult::Retry { at: self.clock.now(), detail: "not done before the restart".into() };
                    self.store.outbox_finish(item.id, result)?;
                }
                Act::Call { .. } => match self.store.decision(&item.decision)?.map(|d| d.state) {
                    Some(State::Executing) => {
                        let detail = "the host stopped while it was being sent; look at the receiver".to_owned();
                        self.tell(&item, false, true, detail, Vec::new())?;
                    }
                    Some(State::InDoubt) | None => {}
                    // Its result was journaled; only the outbox had not heard of it.
                    Some(State::Failed) => {
                        let detail = "had failed before the restart".to_owned();
                        self.store.outbox_finish(item.id, OutboxResult::Failed { detail })?;
                    }
                    Some(_) => {
                        let detail = "had been answered before the restart".to_owned();
                        self.store.outbox_finish(item.id, OutboxResult::Done { detail })?;
                    }
                },
            }
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

    fn deal_with(&self, item: &OutboxItem) -> Result<()> {
        let Some(decision) = self.store.decision(&item.decision)? else {
            return self.fail(item, "its decision does not exist");
        };
        let config = self.config.read().clone();
        let approval = self.approval(&decision)?;
        let run_state = *self.run_state.read();
        let (halts, grants): (Vec<Scope>, Vec<Grant>) = (self.kept("halts")?, self.kept("grants")?);
        let kind = item.act.effect().and_then(|key| config.business.effects.iter().find(|e| e.key == key));
        let kind = kind.map(|e| e.kind.word());
        let operators = self.operators.read().clone();
        let ground = Ground {
            keys: &operators,
            business: &config.business.name,
            run_state,
            halts: &halts,
            grants: &grants,
        };
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
                self.finish(&item, OutboxResult::Done { detail: format!("chosen: {choice}") })
            }
            Act::StartWorkflow { workflow, .. } | Act::EditWorkflow { workflow, .. } => {
                self.finish(&item, OutboxResult::Failed { detail: format!("there is no workflow “{workflow}”") })
            }
            Act::Call { effect, payload } => self.post(&permit, &item, effect, payload, &config.business),
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
        self.tell(item, false, false, detail.to_owned(), Vec::new())?;
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
        let approves = matches!(signed.claim.verdict, Verdict::Approve | Verdict::Edit { .. } | Verdict::Delegate { .. });
        Ok((approves && signed.claim.decision == decision.id).then_some(signed))
    }

    /// Carries out what is done to a lever: its new row is committed with the effect's result.
    fn move_lever(&self, permit: &Permit, item: &OutboxItem, business: &Business) -> Result<()> {
        // Held until the value is in force: whoever stops waits for it, or is before it.
        let running = self.run_state.read();
        if *running != RunState::Running {
            return self
                .finish(item, OutboxResult::Retry { at: self.clock.now(), detail: "held back by a stop".into() });
        }
        let (_, rows) = self.store.levers()?;
        let moved = match moves::after(&item.act, business, &rows, permit.decision(), self.clock.now()) {
            Ok(moved) => moved,
            Err(detail) => return self.finish(item, OutboxResult::Failed { detail }),
        };
        self.tell(item, true, false, moved.detail, vec![moved.row])?;
        self.published.refresh(business, ENGINE)?;
        self.store.outbox_finish(item.id, OutboxResult::Done { detail: "published".into() })
    }

    fn post(
        &self,
        permit: &Permit,
        item: &OutboxItem,
        effect: &str,
        payload: &Value,
        business: &Business,
    ) -> Result<()> {
        let Some(target) = business.effects.iter().find(|e| e.key == effect) else {
            return self.finish(item, OutboxResult::Failed { detail: format!("“{effect}” is not declared any more") });
        };
        let now = self.clock.now();
        let secret = if self.outside.is_some() { Vec::new() } else { keys::webhook_secret(&business.name)? };
        // The last look before anything leaves: a stop that was acknowledged meanwhile holds.
        if *self.run_state.read() != RunState::Running {
            return self.finish(item, OutboxResult::Retry { at: now, detail: "held back by a stop".into() });
        }
        let delivery = match &self.outside {
            Some(outside) => outside.send(permit, target, payload),
            // The payload alone, since that is what was on the card; `webhook-id` names the decision's effect.
            // The signature's timestamp is checked by the receiver against its own clock, so it is the machine's.
            None => self.runtime.block_on(webhook::send(permit, target, &secret, payload, crate::clock::machine_now())),
        };
        let result = match delivery {
            Delivery::Delivered { status } => OutboxResult::Done { detail: format!("answered {status}") },
            Delivery::Refused { detail, .. } => OutboxResult::Failed { detail },
            Delivery::Retry { detail, .. } if item.attempts >= ATTEMPTS_MAX => {
                OutboxResult::Failed { detail: format!("gave up after {ATTEMPTS_MAX} attempts: {detail}") }
            }
            Delivery::Retry { after, detail } => {
                let pause = FIRST_PAUSE_MS << item.attempts.min(10);
                let asked = after.and_then(|d| Millis::try_from(d.as_millis()).ok()).unwrap_or(0);
                OutboxResult::Retry { at: now + pause.max(asked), detail }
            }
            Delivery::InDoubt { detail } => OutboxResult::InDoubt { detail },
        };
        self.finish(item, result)
    }

    fn finish(&self, item: &OutboxItem, result: OutboxResult) -> Result<()> {
        match &result {
            OutboxResult::Done { detail } => self.tell(item, true, false, detail.clone(), Vec::new())?,
            OutboxResult::Failed { detail } => self.tell(item, false, false, detail.clone(), Vec::new())?,
            OutboxResult::InDoubt { detail } => self.tell(item, false, true, detail.clone(), Vec::new())?,
            OutboxResult::Retry { .. } => {}
        }
        self.store.outbox_finish(item.id, result)
    }

    fn tell(&self, item: &OutboxItem, ok: bool, in_doubt: bool, detail: String, levers: Vec<LeverRow>) -> Result<()> {
        let input = Input::EffectResult { decision: item.decision.clone(), ok, in_doubt, detail, answer: None };
        let given = Given { actor: "system".into(), input, levers };
        self.engine.give(vec![given]).map(|_| ())
    }
}

/// The error for an effect that nobody can deliver.
pub(crate) fn no_runtime(e: &std::io::Error) -> Error {
    Error::new(Code::Internal, format!("the network runtime does not start: {e}"), "close other programs")
}
