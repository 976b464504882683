//! Incomplete beta and gamma functions, and the tails of chi-square, F, beta, binomial and Poisson.
//!
//! Every function gives the small side directly, so no tail is ever computed as one minus something near one. The
//! powers in front of series and fractions are evaluated by Loader's saddle point ("Fast and accurate computation of
//! binomial probabilities", 2000) rather than by differences of log-gamma, which lose six digits at a million.

use libm::{exp, fabs, lgamma, log, log1p, sqrt};

use crate::normal;

const TWO_PI: f64 = 2.0 * std::f64::consts::PI;
/// ln sqrt(2 pi).
const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Terms of a series or fraction; about the square root of the largest parameter is needed, so this serves up to 1e9.
const TERMS_MAX: u32 = 200_000;

/// Error of Stirling's formula: ln n! - ln(sqrt(2 pi n) (n/e)^n), for any n > 0.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return lgamma(n + 1.0) - (n + 0.5) * log(n) + n - LN_SQRT_TWO_PI;
    }
    let s = 1.0 / (n * n);
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - s / 1188.0) * s) * s) * s) / n
}

/// x ln(x/m) + m - x, exact where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    if x == 0.0 {
        return m;
    }
    let d = x - m;
    if fabs(d) >= 0.1 * (x + m) {
        return x * log(x / m) - d;
    }
    let v = d / (x + m);
    let mut sum = d * v;
    let mut term = 2.0 * x * v;
    let square = v * v;
    for j in 1..1000_u32 {
        term *= square;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// x^a y^b / B(a, b) with y = 1 - x: the density of Beta(a, b) times x y.
pub(crate) fn beta_front(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let e = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    sqrt(a / n * b / TWO_PI) * exp(e)
}

/// ln B(a, b), for a, b > 0.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let n = a + b;
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    // a ln(a/n) + b ln(b/n), the larger through log1p.
    let entropy = small * log(small / n) + large * log1p(-small / n);
    entropy + stirling_error(a) + stirling_error(b) - stirling_error(n) + 0.5 * log(TWO_PI / a * n / b)
}

/// Regularised incomplete beta I_x(a, b) = P(X <= x) for X ~ Beta(a, b). NaN unless a, b > 0.
///
/// Where `x` is near 1 use [`beta_inc_pair`], which takes `1 - x` with all its digits.
pub fn beta_inc(x: f64, a: f64, b: f64) -> f64 {
    beta_inc_pair(x, 1.0 - x, a, b).0
}

/// Survival function P(X > x) for X ~ Beta(a, b).
pub fn beta_sf(x: f64, a: f64, b: f64) -> f64 {
    beta_inc_pair(x, 1.0 - x, a, b).1
}

/// I_x(a, b) and its complement, each with its own digits, from `x` and `y = 1 - x` (both handed in, so that neither is
/// rounded). Relative error about 1e-13 for parameters from 0.01 to 1e8.
pub fn beta_inc_pair(x: f64, y: f64, a: f64, b: f64) -> (f64, f64) {
    if x.is_nan() || y.is_nan() || !(a > 0.0) || !(b > 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let front = beta_front(x, y, a, b);
    // a - (a + b) x: on its positive side, below the mean, the fraction converges fast.
    let below = if a > b { (a + b) * y - b } else { a - (a + b) * x };
    if below >= 0.0 {
        let low = (front * beta_fraction(x, y, a, b, below)).min(1.0);
        (low, 1.0 - low)
    } else {
        let high = (front * beta_fraction(y, x, b, a, -below)).min(1.0);
        (1.0 - high, high)
    }
}

/// Continued fraction of the incomplete beta in the form of Didonato and Morris (ACM TOMS 708, 1992, eq. 9), by Lentz's
/// method. `below` is a - (a + b) x >= 0; the classical form would take it from differences that cancel for large a.
fn beta_fraction(x: f64, y: f64, a: f64, b: f64, below: f64) -> f64 {
    let centre = 1.0 + below;
    let mut f = centre / (1.0 + 1.0 / a);
    let (mut c, mut d) = (f, 0.0);
    for n in 1..TERMS_MAX {
        let n = f64::from(n);
        let before = (n - 1.0) / a;
        let s = a + 2.0 * n - 1.0;
        let w = n * (b - n) * x;
        let e = a / s;
        let alpha = (1.0 + before) * (1.0 + before + b / a) * e * e * (w * x);
        let now = n / a;
        let beta = n + w / s + (1.0 + now) / (1.0 + 1.0 / a + 2.0 * now) * (centre + n * (1.0 + y));
        d = 1.0 / (beta + alpha * d);
        c = beta + alpha / c;
        f *= c * d;
        if fabs(c * d - 1.0) < 3e-16 {
            break;
        }
    }
    1.0 / f
}

/// The `x` with P(X <= x) = `p` for X ~ Beta(a, b); NaN outside of probabilities. Relative error about 1e-13.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p > 0.5 { beta_point(1.0 - p, true, a, b) } else { beta_point(p, false, a, b) }
}

