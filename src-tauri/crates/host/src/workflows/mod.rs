//! Durable runs: the host side of procedures. Holds the open runs, hands them what happened, commits each step with its
//! journal row, and performs what the step asked for.
//!
//! What a step does is `epoch_workflows`' business, whether an act may happen the engine's. A run's journal rows are Host rows:
//! no input of the engine, so a replay of its journal passes them over; a run is told again from its own rows (they name the
//! event, the clock, the version and the row before), see [`steps`].

mod answers;
mod book;
mod files;
mod open;
mod operate;
mod pass;
mod perform;
mod propose;
mod recover;
pub mod steps;
mod subs;
mod triggers;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;
use epoch_engine::Action;
use epoch_model::decision::{Decision, State};
use epoch_model::experiment::Experiment;
use epoch_model::gate::RunState;
use epoch_model::insight::Insight;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use epoch_store::Store;
use epoch_workflows::ledger::Ledger;
use epoch_workflows::run::Parent;
use epoch_workflows::{Event, Variables};
use parking_lot::{Condvar, Mutex, RwLock};

pub use book::Published;
pub use files::RefusedFile;
pub(crate) use recover::Parts;

use crate::clock::Clock;
use crate::config::{Config, Folder};
use crate::engine_thread::EngineHandle;
use book::Book;
use open::Open;

/// What proposes in a workflow's name.
pub(crate) fn proposer(workflow: &str) -> String {
    format!("workflow:{workflow}")
}

/// Told what became of what somebody asked for.
type Reply = Sender<Result<()>>;

/// A run to be started.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    pub(crate) workflow: String,
    /// The same id twice is one run.
    pub(crate) run: String,
    pub(crate) inputs: Variables,
    pub(crate) by: String,
    pub(crate) parent: Option<Parent>,
    /// The run that started it waits for its end.
    pub(crate) awaited: bool,
    /// The trigger and the instant, where the clock starts it.
    pub(crate) mark: Option<(String, u32, Millis)>,
}

/// What the executor hears.
#[derive(Debug)]
pub(crate) enum Message {
    Event {
        run: String,
        event: Event,
        by: Option<String>,
        reply: Option<Reply>,
    },
    Begin {
        beginning: Box<Beginning>,
        reply: Option<Reply>,
    },
    /// A decision of a step changed its state.
    Decided(Box<Decision>),
    /// An experiment that a run waits for changed its state.
    Experiment(Box<Experiment>),
    /// A finding, or a decision of others, that may start a run.
    Found(Box<Insight>),
    Became(Box<Decision>),
}

/// Everything about procedures of one open business.
pub(crate) struct Workflows {
    pub(crate) store: Store,
    pub(crate) clock: Arc<Clock>,
    pub(crate) engine: EngineHandle,
    pub(crate) config: Arc<RwLock<Config>>,
    pub(crate) run_state: Arc<RwLock<RunState>>,
    pub(crate) folder: Folder,
    book: RwLock<Book>,
    ear: Arc<Ear>,
    ledger: Mutex<Ledger>,
    next_id: AtomicU64,
    /// One pass at a time.
    open: Mutex<Open>,
}

/// Where messages arrive; it knows nothing else, so that the engine's thread never waits for a pass.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    heard: Mutex<VecDeque<Message>>,
    bell: Condvar,
}

impl Ear {
    /// Takes what concerns procedures from what the engine answered; called after its commit.
    pub(crate) fn hear(&self, action: &Action) {
        match action {
            Action::Decision(d) if d.origin.is_some() && d.proposal.is_some() && answers::is_end(d) => {
                self.tell(Message::Decided(d.clone()));
            }
            Action::Decision(d) if d.origin.is_some() && d.proposal.is_some() => {}
            Action::Decision(d) if d.history.last().is_some_and(|t| t.to == d.state) => {
                self.tell(Message::Became(d.clone()));
            }
            Action::Experiment(e) if e.spec.key.starts_with(perform::EXPERIMENT) => {
                self.tell(Message::Experiment(e.clone()));
            }
            Action::Insight(insight) => self.tell(Message::Found(insight.clone())),
            _ => {}
        }
    }

    pub(crate) fn tell(&self, message: Message) {
        self.heard.lock().push_back(message);
        self.bell.notify_all();
    }

    fn take(&self, into: &mut VecDeque<Message>) {
        into.append(&mut self.heard.lock());
    }

    /// Waits until something is heard, at most so long.
    fn wait(&self, most: Duration) {
        let mut heard = self.heard.lock();
        if heard.is_empty() {
            self.bell.wait_for(&mut heard, most);
        }
    }
}

impl Workflows {
    fn zone(&self) -> Zone {
        let name = self.config.read().business.timezone.clone();
        Zone::named(&name).or_else(|_| Zone::named("UTC")).unwrap_or_else(|_| Zone::utc())
    }

    fn running(&self) -> bool {
        *self.run_state.read() == RunState::Running
    }

    fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until there may be work: a message, or the clock.
    pub(crate) fn wait(&self, most: Duration) {
        let due = self.next_due().map(|due| (due - self.clock.now()).clamp(0, 60_000).unsigned_abs());
        self.ear.wait(due.map_or(most, |ms| most.min(Duration::from_millis(ms.max(1)))));
    }

    /// When the clock next moves something; `None` while nothing is due.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        if !self.running() {
            return None;
        }
        self.open.lock().next_due()
    }

    /// Asks for something and waits for what becomes of it.
    fn ask(&self, make: impl FnOnce(Reply) -> Message) -> Result<()> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.ear.tell(make(reply));
        self.pass()?;
        answer.recv().map_err(|_| {
            Error::new(Code::Internal, "nobody answered for the run", "look at the host's log and try again")
        })?
    }

    /// Starts a run, or finds the one with this id. [`Code::NotFound`] for an unknown workflow, [`Code::Denied`] when a
    /// ceiling of the day is reached, [`Code::InvalidArgument`] for inputs that do not fit.
    pub(crate) fn begin(&self, beginning: Beginning) -> Result<()> {
        self.ask(|reply| Message::Begin { beginning: Box::new(beginning), reply: Some(reply) })
    }

    /// Starts a run with the next pass; nobody is told of a refusal but the log.
    pub(crate) fn announce(&self, beginning: Beginning) {
        self.ear.tell(Message::Begin { beginning: Box::new(beginning), reply: None });
    }

    /// Hands a run an event of somebody's. [`Code::NotFound`] for an unknown run, else what the run says of it.
    pub(crate) fn hand(&self, run: &str, event: Event, by: &str) -> Result<()> {
        let (run, by) = (run.to_owned(), Some(by.to_owned()));
        self.ask(|reply| Message::Event { run, event, by, reply: Some(reply) })
    }
}

/// Whether a decision may start a run in the state it came to.
fn may_trigger(state: State) -> bool {
    !matches!(state, State::Draft)
}
