//! The application: an open business (or none yet), the command list over it, and what changed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use epoch_host::sandbox::Program;
use epoch_host::{Host, HostOptions, TlsFiles};
use epoch_model::{Code, Error, Result};
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::commands::Change;
use crate::control::{self, Served};
use crate::{reads, writes};

/// How the application is started.
#[derive(Debug, Clone, Default)]
pub struct AppOptions {
    /// Where new businesses go and the last one is remembered; empty for neither (one command on one folder).
    pub home: PathBuf,
    /// The business to open; the last one when absent.
    pub folder: Option<PathBuf>,
    /// Where the gateway listens.
    pub listen: Option<SocketAddr>,
    /// Names accepted in `Host` besides loopback.
    pub allowed_hosts: Vec<String>,
    /// Certificate and key of the gateway.
    pub tls: Option<TlsFiles>,
    /// A proxy in front ends TLS.
    pub behind_proxy: bool,
    /// When that port is taken: tries the next ten, then goes on without a gateway and says so.
    pub listen_fallback: bool,
    /// Works by itself (watches, closes buckets, sends effects). Off for one command at a time.
    pub background: bool,
    /// Plays a sandbox's company in a process of its own; without, sandboxes live in this one.
    pub company: Option<Program>,
}

/// The application. Calls may come from any thread and may block on the disk.
pub struct App {
    pub(crate) options: AppOptions,
    pub(crate) host: RwLock<Option<Arc<Host>>>,
    pub(crate) open_problem: Mutex<Option<Error>>,
    listeners: Arc<Mutex<Vec<Sender<Change>>>>,
    /// Set once other processes may reach what is open; and the socket through which they do.
    itself: OnceLock<Weak<App>>,
    served: Mutex<Option<Served>>,
}

/// Batches of changes waiting for one listener; who does not read loses none: topics are merged.
const WAITING_MAX: usize = 64;
/// How long changes are gathered before they are told.
const GATHER: Duration = Duration::from_millis(80);

impl App {
    /// Starts, and opens the business asked for or the last one. A business that does not open is a problem on screen, not
    /// a reason not to start.
    pub fn new(options: AppOptions) -> Self {
        let app = Self {
            host: RwLock::new(None),
            open_problem: Mutex::new(None),
            listeners: Arc::default(),
            itself: OnceLock::new(),
            served: Mutex::new(None),
            options,
        };
        let folder = app.options.folder.clone().or_else(|| app.last_folder());
        if let Some(folder) = folder
            && let Err(e) = app.open(&folder)
        {
            tracing::error!(folder = %folder.display(), error = %e, "the business does not open");
            *app.open_problem.lock() = Some(e);
        }
        app
    }

    /// Opens a business in place of the one that is open.
    pub fn open(&self, folder: &Path) -> Result<()> {
        let folder = folder.canonicalize().map_err(|e| epoch_host::config::io_error(folder, &e))?;
        let mut current = self.host.write();
        if current.as_ref().is_some_and(|h| h.folder().path() == folder) {
            return Ok(());
        }
        // The folder's lock, the port and the threads of the old one must be free before the new one starts.
        *self.served.lock() = None;
        *current = None;
        let options = HostOptions {
            listen: self.options.listen,
            allowed_hosts: self.options.allowed_hosts.clone(),
            tls: self.options.tls.clone(),
            behind_proxy: self.options.behind_proxy,
            background: self.options.background,
            listen_fallback: self.options.listen_fallback,
            company: self.options.company.clone(),
            ..HostOptions::default()
        };
        let host = Arc::new(Host::open(&folder, &options)?);
        self.tell_changes(&host);
        *current = Some(host);
        drop(current);
        *self.open_problem.lock() = None;
        self.reach();
        if self.options.background {
            self.remember(&folder);
        }
        self.tell(&[
            "status",
            "kpis",
            "decisions",
            "connections",
            "levers",
            "experiments",
            "workflows",
            "settings",
            "reports",
        ]);
        Ok(())
    }

    /// Lets other processes of this user (`ras`) reach whatever business is open, now and later.
    pub fn keep_reachable(self: &Arc<Self>) {
        if self.itself.set(Arc::downgrade(self)).is_ok() {
            self.reach();
        }
    }

    fn reach(&self) {
        let Some(app) = self.itself.get().and_then(Weak::upgrade) else { return };
        if app.host.read().is_none() {
            return;
        }
        match control::serve(&app) {
            Ok(served) => *self.served.lock() = Some(served),
            Err(e) => tracing::warn!(error = %e, "other programs cannot reach this business while it is open"),
        }
    }

    /// The open business; [`Code::NotFound`] when there is none.
    pub fn host(&self) -> Result<Arc<Host>> {
        self.host
            .read()
            .clone()
            .ok_or_else(|| Error::new(Code::NotFound, "no business is open", "make one, or open its folder"))
    }

