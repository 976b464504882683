//! What another policy would have said of decisions that were made.

use epoch_model::business::PolicyAnswer;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Facts, Policy};

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

impl Policy {
    /// Judges past decisions again: id, facts of then, the answer they had.
    pub fn preview<'a>(&self, past: impl IntoIterator<Item = (&'a str, &'a Facts, PolicyAnswer)>) -> Tally {
        let mut tally = Tally::default();
        for (decision, facts, was) in past {
            tally.looked_at = tally.looked_at.saturating_add(1);
            let verdict = self.judge(facts, "as it was then");
            if verdict.answer == was {
                tally.same = tally.same.saturating_add(1);
                continue;
            }
            tally.changed.push(Changed {
                decision: decision.to_owned(),
                was,
                would_be: verdict.answer,
                rule: verdict.rule,
                reason: verdict.reason,
            });
        }
        tally
    }
}