/// The `x` with P(X > x) = `p` for X ~ Beta(a, b).
pub fn beta_isf(p: f64, a: f64, b: f64) -> f64 {
    if p > 0.5 { beta_point(1.0 - p, false, a, b) } else { beta_point(p, true, a, b) }
}

/// Where the tail above (or below) is `p`.
fn beta_point(p: f64, above: bool, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !(a > 0.0) || !(b > 0.0) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if above == (p == 0.0) { 1.0 } else { 0.0 };
    }
    let (mean, n) = (a / (a + b), a + b);
    let z = if above { normal::isf(p) } else { normal::quantile(p) };
    solve(p, 1.0, mean + z * sqrt(mean * (1.0 - mean) / (n + 1.0)), |x| {
        let y = 1.0 - x;
        let (low, high) = beta_inc_pair(x, y, a, b);
        let slope = beta_front(x, y, a, b) / y;
        if above { (high, -slope) } else { (low, slope) }
    })
}

/// x^a e^-x / Gamma(a).
fn gamma_front(a: f64, x: f64) -> f64 {
    sqrt(a / TWO_PI) * exp(-stirling_error(a) - deviance(a, x))
}

/// Regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P, each with its own digits. NaN unless a > 0 and
/// x >= 0. Series below a + 1, Legendre's continued fraction above (Numerical Recipes 6.2).
pub fn gamma_inc_pair(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0) || !(x >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    let front = gamma_front(a, x);
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..TERMS_MAX {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let low = (front * sum).min(1.0);
        return (low, 1.0 - low);
    }
    const TINY: f64 = 1e-300;
    let keep = |v: f64| if fabs(v) < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / keep(b);
    let mut h = d;
    for i in 1..TERMS_MAX {
        let i = f64::from(i);
        let step = -i * (i - a);
        b += 2.0;
        d = 1.0 / keep(step * d + b);
        c = keep(b + step / c);
        h *= d * c;
        if fabs(d * c - 1.0) < 3e-16 {
            break;
        }
    }
    let high = (front * h).min(1.0);
    (1.0 - high, high)
}

/// Regularised lower incomplete gamma P(a, x).
pub fn gamma_p(a: f64, x: f64) -> f64 {
    gamma_inc_pair(a, x).0
}

/// Regularised upper incomplete gamma Q(a, x).
pub fn gamma_q(a: f64, x: f64) -> f64 {
    gamma_inc_pair(a, x).1
}

/// Survival function of chi-square with `df` degrees of freedom; 1 for `x <= 0`.
pub fn chi_square_sf(x: f64, df: f64) -> f64 {
    gamma_q(0.5 * df, 0.5 * x.max(0.0))
}

