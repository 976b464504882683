//! Makes a failing list of steps short: parts are dropped, large ones first, as long as what is left still fails.

/// Most attempts: each may take seconds.
const ATTEMPTS: usize = 200;

/// The shortest list found for which `fails` still tells why, with its reason. `None` when the whole list does not fail.
pub fn shrink<T: Clone>(steps: &[T], fails: impl Fn(&[T]) -> Option<String>) -> Option<(Vec<T>, String)> {
    let mut best = (steps.to_vec(), fails(steps)?);
    let mut attempts = 1;
    let mut part = best.0.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < best.0.len() && attempts < ATTEMPTS {
            let mut shorter = best.0.clone();
            shorter.drain(at..(at + part).min(shorter.len()));
            attempts += 1;
            match fails(&shorter) {
                Some(why) => best = (shorter, why),
                None => at += part,
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_dropped() {
        let steps: Vec<u32> = (0..40).collect();
        let fails = |s: &[u32]| (s.contains(&7) && s.contains(&31)).then(|| "both".to_owned());
        assert_eq!(shrink(&steps, fails), Some((vec![7, 31], "both".to_owned())));
        assert_eq!(shrink(&steps[..7], fails), None);
    }
}
