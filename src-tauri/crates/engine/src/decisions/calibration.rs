//! How well a proposer's predictions held: coverage of the quantiles, histogram of where outcomes fell, skill against doing nothing;
//! and what its next interval is multiplied by.
//!
//! Must not know of decisions' lives: it is told of one scored prediction after the other.

use std::collections::{BTreeMap, VecDeque};

use epoch_model::decision::{Decision, Prediction};
use epoch_stats::baseline::Band;
use epoch_stats::effect::below;
use epoch_stats::special::{beta_quantile, binomial_at_most};
use serde::{Deserialize, Serialize};

/// Scored predictions remembered one by one.
const NEWEST: usize = 100;
/// Scored predictions before an interval is changed, or its coverage judged.
const SCORED_LEAST: usize = 10;
/// How many scored predictions saying "as it is" the factor is mixed with.
const SHRINK: f64 = 20.0;
/// The interval is never made narrower or wider than this.
const FACTOR: (f64, f64) = (0.5, 3.0);
/// Predictions a drift alarm looks at, and how unlikely their misses must be.
const DRIFT_OVER: usize = 20;
const DRIFT_LEAST: usize = 8;
const DRIFT_P: f64 = 0.005;

/// The record of a proposer's predictions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reliability {
    /// Predictions that were scored.
    pub scored: u32,
    /// How many outcomes lay at or below p10, p50 and p90; 10, 50 and 90 % would be right.
    pub below: [u32; 3],
    /// Outcomes by where they fell in what was predicted, in tenths of probability; all equal would be right.
    pub histogram: [u32; 10],
    /// Mean pinball loss of the predictions, and of the forecasts for doing nothing, on the same outcomes. Both relative to the width
    /// of the interval for doing nothing.
    pub loss: f64,
    pub loss_nothing: f64,
    /// The newest outcomes: inside p10..p90 or not.
    pub hits: VecDeque<bool>,
    /// Their distances from p50 in half widths of the interval as it was before it was multiplied.
    pub distances: VecDeque<f64>,
    /// An alarm was given and has not ended.
    pub drifting: bool,
}

fn band(p: &Prediction) -> Band {
    Band { p10: p.value.p10, p50: p.value.p50, p90: p.value.p90 }
}

/// Pinball loss over the three quantiles in the metric's unit.
fn loss(band: Band, actual: f64) -> f64 {
    let one = |q: f64, at: f64| if actual >= at { q * (actual - at) } else { (1.0 - q) * (at - actual) };
    (one(0.1, band.p10) + one(0.5, band.p50) + one(0.9, band.p90)) / 3.0
}

impl Reliability {
    /// Counts a scored prediction; `factor` is what its interval was multiplied by. Answers whether an alarm begins: so many of the
    /// newest outcomes lie outside that chance explains it in one of two hundred cases at most.
    pub fn count(&mut self, acting: &Prediction, nothing: &Prediction, actual: f64, factor: f64) -> bool {
        let (predicted, idle) = (band(acting), band(nothing));
        if !(actual.is_finite() && predicted.p10.is_finite() && predicted.p90.is_finite()) {
            return false;
        }
        self.scored = self.scored.saturating_add(1);
        for (count, at) in self.below.iter_mut().zip([predicted.p10, predicted.p50, predicted.p90]) {
            *count = count.saturating_add(u32::from(actual <= at));
        }
        // The tenth its probability lies in, from 0 to 9.
        let at = below(predicted, actual);
        let tenth = (1..10_u32).filter(|n| at >= f64::from(*n) / 10.0).count();
        self.histogram[tenth] = self.histogram[tenth].saturating_add(1);
        let width = (idle.p90 - idle.p10).abs().max(1e-9 * idle.p50.abs()).max(1e-12);
        let share = 1.0 / f64::from(self.scored);
        self.loss += (loss(predicted, actual) / width - self.loss) * share;
        self.loss_nothing += (loss(idle, actual) / width - self.loss_nothing) * share;
        let half = if actual < predicted.p50 { predicted.p50 - predicted.p10 } else { predicted.p90 - predicted.p50 };
        let raw = half / factor.max(1e-9);
        if raw > 0.0 {
            keep(&mut self.distances, (actual - predicted.p50).abs() / raw);
        }
        keep(&mut self.hits, (predicted.p10..=predicted.p90).contains(&actual));
        let drifts = self.drifts();
        let begins = drifts && !self.drifting;
        self.drifting = drifts;
        begins
    }

