//! Time that is not the machine's: it moves on as fast as asked, events arrive as it passes, buckets close, cards are
//! waited for. Whatever feeds the events, a file of history or a simulated company, time passes the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use epoch_model::decision::State;
use epoch_model::event::EventBatch;
use epoch_model::time::{Grain, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::inner::Inner;

/// How time runs.
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
    /// Until then time runs as fast as it goes, whatever the speed.
    #[serde(default)]
    pub skip_until: Option<Millis>,
}

/// Shared between the thread that moves time and those who look.
pub(crate) type Shared = Arc<Mutex<Option<ReplayState>>>;

/// Where events come from while time passes.
pub(crate) trait Feed {
    /// Commits all events before `to` that were not fed yet.
    fn until(&mut self, to: Millis) -> Result<()>;
    /// How far time may move at once.
    fn stride(&self) -> Millis {
        Millis::MAX
    }
    /// Called about every two seconds, and at the end: a chance to note how far it came.
    fn keep(&mut self) -> Result<()>;
}

const STEP: Duration = Duration::from_millis(40);
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// Lets time pass until `until`, or until it is cancelled, taken back to real time, or the host quits.
pub(crate) fn pass(host: &Inner, feed: &mut dyn Feed, until: Millis, cancelled: &dyn Fn() -> bool) -> Result<()> {
    let mut kept = Instant::now();
    let mut moved = Instant::now();
    while !cancelled() && !host.quitting() {
        let now = host.clock.now();
        if now >= until {
            break;
        }
        host.effects.run_due()?;
        let target = match host.lapse_target(now, moved.elapsed()) {
            Some(target) => target,
            None if host.replay.lock().is_none() => break,
            None => {
                std::thread::sleep(STEP);
                moved = Instant::now();
                continue;
            }
        };
        moved = Instant::now();
        step(host, feed, target.min(until))?;
        if kept.elapsed() > KEEP_EVERY {
            host.keep_clock()?;
            feed.keep()?;
            kept = Instant::now();
        }
        if !host.in_a_hurry() {
            std::thread::sleep(STEP);
        }
    }
    if let Some(state) = host.replay.lock().as_mut() {
        state.finished = true;
    }
    host.keep_clock()?;
    feed.keep()
}

/// Moves time to `target`, stopping at every bucket's end on the way.
fn step(host: &Inner, feed: &mut dyn Feed, target: Millis) -> Result<()> {
    let (zone, grain) = (host.zone(), host.finest_grain());
    loop {
        let now = host.clock.now();
        let end = zone.next(zone.floor(now, grain), grain);
        let mut to = end.min(target).min(now.saturating_add(feed.stride()));
        // A run's timer is an instant of its own; what is overdue cannot be gone back to.
        to = host.workflows.next_due().filter(|due| *due > now).map_or(to, |due| to.min(due));
        feed.until(to)?;
        host.clock.advance_to(to);
        if to == end {
            host.close_buckets(None)?;
        }
        host.tick_if_due()?;
        host.workflows.pass()?;
        host.effects.run_due()?;
        host.experiment()?;
        host.workflows.pass()?;
        if to >= target || host.must_hold() || host.quitting() {
            return Ok(());
        }
    }
}

impl Inner {
    /// Where time may move to after `elapsed` of real time; `None` while it stands still.
    fn lapse_target(&self, now: Millis, elapsed: Duration) -> Option<Millis> {
        let held = self.must_hold();
        let mut shared = self.replay.lock();
        let state = shared.as_mut()?;
        state.held = held;
        state.skip_until = state.skip_until.filter(|until| *until > now);
        if held {
            return None;
        }
        let end_of_day = self.zone().next(self.zone().floor(now, Grain::Day), Grain::Day);
        if state.skip_until.is_some() || state.speed.is_infinite() {
            return Some(end_of_day);
        }
        if state.speed <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a step is far below 2^53 ms")]
        let step = (state.speed * elapsed.as_secs_f64() * 1000.0).clamp(1.0, 366.0 * 86_400_000.0) as Millis;
        Some(now + step)
    }

    /// Whether time runs as fast as it goes.
    fn in_a_hurry(&self) -> bool {
        self.replay.lock().is_some_and(|state| state.speed.is_infinite() || state.skip_until.is_some())
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
