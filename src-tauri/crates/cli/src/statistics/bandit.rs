//! `ras bandit`: shares of traffic from what arms earned.

use epoch_model::Result;
use epoch_stats::bandit::{Beta, Normal, Policy, Prior as Before, Ranks, Rewards, Rule as Kind, beta_ranks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{UNITS_MAX, Version, shown, wrong};
use crate::output::table;

/// What arms earned, and how traffic is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras bandit: input")]
pub(super) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// How ranks become shares.
    #[serde(default)]
    rule: Rule,
    /// Every arm keeps at least this share.
    #[serde(default = "one_percent")]
    floor: f64,
    /// Until every arm has so many units, all get the same.
    #[serde(default = "hundred")]
    burn_in: f64,
    /// Less is better: costs, times, refunds.
    #[serde(default)]
    lower_is_better: bool,
    /// What was believed of every arm before its first unit.
    #[serde(default)]
    prior: Prior,
    /// The arms, at least two.
    arms: Vec<Arm>,
}

fn one_percent() -> f64 {
    0.01
}

fn hundred() -> f64 {
    100.0
}

/// How ranks become shares.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Rule {
    /// Each arm gets its probability of being the best.
    #[default]
    Thompson,
    /// Half its probability of being among the best two.
    TopTwo,
    /// Top-two Thompson sampling (Russo 2016).
    TopTwoResampled,
}

/// What was believed of every arm before its first unit.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Prior {
    /// The mean is normal.
    Normal {
        /// In the unit of rewards.
        mean: f64,
        /// Above 0; 10000 says nearly nothing of rewards around 1.
        variance: f64,
    },
    /// Rewards are 0 or 1: so many successes and failures seen before, each above 0.
    Beta {
        /// Rewards of 1.
        successes: f64,
        /// Rewards of 0.
        failures: f64,
    },
}

impl Default for Prior {
    fn default() -> Self {
        let Before { mean, variance } = Before::default();
        Self::Normal { mean, variance }
    }
}

/// What an arm earned.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arm {
    /// Its name, each once.
    key: String,
    /// Units it was given to; fractional where old ones count less.
    units: f64,
    /// Sum of rewards.
    sum: f64,
    /// Sum of their squares; may be left out where rewards are 0 or 1.
    sum_squares: Option<f64>,
}

/// Shares of traffic.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras bandit: output")]
pub(super) struct Output {
    version: Version,
    /// Whether some arm still lacks units, so that all get the same.
    burning_in: bool,
    /// In the input's order.
    arms: Vec<Given>,
}

/// What an arm gets, and why.
#[derive(Debug, Serialize, JsonSchema)]
struct Given {
    /// As handed in.
    key: String,
    /// Share of traffic, and so the propensity to log.
    weight: f64,
    /// Probability of being the best.
    best: f64,
    /// Probability of being among the best two, halved.
    top_two: f64,
    /// Mean of what is believed now.
    mean: f64,
    /// Its standard deviation.
    sd: f64,
}

