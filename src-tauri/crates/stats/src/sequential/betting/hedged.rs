//! The hedged capital process: capital bet against every candidate mean, upwards and downwards.

use libm::log1p;
use serde::{Deserialize, Serialize};

use super::Past;

/// A confidence sequence for the mean of values between 0 and 1 (theorem 3 there), tighter than the empirical-Bernstein one.
/// Candidates lie on a grid; a value costs two logarithms for each that is still in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HedgedCapital {
    alpha: f64,
    past: Past,
    /// Logarithms of the two capitals of each candidate.
    capital: Vec<[f64; 2]>,
    /// Candidates still in, by index: from the first to before the second.
    within: (usize, usize),
}

/// Bets are cut so that at most this share of the capital is lost on one value.
const CUT: f64 = 0.5;

impl HedgedCapital {
    /// Nothing seen yet; error `alpha` over all times, `candidates` means on the grid (1,000 is plenty).
    pub fn new(alpha: f64, candidates: usize) -> Self {
        let n = candidates.max(2);
        Self { alpha, past: Past::default(), capital: vec![[0.0; 2]; n], within: (0, n) }
    }

    /// Takes the next value, between 0 and 1.
    pub fn take(&mut self, x: f64) {
        let bet = self.past.bet(self.alpha);
        let n = self.capital.len();
        let rejects = -libm::log(0.5 * self.alpha);
        for i in self.within.0..self.within.1 {
            let m = (i as f64 + 0.5) / n as f64;
            let capital = &mut self.capital[i];
            capital[0] += log1p(bet.min(CUT / m) * (x - m));
            capital[1] += log1p(-bet.min(CUT / (1.0 - m)) * (x - m));
        }
        // Half of the error for each direction; low candidates fall to bets upwards, high ones to bets downwards.
        while self.within.0 < self.within.1 && self.capital[self.within.0][0] >= rejects {
            self.within.0 += 1;
        }
        while self.within.1 > self.within.0 && self.capital[self.within.1 - 1][1] >= rejects {
            self.within.1 -= 1;
        }
        self.past.take(x);
    }

    /// Means not excluded at any time so far, to the outside by one step of the grid.
    pub fn interval(&self) -> [f64; 2] {
        let n = self.capital.len() as f64;
        let low = if self.within.0 == 0 { 0.0 } else { (self.within.0 as f64 - 0.5) / n };
        let high = if self.within.1 == self.capital.len() { 1.0 } else { (self.within.1 as f64 + 0.5) / n };
        [low, high.min(1.0)]
    }
}
