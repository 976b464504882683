//! Follows the engine's state for the parts of the shell that are always on screen: tray and notifications.

use std::sync::Arc;

use epoch_api::Change;
use epoch_model::gate::RunState;
use serde::Deserialize;
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, Runtime};

use crate::backend::{Backend, Slot};
use crate::link::{Link, Message};
use crate::{notices, tray};

/// As much of the api's status view as the shell shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// `None` on first start.
    pub business: Option<Named>,
    /// Running, paused or stopped.
    pub run_state: RunState,
    /// Cards that wait for an answer.
    pub approvals_waiting: u32,
}

/// The business's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// As in `business.toml`.
    pub name: String,
}

/// Starts following: passes stale topics to the page, keeps the tray current, tells about new cards.
pub fn follow<R: Runtime>(app: AppHandle<R>, slot: Arc<Slot>) {
    in_background("status", move || {
        let backend = slot.wait()?;
        let changes = backend.subscribe();
        let mut cards = notices::Cards::default();
        refresh(&app, backend.as_ref(), &mut cards);
        while let Ok(Change { mut topics }) = changes.recv() {
            topics.extend(changes.try_iter().flat_map(|change| change.topics));
            topics.sort();
            topics.dedup();
            let ours = topics.iter().any(|topic| topic == "status" || topic == "decisions");
            app.state::<Arc<Link>>().send(Message::Changes { topics });
            if ours {
                refresh(&app, backend.as_ref(), &mut cards);
            }
        }
        Ok(Value::Null)
    });
}

fn refresh<R: Runtime>(app: &AppHandle<R>, backend: &dyn Backend, cards: &mut notices::Cards) {
    let read = |name: &str| {
        backend
            .read(name, json!({}))
            .inspect_err(|error| tracing::warn!(%error, name, "the tray could not be brought up to date"))
            .ok()
    };
    if let Some(status) = read("status").and_then(|view| serde_json::from_value::<Status>(view).ok()) {
        tray::show(app, &status);
        if status.business.is_some()
            && let Some(waiting) = read("approvals")
        {
            cards.tell(app, &waiting);
        }
    }
}

/// Runs work that may wait on a thread of its own; a failure is logged, as nobody waits for the answer.
pub fn in_background(name: &str, work: impl FnOnce() -> epoch_model::Result<Value> + Send + 'static) {
    let label = name.to_owned();
    let spawned = std::thread::Builder::new().name(label.clone()).spawn(move || {
        if let Err(error) = work() {
            tracing::warn!(%error, hint = error.hint, work = label, "could not be done");
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, work = name, "no thread could be started");
    }
}
