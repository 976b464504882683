//! Runs that runs start: started once, told of once, cancelled with who started them.

use epoch_model::{Error, Result};
use epoch_workflows::run::{Parent, State};
use epoch_workflows::{Event, Variables};

use super::open::{Open, read};
use super::perform::tell;
use super::{Beginning, Message, Workflows};

impl Workflows {
    #[expect(clippy::too_many_arguments, reason = "they are the fields of one command")]
    pub(super) fn start_sub(
        &self,
        open: &mut Open,
        id: u64,
        key: &str,
        workflow: &str,
        run: &str,
        inputs: Variables,
        wait: bool,
    ) -> Result<()> {
        if let Some(row) = self.store.run(run)? {
            // It was started before a crash; it may have ended since.
            if !row.open && wait {
                Self::tell_end(open, id, key, &read(&row)?.run);
            }
            return Ok(());
        }
        let by = Self::proposer_of(open, id);
        let parent = open.slots.get(&id).map(|slot| Parent { run: slot.key.to_string(), key: key.to_owned() });
        let (workflow, run) = (workflow.to_owned(), run.to_owned());
        let beginning = Beginning { workflow, run, inputs, by, parent, awaited: wait, mark: None };
        open.queue.push_back(Message::Begin { beginning: Box::new(beginning), reply: None });
        Ok(())
    }

    /// A run could not be started: who waits for it is told.
    pub(super) fn not_started(open: &mut Open, beginning: &Beginning, error: &Error) {
        let Some(parent) = beginning.parent.as_ref().filter(|_| beginning.awaited) else { return };
        let event = Event::SubEnded {
            key: parent.key.clone(),
            state: State::Failed,
            reason: error.message.clone(),
            variables: Variables::new(),
        };
        open.queue.push_back(Message::Event { run: parent.run.clone(), event, by: None, reply: None });
    }

    pub(super) fn cancel_sub(&self, open: &mut Open, id: u64, key: &str, run: &str, reason: &str) -> Result<()> {
        match self.store.run(run)? {
            Some(row) if row.open => {
                let event = Event::Cancel { reason: reason.to_owned() };
                open.queue.push_back(Message::Event { run: run.to_owned(), event, by: None, reply: None });
            }
            Some(row) => Self::tell_end(open, id, key, &read(&row)?.run),
            None => {
                let (key, reason) = (key.to_owned(), "it was never started".to_owned());
                let event = Event::SubEnded { key, state: State::Cancelled, reason, variables: Variables::new() };
                tell(open, id, event);
            }
        }
        Ok(())
    }

    /// A run has ended: the one that started it is told.
    pub(super) fn tell_parent(open: &mut Open, id: u64) {
        let Some(warm) = open.slots.get(&id).and_then(|slot| slot.warm.as_ref()) else { return };
        let run = warm.run.clone();
        let Some(parent) = run.parent.clone() else { return };
        if let Some(id) = open.id_of(&parent.run) {
            Self::tell_end(open, id, &parent.key, &run);
        }
    }

    fn tell_end(open: &mut Open, id: u64, key: &str, run: &epoch_workflows::Run) {
        let reason = run.ended.as_ref().map(|ended| ended.reason.clone()).unwrap_or_default();
        let (key, state, variables) = (key.to_owned(), run.state, run.variables.clone());
        tell(open, id, Event::SubEnded { key, state, reason, variables });
    }
}
