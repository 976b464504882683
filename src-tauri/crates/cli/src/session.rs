//! A business to talk to: the host that runs on the folder, or one opened for this command.

use std::path::{Path, PathBuf};

use epoch_api::control::Client;
use epoch_api::{App, AppOptions};
use epoch_host::config::Folder;
use epoch_model::business::Business;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An open business.
pub(crate) enum Session {
    /// In this process.
    Local(Box<App>),
    /// In another one.
    Remote(Client),
}

impl Session {
    /// Reaches the host that runs on `dir`, or opens the folder.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        Folder::new(dir).check()?;
        if let Some(client) = Client::connect(dir) {
            return Ok(Self::Remote(client));
        }
        let app = App::new(AppOptions::default());
        match app.open(dir) {
            Ok(()) => Ok(Self::Local(Box::new(app))),
            // A host that is just starting holds the folder before it answers.
            Err(e) if e.code == Code::FolderBusy => {
                let patience = std::time::Duration::from_secs(3);
                Client::connect_within(dir, patience).map(Self::Remote).ok_or(e)
            }
            Err(e) => Err(e),
        }
    }

    /// Asks for a view.
    pub(crate) fn read(&mut self, name: &str, args: Value) -> Result<Value> {
        match self {
            Self::Local(app) => app.read(name, args),
            Self::Remote(client) => client.call("read", name, args),
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

    /// Changes something.
    pub(crate) fn write(&mut self, name: &str, args: Value) -> Result<Value> {
        match self {
            Self::Local(app) => app.write(name, args),
            Self::Remote(client) => client.call("write", name, args),
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
    let local = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)));
    local.ok().and_then(|l| zone.instant(l)).ok_or_else(|| {
        Error::new(Code::InvalidArgument, format!("“{text}” is no date"), "write 2011-12-01 or 2011-12-01T08:30:00Z")
    })
}

/// The business's timezone, read from its file.
pub(crate) fn zone_of(dir: &Path) -> Result<Zone> {
    let text = epoch_host::config::read_text(&Folder::new(dir).toml())?;
    let business = Business::parse(&text).map_err(|p| epoch_host::config::refusal(&p))?;
    Zone::named(&business.timezone)
}
