//! Proposals the tests put forward, and what they look for in the answers.

use epoch_engine::{Action, Input};
use epoch_model::business::Domain;
use epoch_model::decision::{Act, Decision, Evidence, Strength};
use epoch_model::proposal::{Expected, Proposal};
use epoch_model::time::{DAY, Millis};
use serde_json::json;

use crate::world::{World, number};

pub fn set(lever: &str, to: f64) -> Act {
    Act::SetLever { lever: lever.into(), from: number(0.0), to: number(to) }
}

pub fn call(text: &str) -> Act {
    Act::Call { effect: "ops_alert".into(), payload: json!({ "text": text, "size": 3, "loud": false }) }
}

pub fn choose() -> Act {
    Act::Choose { question: "Which colour?".into(), options: vec!["red".into(), "blue".into()], choice: "red".into() }
}

pub fn offer(proposer: &str, key: &str, act: Act) -> Proposal {
    Proposal {
        key: key.into(),
        proposer: proposer.into(),
        headline: format!("{key}, says {proposer}"),
        act,
        domain: Domain::Pricing,
        expected: None,
        evidence: vec![Evidence {
            text: "customers asked for it".into(),
            strength: Strength::Observational,
            at: Millis::MAX,
            insight: None,
            rows: None,
        }],
        counter_evidence: Vec::new(),
        alternatives: Vec::new(),
        expires_in: 3 * DAY,
        compensation: false,
        origin: None,
        reversibility: None,
        version: String::new(),
    }
}

/// Two per cent more or less revenue over a week.
pub fn expecting(mut proposal: Proposal, metric: &str) -> Proposal {
    proposal.expected = Some(Expected { metric: metric.into(), p10: -0.01, p50: 0.02, p90: 0.05, horizon: 7 * DAY });
    proposal
}

pub fn propose_by(world: &mut World, by: &str, proposal: Proposal) -> Vec<Action> {
    world.send(Input::Proposed { proposal: Box::new(proposal), by: by.into() })
}

/// Put forward by whom it names; workflows and agents by the host.
pub fn propose(world: &mut World, proposal: Proposal) -> Vec<Action> {
    let by = if proposal.proposer.starts_with("client:") { proposal.proposer.clone() } else { "system".into() };
    propose_by(world, &by, proposal)
}

/// The open decision of a proposal.
pub fn card(world: &World, proposer: &str, key: &str) -> Decision {
    let id = world.engine.proposal(proposer, key).expect("a known proposal").to_owned();
    world.engine.decision(&id).expect("an open decision").clone()
}

pub fn notices(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|a| match a {
            Action::Notify { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
