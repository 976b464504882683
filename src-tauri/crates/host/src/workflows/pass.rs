//! A pass: messages and what is due become steps, steps of many runs one transaction, and what they asked for is performed.
//!
//! While one group of steps is on its way to the disk, the next one is computed.

use std::sync::atomic::Ordering;

use epoch_model::journal::RowKind;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use epoch_store::{Entry, OpenRun, Pending, RunRow, RunWrite};
use epoch_workflows::run::State;
use epoch_workflows::{Command, Definition, Event, Run};
use serde_json::{Value, json};

use super::open::{Open, Warm, read};
use super::{Beginning, Message, Reply, Workflows, answers, proposer};
use crate::order::Flight;

/// Steps of one transaction.
const GROUP: usize = 512;
/// Groups of one pass, so that whoever waits for it is answered; what is left is the next pass's.
const ROUNDS_MAX: usize = 10_000;

/// A step that is to be committed.
pub(super) struct Step {
    id: u64,
    entry: Entry,
    commands: Vec<Command>,
    warm: Warm,
    due: Option<Millis>,
    /// Nothing more comes of it.
    ended: bool,
    /// What to handle again should it not be written.
    message: Message,
}

/// A group on its way to the disk.
struct Group {
    pending: Pending,
    first: u64,
    steps: Vec<Written>,
}

struct Written {
    id: u64,
    commands: Vec<Command>,
    due: Option<Millis>,
    ended: bool,
    message: Message,
}

/// A run's first step: its number, what is written, what it asks for, and the run.
type Begun = (u64, Entry, Vec<Command>, Warm);

impl Workflows {
    /// Works until nothing is left that can be done now. Answers how many steps were committed.
    pub(crate) fn pass(&self) -> Result<usize> {
        let mut open = self.open.lock();
        let mut done = 0;
        let mut flying: Option<Group> = None;
        self.resume(&mut open)?;
        for _ in 0..ROUNDS_MAX {
            self.ear.take(&mut open.queue);
            self.wake(&mut open);
            let woken = self.steps(&mut open);
            let steps = match woken {
                Ok(steps) => steps,
                Err(e) => {
                    if let Some(group) = flying.take() {
                        self.land(&mut open, group)?;
                    }
                    return Err(e);
                }
            };
            if steps.is_empty() {
                let Some(group) = flying.take() else { break };
                done += self.land(&mut open, group)?;
                continue;
            }
            let next = self.launch(&mut open, steps);
            if let Some(group) = flying.take() {
                done += self.land(&mut open, group)?;
            }
            flying = Some(next?);
        }
        if let Some(group) = flying {
            done += self.land(&mut open, group)?;
        }
        open.tidy();
        Ok(done)
    }

    /// What was held back by a stop, and what a crash interrupted.
    fn resume(&self, open: &mut Open) -> Result<()> {
        if !self.running() {
            return Ok(());
        }
        let held = std::mem::take(&mut open.held);
        self.perform(open, held)?;
        while let Some(id) = open.again.pop_front() {
            let asked = open.warm(&self.store, id)?.asked.clone();
            self.perform(open, asked.into_iter().map(|command| (id, command)).collect())?;
            open.tidy();
        }
        Ok(())
    }

    /// Messages from the clock. While everything is stopped, timers wait.
    fn wake(&self, open: &mut Open) {
        if !self.running() {
            return;
        }
        let now = self.clock.now();
        self.wake_schedule(open, now);
        let room = GROUP.saturating_sub(open.queue.len());
        for id in open.take_due(now, room) {
            let Some(slot) = open.slots.get(&id) else { continue };
            let (run, busy) = (slot.key.to_string(), slot.busy);
            if busy {
                // It is put down again with its next due once it has landed.
                continue;
            }
            open.queue.push_back(Message::Event { run, event: Event::Timer, by: None, reply: None });
        }
    }

