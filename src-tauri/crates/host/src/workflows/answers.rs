//! From what became of a decision to what the run is told; and commands in words.

use epoch_model::Result;
use epoch_model::decision::{Act, Decision, State};
use epoch_model::journal::RowKind;
use epoch_workflows::{Answer, Command, Event, Step};
use serde_json::{Value, json};

use super::{Message, Workflows};

/// Whether a decision has come to what its proposer waits for.
pub(super) fn is_end(decision: &Decision) -> bool {
    match decision.state {
        State::Draft | State::Pending | State::Asked | State::Approved | State::Executing | State::InDoubt => false,
        State::Rejected
        | State::Expired
        | State::Withdrawn
        | State::Superseded
        | State::Stale
        | State::Executed
        | State::Failed
        | State::Observing
        | State::Scored => true,
    }
}

/// The key and the attempt a proposal was made for.
pub(super) fn key_and_attempt(proposal: &str) -> (&str, u32) {
    match proposal.split_once('.') {
        Some((key, attempt)) => (key, attempt.parse().unwrap_or(1)),
        None => (proposal, 1),
    }
}

/// The proposal key of an attempt. Another attempt is another decision; what is sent keeps the key of the call.
pub(super) fn proposal_key(key: &str, attempt: u32) -> String {
    if attempt <= 1 { key.to_owned() } else { format!("{key}.{attempt}") }
}

/// The key a command is answered under.
pub(super) fn key_of(command: &Command) -> Option<&str> {
    match command {
        Command::Propose { key, .. }
        | Command::Ask { key, .. }
        | Command::Measure { key, .. }
        | Command::AskExperiment { key, .. }
        | Command::StartSub { key, .. }
        | Command::CancelSub { key, .. }
        | Command::Withdraw { key, .. } => Some(key),
        Command::Ended { .. } | Command::Note { .. } => None,
    }
}

/// Whether the run waits for what becomes of it, so that it is done again after a crash.
pub(super) fn is_answered(command: &Command) -> bool {
    match command {
        Command::StartSub { wait, .. } => *wait,
        Command::Withdraw { answer, .. } => *answer,
        Command::Ended { .. } | Command::Note { .. } => false,
        _ => true,
    }
}

/// A command as a line of the run's story.
pub(super) fn words(command: &Command) -> String {
    match command {
        Command::Propose { node, attempt, undoes, .. } => {
            let what = if undoes.is_some() { "proposed to undo" } else { "proposed" };
            if *attempt > 1 { format!("{what} {node}, attempt {attempt}") } else { format!("{what} {node}") }
        }
        Command::Ask { question, .. } => format!("asked: {question}"),
        Command::Measure { metric, .. } => format!("reads {metric}"),
        Command::AskExperiment { question, .. } => format!("asked the experiments about {}", question.lever),
        Command::StartSub { workflow, run, .. } => format!("started {workflow} as {run}"),
        Command::CancelSub { run, reason, .. } => format!("cancelled {run}: {reason}"),
        Command::Withdraw { reason, .. } => format!("took back what was out: {reason}"),
        Command::Ended { state, reason, remaining } => {
            let left =
                if remaining.is_empty() { String::new() } else { format!("; remains: {}", remaining.join(", ")) };
            format!("{}: {reason}{left}", super::pass::word(*state))
        }
        Command::Note { node: Some(node), text } => format!("{node}: {text}"),
        Command::Note { node: None, text } => text.clone(),
    }
}

impl Workflows {
    /// What a run is told of a decision of its own; `None` while the decision has not come to an end.
    pub(super) fn answer_of(&self, decision: &Decision) -> Result<Option<Message>> {
        let (Some(origin), Some(proposal)) = (&decision.origin, &decision.proposal) else { return Ok(None) };
        let Some(answer) = self.answer(decision)? else { return Ok(None) };
        let (key, attempt) = key_and_attempt(proposal);
        let event = Event::Answered { key: key.to_owned(), attempt, answer };
        Ok(Some(Message::Event { run: origin.run.clone(), event, by: None, reply: None }))
    }

    fn answer(&self, decision: &Decision) -> Result<Option<Answer>> {
        let reason = decision.history.last().map(|t| t.reason.clone()).unwrap_or_default();
        if !is_end(decision) {
            return Ok(None);
        }
        Ok(Some(match decision.state {
            // Only watched: it was never sent, so the run must not go on as if it had been.
            _ if decision.shadow => {
                Answer::Refused { reason: "its proposer is only watched so far; it may not act".to_owned() }
            }
            State::Rejected => Answer::Refused { reason },
            State::Expired => Answer::Silence,
            State::Withdrawn => Answer::Withdrawn,
            State::Failed | State::Superseded | State::Stale => Answer::Failed { reason, again: true },
            _ => Answer::Done { value: self.value(decision)?, cost_minor: decision.cost_minor },
        }))
    }

    fn value(&self, decision: &Decision) -> Result<Value> {
        Ok(match &decision.act {
            Act::SetLever { from, to, .. } => json!({ "from": from, "to": to }),
            Act::Choose { choice, .. } => json!({ "choice": self.option_key(decision, choice) }),
            Act::Call { .. } | Act::StartWorkflow { .. } | Act::EditWorkflow { .. } => {
                // The result's own journal row holds what the receiver answered.
                let rows = self.store.journal_for(&decision.id)?;
                let result = rows.iter().rev().find(|row| {
                    row.kind == RowKind::Input && row.body.get("type").and_then(Value::as_str) == Some("effect_result")
                });
                let body = result.map(|row| &row.body);
                let answer = body.and_then(|body| body.get("answer")).filter(|answer| !answer.is_null());
                match answer {
                    Some(answer) => answer.clone(),
                    None => json!({ "detail": body.and_then(|body| body.get("detail")) }),
                }
            }
            Act::StartExperiment { .. } | Act::EndExperiment { .. } => Value::Null,
        })
    }

    /// The key of the option whose title (or key) was chosen.
    fn option_key(&self, decision: &Decision, choice: &str) -> String {
        let found = || {
            let origin = decision.origin.as_ref()?;
            let row = self.store.run(&origin.run).ok()??;
            let book = self.book.read();
            let node = book.version(&row.workflow, row.version)?.definition.node(&origin.node)?.clone();
            let Step::Decision { options, .. } = node.step else { return None };
            options.into_iter().find(|option| option.title == choice || option.key == choice).map(|option| option.key)
        };
        found().unwrap_or_else(|| choice.to_owned())
    }

    /// Books what an answered call cost with the ledger of the day.
    pub(super) fn account(
        &self,
        definition: &epoch_workflows::Definition,
        event: &Event,
        now: epoch_model::time::Millis,
        zone: &epoch_model::time::Zone,
    ) {
        if let Event::Answered { answer: Answer::Done { cost_minor, .. }, .. } = event
            && *cost_minor != 0
        {
            self.ledger.lock().spend(&definition.key, *cost_minor, now, zone);
        }
    }
}
