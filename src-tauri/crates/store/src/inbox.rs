//! What waits for the writer: batches bounded in number and bytes, everything else ahead of them.

use std::collections::VecDeque;
use std::time::Duration;

use epoch_model::error::{Code, Error, Result};
use epoch_model::event::{Done, EventBatch};
use parking_lot::{Condvar, Mutex};

use crate::fault;
use crate::writer::Job;

/// A queued batch with whom to tell.
pub struct Waiting {
    pub batch: EventBatch,
    pub done: Done,
}

/// Bytes a batch counts for: its text and a fixed cost per event.
pub fn weight(batch: &EventBatch) -> usize {
    batch.text_bytes() + batch.len() * 64 + 256
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Waiting>,
    bytes: usize,
    jobs: VecDeque<Job>,
    closed: bool,
}

/// The writer's inbox.
pub struct Inbox {
    queue: Mutex<Queue>,
    arrived: Condvar,
    bytes_max: usize,
    batches_max: usize,
    jobs_max: usize,
}

/// What the writer takes at once.
#[derive(Default)]
pub struct Taken {
    pub jobs: Vec<Job>,
    pub batches: Vec<Waiting>,
    pub closed: bool,
}

impl Inbox {
    pub fn new(bytes_max: usize, batches_max: usize) -> Self {
        Self { queue: Mutex::default(), arrived: Condvar::new(), bytes_max, batches_max, jobs_max: 4096 }
    }

    pub fn push_batch(&self, batch: EventBatch, done: Done) -> Result<()> {
        let bytes = weight(&batch);
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(fault::closed());
        }
        // One batch is always let in, however large, or it could never be.
        if !queue.batches.is_empty()
            && (queue.batches.len() >= self.batches_max || queue.bytes.saturating_add(bytes) > self.bytes_max)
        {
            return Err(overloaded());
        }
        queue.bytes += bytes;
        queue.batches.push_back(Waiting { batch, done });
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    pub fn push_job(&self, job: Job) -> Result<()> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(fault::closed());
        }
        if queue.jobs.len() >= self.jobs_max {
            return Err(overloaded());
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    /// Lets nothing more in; what is queued will still be taken.
    pub fn close(&self) {
        self.queue.lock().closed = true;
        self.arrived.notify_all();
    }

    /// What waits, up to about `events_max` events; empty after `patience` without anything.
    pub fn take(&self, events_max: usize, patience: Duration) -> Taken {
        let mut queue = self.queue.lock();
        if queue.batches.is_empty() && queue.jobs.is_empty() && !queue.closed {
            self.arrived.wait_for(&mut queue, patience);
        }
        let mut taken = Taken { jobs: queue.jobs.drain(..).collect(), ..Taken::default() };
        let (mut events, mut bytes) = (0, 0);
        while events < events_max && bytes < GROUP_BYTES_MAX {
            let Some(waiting) = queue.batches.pop_front() else { break };
            let weight = weight(&waiting.batch);
            queue.bytes = queue.bytes.saturating_sub(weight);
            events += waiting.batch.len();
            bytes += weight;
            taken.batches.push(waiting);
        }
        taken.closed = queue.closed && queue.batches.is_empty() && queue.jobs.is_empty();
        taken
    }
}

/// Text one transaction takes: more would only push itself out of the processor's cache.
const GROUP_BYTES_MAX: usize = 8 << 20;

fn overloaded() -> Error {
    Error::new(Code::Overloaded, "more is waiting to be written than the inbox holds", "try again in a second")
}
