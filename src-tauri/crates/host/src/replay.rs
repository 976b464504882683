//! History fed as if it were arriving: events in order of their time, buckets closing, cards waiting for their answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use epoch_connectors::import::{self, ImportReport, OwnedEvent, Progress};
use epoch_model::business::Mapping;
use epoch_model::decision::State;
use epoch_model::event::EventBatch;
use epoch_model::time::{Grain, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::Mode;
use crate::imports::ImportJob;
use crate::inner::Inner;

/// How a replay runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReplayState {
    /// Seconds of history per second; 0 stands still, infinity is as fast as it goes.
    pub speed: f64,
    /// Whether time stands still while a card waits.
    pub hold: bool,
    /// Whether it stands still for that reason now.
    pub held: bool,
    /// Where it ends.
    pub until: Millis,
    /// Whether all events are fed.
    pub finished: bool,
}

/// Shared between the thread that replays and those who look.
pub(crate) type Shared = Arc<Mutex<Option<ReplayState>>>;

/// What to replay.
pub(crate) struct Task {
    pub(crate) mapping: Mapping,
    pub(crate) source: String,
    pub(crate) speed: f64,
    pub(crate) live_from: Option<Millis>,
    pub(crate) hold: bool,
}

const STEP: Duration = Duration::from_millis(40);
const BATCH: usize = 1000;

/// Replays a file to its end. Time stays where the file ends; it does not jump to the present.
pub(crate) fn run(host: &Inner, job: &ImportJob, task: &Task) -> Result<ImportReport> {
    let zone_name = host.config.read().business.timezone.clone();
    let mut source = import::events(&job.path, &task.mapping, &task.source, &zone_name)?;
    let mut events = Vec::new();
    for event in source.by_ref() {
        events.push(event?);
    }
    let rejected = source.rejected();
    events.sort_by_key(|e| e.time);
    let (Some(first), Some(last)) = (events.first().map(|e| e.time), events.last().map(|e| e.time)) else {
        return Err(Error::new(Code::FileUnreadable, "the file holds no event", "check the mapping"));
    };
    let mut feed = Feed {
        host,
        job,
        source: task.source.clone(),
        events,
        at: 0,
        bytes: std::fs::metadata(&job.path).map_or(0, |m| m.len()),
        started: Instant::now(),
        report: ImportReport::default(),
    };
    feed.report.rejected = rejected;

    let from = start_of(host, task, first, last);
    // The last event's day counts to its end, and is judged.
    let until = host.zone().next(host.zone().floor(last, Grain::Day), Grain::Day);
    feed.until(from)?;
    host.clock.set(Mode::Replay { now: from, until });
    let state = ReplayState { speed: task.speed, hold: task.hold, held: false, until, finished: false };
    *host.replay.lock() = Some(state);
    host.keep_clock()?;
    host.close_buckets(None)?;

    let mut kept = Instant::now();
    let mut moved = Instant::now();
    while !job.cancelled() && !host.quitting() {
        let now = host.clock.now();
        if now >= until {
            break;
        }
        host.effects.run_due()?;
        let target = match host.replay_target(now, moved.elapsed()) {
            Some(target) => target,
            None if host.replay.lock().is_none() => break,
            None => {
                std::thread::sleep(STEP);
                moved = Instant::now();
                continue;
            }
        };
        moved = Instant::now();
        step(host, &mut feed, target.min(until))?;
        if kept.elapsed() > Duration::from_secs(2) {
            host.keep_clock()?;
            kept = Instant::now();
        }
        if task.speed.is_finite() {
            std::thread::sleep(STEP);
        }
    }
    if let Some(state) = host.replay.lock().as_mut() {
        state.finished = true;
    }
    host.keep_clock()?;
    feed.report.cancelled = job.cancelled();
    feed.report.rows = feed.at as u64 + rejected;
    feed.report.seconds = feed.started.elapsed().as_secs_f64();
    Ok(feed.report)
}

/// Where arriving begins: as asked; where an earlier replay stood; else after the first two thirds of the file.
fn start_of(host: &Inner, task: &Task, first: Millis, last: Millis) -> Millis {
    let standing = match host.clock.mode() {
        Mode::Replay { now, .. } if now > first && now < last => Some(now),
        _ => None,
    };
    let wanted = task.live_from.or(standing).unwrap_or(first + (last - first) / 3 * 2);
    host.zone().floor(wanted.clamp(first, last), Grain::Day)
}

