//! The levers in force, where products read them: `GET /v1/levers` and `levers.json`.

use std::sync::Arc;

use epoch_connectors::levers_file;
use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::ports::LeverBook;
use epoch_model::time::Millis;
use epoch_store::{LeverRow, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use crate::config::Folder;

/// The published state, refreshed when a lever or the configuration changes.
pub(crate) struct Published {
    folder: Folder,
    current: RwLock<(u64, Value)>,
    writing: Mutex<()>,
}

impl Published {
    pub(crate) fn new(folder: Folder) -> Arc<Self> {
        Arc::new(Self { folder, current: RwLock::new((0, json!({}))), writing: Mutex::new(()) })
    }

    /// Reads the levers of the store, and writes the file if they changed.
    pub(crate) fn refresh(&self, store: &Store, business: &Business, now: Millis) -> Result<()> {
        let _one_at_a_time = self.writing.lock();
        let (version, rows) = store.levers()?;
        let body = document(business, &rows, version, now);
        let same = {
            let current = self.current.read();
            current.0 == version && current.1.get("levers") == body.get("levers")
        };
        if same {
            return Ok(());
        }
        levers_file::publish(&self.folder.levers(), &body)?;
        *self.current.write() = (version, body);
        Ok(())
    }
}

impl LeverBook for Published {
    fn levers(&self) -> (u64, Value) {
        self.current.read().clone()
    }
}

fn document(business: &Business, rows: &[LeverRow], version: u64, now: Millis) -> Value {
    let levers: serde_json::Map<String, Value> = business
        .levers
        .iter()
        .map(|lever| {
            let row = rows.iter().find(|r| r.key == lever.key);
            let body = json!({
                "value": row.map_or(&lever.default, |r| &r.value),
                "default": lever.default,
                "updated_at": row.map(|r| r.updated_at),
                "decision": row.and_then(|r| r.decision.clone()),
            });
            (lever.key.clone(), body)
        })
        .collect();
    json!({ "version": version, "as_of": now, "levers": levers })
}
