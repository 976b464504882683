//! What another policy would have said of decisions that were made.

use epoch_model::business::PolicyAnswer;
use epoch_model::decision::PolicyVerdict;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A decision that another policy would have answered differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyChanged")]
pub struct Changed {
    pub decision: String,
    pub was: PolicyAnswer,
    pub would_be: PolicyAnswer,
    /// The rule that would have decided.
    pub rule: String,
    pub reason: String,
}

/// A policy held against past decisions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyTally")]
pub struct Tally {
    /// Decisions looked at, and those that would have had the same answer.
    pub looked_at: u32,
    pub same: u32,
    /// The others, in the order they were given.
    pub changed: Vec<Changed>,
}

impl Tally {
    /// Counts one decision: the answer it has, and the verdict it would have.
    pub fn count(&mut self, decision: &str, was: PolicyAnswer, would_be: PolicyVerdict) {
        self.looked_at = self.looked_at.saturating_add(1);
        if would_be.answer == was {
            self.same = self.same.saturating_add(1);
            return;
        }
        self.changed.push(Changed {
            decision: decision.to_owned(),
            was,
            would_be: would_be.answer,
            rule: would_be.rule,
            reason: would_be.reason,
        });
    }
}
