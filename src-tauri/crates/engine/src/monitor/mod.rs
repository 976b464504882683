//! Watches the metrics: scores each closed bucket against its baseline, turns what is unusual into insights, explains them
//! by segments, and keeps an eye on thresholds, guardrails and goals.

pub(crate) mod explain;
pub(crate) mod track;
pub(crate) mod triggers;

use epoch_model::business::{Better, Metric};
use epoch_model::insight::{Expectation, Insight, InsightKind};
use epoch_model::time::{Grain, Millis, Zone};
use epoch_stats::baseline::{At, Baseline, Score};

use crate::action::Action;
use crate::config::{Config, family};
use crate::input::ClosedMetric;
use crate::text;
use crate::{Engine, playbook};
use track::{Alarm, Cell, Episode, Track};

/// An anomaly goes on while it alarms again within so many buckets.
const SAME_WITHIN: usize = 3;

/// A finding on its way to the playbooks.
pub(crate) struct Finding {
    pub insight: Insight,
    /// For thresholds: the playbook it belongs to.
    pub playbook: Option<String>,
}

impl Engine {
    pub(crate) fn closed(
        &mut self,
        grain: Grain,
        start: Millis,
        end: Millis,
        metrics: &[ClosedMetric],
        out: &mut Vec<Action>,
    ) {
        let Some(config) = self.config.take() else { return };
        let zone = config.zone();
        let live = end.saturating_add(end.saturating_sub(start)) >= self.now;
        if end > start {
            for track in self.tracks.values_mut().filter(|t| t.grain == grain) {
                if track.cells.back().is_some_and(|c| c.start >= start) {
                    track.rewind(start);
                }
            }
            let mut findings = Vec::new();
            for closed in metrics {
                let Some(metric) = config.metric(&closed.metric).filter(|m| m.grain == grain) else { continue };
                findings.extend(self.observe(&config, &zone, metric, closed, (start, end), out));
            }
            if live {
                self.triggers(&config, &zone, grain, &mut findings);
            }
            for finding in findings {
                if finding.insight.kind == InsightKind::Guardrail {
                    self.guardrail_broke(&config, finding.insight.to, &finding.insight.headline);
                }
                self.respond(&config, &zone, finding, live, out);
            }
        }
        self.config = Some(config);
    }

    fn observe(
        &mut self,
        config: &Config,
        zone: &Zone,
        metric: &Metric,
        closed: &ClosedMetric,
        (start, end): (Millis, Millis),
        out: &mut Vec<Action>,
    ) -> Option<Finding> {
        let track = self.tracks.entry(metric.key.clone()).or_insert_with(|| Track::new(metric.grain));
        let baseline = track.fit(family(metric), 0);
        let point = &closed.point;
        let (fine, coarse) = track::slot(zone, start, metric.grain);
        let value = point.value.filter(|v| v.is_finite());
        let at = At { fine, coarse, weight: track::finite(point.denominator) };
        let mut cell = Cell {
            start,
            end,
            value,
            num: track::finite(point.numerator),
            den: at.weight,
            events: point.events,
            fine,
            coarse,
            p50: None,
            inside: None,
        };
        let mut found = None;
        if let Some(baseline) = &baseline {
            let mut expected = expectation(baseline, at, metric.grain);
            if track.cells.iter().all(|c| c.value.is_none_or(|v| v >= 0.0)) {
                // What was never below zero (a share, a count) is not expected there.
                expected.p10 = expected.p10.max(0.0);
                expected.p50 = expected.p50.max(0.0);
                expected.p90 = expected.p90.max(0.0);
            }
            let score = value.map_or(Score { z: 0.0, p_value: 1.0, alarm: false }, |v| baseline.score(at, v));
            cell.p50 = Some(expected.p50);
            cell.inside = value.map(|v| (expected.p10..=expected.p90).contains(&v));
            out.push(Action::Scored {
                metric: metric.key.clone(),
                start,
                end,
                actual: value,
                expected: expected.clone(),
                score: score.z,
                p_value: score.p_value,
            });
            if score.alarm {
                found = value.map(|v| (v, expected, score));
            }
        }
        track.push(cell, closed);
        let (actual, expected, score) = found?;
        let up = score.z > 0.0;
        let recent = track.cells.iter().rev().nth(SAME_WITHIN).map_or(i64::MIN, |c| c.start);
        let before = track.alarm.as_ref().filter(|a| a.up == up && a.last >= recent).map(|a| a.insight.clone());
        let id = match track.found.get(&start) {
            Some(id) => id.clone(),
            None => next_id(&mut self.insights, "ins"),
        };
        let drivers = explain::drivers(track, metric, actual, expected.p50);
        let first = before.clone().unwrap_or_else(|| id.clone());
        if before.is_none() {
            track.episodes.push_back(Episode { start, up });
        }
        track.alarm = Some(Alarm { insight: first, up, last: start });
        track.found.insert(start, id.clone());
        let insight = Insight {
            id,
            at: self.now,
            kind: InsightKind::Anomaly,
            metric: metric.key.clone(),
            from: start,
            to: end,
            actual,
            score: score.z,
            p_value: score.p_value,
            good: good(metric, up),
            headline: headline(config, zone, metric, start, actual, &expected, &drivers, before.is_some()),
            expected: Some(expected),
            drivers,
            continues: before,
            decisions: Vec::new(),
        };
        Some(Finding { insight, playbook: None })
    }

