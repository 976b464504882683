//! What a proposer may do alone: earned per cell from scored outcomes, lost at once.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::business::Reversibility;
use crate::time::Millis;

/// How much may be done alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    /// Predicted and scored, not shown.
    Watch,
    /// Put to the founder.
    Propose,
    /// Runs alone while it touches at most 5 % of customers.
    Limited,
    /// Runs alone within policy and limits.
    Full,
}

/// How big a decision is within its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Stake up to a day's autonomous spend.
    Small,
    /// Up to a hundred times that.
    Medium,
    /// More, or not known.
    Large,
}

/// Where a record is kept: who, on what kind of act, how hard to undo, how big.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Cell {
    pub proposer: String,
    /// `set_lever`, `call mail`, `start_workflow`, …
    pub act: String,
    pub reversibility: Reversibility,
    pub size: Size,
}

/// The record of a cell as shown on a card and on the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Standing {
    pub cell: Cell,
    pub level: Autonomy,
    /// Scored cases, weighted by age (half-life 60 days), and how many of them were acceptable.
    pub cases: f64,
    pub acceptable: f64,
    /// 95 % lower bound of the acceptable share (Beta posterior; the prior comes from the parent cell).
    pub lower: f64,
    /// What the lower bound must pass for the next level; `None` where there is none.
    pub threshold: Option<f64>,
    /// What is missing for the next level, a sentence each; empty where it was reached or there is none.
    pub missing: Vec<String>,
    /// Why it was taken down last, and when.
    pub lowered: Option<(Millis, String)>,
}

/// How things stood when a decision was judged, beside what is on its card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Conditions {
    /// What ran alone lost more than the founder allows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawdown: bool,
    /// Nothing was ever done to this target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_contact: bool,
    /// The provider of the effect fails at present.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breaker_open: bool,
}

impl Conditions {
    /// Whether nothing is out of the ordinary.
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}
