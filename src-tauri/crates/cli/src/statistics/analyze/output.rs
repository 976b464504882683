//! What `ras analyze` answers.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::Version;
use super::input::{Correction, Decision, Earlier, Scale};

/// Effects, and what follows from them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras analyze: output")]
pub(crate) struct Output {
    pub(super) version: Version,
    /// As handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// `fixed`, `group_sequential`, `confidence_sequence`, `msprt` or `bayes`.
    pub(super) design: String,
    /// False alarms accepted, over all goals and arms.
    pub(super) alpha: f64,
    /// The scale of effects.
    pub(super) scale: Scale,
    /// How goals and arms share alpha.
    pub(super) correction: Correction,
    /// Which goals an arm must win.
    pub(super) decision: Decision,
    /// What was believed before, where something was: as handed in, or as learnt from past experiments.
    pub(super) prior: Option<PriorRead>,
    /// The control's key.
    pub(super) control: String,
    /// Whether the arms are as large as they should be.
    pub(super) srm: Srm,
    /// In the input's order.
    pub(super) metrics: Vec<MetricRead>,
    /// How much the effect depends on other experiments, in the input's order.
    pub(super) interactions: Vec<InteractionRead>,
    /// What follows.
    pub(super) verdict: Verdict,
    /// What is to be minded.
    pub(super) warnings: Vec<Warning>,
}

/// What was believed of effects before this experiment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PriorRead {
    /// Mean of true effects, on `scale`.
    pub(super) mean: f64,
    /// Their standard deviation.
    pub(super) sd: f64,
    /// The scale of both.
    pub(super) scale: Scale,
    /// Past effects it was learnt from.
    pub(super) effects: usize,
    /// Share of their spread that is true difference rather than noise, 0 to 1; null where nothing was learnt.
    pub(super) signal: Option<f64>,
    /// Whether true effects have heavier tails than a normal: a real large one is then shrunk too much.
    pub(super) heavy_tailed: bool,
}

/// Another experiment, and what it does to this one's effect.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct InteractionRead {
    /// The other experiment.
    pub(super) key: String,
    /// The arm whose effect is meant.
    pub(super) arm: String,
    /// Why it cannot be said, where it cannot.
    pub(super) refusal: Option<String>,
    /// Effect where the other experiment shows its control, on the scale asked for.
    pub(super) effect_off: Option<f64>,
    /// Effect where it shows its treatment.
    pub(super) effect_on: Option<f64>,
    /// The second less the first, with its error.
    pub(super) difference: Option<Plain>,
    /// Two-sided, of no difference.
    pub(super) p_value: Option<f64>,
    /// The same, adjusted for all interactions (Holm). Below `srm_alpha` nothing is concluded.
    pub(super) adjusted_p_value: Option<f64>,
}

/// Whether the arms are as large as they should be.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Srm {
    /// Units per arm, in the input's order.
    pub(super) counts: Vec<u64>,
    /// Chi-square's p-value, for one look.
    pub(super) p_value: f64,
    /// p-value that holds at any number of looks; the smallest so far where `srm_earlier` is handed in.
    pub(super) sequential_p_value: Option<f64>,
    /// Whether they are off: by chi-square in a fixed design, else by the sequential test.
    pub(super) mismatch: bool,
    /// The arm that is furthest off.
    pub(super) arm: String,
    /// By how many standard deviations: positive for too many units.
    pub(super) z: f64,
}

/// A metric over all arms.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MetricRead {
    /// Its name.
    pub(super) key: String,
    /// As handed in.
    pub(super) lower_is_better: bool,
    /// As handed in.
    pub(super) guardrail: bool,
    /// The control's units.
    pub(super) control_units: u64,
    /// The control's value, as observed, in the metric's unit.
    pub(super) control_value: Option<f64>,
    /// One per arm that is not the control.
    pub(super) arms: Vec<ArmRead>,
}

/// An arm against the control.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ArmRead {
    /// Its name.
    pub(super) key: String,
    /// Its units.
    pub(super) units: u64,
    /// Its value, as observed, in the metric's unit.
    pub(super) value: Option<f64>,
    /// Why there is no effect, where there is none.
    pub(super) refusal: Option<String>,
    /// On the scale asked for.
    pub(super) effect: Option<EffectRead>,
    /// In the metric's unit.
    pub(super) absolute: Option<Plain>,
    /// As a share of the control's value.
    pub(super) relative: Option<Plain>,
    /// What the effect is worth, where `money` is handed in.
    pub(super) money: Option<MoneyRead>,
    /// Of a guardrail with a margin: whether it is shown that no more is lost.
    pub(super) within_margin: Option<Within>,
    /// How unlike the control the arm was before exposure, where there is a covariate.
    pub(super) before: Option<Before>,
    /// The effect within segments, in the input's order.
    pub(super) segments: Vec<SegmentRead>,
    /// What the comparison says.
    pub(super) verdict: Call,
}

/// An estimate with its error.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Plain {
    /// The estimate.
    pub(super) estimate: f64,
    /// Its standard error, in the same unit.
    pub(super) standard_error: f64,
}

