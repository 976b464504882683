//! The simulated company of an open folder: its world, how far it came, and the thread in which its time passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use epoch_company::{Answer, Order};
use epoch_levers::Book as _;
use epoch_model::journal::RowKind;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::{Incident, Scenario, Witness, World};
use parking_lot::Mutex;

use super::charter::{Charter, Place, Transport, scenario};
use super::feed::Direct;
use super::live::{Door, Live, Player};
use crate::clock::Mode;
use crate::config::{self, Folder};
use crate::inner::Inner;
use crate::lapse::{self, ReplayState};

/// Pause before a company that broke off is tried again.
const AGAIN: Duration = Duration::from_secs(5);
const PULSE: Duration = Duration::from_millis(100);
/// Journal rows looked at, from the newest back, for the last thing the engine was told.
const ROWS_BACK: u64 = 5_000;

/// What became of the events sent since the host started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub events: u64,
    pub accepted: u64,
    /// Known by their id: sent twice, or sent again after a crash.
    pub duplicates: u64,
    pub rejected: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) events: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) rejected: AtomicU64,
}

impl Tally {
    pub(crate) fn sent(&self) -> Sent {
        let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Sent {
            events: of(&self.events),
            accepted: of(&self.accepted),
            duplicates: of(&self.duplicates),
            rejected: of(&self.rejected),
        }
    }
}

/// A sandbox's part of an open business.
pub(crate) struct Company {
    pub(crate) place: Place,
    pub(crate) scenario: Scenario,
    pub(crate) charter: Mutex<Charter>,
    /// Held while time passes, so that whoever gets it finds it with all its events committed.
    pub(crate) world: Mutex<Option<World>>,
    /// Who holds the world instead, while it lives in a process of its own.
    pub(crate) player: Mutex<Option<Player>>,
    pub(crate) door: Mutex<Option<Door>>,
    /// Who is asked for the truth; from the first question on.
    pub(crate) witness: Mutex<Option<Witness>>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) filling: AtomicBool,
    pub(crate) working: AtomicBool,
    /// Why it broke off, until it goes on again.
    pub(crate) broken: Mutex<Option<Error>>,
}

impl Company {
    /// The company of a folder, if it is a sandbox.
    pub(crate) fn of(folder: &Folder) -> Result<Option<Arc<Self>>> {
        let place = Place::of(folder.path());
        let Some(charter) = Charter::load(&place)? else { return Ok(None) };
        let scenario = scenario(&charter.scenario)?;
        Ok(Some(Arc::new(Self {
            place,
            scenario,
            charter: Mutex::new(charter),
            world: Mutex::new(None),
            player: Mutex::new(None),
            door: Mutex::new(None),
            witness: Mutex::new(None),
            tally: Arc::default(),
            filling: AtomicBool::new(false),
            working: AtomicBool::new(false),
            broken: Mutex::new(None),
        })))
    }

    /// The world as it was last written.
    pub(crate) fn load(&self) -> Result<World> {
        let path = self.place.world();
        let bytes = std::fs::read(&path).map_err(|e| config::io_error(&path, &e))?;
        World::restore(&bytes).ok_or_else(|| {
            let hint = "delete this folder and start the sandbox again; nothing in it is real";
            Error::new(Code::FileUnreadable, format!("{} is no world", path.display()), hint)
        })
    }

    /// Gives the company's process an order; `None` when there is none. One that does not answer is ended.
    pub(crate) fn ask(&self, order: &Order, quitting: &dyn Fn() -> bool) -> Result<Option<Answer>> {
        let mut player = self.player.lock();
        let Some(asked) = player.as_mut() else { return Ok(None) };
        let answer = asked.ask(order, quitting);
        if answer.is_err() {
            *player = None;
        }
        answer.map(Some)
    }

    /// The world as it stands, in this process or outside of it.
    pub(crate) fn look(&self) -> Result<World> {
        if self.ask(&Order::Snapshot, &|| false)?.is_some() {
            return self.load();
        }
        if let Some(world) = self.world.lock().as_ref() {
            return Ok(world.clone());
        }
        self.load()
    }

    /// Lets something happen from now on.
    pub(crate) fn inject(&self, incident: Incident) -> Result<Millis> {
        match self.ask(&Order::Inject(Box::new(incident.clone())), &|| false)? {
            Some(Answer::Injected(at)) => return Ok(at),
            Some(other) => {
                let message = format!("the simulated company answered “{other}”");
                return Err(Error::new(Code::Internal, message, "try again in a moment"));
            }
            None => {}
        }
        if !epoch_company::tape::read(self.place.folder())?.is_empty() {
            let message = "the simulation was stopped in the middle of a step";
            return Err(Error::new(
                Code::WrongState,
                message,
                "open it in the console or with `ras serve`, then again",
            ));
        }
        let mut world = self.world.lock();
        let mut taken = match world.take() {
            Some(world) => world,
            None => self.load()?,
        };
        let at = taken.now();
        taken.inject(incident, at);
        let written = config::write_whole(&self.place.world(), &taken.snapshot());
        // One that nobody lets go on is read from the file by whoever does.
        *world = self.working.load(Ordering::Relaxed).then_some(taken);
        written.map(|()| at)
    }
}

