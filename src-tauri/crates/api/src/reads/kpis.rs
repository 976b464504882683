//! KPIs: tiles, one in detail, the rows behind a number.

use epoch_host::Host;
use epoch_model::business::{Business, Goal, Metric};
use epoch_model::decision::Act;
use epoch_model::insight::{Insight, InsightKind};
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::{DAY, Grain, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::{DecisionFilter, InsightFilter, RowsQuery, SegmentMatch};
use serde_json::Value;

use crate::commands::{KpiArgs, RangeArgs, RowsArgs};
use crate::describe;
use crate::views::{
    Annotation, BandPoint, EventRow, GoalView, KpiTile, KpiView, KpisView, MetricBrief, RowsView, SeriesView,
};

/// Points of a sparkline.
const SPARK_MAX: usize = 60;
/// Values shown of a segment.
const VALUES_MAX: usize = 12;
/// Buckets of one answer: a chart cannot show more, and a year of hours fits.
const BUCKETS_MAX: i64 = 10_000;

/// A chosen range, or the newest 28 days of data.
pub(crate) fn range(host: &Host, from: Option<Millis>, to: Option<Millis>) -> Result<(Millis, Millis)> {
    let zone = host.zone();
    // At the very end of a day nothing of the next one has happened.
    let newest = host.data_horizon()?.unwrap_or_else(|| host.now()) - 1;
    let to = to.unwrap_or_else(|| zone.next(zone.floor(newest, Grain::Day), Grain::Day));
    let from = from.unwrap_or_else(|| zone.floor(to - 28 * DAY + DAY / 2, Grain::Day));
    if from >= to {
        let hint = "give a start before the end";
        return Err(Error::new(Code::InvalidArgument, "the range is empty", hint));
    }
    Ok((from, to))
}

pub(crate) fn brief(metric: &Metric) -> MetricBrief {
    MetricBrief {
        key: metric.key.clone(),
        title: metric.title.clone(),
        format: metric.format,
        unit: metric.unit.clone(),
        better: metric.better,
        domain: metric.domain,
        segments: metric.segments.clone(),
        grain: metric.grain,
        definition: describe::definition(metric),
    }
}

pub(crate) fn series(
    host: &Host,
    metric: &str,
    from: Millis,
    to: Millis,
    grain: Grain,
    by: Option<String>,
) -> Result<Vec<Series>> {
    let mut found = host.store().series(&SeriesQuery { metric: metric.to_owned(), from, to, grain, by })?;
    // What has not happened yet is not zero.
    let known = host.data_horizon()?.unwrap_or_else(|| host.now());
    for one in &mut found {
        one.points.retain(|p| p.start < known);
    }
    Ok(found)
}

fn whole(host: &Host, metric: &str, from: Millis, to: Millis, grain: Grain) -> Result<Series> {
    series(host, metric, from, to, grain, None)?
        .pop()
        .ok_or_else(|| Error::new(Code::NotFound, format!("there is no metric “{metric}”"), "see the list of metrics"))
}

pub(crate) fn band(host: &Host, metric: &str, from: Millis, to: Millis) -> Result<Vec<BandPoint>> {
    let scored = host.store().expectations(metric, from, to)?;
    Ok(scored
        .into_iter()
        .map(|s| BandPoint {
            start: s.start,
            p10: s.expected.p10,
            p50: s.expected.p50,
            p90: s.expected.p90,
            score: s.score,
        })
        .collect())
}

/// A goal is per bucket of its metric, so what is compared is the mean of the newest closed buckets: a week of days or
/// hours, or the last week or month.
fn goal(host: &Host, goals: &[Goal], metric: &Metric, to: Millis) -> Result<Option<GoalView>> {
    use epoch_model::business::Better;
    let Some(goal) = goals.iter().find(|g| g.metric == metric.key) else { return Ok(None) };
    let (zone, grain) = (host.zone(), metric.grain);
    let known = host.data_horizon()?.unwrap_or_else(|| host.now());
    let end = zone.floor(to.min(known), grain);
    let width = if matches!(grain, Grain::Hour | Grain::Day) { 7 * DAY } else { DAY };
    let newest = whole(host, &metric.key, zone.floor(end - width, grain), end, grain)?;
    let values: Vec<f64> = newest.points.iter().filter_map(|p| p.value).collect();
    #[expect(clippy::cast_precision_loss, reason = "a week has few buckets")]
    let value = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let reached = value.is_some_and(|v| match metric.better {
        Better::Down => v <= goal.target,
        Better::Up | Better::Neither => v >= goal.target,
    });
    Ok(Some(GoalView { target: goal.target, by: goal.by, reached }))
}

pub(crate) fn tile(host: &Host, metric: &Metric, from: Millis, to: Millis, goals: &[Goal]) -> Result<KpiTile> {
    let days = usize::try_from((to - from) / DAY).unwrap_or(0);
    let grain = match (metric.grain, days) {
        (Grain::Hour, 0..=2) => Grain::Hour,
        (_, d) if d <= SPARK_MAX => Grain::Day,
        (_, d) if d <= SPARK_MAX * 7 => Grain::Week,
        _ => Grain::Month,
    };
    let now = whole(host, &metric.key, from, to, grain)?;
    let before = whole(host, &metric.key, from - (to - from), from, grain)?;
    let (value, previous) = (now.total.value, before.total.value);
    let change = match (value, previous) {
        (Some(v), Some(p)) if p != 0.0 && before.total.events > 0 => Some((v - p) / p.abs()),
        _ => None,
    };
    let filter = InsightFilter {
        metric: Some(metric.key.clone()),
        from: Some(from),
        to: Some(to),
        limit: 1,
        ..InsightFilter::default()
    };
    let insight = host.store().insights(&filter)?.pop();
    let band = if grain == metric.grain { band(host, &metric.key, from, to)? } else { Vec::new() };
    let note = note(&now, insight.as_ref(), &band);
    let spark = now.points[now.points.len().saturating_sub(SPARK_MAX)..].to_vec();
    Ok(KpiTile {
        metric: brief(metric),
        value,
        previous,
        change,
        spark,
        band,
        insight,
        note,
        goal: goal(host, goals, metric, to)?,
    })
}

fn note(series: &Series, insight: Option<&Insight>, band: &[BandPoint]) -> String {
    if series.total.events == 0 {
        return "no events in this range".into();
    }
    match (insight, band.len()) {
        (Some(insight), _) => insight.headline.clone(),
        (None, 0) => "not enough history yet to say what is usual".into(),
        (None, _) => "within what was expected".into(),
    }
}

pub(crate) fn tiles(host: &Host, from: Millis, to: Millis) -> Result<Vec<KpiTile>> {
    let business = host.business();
    business.metrics.iter().map(|m| tile(host, m, from, to, &business.goals)).collect()
}

pub(crate) fn kpis(host: &Host, args: &RangeArgs) -> Result<KpisView> {
    let (from, to) = range(host, args.from, args.to)?;
    let span = host.store().span();
    Ok(KpisView {
        from,
        to,
        tiles: tiles(host, from, to)?,
        first_event_at: span.map(|s| s.0),
        last_event_at: span.map(|s| s.1),
    })
}

pub(crate) fn kpi(host: &Host, args: &KpiArgs) -> Result<KpiView> {
    let business = host.business();
    let metric = find(&business, &args.metric)?;
    let (from, to) = range(host, args.from, args.to)?;
    let grain = args.grain.unwrap_or(metric.grain).max(metric.grain);
    check(metric, grain, args.by.as_deref(), (from, to))?;
    let now = whole(host, &metric.key, from, to, grain)?;
    let previous = whole(host, &metric.key, from - (to - from), from, grain)?;
    let mut by = match &args.by {
        Some(segment) => series(host, &metric.key, from, to, grain, Some(segment.clone()))?,
        None => Vec::new(),
    };
    let others = u32::try_from(by.len().saturating_sub(VALUES_MAX)).unwrap_or(u32::MAX);
    by.truncate(VALUES_MAX);
    let filter = InsightFilter {
        metric: Some(metric.key.clone()),
        from: Some(from),
        to: Some(to),
        limit: 200,
        ..InsightFilter::default()
    };
    let insights = host.store().insights(&filter)?;
    let annotations = annotations(host, metric, &insights, from, to)?;
    let band = if grain == metric.grain { band(host, &metric.key, from, to)? } else { Vec::new() };
    let goal = goal(host, &business.goals, metric, to)?;
    Ok(KpiView { metric: brief(metric), series: now, previous, band, by, others, insights, annotations, goal })
}

/// Plain series, for scripts.
pub(crate) fn plain(host: &Host, args: &KpiArgs) -> Result<SeriesView> {
    let business = host.business();
    let metric = find(&business, &args.metric)?;
    let (from, to) = range(host, args.from, args.to)?;
    let grain = args.grain.unwrap_or(metric.grain).max(metric.grain);
    check(metric, grain, args.by.as_deref(), (from, to))?;
    Ok(SeriesView {
        series: series(host, &metric.key, from, to, grain, args.by.clone())?,
        metric: brief(metric),
        currency: business.currency.clone(),
        timezone: business.timezone.clone(),
        from,
        to,
        grain,
    })
}

fn find<'a>(business: &'a Business, key: &str) -> Result<&'a Metric> {
    business.metrics.iter().find(|m| m.key == key).ok_or_else(|| {
        let keys: Vec<&str> = business.metrics.iter().map(|m| m.key.as_str()).collect();
        let hint = if keys.is_empty() {
            "define one in business.toml".into()
        } else {
            format!("there are: {}", keys.join(", "))
        };
        Error::new(Code::NotFound, format!("there is no metric “{key}”"), hint)
    })
}