    /// Emits the insight, asks the playbooks, and emits it again with the decisions they led to.
    fn respond(&mut self, config: &Config, zone: &Zone, finding: Finding, live: bool, out: &mut Vec<Action>) {
        let Finding { mut insight, playbook } = finding;
        // A rewritten bucket keeps what its insight already led to.
        let led_to =
            self.book.records.values().filter(|r| r.decision.insight == insight.id).map(|r| r.decision.id.clone());
        insight.decisions = led_to.collect();
        let before = insight.decisions.len();
        out.push(Action::Insight(Box::new(insight.clone())));
        if !live {
            return;
        }
        let Some(metric) = config.metric(&insight.metric) else { return };
        for play in &config.playbooks {
            if playbook.as_ref().is_some_and(|p| *p != play.key) || !self.fits(play, &insight, metric) {
                continue;
            }
            if let Some(id) = self.propose(config, zone, play, &insight, metric, true, out) {
                insight.decisions.push(id);
            }
        }
        if insight.decisions.len() > before {
            out.push(Action::Insight(Box::new(insight)));
        }
    }

    fn fits(&self, play: &playbook::Playbook, insight: &Insight, metric: &Metric) -> bool {
        use playbook::Trigger;
        match (&play.when, insight.kind) {
            (
                Trigger::Anomaly { metric: m, direction, at_least, segment_share, after_change },
                InsightKind::Anomaly,
            ) => {
                let up = insight.score > 0.0;
                let expected = insight.expected.as_ref().map_or(0.0, |e| e.p50);
                let off = if expected == 0.0 { 1.0 } else { ((insight.actual - expected) / expected).abs() };
                let shares: f64 = insight.drivers.iter().map(|d| d.share).sum();
                m.metric(metric)
                    && directed(*direction, up, insight.good)
                    && off >= *at_least
                    && segment_share.is_none_or(|s| shares >= s)
                    && after_change.is_none_or(|within| self.changed_since(insight.to.saturating_sub(within)))
            }
            (Trigger::Threshold { metric: m, .. }, InsightKind::Threshold)
            | (Trigger::Guardrail { metric: m }, InsightKind::Guardrail)
            | (Trigger::Goal { metric: m }, InsightKind::Goal) => m.metric(metric),
            _ => false,
        }
    }
}

fn directed(direction: playbook::Direction, up: bool, good: Option<bool>) -> bool {
    use playbook::Direction;
    match direction {
        Direction::Any => true,
        Direction::Up => up,
        Direction::Down => !up,
        Direction::Good => good == Some(true),
        Direction::Bad => good == Some(false),
    }
}

/// `ins_000001`, `dec_000001`, …
pub(crate) fn next_id(counter: &mut u64, prefix: &str) -> String {
    *counter = counter.saturating_add(1);
    format!("{prefix}_{counter:06}")
}

pub(crate) fn good(metric: &Metric, up: bool) -> Option<bool> {
    match metric.better {
        Better::Up => Some(up),
        Better::Down => Some(!up),
        Better::Neither => None,
    }
}

/// The 80 % interval of a bucket as the founder reads it.
pub(crate) fn expectation(baseline: &Baseline, at: At, grain: Grain) -> Expectation {
    let band = baseline.band(at);
    let season = match grain {
        Grain::Hour => "same hour of the week and recent level",
        Grain::Day => "same weekday and recent level",
        Grain::Week | Grain::Month => "recent level and trend",
    };
    let method = if baseline.closed(at) {
        "nothing ever happens in this bucket of the week".to_owned()
    } else {
        format!("{season}, from {}", text::span(baseline.history as usize, grain))
    };
    Expectation { p10: band.p10, p50: band.p50, p90: band.p90, method, history: baseline.history }
}

#[expect(clippy::too_many_arguments, reason = "a sentence has that many parts")]
fn headline(
    config: &Config,
    zone: &Zone,
    metric: &Metric,
    start: Millis,
    actual: f64,
    expected: &Expectation,
    drivers: &[epoch_model::insight::Driver],
    continued: bool,
) -> String {
    let show = |v| text::value(metric, &config.business, v);
    let verb = if continued { "is still" } else { "was" };
    let mut out = format!("{} {verb} {} {}", metric.title, show(actual), text::when(zone, start, metric.grain));
    if expected.p90 <= expected.p10 {
        out.push_str(", where nothing is usual");
    } else {
        let off = if expected.p50 == 0.0 {
            String::new()
        } else {
            format!(" ({})", text::change((actual - expected.p50) / expected.p50.abs()))
        };
        out = format!("{out}{off}; {} to {} was expected", show(expected.p10), show(expected.p90));
    }
    if let Some(first) = drivers.first() {
        let share: f64 = drivers.iter().map(|d| d.share).sum();
        let names: Vec<String> = drivers.iter().map(|d| text::shorten(&d.value, 40)).collect();
        let how =
            if share >= 0.95 { "all of it".to_owned() } else { format!("{} % of it", text::number(share * 100.0, 0)) };
        out = format!("{out}; {how} comes from {} {}", first.segment, names.join(", "));
    }
    out
}
