//! What steps asked for, done after their commit: metrics read, experiments asked, what is out taken back.

use epoch_engine::{Action, Input};
use epoch_model::Result;
use epoch_model::business::LeverValue;
use epoch_model::decision::State as Decided;
use epoch_model::experiment::{Call, Experiment, Exposure, Origin, Purpose, Spec, State};
use epoch_model::predicate::Predicate;
use epoch_model::series::SeriesQuery;
use epoch_model::serving::Arm;
use epoch_model::time::{DAY, Grain, Millis};
use epoch_workflows::definition::Question;
use epoch_workflows::run::Verdict;
use epoch_workflows::{Answer, Command, Event};

use super::open::Open;
use super::{Message, Workflows, answers, pass, proposer};

/// How keys of experiments that runs ask for begin.
pub(super) const EXPERIMENT: &str = "wf-";

impl Workflows {
    /// Performs what steps asked for. What would act outside is held while everything is stopped.
    pub(super) fn perform(&self, open: &mut Open, commands: Vec<(u64, Command)>) -> Result<()> {
        let running = self.running();
        let mut calls = Vec::new();
        for (id, command) in commands {
            let acts = matches!(
                command,
                Command::Propose { .. }
                    | Command::Ask { .. }
                    | Command::AskExperiment { .. }
                    | Command::StartSub { .. }
                    | Command::CancelSub { .. }
            );
            if acts && !running {
                open.held.push((id, command));
                continue;
            }
            match command {
                Command::Propose { .. } | Command::Ask { .. } => calls.push((id, command)),
                Command::Measure { key, metric, before_from, from, to, .. } => {
                    let value = self.reading(&metric, from, to);
                    let before = self.reading(&metric, before_from, from);
                    tell(open, id, Event::Measured { key, value, before });
                }
                Command::AskExperiment { key, question, .. } => self.ask_experiment(open, id, &key, &question)?,
                Command::StartSub { key, workflow, run, inputs, wait, .. } => {
                    self.start_sub(open, id, &key, &workflow, &run, inputs, wait)?;
                }
                Command::CancelSub { key, run, reason } => self.cancel_sub(open, id, &key, &run, &reason)?,
                Command::Withdraw { key, answer, reason } => self.withdraw(open, id, &key, answer, &reason)?,
                Command::Ended { .. } | Command::Note { .. } => {}
            }
        }
        self.propose(open, calls)
    }

    /// A metric over a window; `None` where it is not known (any more).
    fn reading(&self, metric: &str, from: Millis, to: Millis) -> Option<f64> {
        let own = self.config.read().business.metrics.iter().find(|m| m.key == metric)?.grain;
        let grain = if to - from >= DAY { Grain::Day } else { own };
        let query = SeriesQuery { metric: metric.to_owned(), from, to, grain, by: None };
        match self.store.series(&query) {
            Ok(series) => series.first().and_then(|s| s.total.value).filter(|v| v.is_finite()),
            Err(e) => {
                tracing::warn!(%metric, error = %e, "a run could not read a metric");
                None
            }
        }
    }

    /// Takes back what a run has out under a key, where it has not happened yet, and says what became of it.
    fn withdraw(&self, open: &mut Open, id: u64, key: &str, answer: bool, reason: &str) -> Result<()> {
        if let Some(experiment) = self.store.experiment(&experiment_key(key))? {
            if !is_over(&experiment) {
                let by = Self::proposer_of(open, id);
                let input = Input::EndAsked {
                    experiment: experiment.spec.key.clone(),
                    by: by.clone(),
                    reason: reason.to_owned(),
                };
                self.engine.give_one(by, input)?;
            }
            return Ok(());
        }
        let Some((attempt, decision)) = self.store.called(key, None)? else {
            if answer {
                let answer = Answer::Withdrawn;
                tell(open, id, Event::Answered { key: key.to_owned(), attempt: 1, answer });
            }
            return Ok(());
        };
        if answers::is_end(&decision) {
            if let Some(message) = self.answer_of(&decision)?.filter(|_| answer) {
                open.queue.push_back(message);
            }
            return Ok(());
        }
        if matches!(decision.state, Decided::Executing | Decided::InDoubt) {
            // It is out: its end answers.
            return Ok(());
        }
        let key = answers::proposal_key(key, attempt);
        let input = Input::Withdrawn { proposer: decision.proposer.clone(), key, reason: reason.to_owned() };
        self.engine.give_one(decision.proposer, input).map(|_| ())
    }

    pub(super) fn proposer_of(open: &Open, id: u64) -> String {
        open.slots.get(&id).map_or_else(|| proposer("ended"), |slot| proposer(&slot.workflow))
    }

    fn ask_experiment(&self, open: &mut Open, id: u64, key: &str, question: &Question) -> Result<()> {
        let name = experiment_key(key);
        if let Some(known) = self.store.experiment(&name)? {
            self.experiment_moved(open, &known);
            return Ok(());
        }
        let spec = match self.spec(&name, question) {
            Ok(spec) => spec,
            Err(reason) => {
                let answer = Answer::Failed { reason, again: false };
                tell(open, id, Event::Answered { key: key.to_owned(), attempt: 1, answer });
                return Ok(());
            }
        };
        let by = Self::proposer_of(open, id);
        let actions = self.engine.give_one(by.clone(), Input::Asked { spec: Box::new(spec), by })?;
        if let Some(message) = refusal(&actions) {
            let answer = Answer::Refused { reason: message };
            tell(open, id, Event::Answered { key: key.to_owned(), attempt: 1, answer });
        }
        Ok(())
    }

