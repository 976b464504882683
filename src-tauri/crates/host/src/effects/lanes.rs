//! Calls of different effects run beside each other, calls of one effect one after the other: a slow receiver holds up
//! nobody but itself. Bounded, and whoever closes the host can wait for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Effects that are called at the same time.
const LANES_MAX: usize = 8;

/// The effects under way.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    busy: Mutex<BTreeSet<String>>,
    freed: Condvar,
}

/// Held while an effect is called; frees it when dropped, whatever happened.
#[derive(Debug)]
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    effect: String,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.lanes.busy.lock().remove(&self.effect);
        self.lanes.freed.notify_all();
    }
}

impl Lanes {
    /// Takes an effect, unless it is under way or too many are.
    pub fn take(self: &Arc<Self>, effect: &str) -> Option<Lane> {
        let mut busy = self.busy.lock();
        if busy.len() >= LANES_MAX || !busy.insert(effect.to_owned()) {
            return None;
        }
        Some(Lane { lanes: Arc::clone(self), effect: effect.to_owned() })
    }

    /// Waits until none of these is under way, at most so long. Answers whether that is so.
    pub fn wait(&self, effects: &BTreeSet<String>, at_most: Duration) -> bool {
        let mut busy = self.busy.lock();
        let until = std::time::Instant::now() + at_most;
        while !busy.is_disjoint(effects) {
            if self.freed.wait_until(&mut busy, until).timed_out() {
                return busy.is_disjoint(effects);
            }
        }
        true
    }

    /// Waits until nothing is under way, at most so long.
    pub fn wait_all(&self, at_most: Duration) -> bool {
        let all = self.busy.lock().clone();
        self.wait(&all, at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_per_effect_and_a_bound_on_all() {
        let lanes = Arc::new(Lanes::default());
        let first = lanes.take("e0").unwrap();
        assert!(lanes.take("e0").is_none());
        let more: Vec<_> = (1..LANES_MAX).map(|n| lanes.take(&format!("e{n}")).unwrap()).collect();
        assert!(lanes.take("one too many").is_none());
        assert!(!lanes.wait(&BTreeSet::from(["e0".to_owned()]), Duration::from_millis(5)));
        drop(first);
        assert!(lanes.wait(&BTreeSet::from(["e0".to_owned()]), Duration::from_millis(5)), "others are not waited for");
        drop(more);
        assert!(lanes.wait_all(Duration::ZERO));
    }
}