    /// The next group: at most one step per run.
    fn steps(&self, open: &mut Open) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let mut later = Vec::new();
        let (now, zone) = (self.clock.now(), self.zone());
        while steps.len() < GROUP {
            let Some(message) = open.queue.pop_front() else { break };
            match message {
                Message::Event { run, event, by, reply } => {
                    let id = self.find(open, &run, &event);
                    let id = match id {
                        Ok(id) => id,
                        Err(e) => {
                            refuse(reply.as_ref(), &e);
                            continue;
                        }
                    };
                    if open.slots.get(&id).is_some_and(|slot| slot.busy) {
                        later.push(Message::Event { run, event, by, reply });
                        continue;
                    }
                    match self.step(open, id, &event, by.as_deref(), now, &zone) {
                        Ok(Some((entry, commands, warm))) => {
                            let message = Message::Event { run, event, by, reply };
                            steps.push(Self::stepped(open, id, entry, commands, warm, message));
                        }
                        Ok(None) => {
                            if let Some(reply) = reply {
                                let _ = reply.send(Ok(()));
                            }
                        }
                        Err(e) => {
                            tracing::debug!(%run, error = %e, "a run refused what came for it");
                            refuse(reply.as_ref(), &e);
                        }
                    }
                }
                Message::Begin { beginning, reply } => match self.start(open, &beginning, now, &zone) {
                    Ok(Some((id, entry, commands, warm))) => {
                        let message = Message::Begin { beginning, reply };
                        steps.push(Self::stepped(open, id, entry, commands, warm, message));
                    }
                    Ok(None) => {
                        if let Some(reply) = reply {
                            let _ = reply.send(Ok(()));
                        }
                    }
                    Err(e) => {
                        Self::not_started(open, &beginning, &e);
                        if reply.is_none() {
                            tracing::warn!(workflow = %beginning.workflow, error = %e, "a run was not started");
                        }
                        refuse(reply.as_ref(), &e);
                    }
                },
                Message::Decided(decision) => {
                    if let Some(message) = self.answer_of(&decision)? {
                        open.queue.push_front(message);
                    }
                }
                Message::Experiment(experiment) => self.experiment_moved(open, &experiment),
                Message::Found(insight) => self.found(open, &insight),
                Message::Became(decision) => self.became(open, &decision),
            }
        }
        for message in later.into_iter().rev() {
            open.queue.push_front(message);
        }
        Ok(steps)
    }

    /// The number of a run. One that is set aside is taken in again when something comes that moves it.
    fn find(&self, open: &mut Open, key: &str, event: &Event) -> Result<u64> {
        if let Some(id) = open.id_of(key) {
            return Ok(id);
        }
        let missing = || Error::new(Code::NotFound, format!("there is no run {key}"), "list the runs");
        let row = self.store.run(key)?.ok_or_else(missing)?;
        let aside = row.state == word(State::Quarantined);
        if !aside || matches!(event, Event::Timer) {
            return Err(Error::new(Code::WrongState, format!("the run {key} has ended"), "start another one"));
        }
        let (id, key, workflow, version) = (row.id, row.key.clone(), row.workflow.clone(), row.version);
        open.insert(&OpenRun { id, key, workflow, version, due: None, asked: None });
        open.put(id, read(&row)?);
        Ok(id)
    }

    /// One event: the run as it is then, and the entry that says so. `None` when it changes nothing.
    fn step(
        &self,
        open: &mut Open,
        id: u64,
        event: &Event,
        by: Option<&str>,
        now: Millis,
        zone: &Zone,
    ) -> Result<Option<(Entry, Vec<Command>, Warm)>> {
        let before = open.warm(&self.store, id)?;
        if matches!(event, Event::Timer) && before.run.due().is_none_or(|due| due > now) {
            let due = before.run.due();
            open.due_at(id, due);
            return Ok(None);
        }
        let definition = self.definition_for(&before.run, event)?;
        let mut warm = before.clone();
        let was = warm.run.state;
        let commands = warm.run.handle(&definition, event, now, zone)?;
        self.account(&definition, event, now, zone);
        asked_after(&mut warm.asked, event, &commands);
        let workflow = proposer(&warm.run.workflow);
        let mut entry = Self::entry(&warm, event, &commands, by.unwrap_or(&workflow), now)?;
        entry.runs.push(Self::row(id, &warm, now)?);
        let ended = warm.run.state.is_terminal();
        if ended {
            entry.runs.push(RunWrite::Ended { id });
        } else if was.is_terminal() {
            entry.runs.push(RunWrite::Reopened { id });
        }
        if matches!(event, Event::Migrate { .. }) {
            entry.runs.push(RunWrite::Version { id, version: warm.run.version });
        }
        self.book_calls(&mut entry, &definition, now, zone);
        Ok(Some((entry, commands, warm)))
    }

    fn definition_for(&self, run: &Run, event: &Event) -> Result<std::sync::Arc<Definition>> {
        let book = self.book.read();
        let published = match event {
            Event::Migrate { .. } => book.newest(&run.workflow),
            _ => book.version(&run.workflow, run.version),
        };
        published.map(|p| p.definition.clone()).ok_or_else(|| {
            Error::new(
                Code::NotFound,
                format!("version {} of the workflow {} is not known", run.version, run.workflow),
                "restore a backup that has it",
            )
        })
    }

    /// Starts a run. `None` when the one with this id is there.
    fn start(&self, open: &Open, beginning: &Beginning, now: Millis, zone: &Zone) -> Result<Option<Begun>> {
        if open.id_of(&beginning.run).is_some() || self.store.run(&beginning.run)?.is_some() {
            return Ok(None);
        }
        let key = &beginning.workflow;
        let definition = {
            let book = self.book.read();
            let missing = || Error::new(Code::NotFound, format!("there is no workflow “{key}”"), "list the workflows");
            let newest = book.newest(key).ok_or_else(missing)?;
            if !book.in_force.contains(key) {
                let message = format!("the file of the workflow “{key}” is gone");
                return Err(Error::new(Code::WrongState, message, "put it back, or publish it again"));
            }
            newest.definition.clone()
        };
        let (inputs, parent) = (&beginning.inputs, beginning.parent.clone());
        let mut run = Run::start(&definition, &beginning.run, inputs, now, parent)?;
        self.ledger.lock().admit_run(&definition, now, zone)?;
        let commands = run.handle(&definition, &Event::Start, now, zone)?;
        let mut warm = Warm { run, asked: Vec::new(), step: 0 };
        asked_after(&mut warm.asked, &Event::Start, &commands);
        let mut entry = Self::entry(&warm, &Event::Start, &commands, &beginning.by, now)?;
        if let Some(body) = entry.body.as_object_mut() {
            body.insert("inputs".into(), to_json(inputs)?);
            body.insert("workflow".into(), json!(definition.key));
            body.insert("parent".into(), to_json(&beginning.parent)?);
        }
        let id = self.new_id();
        let ended = warm.run.state.is_terminal();
        entry.runs.push(RunWrite::New(Box::new(RunRow {
            id,
            key: warm.run.id.clone(),
            workflow: warm.run.workflow.clone(),
            version: warm.run.version,
            open: !ended,
            state: word(warm.run.state),
            due: warm.run.due(),
            step: 0,
            started_at: now,
            updated_at: now,
            parent: beginning.parent.as_ref().map(|parent| parent.run.clone()),
            asked: asked_text(&warm.asked)?,
            body: text(&warm.run)?,
        })));
        entry.workflow_mark.clone_from(&beginning.mark);
        self.book_calls(&mut entry, &definition, now, zone);
        Ok(Some((id, entry, commands, warm)))
    }

    /// Takes the step into memory as one that is on its way.
    fn stepped(open: &mut Open, id: u64, entry: Entry, commands: Vec<Command>, warm: Warm, message: Message) -> Step {
        if !open.slots.contains_key(&id) {
            let run = &warm.run;
            let (key, workflow) = (run.id.clone(), run.workflow.clone());
            open.insert(&OpenRun { id, key, workflow, version: run.version, due: None, asked: None });
        }
        if let Some(slot) = open.slots.get_mut(&id) {
            slot.busy = true;
        }
        let (due, ended) = (warm.run.due(), warm.run.state.is_terminal());
        Step { id, entry, commands, warm, due, ended, message }
    }

    /// The journal's entry of a step: what came, and what the run did.
    fn entry(warm: &Warm, event: &Event, commands: &[Command], by: &str, now: Millis) -> Result<Entry> {
        let run = &warm.run;
        let did: Vec<String> = commands.iter().map(answers::words).collect();
        let mut body = json!({
            "type": "run",
            "run": run.id,
            "version": run.version,
            "event": to_json(event)?,
            "state": run.state,
            "at": run.tokens.iter().map(|token| token.node.as_str()).collect::<Vec<_>>(),
            "before": warm.step,
        });
        if let (Some(map), false) = (body.as_object_mut(), did.is_empty()) {
            map.insert("did".into(), json!(did));
        }
        Ok(Entry::new(now, RowKind::Host, by, body))
    }

    fn row(id: u64, warm: &Warm, now: Millis) -> Result<RunWrite> {
        Ok(RunWrite::Step {
            id,
            state: word(warm.run.state),
            due: warm.run.due(),
            updated_at: now,
            asked: asked_text(&warm.asked)?,
            body: text(&warm.run)?,
        })
    }

    /// Hands a group over to be written.
    fn launch(&self, open: &mut Open, steps: Vec<Step>) -> Result<Group> {
        let (mut entries, mut written) = (Vec::with_capacity(steps.len()), Vec::with_capacity(steps.len()));
        for Step { id, entry, commands, warm, due, ended, message } in steps {
            open.put(id, warm);
            entries.push(entry);
            written.push(Written { id, commands, due, ended, message });
        }
        match self.engine.order().send(&self.store, entries) {
            Ok(Flight { pending, first }) => Ok(Group { pending, first, steps: written }),
            Err(e) => {
                self.take_back(open, written, &e);
                Err(e)
            }
        }
    }

    /// Waits for a group's commit, then performs what it asked for.
    fn land(&self, open: &mut Open, group: Group) -> Result<usize> {
        let Group { pending, first, steps } = group;
        if let Err(e) = pending.wait() {
            self.take_back(open, steps, &e);
            self.engine.order().settle(&self.store)?;
            return Err(e);
        }
        let done = steps.len();
        let mut commands = Vec::new();
        for (seq, step) in (first..).zip(steps) {
            if let Some(slot) = open.slots.get_mut(&step.id) {
                slot.busy = false;
                if let Some(warm) = &mut slot.warm {
                    warm.step = seq;
                }
            }
            open.due_at(step.id, step.due);
            if step.ended {
                Self::tell_parent(open, step.id);
            }
            let (Message::Event { reply, .. } | Message::Begin { reply, .. }) = step.message else { continue };
            if let Some(reply) = reply {
                let _ = reply.send(Ok(()));
            }
            commands.extend(step.commands.into_iter().map(|command| (step.id, command)));
            if step.ended {
                open.remove(step.id);
            }
        }
        self.perform(open, commands)?;
        Ok(done)
    }

    /// Nothing of the group was written: memory goes back to what is on disk, and what came is handled again.
    fn take_back(&self, open: &mut Open, steps: Vec<Written>, error: &Error) {
        for step in steps.into_iter().rev() {
            open.cool(step.id);
            let known = matches!(self.store.run_by_id(step.id), Ok(Some(_)));
            if !known {
                open.remove(step.id);
            }
            match step.message {
                Message::Event { reply: Some(reply), .. } | Message::Begin { reply: Some(reply), .. } => {
                    let _ = reply.send(Err(error.clone()));
                }
                message => open.queue.push_front(message),
            }
        }
    }

    /// Keeps the ledger of the day with the step, where the step calls something.
    fn book_calls(&self, entry: &mut Entry, definition: &Definition, now: Millis, zone: &Zone) {
        let day = self.ledger.lock().day(&definition.key, now, zone);
        let starts = matches!(entry.runs.first(), Some(RunWrite::New(_)));
        if starts || entry.body.get("did").is_some() {
            let body = serde_json::to_string(&day).unwrap_or_default();
            entry.workflow_days.push((definition.key.clone(), body));
        }
    }

    /// The number runs are given from.
    pub(super) fn numbered_from(&self, next: u64) {
        self.next_id.store(next, Ordering::Relaxed);
    }
}

