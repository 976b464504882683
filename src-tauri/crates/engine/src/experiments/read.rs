//! Reading access for whoever counts and asks.

use epoch_model::experiment::{Design, Experiment, Pilot, Portfolio, Refusal, Spec, State};
use epoch_model::time::Millis;

use super::Tracked;
use super::design::{self, Terms};
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

    /// The experiments whose units are to be counted now: from their start until their arms are taken back.
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
        let nothing = |code: &str, reason: String| Refusal {
            at: self.now(),
            code: code.to_owned(),
            reason,
            cheaper: None,
            cheaper_mde: None,
        };
        let Some(config) = &self.config else {
            return Err(nothing("conflict", "nothing is configured yet".to_owned()));
        };
        super::ask::sound(config, spec).map_err(|(code, reason)| nothing(code, reason))?;
        let in_stream = spec.lever.is_some() && spec.purpose == epoch_model::experiment::Purpose::Decide;
        let terms =
            Terms { level: in_stream.then(|| self.lab.next_level(config)), belief: self.lab.prior(), now: self.now() };
        design::design(config, spec, pilot, &terms)
    }

    /// The stream of experiments as it is now.
    pub fn portfolio(&self) -> Portfolio {
        self.config.as_ref().map_or_else(
            || Portfolio { at: self.now(), ..Portfolio::default() },
            |config| self.lab.portfolio(config, self.now()),
        )
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
