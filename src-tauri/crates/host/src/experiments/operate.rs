//! What may be asked of the experiments of an open business, and done to them.

use epoch_engine::{Action, Input};
use epoch_model::experiment::{Design, Experiment, Look, Pilot, Refusal, Spec, State};
use epoch_model::{Code, Error, Result};

use crate::host::Host;
use crate::inner::Inner;

impl Host {
    /// What would become of a question: what is known of its population, and its design or why it has none. Changes nothing.
    pub fn check_experiment(&self, spec: &Spec) -> Result<(Pilot, Result<Design, Refusal>)> {
        let pilot = self.inner.pilot(spec)?;
        let (asked, known) = (spec.clone(), pilot.clone());
        let design = self.inner.engine.peek(move |engine| engine.design(&asked, &known))?;
        Ok((pilot, design))
    }

    /// Asks a question. It is measured at once, so that what is answered has a design, or says why it cannot be answered.
    pub fn ask_experiment(&self, spec: Spec, by: &str) -> Result<Experiment> {
        let key = spec.key.clone();
        if self.inner.store.experiment(&key)?.is_some() {
            let message = format!("there is an experiment “{key}” already");
            return Err(Error::new(Code::InvalidArgument, message, "give it another key"));
        }
        self.inner.give_about_experiments(by, Input::Asked { spec: Box::new(spec), by: by.to_owned() })?;
        self.inner.work_on_experiments();
        self.experiment(&key)
    }

    /// Ends an experiment before it is answered.
    pub fn end_experiment(&self, key: &str, by: &str, reason: &str) -> Result<Experiment> {
        self.experiment(key)?;
        self.inner.end_experiment(key, by, reason)?;
        self.inner.work_on_experiments();
        self.experiment(key)
    }

    /// One of them, as it is kept.
    pub fn experiment(&self, key: &str) -> Result<Experiment> {
        self.inner.store.experiment(key)?.ok_or_else(|| {
            Error::new(
                Code::NotFound,
                format!("there is no experiment “{key}”"),
                "list them with `ras experiments DIR`",
            )
        })
    }

    /// What the store has counted of a running experiment until now; `None` while it counts nothing of it.
    pub fn look_now(&self, key: &str) -> Option<Look> {
        let at = self.inner.experiments_horizon()?;
        self.inner.store.looks(&[key.to_owned()], at).ok()?.pop()
    }
}

impl Inner {
    fn give_about_experiments(&self, by: &str, input: Input) -> Result<()> {
        for action in self.engine.give_one(by, input)? {
            if let Action::Refused { code, message, .. } = action {
                return Err(Error::new(code, message, "look at the experiment and at what else runs"));
            }
        }
        Ok(())
    }

    fn end_experiment(&self, key: &str, by: &str, reason: &str) -> Result<()> {
        let input = Input::EndAsked { experiment: key.to_owned(), by: by.to_owned(), reason: reason.to_owned() };
        self.give_about_experiments(by, input)?;
        self.effects.run_due().map(|_| ())
    }

    /// Ends what runs on levers that are off: nobody sees its arms any more.
    pub(crate) fn end_experiments_of_killed(&self, by: &str) -> Result<()> {
        let business = self.config.read().business.clone();
        let off = |lever: &str| business.levers.iter().any(|l| l.key == lever && l.serving.off);
        let running = self.engine.peek(|engine| {
            let running = engine.experiments().filter(|e| e.state == State::Running);
            running.filter_map(|e| Some((e.spec.key.clone(), e.spec.lever.clone()?))).collect::<Vec<_>>()
        })?;
        for (key, lever) in running.into_iter().filter(|(_, lever)| off(lever)) {
            let reason = format!("its lever “{lever}” was switched off");
            if let Err(e) = self.end_experiment(&key, by, &reason) {
                tracing::warn!(experiment = %key, error = %e, "an experiment on a killed lever could not be ended");
            }
        }
        Ok(())
    }
}
