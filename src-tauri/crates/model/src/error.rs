//! Closed error codes. Whoever must react matches the code, never the text; each code has a page in `docs/errors.md`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a closed list. The string form (`config_invalid`, …) is stable and documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// `business.toml` does not parse or does not hold together.
    ConfigInvalid,
    /// An expression (mapping, filter, formula) does not parse or mixes units.
    ExpressionInvalid,
    /// A named thing (metric, decision, lever, source, file) does not exist.
    NotFound,
    /// An argument is out of range or of the wrong form.
    InvalidArgument,
    /// An event or a line was refused; the reason says which field.
    EventInvalid,
    /// The file cannot be read as what it claims to be.
    FileUnreadable,
    /// The mapping of columns is missing or does not fit the file.
    MappingInvalid,
    /// Another process holds this business folder.
    FolderBusy,
    /// The folder is not a business folder.
    NotABusiness,
    /// The inbox is full; try again after the time given.
    Overloaded,
    /// The disk is full or cannot be written.
    DiskFull,
    /// The store is damaged or of a newer version.
    StoreDamaged,
    /// A key is missing, unknown or may not do this.
    Unauthorized,
    /// The verdict does not carry a valid signature of the operator's key.
    SignatureInvalid,
    /// The decision is not in a state in which this can be done.
    WrongState,
    /// What was on screen is not what would run now.
    Stale,
    /// Policy, budget, stop or guardrail denies it.
    Denied,
    /// An effect's provider failed.
    EffectFailed,
    /// The journal's chain is broken.
    AuditBroken,
    /// A replay gave different decisions.
    ReplayDiffers,
    /// The network address is not allowed or already in use.
    AddressUnavailable,
    /// A fault of our own; the log has the details.
    Internal,
}

/// An error that a person can act on: code, cause, next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The closed code.
    pub code: Code,
    /// The cause, in one plain sentence.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl Error {
    /// An error with its cause and the next step.
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into() }
    }
}
