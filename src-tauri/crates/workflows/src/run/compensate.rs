//! Failing, cancelling, and undoing what was done: the latest first, one at a time.

use super::key::undo_key;
use super::turn::Turn;
use super::{Answer, Command, Ending, Settling, State, Undo, Undoing};

impl Turn<'_> {
    /// A token's node failed: along its own way for that, or the run fails.
    pub fn fail(&mut self, id: u32, reason: &str) {
        let Some(token) = self.token_mut(id) else { return };
        // What it waited for is over: there is nothing to withdraw.
        token.wait = None;
        let Some(node) = self.token(id).and_then(|token| self.node(&token.node)) else { return };
        match &node.on_error {
            Some(way) => {
                self.run.variables.insert(crate::flow::variables::ERROR.to_owned(), crate::Scalar::text(reason));
                self.note(Some(&node.key), format!("it failed: {reason}"));
                self.go(id, std::slice::from_ref(way));
            }
            None => self.fail_run(&format!("“{}” failed: {reason}", node.title)),
        }
    }

    pub fn fail_run(&mut self, reason: &str) {
        self.begin_ending(State::Failed, reason);
    }

    /// Withdraws all that is out, waits until it is known what of it took place, then undoes what was done.
    pub fn begin_ending(&mut self, state: State, reason: &str) {
        self.withdraw_all(reason);
        self.run.tokens.clear();
        self.run.ended = None;
        let until = self.now.saturating_add(super::SETTLE_MS);
        for settling in &mut self.run.settling {
            settling.until = until;
        }
        self.run.ending = Some(Ending { state, reason: reason.to_owned(), undone: 0, unknown: Vec::new() });
        self.run.state = State::Compensating;
        self.undo_next();
    }

    /// Undoes the latest of what is left, once it is known what that is.
    pub fn undo_next(&mut self) {
        if self.run.undoing.is_some() || !self.run.settling.is_empty() {
            return;
        }
        let Some(done) = self.run.done.last() else { return self.finish() };
        match &done.undo {
            Undo::Unknown { reason } => {
                let reason = format!("it is not known how to undo “{}”: {reason}", done.node);
                self.give_up(&reason);
            }
            Undo::Call { .. } => {
                let key = undo_key(&done.key);
                let node = done.node.clone();
                self.run.undoing = Some(Undoing { key, node, attempt: 1, since: self.now, due: None });
                self.ask_undo();
            }
        }
    }

    /// Proposes the undoing under way; again where an attempt failed.
    pub fn ask_undo(&mut self) {
        let (Some(undoing), Some(done)) = (self.run.undoing.as_mut(), self.run.done.last()) else { return };
        let Undo::Call { request } = &done.undo else { return };
        undoing.due = None;
        let title = self.definition.node(&done.node).map_or(&done.node, |node| &node.title);
        self.commands.push(Command::Propose {
            key: undoing.key.clone(),
            node: done.node.clone(),
            attempt: undoing.attempt,
            headline: format!("Undo: {title}"),
            request: request.clone(),
            undoes: Some(done.key.clone()),
        });
    }

    /// What became of an undoing.
    pub fn undone(&mut self, answer: &Answer) {
        let Some(undoing) = self.run.undoing.clone() else { return };
        let reason = match answer {
            Answer::Done { cost_minor, .. } => {
                self.run.counters.spent_minor = self.run.counters.spent_minor.saturating_add(*cost_minor);
                self.run.undoing = None;
                self.run.done.pop();
                if let Some(ending) = &mut self.run.ending {
                    ending.undone += 1;
                }
                return self.undo_next();
            }
            Answer::Failed { reason, again } => {
                let retry = self.node(&undoing.node).and_then(|node| node.retry);
                if let Some(retry) = retry.filter(|retry| *again && undoing.attempt < retry.attempts) {
                    let due = self.now.saturating_add(retry.pause_ms(&undoing.key, undoing.attempt));
                    let attempt = undoing.attempt + 1;
                    self.note(Some(&undoing.node), format!("undoing failed: {reason}; attempt {attempt} follows"));
                    self.run.undoing = Some(Undoing { attempt, due: Some(due), ..undoing });
                    return;
                }
                reason.as_str()
            }
            Answer::Refused { reason } => reason.as_str(),
            Answer::Silence => "nobody answered in time",
            Answer::Withdrawn => "it was withdrawn",
        };
        self.give_up(&format!("undoing “{}” failed: {reason}", undoing.node));
    }

    /// A withdrawn call of which it cannot be said whether it took place.
    pub fn unsettled(&mut self, settling: &Settling) {
        if let Some(ending) = &mut self.run.ending {
            ending.unknown.push(settling.node.clone());
        }
        if self.run.state == State::Compensating {
            self.undo_next();
        }
    }

    fn give_up(&mut self, reason: &str) {
        let Some(ending) = self.run.ending.clone() else { return };
        let mut remaining: Vec<String> = self.run.done.iter().rev().map(|done| done.node.clone()).collect();
        remaining.extend(ending.unknown);
        self.end(State::Failed, &format!("{}; {reason}", ending.reason), remaining);
    }

    fn finish(&mut self) {
        let Some(ending) = self.run.ending.clone() else { return };
        if !ending.unknown.is_empty() {
            let reason = format!("{}; of some calls it is not known whether they took place", ending.reason);
            self.end(State::Failed, &reason, ending.unknown);
        } else if ending.undone > 0 {
            self.end(State::Compensated, &ending.reason, Vec::new());
        } else {
            self.end(ending.state, &ending.reason, Vec::new());
        }
    }
}
