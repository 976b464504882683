//! What an answer leads to: the next step, a second look, a part of the customers, a test of what may have faded.

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::experiment::{Call, HypothesisState, Origin, Purpose, Spec, State};
use epoch_stats::baseline::Band;

use super::ask::{arms, exposing};
use super::call::Called;
use super::end::row_of;
use super::lab::{Trial, holds};
use super::think::{Idea, tidy};
use super::{sums, value};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::text;

/// A follow-up of a follow-up of a follow-up is stubborn.
const DEPTH_MAX: usize = 3;

impl Engine {
    /// Tests a shipped winner against what was before, on the traffic that may be exposed.
    pub(crate) fn retest(&mut self, config: &Config, key: &str, out: &mut Vec<Action>) {
        let Some(trial) = self.lab.trials.get_mut(key) else { return };
        trial.recheck_at = None;
        let (spec, before) = (trial.experiment.spec.clone(), trial.before.clone());
        let shipped = trial.experiment.conclusion.as_ref().and_then(|c| match &c.call {
            Call::Ship { arm } => spec.arms.iter().find(|a| a.key == *arm).map(|a| a.value.clone()),
            _ => None,
        });
        let measured = trial.experiment.conclusion.as_ref().and_then(|c| c.measured);
        let lever = spec.lever.clone().unwrap_or_default();
        let held = self.levers.get(&lever).map(|s| s.value.clone());
        let (Some(before), Some(shipped), Some(held)) = (before, shipped, held) else {
            self.finish(key, State::Archived, "there is nothing to compare it with any more", out);
            return;
        };
        if held != shipped || !config.business.experimenting.autonomous {
            let words = if held == shipped { "the engine asks nothing of its own" } else { "the lever has moved on" };
            self.finish(key, State::Archived, words, out);
            return;
        }
        let free = config.business.limits.exposure_per_decision.clamp(0.05, 0.5);
        let next = format!("{key}_again");
        let (arms, share) = match config.metric(&spec.metric) {
            Some(metric) => exposing(metric, &shipped, &before, free),
            None => (arms(&shipped, &before, free), 1.0),
        };
        let mut retest = Spec {
            key: next.clone(),
            title: format!("{}, again", spec.title),
            hypothesis: format!("{key} was shipped; does it still do what it did?"),
            origin: Origin::Engine,
            purpose: Purpose::Retest,
            arms,
            share,
            from: None,
            until: None,
            hypothesis_id: None,
            parent: Some(key.to_owned()),
            ..spec.clone()
        };
        if let Some(arm) = retest.arms.get_mut(1) {
            "before".clone_into(&mut arm.key);
        }
        let s = config.metric(&spec.metric).map_or(1.0, sums::sign);
        // Going back undoes what was measured.
        let expected = measured.map(|m| {
            let back = super::effects::times(m, -s);
            Band { p10: back.low, p50: back.middle, p90: back.high }
        });
        if retest.mde.is_none() {
            retest.mde = measured.map(|m| m.middle.abs().max(0.005));
        }
        if let Some(trial) = self.lab.trials.get_mut(key) {
            trial.experiment.follow_ups.push(next);
        }
        if self.ask(config, retest, "engine", "retest", expected, out).is_err() {
            self.finish(key, State::Archived, "it could not be tested again", out);
        }
        self.emit(key, out);
    }

