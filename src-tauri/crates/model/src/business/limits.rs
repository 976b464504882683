//! What the engine may do alone, in money, customers, attention and time; no policy rule lifts it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Domain;
use crate::time::Millis;

/// What the engine may do alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Limits {
    pub autonomous_spend_per_day_minor: i64,
    /// Share of customers one decision may touch alone.
    pub exposure_per_decision: f64,
    /// Cards put to the founder per local day.
    pub cards_per_day: u32,
    /// Share of customers all decisions of a local day may touch alone, together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_per_day: Option<f64>,
    /// Minutes of the founder's per local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_per_day: Option<u32>,
    /// When what ran alone lost so much, everything asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawdown: Option<Drawdown>,
    /// Share of what may run alone that is put to the founder all the same, drawn by chance, for ever.
    #[serde(default = "audits", skip_serializing_if = "is_audits")]
    pub audit_share: f64,
    /// How long an approved sovereign decision can still be withdrawn before it runs, ms.
    #[serde(default = "cool_off", skip_serializing_if = "is_cool_off")]
    pub cool_off: Millis,
    /// Proposers that only watch: what they propose is predicted and scored, never shown or run. `*` at the end fits the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Rate>,
}

/// Audits unless the founder says otherwise.
pub const AUDIT_SHARE: f64 = 0.05;
/// Cooling-off unless the founder says otherwise.
pub const COOL_OFF: Millis = crate::time::DAY;

fn audits() -> f64 {
    AUDIT_SHARE
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so; written only when it differs")]
fn is_audits(share: &f64) -> bool {
    *share == AUDIT_SHARE
}
fn cool_off() -> Millis {
    COOL_OFF
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_cool_off(ms: &Millis) -> bool {
    *ms == COOL_OFF
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            autonomous_spend_per_day_minor: 0,
            exposure_per_decision: 0.1,
            cards_per_day: 5,
            exposure_per_day: None,
            minutes_per_day: None,
            drawdown: None,
            audit_share: AUDIT_SHARE,
            cool_off: COOL_OFF,
            shadow: Vec::new(),
            budgets: Vec::new(),
            rates: Vec::new(),
        }
    }
}

/// The loss at which autonomy ends: what scored decisions that ran alone cost against doing nothing, within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Drawdown {
    pub loss_minor: i64,
    pub over: Millis,
}

/// Over which time a budget is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Each decision by itself.
    Decision,
    /// Local calendar days …
    Day,
    /// … weeks (from Monday) …
    Week,
    /// … months.
    Month,
}

/// A budget line. An act must fit every line that covers it; a line without selectors is the company's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Budget {
    pub key: String,
    pub title: String,
    pub per: Period,
    pub amount_minor: i64,
    /// Effects by key, or levers as `lever:<key>`; empty for all.
    pub targets: Vec<String>,
    /// Proposers, `*` at the end fits the rest; empty for all.
    pub proposers: Vec<String>,
    /// Domains; empty for all.
    pub domains: Vec<Domain>,
}

/// At most so many calls of an effect within a sliding time, whoever decided them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rate {
    /// An effect's key, a kind of effect (`mail`), `lever`, or `*`.
    pub of: String,
    pub most: u32,
    pub per: Millis,
}

/// Whether a name fits a pattern that may end in `*`.
pub fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}
