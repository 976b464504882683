//! Events of a company in this process, on their way to the store: large batches, several of them under way.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use epoch_company::tape::{self, Again};
use epoch_company::{CALLED, Exposure, Reported, UNIT};
use epoch_model::event::{EventBatch, EventSink as _, EventView, Receipt, event_id};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};

use super::book::{Books, Source};
use super::company::{Company, in_force};
use crate::config;
use crate::inner::Inner;
use crate::lapse::Feed;

/// Events of a batch, and batches under way at once.
const BATCH: usize = 4_000;
const AHEAD: usize = 6;
/// Time between two snapshots of the world.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// The source its events belong to, as `business.toml` declares it.
pub(crate) const SOURCE: &str = "sandbox";

pub(crate) struct Direct<'a> {
    host: &'a Inner,
    company: &'a Arc<Company>,
    books: Books,
    reported: Reported,
    saved: Instant,
    saved_at: Millis,
    answers: (Sender<Result<Receipt>>, Receiver<Result<Receipt>>),
}

impl<'a> Direct<'a> {
    pub(crate) fn new(host: &'a Inner, company: &'a Arc<Company>) -> Result<Self> {
        let mut world = company.world.lock();
        if world.is_none() {
            *world = Some(company.load()?);
        }
        let saved_at = world.as_ref().map_or(0, epoch_sandbox::World::now);
        Ok(Self {
            host,
            company,
            books: Books::load(&company.place),
            reported: Reported::default(),
            saved: Instant::now(),
            saved_at,
            answers: unbounded(),
        })
    }

    /// Brings the world to where the clock stands, after a crash: what a process of its own lived, from its tape; what was
    /// lived here, from the levers' books. All of it is known by its ids.
    pub(crate) fn catch_up(&mut self) -> Result<()> {
        self.relive()?;
        self.until(self.host.clock.now())
    }

    fn relive(&mut self) -> Result<()> {
        let folder = self.company.place.folder();
        let records = tape::read(folder)?;
        if records.is_empty() {
            return Ok(());
        }
        let company = Arc::clone(self.company);
        let mut held = company.world.lock();
        let Some(world) = held.as_mut() else { return Ok(()) };
        let mut line = Line { host: self.host, company: &company, answers: &self.answers, flying: 0, failed: None };
        let mut batch = EventBatch::new(SOURCE, world.now());
        tape::relive(world, &records, &mut |again| match again {
            Again::Event(event) => line.push(&mut batch, event.view(), event.arrives),
            Again::Exposure(seen) => line.push(&mut batch, view(seen), seen.at),
        });
        line.send(batch);
        line.finish()?;
        drop(held);
        self.save()?;
        tape::clear(self.company.place.folder())
    }

    /// Writes the world down.
    pub(crate) fn save(&mut self) -> Result<()> {
        let world = self.company.world.lock();
        let Some(world) = world.as_ref().filter(|world| world.now() > self.saved_at) else { return Ok(()) };
        config::write_whole(&self.company.place.world(), &world.snapshot())?;
        (self.saved, self.saved_at) = (Instant::now(), world.now());
        self.books.written(world.now(), &self.company.place)
    }
}

/// An exposure as the log takes it.
fn view(seen: &Exposure) -> EventView<'_> {
    EventView { id: event_id(SOURCE, &seen.id), time: seen.at, name: CALLED, unit: &seen.unit, props: &seen.props }
}

impl Feed for Direct<'_> {
    fn until(&mut self, to: Millis) -> Result<()> {
        let company = Arc::clone(self.company);
        let mut held = company.world.lock();
        let Some(world) = held.as_mut() else {
            return Err(Error::new(Code::Internal, "the simulated company has no world", "open the folder again"));
        };
        let current = in_force(self.host);
        let mut line = Line { host: self.host, company: &company, answers: &self.answers, flying: 0, failed: None };
        while world.now() < to && line.failed.is_none() {
            let clock = self.host.clock.now();
            let (levers, next) = self.books.at(world.now(), clock, &current, &company.place)?;
            let end = next.map_or(to, |next| next.min(to));
            let exposures = RefCell::new(Vec::<Exposure>::new());
            let source = Source { levers: &levers, reported: RefCell::new(&mut self.reported), exposures: &exposures };
            let mut batch = EventBatch::new(SOURCE, end);
            world.advance(end, &source, &mut |event| {
                for seen in exposures.borrow_mut().drain(..) {
                    line.push(&mut batch, view(&seen), seen.at);
                }
                line.push(&mut batch, event.view(), event.arrives);
            });
            for seen in exposures.take() {
                line.push(&mut batch, view(&seen), seen.at);
            }
            line.send(batch);
        }
        line.finish()
    }

    fn keep(&mut self) -> Result<()> {
        let ended = self.host.quitting() || self.host.replay.lock().is_none_or(|state| state.finished);
        if ended || self.saved.elapsed() > SAVE_EVERY { self.save() } else { Ok(()) }
    }
}

/// Batches on their way; keeps the first error.
struct Line<'a> {
    host: &'a Inner,
    company: &'a Company,
    answers: &'a (Sender<Result<Receipt>>, Receiver<Result<Receipt>>),
    flying: usize,
    failed: Option<Error>,
}

impl Line<'_> {
    fn push(&mut self, batch: &mut EventBatch, event: EventView<'_>, arrives: Millis) {
        if self.failed.is_some() {
            return;
        }
        self.company.tally.events.fetch_add(1, Ordering::Relaxed);
        // Received when it arrives in the simulation.
        batch.received = arrives;
        // What the company itself does is sent under its own name, as an SDK must.
        let event = if event.unit.is_empty() { EventView { unit: UNIT, ..event } } else { event };
        if let Err(e) = batch.push(event) {
            self.failed = Some(e);
        } else if batch.len() >= BATCH {
            let next = EventBatch::new(SOURCE, arrives);
            self.send(std::mem::replace(batch, next));
        }
    }

    fn send(&mut self, batch: EventBatch) {
        if batch.is_empty() || self.failed.is_some() {
            return;
        }
        while self.flying >= AHEAD {
            self.hear();
        }
        let mut pause = Duration::from_millis(5);
        loop {
            let reply = self.answers.0.clone();
            let done = Box::new(move |result| {
                let _ = reply.send(result);
            });
            match self.host.sink.submit(batch.clone(), done) {
                Ok(()) => break self.flying += 1,
                Err(e) if e.code == Code::Overloaded && pause < Duration::from_secs(5) => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                Err(e) => break self.failed = Some(e),
            }
        }
    }

    fn hear(&mut self) {
        self.flying -= 1;
        match self.answers.1.recv() {
            Ok(Ok(receipt)) => {
                let tally = &self.company.tally;
                tally.accepted.fetch_add(receipt.accepted, Ordering::Relaxed);
                tally.duplicates.fetch_add(receipt.duplicates, Ordering::Relaxed);
                tally.rejected.fetch_add(receipt.rejected, Ordering::Relaxed);
            }
            Ok(Err(e)) => self.failed = self.failed.take().or(Some(e)),
            Err(_) => {
                let ended = Error::new(Code::Internal, "the store ended before it answered", "start the host again");
                self.failed = self.failed.take().or(Some(ended));
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        while self.flying > 0 {
            self.hear();
        }
        self.failed.map_or(Ok(()), Err)
    }
}
