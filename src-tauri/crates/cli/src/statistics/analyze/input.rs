//! What `ras analyze` reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Version;
use super::figures::{ArmMoments, ArmQuantile, ArmSums, ByArm, Figures, Winsorise};

/// An experiment as figures: units per arm, and sums, moments or values per metric and arm.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras analyze: input")]
pub(crate) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// A name of its own, given back.
    pub(super) id: Option<String>,
    /// How it is decided.
    #[serde(default)]
    pub(super) design: Design,
    /// False alarms accepted, over all goals and arms; between 0 and 1.
    #[serde(default = "five_percent")]
    pub(super) alpha: f64,
    /// The scale of effects.
    #[serde(default)]
    pub(super) scale: Scale,
    /// How goals and arms share alpha. Guardrails do not share it.
    #[serde(default)]
    pub(super) correction: Correction,
    /// Which goals an arm must win.
    #[serde(default)]
    pub(super) decision: Decision,
    /// What an arm must show in guardrails before it wins.
    #[serde(default)]
    pub(super) guardrails: Guardrails,
    /// What was believed of effects before, for the chance to win; nothing if absent.
    pub(super) prior: Option<Prior>,
    /// Effects of past experiments, all of them: the prior is learnt from these, with `prior` as the first guess.
    pub(super) past: Option<Past>,
    /// Adjust for what was known before exposure, where sums have a `covariate`.
    #[serde(default = "yes")]
    pub(super) cuped: bool,
    /// p-value below which the arms' sizes are off, or the arms were unlike before exposure, and nothing is decided.
    #[serde(default = "strict")]
    pub(super) srm_alpha: f64,
    /// The smallest `srm.sequential_p_value` of earlier looks.
    pub(super) srm_earlier: Option<f64>,
    /// The arms; the first is the control.
    pub(super) arms: Vec<Arm>,
    /// The metrics: goals and guardrails. Each key once.
    pub(super) metrics: Vec<Metric>,
    /// Other experiments on the same units: does the effect change with their arms?
    #[serde(default)]
    pub(super) interactions: Vec<Interaction>,
}

fn five_percent() -> f64 {
    0.05
}
fn strict() -> f64 {
    0.001
}
fn yes() -> bool {
    true
}
fn one() -> f64 {
    1.0
}
fn eighty_percent() -> f64 {
    0.8
}
fn daily() -> u32 {
    14
}
fn eight() -> f64 {
    8.0
}

/// How an experiment is decided.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Design {
    /// One look at the end.
    Fixed {
        /// Units of all arms together at the end; absent: this is the end.
        planned_units: Option<f64>,
    },
    /// Alpha spending over looks.
    GroupSequential {
        /// Units of all arms together at which everything is spent.
        planned_units: f64,
        /// Earlier looks of all comparisons, as shares of the planned size, in order. A metric's `earlier` goes before.
        #[serde(default)]
        looks: Vec<f64>,
        /// How alpha is spent over the planned size.
        #[serde(default)]
        spending: Spending,
        /// When to give up; never if absent.
        futility: Option<Futility>,
        /// The experiment ends now for reasons that have nothing to do with its effect: what is left is spent.
        #[serde(default)]
        last: bool,
    },
    /// Valid at any time.
    ConfidenceSequence {
        /// Units of all arms together at which the interval is to be narrowest.
        planned_units: f64,
    },
    /// Mixture sequential probability ratio test: valid at any time, with a normal prior of effects around 0.
    Msprt {
        /// Standard deviation of effects, on `scale`: how large they usually are. If absent, that of `prior` or `past`.
        tau: Option<f64>,
    },
    /// Chance to win and expected loss only: no rule for stopping, so nothing is decided.
    Bayes {},
}

impl Default for Design {
    fn default() -> Self {
        Self::Fixed { planned_units: None }
    }
}

/// How alpha is spent (Lan and DeMets 1983).
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Spending {
    /// Little at first, most at the end.
    #[default]
    ObrienFleming,
    /// Nearly evenly.
    Pocock,
}

