//! Central moments out of exact sums.

use epoch_model::experiment::{Covariate, Denominator, Moments, PreDenominator};

use super::sums::{Shape, Sums, cubes, deviations, mean};

/// One in fixed point, squared and cubed.
const ONE: f64 = 1e9;
const ONE_SQUARED: f64 = 1e18;
const ONE_CUBED: f64 = 1e27;

/// The moments of `units` units.
pub fn of(shape: Shape, units: u64, sums: &Sums) -> Moments {
    let average = |i: usize| mean(units, sums.sum(i)) / ONE;
    let with = |i: usize, j: usize| deviations(units, sums.sum(i), sums.sum(j), sums.product(i, j)) / ONE_SQUARED;
    let (pre, pre_den) = (shape.pre(), shape.pre() + 1);
    Moments {
        units,
        mean: average(0),
        m2: with(0, 0),
        m3: sums.cube().and_then(|s| cubes(units, sums.sum(0), sums.product(0, 0), s)).map(|m3| m3 / ONE_CUBED),
        den: shape.ratio.then(|| Denominator { mean: average(1), m2: with(1, 1), with_outcome: with(0, 1) }),
        pre: shape.before.then(|| Covariate {
            mean: average(pre),
            m2: with(pre, pre),
            with_outcome: with(0, pre),
            with_den: if shape.ratio { with(1, pre) } else { 0.0 },
            den: shape.ratio.then(|| PreDenominator {
                mean: average(pre_den),
                m2: with(pre_den, pre_den),
                with_pre: with(pre, pre_den),
                with_outcome: with(0, pre_den),
                with_den: with(1, pre_den),
            }),
        }),
        quantile: None,
    }
}
