//! From what arms earned to the shares of traffic they get.

use serde::{Deserialize, Serialize};

use super::quadrature::{Normal, Ranks, normal_ranks};
use super::rewards::Rewards;

/// How ranks become shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Each arm gets its probability of being the best.
    #[default]
    Thompson,
    /// Each arm gets half its probability of being among the best two: the leader gets less, so the answer to "which
    /// is best" comes sooner.
    TopTwo,
    /// Top-two Thompson sampling (Russo 2016, section 3.5, beta = 1/2): the best of a draw, or, half of the time, the
    /// best of a draw that has another best.
    TopTwoResampled,
}

/// A normal prior of an arm's mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Mean, in the metric's unit.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Self { mean: 0.0, variance: 1e4 }
    }
}

/// How traffic is given out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The rule.
    pub rule: Rule,
    /// Every arm keeps at least this share; at most one over the arms.
    pub floor: f64,
    /// Until every arm has so many units, all get the same.
    pub burn_in: f64,
    /// Less is better: costs, times, refunds.
    pub lower_is_better: bool,
    /// Before the first unit.
    pub prior: Prior,
}

impl Default for Policy {
    fn default() -> Self {
        Self { rule: Rule::Thompson, floor: 0.01, burn_in: 100.0, lower_is_better: false, prior: Prior::default() }
    }
}

/// Shares of traffic and what they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// Share per arm; they sum to one.
    pub weights: Vec<f64>,
    /// Probability per arm of being the best.
    pub best: Vec<f64>,
    /// Probability per arm of being among the best two, halved.
    pub top_two: Vec<f64>,
    /// Posterior per arm.
    pub posteriors: Vec<Normal>,
    /// Whether some arm still lacks units, so that all get the same.
    pub burning_in: bool,
}

impl Policy {
    /// The normal posterior of an arm's mean. An arm whose units were all alike has an unknown spread, not none:
    /// `spread` (a variance, for instance that of all arms) stands in.
    pub fn posterior(&self, rewards: &Rewards, spread: f64) -> Normal {
        let own = rewards.variance();
        let variance = if own > 0.0 { own } else { spread };
        let data = if variance > 0.0 { rewards.units / variance } else { 0.0 };
        let precision = data + 1.0 / self.prior.variance;
        let mean = (data * rewards.mean + self.prior.mean / self.prior.variance) / precision;
        Normal { mean, sd: libm::sqrt(1.0 / precision) }
    }

    /// Shares for arms that earned this. Empty for no arm.
    pub fn allocate(&self, arms: &[Rewards]) -> Allocation {
        let (units, deviations) =
            arms.iter().filter(|r| r.units > 1.0).fold((0.0, 0.0), |(u, d), r| (u + r.units - 1.0, d + r.deviations));
        let spread = if units > 0.0 { deviations / units } else { 0.0 };
        let posteriors: Vec<Normal> = arms.iter().map(|r| self.posterior(r, spread)).collect();
        let ranks = normal_ranks(&posteriors, self.lower_is_better);
        let burning_in = arms.iter().any(|r| r.units < self.burn_in);
        let weights = if burning_in { even(arms.len()) } else { self.weights(&ranks) };
        let top_two = halves(&ranks);
        Allocation { weights, best: ranks.best, top_two, posteriors, burning_in }
    }

    /// Shares from ranks, however they were found: rule, then floor. `floor + (1 - arms floor) p` keeps their order.
    pub fn weights(&self, ranks: &Ranks) -> Vec<f64> {
        let arms = ranks.best.len();
        if arms < 2 || ranks.best.iter().any(|p| !p.is_finite()) {
            return even(arms);
        }
        let shares = match self.rule {
            Rule::Thompson => ranks.best.clone(),
            Rule::TopTwo => halves(ranks),
            Rule::TopTwoResampled => resampled(&ranks.best),
        };
        let floor = self.floor.clamp(0.0, 1.0 / arms as f64);
        shares.iter().map(|p| floor + (1.0 - arms as f64 * floor) * p).collect()
    }
}

fn even(arms: usize) -> Vec<f64> {
    vec![1.0 / arms as f64; arms]
}

fn halves(ranks: &Ranks) -> Vec<f64> {
    ranks.best.iter().zip(&ranks.second).map(|(a, b)| 0.5 * (a + b)).collect()
}

/// `p_i (1/2 + 1/2 sum_{j != i} p_j / (1 - p_j))`. An arm that is best for certain has no other draw: the rest share
/// the challenger's half.
fn resampled(best: &[f64]) -> Vec<f64> {
    let rest = |j: usize| -> f64 { best.iter().enumerate().filter(|(k, _)| *k != j).map(|(_, p)| p).sum() };
    let odds: Vec<f64> =
        (0..best.len()).map(|j| if rest(j) > 0.0 { best[j] / rest(j) } else { f64::INFINITY }).collect();
    if let Some(leader) = odds.iter().position(|o| o.is_infinite()) {
        let challengers = (best.len() - 1).max(1) as f64;
        return (0..best.len()).map(|k| if k == leader { 0.5 } else { 0.5 / challengers }).collect();
    }
    let all: f64 = odds.iter().sum();
    best.iter().zip(&odds).map(|(p, own)| p * (0.5 + 0.5 * (all - own))).collect()
}