fn check(metric: &Metric, grain: Grain, by: Option<&str>, (from, to): (Millis, Millis)) -> Result<()> {
    let width = if grain == Grain::Hour { DAY / 24 } else { DAY };
    if (to - from) / width > BUCKETS_MAX {
        return Err(Error::new(Code::InvalidArgument, "the range holds too many buckets", "choose wider buckets"));
    }
    match by {
        Some(by) if !metric.segments.iter().any(|s| s == by) => {
            let hint = format!("its segments are: {}", metric.segments.join(", "));
            Err(Error::new(Code::NotFound, format!("“{}” is not split by “{by}”", metric.key), hint))
        }
        _ => Ok(()),
    }
}

fn annotations(
    host: &Host,
    metric: &Metric,
    insights: &[Insight],
    from: Millis,
    to: Millis,
) -> Result<Vec<Annotation>> {
    let mut all: Vec<Annotation> = insights
        .iter()
        .filter(|i| i.kind == InsightKind::Anomaly)
        .map(|i| Annotation {
            at: i.from,
            kind: "anomaly".into(),
            text: i.headline.clone(),
            decision: i.decisions.first().cloned(),
            insight: Some(i.id.clone()),
        })
        .collect();
    let filter = DecisionFilter { metric: Some(metric.key.clone()), limit: 200, ..DecisionFilter::default() };
    for decision in host.store().decisions(&filter)? {
        let mut mark = |at: Millis, kind: &str, text: String| {
            if (from..to).contains(&at) {
                all.push(Annotation {
                    at,
                    kind: kind.into(),
                    text,
                    decision: Some(decision.id.clone()),
                    insight: None,
                });
            }
        };
        mark(decision.created_at, "decision", decision.headline.clone());
        for change in decision.history.iter().filter(|t| t.to == epoch_model::decision::State::Executed) {
            let kind = if matches!(decision.act, Act::SetLever { .. }) { "lever" } else { "decision" };
            mark(change.at, kind, decision.dry_run.clone());
        }
        if let Some(outcome) = &decision.outcome {
            mark(outcome.at, "outcome", outcome.note.clone());
        }
    }
    all.sort_by_key(|a| a.at);
    Ok(all)
}

