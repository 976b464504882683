//! Batches of events into the log: check, recognise duplicates, intern, pack; after the commit, count.

use std::collections::BTreeMap;

use epoch_model::error::{Code, Result};
use epoch_model::event::{EventId, EventView, Receipt, Rejection, link};

use super::Writer;
use crate::changes::Changed;
use crate::inbox::Waiting;
use crate::intern::{NameDelta, add_to_name};
use crate::json::check_object;
use crate::links::{self, Linked};
use crate::log;
use crate::sources::{self, SourceDelta, shorten};

/// Ids merged per new event: more than the levels there are, so that merging keeps up.
const MERGE_PER_EVENT: usize = 5;
/// … up to this many at once, so that no commit waits long for it.
const MERGE_MAX: usize = 40_000;
/// A block with fewer events than this is worth packing later.
const SMALL: usize = 500;

/// Where an event went: name and unit; `NOT_NEW` when it is not in the log through this group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    name: u32,
    unit: u32,
}

const NOT_NEW: Mark = Mark { name: 0, unit: 0 };

/// Buffers of one transaction, kept so that an event allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The log's end with what was appended so far.
    pub position: u64,
    /// The log's end before the transaction.
    before: u64,
    ids: Vec<EventId>,
    known: Vec<bool>,
    /// One per event of the batch at hand: whether it is a JSON object.
    sound: Vec<bool>,
    /// One per event of all batches.
    marks: Vec<Mark>,
    /// Links among the events, in order.
    links: Vec<Linked>,
    receipts: Vec<Receipt>,
    names: BTreeMap<u32, NameDelta>,
}

impl Scratch {
    pub fn begin(&mut self, position: u64) {
        (self.position, self.before) = (position, position);
        self.marks.clear();
        self.links.clear();
        self.receipts.clear();
        self.names.clear();
    }

    /// What became of the batch at `index`, after the commit.
    pub fn receipt(&self, index: usize) -> Receipt {
        let receipt = self.receipts.get(index).copied().unwrap_or_default();
        Receipt { position: self.position, ..receipt }
    }
}

impl Writer {
    /// Writes the batches within the transaction under way.
    pub(super) fn ingest(&mut self, batches: &[Waiting], changed: &mut Changed) -> Result<()> {
        let before = self.scratch.position;
        let mut source = None;
        let mut deltas: BTreeMap<u32, (&str, SourceDelta)> = BTreeMap::new();
        for waiting in batches {
            let key: &str = &waiting.batch.source;
            let id = self.sources.intern(&self.db, key)?;
            if let Some(last) = source.replace(id)
                && last != id
            {
                self.flush(last)?;
            }
            let delta = &mut deltas.entry(id).or_insert_with(|| (key, SourceDelta::default())).1;
            self.batch(waiting, id, delta)?;
        }
        if let Some(last) = source {
            self.flush(last)?;
        }
        for (id, (key, delta)) in &deltas {
            sources::add(&self.db, *id, delta)?;
            changed.note("sources", key);
            if delta.rejected > 0 {
                changed.note("rejections", key);
            }
            if delta.accepted > 0 {
                changed.note("events", key);
            }
        }
        for (id, delta) in &self.scratch.names {
            add_to_name(&self.db, *id, self.names.text(*id).unwrap_or_default(), delta)?;
        }
        links::write(&self.db, &self.scratch.links)?;
        self.catalog.write(&self.db)?;
        self.units.write(&self.db)?;
        let new = usize::try_from(self.scratch.position - before).unwrap_or(usize::MAX);
        self.ids.write(&self.db, self.scratch.position, new.saturating_mul(MERGE_PER_EVENT).clamp(64, MERGE_MAX))
    }