/// Moves time to `target`, stopping at every bucket's end on the way.
fn step(host: &Inner, feed: &mut Feed<'_>, target: Millis) -> Result<()> {
    let (zone, grain) = (host.zone(), host.finest_grain());
    loop {
        let now = host.clock.now();
        let end = zone.next(zone.floor(now, grain), grain);
        let to = end.min(target);
        feed.until(to)?;
        host.clock.advance_to(to);
        if to == end {
            host.close_buckets(None)?;
        }
        host.tick_if_due()?;
        host.effects.run_due()?;
        if to >= target || host.must_hold() {
            return Ok(());
        }
    }
}

impl Inner {
    /// Where time may move to after `elapsed` of real time; `None` while it stands still.
    fn replay_target(&self, now: Millis, elapsed: Duration) -> Option<Millis> {
        let held = self.must_hold();
        let mut shared = self.replay.lock();
        let state = shared.as_mut()?;
        state.held = held;
        if held || state.speed <= 0.0 {
            return None;
        }
        let end_of_day = self.zone().next(self.zone().floor(now, Grain::Day), Grain::Day);
        if state.speed.is_infinite() {
            return Some(end_of_day);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a step is far below 2^53 ms")]
        let step = (state.speed * elapsed.as_secs_f64() * 1000.0).clamp(1.0, 366.0 * 86_400_000.0) as Millis;
        Some(now + step)
    }

    /// Whether time must stand still because a card waits for its answer.
    fn must_hold(&self) -> bool {
        if !self.replay.lock().is_some_and(|s| s.hold) {
            return false;
        }
        let filter = DecisionFilter { states: vec![State::Pending], ..DecisionFilter::default() };
        let now = self.clock.now();
        self.store
            .decisions(&filter)
            .is_ok_and(|found| found.iter().any(|d| d.deferred_until.is_none_or(|until| until <= now)))
    }

    /// Notes how the clock runs, so that a restart does not jump years.
    pub(crate) fn keep_clock(&self) -> Result<()> {
        let mode = serde_json::to_value(self.clock.mode()).unwrap_or(json!(null));
        self.store.put_meta("clock", Some(&mode))
    }
}

struct Feed<'a> {
    host: &'a Inner,
    job: &'a ImportJob,
    source: String,
    events: Vec<OwnedEvent>,
    at: usize,
    /// Size of the file, for the progress bar.
    bytes: u64,
    started: Instant,
    report: ImportReport,
}

impl Feed<'_> {
    /// Commits all events before `to` that were not fed yet.
    fn until(&mut self, to: Millis) -> Result<()> {
        let end = self.at + self.events[self.at..].partition_point(|e| e.time < to);
        while self.at < end && !self.job.cancelled() {
            let next = end.min(self.at + BATCH);
            let slice = &self.events[self.at..next];
            let newest = slice.last().map_or(to, |e| e.time);
            // Received when it happened: that is what arriving means.
            let mut batch = EventBatch::new(self.source.as_str(), newest);
            for event in slice {
                batch.push(event.view())?;
            }
            let receipt = self.host.submit_and_wait(batch)?;
            self.report.accepted += receipt.accepted;
            self.report.duplicates += receipt.duplicates;
            self.report.rejected += receipt.rejected;
            self.at = next;
            self.note();
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a progress bar needs no more than 53 bits")]
    fn note(&self) {
        let elapsed = self.started.elapsed().as_secs_f64().max(1e-3);
        let (done, all) = (self.at as f64, self.events.len() as f64);
        let checkpoint = import::Checkpoint {
            rows: self.at as u64,
            accepted: self.report.accepted,
            duplicates: self.report.duplicates,
            ..import::Checkpoint::default()
        };
        self.job.note(Progress {
            bytes_read: self.bytes.saturating_mul(self.at as u64) / (self.events.len() as u64).max(1),
            bytes_total: self.bytes,
            rows: self.at as u64,
            rows_per_s: done / elapsed,
            seconds_left: (done > 0.0).then(|| elapsed / done * (all - done)),
            checkpoint,
        });
    }
}

impl Inner {
    /// Submits a batch and waits for its commit; waits, too, when the inbox is full.
    pub(crate) fn submit_and_wait(&self, batch: EventBatch) -> Result<epoch_model::event::Receipt> {
        use epoch_model::event::EventSink as _;
        let mut pause = Duration::from_millis(5);
        loop {
            let (reply, answer) = bounded(1);
            let submitted = self.sink.submit(
                batch.clone(),
                Box::new(move |result| {
                    let _ = reply.send(result);
                }),
            );
            match submitted {
                Ok(()) => {
                    return answer.recv().map_err(|_| {
                        Error::new(Code::Internal, "the store ended before it answered", "start the host again")
                    })?;
                }
                Err(e) if e.code == Code::Overloaded && pause < Duration::from_secs(5) => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                Err(e) => return Err(e),
            }
        }
    }
}
