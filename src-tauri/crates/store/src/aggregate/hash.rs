//! Hashes that are the same on every machine: a quick one for tables, a 128-bit one for identity.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::changes::Grown;

pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Multiply and rotate, word by word. Keys are our own (numbers, names), not an attacker's.
#[derive(Default)]
pub(crate) struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.add(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.add(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.add(n);
    }

    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ (self.0 >> 32)
    }
}

/// MurmurHash3 x64 128 (Austin Appleby, public domain), seed 0.
pub(crate) fn identity(bytes: &[u8]) -> [u64; 2] {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let word = |b: &[u8]| {
        let mut w = [0; 8];
        w[..b.len()].copy_from_slice(b);
        u64::from_le_bytes(w)
    };
    let k1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let k2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let (mut h1, mut h2) = (0u64, 0u64);
    let mut blocks = bytes.chunks_exact(16);
    for block in &mut blocks {
        h1 = (h1 ^ k1(word(&block[..8]))).rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 = (h2 ^ k2(word(&block[8..]))).rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    if tail.len() > 8 {
        h2 ^= k2(word(&tail[8..]));
    }
    if !tail.is_empty() {
        h1 ^= k1(word(&tail[..tail.len().min(8)]));
    }
    let mix = |mut k: u64| {
        k = (k ^ (k >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        k = (k ^ (k >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        k ^ (k >> 33)
    };
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (mix(h1), mix(h2));
    h1 = h1.wrapping_add(h2);
    [h1, h2.wrapping_add(h1)]
}

/// Distinct values as small numbers, in the order of first sight. Holds hashes only, about 40 bytes a value.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    pub hashes: Vec<[u64; 2]>,
    ids: Map<u64, u32>,
    pub(super) kept: Grown,
}

impl Dictionary {
    /// The number of a hash. `None` when there are 2^32 values already.
    pub fn intern(&mut self, hash: [u64; 2]) -> Option<u32> {
        let mut key = hash[0];
        // Two values that share 64 bits sit one key further.
        while let Some(id) = self.ids.get(&key) {
            if self.hashes.get(*id as usize) == Some(&hash) {
                return Some(*id);
            }
            key = key.wrapping_add(1);
        }
        let id = u32::try_from(self.hashes.len()).ok()?;
        self.hashes.push(hash);
        self.ids.insert(key, id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur_is_murmur() {
        let hex = |s: &str| identity(s.as_bytes()).map(|w| format!("{w:016x}")).concat();
        assert_eq!(hex(""), "00000000000000000000000000000000");
        assert_eq!(hex("hello"), "cbd8a7b341bd9b025b1e906a48ae1d19");
        assert_eq!(hex("The quick brown fox jumps over the lazy dog"), "e34bbc7bbc071b6c7a433ca9c49a9347");
    }

    #[test]
    fn dictionaries_number_in_order() {
        let mut dictionary = Dictionary::default();
        assert_eq!(["a", "b", "a"].map(|t| dictionary.intern(identity(t.as_bytes()))), [Some(0), Some(1), Some(0)]);
        assert_eq!([[7, 1], [7, 2], [7, 1], [7, 2]].map(|h| dictionary.intern(h)), [2, 3, 2, 3].map(Some));
    }
}
