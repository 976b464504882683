//! What the engine answers. The host performs it; one journal row each.

use epoch_model::Code;
use epoch_model::autonomy::Standing;
use epoch_model::decision::{Act, Decision};
use epoch_model::experiment::{Experiment, Portfolio, Reading, Spec};
use epoch_model::insight::{Expectation, Insight};
use epoch_model::proposal::{Grant, Scope};
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

/// Something the host has to do or keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// The band on the chart: what a closed bucket was expected to be.
    Scored {
        /// The metric's key.
        metric: String,
        /// First instant of the bucket.
        start: Millis,
        /// First instant after it.
        end: Millis,
        /// What was seen; `None` where the metric is not defined.
        actual: Option<f64>,
        /// What was expected; absent while there is not enough history.
        expected: Expectation,
        /// Robust z; sign is the direction.
        score: f64,
        /// Two-sided.
        p_value: f64,
    },
    /// Insert or replace by id.
    Insight(Box<Insight>),
    /// Insert or replace by id; carries its whole history.
    Decision(Box<Decision>),
    /// To the outbox; only when the decision's state just became executing.
    Effect {
        /// The decision's id.
        decision: String,
        /// The same for every attempt.
        idempotency_key: String,
        /// What to do.
        act: Act,
    },
    /// Measure what is known of an experiment's population, and answer with [`Input::Measured`](crate::Input::Measured).
    Measure {
        /// The experiment.
        spec: Box<Spec>,
    },
    /// Insert or replace by key. Which of them the store counts follows from their states.
    Experiment(Box<Experiment>),
    /// A look read, in order.
    Reading(Box<Reading>),
    /// The portfolio as it is now.
    Portfolio(Box<Portfolio>),
    /// All standing grants, whole: the newest 200.
    Grants(#[serde(with = "whole")] Vec<Grant>),
    /// What stops of one scope are in force, whole.
    Halts(#[serde(with = "whole")] Vec<Scope>),
    /// The record of all cells, whole; the ladder shows it.
    Standings(#[serde(with = "whole")] Vec<Standing>),
    /// The founder should look.
    Notify {
        /// The decision's id.
        decision: String,
        /// One sentence.
        text: String,
    },
    /// Something was asked that is not done, e.g. a forged or late verdict.
    Refused {
        /// What was asked.
        what: String,
        /// Closed code.
        code: Code,
        /// Why.
        message: String,
    },
}

/// Lists in a tagged row: JSON has no place for a tag in a list, so they stand under `all`.
mod whole {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct All<T> {
        all: T,
    }

    pub fn serialize<T: Serialize, S: Serializer>(all: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        All { all }.serialize(serializer)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        All::deserialize(deserializer).map(|whole| whole.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_can_be_journaled() {
        let halts = Action::Halts(vec![Scope::Kind { kind: "mail".into() }]);
        for action in [Action::Grants(Vec::new()), halts, Action::Standings(Vec::new())] {
            let row = serde_json::to_value(&action).expect("a row");
            assert_eq!(serde_json::from_value::<Action>(row).expect("an action"), action);
        }
    }
}
