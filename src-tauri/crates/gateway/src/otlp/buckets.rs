//! Quantiles estimated from a histogram's buckets: linear within a bucket, bounded by the least and the greatest value
//! where those are known.

/// Buckets a point may have; OpenTelemetry's SDKs make 160 at most.
pub(super) const BUCKETS_MAX: usize = 4096;

/// A bucket: values above `from` and up to `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    from: f64,
    to: f64,
    count: u64,
}

/// The values of a histogram, as far as it tells.
#[derive(Debug, Default)]
pub(super) struct Spread {
    buckets: Vec<Bucket>,
    least: Option<f64>,
    greatest: Option<f64>,
}

impl Spread {
    /// Buckets with given bounds: one more than there are bounds.
    pub(super) fn explicit(bounds: &[f64], counts: &[u64], least: Option<f64>, greatest: Option<f64>) -> Self {
        // Without a bound on either side nothing is known of where the values lie.
        let (Some(first), Some(last)) = (bounds.first().copied().or(least), bounds.last().copied().or(greatest)) else {
            return Self::default();
        };
        let mut from = least.unwrap_or(first.min(0.0)).min(first);
        let to = bounds.iter().copied().chain([greatest.unwrap_or(last).max(last)]);
        let mut buckets = Vec::with_capacity(counts.len());
        for (count, to) in counts.iter().zip(to) {
            buckets.push(Bucket { from, to, count: *count });
            from = to;
        }
        Self { buckets, least, greatest }
    }

    /// Buckets that grow: number `i` ends at `base` to the power of `i + 1`, with `base` 2 to the power of 2^-scale.
    pub(super) fn exponential(
        scale: i64,
        zeros: u64,
        positive: &(i64, Vec<u64>),
        negative: &(i64, Vec<u64>),
        least: Option<f64>,
        greatest: Option<f64>,
    ) -> Self {
        let width = (-scale as f64).exp2();
        let bound = |offset: i64, at: usize| ((offset as f64 + at as f64) * width).exp2();
        let of = |(offset, counts): &(i64, Vec<u64>)| -> Vec<Bucket> {
            let one = |(at, count): (usize, &u64)| Bucket {
                from: bound(*offset, at),
                to: bound(*offset, at + 1),
                count: *count,
            };
            counts.iter().enumerate().map(one).collect()
        };
        let mirrored = |bucket: Bucket| Bucket { from: -bucket.to, to: -bucket.from, count: bucket.count };
        let mut buckets: Vec<Bucket> = of(negative).into_iter().rev().map(mirrored).collect();
        buckets.push(Bucket { from: 0.0, to: 0.0, count: zeros });
        buckets.extend(of(positive));
        Self { buckets, least, greatest }
    }

    /// The value that this share of all values does not exceed; `None` when there is none, or no number.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let total: f64 = self.buckets.iter().map(|bucket| bucket.count as f64).sum();
        let (rank, mut below) = (q * total, 0.0);
        for bucket in self.buckets.iter().filter(|bucket| bucket.count > 0) {
            let count = bucket.count as f64;
            if below + count >= rank {
                let value = bucket.from + (bucket.to - bucket.from) * ((rank - below) / count);
                let value = value.max(self.least.unwrap_or(f64::NEG_INFINITY));
                return Some(value.min(self.greatest.unwrap_or(f64::INFINITY))).filter(|value| value.is_finite());
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_where_the_values_were() {
        // A thousand values, 1 to 1000, in the SDKs' default buckets.
        let bounds = [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0];
        let mut counts = vec![0; bounds.len() + 1];
        let (mut logarithmic, scale) = (vec![0; 200], 3);
        for value in 1..=1000 {
            let value = f64::from(value);
            counts[bounds.iter().position(|bound| value <= *bound).unwrap()] += 1;
            let at = (value.log2() * 8.0).ceil() - 1.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between -1 and 80")]
            let at = (at + 1.0) as usize;
            logarithmic[at] += 1;
        }
        let none = (0, Vec::new());
        let spreads = [
            Spread::explicit(&bounds, &counts, Some(1.0), Some(1000.0)),
            Spread::explicit(&bounds, &counts, None, None),
            Spread::exponential(scale, 0, &(-1, logarithmic.clone()), &none, Some(1.0), Some(1000.0)),
        ];
        for spread in &spreads {
            for (q, expect) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1000.0)] {
                let got = spread.quantile(q).unwrap();
                assert!((got - expect).abs() <= 0.05 * expect, "{q}: {got}");
            }
        }
        let mirrored = Spread::exponential(scale, 10, &none, &(-1, logarithmic), None, None);
        let half = mirrored.quantile(0.5).unwrap();
        assert!((-525.0..=-475.0).contains(&half) && mirrored.quantile(1.0) == Some(0.0), "{half}");
    }

    #[test]
    fn odd_histograms_have_no_quantile_or_a_bounded_one() {
        assert_eq!(Spread::default().quantile(0.5), None);
        assert_eq!(Spread::explicit(&[], &[4], Some(2.0), Some(8.0)).quantile(0.5), Some(5.0));
        assert_eq!(Spread::explicit(&[], &[4], None, Some(1.0)).quantile(0.5), None);
        assert_eq!(Spread::explicit(&[1.0], &[0, 0], None, None).quantile(0.5), None);
        let far = Spread::exponential(-40, 0, &(i64::MAX, vec![u64::MAX, u64::MAX]), &(i64::MIN, vec![1]), None, None);
        assert_eq!(far.quantile(0.5), None);
        assert_eq!(Spread::explicit(&[f64::NAN], &[1, 1], None, None).quantile(0.25), None);
    }
}
