//! What a client does: proposes, asks a question, takes back, replies, reports. Each only with what is its own, and never
//! more than the engine then allows.

use std::collections::BTreeMap;

use epoch_model::autonomy::Standing;
use epoch_model::decision::{Calibration, Decision, State};
use epoch_model::experiment::{Experiment, Spec};
use epoch_model::proposal::{Proposal, Scope};
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;
use serde::{Deserialize, Serialize};

use super::draft::{Draft, Ground, engine_key};
use super::words::{line, said};
use super::{ClientRecord, ClientScope, Credential, OPEN_MAX, principal};
use crate::host::Host;

/// Longest answer or report.
const TEXT_MAX: usize = 1_000;
/// States in which a decision waits for something.
const OPEN: [State; 3] = [State::Draft, State::Pending, State::Asked];

/// How a client's proposals did so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its decisions by state.
    pub decisions: Vec<(State, u32)>,
    /// Scored predictions, and how many lay inside their 80 % interval.
    pub calibration: Calibration,
    /// What it may do alone, per kind of act, reversibility and size.
    pub standings: Vec<Standing>,
    /// What is open now, and how much may be.
    pub open: usize,
    pub open_max: usize,
    /// Whether the founder stopped it.
    pub halted: bool,
}

impl Host {
    fn client_who(&self, id: &str, scope: ClientScope) -> Result<ClientRecord> {
        let client = self.enter_client(&Credential::Name(id.to_owned()), false)?;
        if !client.scopes.contains(&scope) {
            let message = format!("“{id}” may not {}", scope.word());
            return Err(Error::new(Code::Unauthorized, message, "ask the founder for a client with this scope"));
        }
        Ok(client)
    }

    /// All decisions a client proposed, newest first.
    fn decisions_of_client(&self, principal: &str, states: &[State]) -> Result<Vec<Decision>> {
        let filter = DecisionFilter { states: states.to_vec(), limit: 5_000, ..DecisionFilter::default() };
        let mut all = self.inner.store.decisions(&filter)?;
        all.retain(|d| d.proposer == principal);
        Ok(all)
    }

    /// What of a client's is open: decisions that wait, and questions whose experiment has not started.
    fn open_of_client(&self, principal: &str) -> Result<usize> {
        let decisions = self.decisions_of_client(principal, &OPEN)?.len();
        Ok(decisions + self.questions_of_client(principal)?.len())
    }

    /// A client's questions whose experiment has not started, and still may.
    fn questions_of_client(&self, principal: &str) -> Result<Vec<Experiment>> {
        use epoch_model::experiment::State as Stage;
        let mut all = self.inner.store.experiments()?;
        all.retain(|e| {
            let by_it = e.history.first().is_some_and(|step| step.actor == principal);
            by_it && matches!(e.state, Stage::Proposed | Stage::Designed | Stage::Waiting)
        });
        Ok(all)
    }

    fn client_halted(&self, principal: &str) -> Result<bool> {
        Ok(self.halts()?.iter().any(|scope| match scope {
            Scope::Proposer { proposer } => epoch_model::business::fits(proposer, principal),
            Scope::Kind { .. } | Scope::Target { .. } => false,
        }))
    }

    fn may_open(&self, principal: &str) -> Result<()> {
        if self.client_halted(principal)? {
            return Err(Error::new(Code::Denied, "the founder stopped this client", "wait until it is released"));
        }
        let open = self.open_of_client(principal)?;
        if open >= OPEN_MAX {
            let message = format!("{open} proposals of this client are open");
            return Err(Error::new(Code::Denied, message, "wait for answers, or withdraw some"));
        }
        Ok(())
    }

    /// Puts a client's proposal forward. Under a key it used before it is the same proposal, as it stands now.
    pub fn propose_as_client(&self, id: &str, draft: &Draft) -> Result<Decision> {
        let principal = self.client_who(id, ClientScope::Propose)?.principal();
        let key = engine_key(&principal, &draft.key)?;
        // One at a time, so that the bound on open proposals holds.
        let _one = self.inner.keys.clients.proposing.lock();
        if let Some(known) = self.client_decision(&principal, &key)? {
            return Ok(known);
        }
        self.may_open(&principal)?;
        let proposal = self.resolved(&principal, draft)?;
        self.propose(proposal, &principal)
    }

    /// What the operator puts forward by hand; it is judged as anybody's.
    pub fn propose_by_hand(&self, operator: &str, draft: &Draft) -> Result<Decision> {
        if !operator.starts_with("operator:") {
            return Err(Error::new(Code::Denied, "only an operator proposes by hand", "propose as a client"));
        }
        self.propose(self.resolved(operator, draft)?, operator)
    }

    /// A draft against the business as it is now.
    fn resolved(&self, principal: &str, draft: &Draft) -> Result<Proposal> {
        let workflows = self.workflow_versions()?;
        let business = self.business();
        let compiled = self.levers();
        let ground = Ground {
            business: &business,
            now: self.now(),
            lever: &|lever| compiled.flag(lever).map(|flag| flag.value.clone()),
            workflow: &|workflow| workflows.get(workflow).copied(),
        };
        draft.resolve(principal, &ground)
    }

