//! What is remembered of decisions: the live ones whole, the finished ones as precedents, and the running totals.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use epoch_model::business::LeverValue;
use epoch_model::decision::{Act, Calibration, Decision, State};
use epoch_model::insight::Insight;
use epoch_model::time::Millis;
use epoch_stats::baseline::Band;
use serde::{Deserialize, Serialize};

use super::autonomy::Cells;
use super::calibration::Reliability;
use super::limits::{Booking, Ledger};

/// What a decision was proposed for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub(crate) enum Source {
    /// A playbook's answer to a finding.
    Playbook {
        insight: Box<Insight>,
        /// Its key.
        playbook: String,
        /// Relative change of the metric the playbook's expert expects of the act as first proposed.
        prior: Band,
        /// How many steps that act was.
        steps: f64,
    },
    /// Put forward by somebody else.
    Proposed { proposal: Box<epoch_model::proposal::Proposal> },
    /// Starts or ends an experiment.
    Experiment {
        /// Its key.
        experiment: String,
    },
}

/// A decision that has not come to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub decision: Decision,
    pub source: Source,
    /// Why it asks although a rule would let it run.
    pub asks: Option<String>,
    pub horizon: Millis,
    pub expires: Millis,
    /// Window of observation, once executed.
    pub observe: Option<(Millis, Millis)>,
    /// Another decision that changed the same lever meanwhile.
    pub disturbed: Option<String>,
    /// What it has taken of the limits.
    pub booked: Option<Booking>,
    #[serde(default)]
    pub kept: Kept,
}

/// What is remembered of a decision beside its card, for its score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// It was approved without the founder.
    pub alone: bool,
    /// What the interval was multiplied by, from its proposer's record.
    pub factor: Option<f64>,
    /// A guardrail broke while it was being observed.
    pub breach: Option<String>,
    /// The founder objected after it had run; that is its case.
    pub vetoed: bool,
    /// Why it waits although it is approved, as last written.
    pub waits: Option<String>,
    /// Reminders of its card so far.
    pub reminded: u8,
    /// Findings counted when its card was put off until the next one.
    pub insights: u64,
}

/// A finished decision, as a precedent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub id: String,
    pub headline: String,
    pub target: String,
    pub metric: String,
    pub predicted: f64,
    pub actual: f64,
    /// Relative effect against doing nothing, per step, and its standard deviation.
    pub effect: f64,
    pub noise: f64,
    pub helped: bool,
}

/// A lever in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeverState {
    pub value: LeverValue,
    pub before: Option<LeverValue>,
    pub changed_at: Option<Millis>,
    /// A decision of ours, or whoever changed it.
    pub by: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub records: BTreeMap<String, Record>,
    pub past: VecDeque<Past>,
    /// States decisions ended in, newest 2,000.
    pub ended: BTreeMap<String, State>,
    pub calibration: BTreeMap<String, Calibration>,
    /// `playbook metric` -> no new proposal before.
    pub cooldown: BTreeMap<String, Millis>,
    /// Cards put to the founder, per local day; newest 8 days.
    pub cards: BTreeMap<Millis, u32>,
    /// The founder's minutes those cards ask for, per local day; newest 8 days.
    #[serde(default)]
    pub minutes: BTreeMap<Millis, u32>,
    /// Budgets, rates, exposure and losses.
    #[serde(default)]
    pub ledger: Ledger,
    /// What proposers earned.
    #[serde(default)]
    pub cells: Cells,
    /// How well proposers' predictions held.
    #[serde(default)]
    pub reliability: BTreeMap<String, Reliability>,
    /// Targets something was done to.
    #[serde(default)]
    pub contacted: BTreeSet<String>,
    /// What others put forward and may do.
    #[serde(default)]
    pub others: super::proposal::Others,
    /// Effects whose provider fails at present.
    #[serde(default)]
    pub breakers: BTreeSet<String>,
}

/// Targets remembered as acted on; one that is forgotten counts as a first contact again.
const CONTACTED_MAX: usize = 5000;
/// Proposers whose record is kept.
const PROPOSERS_MAX: usize = 1000;

/// Whether nothing can happen to it any more.
pub(crate) fn terminal(state: State) -> bool {
    matches!(
        state,
        State::Rejected
            | State::Expired
            | State::Withdrawn
            | State::Superseded
            | State::Stale
            | State::Failed
            | State::Scored
    )
}

/// Whether a decision has come to its end: one that predicts nothing ends when it was executed.
pub(crate) fn ended(d: &Decision) -> bool {
    terminal(d.state) || (d.state == State::Executed && !d.predicts())
}