    /// Answers a read of the list.
    pub fn read(&self, name: &str, args: Value) -> Result<Value> {
        reads::dispatch(self, name, args)
    }

    /// Carries out a write of the list.
    pub fn write(&self, name: &str, args: Value) -> Result<Value> {
        writes::dispatch(self, name, args)
    }

    /// Hears of changes from now on, merged to at most a dozen batches per second.
    pub fn subscribe(&self) -> Receiver<Change> {
        let (sender, receiver) = bounded(WAITING_MAX);
        self.listeners.lock().push(sender);
        receiver
    }

    /// Closes the business that is open.
    pub fn close(&self) {
        *self.served.lock() = None;
        *self.host.write() = None;
    }

    pub(crate) fn tell(&self, topics: &[&str]) {
        tell(&self.listeners, topics.iter().map(|t| (*t).to_owned()).collect());
    }

    fn tell_changes(&self, host: &Arc<Host>) {
        let (changes, listeners) = (host.store().subscribe(), Arc::clone(&self.listeners));
        let spawned = std::thread::Builder::new().name("changes".into()).spawn(move || {
            while let Ok(first) = changes.recv() {
                std::thread::sleep(GATHER);
                let mut topics: Vec<String> = topics_of(&first).map(str::to_owned).collect();
                for change in changes.try_iter() {
                    topics.extend(topics_of(&change).map(str::to_owned));
                }
                topics.sort_unstable();
                topics.dedup();
                tell(&listeners, topics);
            }
        });
        if let Err(e) = spawned {
            tracing::error!(error = %e, "the screen will not hear of changes");
        }
    }

    fn last_file(&self) -> Option<PathBuf> {
        let home = &self.options.home;
        (!home.as_os_str().is_empty()).then(|| home.join("last-business"))
    }

    fn last_folder(&self) -> Option<PathBuf> {
        let text = std::fs::read_to_string(self.last_file()?).ok()?;
        Some(PathBuf::from(text.trim())).filter(|p| p.join("business.toml").is_file())
    }

    fn remember(&self, folder: &Path) {
        let Some(file) = self.last_file() else { return };
        let write = || {
            std::fs::create_dir_all(&self.options.home)?;
            std::fs::write(&file, folder.display().to_string())
        };
        if let Err(e) = write() {
            tracing::warn!(error = %e, "the last business could not be remembered");
        }
    }
}

fn tell(listeners: &Mutex<Vec<Sender<Change>>>, topics: Vec<String>) {
    if topics.is_empty() {
        return;
    }
    let change = Change { topics };
    // A full listener has 64 batches to read and will refresh everything they name; a gone one is dropped.
    listeners
        .lock()
        .retain(|l| !matches!(l.try_send(change.clone()), Err(crossbeam_channel::TrySendError::Disconnected(_))));
}

/// The screen's topics that a change of the store touches.
fn topics_of(change: &epoch_store::Change) -> impl Iterator<Item = &'static str> {
    let topics: &[&str] = match (change.topic.as_str(), change.key.as_str()) {
        ("events" | "people", _) => &["kpis", "connections", "status"],
        ("expectations", _) => &["kpis"],
        ("insights", _) => &["kpis", "decisions", "status"],
        ("decisions" | "outbox", _) => &["decisions", "status"],
        ("workflows", _) => &["workflows"],
        ("experiments", _) => &["experiments", "decisions", "status"],
        ("levers", _) => &["levers", "connections", "decisions", "experiments"],
        ("rejections" | "sources" | "keys", _) => &["connections", "status"],
        ("business", _) => &["settings", "kpis", "status"],
        ("meta", key) if key.starts_with("levers.") => &["levers", "status"],
        ("meta", key) if key.starts_with("publish.") => &["levers", "status"],
        ("meta", key) if key.starts_with("sources.") => &["connections"],
        ("meta", "clock") => &["status", "sandbox"],
        ("imports" | "meta", _) => &["status"],
        _ => &[],
    };
    topics.iter().copied()
}

/// Arguments of a command, from JSON.
pub(crate) fn args<T: DeserializeOwned>(args: Value) -> Result<T> {
    let args = if args.is_null() { Value::Object(serde_json::Map::new()) } else { args };
    serde_json::from_value(args).map_err(|e| {
        Error::new(Code::InvalidArgument, format!("the arguments do not fit: {e}"), "see the command's arguments")
    })
}

/// A result, as JSON.
pub(crate) fn json<T: Serialize>(value: T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|e| Error::new(Code::Internal, format!("the answer cannot be written: {e}"), "report this"))
}

/// The error for a name that is not in the list.
pub(crate) fn unknown(name: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no command “{name}”"), "see the command list")
}
