//! One event, one step: refused whole, or taken whole.

use std::collections::BTreeMap;

use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};

use super::turn::Turn;
use super::{Command, Counters, Event, Parent, Run, State};
use crate::definition::{Definition, Input, InputKind};
use crate::scalar::{Scalar, Variables};

impl Run {
    /// A run that has not taken a step yet: [`Event::Start`], or the clock, gives it the first. [`Code::InvalidArgument`] when
    /// an input is missing, unknown or of another kind.
    pub fn start(
        definition: &Definition,
        id: impl Into<String>,
        inputs: &Variables,
        started_at: Millis,
        parent: Option<Parent>,
    ) -> Result<Self> {
        let mut variables = Variables::new();
        for (name, input) in &definition.inputs {
            variables.insert(name.clone(), input_value(name, input, inputs.get(name))?);
        }
        if let Some(name) = inputs.keys().find(|name| !definition.inputs.contains_key(*name)) {
            let known: Vec<&str> = definition.inputs.keys().map(String::as_str).collect();
            return Err(Error::new(
                Code::InvalidArgument,
                format!("{} has no input “{name}”", definition.key),
                if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) },
            ));
        }
        Ok(Self {
            id: id.into(),
            workflow: definition.key.clone(),
            version: definition.version,
            state: State::Running,
            tokens: Vec::new(),
            variables,
            done: Vec::new(),
            settling: Vec::new(),
            undoing: None,
            counters: Counters::default(),
            visits: BTreeMap::new(),
            echoes: BTreeMap::new(),
            signals: Vec::new(),
            started_at,
            lives_until: started_at.saturating_add(definition.ceilings.lives_ms),
            parent,
            ending: None,
            ended: None,
        })
    }

    /// Takes one event: moves the run and says what the host has to do. An event that is unknown, late or doubled is refused
    /// with its reason and changes nothing; so does the clock before [`Run::due`], without a word. `definition` is the version
    /// the run pins (for [`Event::Migrate`] the new one).
    ///
    /// [`Code::Stale`] for another version, [`Code::NotFound`] for a key nothing ever waited for, [`Code::WrongState`] for what
    /// comes too late or twice, [`Code::InvalidArgument`] for what does not fit the wait.
    pub fn handle(&mut self, definition: &Definition, event: &Event, now: Millis, zone: &Zone) -> Result<Vec<Command>> {
        let pinned = definition.version == self.version || matches!(event, Event::Migrate { .. });
        if definition.key != self.workflow || !pinned {
            return Err(Error::new(
                Code::Stale,
                format!("the run is of {} version {}", self.workflow, self.version),
                "hand in the definition it pins, or migrate it",
            ));
        }
        if matches!(event, Event::Timer) && self.due().is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let mut moved = self.clone();
        let mut turn = Turn::new(&mut moved, definition, now, zone);
        turn.take(event)?;
        turn.drive_if_live();
        let commands = turn.commands;
        if matches!(moved.state, State::Running | State::Waiting) {
            let works = moved.tokens.iter().filter_map(|token| token.wait.as_ref()).any(|wait| wait.on.is_work());
            moved.state = if works { State::Running } else { State::Waiting };
        }
        moved.counters.events += 1;
        *self = moved;
        Ok(commands)
    }
}

impl Turn<'_> {
    fn take(&mut self, event: &Event) -> Result<()> {
        let started = self.run.counters.events > 0;
        let ended = |what: &str| Err(Error::new(Code::WrongState, what, "nothing was changed"));
        match event {
            Event::Start | Event::Timer if !started => {
                let start = self.definition.start.clone();
                self.place(&start, Vec::new());
                return Ok(());
            }
            Event::Start => return ended("the run has started already"),
            Event::Timer => {
                self.wake();
                return Ok(());
            }
            Event::Cancel { reason } => {
                return match self.run.state {
                    State::Running | State::Waiting | State::Quarantined => {
                        self.begin_ending(State::Cancelled, reason);
                        Ok(())
                    }
                    State::Compensating => ended("the run is being undone already"),
                    _ => ended("the run has ended"),
                };
            }
            _ => {}
        }
        if !started {
            return ended("the run has not started yet");
        }
        // A quarantined run still takes the answers to what it had out, so that cancelling undoes the right things.
        if self.run.state.is_terminal() && self.run.state != State::Quarantined {
            return ended("the run has ended");
        }
        match event {
            Event::Answered { key, attempt, answer } => self.answered(key, *attempt, answer),
            Event::Measured { key, value, before } => self.measured(key, *value, *before),
            Event::SubEnded { key, state, reason, variables } => self.sub_ended(key, *state, reason, variables),
            Event::Signal { id, name, key, payload } => self.signalled(id, name, key.as_deref(), payload),
            Event::Migrate { nodes } => self.migrate(nodes),
            Event::Start | Event::Timer | Event::Cancel { .. } => Ok(()),
        }
    }

    fn drive_if_live(&mut self) {
        if self.is_live() {
            self.drive();
        }
    }
}

fn input_value(name: &str, input: &Input, given: Option<&Scalar>) -> Result<Scalar> {
    let value = given.filter(|value| **value != Scalar::Null).or(input.default.as_ref());
    let Some(value) = value else {
        return Err(Error::new(Code::InvalidArgument, format!("the input “{name}” is missing"), input.about.clone()));
    };
    let fits = matches!(
        (input.kind, value),
        (InputKind::Text, Scalar::Text(_))
            | (InputKind::Number, Scalar::Number(_))
            | (InputKind::Boolean, Scalar::Bool(_))
    );
    if fits {
        return Ok(value.clone());
    }
    let wanted = match input.kind {
        InputKind::Text => "text",
        InputKind::Number => "a number",
        InputKind::Boolean => "true or false",
    };
    Err(Error::new(Code::InvalidArgument, format!("the input “{name}” should be {wanted}"), input.about.clone()))
}
