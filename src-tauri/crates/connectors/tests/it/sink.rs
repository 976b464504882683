//! An event log in memory that recognises duplicates, and is full now and then.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use epoch_connectors::import::{self, Checkpoint, Context, ImportReport, Progress};
use epoch_model::business::Mapping;
use epoch_model::event::{Done, EventBatch, EventSink, Receipt, Rejection};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub time: Millis,
    pub name: String,
    pub unit: String,
    pub props: String,
}

#[derive(Default)]
pub struct Sink {
    pub ids: Mutex<HashSet<[u8; 16]>>,
    pub rows: Mutex<Vec<Row>>,
    pub rejections: Mutex<Vec<Rejection>>,
    /// Every n-th submission is refused; 0 for none.
    pub full_every: u64,
    /// Fails at this submission; 0 for never.
    pub fail_at: u64,
    pub calls: AtomicU64,
}

impl EventSink for Sink {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.full_every > 0 && call.is_multiple_of(self.full_every) {
            return Err(Error::new(Code::Overloaded, "full", "wait"));
        }
        if self.fail_at > 0 && call >= self.fail_at {
            done(Err(Error::new(Code::DiskFull, "disk full", "free some")));
            return Ok(());
        }
        let mut receipt = Receipt::default();
        for e in batch.iter() {
            if self.ids.lock().unwrap().insert(e.id) {
                receipt.accepted += 1;
                let (name, unit, props) = (e.name.into(), e.unit.into(), e.props.into());
                self.rows.lock().unwrap().push(Row { time: e.time, name, unit, props });
            } else {
                receipt.duplicates += 1;
            }
        }
        done(Ok(receipt));
        Ok(())
    }

    fn reject(&self, _source: &str, _received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        self.rejections.lock().unwrap().extend(rejections);
        Ok(())
    }
}

impl Sink {
    pub fn count(&self) -> usize {
        self.rows.lock().unwrap().len()
    }
}

/// Imports with a callback.
pub fn import_with(
    path: &Path,
    mapping: &Mapping,
    sink: &Sink,
    resume: Option<Checkpoint>,
    on_progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ImportReport> {
    // An old file is a finished one, which saves the wait for the rest of its last line.
    age(path);
    let rejected = path.parent().unwrap().join("rejected");
    let context = Context {
        source: "test",
        zone: "Europe/Berlin",
        received: &|| 1_700_000_000_000,
        sink,
        resume,
        on_progress,
        rejected_dir: &rejected,
    };
    import::run(path, mapping, context)
}

pub fn age(path: &Path) {
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    if let Ok(file) = std::fs::File::options().append(true).open(path) {
        let _ = file.set_modified(old);
    }
}

pub fn import(path: &Path, mapping: &Mapping, sink: &Sink) -> Result<ImportReport> {
    import_with(path, mapping, sink, None, &mut |_| ControlFlow::Continue(()))
}

/// `event`, `time`, `unit` and further properties.
pub fn mapping(event: &str, time: &str, unit: &str, props: &[(&str, &str)]) -> Mapping {
    let props = props.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
    Mapping { event: event.into(), time: time.into(), unit: unit.into(), props, ..Mapping::default() }
}

/// Every row is accounted for.
pub fn assert_complete(report: &ImportReport) {
    assert_eq!(report.rows, report.accepted + report.duplicates + report.rejected + report.blank, "{report:?}");
}
