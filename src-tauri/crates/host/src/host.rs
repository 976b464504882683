//! One open business: starts its parts in order, stops them in the reverse, and offers what the command list needs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use epoch_connectors::folder::Watch;
use epoch_engine::Action;
use epoch_gateway::TlsFiles;
use epoch_model::business::{Business, Problem};
use epoch_model::gate::{OperatorKeys, RunState};
use epoch_model::time::Zone;
use epoch_model::{Code, Error, Result};
use epoch_store::{KeyKind, Options, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use crate::clock::{Clock, Mode, machine_now};
use crate::closer::Closer;
use crate::config::{self, Config, Folder};
use crate::effects::{Effects, no_runtime};
use crate::engine_thread;
use crate::experiments::{self, Lab};
use crate::gaps::Gaps;
use crate::inner::{Inner, Problems, hex, operators};
use crate::keys::{self, Keys, OperatorKey};
use crate::levers::{FILE, Published, Readers};
use crate::outside::Outside;
use crate::privacy::PrivacyRules;
use crate::publishing::Publisher;
use crate::secrets::Secrets;
use crate::sink::{Arrivals, Firsts, Sink};
use crate::telemetry::Metrics;
use crate::workflows::{self, Workflows};

/// How a host is started.
#[derive(Debug, Clone, Default)]
pub struct HostOptions {
    /// Where the gateway listens; `None` for no gateway. Port 0 picks a free one.
    pub listen: Option<SocketAddr>,
    /// Names accepted in `Host` besides loopback.
    pub allowed_hosts: Vec<String>,
    /// Certificate and key of the gateway; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// A proxy in front ends TLS, so the gateway may listen beyond loopback without.
    pub behind_proxy: bool,
    /// Watches folders, closes buckets and sends effects by itself. Off for one command at a time.
    pub background: bool,
    /// When the port is taken: tries the ten after it, then goes on without a gateway and a problem. For the desktop; a
    /// server that is not where it was asked to be should not start.
    pub listen_fallback: bool,
    /// Plays a sandbox's company in a process of its own; without, it is played in this one.
    pub company: Option<epoch_company::Program>,
    /// Time is read here instead of where the business was left; whoever starts the host moves it.
    pub clock: Option<Arc<Clock>>,
    /// Takes the place of the network: outside effects are handed to it.
    pub outside: Option<Arc<dyn Outside>>,
}

/// An open business.
pub struct Host {
    pub(crate) inner: Arc<Inner>,
    runtime: Option<tokio::runtime::Runtime>,
    gateway: Option<(SocketAddr, tokio::sync::oneshot::Sender<()>)>,
    /// Under which name products reach the gateway.
    url: Option<String>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    watches: Arc<Mutex<Vec<Watch>>>,
}

/// A business just made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Created {
    /// The key for SDKs. It is shown again in the console.
    pub write_key: String,
    /// The id of the operator's key that may approve.
    pub operator_key: String,
}

/// Ports tried after the one asked for.
const PORTS_MORE: u16 = 10;
/// How long closing waits for effects that are under way.
const EFFECTS_MAX: Duration = Duration::from_secs(20);
const PULSE: Duration = Duration::from_millis(250);

impl Host {
    /// Makes a business in `dir`: its file, its database, a write key, and enrols this machine's operator key.
    /// [`Code::InvalidArgument`] when there is one already.
    pub fn create(dir: &Path, text: &str) -> Result<Created> {
        let folder = Folder::new(dir);
        if folder.toml().exists() {
            let message = format!("{} holds a business already", dir.display());
            return Err(Error::new(Code::InvalidArgument, message, "choose another folder, or open this one"));
        }
        let business = Business::parse(text).map_err(|p| config::refusal(&p))?;
        std::fs::create_dir_all(dir).map_err(|e| config::io_error(dir, &e))?;
        let operator = OperatorKey::load_or_create()?;
        let store = Store::open(dir, &business, Options::new(Arc::new(machine_now)))?;
        let seed = u64::from_le_bytes(keys::random::<8>()?);
        let mut entry = epoch_store::Entry::new(
            machine_now(),
            epoch_model::journal::RowKind::Host,
            "system",
            json!({ "type": "created", "name": business.name, "seed": seed, "version": env!("CARGO_PKG_VERSION") }),
        );
        // So that a mistake in the file before the first start does not take its sense away.
        entry.meta.push(("config".into(), Some(json!(text))));
        entry.meta.push(("operators".into(), Some(json!([hex(&operator.public())]))));
        store.commit(vec![entry])?;
        let (record, write_key) = keys::make_gateway_key("sdk", "sdk", KeyKind::Write, machine_now())?;
        store.add_key(&record)?;
        store.put_meta("key.sdk", Some(&json!(write_key)))?;
        store.close()?;
        config::write_whole(&folder.toml(), text.as_bytes())?;
        Ok(Created { write_key, operator_key: operator.id() })
    }

