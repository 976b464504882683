//! One step of a run under way: what its parts share.

use epoch_model::time::{Millis, Zone};

use super::key::echo_key;
use super::{Command, Ended, Run, Scope, Settling, State, TOKENS_MAX, Token, Wait, WaitOn};
use crate::definition::{Definition, Node};

/// A run while it takes one event.
pub(super) struct Turn<'a> {
    pub run: &'a mut Run,
    pub definition: &'a Definition,
    pub now: Millis,
    pub zone: &'a Zone,
    pub commands: Vec<Command>,
    /// Tokens that stand before a node, in the order in which they came there.
    pub ready: std::collections::VecDeque<u32>,
}

impl<'a> Turn<'a> {
    pub fn new(run: &'a mut Run, definition: &'a Definition, now: Millis, zone: &'a Zone) -> Self {
        Self { run, definition, now, zone, commands: Vec::new(), ready: std::collections::VecDeque::new() }
    }

    /// Whether tokens may still move.
    pub fn is_live(&self) -> bool {
        matches!(self.run.state, State::Running | State::Waiting)
    }

    /// The definition's node; borrowed from the definition, so that the run can be changed meanwhile.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        self.definition.node(key)
    }

    pub fn token(&self, id: u32) -> Option<&Token> {
        self.run.tokens.iter().find(|token| token.id == id)
    }

    pub fn token_mut(&mut self, id: u32) -> Option<&mut Token> {
        self.run.tokens.iter_mut().find(|token| token.id == id)
    }

    pub fn note(&mut self, node: Option<&str>, text: impl Into<String>) {
        self.commands.push(Command::Note { node: node.map(str::to_owned), text: text.into() });
    }

    /// A new token before `node`.
    pub fn place(&mut self, node: &str, scopes: Vec<Scope>) {
        self.run.counters.tokens += 1;
        let id = self.run.counters.tokens;
        self.run.tokens.push(Token { id, node: node.to_owned(), visit: 0, scopes, wait: None });
        self.ready.push_back(id);
    }

    /// Sends a token on: along one way, or along several side by side.
    pub fn go(&mut self, id: u32, ways: &[String]) {
        let Some(token) = self.token_mut(id) else { return };
        token.wait = None;
        match ways {
            [] => {
                let node = token.node.clone();
                self.quarantine(&format!("“{node}” leads nowhere"));
            }
            [way] => {
                way.clone_into(&mut token.node);
                self.ready.push_back(id);
            }
            several => {
                let (fork, mut scopes) = (token.node.clone(), token.scopes.clone());
                if self.run.tokens.len() + several.len() > TOKENS_MAX {
                    self.quarantine(&format!("more than {TOKENS_MAX} paths at once at “{fork}”"));
                    return;
                }
                self.run.counters.forks += 1;
                scopes.push(Scope { fork, id: self.run.counters.forks });
                self.remove(id);
                for way in several {
                    self.place(way, scopes.clone());
                }
            }
        }
    }

    pub fn remove(&mut self, id: u32) {
        self.run.tokens.retain(|token| token.id != id);
    }

    /// Takes back what a wait has out. What may have happened outside all the same is settled later.
    pub fn withdraw(&mut self, node: &str, visit: u32, wait: Wait, reason: &str) {
        let can_be_undone = self.node(node).is_some_and(|node| node.undo.is_some());
        let key = wait.key.clone();
        let answer = match &wait.on {
            WaitOn::Call | WaitOn::Verdict => can_be_undone,
            WaitOn::Founder => false,
            WaitOn::Child { run } => {
                let (run, reason) = (run.clone(), reason.to_owned());
                self.commands.push(Command::CancelSub { key: key.clone(), run, reason });
                self.settle(node, visit, wait);
                return;
            }
            WaitOn::Pause | WaitOn::Time | WaitOn::Signal { .. } | WaitOn::Measure | WaitOn::Gather { .. } => return,
        };
        self.commands.push(Command::Withdraw { key, answer, reason: reason.to_owned() });
        if answer {
            self.settle(node, visit, wait);
        }
    }

    fn settle(&mut self, node: &str, visit: u32, wait: Wait) {
        let until = self.now.saturating_add(super::SETTLE_MS);
        let Wait { key, on, attempt, request, .. } = wait;
        self.run.settling.push(Settling { key, node: node.to_owned(), visit, on, attempt, request, until });
    }

    /// Withdraws all tokens' waits, in the order of the tokens; the tokens stay where they are.
    pub fn withdraw_all(&mut self, reason: &str) {
        for i in 0..self.run.tokens.len() {
            let token = &mut self.run.tokens[i];
            let Some(wait) = token.wait.take() else { continue };
            let (node, visit) = (token.node.clone(), token.visit);
            self.withdraw(&node, visit, wait, reason);
        }
        self.ready.clear();
    }

    /// Poison: it does nothing more until the founder has looked at it.
    pub fn quarantine(&mut self, reason: &str) {
        if !self.is_live() {
            return;
        }
        self.withdraw_all("the run is quarantined");
        self.end(State::Quarantined, reason, Vec::new());
    }

    /// Writes the end down.
    pub fn end(&mut self, state: State, reason: &str, remaining: Vec<String>) {
        self.run.state = state;
        if state != State::Quarantined {
            self.run.tokens.clear();
            self.run.settling.clear();
        }
        self.run.undoing = None;
        self.run.ending = None;
        self.ready.clear();
        let reason = reason.to_owned();
        self.run.ended = Some(Ended { at: self.now, state, reason: reason.clone(), remaining: remaining.clone() });
        self.commands.push(Command::Ended { state, reason, remaining });
    }

    /// Something came from outside: what was done before may be done again.
    pub fn outside(&mut self) {
        self.run.echoes.clear();
    }

    /// Counts a node's arguments. `false` when they came too often: the run is quarantined.
    pub fn fresh(&mut self, node: &Node, arguments: &serde_json::Value) -> bool {
        let key = echo_key(&node.key, &epoch_model::journal::canonical(arguments));
        let times = self.run.echoes.entry(key).or_insert(0);
        *times += 1;
        let times = *times;
        if times <= self.definition.ceilings.repeats {
            return true;
        }
        self.quarantine(&format!(
            "a loop: “{}” would be done for the {times}th time with the same arguments, and nothing new came from outside",
            node.title
        ));
        false
    }
}
