//! What past experiments teach: how large effects are here, which ways of finding questions pay, how good predictions are.

use std::collections::BTreeMap;

use epoch_model::experiment::{Pilot, Portfolio, StrategyRecord};
use epoch_model::time::Millis;
use epoch_stats::baseline::Band;
use epoch_stats::bayes::{self, Belief, PastEffect};

use super::lab::{Lab, Learnt, Reach};
use super::traffic::Traffic;
use crate::config::Config;

/// What is believed of relative effects before anything was tested: most changes do little (published collections of
/// experiments have medians of 1 to 3 %).
const FIRST: Belief = Belief { mean: 0.0, sd: 0.1 };
/// Past experiments that this first belief weighs as much as.
const PRIOR_WEIGHT: f64 = 8.0;
/// Past effects that are remembered.
const LEARNT_MAX: usize = 500;
/// Hypotheses that are shown.
const SHOWN_MAX: usize = 200;

impl Lab {
    /// The belief about the relative improvement of a change nothing special is known of.
    pub(crate) fn prior(&self) -> Belief {
        self.prior.unwrap_or(FIRST)
    }

    /// Learns an effect: the prior is estimated anew (empirical Bayes over all experiments, not only those that won).
    pub(crate) fn learn(&mut self, learnt: Learnt) {
        self.learnt.push_back(learnt);
        while self.learnt.len() > LEARNT_MAX {
            self.learnt.pop_front();
        }
        self.prior = believed(self.learnt.iter(), FIRST);
        self.changed = true;
    }

    /// The same for one way of finding questions, drawn towards the whole.
    pub(crate) fn prior_of(&self, generator: &str) -> Belief {
        let own = self.learnt.iter().filter(|l| l.generator == generator);
        believed(own, self.prior()).unwrap_or_else(|| self.prior())
    }

    /// An expert's band, moved by how far such predictions lay beside the truth so far.
    pub(crate) fn corrected(&self, generator: &str, expected: Band) -> Band {
        let own: Vec<&Learnt> = self.learnt.iter().filter(|l| l.generator == generator).collect();
        let n = own.len() as f64;
        let bias: f64 = own.iter().map(|l| l.measured - l.predicted).sum::<f64>() / (n + 4.0);
        Band { p10: expected.p10 + bias, p50: expected.p50 + bias, p90: expected.p90 + bias }
    }

    /// How a way of finding questions weighs in choosing the next: its hit rate against all, both drawn towards one in five.
    pub(crate) fn weight(&self, generator: &str) -> f64 {
        let rate = |f: &dyn Fn(&Learnt) -> bool| {
            let (n, hits) = self
                .learnt
                .iter()
                .filter(|l| f(l))
                .fold((0.0, 0.0), |(n, h), l| (n + 1.0, h + f64::from(u8::from(l.called))));
            (hits + 1.0) / (n + 5.0)
        };
        (rate(&|l| l.generator == generator) / rate(&|_| true)).clamp(0.2, 5.0)
    }

    pub(crate) fn strategies(&self) -> Vec<StrategyRecord> {
        let mut all: BTreeMap<String, Vec<&Learnt>> = BTreeMap::new();
        for l in &self.learnt {
            all.entry(l.generator.clone()).or_default().push(l);
            all.entry(format!("design:{}", l.method)).or_default().push(l);
        }
        all.into_iter()
            .map(|(strategy, found)| {
                let n = found.len() as f64;
                let weight = if strategy.starts_with("design:") { 1.0 } else { self.weight(&strategy) };
                StrategyRecord {
                    tested: found.len() as u64,
                    hits: found.iter().filter(|l| l.called).count() as u64,
                    bias: found.iter().map(|l| l.measured - l.predicted).sum::<f64>() / n,
                    weight,
                    strategy,
                }
            })
            .collect()
    }

    pub(crate) fn reached(&mut self, lever: &str, at: Millis, pilot: &Result<Box<Pilot>, String>) {
        let units_per_day = pilot.as_ref().map_or(0.0, |p| Traffic::of(&p.new_units).per_day);
        let pilot = pilot.as_ref().ok().filter(|_| units_per_day > 0.0).map(|p| p.as_ref().clone());
        self.reach.insert(lever.to_owned(), Reach { at, units_per_day, pilot });
    }

    pub(crate) fn portfolio(&self, config: &Config, at: Millis) -> Portfolio {
        let prior = self.prior();
        let mut hypotheses: Vec<_> = self.hypotheses.values().cloned().collect();
        let rank = |h: &epoch_model::experiment::Hypothesis| h.value_minor_per_week.unwrap_or(i64::MIN);
        hypotheses.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.id.cmp(&b.id)));
        hypotheses.truncate(SHOWN_MAX);
        Portfolio {
            at,
            budget: self.budget(config),
            audit: self.audit.shown(config),
            hypotheses,
            strategies: self.strategies(),
            prior_mean: prior.mean,
            prior_sd: prior.sd,
            prior_from: self.learnt.len() as u64,
        }
    }
}

fn believed<'a>(learnt: impl Iterator<Item = &'a Learnt>, guess: Belief) -> Option<Belief> {
    let past: Vec<PastEffect> =
        learnt.map(|l| PastEffect { estimate: l.measured.clamp(-2.0, 2.0), se: l.se }).collect();
    bayes::learn(&past, guess, PRIOR_WEIGHT).map(|l| l.belief)
}
