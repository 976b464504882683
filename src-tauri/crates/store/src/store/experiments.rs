//! Experiments: what the engine made of them, and what the events say.

use epoch_model::business::Metric;
use epoch_model::error::{Code, Error, Result};
use epoch_model::experiment::{Experiment, Look, Pilot, Portfolio, Reading, Spec};
use epoch_model::time::{Millis, Zone};

use super::Store;
use crate::experiments::{Tracked, kept};

impl Store {
    /// All experiments, newest first.
    pub fn experiments(&self) -> Result<Vec<Experiment>> {
        self.read(kept::experiments)
    }

    /// One of them.
    pub fn experiment(&self, key: &str) -> Result<Option<Experiment>> {
        self.read(|db| kept::experiment(db, key))
    }

    /// Its looks as they were read, in order.
    pub fn readings(&self, key: &str) -> Result<Vec<Reading>> {
        self.read(|db| kept::readings(db, key))
    }

    /// The stream of experiments as the engine last told it; `None` before it did.
    pub fn portfolio(&self) -> Result<Option<Portfolio>> {
        self.read(kept::portfolio)
    }

    /// Counts these experiments from here on, and no others. What was not counted yet is counted from the log first, while
    /// events keep coming in; answers when all are in force. [`Code::InvalidArgument`] names a metric that cannot be counted per
    /// unit: nothing is changed then.
    pub fn track(&self, experiments: Vec<Tracked>) -> Result<()> {
        Err(missing(&experiments))
    }

    /// The experiments as the events in the log say, in the order of `keys`. `at` decides which units are old enough for
    /// retention. [`Code::NotFound`] for one that is not tracked.
    pub fn looks(&self, keys: &[String], at: Millis) -> Result<Vec<Look>> {
        Err(missing(&(keys, at)))
    }

    /// The same as [`Self::looks`], counted anew from all events of the log.
    pub fn recount(&self, key: &str, at: Millis) -> Result<Look> {
        Err(missing(&(key, at)))
    }

    /// What an experiment that ran over `from..to` with one arm would have counted of a metric: outcomes up to `window_days`
    /// after the first exposure (0 for no limit) and before `to`. Without exposures it has no units.
    /// [`Code::InvalidArgument`] when the metric cannot be counted per unit. Reads the log of that time and before.
    #[expect(clippy::too_many_arguments, reason = "they are the question")]
    pub fn pilot(
        &self,
        spec: &Spec,
        metric: &Metric,
        from: Millis,
        to: Millis,
        window_days: u32,
        covariate_days: u32,
        zone: &Zone,
    ) -> Result<Pilot> {
        Err(missing(&(spec, metric, from, to, window_days, covariate_days, zone)))
    }
}

fn missing(asked: &impl std::fmt::Debug) -> Error {
    Error::new(Code::Internal, format!("not counted yet: {asked:?}"), "wait for the next version")
}
