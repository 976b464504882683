//! The three commands a page can call. Names and arguments of the real commands are the api crate's list; here they
//! are only carried, each on a thread where it may wait.
//!
//! ```text
//! invoke("read",  { name: "today", args: {} })                     -> view
//! invoke("write", { name: "approve", args: { id, card_hash } })    -> result
//! invoke("watch", { channel })                                     -> null, then link::Message on the channel
//! ```
//! A call that fails rejects with `{ code, message, hint }`.

use std::sync::Arc;

use epoch_model::{Code, Error};
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{Runtime, State, WebviewWindow};

use crate::backend::Slot;
use crate::link::{Link, Message};

/// Answers a view of the api's list.
#[tauri::command]
pub async fn read(slot: State<'_, Arc<Slot>>, name: String, args: Option<Value>) -> Result<Value, Error> {
    let slot = Arc::clone(&slot);
    off_thread(move || slot.read(&name, args.unwrap_or_default())).await
}

/// Runs a command of the api's list.
#[tauri::command]
pub async fn write(slot: State<'_, Arc<Slot>>, name: String, args: Option<Value>) -> Result<Value, Error> {
    let slot = Arc::clone(&slot);
    off_thread(move || slot.write(&name, args.unwrap_or_default())).await
}

/// Sends every message of the shell to the page, until the page is gone.
#[tauri::command]
pub fn watch<R: Runtime>(window: WebviewWindow<R>, link: State<'_, Arc<Link>>, channel: Channel<Message>) {
    link.listen(window.label(), move |message| channel.send(message.clone()).is_ok());
}

async fn off_thread(work: impl FnOnce() -> Result<Value, Error> + Send + 'static) -> Result<Value, Error> {
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_else(|fault| {
        tracing::error!(%fault, "a command ended without an answer");
        Err(Error::new(Code::Internal, "the command ended without an answer", "look into the log, then try again"))
    })
}
