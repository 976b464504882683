//! The host's way into the store: watches what arrives so that late events reopen their buckets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use epoch_model::Result;
use epoch_model::event::{Done, EventBatch, EventSink, Rejection};
use epoch_model::time::Millis;
use epoch_store::Store;

/// What arrived since it was last asked.
#[derive(Debug)]
pub(crate) struct Arrivals {
    earliest: AtomicI64,
    /// Newest event time that came with less than two days of delay: the sign of a live source.
    live_until: AtomicI64,
    /// Machine time of the last commit.
    committed_at: AtomicI64,
    accepted: AtomicU64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            earliest: AtomicI64::new(Millis::MAX),
            live_until: AtomicI64::new(0),
            committed_at: AtomicI64::new(0),
            accepted: AtomicU64::new(0),
        }
    }
}

/// How old an event may be at receipt to count as live.
pub(crate) const LIVE_DELAY_MS: Millis = 2 * 86_400_000;

impl Arrivals {
    fn note(&self, earliest: Millis, latest: Millis, received: Millis, accepted: u64) {
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
        self.committed_at.fetch_max(received, Ordering::Relaxed);
        self.earliest.fetch_min(earliest, Ordering::Relaxed);
        if received - latest < LIVE_DELAY_MS {
            self.live_until.fetch_max(received, Ordering::Relaxed);
        }
    }
    /// The earliest event time since the last call, if anything arrived.
    pub(crate) fn take_earliest(&self) -> Option<Millis> {
        let earliest = self.earliest.swap(Millis::MAX, Ordering::Relaxed);
        (earliest != Millis::MAX).then_some(earliest)
    }
    /// Puts one back that could not be dealt with.
    pub(crate) fn put_back(&self, earliest: Millis) {
        self.earliest.fetch_min(earliest, Ordering::Relaxed);
    }
    /// When something live last arrived; 0 for never.
    pub(crate) fn live_until(&self) -> Millis {
        self.live_until.load(Ordering::Relaxed)
    }
    /// Remembers what an earlier run of the host saw.
    pub(crate) fn remember_live(&self, at: Millis) {
        self.live_until.fetch_max(at, Ordering::Relaxed);
    }
    /// When something was last committed; 0 for never.
    pub(crate) fn committed_at(&self) -> Millis {
        self.committed_at.load(Ordering::Relaxed)
    }
    /// Events accepted since the host started.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// The store as a sink, with [`Arrivals`] noted after each commit.
pub(crate) struct Sink {
    pub(crate) store: Store,
    pub(crate) arrivals: Arc<Arrivals>,
}

impl EventSink for Sink {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        let (mut earliest, mut latest) = (Millis::MAX, Millis::MIN);
        for event in batch.iter() {
            earliest = earliest.min(event.time);
            latest = latest.max(event.time);
        }
        let (arrivals, received) = (Arc::clone(&self.arrivals), batch.received);
        self.store.submit(
            batch,
            Box::new(move |result| {
                if let Ok(receipt) = &result
                    && receipt.accepted > 0
                {
                    arrivals.note(earliest, latest, received, receipt.accepted);
                }
                done(result);
            }),
        )
    }

    fn reject(&self, source: &str, received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        self.store.reject(source, received, rejections)
    }
}
