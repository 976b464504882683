//! Had the policy been another: which decisions would have run without the founder, which would have asked or been denied, and what
//! the scored ones among them came to.
//!
//! Pure, over decisions as they are stored. All else is as it was: facts, records, budgets and the founder's own answers.

use std::collections::BTreeMap;

use epoch_model::business::{Business, PolicyAnswer};
use epoch_model::decision::{Decision, State};
use epoch_model::time::DAY;
use epoch_policy::Policy;
use epoch_stats::student;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::policy::judge_by;

/// Decisions named per group; the counts are of all.
const NAMED: usize = 100;

/// A total with its 95 % interval: each scored decision is its own pair (what came, against the forecast for doing nothing), and their
/// differences are taken as draws of one distribution (t interval of the mean, times their number).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "CounterfactualTotal")]
pub struct Total {
    /// `money`, else the metric's key.
    pub unit: String,
    /// Scored decisions it is of.
    pub scored: u32,
    /// Minor units for money, else the metric's own unit; positive is more.
    pub total: f64,
    /// The bounds; `None` where fewer than three were scored.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// Decisions that would have gone another way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "CounterfactualGroup")]
pub struct Group {
    pub decisions: u32,
    /// The newest hundred of them.
    pub ids: Vec<String>,
    /// What the scored ones among them came to against doing nothing: money, then metrics without a worth.
    pub came_to: Vec<Total>,
    /// How many have no outcome, because they did not run or are not scored yet.
    pub unknown: u32,
}

/// A policy held against decisions that were made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Counterfactual {
    /// Decisions looked at, and those that would have gone the same way.
    pub looked_at: u32,
    pub same: u32,
    /// Put to the founder, and would have run without.
    pub would_run: Group,
    /// Of those: approved by the founder all the same; the outcome is the one that came.
    pub would_run_approved: u32,
    /// Of those: the founder said no, or nothing. What they would have done is not known; this is what was predicted of them
    /// (sum of p10, p50 and p90, minor units, as if they moved together).
    pub would_run_refused: u32,
    pub refused_predicted_minor: (i64, i64, i64),
    /// Ran without the founder, and would have been put to them.
    pub would_ask: Group,
    /// Ran, and would have been denied.
    pub would_be_denied: Group,
    /// Would have been put to the founder or run, and was denied.
    pub no_longer_denied: Group,
    /// Founder's minutes those cards asked for that would not have come, less those of the cards that would.
    pub minutes_saved: i64,
    /// What waiting for an answer cost those the founder approved, by their own cost of delay, minor units.
    pub waiting_minor: i64,
    /// What the scored decisions would have come to under the policy, against what they came to, where that is known for certain: what
    /// would have been denied, taken away.
    pub difference: Vec<Total>,
    /// What cannot be known, a sentence each.
    pub unknowable: Vec<String>,
}

/// How a decision went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    Alone,
    Approved,
    Refused,
    Denied,
    /// Open, held, or ended before anybody decided.
    Open,
}

fn went(d: &Decision) -> Went {
    let by = |to: State, of: fn(&str) -> bool| d.history.iter().any(|t| t.to == to && of(&t.actor));
    let asked = d.history.iter().any(|t| t.to == State::Pending);
    if by(State::Approved, |a| a.starts_with("operator:")) {
        Went::Approved
    } else if by(State::Approved, |a| a == "system") {
        Went::Alone
    } else if asked && matches!(d.state, State::Rejected | State::Expired) {
        Went::Refused
    } else if d.state == State::Rejected && d.policy.answer == PolicyAnswer::Deny {
        Went::Denied
    } else {
        Went::Open
    }
}

/// Outcomes per unit: money first, then metrics by key.
#[derive(Default)]
struct Sums(BTreeMap<Option<String>, Vec<f64>>);

impl Sums {
    fn add(&mut self, d: &Decision, sign: f64) -> bool {
        let Some(outcome) = d.outcome.as_ref().filter(|_| !d.shadow) else { return false };
        let (unit, value) = match outcome.money_minor {
            Some(minor) => (None, minor as f64),
            None => (Some(d.prediction.metric.clone()), outcome.against_nothing),
        };
        if value.is_finite() {
            self.0.entry(unit).or_default().push(sign * value);
        }
        value.is_finite()
    }

    fn totals(&self) -> Vec<Total> {
        let total = |(unit, values): (&Option<String>, &Vec<f64>)| {
            let n = values.len() as f64;
            let sum: f64 = values.iter().sum();
            let half = (values.len() >= 3).then(|| {
                let mean = sum / n;
                let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
                student::isf(0.025, n - 1.0) * (variance / n).sqrt() * n
            });
            Total {
                unit: unit.clone().unwrap_or_else(|| "money".to_owned()),
                scored: u32::try_from(values.len()).unwrap_or(u32::MAX),
                total: sum,
                low: half.map(|h| sum - h),
                high: half.map(|h| sum + h),
            }
        };
        self.0.iter().map(total).collect()
    }
}

