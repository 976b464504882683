//! What may be asked of a sandbox, and told to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use epoch_model::insight::InsightKind;
use epoch_model::time::{DAY, Millis};
use epoch_model::{Code, Error, Result};
use epoch_sandbox::score::{FoundDecision, FoundInsight};
use epoch_sandbox::{Findings, Incident, IncidentKind, Scenario, Scorecard, Truth, Witness, score};
use epoch_store::InsightFilter;
use serde::{Deserialize, Serialize};

use super::charter::{Charter, FASTEST, Injected, Transport};
use super::company::{Company, Sent};
use super::found;
use crate::host::Host;

/// What a sandbox is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its history passes as fast as it goes.
    Filling,
    Running,
    Paused,
    Ended,
}

/// How a simulation stands.
#[derive(Debug, Clone)]
pub struct SandboxState {
    pub scenario: Scenario,
    pub charter: Charter,
    pub from: Millis,
    pub now: Millis,
    pub phase: Phase,
    /// Of history while it is filled, else of the whole.
    pub progress: f64,
    /// In the store.
    pub events: u64,
    /// Since the host started.
    pub sent: Sent,
    /// Whether time stands still because a card waits.
    pub held: bool,
    pub skip_until: Option<Millis>,
    /// Whether a thread lets its time pass.
    pub working: bool,
    /// Why it broke off; it is tried again.
    pub broken: Option<Error>,
    /// How its events travel after its history.
    pub transport: Transport,
}

/// Truth, findings and what comes of comparing them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judgement {
    pub truth: Truth,
    pub findings: Findings,
    pub score: Scorecard,
}

impl Host {
    fn company(&self) -> Result<&Arc<Company>> {
        self.inner.sandbox.as_ref().ok_or_else(|| {
            Error::new(Code::WrongState, "this business is not simulated", "start one with `ras sandbox run`")
        })
    }

    /// Whether this business is simulated.
    pub fn simulated(&self) -> bool {
        self.inner.sandbox.is_some()
    }

    /// How the simulation stands; `None` for a business that is real.
    pub fn sandbox(&self) -> Option<SandboxState> {
        let company = self.inner.sandbox.as_ref()?;
        let charter = company.charter.lock().clone();
        let (now, replay) = (self.now(), self.replay_state());
        let from = company.scenario.starts_at();
        let working = company.working.load(Ordering::Relaxed);
        let filling = now < charter.history_until;
        let skip_until = replay.and_then(|s| s.skip_until);
        let phase = if now >= charter.until {
            Phase::Ended
        } else if filling && working {
            Phase::Filling
        } else if working && (charter.speed() > 0.0 || skip_until.is_some()) {
            Phase::Running
        } else {
            Phase::Paused
        };
        let end = if filling { charter.history_until } else { charter.until };
        #[expect(clippy::cast_precision_loss, reason = "a progress bar needs no more than 53 bits")]
        let progress = (now - from) as f64 / (end - from).max(1) as f64;
        Some(SandboxState {
            scenario: company.scenario.clone(),
            from,
            now,
            phase,
            progress: progress.clamp(0.0, 1.0),
            events: self.inner.store.count(None),
            sent: company.tally.sent(),
            held: replay.is_some_and(|s| s.held),
            skip_until,
            working,
            broken: company.broken.lock().clone(),
            transport: company.transport_of(&charter),
            charter,
        })
    }

    /// Changes how fast it goes on after its history, and whether it waits for cards.
    pub fn sandbox_speed(&self, speed: f64, hold: Option<bool>) -> Result<()> {
        let company = self.company()?;
        if speed.is_nan() || speed < 0.0 {
            let message = "a simulated business has no real time to go back to";
            return Err(Error::new(Code::InvalidArgument, message, "give a speed of 0 or more"));
        }
        let mut charter = company.charter.lock();
        charter.set_speed(speed);
        charter.hold = hold.unwrap_or(charter.hold);
        charter.save(&company.place)?;
        if !company.filling.load(Ordering::Relaxed)
            && let Some(state) = self.inner.replay.lock().as_mut()
        {
            state.speed = if speed < FASTEST { speed } else { f64::INFINITY };
            state.hold = charter.hold;
        }
        Ok(())
    }

