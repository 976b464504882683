//! A question to an experiment, and whether the traffic can answer it.

use libm::{ceil, fabs, sqrt};
use serde::{Deserialize, Serialize};

use super::progress::shared;
use super::{Arrivals, Days, Effect, Metric, Rule, variance};
use crate::sequential::group::Spending;
use crate::sequential::{AsymptoticDesign, Design, FixedDesign, Side, size_of};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The metric that decides.
    pub metric: Metric,
    /// The smallest effect that is worth knowing; its sign does not matter.
    pub effect: Effect,
    /// Which departures count.
    pub side: Side,
    /// Type I error of the whole experiment.
    pub alpha: f64,
    /// Probability of finding the effect.
    pub power: f64,
    /// Arms, control included.
    pub arms: u32,
    /// Metrics that share the error; 1 where one decides.
    pub metrics: u32,
    /// Share of the units that see the control; the other arms share the rest evenly.
    pub control_share: f64,
}

/// What is known before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Units of the control and of one treatment.
    pub units: [f64; 2],
    /// Units of all arms together.
    pub units_all: f64,
    /// Expectation of the statistic at the planned size.
    pub drift: f64,
    /// Effective size of one comparison: what designs call `size_max`.
    pub size_max: f64,
    /// Days to the planned size.
    pub days: Days,
    /// Days to the end on average, if the effect is the one asked for.
    pub days_with_effect: f64,
    /// Days to the end on average, if there is none.
    pub days_without_effect: f64,
    /// Whether the planned size is reached in time in half of the cases.
    pub answerable: bool,
    /// What could be answered in that time; `None` where the question itself can.
    pub cheaper: Option<Cheaper>,
}

/// A question that the traffic can answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cheaper {
    /// The smallest effect that is found with the same power; `None` where no effect of any size is.
    pub effect: Option<Effect>,
    /// In so many days.
    pub days: f64,
}

impl Question {
    /// Units of control and one treatment out of `all` units.
    pub fn split(&self, all: f64) -> [f64; 2] {
        let treatments = f64::from(self.arms.max(2) - 1);
        [all * self.control_share, all * (1.0 - self.control_share) / treatments]
    }

    /// Error of one comparison and power of one metric.
    pub fn shared(&self) -> (f64, f64) {
        shared(self.alpha, self.power, self.metrics, self.arms)
    }

    /// Expectation of the statistic with `all` units, if the effect is `effect`.
    pub fn drift_at(&self, effect: Effect, all: f64) -> f64 {
        fabs(effect.size()) / sqrt(variance(&self.metric, effect, self.split(all)))
    }

    /// Units of all arms together at which the expectation is `drift`; NaN where the effect is impossible.
    pub fn units_for(&self, drift: f64) -> f64 {
        // The variance falls with the units, whatever the split.
        let one = self.drift_at(self.effect, 1.0);
        drift * drift / (one * one)
    }

    /// The smallest effect on the question's scale whose expectation with `all` units is `drift`; in the direction asked
    /// for, upwards where both are. `None` where there is none: a relative effect is never surer than its baseline.
    pub fn smallest(&self, drift: f64, all: f64) -> Option<Effect> {
        let sign = if self.side == Side::Less { -1.0 } else { 1.0 };
        let reaches = |x: f64| {
            let drift_at = self.drift_at(self.effect.of_size(sign * x), all);
            (!drift_at.is_nan()).then_some(drift_at >= drift)
        };
        let scale = match self.effect {
            Effect::Relative(_) => 1.0,
            Effect::Absolute(_) => sqrt(self.metric.variance).max(fabs(self.metric.mean)),
        };
        let (mut low, mut high) = (0.0, scale * 1e-9);
        while reaches(high) == Some(false) {
            low = high;
            high *= 2.0;
            if high > scale * 1e9 {
                return None;
            }
        }
        // Beyond what is possible: the edge may still do.
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if reaches(middle) == Some(false) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (reaches(high) == Some(true) || reaches(low) == Some(true)).then(|| self.effect.of_size(sign * high))
    }
}

