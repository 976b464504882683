//! The stream of experiments as a whole: what waits, what may still go wrong, how good the engine itself is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::design::Days;
use super::reading::Interval;
use crate::business::LeverValue;
use crate::time::Millis;

/// Where a hypothesis stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HypothesisState {
    Queued,
    Testing,
    Supported,
    Refuted,
    /// Tested without an answer.
    Open,
    /// Cannot be answered with this traffic.
    Unanswerable,
    Dropped,
}

/// A belief that can be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Hypothesis {
    /// `hyp_000001`.
    pub id: String,
    pub at: Millis,
    /// "Pro price at 32 raises revenue per visitor".
    pub title: String,
    /// Why it is believed.
    pub because: String,
    /// `insight`, `playbook:<key>`, `neighbour` (next step of a lever), `follow_up`, `retest`, `segment`, `contradiction`, `founder`.
    pub generator: String,
    pub lever: String,
    pub from: LeverValue,
    pub to: LeverValue,
    pub metric: String,
    /// Predicate over attributes, for a hypothesis about some.
    pub audience: Option<String>,
    /// Relative effect that is expected (p10, p50, p90).
    pub prior: Interval,
    pub state: HypothesisState,
    /// Worth of knowing, in minor units per week of its traffic; `None` where nothing is known of money or traffic.
    pub value_minor_per_week: Option<i64>,
    pub days: Option<Days>,
    /// The experiment that tests or tested it.
    pub experiment: Option<String>,
    /// Insights, decisions and experiments it rests on.
    pub evidence: Vec<String>,
}

/// What may still be called wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ErrorBudget {
    /// `addis_async`.
    pub method: String,
    /// The share of false calls that is kept to.
    pub target: f64,
    /// Experiments concluded under it, and calls among them.
    pub tests: u64,
    pub calls: u64,
    /// The level the next experiment would be tested at.
    pub next_level: f64,
    /// What is left of the budget, as a share of what it began with; above 1 after calls.
    pub left: f64,
}

/// How the engine does where the truth is known: A/A tests and injected effects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct SelfAudit {
    /// A/A tests read to their end, and those that were called all the same.
    pub aa_tests: u64,
    pub aa_called: u64,
    /// Injected effects, those that were found, and days it took on average.
    pub injected: u64,
    pub found: u64,
    pub found_days: f64,
    /// Intervals of the audit that held the truth, of how many, at their nominal level.
    pub inside: u64,
    pub intervals: u64,
    pub nominal: f64,
    /// Whether autonomy is reduced because the figures do not hold.
    pub failed: bool,
    /// In words.
    pub text: String,
}

/// How a way of finding hypotheses did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StrategyRecord {
    /// A generator, or `design:<method>`.
    pub strategy: String,
    pub tested: u64,
    pub hits: u64,
    /// Mean of measured minus predicted relative effect.
    pub bias: f64,
    /// Weight it has in choosing what is tested next.
    pub weight: f64,
}

/// The experiments of a business as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Portfolio {
    pub at: Millis,
    pub budget: ErrorBudget,
    pub audit: SelfAudit,
    /// Best first, at most 200.
    pub hypotheses: Vec<Hypothesis>,
    pub strategies: Vec<StrategyRecord>,
    /// The prior of relative effects learnt from past experiments: mean and standard deviation, and how many it rests on.
    pub prior_mean: f64,
    pub prior_sd: f64,
    pub prior_from: u64,
}