    /// Workflows with their newest version.
    pub fn workflow_versions(&self) -> Result<BTreeMap<String, u32>> {
        let mut newest = BTreeMap::new();
        for row in self.inner.store.definitions()? {
            let version: &mut u32 = newest.entry(row.key).or_default();
            *version = row.version.max(*version);
        }
        Ok(newest)
    }

    /// The decision a client's key stands for; somebody else's where the proposal was merged into its card.
    fn client_decision(&self, principal: &str, key: &str) -> Result<Option<Decision>> {
        let (proposer, key) = (principal.to_owned(), key.to_owned());
        let id = self.inner.engine.peek(move |engine| engine.proposal(&proposer, &key).map(str::to_owned))?;
        id.map_or(Ok(None), |id| self.inner.store.decision(&id))
    }

    /// Asks a question for a client; it becomes an experiment if it can be answered.
    pub fn ask_as_client(&self, id: &str, mut spec: Spec) -> Result<Experiment> {
        let principal = self.client_who(id, ClientScope::Propose)?.principal();
        let _one = self.inner.keys.clients.proposing.lock();
        self.may_open(&principal)?;
        spec.title = format!("{principal}: “{}”", said("title", &spec.title, 140)?);
        if !spec.hypothesis.is_empty() {
            spec.hypothesis = format!("{principal}: “{}”", said("hypothesis", &spec.hypothesis, 600)?);
        }
        self.ask_experiment(spec, &principal)
    }

    /// Takes a client's own proposal back.
    pub fn withdraw_as_client(&self, id: &str, decision: &str, reason: &str) -> Result<Decision> {
        let principal = self.client_who(id, ClientScope::Propose)?.principal();
        let own = self.own_decision(&principal, decision)?;
        let reason = said("reason", reason, TEXT_MAX)?;
        self.withdraw_of(&principal, &own, &reason)?;
        self.own_decision(&principal, decision)
    }

    fn withdraw_of(&self, principal: &str, own: &Decision, reason: &str) -> Result<()> {
        self.withdraw(principal, own.proposal.as_deref().unwrap_or_default(), reason)
    }

    /// Withdraws everything of a client's that is open; answers the decisions.
    pub(super) fn withdraw_all_of_client(&self, id: &str, reason: &str) -> Result<Vec<String>> {
        let principal = principal(id);
        let mut withdrawn = Vec::new();
        for own in
            self.decisions_of_client(&principal, &[State::Draft, State::Pending, State::Asked, State::Approved])?
        {
            match self.withdraw_of(&principal, &own, reason) {
                Ok(()) => withdrawn.push(own.id),
                // It went on meanwhile; its scope is held, so nothing of it leaves.
                Err(e) if e.code == Code::WrongState => {}
                Err(e) => return Err(e),
            }
        }
        for question in self.questions_of_client(&principal)? {
            match self.end_experiment(&question.spec.key, &principal, reason) {
                Ok(_) => withdrawn.extend(question.decisions),
                Err(e) if e.code == Code::WrongState => {}
                Err(e) => return Err(e),
            }
        }
        Ok(withdrawn)
    }

    /// Answers what the founder asked of a client's own proposal.
    pub fn reply_as_client(&self, id: &str, decision: &str, text: &str) -> Result<Decision> {
        let principal = self.client_who(id, ClientScope::Propose)?.principal();
        self.own_decision(&principal, decision)?;
        let text = said("text", text, TEXT_MAX)?;
        self.reply(decision, &principal, &text)
    }

    /// Says what became of a client's own decision.
    pub fn report_as_client(&self, id: &str, decision: &str, good: bool, text: &str) -> Result<Decision> {
        let principal = self.client_who(id, ClientScope::Propose)?.principal();
        self.own_decision(&principal, decision)?;
        let text = said("text", text, TEXT_MAX)?;
        self.report(decision, &principal, good, &text)
    }

    fn own_decision(&self, principal: &str, id: &str) -> Result<Decision> {
        let found = self.inner.store.decision(id)?.filter(|d| d.proposer == principal);
        found.ok_or_else(|| {
            let id: String = line(id).chars().take(40).collect();
            let message = format!("there is no decision “{id}” of this client");
            Error::new(Code::NotFound, message, "list_decisions with mine = true lists its own")
        })
    }

    /// A client's record.
    pub fn client_record(&self, id: &str) -> Result<Record> {
        let principal = principal(id);
        let mut decisions: BTreeMap<State, u32> = BTreeMap::new();
        let mut calibration = Calibration::default();
        for own in self.decisions_of_client(&principal, &[])? {
            *decisions.entry(own.state).or_default() += 1;
            if let Some(outcome) = &own.outcome {
                calibration.scored += 1;
                calibration.inside += u32::from(outcome.inside);
            }
        }
        Ok(Record {
            decisions: decisions.into_iter().collect(),
            calibration,
            standings: self.standings()?.into_iter().filter(|s| s.cell.proposer == principal).collect(),
            open: self.open_of_client(&principal)?,
            open_max: OPEN_MAX,
            halted: self.client_halted(&principal)?,
        })
    }
}
