//! Chance that is the same wherever it is asked: GrowthBook's second hash, fnv32a twice, in ten thousand buckets.

/// How many buckets there are.
pub const BUCKETS: u32 = 10_000;

const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// Over UTF-16 units, as JavaScript has them.
fn fnv32a(state: u32, text: &str) -> u32 {
    let step = |hash: u32, unit: u32| (hash ^ unit).wrapping_mul(PRIME);
    if text.is_ascii() {
        return text.bytes().fold(state, |hash, byte| step(hash, byte.into()));
    }
    text.encode_utf16().fold(state, |hash, unit| step(hash, unit.into()))
}

/// A seed, hashed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed(u32);

impl Seed {
    /// Hashes a seed.
    pub fn new(seed: &str) -> Self {
        Self(fnv32a(OFFSET, seed))
    }

    /// The unit's bucket, 0 to 9,999: `fnv32a(fnv32a(seed + unit) + "") % 10000`.
    pub fn bucket(self, unit: &str) -> u32 {
        let mut rest = fnv32a(self.0, unit);
        let mut digits = [0_u8; 10];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        digits[at..].iter().fold(OFFSET, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME)) % BUCKETS
    }
}

/// The first bucket at or above a share: a unit is below the share when its bucket is below this one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the buckets")]
pub fn below(share: f64) -> u32 {
    let at = |bucket: u32| f64::from(bucket) / f64::from(BUCKETS);
    let mut bucket = (share * f64::from(BUCKETS)).ceil().clamp(0.0, f64::from(BUCKETS)) as u32;
    // 0.07 * 10000 is a little more than 700; what counts is how bucket / 10000 compares.
    while bucket > 0 && at(bucket - 1) >= share {
        bucket -= 1;
    }
    while bucket < BUCKETS && at(bucket) < share {
        bucket += 1;
    }
    bucket
}

/// Seed of a layer: experiments of one layer see the same point of a unit.
pub fn layer_seed(layer: &str) -> String {
    format!("layer:{layer}")
}

/// Seed of a holdout, the same for every lever.
pub fn holdout_seed(holdout: &str) -> String {
    format!("holdout:{holdout}")
}

/// Seed of a rule's share.
pub fn share_seed(lever_seed: &str, rule: &str) -> String {
    format!("{lever_seed}:{rule}:share")
}

/// Seed of an experiment's arms.
pub fn arm_seed(lever_seed: &str, rule: &str) -> String {
    format!("{lever_seed}:{rule}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_buckets() {
        for percent in 0..=100_u32 {
            assert_eq!(below(f64::from(percent) / 100.0), percent * 100);
        }
        assert_eq!(
            (below(1.0 / 3.0), below(0.000_01), below(1.5), below(-1.0), below(f64::NAN)),
            (3334, 1, 10_000, 0, 0)
        );
    }
}