/// Giving up when the effect that was planned for is out of reach. Going on nonetheless raises no false alarms.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Futility {
    /// Chance of finding the planned effect, as the units were planned for; between 0 and 1.
    #[serde(default = "eighty_percent")]
    pub(super) power: f64,
    /// Looks that were planned, 1 to 100.
    #[serde(default = "daily")]
    pub(super) looks: u32,
}

/// The scale of an effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scale {
    /// As a share of the control's value: 0.05 is 5 % more.
    #[default]
    Relative,
    /// In the metric's unit.
    Absolute,
}

/// How several comparisons share alpha.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Correction {
    /// Each has all of it.
    None,
    /// Family-wise error, evenly.
    Bonferroni,
    /// Family-wise error, step-down.
    #[default]
    Holm,
    /// Family-wise error, for independent or positively dependent comparisons.
    Hommel,
    /// False discovery rate, for independent or positively dependent comparisons.
    BenjaminiHochberg,
    /// False discovery rate under any dependence.
    BenjaminiYekutieli,
}

/// Which goals an arm must win.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// The first goal decides; the others inform.
    #[default]
    FirstGoal,
    /// At least one, and none may be worse.
    AnyGoal,
    /// All of them. Goals do not share alpha then, only arms do, evenly.
    AllGoals,
}

/// What an arm must show in guardrails before it wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Guardrails {
    /// No loss beyond the margin is shown.
    #[default]
    Unharmed,
    /// It is shown that no more than the margin is lost (non-inferiority): needs a `margin` above 0.
    WithinMargin,
}

/// What was believed of effects before.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Prior {
    /// Mean of true effects.
    pub(super) mean: f64,
    /// Their standard deviation, above 0.
    pub(super) sd: f64,
    /// The scale of both.
    #[serde(default)]
    pub(super) scale: Scale,
}

/// What past experiments measured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Past {
    /// One per experiment that was ever run, won or not.
    pub(super) effects: Vec<PastOne>,
    /// The scale of all; a `prior` has the same.
    #[serde(default)]
    pub(super) scale: Scale,
    /// As how many past experiments `prior` counts, where there is one.
    #[serde(default = "eight")]
    pub(super) prior_weight: f64,
}

/// A past effect.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PastOne {
    /// As measured.
    pub(super) estimate: f64,
    /// Its standard error, above 0.
    pub(super) standard_error: f64,
}

/// An arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arm {
    /// Its name, each once.
    pub(super) key: String,
    /// The share it was meant to get, on any scale.
    #[serde(default = "one")]
    pub(super) weight: f64,
    /// Units exposed; those of the first metric if absent.
    pub(super) units: Option<u64>,
}

/// A metric with its figures, by arm, in one of the ways.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    /// Its name.
    pub(super) key: String,
    /// Less is better: costs, times, refunds.
    #[serde(default)]
    pub(super) lower_is_better: bool,
    /// Must not get worse; tested on that side only, at alpha of its own.
    #[serde(default)]
    pub(super) guardrail: bool,
    /// What a guardrail may lose, on `scale` (0.02 is 2 % of the control's value, or 0.02 of the metric's unit).
    #[serde(default)]
    pub(super) margin: f64,
    /// Raw sums by arm.
    #[serde(default)]
    sums: ByArm<ArmSums>,
    /// Means and variances by arm. Where means are far above the spread, sums lose digits and these do not.
    #[serde(default)]
    moments: ByArm<ArmMoments>,
    /// Outcomes by arm, one per unit, in the metric's unit.
    #[serde(default)]
    values: ByArm<Vec<f64>>,
    /// Of a quantile whose units have several events: the events of each unit, by arm.
    #[serde(default)]
    events: ByArm<Vec<Vec<f64>>>,
    /// Quantiles by arm, where the events are not at hand.
    #[serde(default)]
    quantiles: ByArm<ArmQuantile>,
    /// Which quantile the metric is, between 0 and 1: with `values`, `events` or `quantiles`.
    pub(super) quantile: Option<f64>,
    /// Bounds of `values`, taken from all arms together.
    winsorise: Option<Winsorise>,
    /// The same metric within parts of the units that exposure cannot change. Without figures of its own the metric is
    /// the whole of the first dimension.
    #[serde(default)]
    pub(super) segments: Vec<Segment>,
    /// The dimension of `segments` over which arms are compared and then averaged.
    pub(super) post_stratify: Option<String>,
    /// What the effect is worth.
    pub(super) money: Option<Money>,
    /// What earlier looks left, by arm: the `state` of the last answer.
    #[serde(default)]
    pub(super) earlier: ByArm<Earlier>,
}

