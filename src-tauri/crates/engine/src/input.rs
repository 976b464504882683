//! What the engine is told. Every input is journaled before it is handled, so each is plain data.

use epoch_model::business::{Business, LeverValue};
use epoch_model::decision::SignedVerdict;
use epoch_model::experiment::{Look, Pilot, Spec};
use epoch_model::gate::RunState;
use epoch_model::proposal::{Proposal, Scope};
use epoch_model::series::Point;
use epoch_model::time::{Grain, Millis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::playbook::Playbook;

/// One metric of a closed bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedMetric {
    /// The metric's key.
    pub metric: String,
    /// The whole.
    pub point: Point,
    /// (segment, value, point), largest first or in any order.
    pub segments: Vec<(String, String, Point)>,
}

/// Something that can influence a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    /// The configuration in force from now on.
    Configure {
        /// The business.
        business: Box<Business>,
        /// Playbooks; those in `business.playbooks_off` are ignored.
        playbooks: Vec<Playbook>,
        /// Public keys of the operators, 64 hex digits each.
        operator_keys: Vec<String>,
    },
    /// A bucket closed. In order per grain; a `start` at or before the last known one rewrites history from there.
    Closed {
        /// Width of the bucket.
        grain: Grain,
        /// First instant.
        start: Millis,
        /// First instant after it.
        end: Millis,
        /// The metrics of this grain.
        metrics: Vec<ClosedMetric>,
    },
    /// The operator answered a card.
    Verdict {
        /// The signed answer.
        signed: SignedVerdict,
    },
    /// The outbox finished with an effect.
    EffectResult {
        /// The decision's id.
        decision: String,
        /// It took place.
        ok: bool,
        /// Nobody knows whether it took place (a crash hid the answer).
        in_doubt: bool,
        /// What the provider said.
        detail: String,
        /// What it answered, as data (a run's url, a model's answer, a command's output); at most 64 KiB as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Value>,
    },
    /// Run, pause or stop.
    Run {
        /// The state from now on.
        state: RunState,
        /// Who: `system`, `operator:<key id>`.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A lever has this value although no decision of ours set it.
    LeverSeen {
        /// The lever's key.
        lever: String,
        /// Its value.
        value: LeverValue,
        /// Who changed it.
        by: String,
    },
    /// Somebody asks a question; it becomes an experiment if it can be answered.
    Asked {
        /// The question.
        spec: Box<Spec>,
        /// Who: `operator:<key id>`.
        by: String,
    },
    /// What [`Action::Measure`](crate::Action::Measure) asked for; one that could not be measured says why.
    Measured {
        /// The experiment's key.
        experiment: String,
        /// What is known of its population.
        pilot: std::result::Result<Box<Pilot>, String>,
    },
    /// Experiments were looked at.
    Looked {
        /// What the store counted, one per experiment.
        looks: Vec<Look>,
    },
    /// Ends an experiment before it is answered.
    EndAsked {
        /// The experiment's key.
        experiment: String,
        /// Who: `operator:<key id>`.
        by: String,
        /// Why.
        reason: String,
    },
    /// Somebody puts something forward.
    Proposed {
        /// What.
        proposal: Box<Proposal>,
        /// Who gave it to the host: `system`, `client:<id>`, `operator:<key id>`.
        by: String,
    },
    /// Its proposer takes a proposal back that did not run yet.
    Withdrawn {
        /// The proposer.
        proposer: String,
        /// Its own key of the proposal.
        key: String,
        /// Why.
        reason: String,
    },
    /// The proposer answers what the founder asked.
    Replied {
        /// The decision's id.
        decision: String,
        /// The proposer.
        by: String,
        /// The answer.
        text: String,
    },
    /// A proposer tells what became of a decision of its own, beside what is measured.
    Reported {
        /// The decision's id.
        decision: String,
        /// The proposer.
        by: String,
        /// Whether it went as it should.
        good: bool,
        /// What happened.
        text: String,
    },
    /// A standing grant ends.
    GrantRevoked {
        /// Its id.
        grant: String,
        /// Who.
        by: String,
    },
    /// A stop of one scope, or its end.
    Halted {
        /// Whose effects.
        scope: Scope,
        /// Held from now on, or no longer.
        on: bool,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A provider's circuit breaker opened or closed.
    Breaker {
        /// The effect.
        effect: String,
        /// Whether it is open.
        open: bool,
    },
    /// Time passed: expiry, deferral, observation.
    Tick,
}