pub(super) fn bandit(input: Input) -> Result<Output> {
    check(&input)?;
    let mut policy = Policy {
        rule: match input.rule {
            Rule::Thompson => Kind::Thompson,
            Rule::TopTwo => Kind::TopTwo,
            Rule::TopTwoResampled => Kind::TopTwoResampled,
        },
        floor: input.floor,
        burn_in: input.burn_in,
        lower_is_better: input.lower_is_better,
        prior: Before::default(),
    };
    let burning_in = input.arms.iter().any(|a| a.units < input.burn_in);
    let (ranks, beliefs, weights) = match input.prior {
        Prior::Normal { mean, variance } => {
            policy.prior = Before { mean, variance };
            let rewards: Vec<Rewards> =
                input.arms.iter().map(|a| Rewards::from_sums(a.units, a.sum, a.sum_squares.unwrap_or(a.sum))).collect();
            let given = policy.allocate(&rewards);
            let second = given.top_two.iter().zip(&given.best).map(|(t, b)| 2.0 * t - b).collect();
            (Ranks { best: given.best, second }, given.posteriors, given.weights)
        }
        Prior::Beta { successes, failures } => {
            let arms: Vec<Beta> = input
                .arms
                .iter()
                .map(|a| Beta { successes: successes + a.sum, failures: failures + a.units - a.sum })
                .collect();
            let ranks = beta_ranks(&arms, input.lower_is_better);
            let beliefs = arms.iter().map(|b| {
                let n = b.successes + b.failures;
                let mean = b.successes / n;
                Normal { mean, sd: (mean * (1.0 - mean) / (n + 1.0)).sqrt() }
            });
            let beliefs = beliefs.collect();
            let even = vec![1.0 / arms.len() as f64; arms.len()];
            let weights = if burning_in { even } else { policy.weights(&ranks) };
            (ranks, beliefs, weights)
        }
    };
    let arms = input.arms.into_iter().enumerate().map(|(k, a)| Given {
        key: a.key,
        weight: weights[k],
        best: ranks.best[k],
        top_two: 0.5 * (ranks.best[k] + ranks.second[k]),
        mean: beliefs[k].mean,
        sd: beliefs[k].sd,
    });
    Ok(Output { version: Version, burning_in, arms: arms.collect() })
}

fn check(input: &Input) -> Result<()> {
    if input.arms.len() < 2 {
        return Err(wrong("arms", "fewer than two", "a choice needs two"));
    }
    if !(input.floor >= 0.0 && input.floor * input.arms.len() as f64 <= 1.0) {
        return Err(wrong(
            "floor",
            "the arms' floors are more than the traffic",
            "at most one over the number of arms",
        ));
    }
    match input.prior {
        Prior::Normal { mean, variance } if !(1e-100..1e100).contains(&variance) || mean.abs() > 1e100 => {
            return Err(wrong("prior.normal.variance", "it must be above 0", "10000 says nearly nothing"));
        }
        Prior::Beta { successes, failures } if !(successes > 0.0 && failures > 0.0) => {
            return Err(wrong("prior.beta", "both must be above 0", "1 and 1 say nothing"));
        }
        _ => {}
    }
    if !(input.burn_in >= 0.0) {
        return Err(wrong("burn_in", "below 0", "units that every arm gets before shares differ"));
    }
    for (k, arm) in input.arms.iter().enumerate() {
        if input.arms.iter().take(k).any(|a| a.key == arm.key) {
            let what = format!("“{}” is there twice", arm.key);
            return Err(wrong(format!("arms[{k}].key"), what, "name every arm once"));
        }
        if arm.units > UNITS_MAX as f64 {
            return Err(wrong(format!("arms[{k}].units"), "more than can be counted", "at most 10^15"));
        }
        if let Some(squares) = arm.sum_squares {
            let least = arm.sum * arm.sum;
            // Rounding may take sums a little beyond what rewards can have.
            if !(least.is_finite() && squares * arm.units >= least * (1.0 - 1e-6) && squares >= 0.0) {
                let next = "no sum of squares is below the squared sum over the units";
                return Err(wrong(format!("arms[{k}].sum_squares"), "no rewards have it", next));
            }
        }
        let binary = arm.sum_squares.is_none() || matches!(input.prior, Prior::Beta { .. });
        if arm.units < 0.0 {
            return Err(wrong(format!("arms[{k}].units"), "below 0", "count units from 0"));
        }
        if binary && !(arm.sum >= 0.0 && arm.sum <= arm.units) {
            let next = "for other rewards give `sum_squares` and a normal prior";
            return Err(wrong(format!("arms[{k}].sum"), "rewards of 0 and 1 add up to at most the units", next));
        }
    }
    Ok(())
}

pub(super) fn lines(output: &Output) -> Vec<String> {
    let rows = output.arms.iter().map(|a| {
        vec![a.key.clone(), format!("{:.4}", a.weight), shown(Some(a.best)), shown(Some(a.mean)), shown(Some(a.sd))]
    });
    let mut lines = table(&["arm", "share", "best with", "mean", "±"], &rows.collect::<Vec<_>>());
    if output.burning_in {
        lines.push("Some arm still has too few units: all get the same".into());
    }
    lines
}