    /// Opens a business and starts its parts.
    pub fn open(dir: &Path, options: &HostOptions) -> Result<Self> {
        let folder = Folder::new(dir);
        let loaded = config::load(&folder);
        let (config, problem) = match loaded {
            Ok(config) => (config, None),
            Err((error, problems)) => (last_good(&folder, &error)?, Some((error, problems))),
        };
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(Clock::new(Mode::Real)));
        let ticking = Arc::clone(&clock);
        let store = Store::open(dir, &config.business, Options::new(Arc::new(move || ticking.now())))?;
        let (config, problem) = match problem {
            Some(problem) => (config, Some(problem)),
            None => stand_firm(&folder, &store, config)?,
        };
        let kept = store.meta("clock")?.and_then(|v| serde_json::from_value::<Mode>(v).ok());
        if let Some(mode) = kept.filter(|_| options.clock.is_none()) {
            clock.set(mode);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("network")
            .enable_all()
            .build()
            .map_err(|e| no_runtime(&e))?;
        let inner =
            Arc::new(Self::parts(folder, clock, store, config, runtime.handle().clone(), options.outside.clone())?);
        if let Some((error, problems)) = problem {
            inner.note_config_problem(&error, &problems);
        }
        let mut host = Self {
            inner,
            runtime: Some(runtime),
            gateway: None,
            url: None,
            threads: Mutex::default(),
            watches: Arc::default(),
        };
        host.start(options)?;
        Ok(host)
    }

