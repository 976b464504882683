//! What makes a row the same row again: its mapped content, and which of several identical rows of the file it is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use epoch_model::event::EventId;
use epoch_model::time::Millis;

/// Rows remembered per generation. Identical rows further apart than one to two generations count as one; in a file that is
/// in any order of time they stand much closer. Two generations take about 80 MB.
const GENERATION_ROWS: usize = 1_800_000;

/// A key that is a hash already.
#[derive(Default)]
pub struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _bytes: &[u8]) {}
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type Seen = HashMap<u64, u32, BuildHasherDefault<Already>>;

/// Counts identical rows.
#[derive(Default)]
pub struct Occurrences {
    young: Seen,
    old: Seen,
}

impl Occurrences {
    /// The id of the next row with this content: the same for the same row of the same, a copied, a grown or an overlapping
    /// file.
    pub fn id(&mut self, name: &str, unit: &str, at: Millis, props: &str) -> EventId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&at.to_le_bytes()).update(name.as_bytes()).update(&[0]).update(unit.as_bytes()).update(&[0]);
        hasher.update(props.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let mut key = [0; 8];
        key.copy_from_slice(&id[..8]);
        let nth = self.next(u64::from_le_bytes(key));
        if nth > 0 {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&id).update(&nth.to_le_bytes());
            id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        }
        id
    }

    fn next(&mut self, key: u64) -> u32 {
        if let Some(count) = self.young.get_mut(&key) {
            *count = count.saturating_add(1);
            return *count;
        }
        if self.young.len() >= GENERATION_ROWS {
            self.old = std::mem::take(&mut self.young);
        }
        let nth = self.old.get(&key).map_or(0, |n| n.saturating_add(1));
        self.young.insert(key, nth);
        nth
    }
}

/// Digest of the rows read so far, to see on resuming that it is the same file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest(pub u64);

impl Digest {
    /// Takes one row in.
    pub fn add(&mut self, row: &[u8]) {
        const K: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |h: u64, word: u64| {
            let wide = u128::from(h ^ word) * u128::from(K | 1);
            let (low, high) = (wide & u128::from(u64::MAX), wide >> 64);
            u64::try_from(low ^ high).unwrap_or_default()
        };
        let mut h = self.0 ^ (row.len() as u64).wrapping_mul(K);
        let (words, rest) = row.as_chunks::<8>();
        for word in words {
            h = mix(h, u64::from_le_bytes(*word)).rotate_left(23).wrapping_add(K);
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.0 = mix(h, u64::from_le_bytes(last)).wrapping_add(K);
    }
}
