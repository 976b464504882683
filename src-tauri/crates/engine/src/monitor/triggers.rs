//! Thresholds that playbooks name, guardrails and goals that the founder declared. Each speaks once until it is over.

use epoch_model::business::{Better, Goal, Guardrail, Metric};
use epoch_model::insight::{Expectation, Insight, InsightKind};
use epoch_model::time::{DAY, Grain, Millis, Zone};
use epoch_stats::trend::theil_sen;

use super::track::Track;
use super::{Finding, next_id};
use crate::Engine;
use crate::config::Config;
use crate::playbook::Trigger;
use crate::text;

/// A goal's course is looked at once a week.
const GOAL_EVERY: Millis = 7 * DAY;

impl Engine {
    /// Looks at the newest bucket of every metric of this grain.
    pub(crate) fn triggers(&mut self, config: &Config, zone: &Zone, grain: Grain, findings: &mut Vec<Finding>) {
        let mut raised: Vec<(String, String, Option<String>, Option<Insight>)> = Vec::new();
        for metric in config.business.metrics.iter().filter(|m| m.grain == grain) {
            let Some(track) = self.tracks.get(&metric.key) else { continue };
            for play in &config.playbooks {
                if let Trigger::Threshold { metric: m, .. } = &play.when
                    && m.metric(metric)
                {
                    let found = self.threshold(config, zone, metric, track, &play.when);
                    raised.push((metric.key.clone(), format!("threshold {}", play.key), Some(play.key.clone()), found));
                }
            }
            for rail in config.business.guardrails.iter().filter(|g| g.metric == metric.key) {
                raised.push((
                    metric.key.clone(),
                    "guardrail".to_owned(),
                    None,
                    guardrail(config, zone, metric, track, rail),
                ));
            }
            for goal in config.business.goals.iter().filter(|g| g.metric == metric.key) {
                if track.end() >= track.goal_checked.saturating_add(GOAL_EVERY) {
                    raised.push((
                        metric.key.clone(),
                        "goal".to_owned(),
                        None,
                        course(config, zone, metric, track, goal),
                    ));
                }
            }
        }
        for (key, what, playbook, found) in raised {
            let Some(track) = self.tracks.get_mut(&key) else { continue };
            if what == "goal" {
                track.goal_checked = track.end();
            }
            match found {
                None => {
                    track.standing.remove(&what);
                }
                Some(_) if track.standing.contains_key(&what) => {}
                Some(mut insight) => {
                    insight.id = next_id(&mut self.insights, "ins");
                    insight.at = self.now;
                    track.standing.insert(what, insight.id.clone());
                    findings.push(Finding { insight, playbook });
                }
            }
        }
    }

    fn threshold(
        &self,
        config: &Config,
        zone: &Zone,
        metric: &Metric,
        track: &Track,
        when: &Trigger,
    ) -> Option<Insight> {
        let Trigger::Threshold { above, value, other, buckets, .. } = when else { return None };
        let n = usize::try_from(*buckets).unwrap_or(1);
        let other_metric = other.as_ref().and_then(|m| {
            config.business.metrics.iter().find(|o| o.key != metric.key && o.grain == metric.grain && m.metric(o))
        });
        let other_track = other_metric.and_then(|o| self.tracks.get(&o.key));
        let mut last = None;
        let mut seen = 0;
        for cell in track.cells.iter().rev().filter(|c| c.value.is_some()).take(n) {
            let limit = match (value, other_track) {
                (Some(v), _) => *v,
                (None, Some(t)) => t.between(cell.start, cell.start.saturating_add(1)).next()?.value?,
                (None, None) => return None,
            };
            let v = cell.value?;
            if (*above && v <= limit) || (!*above && v >= limit) {
                return None;
            }
            last = last.or(Some(limit));
            seen += 1;
        }
        let (limit, cell) = (last.filter(|_| seen == n)?, track.cells.back()?);
        let actual = cell.value?;
        let against = other_metric.map_or_else(String::new, |o| format!(" {}", o.title));
        let headline = format!(
            "{} is {} {}, {} {}{against} for {}",
            metric.title,
            text::value(metric, &config.business, actual),
            text::when(zone, cell.start, metric.grain),
            if *above { "above" } else { "below" },
            text::value(metric, &config.business, limit),
            text::span(n, metric.grain),
        );
        let expected = Expectation {
            p10: limit,
            p50: limit,
            p90: limit,
            method: "the threshold of the playbook".to_owned(),
            history: buckets.to_owned(),
        };
        Some(plain(
            metric,
            track,
            InsightKind::Threshold,
            actual,
            Some(expected),
            headline,
            super::good(metric, *above),
        ))
    }
}