#[derive(Default)]
struct Gathered {
    group: Group,
    sums: Sums,
}

impl Gathered {
    fn take(&mut self, d: &Decision) {
        self.group.decisions = self.group.decisions.saturating_add(1);
        if self.group.ids.len() < NAMED {
            self.group.ids.push(d.id.clone());
        }
        if !self.sums.add(d, 1.0) {
            self.group.unknown = self.group.unknown.saturating_add(1);
        }
    }

    fn done(mut self) -> Group {
        self.group.came_to = self.sums.totals();
        self.group
    }
}

/// Days a card waited for the founder's approval.
fn waited(d: &Decision) -> f64 {
    let at = |to: State| d.history.iter().find(|t| t.to == to).map(|t| t.at);
    let (shown, said) = (at(State::Pending), at(State::Approved));
    shown.zip(said).map_or(0.0, |(shown, said)| said.saturating_sub(shown).max(0) as f64 / DAY as f64)
}

/// Holds `policy` against decisions, newest first. Each is judged as of the time it was made.
pub fn counterfactual<'a>(
    policy: &Policy,
    business: &Business,
    decisions: impl IntoIterator<Item = &'a Decision>,
) -> Counterfactual {
    let mut out = Counterfactual::default();
    let (mut runs, mut asks, mut denied, mut freed) =
        (Gathered::default(), Gathered::default(), Gathered::default(), Gathered::default());
    let mut difference = Sums::default();
    let mut waiting = 0.0;
    for d in decisions.into_iter().filter(|d| !d.shadow) {
        let was = went(d);
        if was == Went::Open {
            continue;
        }
        out.looked_at = out.looked_at.saturating_add(1);
        let would = judge_by(policy, business, d, d.created_at).answer;
        let minutes = i64::from(d.founder_minutes);
        match (was, would) {
            (Went::Approved | Went::Refused, PolicyAnswer::Run) => {
                runs.take(d);
                out.minutes_saved = out.minutes_saved.saturating_add(minutes);
                if was == Went::Approved {
                    out.would_run_approved = out.would_run_approved.saturating_add(1);
                    waiting += waited(d) * d.delay_cost_per_day_minor.unwrap_or(0).max(0) as f64;
                } else {
                    out.would_run_refused = out.would_run_refused.saturating_add(1);
                    if let Some((low, middle, high)) = d.prediction.money_minor {
                        let sum = &mut out.refused_predicted_minor;
                        *sum = (sum.0.saturating_add(low), sum.1.saturating_add(middle), sum.2.saturating_add(high));
                    }
                }
            }
            (Went::Alone, PolicyAnswer::Ask) => {
                asks.take(d);
                out.minutes_saved = out.minutes_saved.saturating_sub(minutes);
            }
            (Went::Alone | Went::Approved, PolicyAnswer::Deny) => {
                denied.take(d);
                difference.add(d, -1.0);
                if was == Went::Approved {
                    out.minutes_saved = out.minutes_saved.saturating_add(minutes);
                }
            }
            (Went::Denied, PolicyAnswer::Run | PolicyAnswer::Ask) => freed.take(d),
            (Went::Refused, PolicyAnswer::Deny) => {
                // It did not run either way; only the card would not have come.
                out.same = out.same.saturating_add(1);
                out.minutes_saved = out.minutes_saved.saturating_add(minutes);
            }
            _ => out.same = out.same.saturating_add(1),
        }
    }
    out.would_run = runs.done();
    out.would_ask = asks.done();
    out.would_be_denied = denied.done();
    out.no_longer_denied = freed.done();
    out.difference = difference.totals();
    out.waiting_minor = super::predict::to_minor(waiting);
    let mut say = |count: u32, words: &str| {
        if count > 0 {
            out.unknowable.push(format!("{count} {words}"));
        }
    };
    say(
        out.would_run_refused,
        "that you refused would have run: a card that was refused has no outcome, only its prediction",
    );
    say(
        out.would_ask.decisions,
        "that ran alone would have been put to you: what you would have answered is not known",
    );
    say(out.no_longer_denied.decisions, "that were denied would not have been: they have no outcome");
    let later =
        "Decisions that came later were made in the world as it was; another policy would have led to other ones.";
    if out.looked_at > out.same {
        out.unknowable.push(later.to_owned());
    }
    out
}
