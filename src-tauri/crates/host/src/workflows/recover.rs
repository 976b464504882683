//! After a start: the open runs are taken in, what they asked for is asked again by its key, and what nobody waits for any
//! more is taken back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use epoch_engine::Input;
use epoch_model::Result;
use epoch_model::decision::State;
use epoch_model::gate::RunState;
use epoch_model::time::DAY;
use epoch_store::{DecisionFilter, InsightFilter, Store};
use epoch_workflows::ledger::{Day, Ledger};
use parking_lot::{Mutex, RwLock};

use super::book::Book;
use super::open::Open;
use super::{Ear, Message, Workflows, answers};
use crate::clock::Clock;
use crate::config::{Config, Folder};
use crate::engine_thread::EngineHandle;

/// Open decisions looked at for those that no run waits for.
const OPEN_MAX: usize = 100_000;

/// The parts of the host that procedures stand on.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<Clock>,
    pub(crate) engine: EngineHandle,
    pub(crate) config: Arc<RwLock<Config>>,
    pub(crate) run_state: Arc<RwLock<RunState>>,
    pub(crate) folder: Folder,
    pub(crate) ear: Arc<Ear>,
}

impl Workflows {
    /// With what the store has: definitions, open runs (of each a few words only), what was used of the day.
    pub(crate) fn of(parts: Parts) -> Result<Self> {
        let Parts { store, clock, engine, config, run_state, folder, ear } = parts;
        let book = Book::of(store.definitions()?)?;
        let mut ledger = Ledger::default();
        for (workflow, body) in store.workflow_days()? {
            if let Ok(day) = serde_json::from_str::<Day>(&body) {
                ledger.put(&workflow, day);
            }
        }
        let mut open = Open::default();
        store.open_runs(|run| {
            open.insert(&run);
            if run.asked.is_some() {
                open.again.push_back(run.id);
            }
        })?;
        for (workflow, trigger, at) in store.workflow_marks()? {
            open.marks.insert((workflow, trigger), at);
        }
        let next = store.next_run_id()?;
        let made = Self {
            store,
            clock,
            engine,
            config,
            run_state,
            folder,
            book: RwLock::new(book),
            ear,
            ledger: Mutex::new(ledger),
            next_id: AtomicU64::new(next),
            open: Mutex::new(open),
        };
        made.numbered_from(next);
        Ok(made)
    }

    /// Takes back decisions of runs that do not wait for them, and hears again what was found shortly before the end.
    pub(crate) fn resume_after_start(&self) -> Result<()> {
        let states = vec![State::Draft, State::Pending, State::Asked, State::Approved];
        let filter = DecisionFilter { states, limit: OPEN_MAX, ..DecisionFilter::default() };
        for decision in self.store.decisions(&filter)? {
            let (Some(origin), Some(proposal)) = (&decision.origin, &decision.proposal) else { continue };
            let (key, _) = answers::key_and_attempt(proposal);
            let row = self.store.run(&origin.run)?;
            let asked = row.as_ref().and_then(|row| row.asked.as_ref());
            if asked.is_some_and(|asked| asked.contains(key)) {
                continue;
            }
            let input = Input::Withdrawn {
                proposer: decision.proposer.clone(),
                key: proposal.clone(),
                reason: "its run no longer waits for it".to_owned(),
            };
            self.engine.give_one(decision.proposer.clone(), input)?;
        }
        if self.book.read().active().next().is_some() {
            let since = self.clock.now() - DAY;
            for insight in self.store.insights(&InsightFilter { limit: 500, ..InsightFilter::default() })? {
                if insight.at >= since {
                    self.ear.tell(Message::Found(Box::new(insight)));
                }
            }
        }
        Ok(())
    }
}
