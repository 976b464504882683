//! Student's t distribution with any positive degrees of freedom.

use libm::{exp, fabs, lgamma, log};

use crate::normal;

/// Survival function P(T > t) with `df` degrees of freedom. Above 1e6 degrees the normal is used.
pub fn sf(t: f64, df: f64) -> f64 {
    if t.is_nan() || !(df > 0.0) {
        return f64::NAN;
    }
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    if df > 1e6 {
        return normal::sf(t);
    }
    // P(|T| > t) = I_{df/(df+t^2)}(df/2, 1/2)
    let x = df / (df + t * t);
    let tail = 0.5 * beta_inc(x, t * t / (df + t * t), 0.5 * df, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// Two-sided tail probability P(|T| > |t|).
pub fn two_sided(t: f64, df: f64) -> f64 {
    (2.0 * sf(fabs(t), df)).min(1.0)
}

/// Inverse survival function: the `t` with `sf(t, df) = p`. Bisection on a bracket, about 1e-14 relative.
pub fn isf(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !(df > 0.0) {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::INFINITY;
    }
    if p == 1.0 {
        return f64::NEG_INFINITY;
    }
    if p > 0.5 {
        return -isf(1.0 - p, df);
    }
    let (mut low, mut high) = (0.0, 2.0);
    for _ in 0..600 {
        if sf(high, df) <= p {
            break;
        }
        low = high;
        high *= 2.0;
    }
    for _ in 0..100 {
        let mid = 0.5 * (low + high);
        if mid <= low || mid >= high {
            break;
        }
        if sf(mid, df) > p {
            low = mid;
        } else {
            high = mid;
        }
    }
    0.5 * (low + high)
}

/// Regularised incomplete beta I_x(a, b), with `y = 1 - x` handed in so that it keeps its digits near 1.
/// Continued fraction by Lentz's method (Numerical Recipes 6.4).
fn beta_inc(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
    if x < (a + 1.0) / (a + b + 2.0) { front * fraction(x, a, b) / a } else { 1.0 - front * fraction(y, b, a) / b }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |v: f64| if fabs(v) < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..500_u32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        h *= d * c;
        if fabs(d * c - 1.0) < 1e-16 {
            break;
        }
    }
    h
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
