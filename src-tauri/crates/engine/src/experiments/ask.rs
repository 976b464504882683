//! Reading access for whoever counts and asks.

use epoch_model::experiment::{Design, Experiment, Pilot, Portfolio, Refusal, Spec, State};
use epoch_model::time::Millis;

use super::Tracked;
use crate::Engine;

impl Engine {
    /// An experiment the engine remembers.
    pub fn experiment(&self, key: &str) -> Option<&Experiment> {
        self.lab.trials.get(key).map(|t| &t.experiment)
    }

    /// Every experiment the engine remembers, by key.
    pub fn experiments(&self) -> impl Iterator<Item = &Experiment> {
        self.lab.trials.values().map(|t| &t.experiment)
    }

    /// The experiments whose units are to be counted now.
    pub fn tracked(&self) -> Vec<Tracked> {
        let counted = |e: &&Experiment| matches!(e.state, State::Running | State::Concluding);
        self.experiments().filter(counted).filter_map(tracked).collect()
    }

    /// Keys of running experiments whose next look is due at `now`.
    pub fn looks_due(&self, now: Millis) -> Vec<String> {
        let due = |e: &&Experiment| {
            e.state == State::Running && e.last.as_ref().is_none_or(|r| r.next_look.is_none_or(|at| at <= now))
        };
        self.experiments().filter(due).map(|e| e.spec.key.clone()).collect()
    }

    /// What the designer would make of a question, without asking it.
    pub fn design(&self, spec: &Spec, pilot: &Pilot) -> Result<Design, Refusal> {
        let _ = (spec, pilot);
        Err(Refusal {
            at: self.now(),
            code: "no_traffic".to_owned(),
            reason: "nothing is known of its traffic".to_owned(),
            cheaper: None,
            cheaper_mde: None,
        })
    }

    /// The stream of experiments as it is now.
    pub fn portfolio(&self) -> Portfolio {
        Portfolio { at: self.now(), ..Portfolio::default() }
    }
}

fn tracked(e: &Experiment) -> Option<Tracked> {
    let mut metrics = Vec::new();
    for key in std::iter::once(&e.spec.metric).chain(&e.spec.secondary).chain(&e.spec.guardrails) {
        if !metrics.contains(key) {
            metrics.push(key.clone());
        }
    }
    Some(Tracked {
        spec: e.spec.clone(),
        from: e.started_at?,
        until: e.spec.until,
        covariate_days: e.design.as_ref().map_or(0, |d| d.covariate_days),
        metrics,
    })
}