    fn drifts(&self) -> bool {
        let newest: Vec<bool> = self.hits.iter().rev().take(DRIFT_OVER).copied().collect();
        let inside = newest.iter().filter(|hit| **hit).count() as u64;
        newest.len() >= DRIFT_LEAST && binomial_at_most(inside, newest.len() as u64, 0.8) < DRIFT_P
    }

    /// Share of the newest outcomes inside their 80 % interval, with the bounds of its 95 % interval (Clopper and Pearson 1934).
    pub fn coverage(&self) -> Option<(f64, f64, f64)> {
        let (all, inside) = (self.hits.len(), self.hits.iter().filter(|hit| **hit).count());
        if all == 0 {
            return None;
        }
        let (n, k) = (all as f64, inside as f64);
        let low = if inside == 0 { 0.0 } else { beta_quantile(0.025, k, n - k + 1.0) };
        let high = if inside == all { 1.0 } else { beta_quantile(0.975, k + 1.0, n - k) };
        Some((k / n, low, high))
    }

    /// What is wrong with the intervals: they should hold 80 % of the outcomes, and 70 to 90 % pass. What chance alone may do is not
    /// held against them: only where the interval of the coverage lies wholly outside.
    pub fn off(&self) -> Option<String> {
        let (share, low, high) = self.coverage().filter(|_| self.hits.len() >= SCORED_LEAST)?;
        let words = if high < 0.7 {
            "fewer"
        } else if low > 0.9 {
            "more"
        } else {
            return None;
        };
        Some(format!(
            "its 80 % intervals held {} of {} outcomes, {words} than 70 to 90 %",
            crate::text::percent(share),
            self.hits.len()
        ))
    }

    /// What the next interval is multiplied by: split conformal prediction (Vovk et al. 2005) on the distances of the newest outcomes,
    /// mixed with as many cases saying "as it is" as [`SHRINK`] says. 1 while fewer than ten were scored.
    pub fn factor(&self) -> f64 {
        let n = self.distances.len();
        if n < SCORED_LEAST {
            return 1.0;
        }
        let mut sorted: Vec<f64> = self.distances.iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        // The smallest distance that at least 80 % of n + 1 lie within.
        let rank = (8 * (n + 1)).div_ceil(10).clamp(1, n);
        let wanted = sorted[rank - 1];
        let weight = n as f64 / (n as f64 + SHRINK);
        (1.0 + (wanted - 1.0) * weight).clamp(FACTOR.0, FACTOR.1)
    }

    /// One minus the loss over the loss of forecasting that nothing happens; above 0 the proposer knows something.
    pub fn skill(&self) -> Option<f64> {
        (self.scored > 0 && self.loss_nothing > 0.0).then(|| 1.0 - self.loss / self.loss_nothing)
    }
}

fn keep<T>(newest: &mut VecDeque<T>, one: T) {
    newest.push_back(one);
    while newest.len() > NEWEST {
        newest.pop_front();
    }
}

/// Multiplies a prediction's interval about its middle and says so. What it was multiplied by, where it changed.
pub(crate) fn recalibrate(prediction: &mut Prediction, record: Option<&Reliability>) -> Option<f64> {
    let record = record?;
    let factor = record.factor();
    // Less than five per cent is not worth a word.
    if (factor - 1.0).abs() < 0.05 {
        return None;
    }
    let value = &mut prediction.value;
    let floor = if value.p10 >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    value.p10 = (value.p50 - (value.p50 - value.p10) * factor).max(floor);
    value.p90 = value.p50 + (value.p90 - value.p50) * factor;
    let way = if factor > 1.0 { "widened" } else { "narrowed" };
    let words = format!(
        "; its interval {way} by {} because {} scored predictions of its proposer say so",
        crate::text::percent((factor - 1.0).abs()),
        record.distances.len()
    );
    value.method.push_str(&words);
    Some(factor)
}

