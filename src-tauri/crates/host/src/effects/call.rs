//! One call of a declared effect: sent, judged by its promise, looked up where there is a doubt. What it decides on is what
//! the adapter answers; how a receiver is spoken to, it does not know.

use std::collections::BTreeMap;
use std::time::Duration;

use epoch_connectors::effects::{self as adapters, Around, Delivery, DryRun, Found, Refusal, Sent};
use epoch_model::Result;
use epoch_model::business::{Business, EffectKind, EffectTarget, Promise};
use epoch_model::gate::Permit;
use epoch_model::ports::SecretBook as _;
use epoch_model::time::Millis;
use epoch_store::{OutboxItem, OutboxResult};
use serde_json::{Value, json};

use super::health::{self, HOLD_MS, Hold, Sign};
use super::{ATTEMPTS_MAX, Effects};
use crate::clock::machine_now;
use crate::keys;

/// Look-ups without an answer before the founder is asked.
const LOOK_UPS_MAX: u32 = 8;
/// First pause between look-ups that found nothing out; doubles each time.
const LOOK_UP_PAUSE_MS: Millis = 5_000;

/// A call whose end is looked up at the receiver.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub item: OutboxItem,
    /// The receiver said that it took it, so not being found is no proof.
    pub taken: bool,
    pub at: Millis,
    pub fruitless: u32,
    /// How it stood last.
    pub detail: String,
}

/// Calls that are looked up, by their number in the outbox.
pub(super) type Follows = BTreeMap<u64, Followed>;

/// What is to be done after an attempt.
#[derive(Debug, PartialEq)]
enum Step {
    End(OutboxResult, Option<Value>),
    Follow { taken: bool, after: Millis, detail: String },
}

fn millis(pause: Duration) -> Millis {
    Millis::try_from(pause.as_millis()).unwrap_or(Millis::MAX / 4)
}

fn sign(delivery: &Delivery) -> Sign {
    match delivery {
        Delivery::Delivered { .. } | Delivery::Underway { .. } | Delivery::Refused { why: Refusal::Semantic, .. } => {
            Sign::Works
        }
        Delivery::Retry { rate: false, .. } | Delivery::InDoubt { .. } => Sign::Fails,
        Delivery::Retry { .. } | Delivery::Refused { .. } | Delivery::Held => Sign::Nothing,
    }
}

/// What follows from an attempt's end. `doubted`: an earlier attempt may have arrived.
fn step(item: &OutboxItem, kind: &EffectKind, delivery: Delivery, doubted: bool, now: Millis) -> Step {
    let again = |asked: Option<Duration>, detail: String| {
        if item.attempts >= ATTEMPTS_MAX {
            return give_up(doubted, format!("put aside after {} attempts: {detail}", item.attempts));
        }
        let at = now + health::pause(&item.idempotency_key, item.attempts).max(asked.map_or(0, millis));
        Step::End(OutboxResult::Retry { at, detail }, None)
    };
    match delivery {
        Delivery::Delivered { detail, answer } => Step::End(OutboxResult::Done { detail }, Some(answer)),
        Delivery::Underway { again, detail } => Step::Follow { taken: true, after: millis(again), detail },
        Delivery::Held => Step::End(OutboxResult::Retry { at: now, detail: "held back by a stop".to_owned() }, None),
        Delivery::Refused { why: Refusal::Auth, detail } => {
            again(Some(Duration::ZERO), format!("not let in: {detail}"))
        }
        Delivery::Refused { detail, .. } => give_up(doubted, detail),
        Delivery::Retry { after, detail, .. } => again(after, detail),
        Delivery::InDoubt { detail } => match kind.promise() {
            Promise::EffectivelyOnce if item.attempts >= ATTEMPTS_MAX => give_up(true, detail),
            Promise::EffectivelyOnce | Promise::Repeatable => again(None, detail),
            Promise::Reconciled => Step::Follow { taken: false, after: adapters::settles_after(kind), detail },
            Promise::NeverTwiceSilently => Step::End(OutboxResult::InDoubt { detail }, None),
        },
    }
}

/// The end without success: failed, unless an earlier attempt may have arrived.
fn give_up(doubted: bool, detail: String) -> Step {
    let result = if doubted {
        OutboxResult::InDoubt { detail: format!("an earlier attempt may have arrived; then: {detail}") }
    } else {
        OutboxResult::Failed { detail }
    };
    Step::End(result, None)
}

