//! Runs of procedures and the definitions they pin: rows with the few columns they are looked for by.
//!
//! What a definition or a run says is the caller's: texts and bodies are kept as they are handed in.

mod calls;
mod definitions;
mod runs;

pub use calls::{called, note_call};
pub use definitions::{days, definition, definitions, keep_days, mark, marks, put_definition};
pub use runs::{next_id, open_runs, run, run_by_id, runs, write};

/// A step of a run rewrites one row and adds one to the journal: whatever else it would touch costs a page of the
/// write-ahead log per step. So what a run has asked of others lies in its own row, and only what is open is indexed.
pub const TABLES: &str = "
CREATE TABLE workflow_definitions (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    body TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (key, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE workflow_runs (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version INTEGER NOT NULL,
    open INTEGER NOT NULL,
    state TEXT NOT NULL,
    due INTEGER,
    step INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    parent TEXT,
    asked TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX workflow_runs_open ON workflow_runs (workflow) WHERE open = 1;
CREATE INDEX workflow_runs_of ON workflow_runs (workflow, id);
CREATE TABLE workflow_calls (
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (key, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE workflow_days (
    workflow TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE workflow_triggers (
    workflow TEXT NOT NULL,
    trigger INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (workflow, trigger)
) STRICT, WITHOUT ROWID;
";
