//! The store as everybody else sees it.

mod events;
mod experiments;
mod people;
mod records;
mod upkeep;
mod workflows;

pub use workflows::Pending;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use epoch_model::business::Business;
use epoch_model::error::{Code, Error, Result};
use epoch_model::time::Millis;
use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;

use crate::aggregate::{Aggregates, Plan};
use crate::changes::{Changed, Listeners};
use crate::experiments::Counter;
use crate::fault::{self, DbResult, IoResult};
use crate::inbox::Inbox;
use crate::lock::{self, FolderLock};
use crate::options::Options;
use crate::pool::Pool;
use crate::types::{Change, RebuildReport};
use crate::writer::{Built, Job, Task, Writer};
use crate::{changes, checkpoint, db, erase, links, log, outbox};

/// Room for reading properties nested as deep as they may be.
const WRITER_STACK: usize = 8 << 20;

/// Events the writer itself may have to add to aggregates built beside it, and how often the builder tries to come so near.
const NEAR: u64 = 20_000;
const ROUNDS: u32 = 8;

/// What readers and the writer share.
pub struct Shared {
    pub options: Options,
    pub inbox: Inbox,
    pub pool: Pool,
    pub aggregates: RwLock<Aggregates>,
    pub experiments: RwLock<Counter>,
    pub plan: RwLock<Arc<Plan>>,
    pub listeners: Listeners,
}

struct Inner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<FolderLock>>,
    /// One reconfiguration or rebuild at a time.
    building: Mutex<()>,
    /// One erasure at a time.
    erasing: Mutex<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn stop(&self) -> bool {
        self.shared.inbox.close();
        let writer = self.writer.lock().take();
        // A callback that held the last clone ends here on the writer's own thread, which cannot wait for itself.
        let clean = writer.is_none_or(|w| w.thread().id() == std::thread::current().id() || w.join().is_ok());
        self.shared.pool.clear();
        self.lock.lock().take();
        clean
    }
}

