//! The predictable plug-in empirical-Bernstein sequence: closed form, a few numbers of state.

use libm::log1p;
use serde::{Deserialize, Serialize};

use super::Past;

/// A confidence sequence for the mean of values between 0 and 1 (theorem 2 there). One value costs a logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmpiricalBernstein {
    alpha: f64,
    past: Past,
    bets: f64,
    weighted: f64,
    spread: f64,
    low: f64,
    high: f64,
}

/// Bets are cut here, so that capital cannot be lost at once.
const CUT: f64 = 0.5;

impl EmpiricalBernstein {
    /// Nothing seen yet; error `alpha` over all times.
    pub fn new(alpha: f64) -> Self {
        Self { alpha, past: Past::default(), bets: 0.0, weighted: 0.0, spread: 0.0, low: 0.0, high: 1.0 }
    }

    /// Takes the next value, between 0 and 1.
    pub fn take(&mut self, x: f64) {
        let bet = self.past.bet(self.alpha).min(CUT);
        let gap = x - self.past.mean();
        self.bets += bet;
        self.weighted += bet * x;
        self.spread += gap * gap * (-log1p(-bet) - bet);
        self.past.take(x);
        let half = (libm::log(2.0 / self.alpha) + self.spread) / self.bets;
        let centre = self.weighted / self.bets;
        self.low = self.low.max(centre - half);
        self.high = self.high.min(centre + half);
    }

    /// Means not excluded at any time so far.
    pub fn interval(&self) -> [f64; 2] {
        [self.low, self.high]
    }
}
