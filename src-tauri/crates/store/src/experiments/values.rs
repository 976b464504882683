//! The values of an arm's units for a quantile, in bins; clustered: what is needed for the variance of the share of values below
//! any bin, when a unit may have several (Deng, Knoblich, Lu, 2018, "Applying the Delta Method in Metric Analytics", section 4).

use std::collections::BTreeMap;

use epoch_model::experiment::{Denominator, Moments, QuantileAt};
use ethnum::I256;

use super::sums::{deviations, mean};
use crate::aggregate::bin_edges;

/// Normal deviate of the rank interval.
const DEVIATE: f64 = 1.96;

/// One bin. For a unit with n values in order, the i-th one (from 1) adds 1, 2 i - 1 and n. Added up over the bins up to one: how many
/// values lie there, the squares of each unit's number of them (1 + 3 + 5 + … is a square), and its products with all its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bin {
    values: u64,
    squares: u64,
    products: u64,
}

/// What units said, by bin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    bins: BTreeMap<i32, Bin>,
    /// All values, and the sum of squares of each unit's number of them.
    all: u64,
    squares: u64,
}

impl Values {
    /// Takes a unit's values in, or out again. `bins` are in order.
    pub fn add(&mut self, bins: &[i32], out: bool) {
        let own = bins.len() as u64;
        let put = |sum: &mut u64, n: u64| *sum = if out { sum.wrapping_sub(n) } else { sum.wrapping_add(n) };
        for (i, bin) in (1_u64..).zip(bins) {
            let entry = self.bins.entry(*bin).or_default();
            put(&mut entry.values, 1);
            put(&mut entry.squares, 2 * i - 1);
            put(&mut entry.products, own);
            if entry.values == 0 {
                self.bins.remove(bin);
            }
        }
        put(&mut self.all, own);
        put(&mut self.squares, own * own);
    }

    /// The value at a rank between 0 and `values - 1`, a straight line within its bin; and the bin.
    fn at(&self, rank: f64) -> Option<(f64, i32)> {
        let mut before = 0_u64;
        for (bin, entry) in &self.bins {
            let here = entry.values as f64;
            if rank < (before + entry.values) as f64 || before + entry.values == self.all {
                let (low, high) = bin_edges(*bin);
                let share = ((rank - before as f64 + 0.5) / here).clamp(0.0, 1.0);
                return Some((low + (high - low) * share, *bin));
            }
            before += entry.values;
        }
        None
    }

    /// The quantile with what its variance needs.
    pub fn moments(&self, units: u64, q: f64) -> Moments {
        let n = self.all as f64;
        let rank = |share: f64| (share * (n - 1.0)).clamp(0.0, (n - 1.0).max(0.0));
        let reach = if self.all == 0 { 0.0 } else { DEVIATE * (q * (1.0 - q) / n).sqrt() };
        let (mut moments, mut below) = (Moments { units, ..Moments::default() }, Bin::default());
        if let Some((value, bin)) = self.at(rank(q)) {
            for entry in self.bins.range(..=bin).map(|(_, entry)| entry) {
                below.values += entry.values;
                below.squares += entry.squares;
                below.products += entry.products;
            }
            let end = |share: f64| self.at(rank(share)).map_or(value, |(v, _)| v);
            let (lower, upper) = (end((q - reach).max(0.0)), end((q + reach).min(1.0)));
            moments.quantile = Some(QuantileAt { q, value, lower, upper, values: self.all });
        }
        let (x, y) = (I256::from(below.values), I256::from(self.all));
        moments.mean = mean(units, x);
        moments.m2 = deviations(units, x, x, I256::from(below.squares));
        moments.den = Some(Denominator {
            mean: mean(units, y),
            m2: deviations(units, y, y, I256::from(self.squares)),
            with_outcome: deviations(units, x, y, I256::from(below.products)),
        });
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::bin;

    #[test]
    fn clusters_are_counted_as_they_are() {
        let units: [&[f64]; 4] = [&[1.0, 5.0, 9.0], &[2.0], &[], &[3.0, 3.0, 100.0, 200.0]];
        let mut values = Values::default();
        for unit in units.iter().rev() {
            let mut bins: Vec<i32> = unit.iter().filter_map(|v| bin(*v)).collect();
            bins.sort_unstable();
            values.add(&bins, false);
            values.add(&bins, true);
            values.add(&bins, false);
        }
        // 8 values: rank 3.5 of 7 is 3, the second of the two; at or below its bin: 1 + 1 + 0 + 2.
        let moments = values.moments(4, 0.5);
        let quantile = moments.quantile.expect("there are values");
        assert!((quantile.value - 3.0).abs() < 0.03, "{quantile:?}");
        assert_eq!((moments.units, quantile.values), (4, 8));
        let (below, all) = ([1.0, 1.0, 0.0, 2.0_f64], [3.0, 1.0, 0.0, 4.0_f64]);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / 4.0;
        let with = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - mean(a)) * (y - mean(b))).sum::<f64>();
        let den = moments.den.expect("a denominator");
        for (got, expect) in [
            (moments.mean, mean(&below)),
            (moments.m2, with(&below, &below)),
            (den.mean, mean(&all)),
            (den.m2, with(&all, &all)),
            (den.with_outcome, with(&below, &all)),
        ] {
            assert!((got - expect).abs() < 1e-12, "{got} {expect}");
        }
        assert!(quantile.lower < quantile.value && quantile.value < quantile.upper);
        assert_eq!(Values::default().moments(3, 0.5).quantile, None);
    }
}
