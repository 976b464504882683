//! Student's t distribution with any positive degrees of freedom.

use libm::fabs;

use crate::normal;
use crate::special::{beta_front, beta_inc_pair, solve};

/// Survival function P(T > t) with `df` degrees of freedom; infinite degrees give the normal.
pub fn sf(t: f64, df: f64) -> f64 {
    if t.is_nan() || !(df > 0.0) {
        return f64::NAN;
    }
    let tail = upper(fabs(t), df);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// P(T > t) for t >= 0: half of I_{df/(df+t^2)}(df/2, 1/2).
fn upper(t: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal::sf(t);
    }
    let whole = df + t * t;
    if whole.is_infinite() {
        return 0.0;
    }
    0.5 * beta_inc_pair(df / whole, t * t / whole, 0.5 * df, 0.5).0
}

/// Two-sided tail probability P(|T| > |t|).
pub fn two_sided(t: f64, df: f64) -> f64 {
    (2.0 * sf(fabs(t), df)).min(1.0)
}

/// Inverse survival function: the `t` with `sf(t, df) = p`, to about 1e-14 relative.
pub fn isf(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !(df > 0.0) {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal::isf(p);
    }
    if p > 0.5 {
        return -isf(1.0 - p, df);
    }
    if p == 0.5 {
        return 0.0;
    }
    if p == 0.0 {
        return f64::INFINITY;
    }
    solve(p, f64::INFINITY, start(normal::isf(p), df), |t| {
        let whole = df + t * t;
        let (x, y) = (df / whole, t * t / whole);
        (0.5 * beta_inc_pair(x, y, 0.5 * df, 0.5).0, -beta_front(x, y, 0.5 * df, 0.5))
    })
}

/// Cornish and Fisher's expansion of the quantile in 1/df (Abramowitz and Stegun 26.7.5).
fn start(z: f64, df: f64) -> f64 {
    let s = z * z;
    let g1 = (s + 1.0) / 4.0;
    let g2 = ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let g3 = (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let g4 = ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0;
    z * (1.0 + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df)
}

/// The degrees of freedom whose quantile ratio t(0.975)/t(0.75) is `ratio`, between 2.5 and 200: how heavy the tails
/// of residuals are, from figures that 5 % of outliers hardly touch.
pub fn df_from_ratio(ratio: f64) -> f64 {
    // (df, ratio) on a grid, falling; 2.905834 is the normal's.
    const GRID: [(f64, f64); 12] = [
        (2.5, 4.553_6),
        (3.0, 4.160_6),
        (3.5, 3.915_2),
        (4.0, 3.748_4),
        (5.0, 3.537_4),
        (6.0, 3.410_1),
        (8.0, 3.264_5),
        (10.0, 3.183_9),
        (15.0, 3.083_7),
        (30.0, 2.991_2),
        (60.0, 2.947_7),
        (200.0, 2.918_2),
    ];
    if ratio >= GRID[0].1 {
        return GRID[0].0;
    }
    for pair in GRID.windows(2) {
        let ((df0, r0), (df1, r1)) = (pair[0], pair[1]);
        if ratio >= r1 {
            // Interpolated in 1/df, in which the ratio is nearly linear.
            let w = (ratio - r1) / (r0 - r1);
            return 1.0 / (w / df0 + (1.0 - w) / df1);
        }
    }
    200.0
}
