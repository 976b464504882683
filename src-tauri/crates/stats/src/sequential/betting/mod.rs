//! Confidence by betting: capital that no fair game would have brought is evidence, at any time and any sample size.
//!
//! For means of bounded variables unit by unit (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables
//! by betting", JRSS B 86(1)), and for rare events of two arms block by block ([`HarmTest`]).

mod bernstein;
mod harm;
mod hedged;

use libm::{log, log1p, sqrt};
use serde::{Deserialize, Serialize};

pub use bernstein::EmpiricalBernstein;
pub use harm::{Block, HarmReading, HarmTest};
pub use hedged::HedgedCapital;

/// Mean and variance of what came so far, with a pseudo-observation of one half and a variance of one quarter, and the bet
/// that follows: all known before the next value (eq. 24 to 26 there).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Past {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Past {
    fn mean(&self) -> f64 {
        (0.5 + self.sum) / (self.count + 1.0)
    }

    fn variance(&self) -> f64 {
        (0.25 + self.squares) / (self.count + 1.0)
    }

    /// The bet on the next value for error `alpha`, before it is cut.
    fn bet(&self, alpha: f64) -> f64 {
        let t = self.count + 1.0;
        sqrt(2.0 * log(2.0 / alpha) / (self.variance() * t * log1p(t)))
    }

    fn take(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        let gap = x - self.mean();
        self.squares += gap * gap;
    }
}
