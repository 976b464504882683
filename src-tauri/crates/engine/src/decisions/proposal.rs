//! What others put forward: checked, deduplicated, and made a card like any other.
//!
//! Nothing of a proposal is believed: names are looked up, values checked, sizes bounded, what it expects is a prior that the
//! record of scored decisions moves. It must not know who is behind a proposer, nor how a proposal reached the host.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::business::{Better, Business, PolicyAnswer, Reversibility};
use epoch_model::decision::{
    Act, Alternative, Decision, Editable, Evidence, Level, PolicyVerdict, Precondition, State, Strength, Transition,
};
use epoch_model::gate::act_hash;
use epoch_model::proposal::{Expected, Grant, Proposal, Scope};
use epoch_model::time::{DAY, HOUR, Millis, Zone};
use epoch_model::{Code, Error, Result};
use epoch_stats::baseline::Band;
use serde::{Deserialize, Serialize};

use super::act::{editable, steps_between, takes};
use super::book::{Record, Source};
use super::checks::{
    DEFINITION_MAX, HEADLINE_MAX, PIECES_MAX, SENTENCE_MAX, bad, checked_name, checked_payload, checked_text,
    checked_words, may_speak, none,
};
use super::predict::{Forecast, Origin, Question, forecast};
use super::propose::idempotency;
use super::{card, policy};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::monitor::next_id;
use crate::text;

const MINUTE: Millis = 60_000;
/// Keys remembered, and for how long: within these, proposing again is the same proposal.
const KEYS_MAX: usize = 5000;
const KEYS_FOR: Millis = 90 * DAY;
/// Open decisions of one client or agent, and of everybody.
const OPEN_OF_ONE: usize = 50;
const OPEN_OF_ALL: usize = 10_000;
/// Fields of a payload that may be edited on the card, and their longest text.
const FIELDS_MAX: usize = 12;
const FIELD_TEXT_MAX: f64 = 10_000.0;
/// Minutes to read a card of somebody else's.
const FOUNDER_MINUTES: u32 = 2;

/// What is remembered of what others put forward and were allowed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Others {
    /// `proposer`, a line feed, its key -> the decision, and when it was put forward.
    pub keys: BTreeMap<String, (String, Millis)>,
    /// Standing grants, the newest 200.
    pub grants: Vec<Grant>,
    pub grants_made: u64,
    /// Stops of one scope.
    pub halts: BTreeSet<Scope>,
}

impl Others {
    fn known(&self, proposer: &str, key: &str) -> Option<&str> {
        self.keys.get(&format!("{proposer}\n{key}")).map(|(id, _)| id.as_str())
    }

    /// Forgets keys that are too old or too many, the oldest first.
    pub(crate) fn sweep(&mut self, now: Millis) {
        if self.keys.len() <= KEYS_MAX {
            return;
        }
        self.keys.retain(|_, (_, at)| now.saturating_sub(*at) <= KEYS_FOR);
        if self.keys.len() > KEYS_MAX {
            let mut ages: Vec<(Millis, String)> = self.keys.iter().map(|(k, (_, at))| (*at, k.clone())).collect();
            ages.sort_unstable();
            // A tenth at once, so that the next ones do not sort again.
            for (_, key) in ages.iter().take(self.keys.len() - KEYS_MAX + KEYS_MAX / 10) {
                self.keys.remove(key);
            }
        }
    }
}

impl Engine {
    /// The decision a proposer's key stands for, open or ended.
    pub fn proposal(&self, proposer: &str, key: &str) -> Option<&str> {
        self.book.others.known(proposer, key)
    }

    pub(crate) fn proposed(&mut self, config: &Config, proposal: &Proposal, by: &str, out: &mut Vec<Action>) {
        if self.proposal(&proposal.proposer, &proposal.key).is_some() {
            return;
        }
        if let Err(e) = self.take_proposal(config, proposal, by, out) {
            let who = text::shorten(&proposal.proposer, 60);
            out.push(Action::Refused { what: format!("a proposal of {who}"), code: e.code, message: e.message });
        }
    }