/// A part of the units: one value of one dimension.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Segment {
    /// What the units are parted by: a country, a plan.
    pub(super) dimension: String,
    /// Its value here.
    pub(super) value: String,
    /// Raw sums by arm.
    #[serde(default)]
    sums: ByArm<ArmSums>,
    /// Means and variances by arm.
    #[serde(default)]
    moments: ByArm<ArmMoments>,
    /// Outcomes by arm, one per unit.
    #[serde(default)]
    values: ByArm<Vec<f64>>,
}

/// What an effect is worth.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Money {
    /// Units a month that would meet the change if all had it; of a ratio, its denominator's units.
    pub(super) units_per_month: f64,
    /// Minor units of the currency (cents) that one of the outcome is worth: 100 for an outcome in euros; a cost is below 0.
    pub(super) minor_per_outcome: f64,
}

/// What earlier looks at a comparison left.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Earlier {
    /// Looks that spent alpha, as shares of the planned size, in order (`group_sequential`).
    #[serde(default)]
    pub(super) looks: Vec<f64>,
    /// The smallest p-value so far (`confidence_sequence`, `msprt`).
    pub(super) p_value: Option<f64>,
}

/// Another experiment on the same units, and a metric's figures in the four cells.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Interaction {
    /// The other experiment.
    pub(super) key: String,
    /// Units that see the other experiment's control, by arm of this one: the control and one more.
    pub(super) off: Cells,
    /// Units that see its treatment.
    pub(super) on: Cells,
}

/// Figures by arm: the control's and another's.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cells {
    /// Raw sums.
    #[serde(default)]
    sums: ByArm<ArmSums>,
    /// Means and variances.
    #[serde(default)]
    moments: ByArm<ArmMoments>,
}

/// Per-unit values, values by unit, and quantiles.
type OtherForms = (ByArm<Vec<f64>>, ByArm<Vec<Vec<f64>>>, ByArm<ArmQuantile>);

static NO_SUMS: std::sync::LazyLock<OtherForms> = std::sync::LazyLock::new(Default::default);

impl Metric {
    pub(super) fn figures(&self) -> Figures<'_> {
        Figures {
            sums: &self.sums,
            moments: &self.moments,
            values: &self.values,
            events: &self.events,
            quantiles: &self.quantiles,
            quantile: self.quantile,
            winsorise: self.winsorise,
        }
    }
}

impl Segment {
    pub(super) fn figures(&self) -> Figures<'_> {
        Figures {
            sums: &self.sums,
            moments: &self.moments,
            values: &self.values,
            events: &NO_SUMS.1,
            quantiles: &NO_SUMS.2,
            quantile: None,
            winsorise: None,
        }
    }
}

impl Cells {
    pub(super) fn figures(&self) -> Figures<'_> {
        Figures {
            sums: &self.sums,
            moments: &self.moments,
            values: &NO_SUMS.0,
            events: &NO_SUMS.1,
            quantiles: &NO_SUMS.2,
            quantile: None,
            winsorise: None,
        }
    }

    /// The arms that have figures.
    pub(super) fn arms(&self) -> impl Iterator<Item = &String> {
        self.sums.keys().chain(self.moments.keys())
    }
}
