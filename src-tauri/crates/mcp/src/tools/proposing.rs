//! Tools that put something forward or speak about what is one's own. What is allowed is decided by the host and the engine.

use epoch_api::clients::{ActArgs, ProposeArgs, QuestionArgs, WordsArgs};
use epoch_api::views::{ArmDraft, AskExperimentArgs};
use epoch_host::clients::{Deed, Draft, Reason};
use epoch_model::decision::{Alternative, Decision, RowsRef};
use epoch_model::experiment::Experiment;
use epoch_model::proposal::Expected;
use epoch_model::time::{DAY, Millis};
use epoch_model::{Code, Error, Result};
use serde_json::Value;

use super::Desk;
use super::inputs::{ActInput, Ask, Expectation, Propose, ProposeWorkflow, ReasonInput, Reply, Report, Said, Withdraw};
use crate::answers::{DecisionAnswer, ExperimentAnswer, word};
use crate::times::read;

pub(super) fn decision(desk: &Desk, asked: Propose) -> Result<DecisionAnswer> {
    let act = match asked.act {
        ActInput::SetLever { lever, to } => Deed::SetLever { lever, to: to.into() },
        ActInput::CallEffect { effect, payload } => Deed::CallEffect { effect, payload: Value::Object(payload) },
        ActInput::StartWorkflow { workflow, input } => Deed::StartWorkflow { workflow, input: Value::Object(input) },
    };
    let mut draft = draft(desk, asked.said, act)?;
    draft.expected = asked.expected.map(expected).transpose()?;
    draft.reversibility = asked.reversibility.map(Into::into);
    propose(desk, draft)
}

pub(super) fn workflow(desk: &Desk, asked: ProposeWorkflow) -> Result<DecisionAnswer> {
    let ProposeWorkflow { said, workflow, from_version, text } = asked;
    let draft = draft(desk, said, Deed::EditWorkflow { workflow, from_version, text })?;
    propose(desk, draft)
}

fn propose(desk: &Desk, draft: Draft) -> Result<DecisionAnswer> {
    own(desk, "propose", ProposeArgs { draft })
}

fn own(desk: &Desk, name: &str, act: impl serde::Serialize) -> Result<DecisionAnswer> {
    let decision: Decision = desk.link.ask(name, ActArgs { client: desk.client.id.clone(), act })?;
    Ok(DecisionAnswer::of(&decision, &desk.client.principal()))
}

fn draft(desk: &Desk, said: Said, act: Deed) -> Result<Draft> {
    let zone = if said.reasons.iter().chain(&said.against).any(|r| r.from.is_some()) {
        desk.ground()?.business.timezone
    } else {
        String::from("UTC")
    };
    let reasons = |all: Vec<ReasonInput>| all.into_iter().map(|r| reason(r, &zone)).collect::<Result<Vec<_>>>();
    Ok(Draft {
        key: said.key,
        headline: said.headline,
        act,
        expected: None,
        reasons: reasons(said.reasons)?,
        against: reasons(said.against)?,
        alternatives: said.alternatives.into_iter().map(|a| Alternative { what: a.what, why_not: a.why_not }).collect(),
        expires_in: said.expires_in_hours.map(|hours| spell("expires_in_hours", hours / 24.0)).transpose()?,
        reversibility: None,
        version: said.version.unwrap_or_default(),
    })
}

fn reason(given: ReasonInput, zone: &str) -> Result<Reason> {
    let rows = match (given.metric, given.from, given.to) {
        (None, None, None) => None,
        (Some(metric), Some(from), Some(to)) => {
            Some(RowsRef { metric, from: read("from", &from, zone)?, to: read("to", &to, zone)?, segment: None })
        }
        _ => {
            let hint = "give metric, from and to together, or none of them";
            return Err(Error::new(Code::InvalidArgument, "the rows of a reason are only half named", hint));
        }
    };
    Ok(Reason { text: given.text, rows })
}

fn expected(given: Expectation) -> Result<Expected> {
    let Expectation { metric, p10, p50, p90, days } = given;
    Ok(Expected { metric, p10, p50, p90, horizon: spell("days", days)? })
}

/// A number of days as a span. What is a sensible span is the host's to say.
fn spell(field: &str, days: f64) -> Result<Millis> {
    if !(0.0..=1_000.0).contains(&days) {
        return Err(Error::new(Code::InvalidArgument, format!("“{field}” is no span of time"), "see the input schema"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded to 1,000 days above")]
    let span = (days * DAY as f64).round() as Millis;
    Ok(span)
}

pub(super) fn experiment(desk: &Desk, asked: Ask) -> Result<ExperimentAnswer> {
    let arms = asked.arms.into_iter().map(|a| ArmDraft { key: a.key, value: a.value.into(), weight: None });
    let question = AskExperimentArgs {
        key: asked.key,
        title: Some(asked.title),
        hypothesis: asked.hypothesis,
        lever: Some(asked.lever),
        arms: arms.collect(),
        metric: asked.metric,
        guardrails: asked.guardrails,
        audience: asked.audience,
        share: asked.share,
        mde: asked.smallest_effect,
        ..AskExperimentArgs::default()
    };
    let act = QuestionArgs { question };
    let e: Experiment = desk.link.ask("ask", ActArgs { client: desk.client.id.clone(), act })?;
    Ok(ExperimentAnswer {
        state: word(e.state),
        days: e.design.as_ref().map(|d| (d.days.p10, d.days.p50, d.days.p90)),
        smallest_effect: e.design.as_ref().map(|d| d.mde),
        refusal: e.refusal.as_ref().map(|r| r.reason.clone()),
        instead: e.refusal.as_ref().and_then(|r| r.cheaper.clone()),
        decisions: e.decisions,
        metric: e.spec.metric,
        key: e.spec.key,
    })
}

pub(super) fn withdraw(desk: &Desk, asked: Withdraw) -> Result<DecisionAnswer> {
    own(desk, "withdraw", WordsArgs { decision: asked.decision, text: asked.reason, good: None })
}

pub(super) fn reply(desk: &Desk, asked: Reply) -> Result<DecisionAnswer> {
    own(desk, "reply", WordsArgs { decision: asked.decision, text: asked.text, good: None })
}

pub(super) fn report(desk: &Desk, asked: Report) -> Result<DecisionAnswer> {
    own(desk, "report", WordsArgs { decision: asked.decision, text: asked.text, good: Some(asked.good) })
}
