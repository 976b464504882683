//! `ras power`: units and days of an experiment before it begins, and whether the traffic can answer it.

use epoch_model::Result;
use epoch_stats::plan::{self, Arrivals, Metric as PlanMetric, Question, Rule};
use epoch_stats::sequential::Side;
use epoch_stats::sequential::group::Spending;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Version, finite, inside, wrong};

/// A question to an experiment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras power: input")]
pub(super) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// The metric that decides.
    metric: Metric,
    /// The smallest effect worth knowing.
    effect: Effect,
    /// False alarms accepted, over the whole experiment.
    #[serde(default = "five_percent")]
    alpha: f64,
    /// Chance of finding the effect.
    #[serde(default = "eighty_percent")]
    power: f64,
    /// Which departures count.
    #[serde(default)]
    tails: Tails,
    /// Arms, control included.
    #[serde(default = "two")]
    arms: u32,
    /// Metrics that share the error.
    #[serde(default = "one")]
    metrics: u32,
    /// Share of the units that see the control; an equal one if absent.
    control_share: Option<f64>,
    /// How it will be read.
    #[serde(default)]
    design: Design,
    /// New units per day, as measured. Without it there are no days.
    traffic: Option<Traffic>,
    /// Days until a unit's outcome is known.
    #[serde(default)]
    outcome_days: f64,
    /// How long it may run.
    #[serde(default = "sixty")]
    days_max: f64,
}

/// Arms beyond this are a mistake.
const ARMS_MAX: u32 = 1000;

fn five_percent() -> f64 {
    0.05
}
fn eighty_percent() -> f64 {
    0.8
}
fn two() -> u32 {
    2
}
fn one() -> u32 {
    1
}
fn sixty() -> f64 {
    60.0
}

/// What one unit contributes.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Metric {
    /// Units have it or not, at this rate.
    Proportion {
        /// Share of the units that have it, between 0 and 1.
        rate: f64,
        /// Share of the variance that data from before explains (CUPED).
        #[serde(default)]
        explained: f64,
    },
    /// Any number per unit.
    Mean {
        /// Mean of a unit, in the metric's unit.
        mean: f64,
        /// Variance of a unit: the squared standard deviation.
        variance: f64,
        /// Share of the variance that data from before explains (CUPED).
        #[serde(default)]
        explained: f64,
    },
}

/// The smallest effect worth knowing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Effect {
    /// A share of the mean: 0.05 is 5 % more.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}

/// Which departures count.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tails {
    /// Both.
    #[default]
    Two,
    /// Only that the number is higher.
    Greater,
    /// Only that it is lower.
    Less,
}

/// How it will be read.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Design {
    /// One look at the end.
    Fixed {},
    /// Alpha spending over looks.
    GroupSequential {
        /// Looks at equal distances, 1 to 100.
        #[serde(default = "daily")]
        looks: u32,
        /// Whether it gives up when the effect is out of reach.
        #[serde(default)]
        futility: bool,
    },
    /// A confidence sequence, tuned to the planned size.
    ConfidenceSequence {
        /// Looks at equal distances, 1 to 100.
        #[serde(default = "daily")]
        looks: u32,
    },
}

fn daily() -> u32 {
    14
}

impl Default for Design {
    fn default() -> Self {
        Self::GroupSequential { looks: daily(), futility: false }
    }
}

/// New units per day.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Traffic {
    /// Counts of recent days, oldest first, without gaps: the answer then knows how uncertain it is.
    Daily(Vec<f64>),
    /// A mean.
    PerDay(f64),
}

/// Units and days.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras power: output")]
pub(super) struct Output {
    version: Version,
    /// Units needed.
    units: Units,
    /// Days to all units; null without traffic.
    days: Option<Days>,
    /// Whether they come within `days_max` in half of the cases; null without traffic.
    answerable: Option<bool>,
    /// What could be answered in that time instead.
    instead: Option<Instead>,
}

/// Units needed.
#[derive(Debug, Serialize, JsonSchema)]
struct Units {
    /// Of all arms together.
    all: f64,
    /// Of the control.
    control: f64,
    /// Of each treatment.
    treatment: f64,
}

/// Days to all units.
#[derive(Debug, Serialize, JsonSchema)]
struct Days {
    /// Fewer in one case of ten; null where it never comes.
    p10: Option<f64>,
    /// Fewer in half of the cases.
    p50: Option<f64>,
    /// Fewer in nine cases of ten.
    p90: Option<f64>,
    /// On average, if the effect is the one asked for: a design with looks ends earlier.
    with_effect: Option<f64>,
    /// On average, if there is none.
    without_effect: Option<f64>,
}

/// What the traffic can answer.
#[derive(Debug, Serialize, JsonSchema)]
struct Instead {
    /// The smallest effect found with the same power; null where none is.
    effect: Option<Effect>,
    /// In so many days.
    days: f64,
}

