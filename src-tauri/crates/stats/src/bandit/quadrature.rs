//! Which arm is best, and second best, by quadrature.
//!
//! With densities f and distributions F of independent posteriors, arm i is best with probability
//! `integral of f_i prod_{j != i} F_j`, and second with `integral of f_i sum_{j != i} (1 - F_j) prod_{k != i, j} F_k`.

use libm::exp;
use serde::{Deserialize, Serialize};

use crate::normal;

/// A normal posterior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, above 0.
    pub sd: f64,
}

/// Probabilities of ranks, one per arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Of being the best.
    pub best: Vec<f64>,
    /// Of being the second best.
    pub second: Vec<f64>,
}

/// Density, distribution and survival of one arm at a point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) density: f64,
    pub(super) below: f64,
    pub(super) above: f64,
}

/// Ranks of independent normal posteriors; the greatest is the best, or the least if `lower_is_better`.
/// Absolute error below 1e-13. NaN if a posterior has no finite mean or no positive spread.
pub fn normal_ranks(arms: &[Normal], lower_is_better: bool) -> Ranks {
    if arms.iter().any(|a| !a.mean.is_finite() || !(a.sd > 0.0) || !a.sd.is_finite()) {
        return unknown(arms.len());
    }
    let sign = if lower_is_better { -1.0 } else { 1.0 };
    // Between two marks each density is smooth enough for sixteen nodes.
    const MARKS: [f64; 13] = [0.0, 0.75, 1.5, 2.25, 3.0, 4.0, 5.0, 6.0, 8.0, 11.0, 16.0, 24.0, 38.0];
    let mut marks: Vec<f64> = Vec::with_capacity(arms.len() * 25);
    for arm in arms {
        for at in MARKS {
            marks.push(sign * arm.mean + at * arm.sd);
            marks.push(sign * arm.mean - at * arm.sd);
        }
    }
    let narrowest = arms.iter().map(|a| a.sd).fold(f64::INFINITY, f64::min);
    integrate(arms.len(), marks, 0.25 * narrowest, |i, x| {
        let arm = arms[i];
        let z = (x - sign * arm.mean) / arm.sd;
        At {
            density: exp(-0.5 * z * z) / (2.506_628_274_631_000_5 * arm.sd),
            below: normal::cdf(z),
            above: normal::sf(z),
        }
    })
}

pub(super) fn unknown(arms: usize) -> Ranks {
    Ranks { best: vec![f64::NAN; arms], second: vec![f64::NAN; arms] }
}

/// Composite Gauss-Legendre between the marks (those closer than `apart` are one), then normalised to sum to one.
pub(super) fn integrate(arms: usize, mut marks: Vec<f64>, apart: f64, at: impl Fn(usize, f64) -> At) -> Ranks {
    if arms < 2 {
        return Ranks { best: vec![1.0; arms], second: vec![0.0; arms] };
    }
    marks.sort_by(f64::total_cmp);
    marks.dedup_by(|b, a| *b - *a < apart);
    let mut best = vec![0.0; arms];
    let mut second = vec![0.0; arms];
    let mut here = vec![At::default(); arms];
    // Of the arms from k on: all below, and all but one below.
    let mut rest = vec![(1.0, 0.0); arms + 1];
    for pair in marks.windows(2) {
        let (middle, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in GAUSS {
            for side in [-1.0, 1.0] {
                let x = middle + side * node * half;
                for (i, slot) in here.iter_mut().enumerate() {
                    *slot = at(i, x);
                }
                for k in (0..arms).rev() {
                    rest[k] = join((here[k].below, here[k].above), rest[k + 1]);
                }
                let mut before = (1.0, 0.0);
                for i in 0..arms {
                    let others = join(before, rest[i + 1]);
                    let mass = weight * half * here[i].density;
                    best[i] += mass * others.0;
                    second[i] += mass * others.1;
                    before = join(before, (here[i].below, here[i].above));
                }
            }
        }
    }
    for shares in [&mut best, &mut second] {
        let sum: f64 = shares.iter().sum();
        for share in shares.iter_mut() {
            *share /= sum;
        }
    }
    Ranks { best, second }
}

// Of two disjoint groups, each (all below, exactly one above): the same of both together.
fn join(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 * b.0, a.0 * b.1 + a.1 * b.0)
}

// Sixteen nodes of Gauss-Legendre on -1..1, the positive half.
const GAUSS: [(f64, f64); 8] = [
    (0.095_012_509_837_637_440_19, 0.189_450_610_455_068_496_3),
    (0.281_603_550_779_258_913_2, 0.182_603_415_044_923_588_9),
    (0.458_016_777_657_227_386_3, 0.169_156_519_395_002_538_2),
    (0.617_876_244_402_643_748_4, 0.149_595_988_816_576_732_1),
    (0.755_404_408_355_003_033_9, 0.124_628_971_255_533_872_1),
    (0.865_631_202_387_831_743_9, 0.095_158_511_682_492_784_81),
    (0.944_575_023_073_232_576_1, 0.062_253_523_938_647_892_86),
    (0.989_400_934_991_649_932_6, 0.027_152_459_411_754_094_85),
];
