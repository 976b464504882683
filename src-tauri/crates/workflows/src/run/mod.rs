//! A run of a definition: where its tokens stand, what they wait for, what is to be undone.
//!
//! A run is moved by events alone. [`Run::handle`] takes one, changes the run and says what the host has to do; the host commits
//! the run, a journal row and the commands in one transaction. Nothing here reads a clock, knows a store or calls anything.

mod answer;
mod compensate;
mod enter;
mod event;
mod gather;
mod handle;
mod key;
mod migrated;
mod retry;
mod turn;
mod wake;

use std::collections::BTreeMap;

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use event::{Answer, Command, Event, Request, Verdict};
pub use key::{call_key, undo_key};

use crate::definition::Gather;
use crate::scalar::Variables;

/// How long an answer to a withdrawn call is waited for before it counts as unknown.
pub const SETTLE_MS: Millis = epoch_model::time::DAY;

/// Signals remembered, so that one sent twice is taken once.
pub const SIGNALS_MAX: usize = 256;

/// Tokens of one run at once.
pub const TOKENS_MAX: usize = 64;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowRunState")]
pub enum State {
    /// Something is under way: a call, a measurement, another workflow; or it is about to start.
    Running,
    /// It waits for time, a signal, the founder or an experiment's verdict.
    Waiting,
    /// What was done is being undone.
    Compensating,
    /// It failed or was cancelled, and what was done is undone.
    Compensated,
    Succeeded,
    /// It failed with nothing to undo, or something could not be undone.
    Failed,
    /// It was cancelled with nothing to undo.
    Cancelled,
    /// Poison: it ran into a ceiling or a loop. It does nothing more; the founder looks at it and cancels it, which undoes what
    /// was done.
    Quarantined,
}

