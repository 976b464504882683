//! Imports: a file at once, in a thread of its own, with progress that anyone may look at.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use epoch_connectors::import::{self, Checkpoint, Context, ImportReport, Progress};
use epoch_model::Result;
use epoch_model::business::Mapping;
use epoch_model::event::EventSink;
use epoch_store::Store;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// Where an import stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ImportOutcome {
    /// Working.
    Running,
    /// Finished, or stopped on request (`report.cancelled`).
    Done { report: Box<ImportReport> },
    /// Broke off; what was committed stays and the next try goes on from there.
    Failed { error: epoch_model::Error },
}

/// An import anyone may look at and cancel.
#[derive(Debug)]
pub struct ImportJob {
    /// The file.
    pub path: PathBuf,
    cancel: AtomicBool,
    progress: Mutex<Option<Progress>>,
    outcome: Mutex<ImportOutcome>,
}

impl ImportJob {
    pub(crate) fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            cancel: AtomicBool::new(false),
            progress: Mutex::new(None),
            outcome: Mutex::new(ImportOutcome::Running),
        })
    }
    /// Asks it to stop after the batch at hand.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
    /// How far it is.
    pub fn progress(&self) -> Option<Progress> {
        self.progress.lock().clone()
    }
    /// Where it stands.
    pub fn outcome(&self) -> ImportOutcome {
        self.outcome.lock().clone()
    }
    /// Whether it still works.
    pub fn running(&self) -> bool {
        matches!(*self.outcome.lock(), ImportOutcome::Running)
    }
    pub(crate) fn finish(&self, result: Result<ImportReport>) {
        *self.outcome.lock() = match result {
            Ok(report) => ImportOutcome::Done { report: Box::new(report) },
            Err(error) => ImportOutcome::Failed { error },
        };
    }
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
    pub(crate) fn note(&self, progress: Progress) {
        *self.progress.lock() = Some(progress);
    }
}

/// What an import is told.
pub(crate) struct Task<'a> {
    pub(crate) path: &'a Path,
    pub(crate) mapping: &'a Mapping,
    pub(crate) source: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) rejected_dir: &'a Path,
}

/// Imports a file to its end, noting its checkpoint with every batch so that the next try goes on where this one ended.
pub(crate) fn run(
    task: &Task<'_>,
    job: &ImportJob,
    store: &Store,
    sink: &dyn EventSink,
    clock: &Clock,
) -> Result<ImportReport> {
    let key = mark_key(task);
    let resume = store.import(&key)?.and_then(|mark| serde_json::from_value::<Checkpoint>(mark.mark).ok());
    let mut on_progress = |progress: &Progress| {
        job.note(progress.clone());
        let mark = serde_json::to_value(&progress.checkpoint).unwrap_or_default();
        if let Err(e) = store.put_import(&key, &mark) {
            tracing::warn!(error = %e, "the import's place could not be noted; a restart reads more of the file again");
        }
        if job.cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let received = || clock.now();
    let context = Context {
        source: task.source,
        zone: task.zone,
        received: &received,
        sink,
        resume,
        on_progress: &mut on_progress,
        rejected_dir: task.rejected_dir,
    };
    let report = import::run(task.path, task.mapping, context)?;
    if !report.cancelled {
        // A finished file is read from its beginning the next time, so that the report says what it holds that is new.
        store.put_import(&key, &serde_json::json!({ "done": true }))?;
    }
    Ok(report)
}

/// A file's place is kept under its path and its mapping: another mapping makes other events.
fn mark_key(task: &Task<'_>) -> String {
    let mapping = serde_json::to_string(task.mapping).unwrap_or_default();
    let text = format!("{}\n{}\n{mapping}", task.source, task.path.display());
    format!("file.{}", &blake3::hash(text.as_bytes()).to_hex()[..24])
}
