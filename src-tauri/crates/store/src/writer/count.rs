//! Putting counts of experiments in force that were made beside the writer.

use epoch_model::error::Result;
use epoch_model::time::Millis;

use super::Writer;
use crate::experiments::{self, Counter};

impl Writer {
    /// The rest of the log is added here. Answers whether the counts say what those in force said, of the same experiments.
    pub(crate) fn count(&mut self, mut counter: Box<Counter>, upto: u64) -> Result<bool> {
        experiments::catch_up(&self.db, &mut counter, upto, self.position)?;
        let mut present = self.shared.experiments.write();
        let looks =
            |counter: &Counter| (0..counter.states.len()).map(|n| counter.look(n, Millis::MAX)).collect::<Vec<_>>();
        let same = present.plan.tracked == counter.plan.tracked && looks(&present) == looks(&counter);
        let old = std::mem::replace(&mut *present, *counter);
        drop(present);
        // Nobody who reads or writes waits until they are taken apart. Without a thread they are dropped here.
        let _ = std::thread::Builder::new().name("store-old".into()).spawn(move || drop(old));
        Ok(same)
    }
}
