//! Sums and sums of products of what units did: 256-bit fixed point, so that nothing is rounded before it is read.

use ethnum::I256;

/// Most variables of a unit: outcome, denominator, and both before.
pub const VARS: usize = 4;

/// What one unit adds, with nine decimals each; the first [`Shape::vars`] count.
pub type Vars = [i128; VARS];

/// Which variables a metric has, in this order: outcome, denominator, outcome before, denominator before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// There is a denominator.
    pub ratio: bool,
    /// There is a covariate.
    pub before: bool,
}

impl Shape {
    pub fn vars(self) -> usize {
        (1 + usize::from(self.ratio)) * (1 + usize::from(self.before))
    }

    /// Where the outcome before stands.
    pub fn pre(self) -> usize {
        1 + usize::from(self.ratio)
    }
}

/// Sums of each variable, then of the product of each pair (with itself, too), by rows of the upper triangle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums(Box<[I256]>);

impl Sums {
    pub fn new(shape: Shape) -> Self {
        let k = shape.vars();
        Self(vec![I256::ZERO; k + k * (k + 1) / 2].into())
    }

    /// How many variables there are: `k + k (k + 1) / 2` sums are 2, 5 or 14.
    fn vars(&self) -> usize {
        match self.0.len() {
            2 => 1,
            5 => 2,
            _ => VARS,
        }
    }

    fn pair(k: usize, i: usize, j: usize) -> usize {
        let (i, j) = (i.min(j), i.max(j));
        k + i * k - i * (i + 1) / 2 + j
    }

    /// Takes a unit in, or out again. Wraps beyond 256 bits, which no sum of values up to 1e20 reaches, so that taking out is
    /// exact.
    pub fn add(&mut self, vars: &Vars, out: bool) {
        let k = self.vars();
        let mut put = |at: usize, what: I256| {
            if let Some(sum) = self.0.get_mut(at) {
                *sum = if out { sum.wrapping_sub(what) } else { sum.wrapping_add(what) };
            }
        };
        for i in 0..k {
            if vars[i] == 0 {
                continue;
            }
            let one = I256::from(vars[i]);
            put(i, one);
            for (j, other) in vars.iter().enumerate().take(k).skip(i).filter(|(_, other)| **other != 0) {
                put(Self::pair(k, i, j), one.wrapping_mul(I256::from(*other)));
            }
        }
    }

    /// Adds all of another one of the same shape.
    pub fn join(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.wrapping_add(*more);
        }
    }

    /// The sum of a variable.
    pub fn sum(&self, i: usize) -> I256 {
        self.0.get(i).copied().unwrap_or_default()
    }

    /// The sum of the products of two.
    pub fn product(&self, i: usize, j: usize) -> I256 {
        self.0.get(Self::pair(self.vars(), i, j)).copied().unwrap_or_default()
    }
}

/// `sum / n`, rounded once to a whole number for the large part and once for the rest.
pub fn mean(n: u64, sum: I256) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let whole = sum / I256::from(n);
    let rest = sum - whole * I256::from(n);
    whole.as_f64() + rest.as_f64() / n as f64
}

/// `sum of xy - (sum of x)(sum of y) / n`: the sum of products of deviations from the means. Both are shifted by their whole means
/// first, so that the numbers are as small as the deviations, and exact until the last division.
pub fn deviations(n: u64, x: I256, y: I256, xy: I256) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let count = I256::from(n);
    let (cx, cy) = (x / count, y / count);
    let (rx, ry) = (x - cx * count, y - cy * count);
    // The sum of (x - cx)(y - cy); what overflows on the way comes back.
    let shifted = xy
        .wrapping_sub(cx.wrapping_mul(y))
        .wrapping_sub(cy.wrapping_mul(x))
        .wrapping_add(count.wrapping_mul(cx).wrapping_mul(cy));
    let correction = rx.wrapping_mul(ry);
    match shifted.checked_mul(count) {
        Some(scaled) => scaled.wrapping_sub(correction).as_f64() / n as f64,
        // Beyond 256 bits the correction, at most n², is nothing beside it.
        None => shifted.as_f64() - correction.as_f64() / n as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i128 = 1_000_000_000;

    #[test]
    fn taking_out_leaves_nothing_and_order_does_not_matter() {
        let shape = Shape { ratio: true, before: true };
        let units: Vec<Vars> = (1..50_i128).map(|i| [i * ONE, -i * i * 7, i * 10_i128.pow(29), (i % 3) * 5]).collect();
        let (mut one, mut two) = (Sums::new(shape), Sums::new(shape));
        for (forth, back) in units.iter().zip(units.iter().rev()) {
            one.add(forth, false);
            two.add(back, false);
        }
        assert_eq!(one, two);
        for unit in &units {
            one.add(unit, true);
        }
        assert_eq!(one, Sums::new(shape));
    }

    #[test]
    fn products_stand_where_they_are_looked_for() {
        for shape in [(false, false), (true, false), (false, true), (true, true)] {
            let shape = Shape { ratio: shape.0, before: shape.1 };
            let mut sums = Sums::new(shape);
            let vars = [2, 3, 5, 7];
            sums.add(&vars, false);
            for i in 0..shape.vars() {
                assert_eq!(sums.sum(i), I256::from(vars[i]));
                for j in 0..shape.vars() {
                    assert_eq!(sums.product(i, j), I256::from(vars[i] * vars[j]), "{shape:?} {i} {j}");
                }
            }
        }
    }

    #[test]
    fn a_mean_much_larger_than_its_spread_loses_nothing() {
        // 1e12 + 0, 1, 2 in parts of 1e-9: the spread is 2 squared parts.
        let base = 10_i128.pow(21);
        let (mut x, mut xx) = (I256::ZERO, I256::ZERO);
        for i in 0..3 {
            let v = I256::from(base + i);
            x += v;
            xx += v * v;
        }
        assert_eq!(deviations(3, x, x, xx).to_bits(), 2.0_f64.to_bits());
        assert_eq!(mean(3, x).to_bits(), 1e21_f64.to_bits());
        // Bernoulli: 3 of 10.
        let (x, xx) = (I256::from(3 * ONE), I256::from(3 * ONE * ONE));
        assert!((deviations(10, x, x, xx) / 1e18 - 2.1).abs() < 1e-15);
        assert_eq!((mean(10, x) / 1e9).to_bits(), 0.3_f64.to_bits());
        assert_eq!(mean(3, I256::from(-ONE)).to_bits(), (-333_333_333.0 - 1.0 / 3.0_f64).to_bits());
    }
}
