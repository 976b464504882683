//! The four quantities of a metric as one table, in which combining is the same step for every pair.

use super::{Covariate, CovariateDenominator, Denominator, Moments, Outcome};

/// Means and sums of products of deviations, in the order outcome, denominator, covariate, covariate's denominator.
/// What a metric does not have is zero.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Table {
    pub mean: [f64; Self::SIZE],
    pub products: [[f64; Self::SIZE]; Self::SIZE],
}

impl Table {
    pub const SIZE: usize = 4;

    pub fn set(&mut self, i: usize, j: usize, value: f64) {
        self.products[i][j] = value;
        self.products[j][i] = value;
    }

    /// u' S v over the sums of products.
    pub fn form(&self, u: &[f64; Self::SIZE], v: &[f64; Self::SIZE]) -> f64 {
        let row = |i: usize| (0..Self::SIZE).map(|j| self.products[i][j] * v[j]).sum::<f64>();
        (0..Self::SIZE).map(|i| u[i] * row(i)).sum()
    }
}

impl Moments {
    pub(crate) fn table(&self) -> Table {
        let mut t = Table::default();
        t.mean[0] = self.mean;
        t.set(0, 0, self.m2);
        if let Some(den) = self.den {
            t.mean[1] = den.mean;
            t.set(1, 1, den.m2);
            t.set(0, 1, den.with_outcome);
        }
        if let Some(pre) = self.pre {
            t.mean[2] = pre.mean;
            t.set(2, 2, pre.m2);
            t.set(0, 2, pre.with_outcome);
            t.set(1, 2, pre.with_den);
            if let Some(den) = pre.den {
                t.mean[3] = den.mean;
                t.set(3, 3, den.m2);
                t.set(0, 3, den.with_outcome);
                t.set(1, 3, den.with_den);
                t.set(2, 3, den.with_pre);
            }
        }
        t
    }

    /// The same kind of metric with other numbers; cubes are not in the table.
    pub(crate) fn with_table(&self, units: u64, t: &Table) -> Self {
        let s = &t.products;
        Self {
            units,
            mean: t.mean[0],
            m2: s[0][0],
            m3: None,
            outcome: self.outcome,
            den: self.den.map(|_| Denominator { mean: t.mean[1], m2: s[1][1], with_outcome: s[0][1] }),
            pre: self.pre.map(|pre| Covariate {
                mean: t.mean[2],
                m2: s[2][2],
                with_outcome: s[0][2],
                with_den: s[1][2],
                den: pre.den.map(|_| CovariateDenominator {
                    mean: t.mean[3],
                    m2: s[3][3],
                    with_outcome: s[0][3],
                    with_den: s[1][3],
                    with_pre: s[2][3],
                }),
            }),
            quantile: self.quantile,
        }
    }

    /// What sums of products are divided by to estimate the covariances of one unit.
    pub(crate) fn divisor(&self) -> f64 {
        let n = self.units as f64;
        if self.outcome == Outcome::Binary && self.den.is_none() { n } else { n - 1.0 }
    }
}
