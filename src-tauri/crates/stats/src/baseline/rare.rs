//! What few events can tell: the exact predictive distribution of a small count.
//!
//! A robust scale of a series that is mostly zero is zero, and a normal's tail is not the tail of a count of one or two.
//! Here the rate has a gamma posterior with Jeffreys' prior and the next count is negative binomial; a share's hits are
//! beta-binomial (Gelman et al., Bayesian Data Analysis, 3rd ed., sections 2.4 and 2.6). Independent events cannot be more
//! predictable than that, so it bounds what the baseline believes, and never makes it bolder.

use super::{At, Family, Past, slot, weight};

/// Above so many events a bucket the even scale is good enough.
const MEAN_MAX: f64 = 10.0;
/// Below so many events a bucket the interval is the count's own: most buckets are empty, and the even scale has no width.
/// Where there are more, that of a whole-numbered law would cover too much.
const MEAN_OF_COUNTS_BAND: f64 = 1.0;
/// The same for the hits of a share, whose even scale bends more.
const MEAN_OF_SHARES_BAND: f64 = 5.0;
/// The whole series counts as this many buckets of each slot.
const POOLED: f64 = 2.0;
/// Variance over mean below which events are not independent: a clock sends one an hour, and a missing one is news.
const REGULAR: f64 = 0.5;
/// Counts above are looked at by the even scale alone.
const COUNT_MAX: f64 = 500.0;
/// Units of a share above which its hits are as good as a Poisson count.
const UNITS_MAX: f64 = 2_000.0;
/// Jeffreys' prior.
const PRIOR: f64 = 0.5;

/// What few events are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Events of a bucket.
    Bucket,
    /// Events per unit, possibly several (refunds per order).
    Unit,
    /// Units that did something.
    Share,
}

/// Events and what they came out of: buckets for a count, else units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Seen {
    hits: f64,
    out_of: f64,
}

/// A series of few events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rare {
    of: Of,
    buckets: f64,
    all: Seen,
    /// By the coarser slot where there is one, else by the finer.
    slots: Vec<Seen>,
    coarse: bool,
}

impl Rare {
    /// `None` where there are enough events for the even scale, or they come by the clock.
    pub(super) fn of(past: &Past, family: Family) -> Option<Self> {
        let of = match family {
            Family::Count => Of::Bucket,
            Family::Share => Of::Share,
            Family::Ratio if counts(past) => Of::Unit,
            Family::Amount | Family::Ratio => return None,
        };
        let coarse = past.coarse_slots > 1;
        let slots = usize::from(if coarse { past.coarse_slots } else { past.fine_slots }).max(1);
        let mut rare = Self { of, buckets: 0.0, all: Seen::default(), slots: vec![Seen::default(); slots], coarse };
        let mut squares = 0.0;
        for (i, value) in past.values.iter().enumerate() {
            let out_of = if of == Of::Bucket { 1.0 } else { weight(past, i) };
            let hits = if of == Of::Share { value.clamp(0.0, 1.0) * out_of } else { value * out_of };
            if !hits.is_finite() || hits < 0.0 || !(out_of > 0.0) {
                continue;
            }
            rare.buckets += 1.0;
            squares += hits * hits;
            let at = usize::from(slot(if coarse { past.coarse } else { past.fine }, i));
            for seen in std::iter::once(&mut rare.all).chain(rare.slots.get_mut(at)) {
                seen.hits += hits;
                seen.out_of += out_of;
            }
        }
        if rare.buckets < 1.0 {
            return None;
        }
        let mean = rare.all.hits / rare.buckets;
        let misses = (rare.all.out_of - rare.all.hits) / rare.buckets;
        let regular = of == Of::Bucket && mean > 0.0 && squares / rare.buckets - mean * mean < REGULAR * mean;
        let few = mean < MEAN_MAX || (of == Of::Share && misses < MEAN_MAX);
        (few && !regular).then_some(rare)
    }

    /// The chances of 0, 1, 2, … events, as far as they matter.
    fn chances(&self, at: At) -> Option<Chances> {
        let seen =
            self.slots.get(usize::from(if self.coarse { at.coarse } else { at.fine })).copied().unwrap_or_default();
        let share_of_all = POOLED / self.buckets;
        let hits = seen.hits + share_of_all * self.all.hits;
        let out_of = seen.out_of + share_of_all * self.all.out_of;
        if self.of == Of::Bucket {
            return Some(Chances::count(PRIOR + hits, out_of));
        }
        let units = at.weight.round();
        if !(units >= 1.0) {
            return None;
        }
        if self.of == Of::Unit {
            return Some(Chances::count(PRIOR + hits, out_of / units));
        }
        if units <= UNITS_MAX {
            return Some(Chances::share(PRIOR + hits, PRIOR + (out_of - hits).max(0.0), units));
        }
        (hits < 0.1 * out_of).then(|| Chances::count(PRIOR + hits, out_of / units))
    }

