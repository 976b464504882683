//! Definitions and runs of procedures, as rows.

use epoch_model::time::Millis;

/// A published version of a definition. It is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionRow {
    pub key: String,
    pub version: u32,
    /// Of what it says, without its version.
    pub hash: String,
    /// The TOML as it was written, with comments.
    pub text: String,
    /// What was understood, as JSON.
    pub body: String,
    pub published_at: Millis,
    /// `file:<path>`, `operator:<key id>`, `decision:<id>`.
    pub by: String,
}

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub id: u64,
    /// Named by everybody else.
    pub key: String,
    pub workflow: String,
    pub version: u32,
    /// Whether something may still come of it.
    pub open: bool,
    pub state: String,
    /// When the clock moves it next.
    pub due: Option<Millis>,
    /// The journal row of its last step; that row names the one before.
    pub step: u64,
    pub started_at: Millis,
    pub updated_at: Millis,
    /// The run that started it.
    pub parent: Option<String>,
    /// What it has asked of others and was not answered yet, as JSON.
    pub asked: Option<String>,
    /// The run itself, as JSON.
    pub body: String,
}

/// What a step writes of a run; the journal row of the step is the one of the entry it comes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunWrite {
    /// A new run; its `step` is taken from the journal.
    New(Box<RunRow>),
    /// One step further.
    Step { id: u64, state: String, due: Option<Millis>, updated_at: Millis, asked: Option<String>, body: String },
    /// Nothing more comes of it.
    Ended { id: u64 },
    /// Something comes of it again: it was set aside, and is being undone.
    Reopened { id: u64 },
    /// It goes on by another version.
    Version { id: u64, version: u32 },
}

/// What is kept in memory of every open run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    pub id: u64,
    pub key: String,
    pub workflow: String,
    pub version: u32,
    pub due: Option<Millis>,
    pub asked: Option<String>,
}

/// Which runs. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub workflow: Option<String>,
    /// Only those of which something may still come.
    pub open: bool,
    /// Only those with a lower number (the last one's of the page before).
    pub before: Option<u64>,
    /// Most rows; 0 means 200.
    pub limit: usize,
}
