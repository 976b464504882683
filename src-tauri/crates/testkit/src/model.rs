//! What must hold, said without the host: a picture of a run's end, and what a recovered run may differ in from the one that
//! was never interrupted.

use std::collections::BTreeMap;

use epoch_host::audit;
use epoch_model::Result;
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{Decision, State};
use epoch_model::gate::RunState;
use epoch_store::{DecisionFilter, OutboxState, RunFilter};
use serde_json::Value;

use crate::outside::Call;
use crate::plan::{Plan, What};
use crate::shop::CAREFUL;
use crate::stage::Stage;

/// What is left of a decision in the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub id: String,
    pub state: State,
    pub act: Value,
    /// Whether a crash or a lost answer hid for a while what became of it.
    pub doubted: bool,
    /// Whether policy let it run or somebody who may approved it.
    pub allowed: bool,
}

/// A run's end.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Events in the log.
    pub events: u64,
    pub levers: BTreeMap<String, Value>,
    /// By proposal key.
    pub cards: BTreeMap<String, Card>,
    /// How often something was done, by idempotency key; with the decision and the effect.
    pub done: BTreeMap<String, (String, String, usize)>,
    /// Runs of procedures, by their name: how they ended.
    pub runs: BTreeMap<String, String>,
    /// Whether the run was held before the end let it go on.
    pub run: RunState,
    /// Faults that are faults whatever is compared.
    pub faults: Vec<String>,
}

impl Picture {
    /// Brings what is under way to its end and takes the picture.
    pub fn take(stage: &Stage) -> Result<Self> {
        let host = stage.host()?;
        let run = host.run_info().state;
        stage.finish()?;
        let mut faults = Vec::new();
        let report = host.store().verify(None)?;
        if let Some(problem) = report.problem {
            faults.push(format!("the journal's chain breaks: {}", problem.what));
        }
        // Dear, and a function of the journal alone: of every eighth end.
        if host.store().journal_head()?.1.ends_with(['0', '8'])
            && let Some(difference) = audit::replay(host.store())?.difference
        {
            faults.push(format!("replaying input {} gives other actions", difference.seq));
        }
        let levers = host.store().levers()?.1.into_iter();
        let levers = levers.map(|r| (r.key, serde_json::to_value(r.value).unwrap_or_default())).collect();
        let mut cards = BTreeMap::new();
        for decision in host.store().decisions(&DecisionFilter::default())? {
            let key = decision.proposal.clone().unwrap_or_else(|| decision.id.clone());
            if cards.insert(key.clone(), card(&decision)).is_some() {
                faults.push(format!("“{key}” became two decisions"));
            }
        }
        let calls = stage.world.calls();
        let mut done: BTreeMap<String, (String, String, usize)> = BTreeMap::new();
        for call in &calls {
            let entry = done.entry(call.key.clone()).or_insert((call.decision.clone(), call.effect.clone(), 0));
            entry.2 += usize::from(call.performed);
        }
        faults.extend(of_calls(&calls));
        for item in host.store().outbox(None, 1000)? {
            let performed = stage.world.performed(&item.idempotency_key) > 0;
            let outside = item.act.effect().is_some();
            if outside && performed != (item.state == OutboxState::Done) {
                faults.push(format!("{} is {:?} and was done outside: {performed}", item.idempotency_key, item.state));
            }
        }
        let events = host.store().count(None);
        let runs: BTreeMap<_, _> =
            host.runs(&RunFilter::default())?.into_iter().map(|(_, row)| (row.key, row.state)).collect();
        let picture = Self { events, levers, cards, done, runs, run, faults };
        Ok(picture.with_own_faults())
    }