impl State {
    /// Whether nothing more comes of it by itself.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Compensated | Self::Succeeded | Self::Failed | Self::Cancelled | Self::Quarantined)
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowRun")]
pub struct Run {
    pub id: String,
    pub workflow: String,
    pub version: u32,
    pub state: State,
    /// Where it is; empty before the first step and after the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: Variables,
    /// What is to be undone should it fail, in the order in which it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Done>,
    /// Calls that were withdrawn and of which it is not yet known whether they took place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settling: Vec<Settling>,
    /// What is being undone now: the last of `done`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub undoing: Option<Undoing>,
    #[serde(default)]
    pub counters: Counters,
    /// How often each node was entered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<String, u32>,
    /// Arguments of the calls made since something last came from outside, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub echoes: BTreeMap<String, u32>,
    /// Ids of the signals taken, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    pub started_at: Millis,
    /// The latest instant it may live to.
    pub lives_until: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub parent: Option<Parent>,
    /// Why it is being undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ending: Option<Ending>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended: Option<Ended>,
}

/// The run that started this one, and the key under which it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowParent")]
pub struct Parent {
    pub run: String,
    pub key: String,
}

/// What a run has used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowCounters")]
pub struct Counters {
    /// Events handled; the number of durable steps.
    pub events: u32,
    /// Nodes entered.
    pub steps: u32,
    /// Calls of effects and levers.
    pub effects: u32,
    /// Minor units.
    pub spent_minor: i64,
    /// Tokens made, forks made.
    pub tokens: u32,
    pub forks: u32,
}

/// A place in the graph at which the run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowToken")]
pub struct Token {
    pub id: u32,
    pub node: String,
    /// The how manyeth time the run is at this node, from 1.
    pub visit: u32,
    /// The forks it came out of, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// What it waits for. Between two events every token waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wait: Option<Wait>,
}

/// One passage through a fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowScope")]
pub struct Scope {
    /// The node whose several `next` sent the tokens out.
    pub fork: String,
    pub id: u32,
}

/// What a token waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowWait")]
pub struct Wait {
    /// Names this wait and no other: events say it. Hash of run, node and visit, never of the attempt.
    pub key: String,
    pub on: WaitOn,
    pub since: Millis,
    /// When it goes on by itself: the end of a pause, of a wait, of the founder's time to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub due: Option<Millis>,
    /// When the node has taken too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Millis>,
    /// The how manyeth attempt of a call is out, from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub attempt: u32,
    /// The call that is out: another attempt sends the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request: Option<Request>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

/// What somebody else has to do, or what has to come, before a token goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowWaitOn")]
pub enum WaitOn {
    /// The answer to a call of an effect or a lever.
    Call,
    /// The end of a pause before the next attempt.
    Pause,
    /// An instant.
    Time,
    Signal {
        name: String,
    },
    /// The founder's choice.
    Founder,
    /// A metric's value.
    Measure,
    /// An experiment's verdict.
    Verdict,
    /// The end of another run.
    Child {
        run: String,
    },
    /// The other paths of a fork.
    Gather {
        gather: Gather,
        /// The passage through the fork it gathers.
        scope: u32,
    },
}

impl WaitOn {
    /// Whether the work is on our side, rather than with time or a person.
    fn is_work(&self) -> bool {
        matches!(self, Self::Call | Self::Pause | Self::Measure | Self::Child { .. })
    }
}

/// Something that was done, and how it is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowDone")]
pub struct Done {
    pub key: String,
    pub node: String,
    pub visit: u32,
    pub at: Millis,
    pub undo: Undo,
}

/// How something is undone; its arguments are fixed when it was done, since variables go on changing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowUndo")]
pub enum Undo {
    Call {
        request: Request,
    },
    /// The call could not be made up from what was known.
    Unknown {
        reason: String,
    },
}

/// A withdrawn call whose answer is still out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowSettling")]
pub struct Settling {
    pub key: String,
    pub node: String,
    pub visit: u32,
    pub on: WaitOn,
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request: Option<Request>,
    /// When it counts as unknown.
    pub until: Millis,
}

/// An undoing under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowUndoing")]
pub struct Undoing {
    pub key: String,
    pub node: String,
    pub attempt: u32,
    pub since: Millis,
    /// The end of the pause before the next attempt; absent while one is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub due: Option<Millis>,
}

/// Why a run is being undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowEnding")]
pub struct Ending {
    /// [`State::Failed`] or [`State::Cancelled`].
    pub state: State,
    pub reason: String,
    /// Calls undone so far.
    pub undone: u32,
    /// Calls of which it is not known whether they took place, by node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowEnded")]
pub struct Ended {
    pub at: Millis,
    pub state: State,
    /// In one sentence.
    pub reason: String,
    /// What was done and is not undone, by node, where it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
}

/// Something a run waits for, as [`Run::waits_for`] lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowWaiting")]
pub struct Waiting {
    pub key: String,
    pub node: String,
    pub on: WaitOn,
    pub since: Millis,
    /// When the run goes on even without it.
    pub due: Option<Millis>,
    /// The call that is waited for undoes another.
    pub undoes: bool,
}

impl Run {
    /// The next instant at which [`Event::Timer`] moves it; `None` when only something else does, or nothing.
    pub fn due(&self) -> Option<Millis> {
        if self.state == State::Compensating {
            let settling = self.settling.iter().map(|s| s.until).min();
            return self.undoing.as_ref().map_or(settling, |undoing| undoing.due);
        }
        if self.state.is_terminal() {
            return None;
        }
        if self.counters.events == 0 {
            return Some(self.started_at);
        }
        let waits = self.tokens.iter().filter_map(|token| token.wait.as_ref());
        waits.flat_map(|wait| [wait.due, wait.until]).flatten().chain([self.lives_until]).min()
    }

    /// What it waits for, one entry per key, oldest token first.
    pub fn waits_for(&self) -> Vec<Waiting> {
        let tokens = self.tokens.iter().filter_map(|token| {
            let wait = token.wait.as_ref()?;
            let due = [wait.due, wait.until].into_iter().flatten().min();
            let (key, node, on) = (wait.key.clone(), token.node.clone(), wait.on.clone());
            Some(Waiting { key, node, on, since: wait.since, due, undoes: false })
        });
        let settling = self.settling.iter().map(|s| Waiting {
            key: s.key.clone(),
            node: s.node.clone(),
            on: s.on.clone(),
            since: s.until - SETTLE_MS,
            due: Some(s.until),
            undoes: false,
        });
        let undoing = self.undoing.iter().map(|u| Waiting {
            key: u.key.clone(),
            node: u.node.clone(),
            on: if u.due.is_some() { WaitOn::Pause } else { WaitOn::Call },
            since: u.since,
            due: u.due,
            undoes: true,
        });
        tokens.chain(settling).chain(undoing).collect()
    }
}
