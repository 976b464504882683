//! Batches on their way into the sink: few in flight, patient when it is full, counted when committed.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use epoch_model::event::{EventBatch, EventSink, Receipt};
use epoch_model::{Code, Error, Result};

use super::types::Checkpoint;

/// Batches in flight: enough that the writer never waits, few enough that memory stays flat.
const IN_FLIGHT_MAX: usize = 4;
/// First and longest pause while the inbox is full.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// Pauses without any room before giving up: with the pauses above about ten minutes.
const PAUSES_MAX: u32 = 600;

/// A batch's number and what became of it.
type Outcome = (u64, Result<Receipt>);

struct Pending {
    seq: u64,
    after: Checkpoint,
    receipt: Option<Receipt>,
}

/// Hands batches to the sink, keeps the checkpoint of what is committed.
pub struct Deliver<'a> {
    sink: &'a dyn EventSink,
    pending: VecDeque<Pending>,
    seq: u64,
    broken: bool,
    done: (Sender<Outcome>, Receiver<Outcome>),
    pub committed: Checkpoint,
}

/// Answers for a batch whose `done` was dropped without being called.
struct Answer {
    seq: u64,
    to: Option<Sender<Outcome>>,
}

impl Answer {
    fn give(&mut self, result: Result<Receipt>) {
        if let Some(to) = self.to.take() {
            // Nobody listens any more when the import has failed already.
            let _ = to.send((self.seq, result));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.give(Err(Error::new(Code::Internal, "the store stopped before it answered", "start the import again")));
    }
}

impl<'a> Deliver<'a> {
    pub fn new(sink: &'a dyn EventSink, committed: Checkpoint) -> Self {
        Self { sink, pending: VecDeque::new(), seq: 0, broken: false, done: channel(), committed }
    }

    /// Submits a batch; `after` counts everything read up to its end. `wait` is asked while the inbox is full.
    pub fn submit(
        &mut self,
        batch: EventBatch,
        after: Checkpoint,
        wait: &mut dyn FnMut(&Checkpoint) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        while self.pending.len() >= IN_FLIGHT_MAX && !self.broken {
            self.receive()?;
        }
        self.seq += 1;
        let seq = self.seq;
        if batch.is_empty() {
            self.pending.push_back(Pending { seq, after, receipt: Some(Receipt::default()) });
            self.settle();
            return Ok(ControlFlow::Continue(()));
        }
        let (mut pause, mut pauses) = (PAUSE.0, 0);
        loop {
            let mut answer = Answer { seq, to: Some(self.done.0.clone()) };
            // A refused batch is not given back, so a copy goes out.
            match self.sink.submit(batch.clone(), Box::new(move |result| answer.give(result))) {
                Ok(()) => break,
                Err(e) if e.code == Code::Overloaded && pauses < PAUSES_MAX => {
                    // The refused copy answers for itself when it is dropped; that answer is for nobody.
                    self.drain_refused(seq)?;
                    if wait(&self.committed).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSE.1);
                    pauses += 1;
                }
                Err(e) => return Err(e),
            }
        }
        self.pending.push_back(Pending { seq, after, receipt: None });
        self.take_ready()?;
        Ok(ControlFlow::Continue(()))
    }

    fn drain_refused(&mut self, refused: u64) -> Result<()> {
        while let Ok((seq, result)) = self.done.1.try_recv() {
            if seq != refused {
                self.note(seq, result)?;
            }
        }
        Ok(())
    }

    fn take_ready(&mut self) -> Result<()> {
        while let Ok((seq, result)) = self.done.1.try_recv() {
            self.note(seq, result)?;
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<()> {
        let gone = |_| Error::new(Code::Internal, "the store stopped before it answered", "start the import again");
        let (seq, result) = self.done.1.recv().map_err(gone)?;
        self.note(seq, result)?;
        self.take_ready()
    }

    fn note(&mut self, seq: u64, result: Result<Receipt>) -> Result<()> {
        let receipt = match result {
            Ok(receipt) => receipt,
            Err(e) => {
                // The checkpoint may not move past a batch that was lost.
                self.broken = true;
                self.pending.retain(|p| p.seq != seq);
                return Err(e);
            }
        };
        if let Some(pending) = self.pending.iter_mut().find(|p| p.seq == seq) {
            pending.receipt = Some(receipt);
        }
        self.settle();
        Ok(())
    }

    /// Moves the checkpoint over all batches from the front that are committed.
    fn settle(&mut self) {
        if self.broken {
            return;
        }
        while let Some(receipt) = self.pending.front().and_then(|p| p.receipt) {
            let Some(pending) = self.pending.pop_front() else { break };
            let (accepted, duplicates) = (self.committed.accepted, self.committed.duplicates);
            let refused = self.committed.rejected.get(REFUSED).copied().unwrap_or(0);
            self.committed = pending.after;
            self.committed.accepted = accepted.saturating_add(receipt.accepted);
            self.committed.duplicates = duplicates.saturating_add(receipt.duplicates);
            let refused = refused.saturating_add(receipt.rejected);
            if refused > 0 {
                self.committed.rejected.insert(REFUSED.into(), refused);
            }
        }
    }

    /// Waits for everything in flight; the first failure is the one that counts.
    pub fn finish(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        while self.pending.iter().any(|p| p.receipt.is_none()) {
            let result = self.receive();
            outcome = outcome.and(result);
        }
        outcome
    }
}

const REFUSED: &str = super::record::Reason::RefusedByStore.as_str();
