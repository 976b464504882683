//! What the engine asked for, and the work on it: pilots measured, units counted, looks taken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use epoch_engine::{Action, Input, Tracked as Wanted};
use epoch_model::business::{Business, Metric};
use epoch_model::experiment::{Experiment, Pilot, Spec, State};
use epoch_model::time::{DAY, Grain, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::Tracked;
use parking_lot::Mutex;
use serde_json::json;

use crate::clock::Mode;
use crate::closer::data_horizon;
use crate::inner::Inner;

/// Days of the newest data that a pilot reads.
pub(super) const PILOT_DAYS: i64 = 28;
/// The longest test of somebody else that is measured whole.
const TEST_DAYS_MAX: i64 = 400;
/// Days before a unit's first exposure that its covariate covers.
pub(super) const COVARIATE_DAYS: u32 = 14;
/// Segments a look is split by, and every part of it.
const SEGMENTS_MAX: usize = 5;
/// How often a live business asks whether a look is due.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The meta key of the day that was looked at last: its first instant.
const LOOKED: &str = "experiments.looked";
/// Rounds of work that one call may cause: a measured question is asked, started and counted within three.
const ROUNDS_MAX: usize = 4;

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Lab {
    /// Questions whose population is to be measured.
    measures: Mutex<Vec<Spec>>,
    /// Whether other experiments are to be counted than are.
    recount: AtomicBool,
    working: Mutex<()>,
    asked: Mutex<Option<Instant>>,
}

impl Lab {
    /// Hears what the engine answered.
    pub(crate) fn hear(&self, action: &Action) {
        match action {
            Action::Measure { spec } => {
                let mut measures = self.measures.lock();
                measures.retain(|s| s.key != spec.key);
                measures.push((**spec).clone());
            }
            Action::Experiment(_) => self.count_again(),
            _ => {}
        }
    }

    /// The set that is counted may be another one now.
    pub(crate) fn count_again(&self) {
        self.recount.store(true, Ordering::Release);
    }

    fn idle(&self) -> bool {
        !self.recount.load(Ordering::Acquire) && self.measures.lock().is_empty()
    }
}

impl Inner {
    /// Takes up what an earlier run left: what was to be measured and was not, and what is to be counted.
    pub(crate) fn resume_experiments(&self) -> Result<()> {
        let open = self.store.experiments()?;
        let unmeasured = open.into_iter().filter(|e| e.state == State::Proposed && e.pilot.is_none());
        self.lab.measures.lock().extend(unmeasured.map(|e| e.spec));
        self.lab.count_again();
        Ok(())
    }

    /// In a thread of its own: works while nobody else moves time.
    pub(crate) fn pulse_experiments(&self) {
        let importing = self.import.lock().as_ref().is_some_and(|job| job.running());
        let replaying = self.replay.lock().is_some_and(|s| !s.finished);
        if !importing && !replaying {
            self.work_on_experiments();
        }
    }

    /// [`Inner::experiment`], with its failure as a problem on screen.
    pub(crate) fn work_on_experiments(&self) {
        match self.experiment() {
            Ok(()) => self.problems.solve("experiments"),
            Err(e) => {
                tracing::error!(error = %e, "experiments could not be worked on");
                self.problems.put("experiments", e, None);
            }
        }
    }

    /// Measures what is to be measured, counts what is to be counted, looks at what is due, until nothing is left.
    pub(crate) fn experiment(&self) -> Result<()> {
        let _one_at_a_time = self.lab.working.lock();
        self.look_if_due()?;
        for _ in 0..ROUNDS_MAX {
            if self.lab.idle() {
                break;
            }
            self.measure()?;
            self.effects.run_due()?;
            self.count()?;
        }
        Ok(())
    }

    /// Until when data is complete; `None` without any.
    pub(super) fn experiments_horizon(&self) -> Option<Millis> {
        let (_, newest) = self.store.span()?;
        let now = self.clock.now();
        Some(data_horizon(now, newest, self.arrivals.live_until(), &self.zone(), Grain::Day))
    }

    /// Before there are events nothing is known of anybody: what is asked waits for them.
    fn measure(&self) -> Result<()> {
        while self.store.span().is_some() {
            let Some(spec) = self.lab.measures.lock().first().cloned() else { return Ok(()) };
            let pilot = self.pilot(&spec).map(Box::new).map_err(|e| e.message);
            if let Err(why) = &pilot {
                tracing::info!(experiment = %spec.key, why, "its population could not be measured");
            }
            self.engine.give_one("system", Input::Measured { experiment: spec.key.clone(), pilot })?;
            // Only now: a commit that failed leaves it to be done.
            self.lab.measures.lock().retain(|s| *s != spec);
        }
        Ok(())
    }

    /// What is known of a question's population before it is asked. Where somebody else sorts the units, that is the test itself.
    pub(super) fn pilot(&self, spec: &Spec) -> Result<Pilot> {
        let business = self.config.read().business.clone();
        let metric = named(&business, &spec.metric)
            .ok_or_else(|| Error::new(Code::NotFound, format!("there is no metric “{}”", spec.metric), "define it"))?;
        let none = || Error::new(Code::NotFound, "there are no events yet", "connect a source, or import a file");
        let (first, _) = self.store.span().ok_or_else(none)?;
        let end = self.experiments_horizon().ok_or_else(none)?;
        let zone = self.zone();
        let (from, to) = if spec.lever.is_none() {
            let to = spec.until.unwrap_or(end).min(end);
            let from = spec.from.unwrap_or_else(|| zone.floor(first, Grain::Day));
            (from.max(to - TEST_DAYS_MAX * DAY).min(to), to)
        } else {
            (zone.floor(end - PILOT_DAYS * DAY, Grain::Day), end)
        };
        self.store.pilot(spec, metric, from, to, 0, COVARIATE_DAYS, &zone)
    }

    /// Lets the store count what the engine wants counted.
    fn count(&self) -> Result<()> {
        if !self.lab.recount.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let counted = || {
            let wanted = self.engine.peek(epoch_engine::Engine::tracked)?;
            let business = self.config.read().business.clone();
            self.store.track(wanted.iter().filter_map(|w| tracked(&business, w)).collect())
        };
        let done = counted();
        if done.is_err() {
            self.lab.count_again();
        }
        done
    }

    /// A look at every running experiment when a day is over, and at those the engine waits for.
    fn look_if_due(&self) -> Result<()> {
        if self.clock.mode() == Mode::Real {
            let mut asked = self.lab.asked.lock();
            if asked.is_some_and(|at| at.elapsed() < ASK_EVERY) {
                return Ok(());
            }
            *asked = Some(Instant::now());
        }
        let Some(at) = self.experiments_horizon() else { return Ok(()) };
        let day = self.zone().floor(at, Grain::Day);
        let (running, due) = self.engine.peek(move |engine| {
            // A look sees data up to its instant, so none is taken twice at one; and the first one sees the end of a day, so that
            // it does not depend on how fast time runs.
            let seen = |e: &Experiment| e.last.as_ref().map(|r| r.at).max(e.started_at);
            let fresh = |e: &&Experiment| seen(e).is_none_or(|seen| seen < at);
            let ripe = |e: &Experiment| e.last.is_some() || e.started_at.is_none_or(|from| from < day);
            let running =
                || engine.experiments().filter(|e| e.state == State::Running).filter(fresh).filter(|e| ripe(e));
            let keys: Vec<String> = running().map(|e| e.spec.key.clone()).collect();
            let mut due = engine.looks_due(at);
            due.retain(|key| running().any(|e| e.spec.key == *key));
            (keys, due)
        })?;
        if running.is_empty() {
            return Ok(());
        }
        let looked = self.store.meta(LOOKED)?.and_then(|v| v.as_i64());
        let day_over = looked.is_none_or(|last| last < day);
        let keys = if day_over { running } else { due };
        if !keys.is_empty() {
            // The set first, so that every one of them is counted.
            self.count()?;
            let looks = self.store.looks(&keys, at)?;
            self.engine.give_one("system", Input::Looked { looks })?;
        }
        if day_over {
            self.store.put_meta(LOOKED, Some(&json!(day)))?;
        }
        Ok(())
    }
}

fn named<'a>(business: &'a Business, key: &str) -> Option<&'a Metric> {
    business.metrics.iter().find(|m| m.key == key)
}

/// What the store needs to count it; `None` once its deciding metric is gone.
fn tracked(business: &Business, wanted: &Wanted) -> Option<Tracked> {
    let primary = named(business, &wanted.spec.metric)?;
    // Nobody saw an arm of ours before it started; what others sorted counts from where they say.
    let from = match (wanted.spec.from, &wanted.spec.lever) {
        (Some(from), None) => from,
        (Some(from), Some(_)) => from.max(wanted.from),
        (None, _) => wanted.from,
    };
    Some(Tracked {
        spec: wanted.spec.clone(),
        metrics: wanted.metrics.iter().filter_map(|key| named(business, key)).cloned().collect(),
        from,
        until: wanted.until,
        covariate_days: wanted.covariate_days,
        segments: primary.segments.iter().take(SEGMENTS_MAX).cloned().collect(),
    })
}
