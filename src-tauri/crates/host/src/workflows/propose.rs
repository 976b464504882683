//! Calls and questions of runs, as proposals. The engine judges them like anybody's.

use epoch_engine::Input;
use epoch_model::business::{Business, Domain, LeverValue};
use epoch_model::decision::{Act, Origin};
use epoch_model::proposal::Proposal;
use epoch_model::time::DAY;
use epoch_model::{Code, Error, Result};
use epoch_workflows::{Answer, Command, Event, Request};

use super::open::Open;
use super::perform::{refusal, tell};
use super::{Workflows, answers, proposer};
use crate::engine_thread::Given;

/// How long the founder has for a step that says nothing of it.
const EXPIRES_MS: i64 = 3 * DAY;
/// Proposals handed to the engine in one transaction.
const CHUNK: usize = 64;

/// A call on its way to the engine.
struct Made {
    id: u64,
    key: String,
    attempt: u32,
    proposal: Proposal,
}

impl Workflows {
    /// Puts calls and questions forward. One that was put forward before is not put forward again: what became of it is told.
    pub(super) fn propose(&self, open: &mut Open, calls: Vec<(u64, Command)>) -> Result<()> {
        let mut made = Vec::new();
        for (id, command) in calls {
            let (key, attempt, undoes) = match &command {
                Command::Propose { key, attempt, undoes, .. } => (key.clone(), *attempt, undoes.is_some()),
                Command::Ask { key, .. } => (key.clone(), 1, true),
                _ => continue,
            };
            if let Some((_, known)) = self.store.called(&key, Some(attempt))? {
                open.queue.extend(self.answer_of(&known)?);
                continue;
            }
            let admitted = if undoes { Ok(()) } else { self.admit(open, id) };
            match admitted.and_then(|()| self.proposal(open, id, &command)) {
                Ok(Proposal { act: Act::SetLever { from, to, .. }, .. }) if from == to => {
                    // It is so already; there is nothing anybody could decide.
                    let value = serde_json::json!({ "from": from, "to": to });
                    let answer = Answer::Done { value, cost_minor: 0 };
                    tell(open, id, Event::Answered { key, attempt, answer });
                }
                Ok(proposal) => made.push(Made { id, key, attempt, proposal }),
                Err(e) => {
                    let answer = if e.code == Code::Denied {
                        Answer::Refused { reason: e.message }
                    } else {
                        Answer::Failed { reason: e.message, again: false }
                    };
                    tell(open, id, Event::Answered { key, attempt, answer });
                }
            }
        }
        let mut made = made.into_iter().peekable();
        while made.peek().is_some() {
            let chunk: Vec<Made> = made.by_ref().take(CHUNK).collect();
            self.give(open, &chunk)?;
        }
        Ok(())
    }

    fn give(&self, open: &mut Open, chunk: &[Made]) -> Result<()> {
        let given = |m: &Made| {
            let proposal = Box::new(m.proposal.clone());
            Given::new(m.proposal.proposer.clone(), Input::Proposed { proposal, by: "system".to_owned() })
        };
        let answers = self.engine.give(chunk.iter().map(given).collect())?;
        for (made, actions) in chunk.iter().zip(answers) {
            let answer = match refusal(&actions) {
                Some(reason) => Answer::Refused { reason },
                None if self.store.called(&made.key, Some(made.attempt))?.is_some() => continue,
                // Nothing came of it: a run that goes on all the same would have succeeded without having done anything.
                None => Answer::Failed { reason: "the engine made no decision of it".to_owned(), again: true },
            };
            let (key, attempt) = (made.key.clone(), made.attempt);
            tell(open, made.id, Event::Answered { key, attempt, answer });
        }
        Ok(())
    }

