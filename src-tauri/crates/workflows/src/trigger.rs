//! What starts a run: a person, the clock, a finding, or what became of a decision.

use epoch_model::decision::{Decision, State};
use epoch_model::insight::Insight;
use epoch_model::time::{Millis, Zone};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cadence::Cadence;
use crate::definition::Definition;
use crate::scalar::{Scalar, Variables};

/// What starts a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "WorkflowTrigger")]
pub enum Trigger {
    /// Somebody.
    Manual,
    /// The clock.
    Schedule { every: Cadence },
    /// A finding on a metric.
    Insight { metric: String, direction: Direction },
    /// A decision that comes to this state.
    Decision {
        state: State,
        /// Only those about this: `lever pro_price`, `effect alert`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        target: Option<String>,
    },
}

/// Which way a metric moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WorkflowDirection")]
pub enum Direction {
    Up,
    Down,
    /// The good way for this metric.
    Better,
    /// The bad way for this metric.
    Worse,
    Any,
}

/// The next instant after `after` at which the trigger starts a run; `None` when no clock does.
pub fn next_at(trigger: &Trigger, after: Millis, zone: &Zone) -> Option<Millis> {
    match trigger {
        Trigger::Schedule { every } => Some(every.next_after(after, zone)),
        _ => None,
    }
}

impl Trigger {
    /// Whether the finding starts a run. One that continues another does not: the first has.
    pub fn on_insight(&self, insight: &Insight) -> bool {
        let Self::Insight { metric, direction } = self else { return false };
        let moved = match direction {
            Direction::Up => insight.score > 0.0,
            Direction::Down => insight.score < 0.0,
            Direction::Better => insight.good == Some(true),
            Direction::Worse => insight.good == Some(false),
            Direction::Any => true,
        };
        moved && *metric == insight.metric && insight.continues.is_none()
    }

    /// Whether the decision, in the state it is in now, starts a run. Steps of workflows do not: a procedure would start
    /// itself by its own steps.
    pub fn on_decision(&self, decision: &Decision) -> bool {
        let Self::Decision { state, target } = self else { return false };
        let own = decision.proposer.starts_with("workflow:");
        decision.state == *state && !own && target.as_ref().is_none_or(|target| *target == decision.act.target())
    }
}

/// What a finding gives a run, as far as the definition declares inputs of these names: `insight`, `metric`, `actual`,
/// `expected`, `change` (relative to what was expected), `headline`, `segment`, `segment_value`.
pub fn inputs_of_insight(definition: &Definition, insight: &Insight) -> Variables {
    let expected = insight.expected.as_ref().map(|e| e.p50);
    let change = expected.filter(|e| *e != 0.0).map(|e| (insight.actual - e) / e.abs());
    let number = |n: Option<f64>| n.map_or(Scalar::Null, Scalar::number);
    let driver = insight.drivers.first();
    let text = |t: Option<&String>| t.map_or(Scalar::Null, Scalar::text);
    declared(
        definition,
        [
            ("insight", Scalar::text(&insight.id)),
            ("metric", Scalar::text(&insight.metric)),
            ("actual", Scalar::number(insight.actual)),
            ("expected", number(expected)),
            ("change", number(change)),
            ("headline", Scalar::text(&insight.headline)),
            ("segment", text(driver.map(|d| &d.segment))),
            ("segment_value", text(driver.map(|d| &d.value))),
        ],
    )
}

/// What a decision gives a run, as far as the definition declares inputs of these names: `decision`, `headline`, `metric`.
pub fn inputs_of_decision(definition: &Definition, decision: &Decision) -> Variables {
    declared(
        definition,
        [
            ("decision", Scalar::text(&decision.id)),
            ("headline", Scalar::text(&decision.headline)),
            ("metric", Scalar::text(&decision.prediction.metric)),
        ],
    )
}

/// What is missing is left to the input's default.
fn declared<const N: usize>(definition: &Definition, values: [(&str, Scalar); N]) -> Variables {
    values
        .into_iter()
        .filter(|(name, value)| definition.inputs.contains_key(*name) && *value != Scalar::Null)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