    /// What must hold of every end, whatever happened on the way.
    fn with_own_faults(mut self) -> Self {
        let mut faults = Vec::new();
        for (key, (decision, effect, times)) in &self.done {
            if *times > 1 {
                faults.push(format!("{effect} was done {times} times under {key}"));
            }
            let card = self.cards.values().find(|c| &c.id == decision);
            match card {
                None => faults.push(format!("{effect} was called for {decision}, which does not exist")),
                Some(card) => {
                    if !card.allowed {
                        faults.push(format!("{decision} was called without policy or approval"));
                    }
                    let ran = matches!(card.state, State::Executed | State::Observing | State::Scored);
                    if ran != (*times > 0) {
                        faults
                            .push(format!("{decision} ended {:?}, and outside it was done {times} times", card.state));
                    }
                }
            }
        }
        self.faults.append(&mut faults);
        self
    }

    /// What a run that was interrupted may not differ in from `self`, the one that was not. An effect nobody can ask about
    /// may have ended failed: it was in doubt, the operator looked, and it had not arrived.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let mut out = found.faults.clone();
        let mut differ = |what: &str, expected: String, got: String| {
            if expected != got {
                out.push(format!("{what}: expected {expected}, found {got}"));
            }
        };
        differ("events", self.events.to_string(), found.events.to_string());
        differ("run", format!("{:?}", self.run), format!("{:?}", found.run));
        differ("levers", format!("{:?}", self.levers), format!("{:?}", found.levers));
        let keys = |p: &Self| p.cards.keys().cloned().collect::<Vec<_>>().join(" ");
        let runs = |p: &Self| p.runs.keys().cloned().collect::<Vec<_>>().join(" ");
        differ("runs", runs(self), runs(found));
        let doubts = self.cards.values().chain(found.cards.values()).any(|c| c.doubted);
        if !doubts {
            differ("cards", keys(self), keys(found));
            differ("ends of runs", format!("{:?}", self.runs), format!("{:?}", found.runs));
        }
        for (key, card) in &self.cards {
            let Some(other) = found.cards.get(key) else { continue };
            let same = card.state == other.state && card.act == other.act;
            let ends = [State::Executed, State::Failed];
            let explained = (card.doubted || other.doubted)
                && card.act == other.act
                && ends.contains(&card.state)
                && ends.contains(&other.state);
            if !same && !explained {
                out.push(format!(
                    "{key}: expected {:?} {}, found {:?} {}",
                    card.state, card.act, other.state, other.act
                ));
            }
        }
        out
    }
}

/// Whether policy let it run or somebody who may approved it.
pub fn allowed(decision: &Decision) -> bool {
    let mut approvals = decision.history.iter().filter(|t| t.to == State::Approved).peekable();
    let runs = decision.policy.answer == PolicyAnswer::Run && approvals.peek().is_some();
    runs || approvals.any(|t| t.actor.starts_with("operator:"))
}

fn card(decision: &Decision) -> Card {
    Card {
        id: decision.id.clone(),
        state: decision.state,
        act: serde_json::to_value(&decision.act).unwrap_or_default(),
        doubted: decision.history.iter().any(|t| t.to == State::InDoubt),
        allowed: allowed(decision),
    }
}

/// What must hold of every call.
pub fn of_calls(calls: &[Call]) -> Vec<String> {
    let mut out = Vec::new();
    for call in calls {
        if !call.permitted {
            out.push(format!("{} was called with what its permit was not given for", call.decision));
        }
        if call.after_stop {
            out.push(format!("{} was called after a stop was acknowledged", call.decision));
        }
    }
    // A call nobody answered may have arrived; where the receiver does not recognise keys, it is never repeated by itself.
    for (index, call) in calls.iter().enumerate() {
        let hidden = matches!(call.manner, crate::outside::Manner::Mute | crate::outside::Manner::Lost);
        if call.effect == CAREFUL && hidden && calls[index + 1..].iter().any(|c| c.key == call.key) {
            out.push(format!("{} was sent again although it may have arrived", call.key));
        }
    }
    out
}

/// Events that must be in the log at the end of a workload: those of the base, and each batch once.
pub fn events_of(plan: &Plan, base: u64) -> u64 {
    let mut batches = BTreeMap::new();
    for step in &plan.steps {
        if let What::Orders { batch, count } = step.what {
            batches.insert(batch, count);
        }
    }
    base + batches.values().sum::<u64>()
}
