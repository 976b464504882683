//! What `ras analyze` answers.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::Version;
use super::input::{Correction, Scale};

/// Effects, and what follows from them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras analyze: output")]
pub(crate) struct Output {
    pub(super) version: Version,
    /// `fixed`, `group_sequential`, `confidence_sequence` or `bayes`.
    pub(super) design: String,
    pub(super) alpha: f64,
    pub(super) scale: Scale,
    pub(super) correction: Correction,
    /// The control's key.
    pub(super) control: String,
    /// Whether the arms are as large as they should be.
    pub(super) srm: Srm,
    pub(super) metrics: Vec<MetricRead>,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<Warning>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Srm {
    /// Units per arm, in the input's order.
    pub(super) counts: Vec<u64>,
    /// Chi-square's p-value, for one look.
    pub(super) p_value: f64,
    /// p-value that holds at any number of looks.
    pub(super) sequential_p_value: Option<f64>,
    /// Whether they are off: by chi-square in a fixed design, else by the sequential test.
    pub(super) mismatch: bool,
    /// The arm that is furthest off.
    pub(super) arm: String,
    /// By how many standard deviations.
    pub(super) z: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MetricRead {
    pub(super) key: String,
    pub(super) lower_is_better: bool,
    pub(super) guardrail: bool,
    /// The control's value, as observed.
    pub(super) control_value: Option<f64>,
    /// One per arm that is not the control.
    pub(super) arms: Vec<ArmRead>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ArmRead {
    pub(super) key: String,
    pub(super) units: u64,
    /// Its value, as observed.
    pub(super) value: Option<f64>,
    /// Why there is no effect, where there is none.
    pub(super) refusal: Option<String>,
    /// On the scale asked for.
    pub(super) effect: Option<EffectRead>,
    /// In the metric's unit.
    pub(super) absolute: Option<Plain>,
    /// As a share of the control's value.
    pub(super) relative: Option<Plain>,
    pub(super) verdict: Call,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Plain {
    pub(super) estimate: f64,
    pub(super) standard_error: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EffectRead {
    pub(super) estimate: f64,
    pub(super) standard_error: f64,
    /// Degrees of freedom.
    pub(super) df: f64,
    /// The design's interval at 1 - alpha: of one look (fixed), of all looks together (others). One-sided for guardrails;
    /// an open end is null.
    pub(super) interval: [Option<f64>; 2],
    /// The design's p-value; one-sided for guardrails.
    pub(super) p_value: f64,
    /// Adjusted for all goals and arms; the same for guardrails.
    pub(super) adjusted_p_value: f64,
    /// Probability of being better than the control. For display: no rule for stopping.
    pub(super) chance_to_win: f64,
    /// What is expected to be lost by taking this arm.
    pub(super) expected_loss: f64,
    /// Designs with looks: where this one stands.
    pub(super) look: Option<Look>,
    /// Group-sequential designs that ended: estimate and interval that know of the looks before.
    pub(super) at_end: Option<AtEnd>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Look {
    /// The statistic on the normal scale.
    pub(super) z: f64,
    /// Limits of the statistic that were applied; an open one is null.
    pub(super) limits: [Option<f64>; 2],
    /// Share of the planned size reached.
    pub(super) fraction: f64,
    /// Type I error used up; 0 for designs that do not spend.
    pub(super) spent: f64,
    /// This comparison's part of alpha.
    pub(super) alpha: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AtEnd {
    /// Median-unbiased.
    pub(super) estimate: f64,
    pub(super) interval: [Option<f64>; 2],
    pub(super) p_value: f64,
}

/// What one comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    Better,
    Worse,
    /// At its end without an answer; of a guardrail: no harm is shown.
    Undecided,
    /// Not at its end.
    Continue,
    /// Too few units or events to trust the statistic.
    TooEarly,
    /// No effect could be computed.
    Refused,
    /// The design decides nothing.
    Display,
}

/// What follows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verdict {
    pub(super) kind: VerdictKind,
    /// The arm it is about.
    pub(super) arm: Option<String>,
    /// The metric it comes from.
    pub(super) metric: Option<String>,
    /// In one sentence.
    pub(super) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerdictKind {
    /// An arm is better than the control.
    Winner,
    /// No arm is better, and one is worse.
    Loser,
    /// A guardrail got worse.
    Harm,
    /// At its end without an answer.
    Undecided,
    /// Not at its end.
    Continue,
    /// A gate failed: nothing may be concluded.
    Refused,
    /// The design decides nothing.
    Display,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Warning {
    /// A closed name.
    pub(super) code: String,
    pub(super) text: String,
}