/// Units, days and verdict of `question` under `rule`. `arrivals` are units that enter the experiment; outcomes take
/// `wait` days; `days_max` is how long the founder would let it run.
pub fn answer(question: &Question, rule: &Rule, arrivals: &Arrivals, wait: f64, days_max: f64) -> Answer {
    let (alpha, power) = question.shared();
    let drift = rule.drift(alpha, question.side, power);
    // An effect to which nothing varies any more (a rate that falls to 0) still wants an arm that can be compared.
    let [control, treatment] = question.split(1.0);
    let least = ceil(2.0 / control.min(treatment));
    let wanted = ceil(question.units_for(drift));
    let units_all = if wanted < least { least } else { wanted };
    let units = question.split(units_all);
    let days = arrivals.days(units_all, wait);
    let [with, without] = rule.outlook((alpha, question.side, power), drift, [drift, 0.0]);
    let mean_days = |share: f64| wait + share * (days.p50 - wait);
    // An impossible effect has no units, and is no answer.
    let answerable = days.p50 <= days_max;
    let cheaper = (!answerable)
        .then(|| Cheaper { effect: question.smallest(drift, arrivals.units(days_max - wait)), days: days_max });
    Answer {
        units,
        units_all,
        drift,
        size_max: size_of(units),
        days,
        days_with_effect: mean_days(with.expected),
        days_without_effect: mean_days(without.expected),
        answerable,
        cheaper,
    }
}

impl Answer {
    /// The design that was planned.
    pub fn design(&self, question: &Question, rule: &Rule) -> Design {
        let (alpha, power) = question.shared();
        let side = question.side;
        match rule {
            Rule::Fixed => Design::Fixed(FixedDesign { alpha, side, size_max: self.size_max }),
            Rule::Group { .. } => Design::Group(rule.design(alpha, side, power, self.drift, self.size_max)),
            Rule::Asymptotic { .. } => {
                let units_tuned = self.units[0] + self.units[1];
                Design::Asymptotic(AsymptoticDesign { alpha, side, units_tuned })
            }
        }
    }
}

/// What an experiment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To decide by a goal.
    Decide,
    /// To watch that nothing breaks, without an end: guardrails, rollouts.
    Watch,
}

/// The design that fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Choice {
    /// Plan it with this rule.
    Rule(Rule),
    /// Few events in one arm: [`crate::sequential::betting::HarmTest`].
    Harm,
}

/// Why that design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It runs without an end.
    Endless,
    /// An arm will see too few events for approximations.
    FewEvents,
    /// Most power for the traffic.
    Traffic,
    /// All units are there within a look or two.
    Quick,
}

/// Events that the smaller arm must expect for the normal approximation to hold at a decision.
const EVENTS_MIN: f64 = 10.0;

/// The design for `question` at the traffic: looks once a day, at most 30.
pub fn choose(question: &Question, purpose: Purpose, arrivals: &Arrivals, days_max: f64) -> (Choice, Why) {
    let days = days_max.clamp(1.0, 3650.0);
    let [control, treatment] = question.split(arrivals.units(days));
    let rate = if question.metric.proportion { question.metric.mean.min(1.0 - question.metric.mean) } else { 1.0 };
    if control.min(treatment) * rate < EVENTS_MIN {
        return (Choice::Harm, Why::FewEvents);
    }
    if purpose == Purpose::Watch {
        return (Choice::Rule(Rule::Asymptotic { looks: 30 }), Why::Endless);
    }
    let (alpha, power) = question.shared();
    let fixed = question.units_for(Rule::Fixed.drift(alpha, question.side, power));
    let wanted = arrivals.days(fixed, 0.0).p50.min(days);
    if wanted <= 2.0 {
        return (Choice::Rule(Rule::Fixed), Why::Quick);
    }
    let looks = ceil(wanted).clamp(2.0, 30.0) as u32;
    (Choice::Rule(Rule::Group { looks, spending: Spending::ObrienFleming, futility: true }), Why::Traffic)
}