    fn parts(
        folder: Folder,
        clock: Arc<Clock>,
        store: Store,
        config: Config,
        runtime: tokio::runtime::Handle,
        outside: Option<Arc<dyn Outside>>,
    ) -> Result<Inner> {
        let arrivals = Arc::new(Arrivals::default());
        if let Some(at) = store.meta("live_until")?.and_then(|v| v.as_i64()) {
            arrivals.remember_live(at);
        }
        let firsts = Arc::new(Firsts::of(&store)?);
        let sink =
            Arc::new(Sink { store: store.clone(), arrivals: Arc::clone(&arrivals), firsts: Arc::clone(&firsts) });
        let seed = crate::audit::seed_of(&store)?;
        let secrets = Arc::new(Secrets::of(seed));
        let privacy = Arc::new(PrivacyRules::of(&config.business, seed)?);
        let zone = Zone::named(&config.business.timezone)?;
        let operators = Arc::new(RwLock::new(OperatorKeys(operators(&store)?)));
        let run = store.meta("run")?.and_then(|v| serde_json::from_value(v.get("state")?.clone()).ok());
        let run_state = Arc::new(RwLock::new(run.unwrap_or(RunState::Running)));
        let metrics = Metrics::new();
        let counting = Arc::clone(&metrics);
        let lab = Arc::new(Lab::default());
        let hearing = Arc::clone(&lab);
        let ear = Arc::new(workflows::Ear::default());
        let listening = Arc::clone(&ear);
        let heard: engine_thread::Heard = Arc::new(move |action: &Action| {
            hearing.hear(action);
            listening.hear(action);
            match action {
                Action::Scored { .. } => {
                    counting.buckets.inc();
                }
                Action::Effect { .. } => {
                    counting.effects.inc();
                }
                _ => {}
            }
        });
        let engine = engine_thread::start(&store, Arc::clone(&clock), seed, heard)?;
        let published = Published::of(folder.clone(), &store, engine.clone(), Arc::clone(&clock))?;
        let readers = Readers::of(&store, Arc::clone(&published) as _)?;
        let config = Arc::new(RwLock::new(config));
        let workflows = Arc::new(Workflows::of(workflows::Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            engine: engine.clone(),
            config: Arc::clone(&config),
            run_state: Arc::clone(&run_state),
            folder: folder.clone(),
            ear,
        })?);
        let effects = Effects::of(crate::effects::Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            engine: engine.clone(),
            config: Arc::clone(&config),
            operators: Arc::clone(&operators),
            run_state: Arc::clone(&run_state),
            published: Arc::clone(&published),
            runtime,
            outside,
            secrets: Arc::clone(&secrets),
            folder: folder.path().to_owned(),
            workflows: Arc::clone(&workflows),
        });
        let gaps = Arc::new(Gaps::of(&store)?);
        let closer = Closer {
            store: store.clone(),
            engine: engine.clone(),
            arrivals: Arc::clone(&arrivals),
            gaps: Arc::clone(&gaps),
        };
        let keys = Keys::of(&store)?;
        let sandbox = crate::sandbox::Company::of(&folder)?;
        Ok(Inner {
            folder,
            clock,
            sink,
            arrivals,
            gaps,
            engine,
            config,
            zone: RwLock::new(zone),
            problems: Problems::default(),
            operators,
            run_state,
            published,
            publisher: Publisher::default(),
            readers,
            privacy,
            secrets,
            firsts,
            effects,
            workflows,
            closer,
            lab,
            closing: Mutex::new(()),
            keys,
            metrics,
            replay: Arc::default(),
            sandbox,
            import: Mutex::new(None),
            ticked: Mutex::new((0, 0)),
            late_told: Mutex::new(None),
            policy_gone: Mutex::new(None),
            live_kept: Mutex::default(),
            quitting: AtomicBool::new(false),
            store,
        })
    }

    fn start(&mut self, options: &HostOptions) -> Result<()> {
        let inner = &self.inner;
        inner.set_sandbox_clock()?;
        let by = if inner.config.read().business.cedar.is_some() { crate::policy::FILE } else { FILE };
        if inner.configure_engine(by)? {
            // Its history is told again by whoever works next; here, so that one command at a time sees it, too.
            inner.close_buckets(None)?;
        }
        inner.effects.reconcile()?;
        let business = inner.config.read().business.clone();
        inner.published.refresh(&business, FILE)?;
        inner.obey_stop_file()?;
        inner.resume_experiments()?;
        inner.look_at_workflows();
        inner.workflows.resume_after_start()?;
        inner.end_experiments_of_killed(FILE)?;
        if !options.background {
            inner.work_on_experiments();
            inner.work_on_workflows();
        }
        if let Some(listen) = options.listen {
            self.start_gateway_near(listen, options)?;
        }
        self.show_company_the_door(options);
        if options.background {
            *self.watches.lock() = crate::folders::start(&self.inner);
            self.inner.publisher.watched();
            self.inner.plan_sandbox();
            self.start_threads()?;
            self.start_company()?;
        }
        Ok(())
    }

    fn start_gateway_near(&mut self, listen: SocketAddr, options: &HostOptions) -> Result<()> {
        let more = if options.listen_fallback && listen.port() != 0 { PORTS_MORE } else { 0 };
        for port in listen.port()..=listen.port().saturating_add(more) {
            match self.start_gateway(SocketAddr::new(listen.ip(), port), options) {
                Err(e) if e.code == Code::AddressUnavailable && options.listen_fallback => {
                    self.inner.problems.put("gateway", e, None);
                }
                Ok(()) => {
                    self.inner.problems.solve("gateway");
                    return Ok(());
                }
                other => return other,
            }
        }
        Ok(())
    }

    fn start_gateway(&mut self, listen: SocketAddr, options: &HostOptions) -> Result<()> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let metrics = Arc::clone(&self.inner.metrics);
        let clock = Arc::clone(&self.inner.clock);
        let inner = Arc::downgrade(&self.inner);
        let config = epoch_gateway::Config {
            listen,
            keys: Arc::clone(&self.inner.keys) as _,
            sink: Arc::clone(&self.inner.sink) as _,
            levers: Arc::clone(&self.inner.published) as _,
            book: Arc::clone(&self.inner.published) as _,
            readers: Arc::clone(&self.inner.readers) as _,
            privacy: Arc::clone(&self.inner.privacy) as _,
            secrets: Arc::clone(&self.inner.secrets) as _,
            meter: Arc::clone(&self.inner.metrics) as _,
            metrics_text: Arc::new(move || {
                if let Some(inner) = inner.upgrade() {
                    inner.refresh_gauges();
                }
                metrics.text()
            }),
            clock: Arc::new(move || clock.now()),
            limits: epoch_gateway::Limits::default(),
            allowed_hosts: options.allowed_hosts.clone(),
            tls: options.tls.clone(),
            behind_proxy: options.behind_proxy,
        };
        let bound = runtime.block_on(epoch_gateway::bind(config))?;
        let address = bound.local_addr();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        runtime.spawn(bound.serve(async move {
            let _ = stopped.await;
        }));
        self.gateway = Some((address, stop));
        self.url = Some(url_of(address, options));
        Ok(())
    }

    fn start_threads(&self) -> Result<()> {
        let spawn = |name: &str, work: fn(&Inner)| {
            let inner = Arc::clone(&self.inner);
            std::thread::Builder::new().name(name.into()).spawn(move || {
                while !inner.quitting() {
                    work(&inner);
                    std::thread::sleep(PULSE);
                }
            })
        };
        let watches = Arc::clone(&self.watches);
        let inner = Arc::clone(&self.inner);
        let files = std::thread::Builder::new().name("files".into()).spawn(move || {
            while !inner.quitting() {
                inner.look_at_workflows();
                if inner.look_at_files() {
                    *watches.lock() = crate::folders::start(&inner);
                }
                std::thread::sleep(PULSE);
            }
        });
        let inner = Arc::clone(&self.inner);
        // It waits by itself, for a message or for what is due, so that one step does not wait for the next pulse.
        let runs = std::thread::Builder::new().name("workflows".into()).spawn(move || {
            while !inner.quitting() {
                inner.pulse_workflows();
            }
        });
        let started = [
            files,
            runs,
            spawn("buckets", Inner::pulse),
            spawn("effects", Inner::send_effects),
            spawn("publishing", Inner::publish_levers),
            spawn("experiments", Inner::pulse_experiments),
        ];
        for thread in started {
            let failed =
                |e| Error::new(Code::Internal, format!("a thread does not start: {e}"), "close other programs");
            self.threads.lock().push(thread.map_err(failed)?);
        }
        Ok(())
    }

    /// A thread to wait for at the end.
    pub(crate) fn keep_thread(&self, thread: std::thread::JoinHandle<()>) {
        self.threads.lock().push(thread);
    }

    /// The gateway's address, when it listens.
    pub fn gateway(&self) -> Option<SocketAddr> {
        self.gateway.as_ref().map(|(address, _)| *address)
    }

    /// The URL under which products reach the gateway, when it listens.
    pub fn gateway_url(&self) -> Option<String> {
        self.url.clone()
    }

    /// Stops everything in order: the way in, the work, the engine (with a last snapshot), the store.
    pub fn close(&mut self) -> Result<()> {
        self.inner.quitting.store(true, Ordering::Relaxed);
        if let Some((_, stop)) = self.gateway.take() {
            let _ = stop.send(());
        }
        if let Some(job) = self.inner.import.lock().clone() {
            job.cancel();
        }
        self.watches.lock().clear();
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join();
        }
        if let Some(runtime) = self.runtime.take() {
            // What is not over then is put right at the next start, by its promise.
            if !self.inner.effects.wait(EFFECTS_MAX) {
                tracing::warn!("an effect is under way while the host closes");
            }
            runtime.shutdown_timeout(Duration::from_secs(10));
            self.inner.keep_live()?;
            self.inner.keep_clock()?;
            self.inner.firsts.keep(&self.inner.store)?;
            self.inner.readers.keep(&self.inner.store)?;
            self.inner.gaps.leave(&self.inner.store)?;
            self.inner.engine.quit();
            self.inner.store.close()?;
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Err(e) = self.close() {
            tracing::warn!(error = %e, "the host did not close cleanly; the journal's tail is replayed at the next start");
        }
    }
}

