//! What a store is opened with: the clock it lives by and its bounds.

use std::sync::Arc;

use epoch_model::time::Millis;

/// The business's clock: real time, or replayed time.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// Clock and bounds of an open store.
#[derive(Clone)]
pub struct Options {
    /// Read for `changed at` fields and for pacing checkpoints; never for an event's own time.
    pub clock: Clock,
    /// Most bytes of batches waiting for the writer; more is [`epoch_model::Code::Overloaded`].
    pub inbox_bytes_max: usize,
    /// Most batches waiting for the writer.
    pub inbox_batches_max: usize,
    /// Events one transaction takes before it commits.
    pub group_events_max: usize,
    /// Events between two checkpoints of the aggregates: the longest tail replayed after a crash.
    pub checkpoint_events: u64,
    /// Time on the clock after which a changed aggregate is checkpointed anyway.
    pub checkpoint_ms: Millis,
    /// Records of a checkpoint written at once while nobody waits.
    pub slice_records: usize,
    /// Ids kept in memory before they become a sorted run on disk.
    pub recent_ids: usize,
    /// Connections that read.
    pub readers_max: usize,
    /// Bytes the database file may grow to; beyond them writing answers as on a full disk. None by default.
    pub file_bytes_max: Option<u64>,
}

impl Options {
    /// The bounds a desktop is happy with.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            inbox_bytes_max: 64 << 20,
            inbox_batches_max: 4096,
            group_events_max: 16384,
            checkpoint_events: 1_000_000,
            checkpoint_ms: 30_000,
            slice_records: 1_000,
            recent_ids: 1 << 17,
            readers_max: 4,
            file_bytes_max: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("inbox_bytes_max", &self.inbox_bytes_max).finish_non_exhaustive()
    }
}