    /// What an answer leads to.
    pub(crate) fn follow(&mut self, config: &Config, key: &str, called: &Called) {
        let Some(trial) = self.lab.trials.get(key) else { return };
        let (spec, reading) = (trial.experiment.spec.clone(), trial.experiment.last.clone());
        let (Some(reading), Some(lever)) = (reading, spec.lever.as_ref().and_then(|l| config.lever(l)).cloned()) else {
            return;
        };
        if spec.purpose == Purpose::SelfAudit || !config.business.experimenting.autonomous {
            return;
        }
        let (Some(control), Some(arm)) = (spec.arms.first().cloned(), spec.arms.get(called.index).cloned()) else {
            return;
        };
        let s = config.metric(&spec.metric).map_or(1.0, sums::sign);
        let belief = called.after.map_or_else(
            || self.lab.prior(),
            |a| {
                let se = 0.5 * (a.interval[1] - a.interval[0]) / 1.96;
                self.lab.prior().posterior(a.estimate, se.max(1e-6))
            },
        );
        let idea = |generator: &str, from: &LeverValue, to: &LeverValue, because: String| Idea {
            generator: generator.to_owned(),
            lever: lever.key.clone(),
            from: from.clone(),
            to: to.clone(),
            metric: spec.metric.clone(),
            because,
            audience: spec.audience.clone(),
            expected: value::band(belief),
            evidence: Vec::new(),
            parent: Some(key.to_owned()),
        };
        let mut ideas = Vec::new();
        match (&called.call, spec.purpose) {
            (Call::Ship { .. }, Purpose::Retest) => {
                let words = format!("{key} found that {} is better after all", text::lever(&arm.value));
                ideas.push(idea("contradiction", &control.value, &arm.value, words));
            }
            (Call::Ship { .. }, _) => {
                // The same way on: where one step helped, the next may, too.
                for to in onward(&lever.kind, &control.value, &arm.value) {
                    let words = format!(
                        "{} was better than {}; the next step may be, too",
                        text::lever(&arm.value),
                        text::lever(&control.value)
                    );
                    let mut next = idea("neighbour", &arm.value, &to, words);
                    next.expected = value::band(self.lab.prior_of("neighbour"));
                    ideas.push(next);
                }
            }
            (Call::RollBack { .. }, Purpose::Decide) => {
                for to in onward(&lever.kind, &arm.value, &control.value) {
                    let words = format!("{} was worse; the other way may be better", text::lever(&arm.value));
                    let mut next = idea("follow_up", &control.value, &to, words);
                    next.expected = value::band(self.lab.prior_of("follow_up"));
                    ideas.push(next);
                }
            }
            (Call::Futile | Call::Inconclusive, Purpose::Decide) => {
                if (called.promising || belief.above(0.0) >= 0.85) && self.depth(key) < DEPTH_MAX {
                    let words = format!("{key} ended without an answer, but it is likely better");
                    ideas.push(idea("follow_up", &control.value, &arm.value, words));
                }
                let row = row_of(&reading, called.index);
                for g in row.map(|r| r.segments.as_slice()).unwrap_or_default() {
                    let (low, high) =
                        if s < 0.0 { (-g.shrunk.high, -g.shrunk.low) } else { (g.shrunk.low, g.shrunk.high) };
                    if low > 0.0 && spec.audience.is_none() {
                        let words = format!(
                            "in {} {} it was better by {} although not as a whole",
                            g.segment,
                            g.value,
                            text::change(s * g.shrunk.middle)
                        );
                        let mut next = idea("segment", &control.value, &arm.value, words);
                        next.audience = Some(format!("{} == '{}'", g.segment, g.value.replace('\'', "''")));
                        next.expected = Band { p10: low, p50: s * g.shrunk.middle, p90: high };
                        ideas.push(next);
                    }
                }
            }
            _ => {}
        }
        self.contradict(key, &arm.value, &spec.metric, &lever.key, &called.call);
        for idea in ideas.into_iter().take(4) {
            self.suppose(config, idea);
        }
    }

    /// An answer that goes against an earlier one about the same value opens that one again.
    fn contradict(&mut self, key: &str, value: &LeverValue, metric: &str, lever: &str, call: &Call) {
        let against = match call {
            Call::Ship { .. } => HypothesisState::Refuted,
            Call::RollBack { .. } => HypothesisState::Supported,
            _ => return,
        };
        for h in self.lab.hypotheses.values_mut() {
            let same = h.lever == lever && h.to == *value && h.metric == metric;
            if same && h.state == against && h.experiment.as_deref() != Some(key) {
                h.state = HypothesisState::Open;
                h.because = format!("{}; {key} found the opposite", h.because);
                h.evidence.push(key.to_owned());
                self.lab.changed = true;
            }
        }
    }

    /// Experiments this one follows from.
    fn depth(&self, key: &str) -> usize {
        let mut depth = 0;
        let mut at = key;
        while let Some(parent) = self.lab.trials.get(at).and_then(|t| t.experiment.spec.parent.as_deref()) {
            depth += 1;
            if depth >= DEPTH_MAX {
                break;
            }
            at = parent;
        }
        depth
    }

    /// The hypothesis goes where its experiment is.
    pub(crate) fn settle_hypothesis(&mut self, trial: &Trial) {
        let e = &trial.experiment;
        let Some(h) = e.spec.hypothesis_id.as_ref().and_then(|id| self.lab.hypotheses.get_mut(id)) else { return };
        let called = e.conclusion.as_ref().map(|c| &c.call);
        let state = match (e.state, called) {
            (_, Some(Call::Ship { .. })) => HypothesisState::Supported,
            (_, Some(Call::RollBack { .. })) => HypothesisState::Refuted,
            (_, Some(Call::Futile | Call::Inconclusive)) => HypothesisState::Open,
            (State::Refused, _) => HypothesisState::Unanswerable,
            (State::Stopped | State::Archived, _) | (_, Some(Call::Blocked)) => HypothesisState::Dropped,
            (state, _) if holds(state) || matches!(state, State::Proposed | State::Designed) => {
                HypothesisState::Testing
            }
            _ => return,
        };
        if h.state != state {
            h.state = state;
            h.experiment = Some(e.spec.key.clone());
            if e.value_minor_per_week.is_some() {
                h.value_minor_per_week = e.value_minor_per_week;
            }
            self.lab.changed = true;
        }
    }
}

/// One step further in the direction from one value to the other.
fn onward(kind: &LeverKind, from: &LeverValue, to: &LeverValue) -> Vec<LeverValue> {
    match (kind, from, to) {
        (LeverKind::Number { min, max, .. }, LeverValue::Number(a), LeverValue::Number(b)) => {
            let next = tidy(b + (b - a));
            if (*min..=*max).contains(&next) { vec![LeverValue::Number(next)] } else { Vec::new() }
        }
        (LeverKind::Variant { options }, LeverValue::Text(a), LeverValue::Text(b)) => {
            let other = options.iter().find(|o| *o != a && *o != b);
            other.map(|o| LeverValue::Text(o.clone())).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