    fn take_proposal(&mut self, config: &Config, p: &Proposal, by: &str, out: &mut Vec<Action>) -> Result<()> {
        may_speak(&p.proposer, by, p.compensation)?;
        self.room_for(p)?;
        checked_words(config, p, self.now)?;
        self.checked_strength(p)?;
        let mut p = p.clone();
        self.settle_act(config, &mut p.act)?;
        self.book.cells.version(&p.proposer, &p.version, self.now);
        let zone = config.zone();
        // What is only watched stands in nobody's way.
        let watched = Self::watches(config, &p.proposer);
        let id = next_id(&mut self.decisions, "dec");
        let made = self.made_of(config, &zone, &id, p, by).and_then(|record| {
            let back = self.takes_back(&record.decision.act);
            if watched { Ok(Ok(record)) } else { self.clear_lever(config, record, back, out) }
        });
        let merged = match made {
            Ok(Ok(record)) => {
                self.book.others.keys.insert(keyed(&record.decision), (id.clone(), self.now));
                self.book.records.insert(id.clone(), record);
                self.put(config, &zone, &id, out);
                return Ok(());
            }
            Ok(Err(merged)) => Ok(merged),
            Err(e) => Err(e),
        };
        // Nothing was made under the number; it is given to the next one.
        self.decisions = self.decisions.saturating_sub(1);
        let (key, into) = merged?;
        self.book.others.keys.insert(key, (into, self.now));
        Ok(())
    }

    /// How many open decisions there may be.
    fn room_for(&self, p: &Proposal) -> Result<()> {
        let full = |who: &str, most: usize| {
            Error::new(
                Code::Overloaded,
                format!("{who} has {most} open decisions already"),
                "wait until some of them were answered, or withdraw some",
            )
        };
        if self.book.records.len() >= OPEN_OF_ALL {
            return Err(full("the business", OPEN_OF_ALL));
        }
        let bounded = p.proposer.starts_with("client:") || p.proposer.starts_with("agent:");
        if bounded && self.book.records.values().filter(|r| r.decision.proposer == p.proposer).count() >= OPEN_OF_ONE {
            return Err(full(&p.proposer, OPEN_OF_ONE));
        }
        Ok(())
    }

