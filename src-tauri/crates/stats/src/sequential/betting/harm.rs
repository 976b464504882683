//! Whether a treatment that few units see has more (or fewer) of a rare event: exact at any time and any split.
//!
//! Blocks of units come one after another, say one a day. For each of several ratios of the two rates an e-variable per
//! block is multiplied up, and the products are mixed. Until a base rate is known, given the block's events the share that
//! falls to the treatment is bet on: it is hypergeometric without an effect, which the binomial dominates in convex order
//! (Hoeffding 1963, theorem 4), so `E[r^y] <= (1 + (r - 1) share)^events`; for event counts (Poisson) it is the binomial
//! itself. Once it is, for units with or without the event, the block's e-variable of Turner, Ly & Grünwald 2024, "Generic
//! e-variables for exact sequential k-sample tests", theorem 1, at the rate of earlier blocks.

use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

use crate::sequential::{Side, Verdict};

/// Units and events of one block: units whose time for the event is over, each counted in one block only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Units, control and treatment.
    pub units: [f64; 2],
    /// Events among them.
    pub events: [f64; 2],
}

/// Ratios of the rates that are bet on: the treatment's to the control's, and their inverses.
const RATIOS: [f64; 6] = [1.2, 1.5, 2.0, 3.0, 5.0, 10.0];
/// Events in earlier blocks from which on their rate is trusted for choosing the bet.
const KNOWN: f64 = 20.0;

/// A running test on rare events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HarmTest {
    alpha: f64,
    side: Side,
    /// Whether a unit has the event at most once.
    once: bool,
    /// Logarithm of the product for each ratio above one, then for each below.
    logs: [[f64; RATIOS.len()]; 2],
    total: Block,
    log_e_max: f64,
}

/// What a harm test says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HarmReading {
    /// Evidence as a logarithm: at or above `ln(1 / alpha)` at any time, the rates differ.
    pub log_e: f64,
    /// Valid at any time: the inverse of the largest e-value so far.
    pub p_value: f64,
    /// Whether the rates differ, by the largest e-value so far.
    pub found: bool,
    /// The treatment's rate over the control's; NaN without control events.
    pub ratio: f64,
}

impl HarmTest {
    /// Nothing seen yet. [`Side::Greater`] asks whether the treatment has more events. `once`: units have the event at most
    /// once (a proportion), otherwise events are counts.
    pub fn new(alpha: f64, side: Side, once: bool) -> Self {
        let nothing = Block { units: [0.0; 2], events: [0.0; 2] };
        Self { alpha, side, once, logs: [[0.0; RATIOS.len()]; 2], total: nothing, log_e_max: 0.0 }
    }

    /// Takes a block. Its size and split may depend on what came before, not on its own events.
    pub fn take(&mut self, block: &Block) -> HarmReading {
        if block.units[0] > 0.0 && block.units[1] > 0.0 {
            let before = self.total.events[0] + self.total.events[1];
            let base = before / (self.total.units[0] + self.total.units[1]);
            let base = (self.once && before >= KNOWN).then_some(base);
            for (j, ratio) in RATIOS.iter().enumerate() {
                self.logs[0][j] += log_e(block, *ratio, base);
                self.logs[1][j] += log_e(block, 1.0 / ratio, base);
            }
        }
        for arm in 0..2 {
            self.total.units[arm] += block.units[arm];
            self.total.events[arm] += block.events[arm];
        }
        self.log_e_max = self.log_e_max.max(self.log_e());
        self.reading()
    }

    /// What is known so far.
    pub fn reading(&self) -> HarmReading {
        let rate = |arm: usize| self.total.events[arm] / self.total.units[arm];
        HarmReading {
            log_e: self.log_e(),
            p_value: exp(-self.log_e_max),
            found: self.log_e_max >= -log(self.alpha),
            ratio: if self.total.events[0] > 0.0 { rate(1) / rate(0) } else { f64::NAN },
        }
    }

    /// The same as for other designs: [`Verdict::Up`] where the treatment has more events.
    pub fn verdict(&self) -> Verdict {
        let more =
            self.side == Side::Greater || self.side == Side::Two && log_mean(&self.logs[0]) > log_mean(&self.logs[1]);
        match (self.reading().found, more) {
            (false, _) => Verdict::Continue,
            (true, true) => Verdict::Up,
            (true, false) => Verdict::Down,
        }
    }

    /// Mean of the products that belong to the side asked for.
    fn log_e(&self) -> f64 {
        match self.side {
            Side::Greater => log_mean(&self.logs[0]),
            Side::Less => log_mean(&self.logs[1]),
            Side::Two => log_mean(&[log_mean(&self.logs[0]), log_mean(&self.logs[1])]),
        }
    }
}

/// Logarithm of a block's e-variable against a ratio of one, for an alternative of `ratio`.
fn log_e(block: &Block, ratio: f64, base: Option<f64>) -> f64 {
    let units = block.units[0] + block.units[1];
    let events = block.events[0] + block.events[1];
    let share = block.units[1] / units;
    let Some(base) = base.filter(|p| p * ratio.max(1.0 / ratio) < 0.9) else {
        return block.events[1] * log(ratio) - events * log1p((ratio - 1.0) * share);
    };
    // The two rates around the base rate, and the one without an effect that is nearest to them.
    let control = base / (1.0 + (ratio - 1.0) * share);
    let treatment = control * ratio;
    let gain = |arm: usize, rate: f64| {
        let y = block.events[arm];
        y * log(rate / base) + (block.units[arm] - y) * (log1p(-rate) - log1p(-base))
    };
    gain(0, control) + gain(1, treatment)
}

/// Logarithm of the mean of exponentials.
fn log_mean(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|l| exp(l - top)).sum();
    top + log(sum / logs.len() as f64)
}
