//! Experiments: what the engine made of them, and what the events say.

use std::sync::Arc;

use epoch_model::business::Metric;
use epoch_model::error::Result;
use epoch_model::experiment::{Experiment, Look, Pilot, Portfolio, Reading, Spec};
use epoch_model::time::{Millis, Zone};

use super::{NEAR, ROUNDS, Store};
use crate::experiments::{Counter, Mode, PilotAsked, Plan, Tracked, catch_up, kept, pilot};
use crate::fault::DbResult;
use crate::log;

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

    /// Counts these experiments from here on, and no others. When the set changed, it is counted from the log first, while events
    /// keep coming in and the former ones stay in force; answers when all are in force. The set is not kept: who opens the
    /// store names it again. [`Code::InvalidArgument`](epoch_model::Code::InvalidArgument) names a metric that cannot be
    /// counted per unit, [`Code::WrongState`](epoch_model::Code::WrongState) is for a store opened for reading: nothing is
    /// changed then.
    pub fn track(&self, mut experiments: Vec<Tracked>) -> Result<()> {
        // The same set in another order is the same set.
        experiments.sort_by(|a, b| a.spec.key.cmp(&b.spec.key));
        let _building = self.inner.building.lock();
        let zone = self.shared().plan.read().zone().clone();
        if self.shared().experiments.read().plan.tracked == experiments {
            return Ok(());
        }
        let plan = Arc::new(Plan::compile(experiments, zone, Mode::Experiment)?);
        self.count_log(&plan).map(drop)
    }

    /// Which experiments are counted.
    pub fn tracked(&self) -> Vec<Tracked> {
        self.shared().experiments.read().plan.tracked.clone()
    }

    /// How much is remembered for them: units that are in experiments (a person once, a group once), and events of anybody.
    pub fn remembered(&self) -> (usize, usize) {
        self.shared().experiments.read().size()
    }

    /// The experiments as the events in the log say, in the order of `keys`; events that were acknowledged are in it. `at` decides
    /// which units are old enough for retention. Costs the same however many events there are.
    /// [`Code::NotFound`](epoch_model::Code::NotFound) for one that is not tracked.
    pub fn looks(&self, keys: &[String], at: Millis) -> Result<Vec<Look>> {
        // Locked one by one: the writer waits for one look, not for all.
        let look = |key: &String| {
            let counter = self.shared().experiments.read();
            counter.plan.find(key).map(|number| counter.look(number, at))
        };
        keys.iter().map(look).collect()
    }

    /// The same as [`Self::looks`], counted anew from all events of the log.
    pub fn recount(&self, key: &str, at: Millis) -> Result<Look> {
        let plan = self.shared().experiments.read().plan.clone();
        let number = plan.find(key)?;
        let mut counter = Counter::new(plan);
        self.read(|db| {
            let tx = db.unchecked_transaction().db()?;
            catch_up(&tx, &mut counter, 0, log::position(&tx)?)
        })?;
        Ok(counter.look(number, at))
    }

    /// What an experiment that ran over `from..to` with one arm would have counted of a metric: outcomes up to `window_days`
    /// after the first exposure (0 for no limit) and before `to`. Without exposures it has no units.
    /// [`Code::InvalidArgument`](epoch_model::Code::InvalidArgument) when the metric cannot be counted per unit. Reads the log of
    /// that time and before.
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
        let asked = PilotAsked { spec, metric, from, to, window_days, covariate_days, zone };
        self.read(|db| pilot(&*db.unchecked_transaction().db()?, &asked))
    }

    /// Counts what is tracked anew, in another timezone if one is named. Answers whether the numbers are the same. The lock on
    /// building is the caller's.
    pub(super) fn count_again(&self, zone: Option<Zone>) -> Result<bool> {
        let present = self.shared().experiments.read().plan.clone();
        let plan = match zone {
            Some(zone) if zone == present.zone => return Ok(true),
            Some(zone) => Arc::new(Plan::compile(present.tracked.clone(), zone, Mode::Experiment)?),
            None => present,
        };
        if plan.tracked.is_empty() {
            return Ok(true);
        }
        self.count_log(&plan)
    }

    /// Counts the log, nearly up to its end beside the writer, and puts the result in force.
    fn count_log(&self, plan: &Arc<Plan>) -> Result<bool> {
        let mut counter = Box::new(Counter::new(plan.clone()));
        let mut upto = 0;
        for _ in 0..ROUNDS {
            let end = self.read(|db| {
                let tx = db.unchecked_transaction().db()?;
                let end = log::position(&tx)?;
                catch_up(&tx, &mut counter, upto, end)?;
                Ok(end)
            })?;
            let added = end - upto;
            upto = end;
            if added < NEAR {
                break;
            }
        }
        self.alone(move |writer| writer.count(counter, upto))
    }
}
