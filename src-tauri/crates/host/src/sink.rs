//! The host's way into the store: watches what arrives so that late events reopen their buckets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use epoch_model::Result;
use epoch_model::event::{Done, EventBatch, EventSink, Rejection};
use epoch_model::time::Millis;
use epoch_store::Store;
use parking_lot::RwLock;
use serde_json::json;

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
    /// Numbers from this instant on are others than were told: what could not be dealt with, or a person erased.
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

/// The meta key of [`Firsts`].
const FIRSTS: &str = "sources.first";

/// When the first event of each source came in; nothing for a source that was heard before that was noted.
#[derive(Debug, Default)]
pub(crate) struct Firsts {
    known: RwLock<BTreeMap<String, Option<Millis>>>,
    news: AtomicBool,
}

impl Firsts {
    /// What an earlier run noted.
    pub(crate) fn of(store: &Store) -> Result<Self> {
        let noted = store.meta(FIRSTS)?.and_then(|v| serde_json::from_value::<BTreeMap<_, _>>(v).ok());
        let mut known: BTreeMap<String, Option<Millis>> = noted.unwrap_or_default();
        for state in store.sources()?.into_iter().filter(|s| s.accepted > 0) {
            known.entry(state.source).or_default();
        }
        Ok(Self { known: RwLock::new(known), news: AtomicBool::new(false) })
    }

    fn heard(&self, source: &str, received: Millis) {
        if self.known.read().contains_key(source) {
            return;
        }
        self.known.write().entry(source.to_owned()).or_insert(Some(received));
        self.news.store(true, Ordering::Relaxed);
    }

    /// When this source was first heard of.
    pub(crate) fn first(&self, source: &str) -> Option<Millis> {
        self.known.read().get(source).copied().flatten()
    }

    /// Notes what is new. Not by [`Firsts::heard`]: that runs in the thread that writes.
    pub(crate) fn keep(&self, store: &Store) -> Result<()> {
        if !self.news.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let known = json!(*self.known.read());
        store.put_meta(FIRSTS, Some(&known)).inspect_err(|_| self.news.store(true, Ordering::Relaxed))
    }
}

/// The store as a sink, with [`Arrivals`] noted after each commit.
pub(crate) struct Sink {
    pub(crate) store: Store,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) firsts: Arc<Firsts>,
}

impl EventSink for Sink {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        let (mut earliest, mut latest) = (Millis::MAX, Millis::MIN);
        for event in batch.iter() {
            earliest = earliest.min(event.time);
            latest = latest.max(event.time);
        }
        let (arrivals, received) = (Arc::clone(&self.arrivals), batch.received);
        let (firsts, source) = (Arc::clone(&self.firsts), Arc::clone(&batch.source));
        self.store.submit(
            batch,
            Box::new(move |result| {
                if let Ok(receipt) = &result
                    && receipt.accepted > 0
                {
                    arrivals.note(earliest, latest, received, receipt.accepted);
                    firsts.heard(&source, received);
                    if let Some(from) = receipt.affected_from {
                        arrivals.put_back(from);
                    }
                }
                done(result);
            }),
        )
    }

    fn reject(&self, source: &str, received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        self.store.reject(source, received, rejections)
    }
}