pub(super) fn power(input: Input) -> Result<Output> {
    inside("alpha", input.alpha)?;
    inside("power", input.power)?;
    let share = input.control_share.unwrap_or(1.0 / f64::from(input.arms.max(2)));
    inside("control_share", share)?;
    if input.metrics == 0 {
        return Err(wrong("metrics", "none", "at least the one that decides"));
    }
    for (field, days) in [("outcome_days", input.outcome_days), ("days_max", input.days_max)] {
        if !(days >= 0.0) {
            return Err(wrong(field, "below 0", "a number of days"));
        }
    }
    if input.arms > ARMS_MAX {
        return Err(wrong("arms", format!("more than {ARMS_MAX}"), "test fewer against each other"));
    }
    if input.arms < 2 {
        return Err(wrong("arms", "fewer than two", "count the control, too"));
    }
    let question = Question {
        metric: metric(input.metric)?,
        effect: match input.effect {
            Effect::Relative(x) => plan::Effect::Relative(x),
            Effect::Absolute(x) => plan::Effect::Absolute(x),
        },
        side: match input.tails {
            Tails::Two => Side::Two,
            Tails::Greater => Side::Greater,
            Tails::Less => Side::Less,
        },
        alpha: input.alpha,
        power: input.power,
        arms: input.arms,
        metrics: input.metrics,
        control_share: share,
    };
    if question.effect.size() == 0.0 {
        return Err(wrong("effect", "an effect of 0 is never found", "name the smallest one worth knowing"));
    }
    let looks = |looks: u32| {
        if (1..=100).contains(&looks) {
            Ok(looks)
        } else {
            Err(wrong("design.looks", "not from 1 to 100", "daily looks of two weeks are 14"))
        }
    };
    let rule = match input.design {
        Design::Fixed {} => Rule::Fixed,
        Design::GroupSequential { looks: n, futility } => {
            Rule::Group { looks: looks(n)?, spending: Spending::ObrienFleming, futility }
        }
        Design::ConfidenceSequence { looks: n } => Rule::Asymptotic { looks: looks(n)? },
    };
    let arrivals = match &input.traffic {
        Some(Traffic::Daily(counts)) if counts.iter().any(|c| *c < 0.0) => {
            return Err(wrong("traffic.daily", "a count below 0", "count new units per day"));
        }
        Some(Traffic::Daily(counts)) => Arrivals::of(counts),
        Some(Traffic::PerDay(mean)) if !(*mean >= 0.0) => {
            return Err(wrong("traffic.per_day", "below 0", "count new units per day"));
        }
        // A mean that somebody names is taken as known: counts are then as noisy as independent arrivals.
        Some(Traffic::PerDay(mean)) => Arrivals { per_day: *mean, variance: *mean, days: 1e6 },
        None => Arrivals::of(&[]),
    };
    let answer = plan::answer(&question, &rule, &arrivals, input.outcome_days, input.days_max);
    if answer.units_all.is_infinite() {
        return Err(wrong(
            "effect",
            "it is so small that no number of units shows it",
            "name the smallest one worth knowing",
        ));
    }
    if answer.units_all.is_nan() {
        return Err(wrong(
            "effect",
            "it is impossible at this mean",
            "a rate stays between 0 and 1; 0 has no relative effect",
        ));
    }
    let timed = input.traffic.is_some();
    Ok(Output {
        version: Version,
        units: Units { all: answer.units_all, control: answer.units[0], treatment: answer.units[1] },
        days: timed.then(|| Days {
            p10: finite(answer.days.p10),
            p50: finite(answer.days.p50),
            p90: finite(answer.days.p90),
            with_effect: finite(answer.days_with_effect),
            without_effect: finite(answer.days_without_effect),
        }),
        answerable: timed.then_some(answer.answerable),
        instead: answer.cheaper.filter(|_| timed).map(|c| Instead {
            effect: c.effect.map(|e| match e {
                plan::Effect::Relative(x) => Effect::Relative(x),
                plan::Effect::Absolute(x) => Effect::Absolute(x),
            }),
            days: c.days,
        }),
    })
}

fn metric(metric: Metric) -> Result<PlanMetric> {
    let (metric, explained) = match metric {
        Metric::Proportion { rate, explained } => (PlanMetric::proportion(inside("metric.rate", rate)?), explained),
        Metric::Mean { variance, .. } if variance <= 0.0 => {
            return Err(wrong(
                "metric.variance",
                "it must be above 0",
                "the square of the standard deviation of a unit",
            ));
        }
        Metric::Mean { mean, variance, explained } => (PlanMetric::mean(mean, variance), explained),
    };
    if !(0.0..1.0).contains(&explained) {
        return Err(wrong("metric.explained", "not from 0 to below 1", "the squared correlation with the past"));
    }
    Ok(PlanMetric { explained, ..metric })
}

pub(super) fn lines(output: &Output) -> Vec<String> {
    let mut lines = vec![format!(
        "{:.0} units: {:.0} of control, {:.0} of each treatment",
        output.units.all, output.units.control, output.units.treatment
    )];
    let days = |x: Option<f64>| x.map_or_else(|| "never".into(), |x| format!("{x:.1}"));
    if let Some(d) = &output.days {
        lines.push(format!(
            "{} days (in one case of ten less than {}, in one more than {})",
            days(d.p50),
            days(d.p10),
            days(d.p90)
        ));
        lines.push(format!(
            "On average {} days with the effect, {} without",
            days(d.with_effect),
            days(d.without_effect)
        ));
    }
    if output.answerable == Some(false) {
        let found = output.instead.as_ref().and_then(|i| i.effect.map(|e| (e, i.days)));
        lines.push(match found {
            Some((Effect::Relative(x), d)) => {
                format!("Cannot be answered with your traffic; in {d:.0} days {:+.1} % could be found", 100.0 * x)
            }
            Some((Effect::Absolute(x), d)) => {
                format!("Cannot be answered with your traffic; in {d:.0} days {x:+.4} could be found")
            }
            None => "Cannot be answered with your traffic".into(),
        });
    }
    lines
}
