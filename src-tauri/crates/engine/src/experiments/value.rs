//! What an answer is worth: effects in money per month, and the value of knowing before deciding.

use epoch_model::business::{Format, Metric, MetricKind};
use epoch_model::time::Grain;
use epoch_stats::baseline::Band;
use epoch_stats::bayes::Belief;
use epoch_stats::horizon::Pool;

use crate::config::{Config, pool};

/// Days of an average month.
pub(crate) const MONTH_DAYS: f64 = 30.437_5;
/// How long an answer is made use of.
pub(crate) const USE_DAYS: f64 = 365.0;

/// Minor units per month that one unit of a metric per unit of exposure is worth, positive where it is good; `None` where
/// nothing is known of its worth. `den` is a ratio's denominator per unit.
pub(crate) fn monthly(config: &Config, metric: &Metric, units_per_day: f64, den: Option<f64>) -> Option<f64> {
    let units = units_per_day * MONTH_DAYS;
    let minor = 10_f64.powi(config.business.currency_digits.cast_signed());
    let worth = match (metric.worth_minor, metric.format, pool(metric)) {
        (Some(w), _, Pool::Sum) => w * units,
        (Some(w), _, Pool::Mean) if matches!(metric.kind, MetricKind::Unique { .. }) => w * units,
        (Some(w), _, Pool::RatioOfSums | Pool::Mean) => w * buckets(metric.grain),
        (None, Format::Money, Pool::Sum) => minor * units,
        (None, Format::Money, Pool::RatioOfSums) => minor * units * den.unwrap_or(1.0),
        _ => return None,
    };
    Some(super::sums::sign(metric) * worth)
}

fn buckets(grain: Grain) -> f64 {
    match grain {
        Grain::Hour => 24.0 * MONTH_DAYS,
        Grain::Day => MONTH_DAYS,
        Grain::Week => MONTH_DAYS / 7.0,
        Grain::Month => 1.0,
    }
}

/// A normal belief about a relative improvement from its p10, p50, p90.
pub(crate) fn belief(band: Band) -> Belief {
    Belief { mean: band.p50, sd: ((band.p90 - band.p10).abs() / 2.563_103).max(1e-6) }
}

/// p10, p50, p90 of a belief.
pub(crate) fn band(belief: Belief) -> Band {
    let z = 1.281_551_565_544_600_4 * belief.sd;
    Band { p10: belief.mean - z, p50: belief.mean, p90: belief.mean + z }
}
