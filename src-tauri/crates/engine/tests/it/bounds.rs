//! Proposals of others under limits: what the tests of limits and autonomy share.

use epoch_engine::{Action, Input};
use epoch_model::business::{Domain, LeverValue};
use epoch_model::decision::{Act, Decision};
use epoch_model::proposal::{Expected, Proposal};
use epoch_model::time::DAY;

use crate::world::{BUSINESS, World};

/// Northwind where everything runs that no limit holds, with these lines added, and `[limits]` begun with these.
pub fn free(limits: &str, more: &str) -> World {
    let text = BUSINESS
        .replace("exposure_per_decision = \"10 %\"", "exposure_per_decision = \"100 %\"")
        .replace("[limits]\n", &format!("[limits]\n{limits}\n"))
        .replace("reversibility = \"R0\"\n", "reversibility = \"R1\"\ncost = \"4 EUR\"\n");
    let text = format!("{text}\n[[policy]]\nname = \"all runs\"\nanswer = \"run\"\n{more}");
    World::with(&text, Vec::new())
}

/// A call of the alert.
pub fn call(key: &str) -> Proposal {
    let act = Act::Call { effect: "ops_alert".into(), payload: serde_json::json!({ "text": key }) };
    Proposal {
        key: key.to_owned(),
        proposer: "client:desk".into(),
        headline: format!("Tell them {key}"),
        act,
        domain: Domain::Operations,
        expected: None,
        evidence: Vec::new(),
        counter_evidence: Vec::new(),
        alternatives: Vec::new(),
        expires_in: 3 * DAY,
        compensation: false,
        origin: None,
        reversibility: None,
        version: String::new(),
    }
}

/// Another discount, expected to bring a little revenue within a week.
pub fn discount(world: &World, key: &str, to: f64) -> Proposal {
    let from = world.engine.lever("featured_discount").cloned().unwrap_or(LeverValue::Number(10.0));
    Proposal {
        act: Act::SetLever { lever: "featured_discount".into(), from, to: LeverValue::Number(to) },
        domain: Domain::Ecommerce,
        expected: Some(Expected { metric: "revenue".into(), p10: -0.02, p50: 0.02, p90: 0.05, horizon: 7 * DAY }),
        ..call(key)
    }
}

/// The newest form of the decision a proposal became.
pub fn decision(world: &World, proposal: &Proposal) -> Decision {
    let all = world.log.iter().rev().flat_map(|(_, _, actions)| actions.iter().rev());
    let mut found = all.filter_map(|a| match a {
        Action::Decision(d) if d.proposal.as_deref() == Some(&proposal.key) => Some(d.as_ref().clone()),
        _ => None,
    });
    found.next().expect("a decision")
}

/// Puts it forward and answers what became of it.
pub fn put(world: &mut World, proposal: &Proposal) -> Decision {
    world.send(Input::Proposed { proposal: Box::new(proposal.clone()), by: proposal.proposer.clone() });
    decision(world, proposal)
}
