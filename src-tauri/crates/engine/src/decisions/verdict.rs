//! The operator's answer to a card: verified, then done.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::decision::{Act, Decision, Level, Precondition, SignedVerdict, State, Transition, Verdict, Wake};
use epoch_model::gate::edited_act;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};

use super::book::{Record, Source};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::text;

/// Longest question about a card.
const QUESTION_MAX: usize = 2000;

impl Engine {
    pub(crate) fn verdict(&mut self, config: &Config, signed: &SignedVerdict, out: &mut Vec<Action>) {
        if let Err(e) = self.answer(config, signed, out) {
            let answer = match &signed.claim.verdict {
                Verdict::Approve => "approval",
                Verdict::Edit { .. } => "edit",
                Verdict::Veto { .. } => "veto",
                Verdict::Defer { .. } => "deferral",
                Verdict::Ask { .. } => "question",
                Verdict::Delegate { .. } => "delegation",
            };
            out.push(Action::Refused {
                what: format!("{answer} of {}", text::shorten(&signed.claim.decision, 40)),
                code: e.code,
                message: e.message,
            });
        }
    }

    fn answer(&mut self, config: &Config, signed: &SignedVerdict, out: &mut Vec<Action>) -> Result<()> {
        config.keys.verify(signed)?;
        let claim = &signed.claim;
        if claim.business != config.business.name {
            return Err(refuse(
                Code::Denied,
                format!("the answer is for the business “{}”", text::shorten(&claim.business, 60)),
            ));
        }
        let id = claim.decision.as_str();
        let Some(record) = self.book.records.get(id) else {
            return Err(match self.book.ended.get(id) {
                Some(state) => refuse(Code::WrongState, format!("it is already {state:?}").to_lowercase()),
                None => refuse(Code::NotFound, "there is no such decision".to_owned()),
            });
        };
        let d = &record.decision;
        let veto = matches!(claim.verdict, Verdict::Veto { .. });
        let open = d.state == State::Pending
            || (veto
                && matches!(
                    d.state,
                    State::Draft | State::Asked | State::Approved | State::Executed | State::Observing
                ));
        if !open {
            return Err(refuse(Code::WrongState, format!("it is {:?}", d.state).to_lowercase()));
        }
        if claim.card_hash != d.card_hash() {
            return Err(refuse(Code::Stale, "the card has changed since it was shown".to_owned()));
        }
        if self.now >= d.expires_at && !veto {
            return Err(refuse(Code::WrongState, "its time to be answered is over".to_owned()));
        }
        let actor = format!("operator:{}", signed.key_id);
        match &claim.verdict {
            Verdict::Approve => {
                self.cool(config, id);
                self.approve(config, id, &actor, "approved".to_owned(), false, out);
                self.execute(config, id, out);
            }
            Verdict::Ask { question } => {
                if question.trim().is_empty() || question.chars().count() > QUESTION_MAX {
                    let message = format!("a question has between one and {QUESTION_MAX} characters");
                    return Err(refuse(Code::InvalidArgument, message));
                }
                self.asked_about(id, &actor, question, out);
            }
            Verdict::Delegate { terms } => {
                self.grantable(d, terms)?;
                self.give_grant(terms, signed, out);
                self.cool(config, id);
                self.approve(config, id, &actor, "approved, and granted for more of the same".to_owned(), false, out);
                self.execute(config, id, out);
            }
            Verdict::Edit { set } => {
                let mut edited = self.edited(config, id, set)?;
                edited.decision.edited_from = Some(Box::new(d.clone()));
                let reason = format!("approved with {} instead of {}", said(set), self.to_of(id));
                self.book.records.insert(id.to_owned(), edited);
                self.cool(config, id);
                self.approve(config, id, &actor, reason, false, out);
                self.execute(config, id, out);
            }
            Verdict::Veto { reason, text: words } if matches!(d.state, State::Executed | State::Observing) => {
                // What was done stays done and is scored; its proposer loses what it earned.
                let why = because(reason, words);
                let now = self.now;
                if let Some(record) = self.book.records.get_mut(id) {
                    let d = &mut record.decision;
                    let reason = format!("objected to after it ran: {why}");
                    d.history.push(Transition { at: now, to: d.state, actor, reason });
                    out.push(Action::Decision(Box::new(d.clone())));
                }
                self.vetoed_after(config, id, &why);
            }
            Verdict::Veto { reason, text: words } => {
                let to = if d.state == State::Approved { State::Withdrawn } else { State::Rejected };
                let why = because(reason, words);
                self.shift(id, to, &actor, why, out);
            }
            Verdict::Defer { until, wake } => {
                let until = (*until).min(d.expires_at);
                let now = self.now;
                if let Some(wake) = wake {
                    self.can_wake(config, wake)?;
                }
                let insights = self.insights;
                if let Some(record) = self.book.records.get_mut(id) {
                    // A time that is over brings the card back: that is how deferring is undone.
                    record.decision.deferred_until = (until > now).then_some(until);
                    record.decision.deferred_for = wake.clone().filter(|_| until > now);
                    record.kept.insights = insights;
                    record.decision.history.push(Transition {
                        at: now,
                        to: State::Pending,
                        actor,
                        reason: if until > now { "deferred" } else { "no longer deferred" }.to_owned(),
                    });
                    out.push(Action::Decision(Box::new(record.decision.clone())));
                }
            }
        }
        Ok(())
    }

