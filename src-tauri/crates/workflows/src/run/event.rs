//! What moves a run, and what it asks of the host.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::State;
use crate::definition::{Choice, Question};
use crate::scalar::Variables;

/// What moves a run. One event is one durable step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowEvent")]
pub enum Event {
    /// The first step.
    Start,
    /// The clock has reached [`super::Run::due`]. Earlier it changes nothing.
    Timer,
    /// Somebody sends a signal. `id` tells one from the next; the same is taken once. `key` names the wait where several tokens
    /// wait for the same name.
    Signal {
        id: String,
        name: String,
        #[serde(default)]
        key: Option<String>,
        #[ts(type = "unknown")]
        #[serde(default)]
        payload: Value,
    },
    /// What became of an attempt of a call, of a question to the founder (attempt 1, the value is the option's key), or of an
    /// experiment (attempt 1, the value is the verdict).
    Answered { key: String, attempt: u32, answer: Answer },
    /// A metric was read; `before` is its value over the window before. `None` where it is not known.
    Measured { key: String, value: Option<f64>, before: Option<f64> },
    /// A run that this one started has ended.
    SubEnded { key: String, state: State, reason: String, variables: Variables },
    /// The operator stops it; what was done is undone.
    Cancel { reason: String },
    /// It goes on by another version of its definition, the one that is handed in: nodes by old key, what is not named keeps
    /// its key.
    Migrate { nodes: BTreeMap<String, String> },
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "answer", rename_all = "snake_case")]
#[ts(rename = "WorkflowAnswer")]
pub enum Answer {
    /// It took place. For a lever the value is `{"from": …, "to": …}`.
    Done {
        #[ts(type = "unknown")]
        #[serde(default)]
        value: Value,
        /// What it cost, in minor units.
        #[serde(default)]
        cost_minor: i64,
    },
    /// It did not take place. `again`: another attempt may help.
    Failed { reason: String, again: bool },
    /// Policy or the founder does not allow it.
    Refused { reason: String },
    /// Nobody answered in time: a question takes its safe option, a call counts as refused.
    Silence,
    /// It was withdrawn before it took place.
    Withdrawn,
}

/// What an experiment found, as the host should put it into [`Answer::Done`]; a node's `into` names its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowVerdict")]
pub struct Verdict {
    /// The experiment's key.
    pub experiment: String,
    /// `ship`, `keep` or `inconclusive`.
    pub decision: String,
    /// The arm everyone gets now.
    pub winner: String,
    /// Its value.
    pub value: LeverValue,
    /// Relative difference of the winner (or the best arm) from the control, and its interval.
    pub lift: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// An outside action with its arguments filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowRequest")]
pub enum Request {
    Effect {
        effect: String,
        #[ts(type = "unknown")]
        payload: Value,
    },
    Lever {
        lever: String,
        to: LeverValue,
    },
    /// Puts a lever back to what it was before the call `of`; `to` where the answer to that call said it.
    Restore {
        lever: String,
        of: String,
        to: Option<LeverValue>,
    },
}

/// What the host has to do. After a crash it may be told the same again: the same key is the same thing, whatever the attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowCommand")]
pub enum Command {
    /// Propose a call as a decision, and answer with [`Event::Answered`] under the key and attempt. `undoes` names the key of
    /// the call it undoes.
    Propose {
        key: String,
        node: String,
        attempt: u32,
        headline: String,
        request: Request,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<String>,
    },
    /// Put a question to the founder, until then.
    Ask {
        key: String,
        node: String,
        question: String,
        options: Vec<Choice>,
        /// The option that silence takes.
        silence: String,
        until: Millis,
    },
    /// Read a metric over `from..to`, and over `before_from..from`; answer with [`Event::Measured`].
    Measure { key: String, node: String, metric: String, before_from: Millis, from: Millis, to: Millis },
    /// Ask the experiments; answer with [`Event::Answered`] and a [`Verdict`].
    AskExperiment { key: String, node: String, question: Question },
    /// Start a run of another workflow under this id; where `wait`, answer with [`Event::SubEnded`].
    StartSub { key: String, node: String, workflow: String, run: String, inputs: Variables, wait: bool },
    /// Cancel that run; answer with [`Event::SubEnded`].
    CancelSub { key: String, run: String, reason: String },
    /// Take back what was proposed or asked under the key, where it has not happened yet. Where `answer`, say what became of it
    /// with [`Event::Answered`].
    Withdraw { key: String, answer: bool, reason: String },
    /// The run has ended.
    Ended { state: State, reason: String, remaining: Vec<String> },
    /// Something worth a line in the journal.
    Note { node: Option<String>, text: String },
}
