//! The path of the statistic between looks: Brownian motion with drift, stopped outside a region at each look.
//!
//! Recursive integration of the density of paths that are still running (Armitage, McPherson & Rowe 1969; Jennison &
//! Turnbull 2000, section 19.2), on panels of Gauss-Legendre nodes instead of Simpson's: fewer nodes for the same digits.

use libm::{ceil, exp, log, sqrt};

use crate::normal;

/// Beyond this many standard deviations no path is followed: 1e-9 of them.
const REACH: f64 = 6.0;
/// Twenty nodes hold a normal density over a panel of this many of its standard deviations to about 1e-8.
const PANEL: f64 = 10.0;
/// Panels per piece of the region; reached only by looks that lie closer together than [`super::STEP_MIN`].
const PANELS_MAX: f64 = 60.0;

/// Where paths go on at a look: pieces of the line in the scale of `B(t)`, in rising order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Region {
    /// Between the two.
    One(f64, f64),
    /// Outside an inner wedge: between the first two and between the last two.
    Two(f64, f64, f64, f64),
}

/// Paths that are still running after the looks so far.
///
/// The density at a look is computed when the next look's time is known, so that the nodes are as dense as it needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Walk {
    drift: f64,
    /// Time of the nodes.
    time: f64,
    /// Position and mass.
    nodes: Vec<(f64, f64)>,
    /// The last look, not integrated yet.
    last: Option<(f64, Region)>,
}

impl Walk {
    /// All paths at zero; `drift` is the expectation of `B(1)`.
    pub(super) fn new(drift: f64) -> Self {
        Self { drift, time: 0.0, nodes: vec![(0.0, 1.0)], last: None }
    }

    /// Makes ready for questions about `time`, which is after the last look.
    pub(super) fn advance(&mut self, time: f64) {
        let Some((now, region)) = self.last.take() else { return };
        let (before, after) = (now - self.time, time - now);
        let scale = 1.0 / sqrt(1.0 / before + 1.0 / after);
        let (centre, reach) = (self.drift * now, REACH * sqrt(now));
        let mut nodes = Vec::with_capacity(160);
        let mut piece = |low: f64, high: f64| {
            let (low, high) = (low.max(centre - reach), high.min(centre + reach));
            if low < high {
                self.fill(&mut nodes, (low, high), ceil((high - low) / (PANEL * scale)).clamp(1.0, PANELS_MAX), before);
            }
        };
        match region {
            // Without drift the density is even: half of it is mirrored.
            Region::One(a, b) if self.drift == 0.0 && a == -b => {
                piece(0.0, b);
                let upper = nodes.len();
                nodes.extend_from_within(..upper);
                nodes[upper..].iter_mut().for_each(|node| node.0 = -node.0);
            }
            Region::One(a, b) => piece(a, b),
            Region::Two(a, b, c, d) => {
                piece(a, b);
                piece(c, d);
            }
        }
        self.nodes = nodes;
        self.time = now;
    }

    /// Stops the paths outside `region` at `time`; [`Self::advance`] was called for this time.
    pub(super) fn stop(&mut self, time: f64, region: Region) {
        self.last = Some((time, region));
    }

    /// P(still running before `time` and `B(time) >= x`), with the density there.
    pub(super) fn above(&self, time: f64, x: f64) -> (f64, f64) {
        let s = sqrt(time - self.time);
        let shift = self.drift * (time - self.time);
        let (mut tail, mut density) = (0.0, 0.0);
        for &(at, mass) in &self.nodes {
            let z = (x - at - shift) / s;
            // Nothing in double precision, and most of the nodes of a long walk.
            if z > 38.0 {
                continue;
            }
            tail += mass * normal::sf(z);
            density += mass * normal::pdf(z);
        }
        (tail, density / s)
    }

    /// P(still running before `time` and `B(time) <= x`), with the density there.
    pub(super) fn below(&self, time: f64, x: f64) -> (f64, f64) {
        let s = sqrt(time - self.time);
        let shift = self.drift * (time - self.time);
        let (mut tail, mut density) = (0.0, 0.0);
        for &(at, mass) in &self.nodes {
            let z = (x - at - shift) / s;
            if z < -38.0 {
                continue;
            }
            tail += mass * normal::cdf(z);
            density += mass * normal::pdf(z);
        }
        (tail, density / s)
    }

    /// The `x` with `above(time, x) = p`; infinite where `p` is next to nothing.
    ///
    /// Newton on the logarithm, which is concave in `x`: after the first step it falls on the root from the right.
    pub(super) fn above_inverse(&self, time: f64, p: f64) -> f64 {
        solve(p, self.drift * time + sqrt(time) * normal::isf(p.min(0.5)), |x| self.above(time, x), -1.0)
    }

    /// The `x` with `below(time, x) = p`; minus infinity where `p` is next to nothing.
    pub(super) fn below_inverse(&self, time: f64, p: f64) -> f64 {
        solve(p, self.drift * time - sqrt(time) * normal::isf(p.min(0.5)), |x| self.below(time, x), 1.0)
    }

    /// Adds the nodes of one piece, with the masses of paths that came from the nodes before.
    fn fill(&self, nodes: &mut Vec<(f64, f64)>, (low, high): (f64, f64), panels: f64, span: f64) {
        let half = 0.5 * (high - low) / panels;
        let shift = self.drift * span;
        let (scale, norm) = (-0.5 / span, half / sqrt(span) * 0.398_942_280_401_432_7);
        let mut centre = low + half;
        for _ in 0..panels as usize {
            for (node, weight) in RULE {
                for x in [centre - half * node, centre + half * node] {
                    let mut density = 0.0;
                    for &(at, mass) in &self.nodes {
                        let gap = x - at - shift;
                        let exponent = gap * gap * scale;
                        if exponent > -42.0 {
                            density += mass * exp(exponent);
                        }
                    }
                    nodes.push((x, density * norm * weight));
                }
            }
            centre += 2.0 * half;
        }
    }
}

/// Root of `tail(x) = p` for a log-concave tail that rises in the direction of `sign`.
fn solve(p: f64, start: f64, tail: impl Fn(f64) -> (f64, f64), sign: f64) -> f64 {
    if !(p > 1e-60) {
        return -sign * f64::INFINITY;
    }
    let mut x = start;
    for _ in 0..60 {
        let (value, density) = tail(x);
        if !(value > 0.0 && density > 0.0) {
            x += sign;
            continue;
        }
        // d ln(tail) / dx = sign * density / tail.
        let step = sign * log(p / value) * value / density;
        x += step;
        if step.abs() < 1e-10 {
            break;
        }
    }
    x
}

/// Positive nodes and weights of the Gauss-Legendre rule of order 20.
const RULE: [(f64, f64); 10] = [
    (0.07652652113349734, 0.15275338713072628),
    (0.22778585114164507, 0.14917298647260424),
    (0.37370608871541955, 0.1420961093183824),
    (0.5108670019508271, 0.1316886384491769),
    (0.636053680726515, 0.1181945319615186),
    (0.7463319064601508, 0.1019301198172407),
    (0.8391169718222188, 0.08327674157670471),
    (0.912234428251326, 0.06267204833410879),
    (0.9639719272779138, 0.040601429800386446),
    (0.993128599185095, 0.017614007139150893),
];
