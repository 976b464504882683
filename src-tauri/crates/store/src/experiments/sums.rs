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

    /// Whether the outcome's cubes are summed: of a ratio they would say nothing.
    fn cubed(self) -> bool {
        !self.ratio
    }

    /// Where the outcome before stands.
    pub fn pre(self) -> usize {
        1 + usize::from(self.ratio)
    }
}

/// Sums of each variable, then of the product of each pair (with itself, too), by rows of the upper triangle, then the sum
/// of the outcome's cubes unless it is a ratio. Cubes may wrap beyond 256 bits: see [`cubes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums(Box<[I256]>);

impl Sums {
    pub fn new(shape: Shape) -> Self {
        let k = shape.vars();
        Self(vec![I256::ZERO; k + k * (k + 1) / 2 + usize::from(shape.cubed())].into())
    }

    /// How many variables there are: `k + k (k + 1) / 2` sums are 2, 5 or 14, and one more with cubes.
    fn vars(&self) -> usize {
        match self.0.len() {
            2 | 3 => 1,
            5 | 6 => 2,
            _ => VARS,
        }
    }

    fn cubed(&self) -> bool {
        matches!(self.0.len(), 3 | 6)
    }

    fn pair(k: usize, i: usize, j: usize) -> usize {
        let (i, j) = (i.min(j), i.max(j));
        k + i * k - i * (i + 1) / 2 + j
    }

    /// Takes a unit in, or out again. Wraps beyond 256 bits, which no sum of values up to 1e20 or of their products reaches, so
    /// that taking out is exact.
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
        if self.cubed() && vars[0] != 0 {
            let one = I256::from(vars[0]);
            let last = self.0.len() - 1;
            let cube = one.wrapping_mul(one).wrapping_mul(one);
            self.0[last] = if out { self.0[last].wrapping_sub(cube) } else { self.0[last].wrapping_add(cube) };
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

    /// The sum of the outcome's cubes, but for a multiple of 2^256.
    pub fn cube(&self) -> Option<I256> {
        self.0.last().copied().filter(|_| self.cubed())
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

/// The sum of cubed deviations from the mean, from the sums of `x`, of its squares and (modulo 2^256) of its cubes.
///
/// The cubes about the whole mean are no larger in sum than the squares about it to the power of 3/2: where that is within 256
/// bits, what wrapped on the way has come back, so the sum is exact. `None` where it is not: with nine decimals, where the
/// squared deviations sum up to more than 9e32 (a million units 3e13 from their mean).
pub fn cubes(n: u64, x: I256, xx: I256, xxx: I256) -> Option<f64> {
    if n == 0 {
        return Some(0.0);
    }
    let count = I256::from(n);
    let c = x / count;
    let rest = x - c * count;
    let centre = c.wrapping_mul(c);
    let squares = xx.wrapping_sub(c.wrapping_mul(x)).wrapping_sub(c.wrapping_mul(rest));
    // 2^254, with room for rounding.
    if squares.as_f64().powf(1.5) >= 2.8e76 {
        return None;
    }
    // The sum of (x - c)^3.
    let three = I256::from(3);
    let cubed = xxx
        .wrapping_sub(three.wrapping_mul(c).wrapping_mul(xx))
        .wrapping_add(three.wrapping_mul(centre).wrapping_mul(x))
        .wrapping_sub(count.wrapping_mul(centre).wrapping_mul(c));
    // The mean is less than one step of fixed point away from the whole one.
    let off = rest.as_f64() / n as f64;
    Some(cubed.as_f64() - 3.0 * off * squares.as_f64() + 2.0 * n as f64 * off * off * off)
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
    fn cubes_are_exact_or_not_told() {
        let third = |values: &[i128]| {
            let mut sums = Sums::new(Shape { ratio: false, before: true });
            for value in values {
                sums.add(&[*value, 5, 0, 0], false);
            }
            cubes(values.len() as u64, sums.sum(0), sums.product(0, 0), sums.cube()?)
        };
        // Cubes of 1e29 wrap; those of the deviations do not: 2 (-k)^3 + (2 k)^3 of the smallest steps.
        let base = 10_i128.pow(29);
        for k in [1_i128, 1_000, 7 * 10_i128.pow(20)] {
            let exact = 6.0 * (k as f64).powi(3);
            let found = third(&[base - k, base - k, base + 2 * k]).expect("near each other");
            assert!((found / exact - 1.0).abs() < 1e-14, "{k}: {found}");
            assert_eq!(third(&[-base + k, -base + k, -base - 2 * k]), Some(-found));
        }
        assert_eq!(third(&[0, 0, base]), None, "beyond 256 bits");
        // A mean that is no whole number of steps: 0, 0, 1, 1, 1.
        let found = third(&[0, 0, 1, 1, 1]).expect("small numbers");
        assert!((found - 5.0 * 0.6 * 0.4 * -0.2).abs() < 1e-15, "{found}");
        assert_eq!(Sums::new(Shape { ratio: true, before: true }).cube(), None);
        assert_eq!(Sums::new(Shape { ratio: true, before: false }).cube(), None);
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
        let hits: I256 = I256::from(3 * ONE * ONE) * I256::from(ONE);
        let third = cubes(10, x, xx, hits).expect("small numbers") / 1e27;
        assert!((third - 10.0 * 0.3 * 0.7 * 0.4).abs() < 1e-14, "{third}");
        assert_eq!(mean(3, I256::from(-ONE)).to_bits(), (-333_333_333.0 - 1.0 / 3.0_f64).to_bits());
    }
}