/// Whether it may still cause an effect: no second decision on its lever meanwhile.
pub(crate) fn live(state: State) -> bool {
    matches!(state, State::Draft | State::Pending | State::Asked | State::Approved | State::Executing | State::InDoubt)
}

/// The arrows of a decision's life; nothing else happens.
pub(crate) fn allowed(from: State, to: State) -> bool {
    use State as S;
    match from {
        S::Draft => {
            // Observed at once where its proposer only watches.
            matches!(
                to,
                S::Observing
                    | S::Pending
                    | S::Approved
                    | S::Rejected
                    | S::Expired
                    | S::Withdrawn
                    | S::Superseded
                    | S::Stale
            )
        }
        S::Pending => {
            matches!(
                to,
                S::Draft | S::Asked | S::Approved | S::Rejected | S::Expired | S::Withdrawn | S::Superseded | S::Stale
            )
        }
        S::Asked => {
            matches!(to, S::Pending | S::Approved | S::Rejected | S::Expired | S::Withdrawn | S::Superseded | S::Stale)
        }
        S::Approved => matches!(to, S::Executing | S::Withdrawn | S::Stale | S::Rejected),
        S::Executing => matches!(to, S::Executed | S::Failed | S::InDoubt),
        S::InDoubt => matches!(to, S::Executed | S::Failed),
        S::Executed => to == S::Observing,
        S::Observing => to == S::Scored,
        S::Rejected | S::Expired | S::Withdrawn | S::Superseded | S::Stale | S::Failed | S::Scored => false,
    }
}

impl Record {
    /// A record of a decision that was just made.
    pub(crate) fn new(decision: Decision, source: Source, horizon: Millis, expires: Millis) -> Self {
        Self {
            decision,
            source,
            asks: None,
            horizon,
            expires,
            observe: None,
            disturbed: None,
            booked: None,
            kept: Kept::default(),
        }
    }

    /// Steps the act goes now, which an edit may have changed.
    pub(crate) fn steps_now(&self) -> f64 {
        let moved = |act: &Act| match act {
            Act::SetLever { from: LeverValue::Number(a), to: LeverValue::Number(b), .. } => Some(b - a),
            _ => None,
        };
        let Source::Playbook { steps, .. } = self.source else { return 1.0 };
        let first = self.decision.edited_from.as_ref().and_then(|d| moved(&d.act));
        match (first, moved(&self.decision.act)) {
            (Some(first), Some(now)) if first != 0.0 => steps * now / first,
            _ => steps,
        }
    }
}

impl Book {
    /// The live decision on a lever.
    pub(crate) fn live_on(&self, lever: &str) -> Option<&Record> {
        self.records.values().find(|r| live(r.decision.state) && r.decision.act.lever() == Some(lever))
    }

    /// A decision whose change of a lever is still being observed.
    pub(crate) fn observed_on(&self, lever: &str) -> Option<&Record> {
        self.records.values().find(|r| {
            matches!(r.decision.state, State::Executed | State::Observing)
                && !r.decision.shadow
                && match &r.decision.act {
                    Act::SetLever { lever: l, .. } | Act::EndExperiment { lever: l, ship: Some(_), .. } => l == lever,
                    _ => false,
                }
        })
    }

    /// Where a decision stands, open or ended.
    pub(crate) fn state_of(&self, id: &str) -> Option<State> {
        self.records.get(id).map(|r| r.decision.state).or_else(|| self.ended.get(id).copied())
    }

    /// Moves finished decisions out of the way and keeps every list bounded.
    pub(crate) fn sweep(&mut self, now: Millis) {
        let done: Vec<String> =
            self.records.iter().filter(|(_, r)| ended(&r.decision)).map(|(id, _)| id.clone()).collect();
        for id in done {
            if let Some(record) = self.records.remove(&id) {
                self.ended.insert(id, record.decision.state);
            }
        }
        self.others.sweep(now);
        while self.ended.len() > 2000 {
            self.ended.pop_first();
        }
        while self.past.len() > 500 {
            self.past.pop_front();
        }
        while self.minutes.len() > 8 {
            self.minutes.pop_first();
        }
        while self.contacted.len() > CONTACTED_MAX {
            self.contacted.pop_first();
        }
        while self.reliability.len() > PROPOSERS_MAX {
            self.reliability.pop_first();
        }
        while self.cards.len() > 8 {
            self.cards.pop_first();
        }
        if self.cooldown.len() > 200 {
            self.cooldown.retain(|_, until| *until > now);
        }
    }
}
