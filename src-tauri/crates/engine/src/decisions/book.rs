//! What is remembered of decisions: the live ones whole, the finished ones as precedents, and the running totals.

use std::collections::{BTreeMap, VecDeque};

use epoch_model::business::LeverValue;
use epoch_model::decision::{Act, Calibration, Decision, State};
use epoch_model::insight::Insight;
use epoch_model::time::Millis;
use epoch_stats::baseline::Band;
use serde::{Deserialize, Serialize};

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
    /// It ran without being asked about, and its cost was booked on this local day.
    pub booked: Option<Millis>,
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
    /// Minor units spent without asking, per local day; newest 8 days.
    pub spent: BTreeMap<Millis, i64>,
    /// Cards put to the founder, per local day; newest 8 days.
    pub cards: BTreeMap<Millis, u32>,
}

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

/// Whether it may still cause an effect: no second decision on its lever meanwhile.
pub(crate) fn live(state: State) -> bool {
    matches!(state, State::Draft | State::Pending | State::Asked | State::Approved | State::Executing | State::InDoubt)
}

/// The arrows of a decision's life; nothing else happens.
pub(crate) fn allowed(from: State, to: State) -> bool {
    use State as S;
    match from {
        S::Draft => {
            matches!(to, S::Pending | S::Approved | S::Rejected | S::Expired | S::Withdrawn | S::Superseded | S::Stale)
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
            self.records.iter().filter(|(_, r)| terminal(r.decision.state)).map(|(id, _)| id.clone()).collect();
        for id in done {
            if let Some(record) = self.records.remove(&id) {
                self.ended.insert(id, record.decision.state);
            }
        }
        while self.ended.len() > 2000 {
            self.ended.pop_first();
        }
        while self.past.len() > 500 {
            self.past.pop_front();
        }
        while self.spent.len() > 8 {
            self.spent.pop_first();
        }
        while self.cards.len() > 8 {
            self.cards.pop_first();
        }
        if self.cooldown.len() > 200 {
            self.cooldown.retain(|_, until| *until > now);
        }
    }
}
