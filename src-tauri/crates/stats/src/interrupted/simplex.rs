//! Weights that are not negative and sum to one.

use super::least_squares::dot;

/// The weights w on the simplex with the least `w G w - 2 w b + ridge |w|^2`: accelerated projected gradient (Beck &
/// Teboulle 2009). `gram` is symmetric, by rows.
pub(super) fn weights(gram: &[Vec<f64>], b: &[f64], ridge: f64) -> Vec<f64> {
    let n = b.len();
    let slope = |w: &[f64]| -> Vec<f64> {
        gram.iter().zip(b).enumerate().map(|(i, (row, b))| dot(row, w) - b + ridge * w[i]).collect()
    };
    // The largest eigenvalue is at most the largest sum of a row's sizes.
    let steepest = gram.iter().map(|r| r.iter().map(|v| libm::fabs(*v)).sum::<f64>()).fold(0.0, f64::max) + ridge;
    if !(steepest > 0.0) {
        return vec![1.0 / n as f64; n];
    }
    let mut here = vec![1.0 / n as f64; n];
    let mut ahead = here.clone();
    let mut speed = 1.0;
    // Far more than any sensible number of donors needs; ends earlier.
    for _ in 0..20_000 {
        let down = slope(&ahead);
        let next = onto_simplex(&ahead.iter().zip(&down).map(|(w, d)| w - d / steepest).collect::<Vec<_>>());
        let moved = next.iter().zip(&here).map(|(a, b)| libm::fabs(a - b)).fold(0.0, f64::max);
        // Restart where the momentum points uphill (O'Donoghue & Candes 2015).
        let uphill = next.iter().zip(&here).zip(&ahead).map(|((n, h), a)| (a - n) * (n - h)).sum::<f64>() > 0.0;
        let faster = if uphill { 1.0 } else { 0.5 * (1.0 + libm::sqrt(1.0 + 4.0 * speed * speed)) };
        let push = if uphill { 0.0 } else { (speed - 1.0) / faster };
        ahead = next.iter().zip(&here).map(|(n, h)| n + push * (n - h)).collect();
        here = next;
        speed = faster;
        if moved < 1e-12 {
            break;
        }
    }
    here
}

/// The nearest point with no negative share and sum one (Duchi et al. 2008).
fn onto_simplex(v: &[f64]) -> Vec<f64> {
    let mut sorted = v.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut level) = (0.0, 0.0);
    for (k, x) in sorted.iter().enumerate() {
        sum += x;
        let candidate = (sum - 1.0) / (k + 1) as f64;
        if x - candidate > 0.0 {
            level = candidate;
        }
    }
    v.iter().map(|x| (x - level).max(0.0)).collect()
}