/// Money per month, in minor units of the currency, if all had this arm instead of the control: the absolute effect times
/// units per month times worth, both taken as known.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MoneyRead {
    /// Expected; null beyond what a number can be.
    pub(super) estimate: Option<f64>,
    /// The design's interval at 1 - alpha; an open end is null.
    pub(super) interval: [Option<f64>; 2],
}

/// Non-inferiority of a guardrail.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Within {
    /// What it may lose, on the scale asked for.
    pub(super) margin: f64,
    /// One-sided, of a loss of the margin or more; by the design.
    pub(super) p_value: f64,
    /// Whether it is shown that less than the margin is lost.
    pub(super) shown: bool,
}

/// The arms before exposure: nothing could differ but by chance.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Before {
    /// Arm minus control, in the covariate's unit.
    pub(super) estimate: f64,
    /// Its standard error.
    pub(super) standard_error: f64,
    /// Two-sided, for one look.
    pub(super) p_value: f64,
    /// The same, adjusted for all metrics and arms (Holm). Below `srm_alpha` nothing is concluded.
    pub(super) adjusted_p_value: f64,
}

/// The effect within a part of the units.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SegmentRead {
    /// What the units are parted by.
    pub(super) dimension: String,
    /// Its value.
    pub(super) value: String,
    /// Units: control, arm.
    pub(super) units: [u64; 2],
    /// Why there is no effect, where there is none.
    pub(super) refusal: Option<String>,
    /// The segment's own, on the scale asked for. For display: not adjusted for how many segments are looked at.
    pub(super) effect: Option<Plain>,
    /// The same drawn towards what the segments of its dimension have in common, as far as they agree.
    pub(super) shrunk: Option<Shrunk>,
}

/// A segment's effect after shrinkage (normal hierarchical model).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shrunk {
    /// Posterior mean.
    pub(super) estimate: f64,
    /// Posterior standard deviation.
    pub(super) sd: f64,
    /// Of probability 1 - alpha.
    pub(super) interval: [Option<f64>; 2],
    /// Probability of being better than the control.
    pub(super) chance_to_win: f64,
    /// How far it was drawn: 0 not at all, 1 entirely.
    pub(super) shrinkage: f64,
}

/// An effect, as the design reads it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EffectRead {
    /// On the scale asked for; adjusted where there is a covariate or strata.
    pub(super) estimate: f64,
    /// Its standard error.
    pub(super) standard_error: f64,
    /// Degrees of freedom.
    pub(super) df: f64,
    /// The design's interval at 1 - alpha: of one look (fixed), of all looks together (others). One-sided for guardrails;
    /// an open end is null.
    pub(super) interval: [Option<f64>; 2],
    /// The design's p-value; one-sided for guardrails, of a loss of no more than the margin. Of designs valid at any time
    /// the smallest so far.
    pub(super) p_value: f64,
    /// Adjusted for all goals and arms; the same for guardrails.
    pub(super) adjusted_p_value: f64,
    /// Probability of being better than the control. For display: no rule for stopping.
    pub(super) chance_to_win: f64,
    /// What is expected to be lost by taking this arm, on the scale asked for.
    pub(super) expected_loss: f64,
    /// Designs with looks: where this one stands.
    pub(super) look: Option<Look>,
    /// Group-sequential designs that ended: estimate and interval that know of the looks before.
    pub(super) at_end: Option<AtEnd>,
    /// Designs with looks: what the next look is to be handed as this metric's and arm's `earlier`.
    pub(super) state: Option<Earlier>,
}

/// Where a design with looks stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Look {
    /// The statistic on the normal scale; of a guardrail with a margin its distance from that.
    pub(super) z: f64,
    /// Limits of the statistic that were applied; an open one is null.
    pub(super) limits: [Option<f64>; 2],
    /// Share of the planned size reached; 0 where none is planned.
    pub(super) fraction: f64,
    /// Type I error used up; 0 for designs that do not spend.
    pub(super) spent: f64,
    /// This comparison's part of alpha.
    pub(super) alpha: f64,
}

/// The end of a group-sequential experiment, by stage-wise ordering.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AtEnd {
    /// Median-unbiased.
    pub(super) estimate: f64,
    /// At one less this comparison's part of alpha.
    pub(super) interval: [Option<f64>; 2],
    /// Of no effect.
    pub(super) p_value: f64,
}

/// What one comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// Better than the control.
    Better,
    /// Worse than the control; of a guardrail by more than its margin.
    Worse,
    /// An effect of the planned size is out of reach.
    Futile,
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
    /// The kind of answer.
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
    /// An arm is better than the control by the `decision`, and harms no guardrail.
    Winner,
    /// No arm is better, and one is worse.
    Loser,
    /// A guardrail got worse, and no arm without harm is better.
    Harm,
    /// An arm is better in one goal and worse in another, and none is simply better.
    Mixed,
    /// At its end without an answer.
    Undecided,
    /// Not at its end.
    Continue,
    /// A gate failed: nothing may be concluded.
    Refused,
    /// The design decides nothing.
    Display,
}

/// Something to be minded.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Warning {
    /// A closed name: `sizes_unusual`, `flat_prior`, `early_look`, `too_few`, `not_compared`, `mixed`, `unlike_before`,
    /// `interaction`, `harmed`, `parts_differ`, `more_than_exposed`, `heavy_tails`.
    pub(super) code: String,
    /// In one sentence.
    pub(super) text: String,
}