fn guardrail(config: &Config, zone: &Zone, metric: &Metric, track: &Track, rail: &Guardrail) -> Option<Insight> {
    let cell = track.cells.back()?;
    let (actual, usual) = (cell.value?, cell.p50?);
    let worse = if metric.better == Better::Down { actual - usual } else { usual - actual };
    let beyond = rail.absolute.is_some_and(|a| worse > a) || rail.relative.is_some_and(|r| worse > r * usual.abs());
    // Within its usual range a number has not got worse, whatever the single bucket says.
    if !beyond || cell.inside != Some(false) {
        return None;
    }
    let show = |v| text::value(metric, &config.business, v);
    let headline = format!(
        "Guardrail broken: {} was {} {}, {} usual ({})",
        metric.title,
        show(actual),
        text::when(zone, cell.start, metric.grain),
        show(usual),
        text::change(if usual == 0.0 { 0.0 } else { (actual - usual) / usual.abs() }),
    );
    let expected = Expectation {
        p10: usual,
        p50: usual,
        p90: usual,
        method: "median of the baseline".to_owned(),
        history: u32::try_from(track.cells.len()).unwrap_or(u32::MAX),
    };
    Some(plain(metric, track, InsightKind::Guardrail, actual, Some(expected), headline, Some(false)))
}

/// Straight on from the medians of the last eight blocks: will the goal be reached?
fn course(config: &Config, zone: &Zone, metric: &Metric, track: &Track, goal: &Goal) -> Option<Insight> {
    let block = match metric.grain {
        Grain::Hour => 168,
        Grain::Day => 7,
        Grain::Week | Grain::Month => 1,
    };
    let newest: Vec<f64> = track.cells.iter().rev().take(8 * block).map(|c| c.value.unwrap_or(f64::NAN)).collect();
    let medians: Vec<f64> = newest
        .chunks(block)
        .rev()
        .map(|chunk| {
            let known: Vec<f64> = chunk.iter().copied().filter(|v| v.is_finite()).collect();
            // Means, not medians: a goal per bucket counts closed days too.
            if known.is_empty() { f64::NAN } else { known.iter().sum::<f64>() / known.len() as f64 }
        })
        .collect();
    let line = theil_sen(&medians)?;
    let cell = track.cells.back()?;
    let rising = match metric.better {
        Better::Up => true,
        Better::Down => false,
        Better::Neither => goal.target >= line.at_end,
    };
    let short = |v: f64| if rising { goal.target - v } else { v - goal.target };
    if short(line.at_end) <= 0.0 {
        return None;
    }
    let width = (cell.end - cell.start).max(1) as f64 * block as f64;
    let steps = match goal.by {
        Some(by) if by <= cell.end => return None,
        Some(by) => ((by - cell.end) as f64 / width).max(0.0),
        // Without a date, only a clear move away from it is off course.
        None if short(line.slope + line.at_end) > short(line.at_end) + 2.0 * line.slope_se => 4.0,
        None => return None,
    };
    let centre = line.at_end + line.slope * steps;
    let sd = (line.scale * line.scale + (line.slope_se * steps).powi(2)).sqrt();
    let expected = Expectation {
        p10: centre - 1.2816 * sd,
        p50: centre,
        p90: centre + 1.2816 * sd,
        method: format!("straight on from the last {} blocks", medians.len()),
        history: u32::try_from(newest.len()).unwrap_or(u32::MAX),
    };
    let best = if rising { expected.p90 } else { expected.p10 };
    if short(best) <= 0.0 {
        return None;
    }
    let show = |v| text::value(metric, &config.business, v);
    // `by` is the first instant after the day that was written.
    let until =
        goal.by.map_or_else(String::new, |by| format!(" {}", text::when(zone, by.saturating_sub(1), Grain::Day)));
    let headline = format!(
        "{} will miss its goal of {}{until}: it is {} now and {} to {} is expected then",
        metric.title,
        show(goal.target),
        show(line.at_end),
        show(expected.p10),
        show(expected.p90),
    );
    Some(plain(metric, track, InsightKind::Goal, line.at_end, Some(expected), headline, Some(false)))
}

fn plain(
    metric: &Metric,
    track: &Track,
    kind: InsightKind,
    actual: f64,
    expected: Option<Expectation>,
    headline: String,
    good: Option<bool>,
) -> Insight {
    let (from, to) = track.cells.back().map_or((0, 0), |c| (c.start, c.end));
    Insight {
        id: String::new(),
        at: 0,
        kind,
        metric: metric.key.clone(),
        from,
        to,
        actual,
        expected,
        score: 0.0,
        p_value: 1.0,
        good,
        drivers: Vec::new(),
        headline,
        continues: None,
        decisions: Vec::new(),
    }
}
