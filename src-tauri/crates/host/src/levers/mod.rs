//! The levers in force, where products read them: the gateway's protocols, `GET /v1/levers`, `levers.json`.

mod health;
mod kept;
mod operate;
mod readers;

use std::path::Path;
use std::sync::Arc;

use epoch_connectors::levers_file;
use epoch_levers::{Book, Compiled};
use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::ports::LeverBook;
use epoch_model::serving::Flag;
use epoch_model::time::Millis;
use epoch_store::{LeverRow, Options, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

pub use health::{LeverHealth, LeverState, LeverWarning, Past, examine, is_random, served};
pub use kept::LeverChange;
pub(crate) use kept::{history_key, takes, value_of};
pub use readers::{Readers, Seen};

use crate::clock::{Clock, machine_now};
use crate::config::Folder;
use crate::engine_thread::EngineHandle;
use kept::{KEPT, Kept, remembered};

/// Who changed a lever when the file did.
pub(crate) const FILE: &str = "business.toml";

type Told = Box<dyn Fn(u64) + Send + Sync>;

/// The levers in force, compiled anew as a whole when one of them or the configuration changes.
pub(crate) struct Published {
    folder: Folder,
    store: Store,
    engine: EngineHandle,
    clock: Arc<Clock>,
    current: RwLock<Arc<InForce>>,
    kept: Mutex<Kept>,
    told: RwLock<Vec<Told>>,
}

/// What is served, in all its forms.
#[derive(Default)]
struct InForce {
    compiled: Arc<Compiled>,
    body: Value,
}

impl Published {
    /// Remembers what an earlier run knew; serves nothing until the first [`Published::refresh`].
    pub(crate) fn of(folder: Folder, store: &Store, engine: EngineHandle, clock: Arc<Clock>) -> Result<Arc<Self>> {
        let kept = store.meta(KEPT)?.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
        Ok(Arc::new(Self {
            folder,
            store: store.clone(),
            engine,
            clock,
            current: RwLock::default(),
            kept: Mutex::new(kept),
            told: RwLock::default(),
        }))
    }

    /// Takes what is declared and set now into force. `by` changed the configuration, if that changed.
    pub(crate) fn refresh(&self, business: &Business, by: &str) -> Result<()> {
        let mut kept = self.kept.lock();
        let (_, rows) = self.store.levers()?;
        let now = self.clock.now();
        let mut next = kept.clone();
        let mut changes = next.take(business, &rows, by, (now, machine_now()));
        for (_, change) in &mut changes {
            if let Some(key) = &change.experiment {
                change.decision = self.store.experiment(key)?.and_then(|e| e.decisions.last().cloned());
            }
        }
        let compiled = Compiled::new(next.flags(business, &rows), next.version);
        if next != *kept {
            self.remember(&next, &changes, by)?;
            *kept = next;
        }
        let current = Arc::clone(&self.current.read());
        let body = document(business, &rows, compiled.version(), now);
        if current.compiled.version() == compiled.version() && current.body.get("levers") == body.get("levers") {
            return Ok(());
        }
        levers_file::publish(&self.folder.levers(), &body)?;
        let version = compiled.version();
        *self.current.write() = Arc::new(InForce { compiled: Arc::new(compiled), body });
        drop(kept);
        for told in self.told.read().iter() {
            told(version);
        }
        Ok(())
    }

    /// The journal's row and what it leads to, in one transaction.
    fn remember(&self, next: &Kept, changes: &[(String, LeverChange)], by: &str) -> Result<()> {
        let mut meta = vec![(KEPT.to_owned(), Some(json!(next)))];
        let mut rest = changes;
        while let [(key, _), ..] = rest {
            let (of_it, others) = rest.split_at(rest.iter().take_while(|(k, _)| k == key).count());
            let known = self.history(key)?;
            let new = of_it.iter().map(|(_, change)| change.clone()).collect();
            meta.push((history_key(key), Some(json!(remembered(known, new)))));
            rest = others;
        }
        let named: Vec<Value> = changes.iter().map(|(key, change)| json!({ "lever": key, "change": change })).collect();
        let body = json!({ "type": "levers_changed", "version": next.version, "changes": named });
        self.engine.record_with(by, body, meta)
    }

    /// A lever's changes, newest first.
    pub(crate) fn history(&self, lever: &str) -> Result<Vec<LeverChange>> {
        let kept = self.store.meta(&history_key(lever))?;
        Ok(kept.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default())
    }

    /// What an examination of a lever's health needs to know of its past.
    pub(crate) fn kept(&self) -> Kept {
        self.kept.lock().clone()
    }
}

impl LeverBook for Published {
    fn levers(&self) -> (u64, Value) {
        let current = self.current.read();
        (current.compiled.version(), current.body.clone())
    }
}

impl Book for Published {
    fn current(&self) -> Arc<Compiled> {
        Arc::clone(&self.current.read().compiled)
    }

    fn on_change(&self, told: Told) {
        self.told.write().push(told);
    }
}

fn document(business: &Business, rows: &[LeverRow], version: u64, now: Millis) -> Value {
    let levers: serde_json::Map<String, Value> = business
        .levers
        .iter()
        .map(|lever| {
            let row = rows.iter().find(|r| r.key == lever.key);
            let body = json!({
                "value": if lever.serving.off { &lever.default } else { value_of(lever, row) },
                "default": lever.default,
                "updated_at": row.map(|r| r.updated_at),
                "decision": row.and_then(|r| r.decision.clone()),
            });
            (lever.key.clone(), body)
        })
        .collect();
    json!({ "version": version, "as_of": now, "levers": levers })
}

/// What there is to know about the levers of a folder, without opening it for writing.
pub fn doctor(dir: &Path) -> Result<Vec<(String, LeverWarning)>> {
    let config = crate::config::load(&Folder::new(dir)).map_err(|(e, _)| e)?;
    let store = Store::open_read_only(dir, &config.business, Options::new(Arc::new(machine_now)))?;
    let kept: Kept = store.meta(KEPT)?.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let seen = readers::known(&store)?;
    let (_, rows) = store.levers()?;
    let (flags, past, now) = (kept.flags(&config.business, &rows), Past(kept), machine_now());
    let warnings = |flag: &Flag| {
        let found = examine(flag, &past, &seen, now).warnings;
        found.into_iter().map(|w| (flag.key.clone(), w)).collect::<Vec<_>>()
    };
    Ok(flags.iter().flat_map(warnings).collect())
}