/// The first allowed name where one was given: a tunnel's or a proxy's, or the certificate's.
fn url_of(address: SocketAddr, options: &HostOptions) -> String {
    match (options.allowed_hosts.first(), &options.tls) {
        (Some(name), _) if options.behind_proxy => format!("https://{name}"),
        (Some(name), Some(_)) if name.contains(':') || address.port() == 443 => format!("https://{name}"),
        (Some(name), Some(_)) => format!("https://{name}:{}", address.port()),
        (None, Some(_)) => format!("https://{address}"),
        (_, None) => format!("http://{address}"),
    }
}

/// Why a file was refused, with all that is wrong with it.
type Refused = (Error, Vec<Problem>);

/// The configuration on disk, or the last good one where the file takes a running experiment its ground.
fn stand_firm(folder: &Folder, store: &Store, config: Config) -> Result<(Config, Option<Refused>)> {
    let before = store.meta("config")?.and_then(|v| Business::parse(v.as_str()?).ok());
    let Some(before) = before else { return Ok((config, None)) };
    let found = experiments::beside(&config.text, &config.business, &before, &store.experiments()?, &store.levers()?.1);
    if found.is_empty() {
        return Ok((config, None));
    }
    let error = config::refusal(&found);
    let config = last_good(folder, &error)?;
    store.reconfigure(&config.business)?;
    Ok((config, Some((error, found))))
}

/// The configuration of the last run, when the file on disk is refused: the business goes on as it was.
fn last_good(folder: &Folder, error: &Error) -> Result<Config> {
    let nameless = Business::parse(&Business::template("nameless")).map_err(|p| config::refusal(&p))?;
    let store = Store::open_read_only(folder.path(), &nameless, Options::new(Arc::new(machine_now)));
    let store = store.map_err(|_| error.clone())?;
    let kept = store.meta("config").ok().flatten();
    let text = kept.as_ref().and_then(Value::as_str).map(str::to_owned).ok_or_else(|| error.clone())?;
    let mut business = Business::parse(&text).map_err(|_| error.clone())?;
    // A policy that this version cannot read any more denies everything.
    business.cedar = crate::policy::last_good(&store);
    let playbooks = store.meta("playbooks").ok().flatten().and_then(|v| serde_json::from_value(v).ok());
    Ok(Config { text, business, playbooks: playbooks.unwrap_or_else(epoch_engine::Playbook::defaults) })
}