fn doubt_key(item: &OutboxItem) -> String {
    format!("effect.doubt.{}", item.id)
}

impl Effects {
    /// What lets an effect in: the secret kept under `effect.<key>`; a webhook is signed with the business's own otherwise.
    fn secret(&self, target: &EffectTarget, business: &Business) -> Result<Option<Vec<u8>>> {
        if let Some(kept) = self.secrets.secret(&format!("effect.{}", target.key)) {
            return Ok(Some(kept.as_bytes().to_vec()));
        }
        match &target.kind {
            EffectKind::Webhook { .. } => keys::webhook_secret(&business.name).map(Some),
            _ => Ok(None),
        }
    }

    /// Names a secret and a target without telling either.
    fn credentials(&self, target: &EffectTarget) -> String {
        let kept = self.secrets.secret(&format!("effect.{}", target.key));
        let declared = serde_json::to_string(target).unwrap_or_default();
        let mut hash = blake3::Hasher::new();
        hash.update(declared.as_bytes());
        hash.update(kept.as_deref().unwrap_or_default().as_bytes());
        hash.finalize().to_hex().to_string()
    }

    /// Whether this effect may be called now, or why not.
    pub(super) fn may_call(&self, target: &EffectTarget) -> std::result::Result<(), String> {
        let credentials = self.credentials(target);
        self.health.lock().may(&target.key, &adapters::provider(target), &credentials, self.clock.now())
    }

    /// Sends one item that was started, and ends it, lets it wait, or follows it.
    pub(super) fn call(
        &self,
        permit: &Permit,
        item: &OutboxItem,
        target: &EffectTarget,
        payload: &Value,
        business: &Business,
        may_leave: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        let sent = match &self.outside {
            // The last look before anything leaves: a stop that was acknowledged meanwhile holds.
            Some(_) if !may_leave() => Sent::from(Delivery::Held),
            Some(outside) => outside.send(permit, target, payload).into(),
            None => {
                let secret = self.secret(target, business)?;
                let around = self.around(item.next_at, secret.as_deref(), may_leave);
                self.runtime.block_on(adapters::send(permit, target, payload, &around))
            }
        };
        let now = self.clock.now();
        self.note(target, &sent, now)?;
        let doubted = self.store.meta(&doubt_key(item))?.is_some();
        if matches!(sent.delivery, Delivery::InDoubt { .. }) && target.kind.promise() == Promise::EffectivelyOnce {
            self.store.put_meta(&doubt_key(item), Some(&json!(true)))?;
        }
        match step(item, &target.kind, sent.delivery, doubted, now) {
            Step::End(result, answer) => self.end(item, result, answer),
            Step::Follow { taken, after, detail } => {
                tracing::debug!(effect = %target.key, %detail, "an effect is looked up");
                let followed = Followed { item: item.clone(), taken, at: now + after, fruitless: 0, detail };
                self.follows.lock().insert(item.id, followed);
                Ok(())
            }
        }
    }

