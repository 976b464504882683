//! Randomness that depends on who draws and for what, never on the order of drawing.
//!
//! Each occasion (a person's third visit, the arrivals of a day) has its own generator, seeded from the world's seed,
//! the purpose, the entity and the turn. Two runs with different levers therefore share all their luck (common random
//! numbers), and the same seed gives the same bytes on every machine.

use epoch_stats::normal;
use rand_core::Rng as _;
use rand_pcg::Pcg64Mcg;

/// What is drawn for; part of the generator's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Arrivals = 1,
    Person,
    Visit,
    NextVisit,
    Order,
    Delivery,
    Ticket,
    Company,
    Renewal,
    Tracking,
    Crime,
    Supply,
}

/// A stream of draws: PCG XSL RR 128/64 (MCG), O'Neill 2014.
#[derive(Debug, Clone)]
pub struct Draws(Pcg64Mcg);

/// SplitMix64 (Steele, Lea, Flood 2014): spreads the bits of a counter.
pub fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Draws {
    /// The stream of an occasion.
    pub fn of(seed: u64, purpose: Purpose, entity: u64, turn: u64) -> Self {
        let a = mix(mix(seed ^ (purpose as u64) << 56) ^ entity);
        let b = mix(a ^ turn.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(Pcg64Mcg::new(u128::from(a) << 64 | u128::from(b)))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in the open interval (0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform among `0..n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal by inversion: one uniform per draw keeps paired runs in step.
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.unit())
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.unit())
    }

    /// Log-normal with mean 1 and this standard deviation of the logarithm.
    pub fn spread(&mut self, sigma: f64) -> f64 {
        libm::exp(sigma * self.normal() - 0.5 * sigma * sigma)
    }

    /// Days until the first success when each day succeeds with probability `p`: 1, 2, …
    pub fn geometric(&mut self, p: f64) -> u32 {
        if p >= 1.0 {
            return 1;
        }
        let days = libm::floor(libm::log(self.unit()) / libm::log1p(-p.max(1e-9)));
        1 + days.min(1e6) as u32
    }

    /// Poisson, by inversion in pieces of at most 40 so that `exp(-mean)` stays a normal number.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut left = mean.max(0.0);
        let mut count = 0;
        while left > 0.0 {
            let piece = left.min(40.0);
            left -= piece;
            let (u, mut p) = (self.unit(), libm::exp(-piece));
            let (mut sum, mut k) = (p, 0_u64);
            while u > sum && k < 400 {
                k += 1;
                p *= piece / k as f64;
                sum += p;
            }
            count += k;
        }
        count
    }

    /// An index by weight; the weights add up to `total`.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64>, total: f64) -> usize {
        let mut left = self.unit() * total;
        let mut last = 0;
        for (i, w) in weights.enumerate() {
            last = i;
            left -= w;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(n: u32, mut f: impl FnMut(&mut Draws) -> f64) -> f64 {
        (0..n).map(|i| f(&mut Draws::of(7, Purpose::Person, u64::from(i), 0))).sum::<f64>() / f64::from(n)
    }

    #[test]
    fn moments_are_those_of_the_laws() {
        // Tolerances are four standard errors at 40,000 draws from as many streams.
        let n = 40_000;
        assert!((mean(n, Draws::unit) - 0.5).abs() < 4.0 * 0.289 / 200.0);
        assert!(mean(n, Draws::normal).abs() < 4.0 / 200.0);
        assert!((mean(n, |d| d.exponential(3.0)) - 3.0).abs() < 4.0 * 3.0 / 200.0);
        assert!((mean(n, |d| d.spread(0.5)) - 1.0).abs() < 4.0 * 0.533 / 200.0);
        assert!((mean(n, |d| f64::from(d.geometric(0.25))) - 4.0).abs() < 4.0 * 3.46 / 200.0);
        assert!((mean(n, |d| d.poisson(130.0) as f64) - 130.0).abs() < 4.0 * 11.4 / 200.0);
        assert!((mean(n, |d| d.poisson(0.4) as f64) - 0.4).abs() < 4.0 * 0.63 / 200.0);
        let third = mean(n, |d| f64::from(u8::from(d.weighted([1.0, 1.0, 2.0].into_iter(), 4.0) == 2)));
        assert!((third - 0.5).abs() < 4.0 * 0.5 / 200.0);
    }

    #[test]
    fn streams_are_named_not_ordered() {
        let first = |p, e, t| Draws::of(1, p, e, t).bits();
        assert_eq!(first(Purpose::Visit, 3, 4), first(Purpose::Visit, 3, 4));
        let all = [first(Purpose::Visit, 3, 4), first(Purpose::Visit, 4, 3), first(Purpose::Order, 3, 4)];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert_ne!(Draws::of(2, Purpose::Visit, 3, 4).bits(), all[0]);
    }
}