/// The record of every proposer among decisions that were scored, oldest first.
pub fn reliability_of<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> BTreeMap<String, Reliability> {
    let mut out: BTreeMap<String, Reliability> = BTreeMap::new();
    for d in decisions.into_iter().filter(|d| !d.shadow) {
        if let Some(outcome) = &d.outcome {
            out.entry(d.proposer.clone()).or_default().count(&d.prediction, &d.nothing, outcome.actual, 1.0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use epoch_model::decision::Calibration;
    use epoch_model::insight::Expectation;

    use super::*;

    fn predicted(p10: f64, p50: f64, p90: f64) -> Prediction {
        Prediction {
            metric: "orders".into(),
            from: 0,
            to: 1,
            value: Expectation { p10, p50, p90, method: "a forecast".into(), history: 30 },
            money_minor: None,
            p_worse: 0.3,
            calibration: Calibration::default(),
        }
    }

    /// Outcomes at the quantiles of a normal, so that the counts are exact; `spread` times as wide as predicted.
    fn record(n: u32, spread: f64) -> Reliability {
        let mut out = Reliability::default();
        for i in 0..n {
            // A step prime to n mixes early and late quantiles.
            let q = (f64::from((i * 37) % n) + 0.5) / f64::from(n);
            let actual = 100.0 + spread * 10.0 / 1.281_551_565_544_6 * epoch_stats::normal::quantile(q);
            out.count(&predicted(90.0, 100.0, 110.0), &predicted(70.0, 95.0, 120.0), actual, 1.0);
        }
        out
    }

    #[test]
    fn right_intervals_are_left_alone_and_wrong_ones_moved_towards_what_was_seen() {
        let right = record(100, 1.0);
        assert_eq!(right.below, [10, 50, 90]);
        assert_eq!(right.histogram, [10; 10]);
        assert!((right.factor() - 1.0).abs() < 0.05 && right.off().is_none(), "{}", right.factor());
        assert!(
            right.skill().is_some_and(|s| s > 0.2),
            "narrower and centred beats doing nothing: {:?}",
            right.skill()
        );
        let narrow = record(100, 2.0);
        // 1 + (2 - 1) * 100 / 120, up to the grid of a hundred outcomes.
        assert!((narrow.factor() - 1.833).abs() < 0.06, "{}", narrow.factor());
        assert!(narrow.off().is_some_and(|w| w.contains("fewer")), "{:?}", narrow.coverage());
        let wide = record(100, 0.5);
        assert!((wide.factor() - 0.583).abs() < 0.06, "{}", wide.factor());
        assert!(wide.off().is_some_and(|w| w.contains("more")));
        let few = record(9, 3.0);
        assert!((few.factor() - 1.0).abs() < f64::EPSILON, "nine are too few");
        assert!(record(10, 3.0).factor() > 1.2);
    }

    #[test]
    fn a_recalibrated_interval_holds_what_it_should_and_says_so() {
        let narrow = record(99, 2.0);
        let mut next = predicted(90.0, 100.0, 110.0);
        let factor = recalibrate(&mut next, Some(&narrow)).expect("changed");
        assert!((next.value.p90 - (100.0 + 10.0 * factor)).abs() < 1e-9);
        assert!(next.value.method.contains("widened") && next.value.method.contains("99"), "{}", next.value.method);
        // What is counted is the interval as it was before, so the factor does not chase itself.
        let mut again = narrow.clone();
        again.count(&next, &predicted(70.0, 95.0, 120.0), 100.0 + 10.0 * factor, factor);
        assert!(again.distances.back().is_some_and(|d| (d - factor).abs() < 1e-9), "{:?}", again.distances.back());
        let mut positive = predicted(1.0, 100.0, 500.0);
        recalibrate(&mut positive, Some(&record(100, 3.0)));
        assert!(positive.value.p10 >= 0.0, "what cannot be negative stays so");
        assert_eq!(recalibrate(&mut predicted(1.0, 2.0, 3.0), Some(&record(100, 1.0))), None);
        assert_eq!(recalibrate(&mut predicted(1.0, 2.0, 3.0), None), None);
    }

    #[test]
    fn drift_is_told_once_and_not_from_a_little_bad_luck() {
        let mut record = Reliability::default();
        let mut told = Vec::new();
        // Twelve inside, then misses only.
        for n in 0..30 {
            let actual = if n < 12 { 100.0 } else { 200.0 };
            if record.count(&predicted(90.0, 100.0, 110.0), &predicted(90.0, 100.0, 110.0), actual, 1.0) {
                told.push(n);
            }
        }
        // Of the newest 20, P(at most 11 inside | 0.8) = 0.0100 and P(at most 10) = 0.0026.
        assert_eq!(told.len(), 1, "{told:?}");
        assert!((18..=22).contains(&told[0]), "{told:?}");
        let mut lucky = Reliability::default();
        let alarms = (0..200).filter(|n| {
            let actual = if n % 5 == 0 { 200.0 } else { 100.0 };
            lucky.count(&predicted(90.0, 100.0, 110.0), &predicted(90.0, 100.0, 110.0), actual, 1.0)
        });
        assert_eq!(alarms.count(), 0);
    }
}