    /// The signature's timestamp is checked by the receiver against its own clock, so `now` is the machine's.
    fn around<'a>(
        &'a self,
        began: Millis,
        secret: Option<&'a [u8]>,
        may_leave: &'a (dyn Fn() -> bool + Sync),
    ) -> Around<'a> {
        Around { folder: &self.folder, secret, now: machine_now(), began, may_leave }
    }

    /// Tells health, and the engine where a breaker changed.
    fn note(&self, target: &EffectTarget, sent: &Sent, now: Millis) -> Result<()> {
        let changed = {
            let mut health = self.health.lock();
            let asked = match &sent.delivery {
                Delivery::Retry { rate: true, after, .. } => after.map(millis),
                _ => None,
            };
            health.limit(&adapters::provider(target), sent.limit, asked, now);
            if let Delivery::Refused { why: Refusal::Auth, detail } = &sent.delivery {
                let refused = self.credentials(target);
                tracing::warn!(effect = %target.key, %detail, "a receiver does not let us in; the effect is held");
                health.hold(&target.key, Hold { refused, until: now + HOLD_MS, detail: detail.clone() });
            }
            health.note(&target.key, sign(&sent.delivery), now)
        };
        match changed {
            Some(open) => self.tell_breaker(&target.key, open),
            None => Ok(()),
        }
    }

    /// Ends an item: the engine first, then the outbox, then what was noted of it.
    pub(super) fn end(&self, item: &OutboxItem, result: OutboxResult, answer: Option<Value>) -> Result<()> {
        let over = !matches!(result, OutboxResult::Retry { .. });
        self.finish(item, result, answer)?;
        if over {
            self.follows.lock().remove(&item.id);
            self.store.put_meta(&doubt_key(item), None)?;
        }
        Ok(())
    }

    /// An attempt of which nothing is known any more: the process ended in the middle of it.
    pub(super) fn resume_doubt(&self, item: &OutboxItem, target: &EffectTarget) -> Result<()> {
        let now = self.clock.now();
        let detail = "the host stopped while it was being sent".to_owned();
        match target.kind.promise() {
            Promise::EffectivelyOnce | Promise::Repeatable => {
                if target.kind.promise() == Promise::EffectivelyOnce {
                    self.store.put_meta(&doubt_key(item), Some(&json!(true)))?;
                }
                self.store.outbox_finish(item.id, OutboxResult::Retry { at: now, detail })
            }
            Promise::Reconciled => {
                let at = now + adapters::settles_after(&target.kind);
                let followed = Followed { item: item.clone(), taken: false, at, fruitless: 0, detail };
                self.follows.lock().insert(item.id, followed);
                Ok(())
            }
            Promise::NeverTwiceSilently => {
                let detail = format!("{detail}; look at the receiver");
                self.finish(item, OutboxResult::InDoubt { detail }, None)
            }
        }
    }

    /// Asks the receiver what became of a call.
    pub(super) fn look_up(
        &self,
        followed: &Followed,
        target: &EffectTarget,
        payload: &Value,
        business: &Business,
    ) -> Result<()> {
        let item = &followed.item;
        let found = if let Some(outside) = &self.outside {
            outside.look_up(&item.idempotency_key, target, payload)
        } else {
            let secret = self.secret(target, business)?;
            let around = self.around(item.next_at, secret.as_deref(), &|| true);
            self.runtime.block_on(adapters::look_up(&item.idempotency_key, target, payload, &around))
        };
        let now = self.clock.now();
        let fruitless = |detail: String| -> Result<()> {
            if followed.fruitless + 1 >= LOOK_UPS_MAX {
                let detail = format!("it was sent, and the receiver does not tell what became of it: {detail}");
                return self.end(item, OutboxResult::InDoubt { detail }, None);
            }
            let at = now + (LOOK_UP_PAUSE_MS << followed.fruitless.min(10));
            let next = Followed { at, fruitless: followed.fruitless + 1, detail, ..followed.clone() };
            self.follows.lock().insert(item.id, next);
            Ok(())
        };
        match found {
            Found::Arrived { detail, answer } => self.end(item, OutboxResult::Done { detail }, Some(answer)),
            Found::Failed { detail, answer } => self.end(item, OutboxResult::Failed { detail }, Some(answer)),
            Found::Underway { again, detail, .. } => {
                let next = Followed { at: now + millis(again), taken: true, fruitless: 0, detail, ..followed.clone() };
                self.follows.lock().insert(item.id, next);
                Ok(())
            }
            Found::Absent if followed.taken => fruitless("it is not to be found".to_owned()),
            Found::Absent => {
                self.follows.lock().remove(&item.id);
                let detail = format!("it did not arrive: {}", followed.detail);
                let result = if item.attempts >= ATTEMPTS_MAX {
                    OutboxResult::Failed { detail: format!("put aside after {} attempts: {detail}", item.attempts) }
                } else {
                    OutboxResult::Retry { at: now + health::pause(&item.idempotency_key, item.attempts), detail }
                };
                self.end(item, result, None)
            }
            Found::Unknown { detail } => fruitless(detail),
        }
    }

    /// What would be sent to a declared effect; nothing leaves.
    pub(super) fn dry_run_of(&self, target: &EffectTarget, payload: &Value, business: &Business) -> Result<DryRun> {
        let secret = self.secret(target, business)?;
        Ok(adapters::dry_run(target, payload, &self.around(self.clock.now(), secret.as_deref(), &|| false)))
    }
}
