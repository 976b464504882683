//! How often each bin was met: two lists in order, so that reading a year of them runs through memory once.

/// Bins that hold something, in order, and how many values each holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    bins: Vec<i16>,
    counts: Vec<u64>,
}

impl Histogram {
    /// One more value in a bin. Bins are within ±10,000.
    pub fn add(&mut self, bin: i32) {
        let Ok(bin) = i16::try_from(bin) else { return };
        match self.bins.binary_search(&bin) {
            Ok(at) => self.counts[at] += 1,
            Err(at) => {
                self.bins.insert(at, bin);
                self.counts.insert(at, 1);
            }
        }
    }

    /// The next bin in order, as it was written; `None` when it is not the next, or none at all.
    pub fn push(&mut self, bin: i32, count: u64) -> Option<()> {
        let bin = i16::try_from(bin).ok()?;
        if self.bins.last().is_some_and(|last| *last >= bin) {
            return None;
        }
        self.bins.push(bin);
        self.counts.push(count);
        Some(())
    }

    pub fn len(&self) -> usize {
        self.bins.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> {
        self.bins.iter().map(|b| i32::from(*b)).zip(self.counts.iter().copied())
    }

    /// The bin of the value of rank `floor(q (n - 1))`.
    pub fn rank(&self, q: f64) -> Option<i32> {
        let at = rank(self.counts.iter().copied(), q)?;
        self.bins.get(at).map(|b| i32::from(*b))
    }

    /// The same of several together. Bins number some thousands in all, so they are added up by place, without a search.
    pub fn rank_of<'a>(all: impl Iterator<Item = &'a Histogram> + Clone, q: f64) -> Option<i32> {
        let low = all.clone().filter_map(|h| h.bins.first()).min().copied()?;
        let high = all.clone().filter_map(|h| h.bins.last()).max().copied()?;
        let place = |bin: i16| usize::try_from(i32::from(bin) - i32::from(low)).unwrap_or(0);
        let mut sums = vec![0u64; place(high) + 1];
        for histogram in all {
            for (bin, n) in histogram.bins.iter().zip(&histogram.counts) {
                if let Some(sum) = sums.get_mut(place(*bin)) {
                    *sum += n;
                }
            }
        }
        rank(sums.iter().copied(), q).and_then(|at| i32::try_from(at).ok()).map(|at| at + i32::from(low))
    }
}

fn rank(counts: impl Iterator<Item = u64> + Clone, q: f64) -> Option<usize> {
    let n: u64 = counts.clone().sum();
    let rank = (q * n.checked_sub(1)? as f64).floor() as u64;
    let mut seen = 0;
    counts.enumerate().find_map(|(at, count)| {
        seen += count;
        (seen > rank).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_sorted_values() {
        let values = [5, -3, 5, 0, 10_000, -10_000, 7, 7, 7];
        let (mut whole, mut halves) = (Histogram::default(), [Histogram::default(), Histogram::default()]);
        for (i, bin) in values.into_iter().enumerate() {
            whole.add(bin);
            halves[i % 2].add(bin);
        }
        let mut sorted = values;
        sorted.sort_unstable();
        for (q, at) in [(0.0, 0), (0.25, 2), (0.5, 4), (0.75, 6), (0.99, 7), (1.0, 8)] {
            assert_eq!(whole.rank(q), Some(sorted[at]), "{q}");
            assert_eq!(Histogram::rank_of(halves.iter(), q), Some(sorted[at]), "{q}");
        }
        assert_eq!(whole.iter().map(|(_, n)| n).sum::<u64>(), 9);
        assert_eq!((whole.len(), Histogram::default().rank(0.5)), (6, None));
        assert_eq!(Histogram::rank_of([].iter(), 0.5), None);
        let mut read = Histogram::default();
        assert_eq!(
            [(1, 2), (2, 1), (2, 1), (40_000, 1)].map(|(b, n)| read.push(b, n)),
            [Some(()), Some(()), None, None]
        );
    }
}