    /// Lets so many days pass as fast as they go.
    pub fn sandbox_skip(&self, days: f64) -> Result<()> {
        let company = self.company()?;
        if !(days > 0.0 && days <= 3660.0) {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("{days} days cannot be skipped"),
                "give 0.01 to 3660",
            ));
        }
        let now = self.now();
        let mut replay = self.inner.replay.lock();
        let waiting = "it is not running: open it in the console or with `ras serve`, and wait until history is filled";
        match replay.as_mut().filter(|state| !state.finished && !company.filling.load(Ordering::Relaxed)) {
            #[expect(clippy::cast_possible_truncation, reason = "ten years in milliseconds fit")]
            Some(state) => {
                state.skip_until = Some(now + (days * DAY as f64) as Millis);
                Ok(())
            }
            None => Err(Error::new(Code::WrongState, "the simulation does not go on", waiting)),
        }
    }

    /// Lets something happen from now on, for so many days.
    pub fn sandbox_inject(&self, kind: &str, days: f64) -> Result<()> {
        let company = self.company()?;
        let known = IncidentKind::all().find(|k| k.law().name == kind).ok_or_else(|| {
            let kinds: Vec<_> = IncidentKind::all().map(|k| k.law().name).collect();
            let message = format!("there is no kind of incident “{kind}”");
            Error::new(Code::NotFound, message, format!("there are: {}", kinds.join(", ")))
        })?;
        if !(days > 0.0 && days <= 366.0) {
            return Err(Error::new(Code::InvalidArgument, format!("{days} days is no length"), "give 0.01 to 366"));
        }
        let at = company.inject(Incident::preset(known, days))?;
        let mut charter = company.charter.lock();
        charter.injected.push(Injected { kind: kind.to_owned(), at, days });
        charter.save(&company.place)
    }

    /// What was really going on so far. Seconds of work for a year when it is asked for the first time, or after something
    /// was let happen; after that, what the days since cost.
    pub fn sandbox_truth(&self) -> Result<Truth> {
        let company = self.company()?;
        let world = company.look()?;
        let mut witness = company.witness.lock();
        Ok(witness.get_or_insert_with(|| Witness::of(&world)).truth(&world))
    }

    /// What the engine found out and did, as the store and the levers' history tell it.
    pub fn sandbox_findings(&self) -> Result<Findings> {
        let all = InsightFilter { limit: 1_000_000, ..InsightFilter::default() };
        let found = self.inner.store.insights(&all)?.into_iter();
        // That a goal will be missed, or that few people click, is no claim that something happened.
        let found = found.filter(|i| matches!(i.kind, InsightKind::Anomaly | InsightKind::Guardrail));
        let insights = found.filter(|insight| insight.continues.is_none()).map(|insight| FoundInsight {
            segment: insight.drivers.first().map(|d| (d.segment.clone(), d.value.clone())),
            metric: insight.metric,
            start: insight.from,
            detected_at: insight.at,
        });
        let insights = insights.collect();
        let mut decisions = Vec::new();
        for lever in self.business().levers {
            for change in self.inner.published.history(&lever.key)? {
                let value = match change.kind.as_str() {
                    "value" => change.to,
                    "killed" => Some(lever.default.clone()),
                    _ => None,
                };
                let key = &lever.key;
                decisions.extend(value.map(|value| FoundDecision { lever: key.clone(), value, at: change.at }));
            }
        }
        decisions.sort_by_key(|decision| decision.at);
        let experiments = found::claims(&self.business(), &self.inner.store.experiments()?);
        Ok(Findings { insights, decisions, experiments, ..Findings::default() })
    }

    /// How well the engine understood and ran the company.
    pub fn sandbox_score(&self) -> Result<Scorecard> {
        Ok(self.sandbox_judgement(None)?.score)
    }

    /// Truth and score of these findings, or of the engine's own.
    pub fn sandbox_judgement(&self, findings: Option<Findings>) -> Result<Judgement> {
        let truth = self.sandbox_truth()?;
        let findings = match findings {
            Some(findings) => findings,
            None => self.sandbox_findings()?,
        };
        Ok(Judgement { score: score(&truth, &findings), truth, findings })
    }

    pub(crate) fn start_company(&self) -> Result<()> {
        if self.inner.sandbox.is_none() {
            return Ok(());
        }
        let inner = Arc::clone(&self.inner);
        let spawned = std::thread::Builder::new().name("company".into()).spawn(move || inner.run_company());
        let failed = |e| Error::new(Code::Internal, format!("a thread does not start: {e}"), "close other programs");
        self.keep_thread(spawned.map_err(failed)?);
        Ok(())
    }
}
