//! Who writes which row of the journal next. The engine draws its chance from the number of its input's row, so that number
//! must be known before the input is handled; steps of runs are rows of the same journal.

use std::sync::Arc;

use epoch_model::Result;
use epoch_store::{Entry, Pending, Store};
use parking_lot::{Mutex, MutexGuard};

/// The number of the next row. Whoever holds it hands its entries over before anybody else does.
#[derive(Debug, Clone)]
pub(crate) struct Order(Arc<Mutex<u64>>);

/// Entries on their way to the disk, and the row the first one becomes.
pub(crate) struct Flight {
    pub(crate) pending: Pending,
    pub(crate) first: u64,
}

/// The right to write the next rows.
pub(crate) struct Turn<'a>(MutexGuard<'a, u64>);

impl Turn<'_> {
    /// The number of the next row.
    pub(crate) fn first(&self) -> u64 {
        *self.0
    }

    /// Hands entries over; whoever comes next is behind them.
    pub(crate) fn send(mut self, store: &Store, entries: Vec<Entry>) -> Result<Flight> {
        let first = *self.0;
        let rows: u64 = entries.iter().map(|entry| 1 + entry.actions.len() as u64).sum();
        let pending = store.commit_from(first, entries)?;
        *self.0 += rows;
        Ok(Flight { pending, first })
    }
}

impl Order {
    /// With the journal's last row.
    pub(crate) fn after(last: u64) -> Self {
        Self(Arc::new(Mutex::new(last + 1)))
    }

    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn(self.0.lock())
    }

    pub(crate) fn send(&self, store: &Store, entries: Vec<Entry>) -> Result<Flight> {
        self.turn().send(store, entries)
    }

    /// After something was not written: goes on from where the journal ends, once all that is on its way is decided.
    pub(crate) fn settle(&self, store: &Store) -> Result<()> {
        let mut next = self.0.lock();
        let last = match store.settled_head() {
            Ok(last) => last,
            Err(_) => store.journal_head()?.0,
        };
        *next = last + 1;
        Ok(())
    }
}
