//! The business's folder and its `business.toml`: reading, checking, writing whole files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use epoch_engine::Playbook;
use epoch_model::business::Business;
use epoch_model::business::Problem;
use epoch_model::{Code, Error, Result};

use crate::policy;

/// Paths inside a business's folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
    /// `business.toml`.
    pub fn toml(&self) -> PathBuf {
        self.0.join("business.toml")
    }
    /// The founder's own playbooks, if any.
    pub fn playbooks(&self) -> PathBuf {
        self.0.join("playbooks.toml")
    }
    /// `policy.cedar`, if the founder's policy is more than the table of `business.toml`.
    pub fn policy(&self) -> PathBuf {
        self.0.join(policy::FILE)
    }
    /// `business.db`.
    pub fn database(&self) -> PathBuf {
        self.0.join("business.db")
    }
    /// The levers in force, for products that read a file.
    pub fn levers(&self) -> PathBuf {
        self.0.join("levers.json")
    }
    /// While this file exists, nothing is executed.
    pub fn stop_file(&self) -> PathBuf {
        self.0.join("STOP")
    }
    /// Lines that were refused.
    pub fn rejected(&self) -> PathBuf {
        self.0.join("rejected")
    }
    /// Reports made.
    pub fn reports(&self) -> PathBuf {
        self.0.join("reports")
    }
    /// Backups made from the console.
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }
    /// Log files.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }
    /// Where a running host says how to reach it.
    pub fn host_file(&self) -> PathBuf {
        self.0.join("host.json")
    }

    /// [`Code::NotABusiness`] unless there is a `business.toml`.
    pub fn check(&self) -> Result<()> {
        if self.toml().is_file() {
            return Ok(());
        }
        Err(Error::new(
            Code::NotABusiness,
            format!("{} holds no business.toml", self.0.display()),
            "make a business with `ras init DIR --name NAME`",
        ))
    }
}

/// A configuration that parsed and held together.
#[derive(Debug, Clone)]
pub struct Config {
    /// `business.toml` as it is on disk.
    pub text: String,
    /// What it says, under the policy of `policy.cedar` if there is one.
    pub business: Business,
    /// The playbooks in force: the founder's file if there is one, else the default ones.
    pub playbooks: Vec<Playbook>,
}

/// The error for a set of problems: names the first with its line, and how many follow.
pub fn refusal(problems: &[Problem]) -> Error {
    let Some(first) = problems.first() else {
        return Error::new(Code::ConfigInvalid, "business.toml is not valid", "look at the file");
    };
    let file = file_of(first);
    let more = match problems.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    Error::new(Code::ConfigInvalid, format!("{file}, line {}: {}{more}", first.line, first.message), first.hint.clone())
}

/// Which file a problem is in.
pub(crate) fn file_of(problem: &Problem) -> &'static str {
    if problem.path == policy::FILE { policy::FILE } else { "business.toml" }
}

/// Reads and checks the folder's configuration.
pub fn load(folder: &Folder) -> Result<Config, (Error, Vec<Problem>)> {
    folder.check().map_err(|e| (e, Vec::new()))?;
    let text = read_text(&folder.toml()).map_err(|e| (e, Vec::new()))?;
    let cedar = policy::on_disk(folder).map_err(|e| (e, Vec::new()))?;
    let business = Business::parse(&text)
        .and_then(|business| policy::govern(business, &text, cedar))
        .map_err(|problems| (refusal(&problems), problems))?;
    let playbooks = match folder.playbooks() {
        path if path.is_file() => {
            let own = read_text(&path).map_err(|e| (e, Vec::new()))?;
            Playbook::parse_all(&own).map_err(|e| {
                let message = format!("playbooks.toml: {}", e.message);
                (Error::new(Code::ConfigInvalid, message, e.hint), Vec::new())
            })?
        }
        _ => Playbook::defaults(),
    };
    Ok(Config { text, business, playbooks })
}

/// Reads a text file, without a byte order mark.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|e| io_error(path, &e))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::new(Code::ConfigInvalid, format!("{} is not UTF-8", path.display()), "save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

impl Config {
    /// The same under another `business.toml`: policy and playbooks stay.
    pub(crate) fn with_text(self, text: String) -> std::result::Result<Self, Vec<Problem>> {
        let business = policy::govern(Business::parse(&text)?, &text, self.business.cedar)?;
        Ok(Self { text, business, playbooks: self.playbooks })
    }
}

/// Writes a file whole or not at all: beside it, synced, renamed over it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let temporary = path.with_extension("writing");
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|e| io_error(path, &e))
}

/// What the operating system said about a file, as an error a person can act on.
pub fn io_error(path: &Path, e: &std::io::Error) -> Error {
    use std::io::ErrorKind as Kind;
    let (code, hint) = match e.kind() {
        Kind::NotFound => (Code::NotFound, "check the path"),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem => {
            (Code::DiskFull, "free some space, then try again")
        }
        Kind::PermissionDenied => (Code::FileUnreadable, "check the permissions"),
        _ => (Code::FileUnreadable, "check the path and the disk"),
    };
    Error::new(code, format!("{}: {e}", path.display()), hint)
}