impl Inner {
    /// A sandbox's clock stands where its simulation stands: where it was left, or after a crash, where the engine was
    /// told something last.
    pub(crate) fn set_sandbox_clock(&self) -> Result<()> {
        let Some(company) = &self.sandbox else { return Ok(()) };
        let until = company.charter.lock().until;
        let kept = match self.clock.mode() {
            Mode::Replay { now, .. } => now,
            Mode::Real => company.scenario.starts_at(),
        };
        let told = self.last_told()?.filter(|_| self.clock.mode() != Mode::Real).unwrap_or(kept);
        self.clock.set(Mode::Replay { now: kept.max(told), until });
        self.keep_clock()
    }

    fn last_told(&self) -> Result<Option<Millis>> {
        let (head, _) = self.store.journal_head()?;
        let rows = self
            .store
            .journal(head.saturating_sub(ROWS_BACK).max(1), usize::try_from(ROWS_BACK).unwrap_or(5000) + 1)?;
        Ok(rows.iter().rev().find(|row| row.kind == RowKind::Input).map(|row| row.at))
    }

    /// How time is to pass now, before anybody looks.
    pub(crate) fn plan_sandbox(&self) {
        let Some(company) = &self.sandbox else { return };
        let charter = company.charter.lock();
        let filling = self.clock.now() < charter.history_until;
        company.filling.store(filling, Ordering::Relaxed);
        company.working.store(true, Ordering::Relaxed);
        let (speed, hold, until) = if filling {
            (f64::INFINITY, false, charter.history_until)
        } else {
            (charter.speed(), charter.hold, charter.until)
        };
        *self.replay.lock() = Some(ReplayState { speed, hold, held: false, until, finished: false, skip_until: None });
    }

    /// Works until the simulation's end or the host's.
    pub(crate) fn run_company(&self) {
        let Some(company) = &self.sandbox else { return };
        while !self.quitting() {
            let before = self.clock.now();
            match self.live_on(company) {
                Ok(true) => break,
                Ok(false) => {}
                Err(_) if self.quitting() => break,
                Err(e) => {
                    *company.world.lock() = None;
                    if self.clock.now() > before {
                        // It lived until now: somebody ended its process, perhaps.
                        tracing::warn!(error = %e, "the simulated company broke off; it goes on");
                        continue;
                    }
                    tracing::error!(error = %e, "the simulated company broke off; it is tried again");
                    self.problems.put("sandbox", e.clone(), None);
                    *company.broken.lock() = Some(e);
                    for _ in 0..(AGAIN.as_millis() / PULSE.as_millis()) {
                        if !self.quitting() {
                            std::thread::sleep(PULSE);
                        }
                    }
                }
            }
        }
        if let Some(state) = self.replay.lock().as_mut() {
            state.finished = true;
        }
        company.working.store(false, Ordering::Relaxed);
    }

    /// Lets one stretch pass, history or what comes after; answers whether that was the last one.
    fn live_on(&self, company: &Arc<Company>) -> Result<bool> {
        self.plan_sandbox();
        let (history, until, transport) = {
            let charter = company.charter.lock();
            (charter.history_until, charter.until, company.transport_of(&charter))
        };
        let filling = company.filling.load(Ordering::Relaxed);
        let end = if filling { history } else { until };
        let mut feed = Direct::new(self, company)?;
        // Whatever was under way when a crash came is closed first.
        feed.catch_up()?;
        self.close_buckets(None)?;
        let door = company.door.lock().clone().filter(|_| !filling && transport == Transport::Live);
        if let Some(door) = door {
            feed.save()?;
            drop(feed);
            *company.world.lock() = None;
            let mut feed = Live::start(self, company, &door)?;
            self.went_on(company);
            lapse::pass(self, &mut feed, end, &|| false)?;
        } else {
            self.went_on(company);
            lapse::pass(self, &mut feed, end, &|| false)?;
        }
        let now = self.clock.now();
        if filling && now >= history {
            tracing::info!("the sandbox's history is filled");
        }
        Ok(self.quitting() || now >= until)
    }

    fn went_on(&self, company: &Company) {
        self.problems.solve("sandbox");
        *company.broken.lock() = None;
    }
}

/// The version in force, for those who read levers.
pub(crate) fn in_force(host: &Inner) -> Arc<epoch_levers::Compiled> {
    host.published.current()
}
