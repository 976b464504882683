//! History fed as if it were arriving: events in order of their time, buckets closing, cards waiting for their answer.

use std::time::Instant;

use epoch_connectors::import::{self, ImportReport, OwnedEvent, Progress};
use epoch_model::business::Mapping;
use epoch_model::event::EventBatch;
use epoch_model::time::{Grain, Millis};
use epoch_model::{Code, Error, Result};

use crate::clock::Mode;
use crate::imports::ImportJob;
use crate::inner::Inner;
use crate::lapse::{self, Feed as _, ReplayState};

/// What to replay.
pub(crate) struct Task {
    pub(crate) mapping: Mapping,
    pub(crate) source: String,
    pub(crate) speed: f64,
    pub(crate) live_from: Option<Millis>,
    pub(crate) hold: bool,
}

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
    let state =
        ReplayState { speed: task.speed, hold: task.hold, held: false, until, finished: false, skip_until: None };
    *host.replay.lock() = Some(state);
    host.keep_clock()?;
    host.close_buckets(None)?;

    lapse::pass(host, &mut feed, until, &|| job.cancelled())?;
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

impl lapse::Feed for Feed<'_> {
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

    fn keep(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Feed<'_> {
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
