//! The engine's face as the shell sees it: JSON in, JSON out, and a stream of what became stale.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::Receiver;
use epoch_api::{App, AppOptions, Change};
use epoch_company::Program;
use epoch_model::Result;
use serde_json::Value;

use crate::args::Args;

/// Started with this word, the program is the company of a sandbox that is open in another of its processes.
pub const COMPANY: &str = "--sandbox-company";
/// The gateway's port as documented …
const GATEWAY_PORT: u16 = 8787;

/// The command list behind the page. Calls may take as long as a disk does; they are never made on the window's thread.
pub trait Backend: Send + Sync {
    /// Answers a view.
    fn read(&self, name: &str, args: Value) -> Result<Value>;
    /// Runs a command that changes something.
    fn write(&self, name: &str, args: Value) -> Result<Value>;
    /// Batches of topics that became stale; ends when the engine has stopped.
    fn subscribe(&self) -> Receiver<Change>;
    /// Stops the engine cleanly: drained, checkpointed, lock released.
    fn close(&self);
}

/// What opening the engine gave.
pub type Opened = Result<Arc<dyn Backend>>;

/// The place of a backend that is still being opened. Readers wait for it, so a page may ask before it is there.
#[derive(Default)]
pub struct Slot {
    opened: OnceLock<Opened>,
}

impl Slot {
    /// Puts the backend in, once.
    pub fn fill(&self, opened: Opened) {
        if let Err(error) = &opened {
            tracing::error!(%error, hint = error.hint, "the engine could not be opened");
        }
        if self.opened.set(opened).is_err() {
            tracing::error!("the engine was opened twice; the second one is dropped");
        }
    }

    /// Waits until the backend is there. Not for the window's thread.
    pub fn wait(&self) -> Opened {
        self.opened.wait().clone()
    }

    /// Waits, then reads.
    pub fn read(&self, name: &str, args: Value) -> Result<Value> {
        self.wait()?.read(name, args)
    }

    /// Waits, then writes.
    pub fn write(&self, name: &str, args: Value) -> Result<Value> {
        self.wait()?.write(name, args)
    }

    /// Closes what is there; a backend still being opened releases the folder with the process.
    pub fn close(&self) {
        if let Some(Ok(backend)) = self.opened.get() {
            backend.close();
        }
    }
}

/// Opens the real engine: the business named, or the one that was open last, or none yet. A business that does not
/// open is something the page shows, so this does not fail.
pub fn open(args: &Args) -> Opened {
    let options = AppOptions {
        home: args.home.clone(),
        folder: args.folder.clone(),
        // Another console may be open on another business; then the next free port serves this one.
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, GATEWAY_PORT))),
        listen_fallback: true,
        background: true,
        company: Program::itself(&[COMPANY]),
        ..AppOptions::default()
    };
    let app = Arc::new(App::new(options));
    app.keep_reachable();
    Ok(app)
}

impl Backend for App {
    fn read(&self, name: &str, args: Value) -> Result<Value> {
        Self::read(self, name, args)
    }

    fn write(&self, name: &str, args: Value) -> Result<Value> {
        Self::write(self, name, args)
    }

    fn subscribe(&self) -> Receiver<Change> {
        Self::subscribe(self)
    }

    fn close(&self) {
        Self::close(self);
    }
}
