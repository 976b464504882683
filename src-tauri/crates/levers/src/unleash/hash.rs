//! Unleash's hash: MurmurHash3 (x86, 32 bit) over `group:unit`, brought to 1…n.

/// Seed of the hash that chooses variants; rollouts use 0.
pub const VARIANTS: u32 = 86_028_157;

/// MurmurHash3, x86, 32 bit.
pub fn murmur3(data: &[u8], seed: u32) -> u32 {
    let scramble = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, rest) = data.as_chunks::<4>();
    let mut h = seed;
    for block in blocks {
        h = (h ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    if !rest.is_empty() {
        h ^= scramble(rest.iter().rev().fold(0, |k, byte| (k << 8) | u32::from(*byte)));
    }
    // Longer texts than 4 GiB do not exist here; the reference wraps, too.
    #[expect(clippy::cast_possible_truncation, reason = "the reference takes the length modulo 2^32")]
    let length = data.len() as u32;
    h ^= length;
    h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// The unit's number among 1…`count` within a group.
pub fn normalized(unit: &str, group: &str, count: u32, seed: u32) -> u32 {
    murmur3(format!("{group}:{unit}").as_bytes(), seed) % count.max(1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Taken from unleash-client 6.12 for Node.
    #[test]
    fn known_values() {
        assert_eq!(normalized("123", "gr1", 100, 0), 73);
        assert_eq!(normalized("999", "groupX", 100, 0), 25);
        assert_eq!(normalized("123", "gr1", 1000, VARIANTS), 796);
        assert_eq!(normalized("999", "groupX", 1000, VARIANTS), 260);
        assert_eq!(normalized("", "g", 100, 0), 64);
        assert_eq!(normalized("abc", "g", 1000, VARIANTS), 53);
    }
}
