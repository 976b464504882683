//! What comes back: answers, measurements, signals, ends of other runs. Each names the wait it is for.

use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};

use super::key::{call_key, undo_key};
use super::turn::Turn;
use super::{Answer, Command, Done, Request, SIGNALS_MAX, Settling, State, Undo, Wait, WaitOn};
use crate::definition::{Call, Node, Step};
use crate::flow::ways;
use crate::scalar::{Scalar, Variables, part};

fn too_late(message: impl Into<String>) -> Error {
    Error::new(Code::WrongState, message, "nothing was changed; look at the run before sending it again")
}

impl Turn<'_> {
    /// The token and the wait a key names.
    fn waiting(&self, key: &str) -> Option<(u32, &Wait)> {
        self.run.tokens.iter().find_map(|token| {
            let wait = token.wait.as_ref().filter(|wait| wait.key == key)?;
            Some((token.id, wait))
        })
    }

    /// Why a key that nothing waits for is refused: it was this run's once, or it never was.
    fn refuse(&self, key: &str) -> Error {
        let own = |node: &str, visits: u32| {
            (1..=visits).any(|visit| {
                let call = call_key(&self.run.id, node, visit);
                undo_key(&call) == key || call == key
            })
        };
        if self.run.visits.iter().any(|(node, visits)| own(node, *visits)) {
            return too_late("the run no longer waits for this: it was answered, timed out or withdrawn");
        }
        Error::new(Code::NotFound, format!("the run knows nothing of the key {key}"), "check which run it is for")
    }

    /// What became of a call, a question or an experiment.
    pub fn answered(&mut self, key: &str, attempt: u32, answer: &Answer) -> Result<()> {
        if let Some(undoing) = self.run.undoing.as_ref().filter(|undoing| undoing.key == key) {
            if undoing.attempt != attempt || undoing.due.is_some() {
                return Err(too_late("the answer to this attempt was taken already"));
            }
            self.undone(answer);
            return Ok(());
        }
        if let Some(at) = self.run.settling.iter().position(|s| s.key == key && s.attempt == attempt) {
            if matches!(self.run.settling[at].on, WaitOn::Child { .. }) {
                return Err(wrong_kind());
            }
            let settling = self.run.settling.remove(at);
            self.settled(&settling, answer);
            return Ok(());
        }
        let Some((id, wait)) = self.waiting(key) else { return Err(self.refuse(key)) };
        if wait.on == WaitOn::Pause || wait.attempt != attempt {
            return Err(too_late("the answer to this attempt was taken already"));
        }
        let (on, request) = (wait.on.clone(), wait.request.clone());
        let Some(node) = self.token(id).and_then(|token| self.node(&token.node)) else {
            return Err(Error::new(
                Code::Stale,
                "the definition lacks the node it is at",
                "hand in the version it pins",
            ));
        };
        match on {
            WaitOn::Founder => self.chosen(id, node, answer),
            WaitOn::Call | WaitOn::Verdict => {
                self.call_answered(id, node, on == WaitOn::Verdict, request.as_ref(), answer);
                Ok(())
            }
            _ => Err(wrong_kind()),
        }
    }

    fn call_answered(&mut self, id: u32, node: &Node, verdict: bool, request: Option<&Request>, answer: &Answer) {
        match answer {
            Answer::Done { value, cost_minor } => {
                if verdict {
                    self.outside();
                }
                self.store(node, value);
                self.record(id, node, request, value);
                // It is answered: should a ceiling be reached now, there is nothing to withdraw.
                if let Some(token) = self.token_mut(id) {
                    token.wait = None;
                }
                self.spend(*cost_minor);
                if self.is_live() {
                    self.go(id, &node.next);
                }
            }
            Answer::Failed { reason, again } => self.failed_attempt(id, node, reason, *again),
            Answer::Refused { reason } => self.fail(id, reason),
            Answer::Silence => self.fail(id, "nobody answered in time"),
            Answer::Withdrawn => self.fail(id, "it was withdrawn"),
        }
    }

    fn failed_attempt(&mut self, id: u32, node: &Node, reason: &str, again: bool) {
        let now = self.now;
        let Some(wait) = self.token_mut(id).and_then(|token| token.wait.as_mut()) else { return };
        let retry = node.retry.filter(|retry| again && wait.on == WaitOn::Call && wait.attempt < retry.attempts);
        let Some(retry) = retry else { return self.fail(id, reason) };
        let pause = retry.pause_ms(&wait.key, wait.attempt);
        wait.attempt += 1;
        wait.on = WaitOn::Pause;
        wait.due = Some(now.saturating_add(pause));
        let text = format!("{reason}; attempt {} of {} follows", wait.attempt, retry.attempts);
        self.note(Some(&node.key), text);
    }

    /// The founder chose, or nobody did.
    pub fn chosen(&mut self, id: u32, node: &Node, answer: &Answer) -> Result<()> {
        let Step::Decision { options, silence, .. } = &node.step else { return Err(wrong_kind()) };
        let choice = match answer {
            Answer::Done { value, .. } => {
                let named = value.as_str().or_else(|| value.get("choice").and_then(Value::as_str)).unwrap_or_default();
                let Some(option) = options.iter().find(|option| option.key == named) else {
                    let keys: Vec<&str> = options.iter().map(|option| option.key.as_str()).collect();
                    return Err(Error::new(
                        Code::InvalidArgument,
                        format!("“{named}” is not among the options"),
                        format!("choose one of {}", keys.join(", ")),
                    ));
                };
                self.outside();
                option
            }
            Answer::Failed { reason, .. } => {
                self.fail(id, reason);
                return Ok(());
            }
            Answer::Silence | Answer::Refused { .. } | Answer::Withdrawn => {
                let Some(option) = options.iter().find(|option| option.key == *silence) else {
                    self.fail(id, "nobody answered, and the safe option is not among the options");
                    return Ok(());
                };
                self.note(Some(&node.key), format!("nobody chose; the safe option “{}” was taken", option.title));
                option
            }
        };
        self.store(node, &json!({ "choice": choice.key, "title": choice.title }));
        let ways = ways(node, &choice.next).to_vec();
        self.go(id, &ways);
        Ok(())
    }

    /// A metric was read.
    pub fn measured(&mut self, key: &str, value: Option<f64>, before: Option<f64>) -> Result<()> {
        let Some((id, wait)) = self.waiting(key) else { return Err(self.refuse(key)) };
        if wait.on != WaitOn::Measure {
            return Err(wrong_kind());
        }
        let change = value.zip(before).filter(|(_, b)| *b != 0.0).map(|(v, b)| (v - b) / b.abs());
        let json = |n: Option<f64>| n.map_or(Value::Null, |n| Scalar::number(n).to_json());
        let result = json!({ "value": json(value), "before": json(before), "change": json(change) });
        self.go_on(id, &result)
    }

    /// Somebody sent a signal.
    pub fn signalled(&mut self, signal: &str, name: &str, key: Option<&str>, payload: &Value) -> Result<()> {
        if self.run.signals.iter().any(|known| known == signal) {
            return Err(too_late(format!("the signal {signal} was taken already")));
        }
        let fits: Vec<(u32, &str)> = self
            .run
            .tokens
            .iter()
            .filter_map(|token| Some((token.id, token.wait.as_ref()?)))
            .filter(|(_, wait)| matches!(&wait.on, WaitOn::Signal { name: wanted } if wanted == name))
            .map(|(id, wait)| (id, wait.key.as_str()))
            .filter(|(_, own)| key.is_none_or(|key| key == *own))
            .collect();
        let id = match fits.as_slice() {
            [] => return Err(too_late(format!("the run does not wait for the signal “{name}”"))),
            [(id, _)] => *id,
            several => {
                let keys: Vec<&str> = several.iter().map(|(_, key)| *key).collect();
                return Err(Error::new(
                    Code::InvalidArgument,
                    format!("{} steps of the run wait for the signal “{name}”", several.len()),
                    format!("say which by its key: {}", keys.join(", ")),
                ));
            }
        };
        self.run.signals.push(signal.to_owned());
        if self.run.signals.len() > SIGNALS_MAX {
            self.run.signals.remove(0);
        }
        self.outside();
        self.go_on(id, payload)
    }

    /// A run that this one started has ended.
    pub fn sub_ended(&mut self, key: &str, state: State, reason: &str, variables: &Variables) -> Result<()> {
        if !state.is_terminal() {
            return Err(Error::new(Code::InvalidArgument, "the other run has not ended", "tell it when it has"));
        }
        let result: Value = variables.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
        let settling = self.run.settling.iter().position(|s| s.key == key && matches!(s.on, WaitOn::Child { .. }));
        if let Some(at) = settling {
            let settling = self.run.settling.remove(at);
            match state {
                State::Succeeded => {
                    self.settled(&settling, &Answer::Done { value: result, cost_minor: 0 });
                }
                State::Failed | State::Quarantined => self.unsettled(&settling),
                _ => self.settled(&settling, &Answer::Withdrawn),
            }
            return Ok(());
        }
        let Some((id, wait)) = self.waiting(key) else { return Err(self.refuse(key)) };
        if !matches!(wait.on, WaitOn::Child { .. }) {
            return Err(wrong_kind());
        }
        self.outside();
        if state == State::Succeeded {
            let Some(node) = self.token(id).and_then(|token| self.node(&token.node)) else { return Err(wrong_kind()) };
            self.store(node, &result);
            self.record(id, node, None, &result);
            self.go(id, &node.next);
        } else {
            self.fail(id, &format!("the workflow it started did not succeed: {reason}"));
        }
        Ok(())
    }

    fn go_on(&mut self, id: u32, result: &Value) -> Result<()> {
        let Some(node) = self.token(id).and_then(|token| self.node(&token.node)) else { return Err(wrong_kind()) };
        self.store(node, result);
        self.go(id, &node.next);
        Ok(())
    }

    /// The withdrawn call has been answered: if it took place all the same, it is to be undone like the others.
    fn settled(&mut self, settling: &Settling, answer: &Answer) {
        if let Answer::Done { value, cost_minor } = answer {
            self.run.counters.spent_minor = self.run.counters.spent_minor.saturating_add(*cost_minor);
            if let Some(node) = self.node(&settling.node) {
                let mut variables = self.run.variables.clone();
                take_over(node, value, &mut variables);
                let (key, visit) = (settling.key.clone(), settling.visit);
                self.push_done(node, key, visit, settling.request.as_ref(), value, &variables);
            }
        }
        if self.run.state == State::Compensating {
            self.undo_next();
        }
    }

    fn store(&mut self, node: &Node, result: &Value) {
        take_over(node, result, &mut self.run.variables);
    }

    /// Keeps what is to be undone should the run fail.
    fn record(&mut self, id: u32, node: &Node, request: Option<&Request>, result: &Value) {
        let Some(visit) = self.token(id).map(|token| token.visit) else { return };
        let key = call_key(&self.run.id, &node.key, visit);
        let key = self.token(id).and_then(|token| token.wait.as_ref()).map_or(key, |wait| wait.key.clone());
        let variables = self.run.variables.clone();
        self.push_done(node, key, visit, request, result, &variables);
    }

    fn push_done(
        &mut self,
        node: &Node,
        key: String,
        visit: u32,
        request: Option<&Request>,
        result: &Value,
        variables: &Variables,
    ) {
        let Some(call) = &node.undo else { return };
        let undo = match undo_request(call, &key, request, result, variables) {
            Ok(request) => Undo::Call { request },
            Err(error) => Undo::Unknown { reason: error.message },
        };
        self.run.done.push(Done { key, node: node.key.clone(), visit, at: self.now, undo });
    }

    fn spend(&mut self, cost_minor: i64) {
        self.run.counters.spent_minor = self.run.counters.spent_minor.saturating_add(cost_minor);
        let spent = self.run.counters.spent_minor;
        if let Some(most) = self.definition.ceilings.money_minor.filter(|most| spent > *most) {
            self.quarantine(&format!("it spent {spent} where {most} is the most it may (minor units)"));
        }
    }

    /// Asks for an attempt again, with the same arguments and under the same key.
    pub fn again(&mut self, id: u32) {
        let Some(token) = self.token_mut(id) else { return };
        let node = token.node.clone();
        let Some(wait) = token.wait.as_mut() else { return };
        wait.on = WaitOn::Call;
        wait.due = None;
        let (key, attempt) = (wait.key.clone(), wait.attempt);
        let Some(request) = wait.request.clone() else { return };
        let headline = self.node(&node).map_or_else(|| node.clone(), |node| node.title.clone());
        self.commands.push(Command::Propose { key, node, attempt, headline, request, undoes: None });
    }
}

