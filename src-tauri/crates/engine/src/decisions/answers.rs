//! Answers that keep a card open: questions and their replies, deferral until something happens, reminders.

use epoch_model::Code;
use epoch_model::decision::{Decision, Remark, State, Wake};
use epoch_model::time::Millis;

use super::book::{Record, terminal};
use crate::Engine;
use crate::action::Action;
use crate::text;

/// Lines of talk kept on a card, and their length.
const TALK_MAX: usize = 40;
const LINE_MAX: usize = 4000;
/// Shares of the window, in per cent, after which the founder is reminded.
const REMINDERS: [i64; 3] = [25, 50, 80];

/// Adds a line to the talk on a card.
pub(crate) fn remark(d: &mut Decision, at: Millis, by: &str, said: String) {
    let text = text::shorten(&said, LINE_MAX);
    d.talk.push(Remark { at, by: by.to_owned(), text });
    if d.talk.len() > TALK_MAX {
        d.talk.remove(0);
    }
}

/// Whether a proposer is a part of the engine, which answers from what it knows.
fn engine_made(proposer: &str) -> bool {
    ["playbook:", "experiment:", "workflow:"].iter().any(|kind| proposer.starts_with(kind))
}

impl Engine {
    /// The founder asks; whoever is part of the engine answers at once, everybody else is waited for.
    pub(crate) fn asked_about(&mut self, id: &str, actor: &str, question: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        remark(&mut record.decision, now, actor, question.to_owned());
        let proposer = record.decision.proposer.clone();
        let reason = format!("asked: {}", text::shorten(question, 200));
        if self.shift(id, State::Asked, actor, reason, out) && engine_made(&proposer) {
            let answer = self.book.records.get(id).map(known).unwrap_or_default();
            self.reply(id, &proposer, &answer, out);
        }
    }

    /// The proposer's reply brings the card back, as another card than the one that was on screen.
    pub(crate) fn reply(&mut self, id: &str, by: &str, said: &str, out: &mut Vec<Action>) {
        let what = format!("reply on {} by {}", text::shorten(id, 40), text::shorten(by, 60));
        let now = self.now;
        let refuse = |code, message: &str| Action::Refused { what: what.clone(), code, message: message.to_owned() };
        let Some(record) = self.book.records.get_mut(id).filter(|r| r.decision.proposer == by) else {
            out.push(refuse(Code::NotFound, "there is no such open decision of this proposer"));
            return;
        };
        if record.decision.state != State::Asked {
            out.push(refuse(Code::WrongState, "nobody asked, or it was answered already"));
            return;
        }
        if said.trim().is_empty() || said.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            out.push(refuse(Code::InvalidArgument, "a reply is plain text"));
            return;
        }
        remark(&mut record.decision, now, by, said.to_owned());
        let headline = record.decision.headline.clone();
        if self.shift(id, State::Pending, by, "answered the question".to_owned(), out) {
            out.push(Action::Notify { decision: id.to_owned(), text: format!("Answered: {headline}") });
        }
    }

    /// Reminds once at each of the shares of the window, unless the card was put off.
    pub(crate) fn remind(&mut self, id: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        let d = &record.decision;
        let shown = d.history.iter().find(|t| t.to == State::Pending).map_or(d.created_at, |t| t.at);
        let window = d.expires_at.saturating_sub(shown);
        if d.deferred_until.is_some() || window <= 0 {
            return;
        }
        let passed = now.saturating_sub(shown).saturating_mul(100) / window;
        let due = REMINDERS.iter().filter(|share| passed >= **share).count();
        let due = u8::try_from(due).unwrap_or(u8::MAX);
        // Several that were slept through are one.
        if due > record.kept.reminded {
            record.kept.reminded = due;
            let left = text::lasting(d.expires_at.saturating_sub(now).max(0));
            let text = format!("Still waits for your answer, {left} left: {}", d.headline);
            out.push(Action::Notify { decision: id.to_owned(), text });
        }
    }

    /// Brings back cards that were put off until something that just happened.
    pub(crate) fn wake(&mut self, out: &mut Vec<Action>) {
        let waiting: Vec<String> = self
            .book
            .records
            .values()
            .filter(|r| r.decision.state == State::Pending)
            .filter(|r| match &r.decision.deferred_for {
                None => false,
                Some(Wake::Decision { decision }) => {
                    self.book.records.get(decision).is_none_or(|r| terminal(r.decision.state))
                }
                Some(Wake::Insight { metric }) => out.iter().any(|action| match action {
                    // Findings are counted: one from before the deferral that is told again wakes nobody.
                    Action::Insight(i) => i.metric == *metric && number(&i.id) > r.kept.insights,
                    _ => false,
                }),
            })
            .map(|r| r.decision.id.clone())
            .collect();
        for id in waiting {
            if let Some(record) = self.book.records.get_mut(&id) {
                let d = &mut record.decision;
                d.deferred_until = None;
                d.deferred_for = None;
                out.push(Action::Decision(Box::new(d.clone())));
                out.push(Action::Notify { decision: id, text: d.headline.clone() });
            }
        }
    }
}

/// `ins_000012` -> 12.
fn number(id: &str) -> u64 {
    id.rsplit('_').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What the engine knows of a card of its own, for whoever asks.
fn known(record: &Record) -> String {
    let d = &record.decision;
    let mut out = String::new();
    let mut say = |text: &str| {
        if !text.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(text);
        }
    };
    for e in &d.evidence {
        let rows = e.rows.as_ref().map_or_else(String::new, |r| {
            let part = r.segment.as_ref().map_or_else(String::new, |(s, v)| format!(", {s} {v}"));
            format!(" (rows of {}{part})", r.metric)
        });
        say(&format!("For it: {}{rows}", e.text));
    }
    for e in &d.counter_evidence {
        say(&format!("Against it: {}", e.text));
    }
    say(&d.counter_search);
    if d.predicts() {
        say(&format!("The prediction comes from {}", d.prediction.value.method));
        let record = d.prediction.calibration;
        say(&format!("{} of {} such predictions held", record.inside, record.scored));
    }
    if let Some(origin) = &d.origin {
        say(&format!("It is the step {} of the run {}", origin.node, origin.run));
    }
    say(&format!("Policy “{}”: {}", d.policy.rule, d.policy.reason));
    out
}
