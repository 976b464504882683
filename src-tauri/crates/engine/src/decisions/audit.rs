//! Random audits: of what may run alone a share is put to the founder all the same, at every level, for ever.
//!
//! Drawn from a hash, so a replay draws the same ones, and nobody who proposes can choose which.

/// Whether chance puts a decision to the founder. `share` from 0 to 1.
pub(crate) fn drawn(business: &str, id: &str, act_hash: &str, share: f64) -> bool {
    if share <= 0.0 {
        return false;
    }
    let hash = blake3::hash(format!("audit\n{business}\n{id}\n{act_hash}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    // The top 53 bits fill a double exactly.
    let at = (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64;
    at < share
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn the_share_is_kept_and_the_draw_is_fixed() {
        let hits = |share| (0..20_000).filter(|n| drawn("Northwind", &format!("dec_{n:06}"), "abc", share)).count();
        let five = hits(0.05);
        assert!((900..1100).contains(&five), "{five}");
        assert_eq!((hits(0.0), hits(1.0)), (0, 20_000));
        assert_eq!(hits(0.05), five);
    }
}