/// Turns a stored event into a row of the page.
pub(crate) fn event_row(row: epoch_store::EventRow) -> EventRow {
    EventRow {
        id: format_id(&row.id),
        time: row.time,
        received: row.received,
        name: row.name,
        unit: row.unit,
        source: row.source,
        props: serde_json::from_str(&row.props).unwrap_or(Value::Null),
    }
}

fn format_id(id: &[u8; 16]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(36);
    for (i, byte) in id.iter().enumerate() {
        if [4, 6, 8, 10].contains(&i) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

pub(crate) fn rows(host: &Host, args: &RowsArgs) -> Result<RowsView> {
    let cursor = match &args.cursor {
        Some(text) => Some(text.parse::<u64>().map_err(|_| {
            Error::new(Code::InvalidArgument, "the cursor is none of ours", "leave it out to start at the newest row")
        })?),
        None => None,
    };
    let query = RowsQuery {
        metric: args.metric.as_ref().map(|m| SegmentMatch { metric: m.clone(), segment: args.segment.clone() }),
        name: args.event.clone(),
        from: args.from,
        to: args.to,
        cursor,
        limit: usize::try_from(args.limit.unwrap_or(100).min(500)).unwrap_or(100),
    };
    let page = host.store().rows(&query)?;
    Ok(RowsView {
        rows: page.rows.into_iter().map(event_row).collect(),
        cursor: page.next.map(|n| n.to_string()),
        total: None,
    })
}
