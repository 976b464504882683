//! From the store's sums to the statistics' moments, and from two arms to an effect in the direction in which it is better.

use epoch_model::business::{Better, Metric, MetricKind};
use epoch_model::experiment::Moments as Sums;
use epoch_stats::compare::{self, Effect, Refusal, Scale};
use epoch_stats::moments::{Covariate, CovariateDenominator, Denominator, Moments, Outcome, QuantileAt};
use epoch_stats::sequential::Look;
use epoch_stats::sequential::statistic::z_of_moments;

/// Whether units either have it or not.
pub(crate) fn binary(metric: &Metric) -> bool {
    matches!(metric.kind, MetricKind::Proportion { .. } | MetricKind::Retention { .. })
}

/// +1 where higher is better.
pub(crate) fn sign(metric: &Metric) -> f64 {
    if metric.better == Better::Down { -1.0 } else { 1.0 }
}

/// The sums of one arm; without the covariate where the design uses none.
pub(crate) fn moments(metric: &Metric, sums: &Sums, covariate: bool) -> Moments {
    Moments {
        units: sums.units,
        mean: sums.mean,
        m2: sums.m2,
        m3: sums.m3,
        outcome: if binary(metric) && sums.den.is_none() { Outcome::Binary } else { Outcome::Number },
        den: sums.den.map(|d| Denominator { mean: d.mean, m2: d.m2, with_outcome: d.with_outcome }),
        pre: sums.pre.filter(|_| covariate).map(|p| Covariate {
            mean: p.mean,
            m2: p.m2,
            with_outcome: p.with_outcome,
            with_den: p.with_den,
            den: p.den.map(|d| CovariateDenominator {
                mean: d.mean,
                m2: d.m2,
                with_outcome: d.with_outcome,
                with_den: d.with_den,
                with_pre: d.with_pre,
            }),
        }),
        quantile: sums.quantile.map(|q| QuantileAt {
            q: q.q,
            value: q.value,
            lower: q.lower,
            upper: q.upper,
            events: q.values,
        }),
    }
}

/// An arm against the control on one metric.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Against {
    pub absolute: Effect,
    /// Absent where the control is zero.
    pub relative: Option<Effect>,
    /// For the sequential tests, positive where the arm is better.
    pub look: Look,
}

/// Compares an arm with the control.
pub(crate) fn against(metric: &Metric, control: &Moments, treated: &Moments) -> Result<Against, Refusal> {
    let absolute = compare::compare(control, treated, Scale::Absolute)?;
    let relative = compare::compare(control, treated, Scale::Relative).ok();
    let shares = control.outcome == Outcome::Binary && control.den.is_none();
    // Right where the difference's own normal approximation is not: at few events, and with skewed units in a small arm.
    let (z, skewness) = z_of_moments(control, treated, &absolute);
    let (estimate, se) = relative.as_ref().map_or((absolute.estimate, absolute.se), |r| (r.estimate, r.se));
    let s = sign(metric);
    let look = Look {
        estimate: s * estimate,
        se,
        z: s * z,
        units: [control.units as f64, treated.units as f64],
        events: shares.then(|| hits(control) + hits(treated)),
        skewness: skewness.map(|skewness| s * skewness),
    };
    Ok(Against { absolute, relative, look })
}

/// Units with the event.
fn hits(arm: &Moments) -> f64 {
    (arm.mean * arm.units as f64).round()
}

/// Value, variance per unit, and share of it that the covariate takes away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub value: f64,
    pub variance: f64,
    pub explained: f64,
}

/// How much units differ in a metric. `None` where nothing varies or too few are known.
pub(crate) fn spread(moments: &Moments) -> Option<Spread> {
    let n = moments.units as f64;
    if moments.units < 10 {
        return None;
    }
    // A population compared with itself: the variance of the difference is twice that of one arm's value.
    let twin = compare::compare(&moments.without_pre(), &moments.without_pre(), Scale::Absolute).ok()?;
    let with = compare::compare(moments, moments, Scale::Absolute).map_or(twin.variance(), |e| e.variance());
    let variance = 0.5 * n * twin.variance();
    let value = moments.value();
    let explained = (1.0 - with / twin.variance()).clamp(0.0, 0.99);
    (value.is_finite() && variance.is_finite()).then_some(Spread { value, variance, explained })
}