    /// The decision as it would be with another value, predicted anew. The engine does not change.
    pub(crate) fn edited(&self, config: &Config, id: &str, set: &BTreeMap<String, LeverValue>) -> Result<Record> {
        let record =
            self.book.records.get(id).ok_or_else(|| refuse(Code::NotFound, "there is no such decision".to_owned()))?;
        let no = || refuse(Code::InvalidArgument, "the lever does not take this value".to_owned());
        let mut edited = record.clone();
        edited.decision.act = edited_act(&record.decision, set).ok_or_else(no)?;
        if let Act::SetLever { to, lever, .. } = &edited.decision.act
            && !config.lever(lever).is_some_and(|l| super::act::takes(&l.kind, to))
        {
            return Err(no());
        }
        let lost =
            || refuse(Code::Stale, "what the card rests on is no longer there; wait for a new proposal".to_owned());
        if let Source::Proposed { .. } = &record.source {
            edited.decision.edited_from = Some(Box::new(record.decision.clone()));
            let expires_at = edited.decision.expires_at;
            self.compose(config, &config.zone(), &mut edited)?;
            edited.decision.edited_from = None;
            keep_terms(&mut edited.decision, &record.decision, expires_at);
            return Ok(edited);
        }
        let Source::Playbook { insight, playbook, .. } = &record.source else { return Err(lost()) };
        let play = config.playbooks.iter().find(|p| p.key == *playbook).ok_or_else(lost)?;
        let metric = config.metric(&insight.metric).ok_or_else(lost)?;
        let expires_at = edited.decision.expires_at;
        self.complete(config, &config.zone(), play, insight, metric, &mut edited).ok_or_else(lost)?;
        keep_terms(&mut edited.decision, &record.decision, expires_at);
        Ok(edited)
    }

    /// A sovereign approval can be taken back for some time before anything happens.
    fn cool(&mut self, config: &Config, id: &str) {
        let until = self.now.saturating_add(config.business.limits.cool_off);
        if let Some(record) = self.book.records.get_mut(id)
            && record.decision.level == Level::Sovereign
            && until > self.now
        {
            record.decision.cools_until = Some(until);
        }
    }

    /// What a card waits for must be able to happen.
    fn can_wake(&self, config: &Config, wake: &Wake) -> Result<()> {
        let known = match wake {
            Wake::Insight { metric } => config.metric(metric).is_some(),
            Wake::Decision { decision } => self.book.records.contains_key(decision),
        };
        if known {
            return Ok(());
        }
        Err(refuse(Code::NotFound, "what it should wait for does not exist, or has ended already".to_owned()))
    }

    fn to_of(&self, id: &str) -> String {
        match self.book.records.get(id).map(|r| &r.decision.act) {
            Some(Act::SetLever { to, .. }) => text::lever(to),
            _ => String::new(),
        }
    }
}

/// The deadline and the rule that asked are those of the card that was on screen.
fn keep_terms(edited: &mut Decision, shown: &Decision, expires_at: Millis) {
    edited.expires_at = expires_at;
    edited.policy = shown.policy.clone();
    edited.conflicts.clone_from(&shown.conflicts);
    for c in &mut edited.preconditions {
        if let Precondition::Before { at } = c {
            *at = expires_at;
        }
    }
}

/// The reason's code and the founder's words.
fn because(reason: &str, words: &str) -> String {
    let reason = text::shorten(reason, 40);
    if words.is_empty() { reason } else { format!("{reason}: {}", text::shorten(words, 500)) }
}

/// Edits in words.
fn said(set: &BTreeMap<String, LeverValue>) -> String {
    set.values().map(text::lever).collect::<Vec<_>>().join(", ")
}

fn refuse(code: Code, message: String) -> Error {
    Error::new(code, message, "look at the card again")
}
