//! A KPI in words: value, change with its meaning, goal, segments, and what its chart shows.

use epoch_model::business::{Better, Format};
use epoch_model::time::Grain;

use super::{KpiText, SegmentRow, SegmentText, Tone, VALUES_MAX, Writer};
use crate::data::{KpiSection, SegmentShare};
use crate::format::{self, NONE};

const NO_DATA: &str = "no data";

pub(super) fn kpi(kpi: &KpiSection, w: &Writer) -> KpiText {
    let write = |v: Option<f64>, none: &str| match v {
        Some(v) if v.is_finite() => format::value(v, kpi.format, &w.currency),
        _ => none.to_owned(),
    };
    KpiText {
        title: kpi.title.clone(),
        definition: definition(kpi),
        value: write(kpi.value, NO_DATA),
        previous: write(kpi.previous, NONE),
        change: format::change(kpi.change, kpi.value, kpi.previous, kpi.format),
        tone: tone(kpi),
        goal: goal(kpi, w),
        note: kpi.note.clone(),
        alt: alt(kpi, w),
        segments: segments(kpi, w),
    }
}

fn definition(kpi: &KpiSection) -> String {
    match &kpi.unit {
        Some(unit) if !unit.is_empty() && !kpi.definition.contains(unit.as_str()) => {
            format!("{} · per {unit}", kpi.definition)
        }
        _ => kpi.definition.clone(),
    }
}

/// Good or bad by the metric's own direction; no move, no tone.
fn tone(kpi: &KpiSection) -> Tone {
    let by = match (kpi.value, kpi.previous) {
        (Some(now), Some(before)) => now - before,
        _ => 0.0,
    };
    match kpi.better {
        Better::Up if by > 0.0 => Tone::Good,
        Better::Down if by < 0.0 => Tone::Good,
        Better::Up if by < 0.0 => Tone::Bad,
        Better::Down if by > 0.0 => Tone::Bad,
        _ => Tone::Plain,
    }
}

fn goal(kpi: &KpiSection, w: &Writer) -> String {
    let Some((target, by)) = kpi.goal else { return NONE.to_owned() };
    let mut text = format::value(target, kpi.format, &w.currency);
    if let Some(by) = by {
        text.push_str(" by ");
        // A goal ends with its day, so its instant is the first of the next one.
        text.push_str(&format::day(by.saturating_sub(1), w.zone));
    }
    text
}

fn grain_word(grain: Grain) -> &'static str {
    match grain {
        Grain::Hour => "hour",
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
    }
}

fn alt(kpi: &KpiSection, w: &Writer) -> String {
    let write = |v: f64| format::value(v, kpi.format, &w.currency);
    let per = format!("{} per {}", kpi.title, grain_word(kpi.series.grain));
    let values: Vec<f64> = kpi.series.points.iter().filter_map(|p| p.value).filter(|v| v.is_finite()).collect();
    let Some(last) = values.last() else { return format!("{per}: no data.") };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let found = w.data.insights.iter().filter(|i| i.metric == kpi.key).count();
    let tail = if found == 0 { String::new() } else { format!(" {} marked.", format::plural(found, "finding")) };
    format!("{per}: between {} and {}, last {}.{tail}", write(low), write(high), write(*last))
}

fn segments(kpi: &KpiSection, w: &Writer) -> Vec<SegmentText> {
    let mut names: Vec<&str> = Vec::new();
    for share in &kpi.segments {
        if !names.contains(&share.segment.as_str()) {
            names.push(&share.segment);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let all: Vec<&SegmentShare> = kpi.segments.iter().filter(|s| s.segment == name).collect();
            let more = all.len().saturating_sub(VALUES_MAX);
            SegmentText {
                name: name.replace('_', " "),
                rows: all.into_iter().take(VALUES_MAX).map(|s| row(s, kpi.format, w)).collect(),
                more: if more == 0 { String::new() } else { format!("{more} more") },
            }
        })
        .collect()
}

fn row(share: &SegmentShare, format: Format, w: &Writer) -> SegmentRow {
    let bar = if share.share.is_finite() { share.share.clamp(0.0, 1.0) } else { 0.0 };
    SegmentRow {
        value: share.value.clone(),
        amount: format::value(share.amount, format, &w.currency),
        share: format::percent(share.share),
        bar,
    }
}