/// The `x` with `chi_square_sf(x, df) = p`.
pub fn chi_square_isf(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !(df > 0.0) {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::INFINITY;
    }
    if p == 1.0 {
        return 0.0;
    }
    let a = 0.5 * df;
    // Wilson and Hilferty's cube.
    let w = 2.0 / (9.0 * df);
    let cube = 1.0 - w + normal::isf(p) * sqrt(w);
    let start = a * cube * cube * cube;
    let low_side = p > 0.5;
    let target = if low_side { 1.0 - p } else { p };
    2.0 * solve(target, f64::INFINITY, start, |x| {
        let (low, high) = gamma_inc_pair(a, x);
        let front = gamma_front(a, x);
        if low_side { (low, front) } else { (high, -front) }
    })
}

/// Survival function of Fisher's F with `d1` and `d2` degrees of freedom.
pub fn f_sf(f: f64, d1: f64, d2: f64) -> f64 {
    if !(f > 0.0) {
        return if f.is_nan() { f64::NAN } else { 1.0 };
    }
    if f.is_infinite() {
        return 0.0;
    }
    let (x, y) = (d2 / (d2 + d1 * f), d1 * f / (d2 + d1 * f));
    beta_inc_pair(x, y, 0.5 * d2, 0.5 * d1).0
}

/// P(X >= k) for X ~ Binomial(n, p).
pub fn binomial_at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    beta_inc(p, k as f64, (n - k) as f64 + 1.0)
}

/// P(X <= k) for X ~ Binomial(n, p).
pub fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_sf(p, k as f64 + 1.0, (n - k) as f64)
}

/// ln P(X = k) for X ~ Binomial(n, p), by Loader's saddle point.
pub fn binomial_ln_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n || !(0.0..=1.0).contains(&p) {
        return if k > n { f64::NEG_INFINITY } else { f64::NAN };
    }
    let (x, m) = (k as f64, n as f64);
    if k == 0 {
        return if n == 0 { 0.0 } else { m * log1p(-p) };
    }
    if k == n {
        return m * log(p);
    }
    let rest = m - x;
    stirling_error(m) - stirling_error(x) - stirling_error(rest) - deviance(x, m * p) - deviance(rest, m * (1.0 - p))
        + 0.5 * log(m / (TWO_PI * x) / rest)
}

/// P(X >= k) for X ~ Poisson(mean).
pub fn poisson_at_least(k: u64, mean: f64) -> f64 {
    if k == 0 { 1.0 } else { gamma_p(k as f64, mean) }
}

/// P(X <= k) for X ~ Poisson(mean).
pub fn poisson_at_most(k: u64, mean: f64) -> f64 {
    gamma_q(k as f64 + 1.0, mean)
}

/// The `x` in (0, `most`) where a monotone tail reaches `target`. `tail` gives it together with its derivative by ln x.
/// Newton's method on the logarithms of both, in which tails are nearly straight, within a bracket.
pub(crate) fn solve(target: f64, most: f64, start: f64, tail: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (0.0, most);
    let inside = |x: f64, low: f64, high: f64| x > low && x < high;
    let between = |x: f64, low: f64, high: f64| match (low == 0.0, high.is_infinite()) {
        (_, true) => 4.0 * x,
        (true, false) => high / 64.0,
        (false, false) => 0.5 * (low + high),
    };
    let mut x = if inside(start, low, high) { start } else { between(1.0, low, high).min(0.5 * most) };
    for _ in 0..400_u32 {
        let (value, slope) = tail(x);
        let off = log(value / target);
        if off == 0.0 || value.is_nan() {
            return x;
        }
        if (off > 0.0) == (slope > 0.0) {
            high = x;
        } else {
            low = x;
        }
        let step = -off * value / slope;
        let newton = x * exp(step.clamp(-3.0, 3.0));
        if step.is_finite() && fabs(step) < 4e-16 {
            return newton;
        }
        let next = if step.is_finite() && inside(newton, low, high) { newton } else { between(x, low, high) };
        if next == x || high - low <= f64::MIN_POSITIVE {
            return x;
        }
        x = next;
    }
    x
}
