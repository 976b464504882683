//! Insights against incidents: found and how late, explained by something else, or false.

use epoch_model::time::{DAY, HOUR, Millis};
use serde::{Deserialize, Serialize};

use super::{Findings, FoundInsight, moved_by};
use crate::truth::{TrueIncident, Truth};

/// An incident and whether it was noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentScore {
    pub key: String,
    pub kind: String,
    pub found: bool,
    /// The metric of the first insight that found it.
    pub metric: Option<String>,
    /// Hours from its start until somebody said so.
    pub delay_hours: Option<f64>,
    /// For incidents that hit a segment: whether an insight named it.
    pub localised: Option<bool>,
}

/// All insights and incidents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    pub incidents: Vec<IncidentScore>,
    pub found: usize,
    pub total: usize,
    /// Of those found.
    pub median_delay_hours: Option<f64>,
    pub insights: usize,
    /// Insights with a known reason other than the incident that shows there: an aftermath, a holiday, a promotion, an
    /// own decision, a metric further down the graph.
    pub explained: usize,
    /// Insights without any reason.
    pub false_alarms: usize,
    pub false_alarms_per_week: f64,
}

/// For so long after an incident its metrics may still move.
const AFTERMATH: Millis = 7 * DAY;
/// For so long after a decision its metrics may still move.
const SETTLING: Millis = 21 * DAY;

pub(super) fn alarms(truth: &Truth, findings: &Findings) -> Alarms {
    let incidents: Vec<IncidentScore> = truth.incidents.iter().map(|i| incident(i, &findings.insights)).collect();
    let mut delays: Vec<f64> = incidents.iter().filter_map(|i| i.delay_hours).collect();
    delays.sort_by(f64::total_cmp);
    let median = (!delays.is_empty()).then(|| {
        let (a, b) = (delays[(delays.len() - 1) / 2], delays[delays.len() / 2]);
        f64::midpoint(a, b)
    });
    let (mut explained, mut false_alarms) = (0_usize, 0_usize);
    for insight in &findings.insights {
        if truth.incidents.iter().any(|incident| finds(insight, incident)) {
            continue;
        }
        if has_reason(truth, findings, insight) {
            explained += 1;
        } else {
            false_alarms += 1;
        }
    }
    let weeks = ((truth.until - truth.from) as f64 / (7 * DAY) as f64).max(1.0);
    Alarms {
        found: incidents.iter().filter(|i| i.found).count(),
        total: incidents.len(),
        median_delay_hours: median,
        insights: findings.insights.len(),
        explained,
        false_alarms,
        false_alarms_per_week: false_alarms as f64 / weeks,
        incidents,
    }
}

/// It speaks of a metric in which the incident shows, of a time when it was going on, and was said after it began.
fn finds(insight: &FoundInsight, incident: &TrueIncident) -> bool {
    incident.shows.contains(&insight.metric) && insight.detected_at >= incident.start && insight.start < incident.end
        // A bucket that was over before it began says nothing of it; the longest bucket is a day.
        && insight.start > incident.start - DAY
}

fn incident(incident: &TrueIncident, insights: &[FoundInsight]) -> IncidentScore {
    let hits: Vec<&FoundInsight> = insights.iter().filter(|insight| finds(insight, incident)).collect();
    let first = hits.iter().min_by_key(|insight| insight.detected_at);
    let localised = incident.segment.as_ref().filter(|_| first.is_some()).map(|target| {
        let named =
            |i: &&FoundInsight| i.segment.as_ref().is_some_and(|(p, v)| *p == target.dimension && *v == target.value);
        hits.iter().any(named)
    });
    IncidentScore {
        key: incident.key.clone(),
        kind: incident.kind.clone(),
        found: first.is_some(),
        metric: first.map(|insight| insight.metric.clone()),
        delay_hours: first.map(|insight| (insight.detected_at - incident.start) as f64 / HOUR as f64),
        localised,
    }
}

fn has_reason(truth: &Truth, findings: &Findings, insight: &FoundInsight) -> bool {
    let within = |from: Millis, to: Millis| insight.start > from - DAY && insight.start < to;
    let planned = truth.planned.iter().any(|p| within(p.start, p.end + DAY));
    let incident = truth.incidents.iter().any(|i| {
        let related = i.shows.contains(&insight.metric)
            || i.shows.iter().any(|metric| moved_by(truth, metric).contains(insight.metric.as_str()));
        related && within(i.start, i.end.saturating_add(AFTERMATH))
    });
    let decision = findings.decisions.iter().any(|decision| {
        within(decision.at, decision.at + SETTLING)
            && moved_by(truth, &decision.lever).contains(insight.metric.as_str())
    });
    planned || incident || decision
}
