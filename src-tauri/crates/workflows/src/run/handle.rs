//! One event, one step: refused whole, or taken whole.

use std::collections::BTreeMap;

use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};

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
            variables.insert(name.clone(), take(name, input, inputs.get(name))?);
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
    /// with its reason and changes nothing. `definition` is the version the run pins (for [`Event::Migrate`] the new one).
    ///
    /// [`Code::Stale`] for another version, [`Code::NotFound`] for a key nothing waits for, [`Code::WrongState`] for what comes
    /// too late or twice.
    pub fn handle(&mut self, definition: &Definition, event: &Event, now: Millis, zone: &Zone) -> Result<Vec<Command>> {
        let _ = (definition, event, now, zone);
        Err(Error::new(Code::WrongState, "the run takes no events yet", ""))
    }
}

fn take(name: &str, input: &Input, given: Option<&Scalar>) -> Result<Scalar> {
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
