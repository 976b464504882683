//! What a node does.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cadence::Cadence;
use crate::template::Template;

/// What a node does and what it waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowStep")]
pub enum Step {
    /// Calls a declared effect and waits for its answer.
    Effect { effect: String, payload: Template },
    /// Sets a lever and waits until it is set.
    Lever { lever: String, to: Template },
    /// Waits so long.
    Wait { for_ms: Millis },
    /// Waits until the next such local time.
    Timer { at: Cadence },
    /// Waits until somebody sends this.
    Signal { name: String },
    /// Asks the founder. Silence is answered with the safe option.
    Decision {
        question: String,
        options: Vec<Choice>,
        /// The option taken when nobody answers.
        silence: String,
        /// How long it is asked.
        within_ms: Millis,
    },
    /// Goes on where the first condition holds.
    Branch {
        cases: Vec<Case>,
        /// Where none holds.
        otherwise: String,
    },
    /// Reads a metric over the whole days (or hours, for windows below a day) before now.
    Measure { metric: String, window_ms: Millis },
    /// Asks a question of the experiments and waits for its verdict.
    Experiment { question: Question },
    /// Sets variables, each from an expression over what they were before.
    Set { values: BTreeMap<String, String> },
    /// Runs another workflow.
    Sub {
        workflow: String,
        /// Its inputs, as expressions.
        inputs: BTreeMap<String, Template>,
        /// Whether this one goes on only when that one has ended.
        wait: bool,
    },
    /// Brings together what the fork before it sent out.
    Join { gather: Gather },
    /// The end of this path.
    End { outcome: Outcome },
}

/// An outside action; its undoing is one, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowCall")]
pub enum Call {
    Effect {
        effect: String,
        payload: Template,
    },
    Lever {
        lever: String,
        to: Template,
    },
    /// Puts a lever back to what it was before the call it undoes.
    Restore {
        lever: String,
    },
}

/// A way the founder may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowChoice")]
pub struct Choice {
    pub key: String,
    pub title: String,
    /// Where it leads; the node's `next` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
}

/// A condition and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowCase")]
pub struct Case {
    /// An expression over the run's variables.
    pub when: String,
    pub next: String,
}

/// A question for the experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowQuestion")]
pub struct Question {
    pub lever: String,
    /// The first is the control.
    pub arms: Vec<Arm>,
    pub metric: String,
    /// What is believed and why, in a sentence.
    pub hypothesis: String,
    /// Share of those concerned who are in it, 0 to 1.
    pub share: f64,
    /// Predicate over attributes (`plan == 'pro'`): whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub audience: Option<String>,
    /// The smallest relative effect worth knowing; the designer finds one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mde: Option<f64>,
}

/// A value under test; as text it may hold `{expressions}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowArm")]
pub struct Arm {
    pub key: String,
    pub value: LeverValue,
}

/// When a join goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowGather")]
pub enum Gather {
    /// When every path of the fork that has not ended elsewhere is here.
    All,
    /// With the first; the others are withdrawn.
    Any,
}

/// How a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowOutcome")]
pub enum Outcome {
    /// The run has succeeded once all its paths have.
    Succeeded,
    /// The run fails at once: what was done is undone.
    Failed,
}

impl Step {
    /// The word of the file: `effect`, `wait`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::Effect { .. } => "effect",
            Self::Lever { .. } => "lever",
            Self::Wait { .. } => "wait",
            Self::Timer { .. } => "timer",
            Self::Signal { .. } => "signal",
            Self::Decision { .. } => "decision",
            Self::Branch { .. } => "branch",
            Self::Measure { .. } => "measure",
            Self::Experiment { .. } => "experiment",
            Self::Set { .. } => "set",
            Self::Sub { .. } => "sub",
            Self::Join { .. } => "join",
            Self::End { .. } => "end",
        }
    }

    /// Whether it does something outside that may need undoing.
    pub fn acts(&self) -> bool {
        matches!(
            self,
            Self::Effect { .. } | Self::Lever { .. } | Self::Experiment { .. } | Self::Sub { wait: true, .. }
        )
    }

    /// Whether it always waits for time, a person or another's work, so that a circle through it cannot spin.
    pub fn paces(&self) -> bool {
        match self {
            Self::Wait { .. }
            | Self::Timer { .. }
            | Self::Signal { .. }
            | Self::Decision { .. }
            | Self::Experiment { .. } => true,
            Self::Sub { wait, .. } => *wait,
            _ => false,
        }
    }
}
