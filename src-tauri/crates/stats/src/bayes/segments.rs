//! Effects by segment, drawn together as far as the data says they are one.

use libm::{exp, fabs, log, sqrt};
use serde::{Deserialize, Serialize};

use super::PastEffect;
use crate::compare::Interval;
use crate::normal;

/// A segment's effect after shrinkage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// Interval of probability `1 - alpha`.
    pub interval: Interval,
    /// P(effect > 0).
    pub above_zero: f64,
    /// How far it was drawn to the common mean: 0 not at all, 1 entirely.
    pub shrinkage: f64,
}

/// Nodes over the spread between segments.
const NODES: u32 = 128;

/// Normal hierarchical model: estimates around true effects, these around a common mean with a common spread. Mean and
/// spread are integrated over rather than plugged in, so the intervals know that both are estimated (plugging in, as
/// James–Stein does, leaves them too short with few segments). Prior: flat for the mean, DuMouchel's s/(s + spread)^2 for
/// the spread with s^2 the harmonic mean of the squared errors: uniform in the share kept by a typical segment.
///
/// Empty where a segment has no finite estimate or no positive error. One segment comes back as it is.
pub fn shrink(segments: &[PastEffect], alpha: f64) -> Vec<Segment> {
    if segments.iter().any(|s| !s.estimate.is_finite() || !(s.se > 0.0) || s.se.is_infinite()) {
        return Vec::new();
    }
    let typical = sqrt(segments.len() as f64 / segments.iter().map(|s| 1.0 / (s.se * s.se)).sum::<f64>());
    let mut nodes: Vec<Node> = (0..NODES)
        .map(|i| {
            let u = (f64::from(i) + 0.5) / f64::from(NODES);
            Node::at(segments, typical * u / (1.0 - u))
        })
        .collect();
    if segments.len() == 1 {
        // One estimate says nothing about a common mean.
        nodes = vec![Node { weight: 0.0, spread: f64::INFINITY, mean: 0.0, variance: 0.0 }];
    }
    let most = nodes.iter().map(|n| n.weight).fold(f64::NEG_INFINITY, f64::max);
    for node in &mut nodes {
        node.weight = exp(node.weight - most);
    }
    let whole: f64 = nodes.iter().map(|n| n.weight).sum();
    for node in &mut nodes {
        node.weight /= whole;
    }
    segments.iter().map(|s| mixture(s, &nodes, alpha)).collect()
}

/// One value of the spread, with the common mean given it. The weight is logarithmic until normalised.
struct Node {
    weight: f64,
    spread: f64,
    mean: f64,
    variance: f64,
}

impl Node {
    fn at(segments: &[PastEffect], spread: f64) -> Self {
        let total = |s: &PastEffect| spread * spread + s.se * s.se;
        let sum: f64 = segments.iter().map(|s| 1.0 / total(s)).sum();
        let mean = segments.iter().map(|s| s.estimate / total(s)).sum::<f64>() / sum;
        let fit: f64 = segments
            .iter()
            .map(|s| {
                let off = s.estimate - mean;
                log(total(s)) + off * off / total(s)
            })
            .sum();
        Self { weight: -0.5 * (fit + log(sum)), spread, mean, variance: 1.0 / sum }
    }

    /// Mean and standard deviation of a segment's effect, and the share taken from the common mean.
    fn effect(&self, s: &PastEffect) -> (f64, f64, f64) {
        if self.spread.is_infinite() {
            return (s.estimate, s.se, 0.0);
        }
        let own = s.se * s.se;
        let drawn = own / (own + self.spread * self.spread);
        let variance = (1.0 - drawn) * own + drawn * drawn * self.variance;
        (s.estimate + drawn * (self.mean - s.estimate), sqrt(variance), drawn)
    }
}

fn mixture(s: &PastEffect, nodes: &[Node], alpha: f64) -> Segment {
    let parts: Vec<(f64, (f64, f64, f64))> = nodes.iter().map(|n| (n.weight, n.effect(s))).collect();
    let average =
        |f: &dyn Fn(f64, f64, f64) -> f64| parts.iter().map(|(w, (m, sd, b))| w * f(*m, *sd, *b)).sum::<f64>();
    let mean = average(&|m, _, _| m);
    let sd = sqrt(average(&|m, sd, _| sd * sd + (m - mean) * (m - mean)));
    let above = |x: f64| average(&|m, sd, _| normal::sf((x - m) / sd));
    let density = |x: f64| average(&|m, sd, _| normal::pdf((x - m) / sd) / sd);
    // Where the tail above is p: Newton's method within a bracket, the mixture's tails being within a few deviations.
    let point = |p: f64| {
        let (mut low, mut high) = (mean - 12.0 * sd, mean + 12.0 * sd);
        let mut x = mean + normal::isf(p) * sd;
        for _ in 0..60 {
            let off = above(x) - p;
            if off > 0.0 {
                low = x;
            } else {
                high = x;
            }
            let newton = x + off / density(x);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if fabs(next - x) <= 1e-12 * sd {
                return next;
            }
            x = next;
        }
        x
    };
    Segment {
        mean,
        sd,
        interval: Interval { lower: point(1.0 - 0.5 * alpha), upper: point(0.5 * alpha) },
        above_zero: above(0.0),
        shrinkage: average(&|_, _, b| b),
    }
}
