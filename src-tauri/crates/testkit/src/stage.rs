//! A host that is driven step by step, from files that lie on disk to the end of a workload. Nothing moves between two steps:
//! no background threads of the host, a clock that stands still, a world that answers at once.

use std::sync::Arc;

use epoch_host::Host;
use epoch_host::clock::{Clock, Mode};
use epoch_model::business::{Domain, LeverValue};
use epoch_model::decision::{Act, Decision, State, Verdict};
use epoch_model::gate::RunState;
use epoch_model::proposal::Proposal;
use epoch_model::time::{DAY, HOUR, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::{DecisionFilter, OutboxState, RunFilter};
use serde_json::json;
use tempfile::TempDir;

use crate::image::{self, Image};
use crate::outside::{Call, Mark, Receivers};
use crate::plan::{Answer, Plan, Step, Wanted, What};
use crate::shop;

/// Who proposes.
pub const PROPOSER: &str = "workflow:harness";
/// Most rounds of an hour in which what is under way must come to its end.
const ROUNDS: usize = 48;

/// Where a run begins: files, the first step that was not answered, and what the receivers remember.
#[derive(Debug, Clone)]
pub struct Start {
    pub image: Image,
    pub step: usize,
    pub calls: Vec<Call>,
    /// The workload was over: a run that was held had been let go on.
    pub over: bool,
}

impl Start {
    /// Before anything happened.
    pub fn fresh() -> Result<Self> {
        Ok(Self { image: shop::base()?, step: 0, calls: Vec::new(), over: false })
    }
}

/// An open host with its clock and its world.
pub struct Stage {
    pub dir: TempDir,
    pub clock: Arc<Clock>,
    pub world: Arc<Receivers>,
    host: Option<Host>,
}

impl Stage {
    /// Lays the files out and opens the host over them, as after a crash.
    pub fn open(start: &Start, plan: &Plan) -> Result<Self> {
        Self::open_at(start, plan, plan.at(start.step), !start.over && held_before(plan, start.step))
    }

    /// The same at a given time. `held`: a stop was acknowledged, and nobody asks for its end.
    pub fn open_at(start: &Start, plan: &Plan, now: Millis, held: bool) -> Result<Self> {
        let dir = image::folder()?;
        start.image.lay(dir.path())?;
        let world = Receivers::remembering(plan.seed, image::wal_of(dir.path()), start.calls.clone());
        world.stop(held);
        let clock = shop::clock_at(now);
        let host = shop::open(dir.path(), &clock, &world)?;
        world.mark(Mark::Opened);
        Ok(Self { dir, clock, world, host: Some(host) })
    }

    /// The host.
    pub fn host(&self) -> Result<&Host> {
        self.host.as_ref().ok_or_else(|| Error::new(Code::Internal, "the host is closed", "open it again"))
    }

    /// Sets the clock, forwards or back.
    pub fn set_clock(&self, now: Millis) {
        self.clock.set(Mode::Replay { now, until: Millis::MAX });
    }

    /// Does the steps from `from` on.
    pub fn play(&self, plan: &Plan, from: usize) -> Result<()> {
        for (index, step) in plan.steps.iter().enumerate().skip(from) {
            self.step(index, step)?;
        }
        Ok(())
    }

    /// Does one step and waits for its answer.
    pub fn step(&self, index: usize, step: &Step) -> Result<()> {
        self.clock.advance_to(step.at);
        self.world.mark(Mark::Begun(index));
        self.perform(step)?;
        self.world.mark(Mark::Answered(index));
        Ok(())
    }

    fn perform(&self, step: &Step) -> Result<()> {
        let host = self.host()?;
        match &step.what {
            What::Orders { batch, count } => {
                let receipt = host.submit(shop::orders(*batch, *count, step.at)?)?;
                let known = receipt.accepted + receipt.duplicates;
                if known == *count { Ok(()) } else { Err(odd(format!("{known} of {count} orders were taken in"))) }
            }
            What::Propose { card, wanted } => {
                let proposal = self.proposal(*card, wanted)?;
                expected(host.propose(proposal, "system").map(|_| ()))?;
                host.work_once()
            }
            What::Answer { card, answer } => self.answer(*card, answer, step.at),
            What::Run(state) => {
                if *state == RunState::Running {
                    self.world.stop(false);
                }
                expected(host.set_run(*state, "operator:harness", "the harness says so"))?;
                if *state != RunState::Running {
                    self.world.stop(true);
                }
                Ok(())
            }
            What::Work => host.work_once(),
            What::Settle => self.settle(),
        }
    }

    fn proposal(&self, card: u32, wanted: &Wanted) -> Result<Proposal> {
        let now = |key: &str, default: LeverValue| -> Result<LeverValue> {
            let (_, rows) = self.host()?.store().levers()?;
            Ok(rows.into_iter().find(|r| r.key == key).map_or(default, |r| r.value))
        };
        let (act, domain) = match wanted {
            Wanted::Price(to) => {
                let from = now("pro_price", LeverValue::Number(29.0))?;
                let act = Act::SetLever { lever: "pro_price".into(), from, to: LeverValue::Number(f64::from(*to)) };
                (act, Domain::Pricing)
            }
            Wanted::Banner(to) => {
                let from = now("banner", LeverValue::Text("plain".into()))?;
                let act = Act::SetLever { lever: "banner".into(), from, to: LeverValue::Text((*to).into()) };
                (act, Domain::Marketing)
            }
            Wanted::Run => {
                let act = Act::StartWorkflow { workflow: shop::WORKFLOW.into(), version: 1, input: json!({}) };
                (act, Domain::Operations)
            }
            Wanted::Call(effect) => {
                let domain = if *effect == shop::FREE { Domain::Marketing } else { Domain::Operations };
                (Act::Call { effect: (*effect).into(), payload: json!({ "card": card }) }, domain)
            }
        };
        Ok(Proposal {
            key: key_of(card),
            proposer: PROPOSER.into(),
            headline: format!("Card {card}"),
            act,
            domain,
            expected: None,
            evidence: Vec::new(),
            counter_evidence: Vec::new(),
            alternatives: Vec::new(),
            expires_in: 5 * DAY,
            compensation: false,
            origin: None,
            reversibility: None,
            version: String::new(),
        })
    }

    /// The decision of a card, if there is one.
    pub fn card(&self, card: u32) -> Result<Option<Decision>> {
        let key = key_of(card);
        let all = self.host()?.store().decisions(&DecisionFilter::default())?;
        Ok(all.into_iter().find(|d| d.proposal.as_deref() == Some(&key)))
    }

    fn answer(&self, card: u32, answer: &Answer, at: Millis) -> Result<()> {
        let host = self.host()?;
        let Some(decision) = self.card(card)?.filter(|d| d.state == State::Pending) else { return Ok(()) };
        let verdict = match answer {
            Answer::Edit(to) if matches!(&decision.act, Act::SetLever { lever, .. } if lever == "pro_price") => {
                Verdict::edit_to(LeverValue::Number(f64::from(*to)))
            }
            Answer::Approve | Answer::Edit(_) => Verdict::Approve,
            Answer::Veto => Verdict::Veto { reason: "not_now".into(), text: String::new() },
            Answer::Defer(hours) => Verdict::until(at + Millis::from(*hours) * HOUR),
        };
        let claim = host.claim(&decision.id, &decision.card_hash(), verdict);
        expected(host.verdict(shop::sign(claim)).map(|_| ()))
    }

    /// Looks at the receiver of every effect in doubt, and says what it found.
    fn settle(&self) -> Result<()> {
        let host = self.host()?;
        for item in host.store().outbox(Some(OutboxState::InDoubt), 1000)? {
            let arrived = self.world.performed(&item.idempotency_key) > 0;
            expected(host.settle(&item.decision, arrived, "operator:harness").map(|_| ()))?;
        }
        Ok(())
    }

    /// Lets everything that is under way come to its end: goes on if stopped, settles doubts, lets hours pass.
    pub fn finish(&self) -> Result<()> {
        let host = self.host()?;
        self.world.mark(Mark::Over);
        self.world.stop(false);
        host.set_run(RunState::Running, "operator:harness", "the workload is over")?;
        for round in 0..ROUNDS {
            self.settle()?;
            self.approve_steps()?;
            host.work_once()?;
            let moving = |state| matches!(state, OutboxState::Pending | OutboxState::Sending | OutboxState::InDoubt);
            let open = host.store().outbox(None, 1000)?.into_iter().any(|item| moving(item.state))
                || !host.runs(&RunFilter { open: true, ..RunFilter::default() })?.is_empty();
            if !open {
                return Ok(());
            }
            let wait = if round < 4 { HOUR / 6 } else { HOUR };
            self.clock.advance_to(self.clock.now() + wait);
        }
        Err(odd("effects are still under way after two days".into()))
    }

    /// Approves what steps of procedures wait for.
    fn approve_steps(&self) -> Result<()> {
        let host = self.host()?;
        let waiting = DecisionFilter { states: vec![State::Pending], ..DecisionFilter::default() };
        for card in host.store().decisions(&waiting)?.into_iter().filter(|d| d.origin.is_some()) {
            let claim = host.claim(&card.id, &card.card_hash(), Verdict::Approve);
            expected(host.verdict(shop::sign(claim)).map(|_| ()))?;
        }
        Ok(())
    }

    /// The files as they are.
    pub fn image(&self) -> Result<Image> {
        Image::read(self.dir.path())
    }

    /// Closes the host as it is closed in good order.
    pub fn close(&mut self) -> Result<()> {
        self.host.take().map_or(Ok(()), |mut host| host.close())
    }
}

/// Whether the run was held by the last answered step that says so.
fn held_before(plan: &Plan, step: usize) -> bool {
    let last =
        plan.steps.iter().take(step).rev().find_map(|s| if let What::Run(run) = s.what { Some(run) } else { None });
    // The step under way may be the one that ends it.
    let ends = matches!(plan.steps.get(step).map(|s| &s.what), Some(What::Run(RunState::Running)));
    !ends && last.is_some_and(|run| run != RunState::Running)
}

/// The proposer's key of a card.
pub fn key_of(card: u32) -> String {
    format!("card-{card}")
}

fn odd(message: String) -> Error {
    Error::new(Code::Internal, message, "look at the seed and the point")
}

/// What an outsider is told no to is part of life; damage and inner faults are not.
fn expected(result: Result<()>) -> Result<()> {
    match result {
        Err(e) if matches!(e.code, Code::Internal | Code::StoreDamaged | Code::AuditBroken | Code::DiskFull) => Err(e),
        _ => Ok(()),
    }
}