fn refuse(reply: Option<&Reply>, error: &Error) {
    if let Some(reply) = reply {
        let _ = reply.send(Err(error.clone()));
    }
}

/// What a run has asked for after a step: answered is taken out, asked is put in.
fn asked_after(asked: &mut Vec<Command>, event: &Event, commands: &[Command]) {
    if let Event::Answered { key, .. } | Event::Measured { key, .. } | Event::SubEnded { key, .. } = event {
        asked.retain(|command| answers::key_of(command) != Some(key));
    }
    for command in commands {
        if let Some(key) = answers::key_of(command) {
            asked.retain(|known| answers::key_of(known) != Some(key));
        }
        if answers::is_answered(command) {
            asked.push(command.clone());
        }
    }
    if let Some(Command::Ended { .. }) = commands.last() {
        asked.retain(|command| matches!(command, Command::Propose { .. }));
    }
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(unwritable)
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(unwritable)
}

fn unwritable(e: serde_json::Error) -> Error {
    Error::new(Code::Internal, format!("a run cannot be written: {e}"), "report this")
}

fn asked_text(asked: &[Command]) -> Result<Option<String>> {
    if asked.is_empty() { Ok(None) } else { text(&asked).map(Some) }
}

/// A state as its column holds it.
pub(super) fn word(state: State) -> String {
    serde_json::to_value(state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
