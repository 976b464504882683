//! False calls over the stream: which level a call needs, and what is left.
//!
//! Only calls that the engine may act on alone are tests of the stream: whether an arm of an experiment with a lever is
//! better (one-sided, Bonferroni over its arms). The level is drawn when the experiment starts and fixed from then on, its
//! p-value is told at its end (asynchronous ADDIS). Taking back is no call: it returns to what was.

use epoch_model::experiment::ErrorBudget;
use epoch_stats::fdr::{Evidence, Method, Procedure, Stream};

use super::lab::{Lab, Ticket, Trial};
use crate::config::Config;

fn fresh(config: &Config) -> Stream {
    let target = config.business.experimenting.false_discoveries.clamp(1e-4, 0.5);
    Stream::new(Procedure::new(Method::Addis, target))
}

impl Lab {
    fn stream(&mut self, config: &Config) -> &mut Stream {
        self.stream.get_or_insert_with(|| fresh(config))
    }

    /// Level of a test that would start now, one-sided.
    pub(crate) fn next_level(&self, config: &Config) -> f64 {
        self.stream.as_ref().map_or_else(|| fresh(config).next_level(), Stream::next_level)
    }

    /// A test starts.
    pub(crate) fn draw(&mut self, config: &Config) -> Option<Ticket> {
        let started = self.stream(config).start().ok()?;
        self.changed = true;
        Some(Ticket { number: started.number, level: started.level })
    }

    /// A test ends with its p-value; 1 where it never said anything. Whether it is a call of the stream.
    pub(crate) fn hand_in(&mut self, trial: &mut Trial, p: f64) -> bool {
        let (Some(ticket), Some(stream)) = (trial.ticket.take(), self.stream.as_mut()) else { return false };
        self.changed = true;
        let p = if p.is_finite() { p.clamp(0.0, 1.0) } else { 1.0 };
        stream.finish(ticket.number, Evidence::P(p)).is_ok_and(|v| v.rejected)
    }

    /// What may still be called wrong.
    pub(crate) fn budget(&self, config: &Config) -> ErrorBudget {
        let target = config.business.experimenting.false_discoveries;
        let owned;
        let stream = if let Some(stream) = &self.stream {
            stream
        } else {
            owned = fresh(config);
            &owned
        };
        let left = stream.budget();
        let begun = fresh(config).budget().wealth.max(1e-12);
        ErrorBudget {
            method: "addis_async".to_owned(),
            target,
            tests: (left.tests - left.under_way) as u64,
            calls: left.discoveries as u64,
            next_level: left.next_level,
            left: left.wealth / begun,
        }
    }
}