    /// Outside proposers see and have heard; only an experiment we ran ourselves is more.
    fn checked_strength(&self, p: &Proposal) -> Result<()> {
        if !(p.proposer.starts_with("client:") || p.proposer.starts_with("agent:")) {
            return Ok(());
        }
        for e in p.evidence.iter().chain(&p.counter_evidence).filter(|e| e.strength > Strength::Observational) {
            let named = |word: &str| {
                self.lab.trials.contains_key(word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_'))
            };
            if !e.text.split_whitespace().any(named) {
                return Err(bad(
                    "evidence of this strength must name an experiment of this business; use “observational” or “expert”",
                ));
            }
        }
        Ok(())
    }

    /// Looks up what the act names; what only the engine knows (the value in force) is written into it.
    fn settle_act(&self, config: &Config, act: &mut Act) -> Result<()> {
        match act {
            Act::SetLever { lever, from, to } => {
                let declared = config.lever(lever).ok_or_else(|| none("lever", lever))?;
                let state = self.levers.get(lever.as_str()).ok_or_else(|| none("lever", lever))?;
                if !takes(&declared.kind, to) {
                    return Err(bad(format!("{lever} does not take the value {}", text::lever(to))));
                }
                if state.value == *to {
                    let message = format!("{lever} is {} already", text::lever(to));
                    return Err(Error::new(Code::WrongState, message, "there is nothing to decide"));
                }
                from.clone_from(&state.value);
            }
            Act::StartExperiment { .. } | Act::EndExperiment { .. } => {
                return Err(Error::new(
                    Code::Denied,
                    "experiments are asked for, not proposed: the engine designs them",
                    "ask the question instead",
                ));
            }
            Act::Call { effect, payload } => {
                config.effect(effect).ok_or_else(|| none("effect", effect))?;
                if !payload.is_object() {
                    return Err(bad("the payload of a call is an object of fields"));
                }
                checked_payload(payload)?;
            }
            Act::StartWorkflow { workflow, input, .. } => {
                checked_name(workflow)?;
                checked_payload(input)?;
            }
            Act::EditWorkflow { workflow, text, .. } => {
                checked_name(workflow)?;
                if text.len() > DEFINITION_MAX {
                    return Err(bad(format!("a definition has at most {DEFINITION_MAX} bytes")));
                }
            }
            Act::Choose { question, options, choice } => {
                checked_text("the question", question, SENTENCE_MAX)?;
                for option in options.iter() {
                    checked_text("an option", option, 200)?;
                }
                let distinct: BTreeSet<&String> = options.iter().collect();
                if options.is_empty() || options.len() > 12 || distinct.len() < options.len() {
                    return Err(bad("a question has one to twelve options, each once"));
                }
                if !options.contains(choice) {
                    return Err(bad("the choice is not one of the options"));
                }
            }
        }
        Ok(())
    }

    fn made_of(&self, config: &Config, zone: &Zone, id: &str, p: Proposal, by: &str) -> Result<Record> {
        let metric = p.expected.as_ref().map_or("", |e| e.metric.as_str());
        let mut d = card::empty(id, self.now, p.domain, p.proposer.clone(), metric, p.act.clone());
        d.policy_version.clone_from(&config.version);
        p.headline.trim().clone_into(&mut d.headline);
        d.proposal = Some(p.key.clone());
        d.origin.clone_from(&p.origin);
        d.founder_minutes = FOUNDER_MINUTES;
        d.history.push(Transition {
            at: self.now,
            to: State::Draft,
            actor: by.to_owned(),
            reason: format!("put forward by {}", p.proposer),
        });
        let horizon = p.expected.as_ref().map_or(0, |e| e.horizon);
        let expires = p.expires_in;
        let question = matches!(d.act, Act::Choose { .. });
        let mut record = Record::new(d, Source::Proposed { proposal: Box::new(p) }, horizon, expires);
        // No rule answers in the founder's place; silence means the choice as it stands.
        record.asks = question.then(|| "it is a question to you".to_owned());
        self.compose(config, zone, &mut record)?;
        Ok(record)
    }

    /// Fills in everything that follows from the act, as for the engine's own proposals.
    pub(crate) fn compose(&self, config: &Config, zone: &Zone, record: &mut Record) -> Result<()> {
        let Source::Proposed { proposal } = &record.source else {
            return Err(Error::new(Code::Internal, "this decision was not proposed by others", "report this"));
        };
        let p = proposal.as_ref().clone();
        let (own, cost, kind) =
            Self::terms(config, &record.decision.act).ok_or_else(|| none("target", &record.decision.act.target()))?;
        let made = match &p.expected {
            None => None,
            Some(expected) => Some(self.forecast_of(config, zone, record, expected)?),
        };
        record.kept.factor = None;
        let d = &mut record.decision;
        d.reversibility = p.reversibility.map_or(own, |said| said.max(own));
        d.cost_minor = cost;
        let uses = made.as_ref().map_or(0, |m| m.uses);
        match made {
            Some(Forecast { nothing, acting, .. }) => {
                d.stake_minor = acting
                    .money_minor
                    .map(|(low, _, high)| low.saturating_abs().max(high.saturating_abs()).saturating_add(cost));
                let days = (acting.to.saturating_sub(acting.from) / DAY).max(1);
                d.delay_cost_per_day_minor = acting.money_minor.map(|(_, middle, _)| middle / days);
                d.nothing = nothing;
                d.prediction = acting;
            }
            // Nobody said what a lever without a prediction moves; a call or a step stakes what it costs.
            None => d.stake_minor = (!matches!(d.act, Act::SetLever { .. })).then_some(cost),
        }
        let novel = d.predicts() && uses == 0;
        d.level = policy::level(&config.business, d.stake_minor, d.reversibility, d.prediction.p_worse, novel);
        // A procedure governs what comes after it.
        if matches!(d.act, Act::EditWorkflow { .. }) {
            d.level = d.level.max(Level::Strategic);
        }
        d.layer = policy::layer(d.level);
        d.act_hash = act_hash(&d.act);
        d.idempotency_key = idempotency(&config.business.name, &d.id, &d.act_hash);
        d.editable = kind.as_ref().map_or_else(|| fields(&d.act), editable);
        d.expires_at = self.now.saturating_add(record.expires);
        d.preconditions = vec![Precondition::Before { at: d.expires_at }];
        match &d.act {
            Act::SetLever { lever, from, .. } => {
                let still = Precondition::LeverIs { lever: lever.clone(), value: from.clone() };
                d.preconditions.insert(0, still);
            }
            Act::EditWorkflow { workflow, from_version, .. } => {
                let still = Precondition::WorkflowIs { workflow: workflow.clone(), version: *from_version };
                d.preconditions.insert(0, still);
            }
            _ => {}
        }
        let metric = config.metric(&d.prediction.metric);
        let goal = card::mechanics(config, metric, &self.book, d);
        d.blast_radius = card::blast_radius(config, metric, None, &d.act);
        worst_case(d);
        d.evidence = settled(&p.evidence, self.now);
        d.counter_evidence = settled(&p.counter_evidence, self.now);
        self.search_against(config, goal, d);
        d.alternatives = alternatives(d, &p.alternatives);
        self.settle_card(config, zone, record);
        Ok(())
    }

    fn forecast_of(&self, config: &Config, zone: &Zone, record: &Record, e: &Expected) -> Result<Forecast> {
        let metric = config.metric(&e.metric).ok_or_else(|| none("metric", &e.metric))?;
        let early = || {
            Error::new(
                Code::WrongState,
                format!("{} has too little history for a prediction", metric.title),
                "propose it without an expectation, or wait for more data",
            )
        };
        let track = self.tracks.get(&metric.key).ok_or_else(early)?;
        let d = &record.decision;
        let steps = Self::steps_of(config, &d.act);
        let first = d.edited_from.as_ref().map_or(steps, |shown| Self::steps_of(config, &shown.act));
        let scale = if first == 0.0 { 1.0 } else { (steps / first).clamp(-3.0, 3.0) };
        let (a, b) = (e.p10 * scale, e.p90 * scale);
        let change = Band { p10: a.min(b), p50: e.p50 * scale, p90: a.max(b) };
        // A forecast's prior is an improvement.
        let prior = if metric.better == Better::Down {
            Band { p10: -change.p90, p50: -change.p50, p90: -change.p10 }
        } else {
            change
        };
        let words =
            format!("what {} expects ({} to {})", d.proposer, text::change(change.p10), text::change(change.p90));
        let question = Question {
            metric,
            track,
            from: track.end(),
            horizon: e.horizon,
            up: None,
            prior,
            origin: Origin::Measured(&words),
            target: &d.act.target(),
            steps,
            calibration: self.book.calibration.get(&d.proposer).copied().unwrap_or_default(),
        };
        forecast(config, zone, &self.book, &question).ok_or_else(early)
    }

    fn steps_of(config: &Config, act: &Act) -> f64 {
        match act {
            Act::SetLever { lever, from, to } => config.lever(lever).map_or(1.0, |l| steps_between(&l.kind, from, to)),
            _ => 1.0,
        }
    }

    /// The engine looks for what speaks against it, whatever its proposer found.
    fn search_against(&self, config: &Config, goal: Option<f64>, d: &mut Decision) {
        let target = d.act.target();
        let same: Vec<_> = self.book.past.iter().filter(|p| p.target == target).collect();
        let mut searched = vec![format!("{} scored decisions of this kind", same.len())];
        let now = self.now;
        let mut found = Vec::new();
        let mut add = |text: String, strength| {
            found.push(Evidence { text, strength, at: now, insight: None, rows: None });
        };
        for past in same.iter().rev().filter(|p| !p.helped).take(3) {
            add(format!("{} did not help: {}", past.id, past.headline), Strength::Quasi);
        }
        if let Some(metric) = config.metric(&d.prediction.metric) {
            let track = self.tracks.get(&metric.key);
            if let Some(target) = goal {
                searched.push("the goal".to_owned());
                let value = track.and_then(|t| t.cells.back()).and_then(|c| c.value);
                let met = value.is_some_and(|v| if metric.better == Better::Down { v <= target } else { v >= target });
                if met {
                    let target = text::value(metric, &config.business, target);
                    add(format!("the goal of {target} is met all the same"), Strength::Observational);
                }
            }
            searched.push("how much data it rests on".to_owned());
            let events = track.and_then(|t| t.cells.back()).map_or(0, |c| c.events);
            if events < 30 {
                add(format!("only {events} events are behind the number"), Strength::Observational);
            }
        }
        let record = self.book.calibration.get(&d.proposer).copied().unwrap_or_default();
        searched.push("its proposer's record".to_owned());
        if record.scored >= 5 && record.inside * 10 < record.scored * 6 {
            add(
                format!("only {} of {} predictions of {} held", record.inside, record.scored, d.proposer),
                Strength::Quasi,
            );
        }
        d.counter_evidence.extend(found);
        d.counter_search = format!("searched: {}", searched.join(", "));
    }

    /// Takes a proposal back that did not run yet.
    pub(crate) fn withdrawn(&mut self, proposer: &str, key: &str, reason: &str, out: &mut Vec<Action>) {
        let what = format!("withdrawal by {}", text::shorten(proposer, 60));
        let Some(id) = self.proposal(proposer, key).map(str::to_owned) else {
            let message = "there is no such proposal".to_owned();
            out.push(Action::Refused { what, code: Code::NotFound, message });
            return;
        };
        // A proposal that was merged into another one's card is not its proposer's to withdraw.
        let own = self.book.records.get(&id).is_some_and(|r| r.decision.proposer == proposer);
        let reason = format!("withdrawn by its proposer: {}", text::shorten(reason, 500));
        if !own || !self.shift(&id, State::Withdrawn, proposer, reason, out) {
            let message = "it has run or ended already, or is another's".to_owned();
            out.push(Action::Refused { what, code: Code::WrongState, message });
        }
    }

    /// A proposer tells what became of a decision of its own.
    pub(crate) fn reported(
        &mut self,
        config: &Config,
        id: &str,
        by: &str,
        good: bool,
        said: &str,
        out: &mut Vec<Action>,
    ) {
        let refuse = |code, message: &str| Action::Refused {
            what: format!("report on {}", text::shorten(id, 40)),
            code,
            message: message.to_owned(),
        };
        let open = self.book.records.get_mut(id);
        let own = match &open {
            Some(record) => record.decision.proposer == by,
            None => self
                .book
                .others
                .keys
                .iter()
                .any(|(key, (of, _))| of == id && key.split_once('\n').is_some_and(|(proposer, _)| proposer == by)),
        };
        if !own {
            out.push(refuse(Code::NotFound, "there is no such decision of this proposer"));
            return;
        }
        let said = text::shorten(said, SENTENCE_MAX);
        if let Some(record) = open {
            if !matches!(record.decision.state, State::Executed | State::Observing) {
                out.push(refuse(Code::WrongState, "it has not run yet"));
                return;
            }
            let word = if good { "went well" } else { "went badly" };
            let remark = format!("{word}: {said}");
            super::answers::remark(&mut record.decision, self.now, by, remark);
            out.push(Action::Decision(Box::new(record.decision.clone())));
            self.reported_by_proposer(config, id, good);
        }
        if !good {
            out.push(Action::Notify {
                decision: id.to_owned(),
                text: format!("{by} reports that it went badly: {said}"),
            });
        }
    }

    /// Whether an act gives a lever the value it had before a decision of ours changed it.
    pub(crate) fn takes_back(&self, act: &Act) -> bool {
        match act {
            Act::SetLever { lever, to, .. } => self
                .levers
                .get(lever)
                .is_some_and(|s| s.before.as_ref() == Some(to) && s.by.as_ref().is_some_and(|b| b.starts_with("dec_"))),
            Act::EndExperiment { ship: None, .. } => true,
            _ => false,
        }
    }
}

/// `proposer`, a line feed, its key.
pub(crate) fn keyed(d: &Decision) -> String {
    format!("{}\n{}", d.proposer, d.proposal.as_deref().unwrap_or_default())
}

/// The verdict on an undoing step of a workflow: it does not wait for policy.
pub(crate) fn undoing(record: &Record) -> Option<PolicyVerdict> {
    let Source::Proposed { proposal } = &record.source else { return None };
    proposal.compensation.then(|| PolicyVerdict {
        answer: PolicyAnswer::Run,
        rule: "undoing".to_owned(),
        reason: "it undoes what an earlier step of the same run did, so it does not wait; a stop still holds it"
            .to_owned(),
    })
}

/// Evidence as its proposer gave it; nothing was observed in the future.
fn settled(pieces: &[Evidence], now: Millis) -> Vec<Evidence> {
    pieces.iter().map(|e| Evidence { at: e.at.min(now), ..e.clone() }).collect()
}

fn alternatives(d: &Decision, given: &[Alternative]) -> Vec<Alternative> {
    let why_not = if d.predicts() {
        format!(
            "what it is expected to do would not happen; it is worse than nothing with a probability of {} %",
            text::number(d.prediction.p_worse * 100.0, 0)
        )
    } else if d.origin.is_some() {
        "the run would not take this step".to_owned()
    } else {
        "what it asks for would not happen".to_owned()
    };
    let mut out = vec![Alternative { what: "Do nothing".to_owned(), why_not }];
    out.extend(given.iter().cloned());
    out
}

fn worst_case(d: &mut Decision) {
    d.worst_case = match d.reversibility {
        Reversibility::R0 => "nothing outside depends on it".to_owned(),
        Reversibility::R1 => "it is undone, and the time in between is lost".to_owned(),
        Reversibility::R2 => "undoing it costs as much again, and who was touched meanwhile stays touched".to_owned(),
        Reversibility::R3 => "it cannot be undone, whatever it does".to_owned(),
    };
}

/// What the founder may change of an act that is no lever.
fn fields(act: &Act) -> Vec<Editable> {
    match act {
        Act::Choose { options, .. } => {
            let field = "choice".to_owned();
            vec![Editable { field, min: None, max: None, step: None, options: options.clone() }]
        }
        Act::Call { payload, .. } => payload
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, v)| v.is_string() || v.is_number() || v.is_boolean())
            .take(FIELDS_MAX)
            .map(|(name, v)| Editable {
                field: format!("payload.{name}"),
                min: None,
                max: v.is_string().then_some(FIELD_TEXT_MAX),
                step: None,
                options: Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The proposal that puts an ended decision forward again: its act, and what it was expected to do, as a prior.
pub fn again(d: &Decision, business: &Business, now: Millis) -> Result<Proposal> {
    if !matches!(d.state, State::Rejected | State::Expired | State::Withdrawn | State::Stale | State::Superseded) {
        let message = "only a decision that ended without running can be opened again".to_owned();
        return Err(Error::new(Code::WrongState, message, "look at its history"));
    }
    if d.act.experiment().is_some() {
        let message = "an experiment is asked for again, not opened again".to_owned();
        return Err(Error::new(Code::WrongState, message, "ask the question again"));
    }
    let expected = (d.predicts() && d.nothing.value.p50 != 0.0).then(|| {
        let base = d.nothing.value.p50;
        let of = |v: f64| ((v - base) / base.abs()).clamp(-10.0, 10.0);
        // The interval of the prediction holds the metric's own noise, too; what is left without it is what the act adds.
        let half = |acting: f64, nothing: f64| {
            ((acting - d.prediction.value.p50).powi(2) - (nothing - base).powi(2)).max(0.0).sqrt() / base.abs()
        };
        let p50 = of(d.prediction.value.p50);
        Expected {
            metric: d.prediction.metric.clone(),
            p10: (p50 - half(d.prediction.value.p10, d.nothing.value.p10)).max(-10.0),
            p50,
            p90: (p50 + half(d.prediction.value.p90, d.nothing.value.p90)).min(10.0),
            horizon: d.prediction.to.saturating_sub(d.prediction.from).clamp(HOUR, 400 * DAY),
        }
    });
    let expected = expected.filter(|e| business.metrics.iter().any(|m| m.key == e.metric));
    let skip = |e: &&Evidence| e.text.chars().count() <= SENTENCE_MAX && !e.text.trim().is_empty();
    Ok(Proposal {
        key: format!("{} again at {now}", d.id),
        proposer: d.proposer.clone(),
        headline: text::shorten(&d.headline, HEADLINE_MAX),
        act: d.act.clone(),
        domain: d.domain,
        expected,
        evidence: d.evidence.iter().filter(skip).take(PIECES_MAX).cloned().collect(),
        counter_evidence: Vec::new(),
        alternatives: d.alternatives.iter().skip(1).take(PIECES_MAX).cloned().collect(),
        expires_in: d.expires_at.saturating_sub(d.created_at).clamp(MINUTE, 90 * DAY),
        compensation: false,
        // A run that waited for the old one has gone on without it.
        origin: None,
        reversibility: Some(d.reversibility),
        version: String::new(),
    })
}
