//! After stopping: estimate and interval that know of the looks, and the repeated p-value.

use libm::{exp, fabs, log, sqrt};

use super::exits::{exits, limits};
use super::{GroupDesign, Limits};
use crate::normal;
use crate::sequential::Side;

/// What to report when an experiment has ended, on the scale of the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Final {
    /// Median-unbiased: too high and too low equally often.
    pub estimate: f64,
    /// Interval with the design's coverage by stage-wise ordering; infinite on the untested side.
    pub interval: [f64; 2],
    /// Two-sided or one-sided p-value by the same ordering.
    pub p_value: f64,
}

/// P(an outcome at least as high as ending at the last of `looks` with `z`), under `drift`: stage-wise ordering, in which
/// an end above is higher the earlier it was, and one below lower (Jennison & Turnbull 2000, section 8.4).
fn at_least(looks: &[Limits], side: Side, z: f64, drift: f64) -> f64 {
    let Some((last, before)) = looks.split_last() else { return 0.5 };
    // The last look's limit becomes the outcome itself; earlier futility does not bind, so it is left out.
    let mut all: Vec<Limits> = before.iter().map(|l| Limits { futility: None, ..*l }).collect();
    all.push(Limits { upper: z, futility: None, ..*last });
    exits(&all, side, drift).iter().map(|e| e.up).sum()
}

/// Estimate, interval and p-value after the last of `looks`, where the statistic is `z` and the estimate's standard error
/// is `se` (`z` and the result in the statistic's own direction).
pub fn after(design: &GroupDesign, looks: &[Limits], z: f64, se: f64) -> Final {
    let Some(last) = looks.last() else {
        return Final { estimate: f64::NAN, interval: [f64::NEG_INFINITY, f64::INFINITY], p_value: 1.0 };
    };
    let turn = if design.side == Side::Less { -1.0 } else { 1.0 };
    let z = z * turn;
    // A drift is the expectation of z at the planned size; of the estimate: drift * sqrt(time) * se.
    let scale = se * sqrt(last.time);
    let start = z / sqrt(last.time);
    let root = |p: f64| {
        // Rising in the drift, nearly `Phi(drift - start)` in probits.
        let target = -normal::isf(p);
        let at = |drift: f64| -normal::isf(at_least(looks, design.side, z, drift).clamp(1e-300, 1.0 - 1e-16)) - target;
        let (mut x0, mut x1) = (start, start + target / sqrt(last.time) + 0.1);
        let (mut y0, mut y1) = (at(x0), at(x1));
        for _ in 0..25 {
            if fabs(y1) < 1e-8 || y1 == y0 {
                break;
            }
            let next = (x1 - y1 * (x1 - x0) / (y1 - y0)).clamp(x1 - 4.0, x1 + 4.0);
            (x0, y0) = (x1, y1);
            x1 = next;
            y1 = at(x1);
        }
        x1
    };
    let estimate = root(0.5) * scale * turn;
    let above = at_least(looks, design.side, z, 0.0);
    match design.side {
        Side::Two => Final {
            estimate,
            interval: [root(0.5 * design.alpha) * scale, root(1.0 - 0.5 * design.alpha) * scale],
            p_value: (2.0 * above.min(1.0 - above)).min(1.0),
        },
        Side::Greater => Final { estimate, interval: [root(design.alpha) * scale, f64::INFINITY], p_value: above },
        Side::Less => Final { estimate, interval: [f64::NEG_INFINITY, -root(design.alpha) * scale], p_value: above },
    }
}

/// Repeated p-value at the last of `times`: the smallest alpha whose design would have stopped there at `z` (Jennison &
/// Turnbull 2000, section 9.3). Valid whether or not the experiment ends, and costs about twenty times a look's limits.
pub fn repeated_p_value(design: &GroupDesign, times: &[f64], z: f64) -> f64 {
    let z = match design.side {
        Side::Two => fabs(z),
        Side::Greater => z,
        Side::Less => -z,
    };
    let excess = |alpha: f64| {
        let at = GroupDesign { alpha, futility: None, ..*design };
        limits(&at, times).last().map_or(f64::INFINITY, |l| l.upper) - z
    };
    let (mut low, mut high) = (log(1e-12), 0.0);
    if excess(exp(low)) <= 0.0 {
        return exp(low);
    }
    if excess(1.0 - 1e-9) > 0.0 {
        return 1.0;
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if excess(exp(middle)) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
        if high - low < 1e-6 {
            break;
        }
    }
    exp(0.5 * (low + high))
}