    /// Counts a call with the ceilings of the day.
    fn admit(&self, open: &mut Open, id: u64) -> Result<()> {
        let run = &open.warm(&self.store, id)?.run;
        let definition = {
            let book = self.book.read();
            book.version(&run.workflow, run.version).map(|p| p.definition.clone())
        };
        let Some(definition) = definition else { return Ok(()) };
        self.ledger.lock().admit_call(&definition, self.clock.now(), &self.zone())
    }

    fn proposal(&self, open: &mut Open, id: u64, command: &Command) -> Result<Proposal> {
        let run = &open.warm(&self.store, id)?.run;
        let (workflow, version, run_key) = (run.workflow.clone(), run.version, run.id.clone());
        let business = self.config.read().business.clone();
        let (key, node, headline, act, compensation, expires_in) = match command {
            Command::Propose { key, node, attempt, headline, request, undoes } => {
                let act = self.act(&business, request)?;
                let key = answers::proposal_key(key, *attempt);
                let until = run.tokens.iter().filter_map(|t| t.wait.as_ref()).find(|w| key.starts_with(&w.key));
                let until = until.and_then(|w| w.until).map(|until| (until - self.clock.now()).max(1));
                (key, node, headline.clone(), act, undoes.is_some(), until.unwrap_or(EXPIRES_MS))
            }
            Command::Ask { key, node, question, options, silence, until } => {
                let title = |key: &str| {
                    options.iter().find(|o| o.key == key).map_or_else(|| key.to_owned(), |o| o.title.clone())
                };
                let act = Act::Choose {
                    question: question.clone(),
                    options: options.iter().map(|option| option.title.clone()).collect(),
                    choice: title(silence),
                };
                let left = (until - self.clock.now()).max(1);
                (key.clone(), node, question.clone(), act, false, left)
            }
            _ => return Err(Error::new(Code::Internal, "only calls and questions are proposed", "report this")),
        };
        Ok(Proposal {
            key,
            proposer: proposer(&workflow),
            headline,
            domain: domain(&business, &act),
            act,
            expected: None,
            evidence: Vec::new(),
            counter_evidence: Vec::new(),
            alternatives: Vec::new(),
            expires_in,
            compensation,
            origin: Some(Origin { run: run_key, node: node.clone() }),
            reversibility: None,
            version: version.to_string(),
        })
    }

    fn act(&self, business: &Business, request: &Request) -> Result<Act> {
        Ok(match request {
            Request::Effect { effect, payload } => Act::Call { effect: effect.clone(), payload: payload.clone() },
            Request::Lever { lever, to } => {
                Act::SetLever { from: self.value_in_force(business, lever)?, lever: lever.clone(), to: to.clone() }
            }
            Request::Restore { lever, of, to } => {
                let to = if let Some(to) = to {
                    to.clone()
                } else {
                    let called = self.store.called(of, None)?.map(|(_, decision)| decision.act);
                    let Some(Act::SetLever { from, .. }) = called else {
                        let message = format!("what {lever} was before is not known");
                        return Err(Error::new(Code::NotFound, message, "set it by hand"));
                    };
                    from
                };
                Act::SetLever { from: self.value_in_force(business, lever)?, lever: lever.clone(), to }
            }
        })
    }

    fn value_in_force(&self, business: &Business, lever: &str) -> Result<LeverValue> {
        let (_, rows) = self.store.levers()?;
        if let Some(row) = rows.into_iter().find(|row| row.key == lever) {
            return Ok(row.value);
        }
        let declared = business.levers.iter().find(|l| l.key == lever).map(|l| l.default.clone());
        declared.ok_or_else(|| Error::new(Code::NotFound, format!("there is no lever “{lever}”"), "declare it"))
    }
}

fn domain(business: &Business, act: &Act) -> Domain {
    let lever = act.lever().and_then(|key| business.levers.iter().find(|l| l.key == key)).map(|l| l.domain);
    let effect = act.effect().and_then(|key| business.effects.iter().find(|e| e.key == key)).map(|e| e.domain);
    lever.or(effect).unwrap_or(Domain::Operations)
}
