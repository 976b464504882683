//! A finding in words.

use epoch_model::insight::{Driver, Insight, InsightKind};
use epoch_model::time::{DAY, HOUR};

use super::{InsightText, Tone, Writer};
use crate::format;

/// Drivers that are written out.
const DRIVERS_MAX: usize = 4;

pub(crate) fn kind_word(kind: InsightKind) -> &'static str {
    match kind {
        InsightKind::Anomaly => "Anomaly",
        InsightKind::Threshold => "Threshold",
        InsightKind::Guardrail => "Guardrail",
        InsightKind::Goal => "Goal",
    }
}

pub(crate) fn tone(good: Option<bool>) -> Tone {
    match good {
        Some(true) => Tone::Good,
        Some(false) => Tone::Bad,
        None => Tone::Warn,
    }
}

pub(super) fn insight(insight: &Insight, w: &Writer) -> InsightText {
    InsightText {
        when: w.when(insight.from),
        kind: kind_word(insight.kind),
        tone: tone(insight.good),
        headline: insight.headline.clone(),
        figures: figures(insight, w),
        drivers: insight.drivers.iter().take(DRIVERS_MAX).map(|d| driver(d, insight, w)).collect(),
    }
}

fn figures(insight: &Insight, w: &Writer) -> String {
    let title =
        w.data.kpis.iter().find(|k| k.key == insight.metric).map_or(insight.metric.as_str(), |k| k.title.as_str());
    let seen = w.value(insight.actual, &insight.metric);
    let Some(expected) = &insight.expected else { return format!("{title}: {seen} seen.") };
    let write = |v| w.value(v, &insight.metric);
    let chance = if insight.kind == InsightKind::Anomaly && insight.p_value.is_finite() {
        format!(" By chance alone a move this large is seen {}.", once_in(insight))
    } else {
        String::new()
    };
    format!(
        "{title}: {seen} seen, {} expected (80\u{a0}%: {} to {}).{chance}",
        write(expected.p50),
        write(expected.p10),
        write(expected.p90)
    )
}

/// `about once in 340 days`, to two digits.
fn once_in(insight: &Insight) -> String {
    let bucket = match insight.to.saturating_sub(insight.from) {
        width if width <= HOUR => "hour",
        width if width <= DAY + HOUR => "day",
        width if width <= 7 * DAY + HOUR => "week",
        _ => "month",
    };
    if insight.p_value <= 1e-6 {
        return format!("less than once in a million {bucket}s");
    }
    let every = 1.0 / insight.p_value.min(1.0);
    let unit = 10f64.powf((every.log10().floor() - 1.0).max(0.0));
    format!("about once in {}", format::plural(format::count((every / unit).round() * unit), bucket))
}

fn driver(driver: &Driver, insight: &Insight, w: &Writer) -> String {
    format!(
        "{} {}: {} seen, {} expected, {} of the move",
        driver.segment.replace('_', " "),
        driver.value,
        w.value(driver.actual, &insight.metric),
        w.value(driver.expected, &insight.metric),
        format::fixed(driver.share * 100.0, 0) + "\u{a0}%"
    )
}
