//! The way to the business: over the local socket of whoever holds its folder, or by holding it. Knows nothing of MCP.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use epoch_api::control::{self, Client, Served};
use epoch_api::{App, AppOptions};
use epoch_host::config::Folder;
use epoch_model::{Code, Error, Result};
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long a call waits for a folder that changes hands.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(40);

/// A business to talk to, for as long as the program runs.
pub struct Link {
    dir: PathBuf,
    options: AppOptions,
    /// Held here; `None` while another process has it.
    held: RwLock<Option<Held>>,
}

struct Held {
    // Ended first, so that nobody new comes in while the business closes.
    _served: Served,
    app: Arc<App>,
}

impl Link {
    /// Reaches the host that runs on `dir`, or opens the folder and works as its host, without a gateway.
    pub fn open(dir: &Path, options: AppOptions) -> Result<Self> {
        Folder::new(dir).check()?;
        let link = Self { dir: dir.to_owned(), options, held: RwLock::new(None) };
        link.find(Instant::now() + PATIENCE)?;
        Ok(link)
    }

    /// Answers a connection to the host that has the folder, or `None` when it is held here.
    fn find(&self, until: Instant) -> Result<Option<Client>> {
        loop {
            if self.held.read().is_some() {
                return Ok(None);
            }
            if let Some(client) = Client::connect(&self.dir) {
                return Ok(Some(client));
            }
            let mut held = self.held.write();
            if held.is_some() {
                return Ok(None);
            }
            let app = Arc::new(App::new(AppOptions { background: true, listen: None, ..self.options.clone() }));
            match app.open(&self.dir) {
                Ok(()) => {
                    *held = Some(Held { _served: control::serve(&app)?, app });
                    return Ok(None);
                }
                Err(e) if e.code == Code::FolderBusy && Instant::now() < until => {}
                Err(e) => return Err(e),
            }
            drop(held);
            std::thread::sleep(RETRY);
        }
    }

    /// Asks for something of the command list, or of a client's (`kind` `client`). Blocks.
    pub fn call(&self, kind: &str, name: &str, args: Value) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.find(until)? {
                None => {
                    // Not under the lock: what is asked may take a while.
                    let app = self.held.read().as_ref().map(|held| Arc::clone(&held.app));
                    if let Some(app) = app {
                        return control::dispatch(&app, kind, name, args);
                    }
                }
                // A connection of its own for each call, so that one that went stale never hides whether something was done.
                Some(mut client) => {
                    if let Some(value) = client.try_call(kind, name, args.clone())? {
                        return Ok(value);
                    }
                }
            }
            if Instant::now() >= until {
                return Err(Error::new(Code::FolderBusy, "the business is changing hands", "try again in a moment"));
            }
            std::thread::sleep(RETRY);
        }
    }

    /// Asks for something of a client's, as its type.
    pub(crate) fn ask<T: DeserializeOwned>(&self, name: &str, args: impl Serialize) -> Result<T> {
        self.typed("client", name, args)
    }

    /// Reads a view, as its type.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str, args: impl Serialize) -> Result<T> {
        self.typed("read", name, args)
    }

    fn typed<T: DeserializeOwned>(&self, kind: &str, name: &str, args: impl Serialize) -> Result<T> {
        let args = serde_json::to_value(args)
            .map_err(|e| Error::new(Code::Internal, format!("“{name}” cannot be asked: {e}"), "report this"))?;
        serde_json::from_value(self.call(kind, name, args)?).map_err(|e| {
            let hint = "use the same version of `ras` for the host and for `ras mcp`";
            Error::new(Code::Internal, format!("the answer to “{name}” is not understood: {e}"), hint)
        })
    }
}
