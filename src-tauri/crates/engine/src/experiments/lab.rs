//! What is remembered of experiments: each with what its next look needs, and the stream as a whole.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use epoch_model::business::LeverValue;
use epoch_model::experiment::{Experiment, Hypothesis, Pilot, State, Step, Stopping};
use epoch_model::insight::Insight;
use epoch_model::time::Millis;
use epoch_stats::baseline::Band;
use epoch_stats::fdr::Stream;
use epoch_stats::sequential::Monitor;
use serde::{Deserialize, Serialize};

use super::audit::Audit;

/// Experiments that are kept after their end.
const ENDED_MAX: usize = 200;

/// An experiment with what its next look needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub experiment: Experiment,
    /// Who asked.
    pub by: String,
    /// How the question was found: `founder`, `playbook:<key>`, `neighbour`, …
    pub generator: String,
    /// Relative improvement that is expected of the best arm (positive is better).
    pub expected: Band,
    /// The decision to start or end it that is open.
    pub open: Option<String>,
    pub plan: Option<Plan>,
    pub ticket: Option<Ticket>,
    /// What is proposed instead if it cannot be answered.
    pub fallback: Option<Box<Fallback>>,
    /// Since when a gate has been failing.
    pub failing_since: Option<Millis>,
    /// No start and no conclusion before this.
    pub not_before: Option<Millis>,
    /// Failed attempts to start or end it.
    pub attempts: u32,
    /// A rule of the file serves it: nothing to start.
    pub by_rule: bool,
    /// Where it goes once the decision that ends it is carried out.
    pub then: State,
    /// Who wants it ended, and why, while its start or its shipping is under way.
    pub stop_wanted: Option<(String, String)>,
    /// What everyone had before the winner was shipped.
    pub before: Option<LeverValue>,
    /// When it is looked after again.
    pub recheck_at: Option<Millis>,
}

/// A playbook's proposal that became an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fallback {
    pub playbook: String,
    pub insight: Insight,
}

/// Its place in the stream of tests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub number: usize,
    /// One-sided.
    pub level: f64,
}

/// The running tests of one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Per arm but the control.
    pub arms: Vec<ArmPlan>,
    /// Tests that hold at any time, by metric, per arm but the control.
    pub watches: BTreeMap<String, Vec<Monitor>>,
    /// Share of the planned information at the newest look that spent something.
    pub spent_at: f64,
    /// The sequential test of the split.
    pub split: Option<epoch_stats::srm::Sequential>,
    /// For audits: the tests of the second arm with a known effect added.
    pub injected: Option<Injected>,
}

/// An effect that was added to an audit's sums.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Injected {
    /// Relative, in the direction in which the metric is better.
    pub effect: f64,
    pub tests: ArmPlan,
    /// Days from its start until it was found.
    pub found_after: Option<f64>,
    /// Whether its tests have ended.
    pub over: bool,
}

/// The tests of one arm on the primary metric, in the direction in which it is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArmPlan {
    /// One-sided, at the level of the stream, gives up when futile.
    pub better: Monitor,
    /// Two-sided, at the experiment's own error.
    pub own: Monitor,
    /// At any time, two-sided.
    pub anytime: Monitor,
    /// The limits at the newest look that spent something.
    pub limits: Option<Stopping>,
}

/// An effect as it was expected and measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learnt {
    pub experiment: String,
    pub generator: String,
    pub method: String,
    pub lever: Option<String>,
    pub metric: String,
    /// Relative improvement.
    pub predicted: f64,
    pub measured: f64,
    pub se: f64,
    pub called: bool,
}

/// Traffic of a lever, as last measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reach {
    /// When it was asked for.
    pub at: Millis,
    /// New units per day; 0: its exposures are not reported.
    pub units_per_day: f64,
    pub pilot: Option<Pilot>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lab {
    /// By key.
    pub trials: BTreeMap<String, Trial>,
    /// Levels of autonomous calls.
    pub stream: Option<Stream>,
    pub hypotheses: BTreeMap<String, Hypothesis>,
    /// Hypotheses counted so far.
    pub thought: u64,
    /// Estimated anew with each effect that is learnt; `None` before the first.
    pub prior: Option<epoch_stats::bayes::Belief>,
    /// Newest 500.
    pub learnt: VecDeque<Learnt>,
    /// Levers whose traffic was asked for, by lever.
    pub reach: BTreeMap<String, Reach>,
    /// Pairs of levers that changed each other's effect.
    pub interacting: BTreeSet<(String, String)>,
    pub audit: Audit,
    /// When hypotheses were last looked for.
    pub thought_at: Millis,
    /// Something of the portfolio changed.
    pub changed: bool,
}

/// Whether an experiment holds its lever.
pub(crate) fn holds(state: State) -> bool {
    matches!(state, State::Waiting | State::Running | State::Concluding)
}

/// Whether nothing happens to it any more.
pub(crate) fn over(state: State) -> bool {
    matches!(state, State::Refused | State::Stopped | State::Archived)
}

impl Lab {
    /// The experiment that runs on a lever or is about to.
    pub(crate) fn on_lever(&self, lever: &str) -> Option<&str> {
        let on = |t: &&Trial| holds(t.experiment.state) && t.experiment.spec.lever.as_deref() == Some(lever);
        self.trials.values().find(on).map(|t| t.experiment.spec.key.as_str())
    }

    pub(crate) fn running(&self) -> usize {
        self.trials.values().filter(|t| holds(t.experiment.state) && t.experiment.spec.lever.is_some()).count()
    }

    /// Forgets the oldest of what is over.
    pub(crate) fn sweep(&mut self) {
        let mut ended: Vec<(Millis, String)> = self
            .trials
            .iter()
            .filter(|(_, t)| over(t.experiment.state))
            .map(|(key, t)| (t.experiment.ended_at.unwrap_or(t.experiment.created_at), key.clone()))
            .collect();
        if ended.len() > ENDED_MAX {
            ended.sort();
            for (_, key) in ended.drain(..ended.len().saturating_sub(ENDED_MAX)) {
                self.trials.remove(&key);
            }
        }
    }
}

impl Trial {
    pub(crate) fn new(experiment: Experiment, by: &str, generator: &str, expected: Band) -> Self {
        Self {
            experiment,
            by: by.to_owned(),
            generator: generator.to_owned(),
            expected,
            open: None,
            plan: None,
            ticket: None,
            fallback: None,
            failing_since: None,
            not_before: None,
            attempts: 0,
            by_rule: false,
            then: State::Archived,
            stop_wanted: None,
            before: None,
            recheck_at: None,
        }
    }

    /// Moves it on, with the reason.
    pub(crate) fn step(&mut self, at: Millis, to: State, actor: &str, reason: impl Into<String>) {
        self.experiment.state = to;
        if over(to) && self.experiment.ended_at.is_none() {
            self.experiment.ended_at = Some(at);
        }
        self.experiment.history.push(Step { at, to, actor: actor.to_owned(), reason: reason.into() });
    }

    /// Whether the engine may ship what it finds, so that its call is one of the stream.
    pub(crate) fn in_stream(&self) -> bool {
        use epoch_model::experiment::Purpose;
        self.experiment.spec.lever.is_some() && self.experiment.spec.purpose == Purpose::Decide
    }
}
