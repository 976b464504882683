//! Levers that cannot be split by unit: randomised time blocks with washout and block-level inference.
//!
//! Time is cut into blocks; a lot gives each block one of two sides, so that every place in the season (each weekday,
//! each hour) sees both sides equally often. The block, not the event, is the unit. Inference is by the same lot
//! (randomisation), and by regression with errors that remember.

mod power;
mod read;

pub use power::power;
pub use read::{Carryover, Reading, Settings, read};

use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// A plan of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Blocks.
    pub blocks: usize,
    /// Buckets of a block: the finest steps the series has.
    pub block_buckets: usize,
    /// Blocks until the season repeats: 7 for day-long blocks in a week, 1 for none.
    pub cycle: usize,
    /// Buckets left out at the start of every block, while the other side may still work on; less than a block has.
    pub washout_buckets: usize,
}

impl Plan {
    /// Why the plan cannot be carried out, if so: the name of the field and what it must be.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        if self.blocks < 4 {
            Some(("blocks", "at least 4"))
        } else if self.block_buckets == 0 {
            Some(("block_buckets", "at least 1"))
        } else if self.cycle == 0 || self.cycle > self.blocks / 2 {
            Some(("cycle", "at least 1 and at most half of the blocks: each place in the season must see both sides"))
        } else if self.washout_buckets >= self.block_buckets {
            Some(("washout_buckets", "less than block_buckets"))
        } else {
            None
        }
    }

    /// Draws the sides: `true` is treatment. Two cycles mirror each other, and half of each is treated, so both sides
    /// have every place in the season; what is left over at the end is split evenly by lot.
    pub fn draw(&self, rng: &mut impl Rng) -> Vec<bool> {
        let cycle = self.cycle.max(1);
        let mut sides = Vec::with_capacity(self.blocks);
        while sides.len() + 2 * cycle <= self.blocks {
            let first = halves(cycle, rng);
            sides.extend_from_slice(&first);
            sides.extend(first.iter().map(|side| !side));
        }
        let rest = halves(self.blocks.saturating_sub(sides.len()), rng);
        sides.extend(rest);
        sides
    }
}

/// So many sides, half of them true; an odd one by lot.
fn halves(count: usize, rng: &mut impl Rng) -> Vec<bool> {
    let odd = usize::from(count % 2 == 1 && rng.next_u64() >> 63 == 1);
    let mut sides: Vec<bool> = (0..count).map(|k| k < count / 2 + odd).collect();
    for k in (1..count).rev() {
        sides.swap(k, below(k + 1, rng));
    }
    sides
}

// Even: the high half of a 128-bit product, off by less than n / 2^64.
fn below(n: usize, rng: &mut impl Rng) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}
