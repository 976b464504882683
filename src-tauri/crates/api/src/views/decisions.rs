//! Answers beyond yes and no, standing grants, stops of one scope, budgets, and how well proposers predict.

use epoch_model::business::Period;
use epoch_model::decision::GrantTerms;
use epoch_model::proposal::Scope;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks a card's proposer something; the card waits for the reply.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AskArgs {
    pub id: String,
    pub card_hash: String,
    pub question: String,
}

/// Approves, and lets the proposer do the same again within these terms.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DelegateArgs {
    pub id: String,
    pub card_hash: String,
    pub terms: GrantTerms,
}

/// A stop of one scope.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct HaltArgs {
    pub scope: Scope,
    #[serde(default)]
    pub reason: String,
}

/// A budget line as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BudgetView {
    /// Key of the `[[budget]]`, or `autonomous_spend_per_day`.
    pub budget: String,
    pub title: String,
    pub per: Period,
    /// First instant of the period that runs.
    pub since: i64,
    /// All in minor units: what may be spent per period, what was, what approved decisions will, what remains.
    pub amount_minor: i64,
    pub spent_minor: i64,
    pub reserved_minor: i64,
    pub left_minor: i64,
}

/// How well a proposer's predictions held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CalibrationView {
    pub proposer: String,
    /// Predictions that were scored.
    pub scored: u32,
    /// Share of the newest outcomes inside their 80 % interval, with its 95 % interval (low, high).
    pub coverage: Option<(f64, f64, f64)>,
    /// Shares of outcomes at or below p10, p50 and p90; 0.1, 0.5 and 0.9 would be right.
    pub below: Option<(f64, f64, f64)>,
    /// Outcomes by tenth of predicted probability; all equal would be right.
    pub histogram: Vec<u32>,
    /// 1 minus the loss over that of predicting that nothing changes; above 0 the proposer knows something.
    pub skill: Option<f64>,
    /// What its next interval is multiplied by.
    pub factor: f64,
    /// What is wrong with its intervals, where chance does not explain it.
    pub off: Option<String>,
    /// Its newest predictions miss more often than chance explains.
    pub drifting: bool,
}
