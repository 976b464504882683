//! A business to talk to: the host that runs on the folder, or one opened for this command.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use epoch_api::control::{self, Client};
use epoch_api::{App, AppOptions};
use epoch_host::config::Folder;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long a command waits for the folder.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two tries.
const RETRY: Duration = Duration::from_millis(40);

/// An open business.
pub(crate) struct Session {
    dir: PathBuf,
    pub(crate) way: Way,
}

/// How it is reached.
pub(crate) enum Way {
    /// In this process.
    Local(Box<App>),
    /// In another one.
    Remote(Client),
}

impl Session {
    /// Reaches the host that runs on `dir`, or opens the folder; waits a moment for another command that has it open, or for
    /// a host that is just starting.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        Ok(Self { dir: dir.to_owned(), way: Self::find(dir)? })
    }

    fn find(dir: &Path) -> Result<Way> {
        Folder::new(dir).check()?;
        let app = App::new(AppOptions::default());
        match take(&app, dir)? {
            Some(client) => Ok(Way::Remote(client)),
            None => Ok(Way::Local(Box::new(app))),
        }
    }

    /// One that is reached through this connection.
    pub(crate) fn over(dir: &Path, client: Client) -> Self {
        Self { dir: dir.to_owned(), way: Way::Remote(client) }
    }

    /// Asks for a view.
    pub(crate) fn read(&mut self, name: &str, args: Value) -> Result<Value> {
        self.call("read", name, args)
    }

    /// A host that closes while it is asked has done nothing yet: the folder is free then, or will be in a moment.
    fn call(&mut self, kind: &str, name: &str, args: Value) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let client = match &mut self.way {
                Way::Local(app) => return control::dispatch(app, kind, name, args),
                Way::Remote(client) => client,
            };
            match client.try_call(kind, name, args.clone())? {
                Some(value) => return Ok(value),
                None if Instant::now() >= until => {
                    let message = format!("process {} is closing this business", client.host.pid);
                    return Err(Error::new(Code::FolderBusy, message, "try again in a moment"));
                }
                None => std::thread::sleep(RETRY),
            }
            self.way = Self::find(&self.dir)?;
        }
    }

    /// Asks for a view as its type.
    pub(crate) fn view<T: DeserializeOwned>(&mut self, name: &str, args: Value) -> Result<T> {
        let value = self.read(name, args)?;
        serde_json::from_value(value).map_err(|e| {
            let hint = "use the `ras` of the version that runs the host";
            Error::new(Code::Internal, format!("the answer to “{name}” is not understood: {e}"), hint)
        })
    }

    /// The business's timezone in force.
    pub(crate) fn zone(&mut self) -> Result<Zone> {
        zone_in(&self.read("status", Value::Null)?)
    }

    /// Changes something.
    pub(crate) fn write(&mut self, name: &str, args: Value) -> Result<Value> {
        self.call("write", name, args)
    }
}

/// Opens the folder in `app`, or answers the connection to the host that has it. Another command that has it for a moment is
/// waited for.
pub(crate) fn take(app: &App, dir: &Path) -> Result<Option<Client>> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(client) = Client::connect(dir) {
            return Ok(Some(client));
        }
        match app.open(dir) {
            Ok(()) => return Ok(None),
            Err(e) if e.code == Code::FolderBusy && Instant::now() < until => std::thread::sleep(RETRY),
            Err(e) => return Err(e),
        }
    }
}

/// The folder and the rest of `[DIR] WORD`.
pub(crate) fn split_dir(words: &[PathBuf], dir: Option<&PathBuf>) -> Result<(PathBuf, PathBuf)> {
    match (words, dir) {
        ([dir, word], None) => Ok((dir.clone(), word.clone())),
        ([word], dir) => Ok((dir.cloned().unwrap_or_else(|| PathBuf::from(".")), word.clone())),
        _ => Err(Error::new(Code::InvalidArgument, "the folder is given twice", "give it once")),
    }
}

/// A day, an instant or milliseconds, in the business's timezone.
pub(crate) fn instant(text: &str, zone: &Zone) -> Result<Millis> {
    if let Ok(ms) = text.parse::<Millis>()
        && text.len() > 8
    {
        return Ok(ms);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let local =
        text.parse::<jiff::civil::DateTime>().or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)));
    local.ok().and_then(|l| zone.instant(l)).ok_or_else(|| {
        Error::new(Code::InvalidArgument, format!("“{text}” is no date"), "write 2011-12-01 or 2011-12-01T08:30:00Z")
    })
}

/// The business's timezone, from its status.
pub(crate) fn zone_in(status: &Value) -> Result<Zone> {
    Zone::named(status.pointer("/business/timezone").and_then(Value::as_str).unwrap_or("UTC"))
}

/// The folder and the word of `[DIR] WORD`.
pub(crate) fn about(a: &crate::args::About) -> Result<(PathBuf, String)> {
    let (dir, word) = split_dir(&a.words, a.dir.as_ref())?;
    Ok((dir, word.to_string_lossy().into_owned()))
}
