//! The question.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::serving::{Arm, Slice};
use crate::time::Millis;

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `[[experiment]]` of `business.toml`.
    File,
    /// The console or the command line.
    Operator,
    /// The engine, from a hypothesis.
    Engine,
}

/// What it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Which arm is better.
    Decide,
    /// Earn while learning: traffic goes where it does best.
    Bandit,
    /// Both arms are the same: checks the engine itself.
    SelfAudit,
    /// Whether a shipped change still does what it did.
    Retest,
}

/// Which events say that a unit saw an arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Exposure {
    /// The event's name.
    pub event: String,
    /// The property that holds the arm's key (or its value, as text).
    pub arm: String,
    /// Only events for which this expression is true.
    pub filter: Option<String>,
}

impl Exposure {
    /// How flag SDKs report a lever: `$feature_flag_called`.
    pub fn of_lever(lever: &str) -> Self {
        Self {
            event: "$feature_flag_called".to_owned(),
            arm: "$feature_flag_response".to_owned(),
            filter: Some(format!("$feature_flag == '{}'", lever.replace('\'', "''"))),
        }
    }
}

/// The question an experiment answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "ExperimentSpec")]
pub struct Spec {
    /// One word; the rule's key where it is served, so renaming it sorts units anew.
    pub key: String,
    pub title: String,
    /// What is believed and why, in a sentence.
    pub hypothesis: String,
    pub origin: Origin,
    pub purpose: Purpose,
    /// The lever whose values are the arms; `None`: somebody else sorts units, we only read.
    pub lever: Option<String>,
    /// The first is the control. Weights add up to 1.
    pub arms: Vec<Arm>,
    /// The metric that decides.
    pub metric: String,
    /// Metrics that are shown and corrected for their number.
    pub secondary: Vec<String>,
    /// Metrics that must not get worse (one-sided).
    pub guardrails: Vec<String>,
    pub exposure: Exposure,
    /// Predicate over attributes (`plan == 'pro'`): whom it is about.
    pub audience: Option<String>,
    /// Share of those who are in it, 0 to 1.
    pub share: f64,
    /// Its slice of a layer, where it must not share units with others.
    pub slice: Option<Slice>,
    /// Group type whose key is the unit; `None` for persons.
    pub group: Option<String>,
    /// Units are counted from here; from its start when absent.
    pub from: Option<Millis>,
    /// No unit is counted from here on.
    pub until: Option<Millis>,
    /// The smallest relative effect worth knowing; the designer finds one when absent.
    pub mde: Option<f64>,
    /// Values of one unit above this count as this.
    pub cap: Option<f64>,
    /// The hypothesis it tests.
    pub hypothesis_id: Option<String>,
    /// The experiment it follows from.
    pub parent: Option<String>,
}

/// `[experiments]` of `business.toml`: how the engine experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Experimenting {
    /// Whether the engine asks questions of its own.
    pub autonomous: bool,
    /// Two-sided error of the first kind of one experiment.
    pub alpha: f64,
    /// Probability of finding an effect of the size of the MDE.
    pub power: f64,
    /// Largest share of false calls among all calls, over the whole stream.
    pub false_discoveries: f64,
    /// Longest an experiment may be expected to take.
    pub days_max: u32,
    /// Most experiments that run at once.
    pub running_max: u32,
    /// Share of traffic for A/A tests and injected effects that check the engine itself.
    pub self_audit: f64,
}

impl Default for Experimenting {
    fn default() -> Self {
        Self {
            autonomous: true,
            alpha: 0.05,
            power: 0.8,
            false_discoveries: 0.05,
            days_max: 60,
            running_max: 5,
            self_audit: 0.05,
        }
    }
}
