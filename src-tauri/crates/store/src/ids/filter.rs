//! A split block Bloom filter (Putze, Sanders, Singler 2007; the layout of Apache Parquet): one cache line per question.

use epoch_model::error::Result;
use epoch_model::event::EventId;

use crate::fault::damaged;

/// Bits per id. Together with everything else that stays in memory this is below two bytes per event, at about 0.3 %
/// wrong yeses.
const BITS: usize = 14;

const SALT: [u32; 8] = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31];

/// Says "certainly not" or "perhaps".
#[derive(Debug)]
pub struct Filter {
    blocks: Vec<[u32; 8]>,
}

/// Spreads an id whose bytes may be anything but random (a time comes first in UUID v7).
pub fn spread(id: &EventId) -> u64 {
    let (a, b) = id.split_at(8);
    let word = |s: &[u8]| s.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
    let mut h =
        word(a).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ word(b).rotate_left(29).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    h ^= h >> 32;
    h = h.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    h ^= h >> 32;
    h = h.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    h ^ (h >> 32)
}

#[expect(clippy::cast_possible_truncation, reason = "masked to its low half")]
fn mask(h: u64) -> [u32; 8] {
    let low = (h & u64::from(u32::MAX)) as u32;
    SALT.map(|salt| 1 << (low.wrapping_mul(salt) >> 27))
}

impl Filter {
    pub fn for_count(ids: usize) -> Self {
        Self { blocks: vec![[0; 8]; (ids * BITS).div_ceil(256).max(1)] }
    }

    fn index(&self, h: u64) -> usize {
        (((h >> 32) * self.blocks.len() as u64) >> 32) as usize
    }

    pub fn insert(&mut self, h: u64) {
        let index = self.index(h);
        for (word, bit) in self.blocks[index].iter_mut().zip(mask(h)) {
            *word |= bit;
        }
    }

    pub fn may_hold(&self, h: u64) -> bool {
        let missing = self.blocks[self.index(h)].iter().zip(mask(h)).fold(0, |m, (word, bit)| m | (!word & bit));
        missing == 0
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.blocks.iter().flatten().flat_map(|w| w.to_le_bytes()).collect()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (blocks, rest) = bytes.as_chunks::<32>();
        if blocks.is_empty() || !rest.is_empty() {
            return Err(damaged("a filter of event ids is of the wrong length"));
        }
        let word = |b: &[u8; 32], i: usize| u32::from_le_bytes([b[4 * i], b[4 * i + 1], b[4 * i + 2], b[4 * i + 3]]);
        Ok(Self { blocks: blocks.iter().map(|b| std::array::from_fn(|i| word(b, i))).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_a_wrong_no_and_few_wrong_yeses() {
        let id = |n: u128| spread(&n.to_be_bytes());
        let mut filter = Filter::for_count(100_000);
        (0..100_000).for_each(|n| filter.insert(id(n)));
        let filter = Filter::from_bytes(&filter.to_bytes()).unwrap();
        assert!((0..100_000).all(|n| filter.may_hold(id(n))));
        let wrong = (1_000_000..1_100_000).filter(|n| filter.may_hold(id(*n))).count();
        assert!(wrong < 700, "{wrong} of 100,000");
    }
}