/// An open business folder. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    path: Arc<PathBuf>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Makes an empty `business.db` in `dir` (made if missing). [`Code::InvalidArgument`] when there is one already.
    pub fn create(dir: &Path) -> Result<()> {
        std::fs::create_dir_all(dir).io("making the folder")?;
        let _lock = lock::take(dir)?;
        let path = db::path(dir);
        if path.exists() {
            let message = format!("{} is a business folder already", dir.display());
            return Err(Error::new(Code::InvalidArgument, message, "choose an empty folder"));
        }
        db::open_writer(&path).map(drop)
    }

    /// Opens for reading and writing, and holds the folder's lock until closed; makes `business.db` if missing.
    /// [`Code::FolderBusy`] names the process that holds it; [`Code::StoreDamaged`] for a damaged or newer file.
    pub fn open(dir: &Path, business: &Business, options: Options) -> Result<Store> {
        let plan = Arc::new(Plan::compile(business)?);
        let lock = lock::take(dir)?;
        let path = db::path(dir);
        let mut connection = db::open_writer(&path)?;
        crate::upkeep::check_at_start(&connection, &path)?;
        let doubtful = outbox::recover(&connection, (options.clock)())?;
        if doubtful > 0 {
            tracing::warn!(doubtful, "effects were being sent when the process ended");
        }
        links::complete(&mut connection)?;
        let erasures = erase::resume(&mut connection)?;
        let aggregates = Self::recover(&mut connection, &plan)?;
        if !erasures.is_empty() {
            erase::scrub::whole(&mut connection)?;
            for erasure in &erasures {
                erase::finish(&connection, erasure, (options.clock)())?;
            }
        }
        let covered = log::position(&connection)?;
        db::bound(&connection, options.file_bytes_max)?;
        let shared = Arc::new(Shared {
            inbox: Inbox::new(options.inbox_bytes_max, options.inbox_batches_max),
            pool: Pool::new(path.clone(), options.readers_max),
            aggregates: RwLock::new(aggregates),
            experiments: RwLock::new(Counter::none(plan.zone().clone())),
            plan: RwLock::new(plan),
            listeners: Listeners::default(),
            options,
        });
        let writer = Writer::new(shared.clone(), connection, covered)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .stack_size(WRITER_STACK)
            .spawn(move || writer.run());
        Ok(Self::with(shared, path, Some(thread.io("starting the writer")?), Some(lock)))
    }

    /// The aggregates up to the log's end, with a checkpoint there if anything had to be replayed.
    fn recover(connection: &mut Connection, plan: &Arc<Plan>) -> Result<Aggregates> {
        checkpoint::settle(connection)?;
        let same = checkpoint::is_of(connection, plan)?;
        let (mut aggregates, replayed) = checkpoint::load(connection, plan)?;
        if replayed > 0 || !same {
            tracing::info!(replayed, same_plan = same, "aggregates brought up to the log's end");
            let position = log::position(connection)?;
            let tx = connection.transaction().db()?;
            if same {
                let records = aggregates.take_dirty().into_iter().collect();
                checkpoint::write(&tx, plan, &records, position)?;
            } else {
                aggregates.take_dirty();
                checkpoint::replace(&tx, plan, aggregates.all_records(), position)?;
            }
            tx.commit().db()?;
        }
        Ok(aggregates)
    }

    /// Opens for reading, also beside a process that writes. What was committed when it was opened is what `series`
    /// knows; everything else reads the present. Writing answers [`Code::WrongState`].
    pub fn open_read_only(dir: &Path, business: &Business, options: Options) -> Result<Store> {
        let path = db::path(dir);
        if !path.is_file() {
            let message = format!("there is no {} in {}", db::FILE, dir.display());
            return Err(Error::new(Code::NotABusiness, message, "make a business with `ras init`"));
        }
        let plan = Arc::new(Plan::compile(business)?);
        Self::update(dir, &path)?;
        let pool = Pool::new(path.clone(), options.readers_max);
        let aggregates = {
            let reader = pool.get()?;
            let tx = reader.unchecked_transaction().db()?;
            checkpoint::load(&tx, &plan)?.0
        };
        let inbox = Inbox::new(0, 0);
        inbox.close();
        let shared = Arc::new(Shared {
            options,
            inbox,
            pool,
            aggregates: RwLock::new(aggregates),
            experiments: RwLock::new(Counter::none(plan.zone().clone())),
            plan: RwLock::new(plan),
            listeners: Listeners::default(),
        });
        Ok(Self::with(shared, path, None, None))
    }

    /// Brings a file of an older version up to date, unless a process works with it.
    fn update(dir: &Path, path: &Path) -> Result<()> {
        if db::is_current(&db::open_reader(path)?)? {
            return Ok(());
        }
        let _lock = lock::take(dir)?;
        links::complete(&mut db::open_writer(path)?)
    }

    fn with(shared: Arc<Shared>, path: PathBuf, writer: Option<JoinHandle<()>>, lock: Option<FolderLock>) -> Self {
        let inner = Inner {
            shared,
            writer: Mutex::new(writer),
            lock: Mutex::new(lock),
            building: Mutex::default(),
            erasing: Mutex::default(),
        };
        Self { inner: Arc::new(inner), path: Arc::new(path) }
    }

    /// Drains what waits, checkpoints and releases the folder. Writing answers [`Code::WrongState`] from then on.
    pub fn close(&self) -> Result<()> {
        if self.inner.stop() {
            return Ok(());
        }
        Err(Error::new(Code::Internal, "the writer stopped by a fault of its own", "the log has the details"))
    }

    /// Takes another configuration into force; aggregates are built again from the log when it needs others, while events
    /// keep coming in.
    pub fn reconfigure(&self, business: &Business) -> Result<()> {
        let plan = Arc::new(Plan::compile(business)?);
        let _building = self.inner.building.lock();
        let same = self.shared().plan.read().fingerprint() == plan.fingerprint();
        let built = if same { None } else { Some(self.build(&plan, false)?) };
        let zone = plan.zone().clone();
        self.adopt(plan, built)?;
        self.count_again(Some(zone))?;
        self.write(|_, _, changed| {
            changed.note("business", "");
            Ok(())
        })
    }

    /// Computes the aggregates, and the counts of tracked experiments, from zero and compares them with those in force; where
    /// they differ, the new ones are put in force.
    pub fn rebuild(&self) -> Result<RebuildReport> {
        let _building = self.inner.building.lock();
        let plan = self.shared().plan.read().clone();
        let built = self.build(&plan, true)?;
        let report = self.adopt(plan, Some(built))?;
        let same = self.count_again(None)?;
        Ok(RebuildReport { identical: report.identical && same, ..report })
    }

    /// The aggregates of the log, nearly up to its end: events keep coming in meanwhile, and what is missing at the end keeps
    /// the writer busy for a moment only.
    fn build(&self, plan: &Arc<Plan>, compare: bool) -> Result<Built> {
        let mut aggregates = Box::new(Aggregates::new(plan.clone()));
        let mut upto = 0;
        for _ in 0..ROUNDS {
            let reader = self.shared().pool.get()?;
            let tx = reader.unchecked_transaction().db()?;
            let end = log::position(&tx)?;
            let added = checkpoint::catch_up(&tx, &mut aggregates, upto, end)?;
            upto = end;
            if added < NEAR {
                break;
            }
        }
        let records = aggregates.all_records();
        aggregates.take_dirty();
        Ok(Built { aggregates, upto, records, compare })
    }

    fn adopt(&self, plan: Arc<Plan>, built: Option<Built>) -> Result<RebuildReport> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.shared().inbox.push_job(Job::Adopt { plan, built, reply })?;
        answer.recv().map_err(|_| fault::closed())?
    }

    /// Hears of every change from now on. Bounded at 1,024: who lags misses some and asks `changes_since(last seen)`
    /// when the channel is empty.
    pub fn subscribe(&self) -> Receiver<Change> {
        self.shared().listeners.subscribe()
    }

    /// The latest change of every thing that changed after `seq`, in order.
    pub fn changes_since(&self, seq: u64) -> Result<Vec<Change>> {
        self.read(|db| changes::since(db, seq))
    }

    fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let reader = self.shared().pool.get()?;
        read(&reader)
    }

    /// Runs `write` in the writer's next transaction and waits for its commit.
    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, Millis, &mut Changed) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let task = Task { write: Some(write), answer: None, reply };
        self.shared().inbox.push_job(Job::Write(Box::new(task)))?;
        answer.recv().map_err(|_| fault::closed())?
    }
}
