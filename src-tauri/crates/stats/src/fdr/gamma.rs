//! The sequences that spread a budget over an endless stream. They fall and sum to one (`dependent`: to a weighted one).

use libm::{exp, log, pow, sqrt};

/// Javanmard & Montanari 2018, equation 31. `j` counts from 1.
pub(super) fn slow(j: usize) -> f64 {
    let j = j as f64;
    0.077_208_38 * log(j.max(2.0)) / (j * exp(sqrt(log(j))))
}

/// Proportional to j^-1.6 (Ramdas et al. 2018, section 4). `j` counts from 1.
pub(super) fn fast(j: usize) -> f64 {
    0.437_490_165_8 * pow(j as f64, -1.6)
}

/// For arbitrary dependence (Javanmard & Montanari 2018, example 3.8): with (1 + log j) the sum is at most one.
pub(super) fn dependent(j: usize) -> f64 {
    let j = j as f64;
    let l = log(j.max(2.0));
    0.139_307 / (j * l * l * l)
}
