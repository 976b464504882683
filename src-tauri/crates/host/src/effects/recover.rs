//! After a crash: what was being sent when the process ended, put right by what is known of it.

use epoch_model::Result;
use epoch_model::decision::{Act, State};
use epoch_store::{OutboxItem, OutboxResult, OutboxState};

use super::Effects;

impl Effects {
    /// A lever's value is committed together with its result, so the store knows; a call goes on by its promise.
    pub(crate) fn reconcile(&self) -> Result<()> {
        for item in self.store.outbox(Some(OutboxState::InDoubt), 1000)? {
            let again = || OutboxResult::Retry { at: self.clock.now(), detail: "not done before the restart".into() };
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
                    let done = OutboxResult::Done { detail: "found done after a restart".into() };
                    self.store.outbox_finish(item.id, if open { again() } else { done })?;
                }
                // Nothing outside depends on it.
                Act::Choose { .. } | Act::StartWorkflow { .. } | Act::EditWorkflow { .. } => {
                    self.store.outbox_finish(item.id, again())?;
                }
                Act::Call { effect, .. } => self.recover_call(&item, effect)?,
            }
        }
        Ok(())
    }

    fn recover_call(&self, item: &OutboxItem, effect: &str) -> Result<()> {
        match self.store.decision(&item.decision)?.map(|d| d.state) {
            Some(State::Executing) => {
                let business = self.config.read().business.clone();
                if let Some(target) = business.effects.iter().find(|e| e.key == effect) {
                    return self.resume_doubt(item, target);
                }
                let detail = format!("it was being sent, and “{effect}” is not declared any more");
                self.finish(item, OutboxResult::InDoubt { detail }, None)
            }
            Some(State::InDoubt) | None => Ok(()),
            // Its result was journaled; only the outbox had not heard of it.
            Some(State::Failed) => {
                let detail = "had failed before the restart".to_owned();
                self.store.outbox_finish(item.id, OutboxResult::Failed { detail })
            }
            Some(_) => {
                let detail = "had been answered before the restart".to_owned();
                self.store.outbox_finish(item.id, OutboxResult::Done { detail })
            }
        }
    }
}