    fn batch(&mut self, waiting: &Waiting, source: u32, delta: &mut SourceDelta) -> Result<()> {
        let batch = &waiting.batch;
        let mut receipt = Receipt::default();
        let scratch = &mut self.scratch;
        scratch.ids.clear();
        scratch.sound.clear();
        let mut rejections = Vec::new();
        for (index, event) in batch.iter().enumerate() {
            match check_object(event.props) {
                Ok(()) => scratch.ids.push(event.id),
                Err(reason) => rejections.push(rejection(index, &event, reason)),
            }
            scratch.sound.push(rejections.last().is_none_or(|r| r.position != index as u64));
        }
        self.ids.add(&self.db, &scratch.ids, &mut scratch.known)?;
        let mut known = std::mem::take(&mut self.scratch.known);
        let mut answers = known.iter();
        let mut last_name: (&str, u32) = ("", 0);
        for (index, event) in batch.iter().enumerate() {
            if !self.scratch.sound[index] {
                receipt.rejected += 1;
                self.scratch.marks.push(NOT_NEW);
                continue;
            }
            if *answers.next().unwrap_or(&true) {
                receipt.duplicates += 1;
                self.scratch.marks.push(NOT_NEW);
                continue;
            }
            if last_name.0 != event.name {
                last_name = (event.name, self.names.intern(event.name)?);
            }
            let (name, unit) = (last_name.1, self.units.intern(event.unit)?);
            let mark = Mark { name, unit };
            let fresh = NameDelta { count: 0, first: event.time, last: event.time };
            let counted = self.scratch.names.entry(name).or_insert(fresh);
            counted.count += 1;
            counted.first = counted.first.min(event.time);
            counted.last = counted.last.max(event.time);
            delta.last_event = delta.last_event.max(Some(event.time));
            self.catalog.see(name, event.props);
            self.builder.push(&event.id, event.time, batch.received, name, unit, event.props);
            self.scratch.marks.push(mark);
            if let Some(link) = link(event.name, event.unit, event.props) {
                let position = self.scratch.position + self.builder.len() as u64;
                let from = self.units.intern(&link.from)?;
                self.scratch.links.push(Linked { position, from, into: unit, force: link.force });
            }
            receipt.accepted += 1;
            if self.builder.is_full() {
                self.flush(source)?;
            }
        }
        known.clear();
        self.scratch.known = known;
        self.scratch.receipts.push(receipt);
        delta.accepted += receipt.accepted;
        delta.duplicates += receipt.duplicates;
        delta.rejected += receipt.rejected;
        delta.last_received = delta.last_received.max(Some(batch.received));
        if let Some(last) = rejections.last() {
            delta.last_error = Some(last.reason.clone());
            sources::keep_rejections(&self.db, &batch.source, batch.received, &rejections)?;
        }
        Ok(())
    }

    fn flush(&mut self, source: u32) -> Result<()> {
        let count = self.builder.len();
        if count > 0 {
            self.small_blocks += usize::from(count < SMALL);
            log::append(&self.db, self.scratch.position + 1, source, &mut self.builder)?;
            self.scratch.position += count as u64;
        }
        Ok(())
    }

    /// Counts what is in the log now. Only after the commit, so that nobody sees what may yet be taken back.
    pub(super) fn apply(&mut self, batches: &[Waiting]) {
        if self.scratch.marks.iter().all(|mark| *mark == NOT_NEW) {
            return;
        }
        let mut marks = self.scratch.marks.iter();
        let mut links = self.scratch.links.iter().peekable();
        let mut position = self.scratch.before;
        for (waiting, receipt) in batches.iter().zip(&mut self.scratch.receipts) {
            // Locked batch by batch: who reads a number waits for one of them, not for the group.
            let mut aggregates = self.shared.aggregates.write();
            let mut experiments = Some(self.shared.experiments.write()).filter(|counter| !counter.is_idle());
            for (event, mark) in waiting.batch.iter().zip(marks.by_ref()) {
                if *mark == NOT_NEW {
                    continue;
                }
                position += 1;
                if let Some(link) = links.next_if(|link| link.position == position) {
                    let affected = aggregates.link(link.from, link.into, link.force);
                    receipt.affected_from = receipt.affected_from.into_iter().chain(affected).min();
                    if let Some(counter) = &mut experiments {
                        counter.link(link.from, link.into, link.force);
                    }
                }
                if let Err(e) = aggregates.apply(event.name, mark.unit, event.time, event.props) {
                    tracing::debug!(error = %e, "event left out of the aggregates");
                }
                if let Some(counter) = &mut experiments
                    && let Err(e) = counter.apply(event.name, mark.unit, event.time, event.props)
                {
                    tracing::debug!(error = %e, "event left out of the experiments");
                }
            }
        }
    }
}

fn rejection(index: usize, event: &EventView<'_>, reason: String) -> Rejection {
    let raw = shorten(event.props, sources::RAW_BYTES_MAX).to_owned();
    Rejection { position: index as u64, code: Code::EventInvalid, reason: format!("{}: {reason}", event.name), raw }
}
