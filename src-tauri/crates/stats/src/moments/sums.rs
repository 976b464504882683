//! Raw sums, as files and other programs hand them over.

use libm::fma;
use serde::{Deserialize, Serialize};

use super::{Covariate, CovariateDenominator, Denominator, Mismatch, Moments, Outcome};

/// Raw sums of one metric in one arm.
///
/// Turning them into moments subtracts two large numbers: about log10(1 + n mean^2 / m2) of 16 digits are lost, so a mean
/// of 1e6 with a standard deviation of 1 keeps four digits of its variance. Whoever has the units uses [`Moments::add`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Units of randomisation.
    pub units: u64,
    /// Sum of outcomes.
    pub sum: f64,
    /// Sum of their squares; of 0 and 1 it is the sum again and may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squares: Option<f64>,
    /// Denominator of a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<DenominatorSums>,
    /// The same before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre: Option<CovariateSums>,
}

/// Sums of a denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DenominatorSums {
    /// Sum.
    pub sum: f64,
    /// Sum of squares.
    pub squares: f64,
    /// Sum of products with the outcome.
    pub with_outcome: f64,
}

/// Sums of the outcome before exposure, and of its denominator for ratios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CovariateSums {
    /// Sum.
    pub sum: f64,
    /// Sum of squares; left out for 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squares: Option<f64>,
    /// Sum of products with the outcome.
    pub with_outcome: f64,
    /// Of ratios: sum of products with the denominator.
    #[serde(default)]
    pub with_den: f64,
    /// Of ratios: the denominator before exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<DenominatorSums>,
    /// Of ratios: sum of products of that with the denominator.
    #[serde(default)]
    pub den_with_den: f64,
    /// Of ratios: sum of products of that with the covariate.
    #[serde(default)]
    pub den_with_pre: f64,
}

impl Sums {
    /// The moments. Without `squares` the outcome is read as 0 or 1. Fails where there are no units but sums, or
    /// something is not finite.
    pub fn moments(&self) -> Result<Moments, Mismatch> {
        if self.units == 0 {
            return if self.sum == 0.0 { Ok(Moments::default()) } else { Err(Mismatch::Sums) };
        }
        let n = self.units as f64;
        let product = |sum: f64, a: f64, b: f64| less_product(sum, a, b, n);
        // Less than the last digits of the sum of squares is nothing: the outcomes were all the same.
        let square = |squares: f64, a: f64| {
            let m2 = product(squares, a, a);
            if m2 > 8.0 * f64::EPSILON * squares { m2 } else { 0.0 }
        };
        let binary = self.squares.is_none();
        let p = self.sum / n;
        let moments = Moments {
            units: self.units,
            mean: p,
            m2: self.squares.map_or(n * p * (1.0 - p), |s| square(s, self.sum)),
            m3: binary.then_some(n * p * (1.0 - p) * (1.0 - 2.0 * p)),
            outcome: if binary { Outcome::Binary } else { Outcome::Number },
            den: self.den.map(|d| Denominator {
                mean: d.sum / n,
                m2: square(d.squares, d.sum),
                with_outcome: product(d.with_outcome, self.sum, d.sum),
            }),
            pre: self.pre.map(|x| {
                let den = self.den.unwrap_or_default();
                Covariate {
                    mean: x.sum / n,
                    m2: square(x.squares.unwrap_or(x.sum), x.sum),
                    with_outcome: product(x.with_outcome, self.sum, x.sum),
                    with_den: if self.den.is_some() { product(x.with_den, den.sum, x.sum) } else { 0.0 },
                    den: x.den.map(|e| CovariateDenominator {
                        mean: e.sum / n,
                        m2: square(e.squares, e.sum),
                        with_outcome: product(e.with_outcome, self.sum, e.sum),
                        with_den: product(x.den_with_den, den.sum, e.sum),
                        with_pre: product(x.den_with_pre, x.sum, e.sum),
                    }),
                }
            }),
            quantile: None,
        };
        let t = moments.table();
        if binary && !(0.0..=1.0).contains(&p) {
            return Err(Mismatch::Sums);
        }
        let finite = t.mean.iter().chain(t.products.iter().flatten()).all(|v| v.is_finite());
        if finite { Ok(moments) } else { Err(Mismatch::Sums) }
    }
}

/// `sum - a b / n` with the product and the quotient in twice the digits, so that the only loss is the sums' own.
fn less_product(sum: f64, a: f64, b: f64, n: f64) -> f64 {
    let high = a * b;
    let low = fma(a, b, -high);
    let quotient = high / n;
    let rest = (fma(-quotient, n, high) + low) / n;
    (sum - quotient) - rest
}