    fn spec(&self, name: &str, question: &Question) -> std::result::Result<Spec, String> {
        let business = self.config.read().business.clone();
        let lever = business.levers.iter().find(|l| l.key == question.lever);
        let lever = lever.ok_or_else(|| format!("there is no lever “{}”", question.lever))?;
        if question.arms.len() < 2 {
            return Err("it has fewer than two arms".to_owned());
        }
        if let Some(audience) = &question.audience {
            Predicate::parse(audience).map_err(|e| e.message)?;
        }
        let weight = 1.0 / question.arms.len() as f64;
        let arms = question.arms.iter();
        let arms = arms.map(|arm| Arm { key: arm.key.clone(), value: arm.value.clone(), weight }).collect();
        let guardrails = business.guardrails.iter().map(|g| g.metric.clone());
        let mut guardrails: Vec<String> = guardrails.filter(|m| *m != question.metric).collect();
        guardrails.retain(|key| business.metrics.iter().any(|m| m.key == *key && m.kind.is_per_unit()));
        guardrails.dedup();
        Ok(Spec {
            key: name.to_owned(),
            title: format!("{}: {}", lever.title, question.hypothesis),
            hypothesis: question.hypothesis.clone(),
            origin: Origin::Operator,
            purpose: Purpose::Decide,
            lever: Some(lever.key.clone()),
            arms,
            metric: question.metric.clone(),
            secondary: Vec::new(),
            guardrails,
            exposure: Exposure::of_lever(&lever.key),
            audience: question.audience.clone(),
            share: question.share,
            slice: None,
            group: lever.serving.group.clone(),
            from: None,
            until: None,
            mde: question.mde,
            cap: None,
            hypothesis_id: None,
            parent: None,
        })
    }

    /// An experiment that a run asked for changed its state: tells the run its verdict once it has one.
    pub(super) fn experiment_moved(&self, open: &mut Open, experiment: &Experiment) {
        if !is_over(experiment) {
            return;
        }
        let Some(part) = experiment.spec.key.strip_prefix(EXPERIMENT) else { return };
        // The key of the wait is longer than an experiment's key shows; the run that asked is found by its open waits.
        let by = experiment.history.first().map(|step| step.actor.clone()).unwrap_or_default();
        let workflow = by.strip_prefix("workflow:").unwrap_or_default();
        let ids: Vec<u64> = open.slots.iter().filter(|(_, s)| &*s.workflow == workflow).map(|(id, _)| *id).collect();
        for id in ids {
            let Ok(warm) = open.warm(&self.store, id) else { continue };
            let waits = warm.run.waits_for();
            let Some(wait) = waits.iter().find(|wait| wait.key.starts_with(part)) else { continue };
            let answer = verdict(experiment);
            tell(open, id, Event::Answered { key: wait.key.clone(), attempt: 1, answer });
            return;
        }
    }
}

/// The key of the experiment asked for under a wait's key.
pub(super) fn experiment_key(key: &str) -> String {
    format!("{EXPERIMENT}{}", key.get(..16).unwrap_or(key))
}

/// Whether nothing more is to be learnt from it.
fn is_over(experiment: &Experiment) -> bool {
    match experiment.state {
        State::Refused | State::Stopped | State::Archived | State::Watching => true,
        State::Proposed | State::Designed | State::Waiting | State::Running | State::Concluding => false,
    }
}

fn verdict(experiment: &Experiment) -> Answer {
    if experiment.state == State::Refused {
        let reason = experiment.refusal.as_ref().map(|r| r.reason.clone()).unwrap_or_default();
        return Answer::Refused { reason };
    }
    let Some(conclusion) = &experiment.conclusion else {
        let reason = experiment.history.last().map(|step| step.reason.clone()).unwrap_or_default();
        return Answer::Failed { reason, again: false };
    };
    let control = experiment.spec.arms.first();
    let (decision, arm) = match &conclusion.call {
        Call::Ship { arm } => ("ship", Some(arm)),
        Call::RollBack { .. } => ("keep", None),
        Call::Continue | Call::Blocked | Call::Futile | Call::Inconclusive => ("inconclusive", None),
    };
    let winner = arm.and_then(|key| experiment.spec.arms.iter().find(|a| a.key == *key)).or(control);
    let measured = conclusion.measured.as_ref();
    let verdict = Verdict {
        experiment: experiment.spec.key.clone(),
        decision: decision.to_owned(),
        winner: winner.map(|arm| arm.key.clone()).unwrap_or_default(),
        value: winner.map_or(LeverValue::Bool(false), |arm| arm.value.clone()),
        lift: measured.map(|m| m.middle),
        low: measured.map(|m| m.low),
        high: measured.map(|m| m.high),
    };
    match pass::to_json(&verdict) {
        Ok(value) => Answer::Done { value, cost_minor: 0 },
        Err(e) => Answer::Failed { reason: e.message, again: false },
    }
}

/// Why the engine refused an input, if it did.
pub(super) fn refusal(actions: &[Action]) -> Option<String> {
    actions.iter().find_map(|action| match action {
        Action::Refused { message, .. } => Some(message.clone()),
        _ => None,
    })
}

/// An event for a run, ahead of what waits for others.
pub(super) fn tell(open: &mut Open, id: u64, event: Event) {
    if let Some(slot) = open.slots.get(&id) {
        let run = slot.key.to_string();
        open.queue.push_back(Message::Event { run, event, by: None, reply: None });
    }
}
