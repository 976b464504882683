//! Statistics on the normal scale, so that a boundary computed for Brownian motion fits small samples, too.

use libm::{exp, lgamma, log, sqrt};

use crate::{normal, student};

/// The normal deviate with the tail probability of `t` under Student's distribution with `df` degrees of freedom.
pub fn z_of_t(t: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return t;
    }
    if t >= 0.0 { normal::isf(student::sf(t, df)) } else { -normal::isf(student::sf(-t, df)) }
}

/// Events of one arm among its units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// Units with the event.
    pub events: f64,
    /// Units.
    pub units: f64,
}

/// Below this many expected events in the smaller arm (of events or of the others) the exact distribution is used.
const EXACT_BELOW: f64 = 15.0;

/// The statistic of two proportions, treatment minus control, for testing that they are equal.
///
/// The score statistic (pooled variance), whose null distribution is right where the unpooled one is not: at few events.
/// With fewer than 15 expected events in an arm its p-value is the exact mid-p of the hypergeometric distribution given
/// the total (Fisher's conditioning; Lancaster 1961 for mid-p), mapped to the normal scale. Zero while nothing can be said.
pub fn z_of_proportions(control: Arm, treatment: Arm) -> f64 {
    let units = control.units + treatment.units;
    let total = control.events + treatment.events;
    if !(control.units > 0.0 && treatment.units > 0.0 && total > 0.0 && total < units) {
        return 0.0;
    }
    let rare = total.min(units - total) * control.units.min(treatment.units) / units;
    if rare < EXACT_BELOW {
        return exact(control, treatment);
    }
    let pooled = total / units;
    let variance = pooled * (1.0 - pooled) * (1.0 / control.units + 1.0 / treatment.units);
    (treatment.events / treatment.units - control.events / control.units) / sqrt(variance)
}

/// Mid-p of the hypergeometric distribution as a normal deviate, with the sign of the difference.
fn exact(control: Arm, treatment: Arm) -> f64 {
    let (n0, n1) = (control.units.round(), treatment.units.round());
    // The rarer of events and the others is counted: few terms.
    let total = (control.events + treatment.events).round();
    let flip = total > 0.5 * (n0 + n1);
    let k = if flip { n0 + n1 - total } else { total };
    let x = if flip { n1 - treatment.events.round() } else { treatment.events.round() };
    let (low, high) = ((k - n0).max(0.0), k.min(n1));
    let at = log_hypergeometric(x, k, n0, n1);
    // Terms towards the nearer end, each from its neighbour.
    let centre = k * n1 / (n0 + n1);
    let upward = x >= centre;
    let mut tail = 0.5;
    let mut term = 1.0;
    let mut i = x;
    while if upward { i < high } else { i > low } {
        term *= if upward {
            (k - i) * (n1 - i) / ((i + 1.0) * (n0 - k + i + 1.0))
        } else {
            i * (n0 - k + i) / ((k - i + 1.0) * (n1 - i + 1.0))
        };
        tail += term;
        i += if upward { 1.0 } else { -1.0 };
        if term < 1e-17 * tail {
            break;
        }
    }
    let p = exp(at) * tail;
    let z = normal::isf(p.min(1.0));
    if upward == flip { -z } else { z }
}

/// Logarithm of P(x of k events fall into the arm of `n1`).
fn log_hypergeometric(x: f64, k: f64, n0: f64, n1: f64) -> f64 {
    log_choose(n1, x) + log_choose(n0, k - x) - log_choose(n0 + n1, k)
}

fn log_choose(n: f64, k: f64) -> f64 {
    if k <= 0.0 || k >= n {
        return 0.0;
    }
    // Few of many: a product keeps the digits that differences of lgamma lose.
    if k < 64.0 {
        let mut sum = 0.0;
        let mut i = 0.0;
        while i < k {
            sum += log((n - i) / (i + 1.0));
            i += 1.0;
        }
        return sum;
    }
    lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)
}