fn wrong_kind() -> Error {
    Error::new(Code::InvalidArgument, "the run waits for something else under this key", "send what its wait names")
}

/// Writes the parts of a result into the variables the node names.
fn take_over(node: &Node, result: &Value, variables: &mut Variables) {
    for (name, path) in &node.into {
        // A decision's own value is its choice, a measurement's its value.
        let short = match (&node.step, path.as_str()) {
            (Step::Decision { .. }, "") => "choice",
            (Step::Measure { .. }, "") => "value",
            (Step::Experiment { .. }, "") => "winner",
            (_, path) => path,
        };
        variables.insert(name.clone(), part(result, short));
    }
}

fn undo_request(
    call: &Call,
    key: &str,
    request: Option<&Request>,
    result: &Value,
    variables: &Variables,
) -> Result<Request> {
    Ok(match call {
        Call::Effect { effect, payload } => {
            Request::Effect { effect: effect.clone(), payload: payload.render(variables)? }
        }
        Call::Lever { lever, to } => {
            let value = part(&to.render(variables)?, "");
            let unknown = || Error::new(Code::InvalidArgument, format!("what to set {lever} back to is not known"), "");
            Request::Lever { lever: lever.clone(), to: value.to_lever().ok_or_else(unknown)? }
        }
        Call::Restore { lever } => {
            let same = matches!(request, Some(Request::Lever { lever: set, .. }) if set == lever);
            let to = if same { part(result, "from").to_lever() } else { None };
            Request::Restore { lever: lever.clone(), of: key.to_owned(), to }
        }
    })
}
