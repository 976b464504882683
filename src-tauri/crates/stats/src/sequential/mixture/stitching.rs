//! The stitched boundary: explicit, of the order of the law of the iterated logarithm.

use libm::{log, pow, sqrt};
use serde::{Deserialize, Serialize};

/// A polynomially stitched boundary (Howard et al. 2021, theorem 1 and eq. 10).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stitching {
    /// Intrinsic time from which on it grows; flat before.
    pub v_min: f64,
    /// Scale of the sub-gamma condition; 0 for sub-Gaussian sums.
    pub c: f64,
    /// Exponent by which error is shared among epochs, above 1.
    pub s: f64,
    /// Ratio of the epochs' lengths, above 1.
    pub eta: f64,
}

impl Stitching {
    /// The boundary at intrinsic time `v`: a sum crosses it at any time with probability `alpha` at most.
    pub fn bound(&self, v: f64, alpha: f64) -> f64 {
        let v = v.max(self.v_min);
        let quarter = sqrt(sqrt(self.eta));
        let k1 = (quarter + 1.0 / quarter) / sqrt(2.0);
        let k2 = 0.5 * (sqrt(self.eta) + 1.0);
        let shared = log(zeta(self.s) / pow(log(self.eta), self.s));
        let l = self.s * log(log(self.eta * v / self.v_min)) + shared - log(alpha);
        let linear = k2 * self.c * l;
        sqrt(k1 * k1 * v * l + linear * linear) + linear
    }
}

/// Riemann's zeta for `s` above 1: a sum and the Euler-Maclaurin remainder.
fn zeta(s: f64) -> f64 {
    let n = 20.0;
    let head: f64 = (1..20_u32).map(|k| pow(f64::from(k), -s)).sum();
    let at = pow(n, -s);
    head + at
        * (n / (s - 1.0) + 0.5 + s / (12.0 * n) - s * (s + 1.0) * (s + 2.0) / (720.0 * n * n * n)
            + s * (s + 1.0) * (s + 2.0) * (s + 3.0) * (s + 4.0) / (30_240.0 * pow(n, 5.0)))
}
