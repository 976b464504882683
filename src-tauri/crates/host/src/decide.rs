//! What proposers and the operator do to decisions beside answering one card: put forward, take back, reply, report, open
//! again, revoke a grant, stop one scope. What the engine refuses comes back as an error with its closed code.

use std::collections::BTreeMap;

use epoch_engine::{Action, BudgetLine, Engine, Input, Reliability};
use epoch_model::autonomy::Standing;
use epoch_model::decision::{Decision, SignedVerdict};
use epoch_model::proposal::{Grant, Proposal, Scope};
use epoch_model::{Code, Error, Result};
use serde::de::DeserializeOwned;

use crate::host::Host;

/// The first refusal among what the engine answered.
pub(crate) fn refused(actions: &[Action]) -> Result<()> {
    actions
        .iter()
        .find_map(|action| match action {
            Action::Refused { code, what, message } => {
                Some(Error::new(*code, message.clone(), format!("it was about {what}; correct that and try again")))
            }
            _ => None,
        })
        .map_or(Ok(()), Err)
}

fn missing(id: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no decision “{id}”"), "list them with `ras decisions`")
}

impl Host {
    fn tell_engine(&self, by: &str, input: Input) -> Result<Vec<Action>> {
        let actions = self.inner.engine.give_one(by, input)?;
        refused(&actions)?;
        if actions.iter().any(|a| matches!(a, Action::Effect { .. })) {
            self.inner.effects.run_due()?;
        }
        Ok(actions)
    }

    fn stored(&self, id: &str) -> Result<Decision> {
        self.inner.store.decision(id)?.ok_or_else(|| missing(id))
    }

    /// Puts a proposal forward for `by` (`system`, `client:<id>`, `operator:<key id>`). Under a key that was used before it is
    /// the same decision as then, as it stands now.
    pub fn propose(&self, proposal: Proposal, by: &str) -> Result<Decision> {
        let (proposer, key) = (proposal.proposer.clone(), proposal.key.clone());
        self.tell_engine(by, Input::Proposed { proposal: Box::new(proposal), by: by.to_owned() })?;
        let id = self.inner.engine.peek(move |engine| engine.proposal(&proposer, &key).map(str::to_owned))?;
        let id = id.ok_or_else(|| {
            Error::new(Code::WrongState, "nothing is configured yet", "wait until the business has been read")
        })?;
        self.stored(&id)
    }

    /// Takes a proposal back that did not run yet.
    pub fn withdraw(&self, proposer: &str, key: &str, reason: &str) -> Result<()> {
        let input = Input::Withdrawn { proposer: proposer.to_owned(), key: key.to_owned(), reason: reason.to_owned() };
        self.tell_engine(proposer, input).map(|_| ())
    }

    /// The proposer's answer to the founder's question.
    pub fn reply(&self, decision: &str, by: &str, text: &str) -> Result<Decision> {
        let input = Input::Replied { decision: decision.to_owned(), by: by.to_owned(), text: text.to_owned() };
        self.tell_engine(by, input)?;
        self.stored(decision)
    }

    /// What became of a decision, told by its proposer.
    pub fn report(&self, decision: &str, by: &str, good: bool, text: &str) -> Result<Decision> {
        let input = Input::Reported { decision: decision.to_owned(), by: by.to_owned(), good, text: text.to_owned() };
        self.tell_engine(by, input)?;
        self.stored(decision)
    }

    /// Puts a decision that ended without running forward again, predicted anew. `by` is an operator.
    pub fn reopen(&self, decision: &str, by: &str) -> Result<Decision> {
        if !by.starts_with("operator:") {
            return Err(Error::new(Code::Denied, "only an operator opens a decision again", "propose it anew"));
        }
        let proposal = epoch_engine::again(&self.stored(decision)?, &self.business(), self.now())?;
        self.propose(proposal, by)
    }

    /// Several signed answers, in order; each has its own result and is atomic by itself.
    pub fn verdicts(&self, signed: Vec<SignedVerdict>) -> Vec<Result<Decision>> {
        signed.into_iter().map(|s| self.verdict(s)).collect()
    }

    /// Standing grants, the newest last; ended and revoked ones included.
    pub fn grants(&self) -> Result<Vec<Grant>> {
        self.kept("grants")
    }

    /// Ends a standing grant at once.
    pub fn revoke_grant(&self, grant: &str, by: &str) -> Result<Vec<Grant>> {
        self.tell_engine(by, Input::GrantRevoked { grant: grant.to_owned(), by: by.to_owned() })?;
        self.grants()
    }

    /// Stops of one scope that are in force.
    pub fn halts(&self) -> Result<Vec<Scope>> {
        self.kept("halts")
    }

    /// Stops one scope, or ends such a stop; ending is an operator's. When a stop was acknowledged, nothing of its scope goes
    /// out any more.
    pub fn halt(&self, scope: Scope, on: bool, actor: &str, reason: &str) -> Result<Vec<Scope>> {
        let input = Input::Halted { scope, on, actor: actor.to_owned(), reason: reason.to_owned() };
        self.tell_engine(actor, input)?;
        self.halts()
    }

    /// What each proposer may do alone, cell by cell.
    pub fn standings(&self) -> Result<Vec<Standing>> {
        self.inner.engine.peek(Engine::standings)
    }

    /// Budget lines as they stand.
    pub fn budgets(&self) -> Result<Vec<BudgetLine>> {
        self.inner.engine.peek(Engine::budgets)
    }

    /// How well proposers' predictions held, by proposer.
    pub fn reliability(&self) -> Result<BTreeMap<String, Reliability>> {
        self.inner.engine.peek(|engine| engine.reliability().clone())
    }

    fn kept<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>> {
        let Some(value) = self.inner.store.meta(key)? else { return Ok(Vec::new()) };
        serde_json::from_value(value).map_err(|e| {
            Error::new(
                Code::StoreDamaged,
                format!("the list of {key} cannot be read: {e}"),
                "run `ras audit verify` and restore a backup",
            )
        })
    }
}