    fn whole(&self, at: At, actual: f64) -> f64 {
        match self.of {
            Of::Bucket => actual.round(),
            Of::Unit => (actual * at.weight).round(),
            Of::Share => (actual.clamp(0.0, 1.0) * at.weight).round(),
        }
    }

    /// Two-sided tail of a value; `None` where it says nothing.
    pub(super) fn p_value(&self, at: At, actual: f64) -> Option<f64> {
        let n = self.whole(at, actual);
        if !(0.0..=COUNT_MAX).contains(&n) {
            return None;
        }
        let mut below = 0.0;
        for (k, chance) in self.chances(at)?.enumerate() {
            if k as f64 >= n {
                return Some((2.0 * (below + chance).min(1.0 - below)).clamp(0.0, 1.0));
            }
            below += chance;
        }
        Some(0.0)
    }

    /// The value at a quantile; `None` where the even scale knows better.
    pub(super) fn quantile(&self, at: At, q: f64) -> Option<f64> {
        let most = if self.of == Of::Bucket { MEAN_OF_COUNTS_BAND } else { MEAN_OF_SHARES_BAND };
        if self.all.hits >= most * self.buckets {
            return None;
        }
        let mut upto = 0.0;
        for (k, chance) in self.chances(at)?.enumerate().take(COUNT_MAX as usize) {
            upto += chance;
            if upto >= q {
                let k = k as f64;
                return Some(if self.of == Of::Bucket { k } else { k / at.weight.round() });
            }
        }
        None
    }
}

/// Whether a quotient is of whole numbers: events over events, not money or hours.
fn counts(past: &Past) -> bool {
    let whole = |x: f64| (x - x.round()).abs() < 1e-6 * x.abs().max(1.0);
    let known = || (0..past.values.len()).filter(|i| past.values[*i].is_finite() && weight(past, *i) > 0.0);
    !past.weights.is_empty() && known().all(|i| whole(weight(past, i)) && whole(past.values[i] * weight(past, i)))
}

/// Probabilities of 0, 1, 2, … by their recursions.
struct Chances {
    k: f64,
    chance: f64,
    law: Law,
}

enum Law {
    /// Shape, and the probability of one more.
    Count {
        shape: f64,
        more: f64,
    },
    Share {
        hits: f64,
        misses: f64,
        units: f64,
    },
}

impl Chances {
    /// A Poisson count whose rate is gamma distributed with this shape and rate.
    fn count(shape: f64, rate: f64) -> Self {
        let rate = rate.max(1e-9);
        let chance = libm::exp(-shape * libm::log1p(1.0 / rate));
        Self { k: 0.0, chance, law: Law::Count { shape, more: 1.0 / (rate + 1.0) } }
    }

    /// Hits among so many units, whose probability is beta distributed.
    fn share(hits: f64, misses: f64, units: f64) -> Self {
        let log: f64 = (0..units as usize).map(|i| libm::log1p(-hits / (hits + misses + i as f64))).sum();
        Self { k: 0.0, chance: libm::exp(log), law: Law::Share { hits, misses, units } }
    }
}

impl Iterator for Chances {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let (k, now) = (self.k, self.chance);
        self.chance *= match self.law {
            Law::Count { shape, more } => (shape + k) / (k + 1.0) * more,
            Law::Share { units, .. } if k > units => return None,
            Law::Share { hits, misses, units } => {
                let left = (misses + units - k - 1.0).max(1e-9);
                (units - k) / (k + 1.0) * (hits + k) / left
            }
        };
        self.k += 1.0;
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn chances_are_those_of_the_laws() {
        // Negative binomial with r = 2.5, p = 4/5: r(r+1)…/k! p^r (1-p)^k.
        let nb: Vec<f64> = Chances::count(2.5, 4.0).take(60).collect();
        close(nb[0], 0.8_f64.powf(2.5));
        close(nb[1], 2.5 * 0.2 * 0.8_f64.powf(2.5));
        close(nb[2], 2.5 * 3.5 / 2.0 * 0.04 * 0.8_f64.powf(2.5));
        close(nb.iter().sum(), 1.0);
        // Beta-binomial with a = b = 1 is uniform over 0 to n.
        let uniform: Vec<f64> = Chances::share(1.0, 1.0, 7.0).collect();
        assert_eq!(uniform.len(), 8);
        for chance in &uniform {
            close(*chance, 1.0 / 8.0);
        }
        let beta: Vec<f64> = Chances::share(0.5, 9.5, 30.0).collect();
        close(beta.iter().sum(), 1.0);
        close(beta.iter().enumerate().map(|(k, c)| k as f64 * c).sum(), 30.0 * 0.05);
    }
}
