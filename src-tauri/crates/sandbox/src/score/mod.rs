//! How well somebody understood and ran the company.

mod alarms;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::truth::{Surface, Truth};

pub use alarms::{Alarms, IncidentScore};

/// What somebody found out and did, as read from a business's folder. Lists may be empty; keys are those of the
/// company's `business.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// Each insight once; one that continues an earlier one is left out.
    pub insights: Vec<FoundInsight>,
    /// Every lever that was set, and when it came into force.
    pub decisions: Vec<FoundDecision>,
    pub edges: Vec<FoundEdge>,
    pub experiments: Vec<FoundExperiment>,
}

/// A metric was seen to be off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundInsight {
    pub metric: String,
    /// The segment it was traced to: property and value.
    #[serde(default)]
    pub segment: Option<(String, String)>,
    /// First instant of the stretch it speaks of.
    pub start: Millis,
    /// When it was said.
    pub detected_at: Millis,
}

/// A lever was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundDecision {
    pub lever: String,
    pub value: LeverValue,
    pub at: Millis,
}

/// A cause was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundEdge {
    /// A lever or a metric.
    pub from: String,
    /// A metric.
    pub to: String,
    /// 1, -1, or 0 where none is claimed.
    #[serde(default)]
    pub sign: i8,
}

/// What an experiment is said to have shown of the test against the control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The metric is higher.
    Up,
    /// The metric is lower.
    Down,
    /// No difference was found.
    Flat,
}

/// An experiment with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundExperiment {
    pub lever: String,
    pub control: LeverValue,
    pub test: LeverValue,
    /// A metric, or `profit`.
    pub metric: String,
    pub from: Millis,
    pub to: Millis,
    pub verdict: Verdict,
    /// The smallest relative difference it was made to find; smaller ones may be called flat.
    #[serde(default)]
    pub detectable: f64,
}

/// Claims about causes against the graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeScore {
    pub claimed: usize,
    /// A path leads from cause to effect, and the sign, where both are direct, is right.
    pub right: usize,
    /// Direct edges of the graph that were claimed.
    pub direct: usize,
    pub true_edges: usize,
    /// `right / claimed`; none without claims.
    pub precision: Option<f64>,
    /// `direct / true_edges`.
    pub recall: Option<f64>,
}

/// Verdicts against expectations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentScore {
    pub right: usize,
    pub wrong: usize,
    /// Of levers, values or metrics the truth knows nothing of.
    pub unknown: usize,
}

/// Money, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MoneyScore {
    pub actual: i64,
    pub nothing: i64,
    pub oracle: i64,
    /// 0 for doing nothing, 1 for the oracle; none as long as the oracle has not earned more than doing nothing: it invests
    /// first.
    pub share: Option<f64>,
}

/// The whole judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    pub alarms: Alarms,
    pub edges: EdgeScore,
    pub experiments: ExperimentScore,
    pub money: MoneyScore,
    /// Days on which a guardrail was broken, by metric.
    pub guardrail_days: BTreeMap<String, usize>,
}

/// Compares findings with the truth.
pub fn score(truth: &Truth, findings: &Findings) -> Scorecard {
    Scorecard {
        alarms: alarms::alarms(truth, findings),
        edges: edges(truth, &findings.edges),
        experiments: experiments(truth, &findings.experiments),
        money: money(truth),
        guardrail_days: truth.breaches.iter().map(|breach| (breach.metric.clone(), breach.days.len())).collect(),
    }
}

/// Metrics that something moves, directly or through others.
fn moved_by<'t>(truth: &'t Truth, cause: &'t str) -> BTreeSet<&'t str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![cause];
    while let Some(at) = open.pop() {
        for edge in truth.edges.iter().filter(|edge| edge.from == at) {
            if reached.insert(edge.to.as_str()) {
                open.push(&edge.to);
            }
        }
    }
    reached
}

fn edges(truth: &Truth, claims: &[FoundEdge]) -> EdgeScore {
    let distinct: BTreeSet<(&str, &str)> = claims.iter().map(|c| (c.from.as_str(), c.to.as_str())).collect();
    let mut score = EdgeScore { claimed: distinct.len(), true_edges: truth.edges.len(), ..EdgeScore::default() };
    for (from, to) in distinct {
        let sign = claims.iter().find(|c| c.from == from && c.to == to).map_or(0, |claim| claim.sign);
        match truth.edges.iter().find(|edge| edge.from == from && edge.to == to) {
            Some(edge) => {
                score.direct += 1;
                score.right += usize::from(sign == 0 || sign == edge.sign);
            }
            None => score.right += usize::from(moved_by(truth, from).contains(to)),
        }
    }
    score.precision = (score.claimed > 0).then(|| score.right as f64 / score.claimed as f64);
    score.recall = (score.true_edges > 0).then(|| score.direct as f64 / score.true_edges as f64);
    score
}

/// Differences below this are none.
const MATERIAL: f64 = 0.005;

fn experiments(truth: &Truth, found: &[FoundExperiment]) -> ExperimentScore {
    let mut score = ExperimentScore::default();
    for experiment in found {
        match effect(&truth.surfaces, experiment) {
            None => score.unknown += 1,
            Some(effect) => {
                let right = match experiment.verdict {
                    Verdict::Up => effect >= MATERIAL,
                    Verdict::Down => effect <= -MATERIAL,
                    Verdict::Flat => effect.abs() < experiment.detectable.max(MATERIAL),
                };
                *(if right { &mut score.right } else { &mut score.wrong }) += 1;
            }
        }
    }
    score
}

/// Relative effect of the test against the control, in the four weeks that hold the experiment's middle.
fn effect(surfaces: &[Surface], experiment: &FoundExperiment) -> Option<f64> {
    let middle = experiment.from + (experiment.to - experiment.from) / 2;
    let surface = surfaces
        .iter()
        .filter(|surface| surface.lever == experiment.lever)
        .min_by_key(|surface| (middle.clamp(surface.from, surface.until) - middle).abs())?;
    let (a, b) =
        (surface.at(&experiment.control, &experiment.metric)?, surface.at(&experiment.test, &experiment.metric)?);
    (a.abs() > 1e-9).then(|| (b - a) / a.abs())
}

fn money(truth: &Truth) -> MoneyScore {
    let sum = |of: fn(&crate::truth::DayMoney) -> i64| truth.money.iter().map(of).sum::<i64>();
    let (actual, nothing, oracle) = (sum(|day| day.actual), sum(|day| day.nothing), sum(|day| day.oracle));
    let share = (oracle > nothing).then(|| (actual - nothing) as f64 / (oracle - nothing) as f64);
    MoneyScore { actual, nothing, oracle, share }
}
