//! The levers that were read since the world was last written, step by step. A step's record is on the disk before the
//! step's first event is sent, so whatever was sent can be sent again, the same.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::{Attributes, LeverSource, SimEvent, World};
use serde::{Deserialize, Serialize};

use crate::Exposure;

const FILE: &str = "tape.jsonl";

/// One step in which levers were read. Steps that read none are not recorded: they come out the same by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The step's end.
    pub to: Millis,
    /// What every read gave, in their order.
    pub values: Vec<Option<LeverValue>>,
    pub exposures: Vec<Exposure>,
}

/// The file, open at its end.
#[derive(Debug)]
pub(crate) struct Tape {
    file: File,
    path: PathBuf,
}

fn failed(path: &Path, e: &std::io::Error) -> Error {
    Error::new(
        Code::FileUnreadable,
        format!("{}: {e}", path.display()),
        "check that the disk is not full and the folder is yours",
    )
}

impl Tape {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|e| failed(&path, &e))?;
        Ok(Self { file, path })
    }

    pub(crate) fn write(&mut self, record: &Record) -> Result<()> {
        let mut line = serde_json::to_vec(record).unwrap_or_default();
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|e| failed(&self.path, &e))
    }

    pub(crate) fn clear(&self) -> Result<()> {
        self.file.set_len(0).map_err(|e| failed(&self.path, &e))
    }
}

/// The records of a folder, oldest first. What a crash cut off at the end was never sent.
pub fn read(folder: &Path) -> Result<Vec<Record>> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(&path, &e)),
    };
    Ok(text.split_inclusive('\n').map_while(|line| serde_json::from_str(line.strip_suffix('\n')?).ok()).collect())
}

/// Forgets the records of a folder, whose world was written after all of them.
pub fn clear(folder: &Path) -> Result<()> {
    let path = folder.join(FILE);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(&path, &e)),
        _ => Ok(()),
    }
}

/// What is lived again.
#[derive(Debug, Clone, Copy)]
pub enum Again<'a> {
    Event(&'a SimEvent<'a>),
    Exposure(&'a Exposure),
}

struct Reading<'a>(RefCell<std::slice::Iter<'a, Option<LeverValue>>>);

impl LeverSource for Reading<'_> {
    fn value(&self, _: &str, _: &str, _: &Attributes<'_>) -> Option<LeverValue> {
        self.0.borrow_mut().next().cloned().flatten()
    }
}

/// Lives the recorded steps after the world's own time again. `out` hears the last one's events: every earlier step was
/// taken by the gateway before the next one began.
pub fn relive(world: &mut World, records: &[Record], out: &mut dyn FnMut(Again<'_>)) {
    for (i, record) in records.iter().enumerate().filter(|(_, record)| record.to > world.now()).collect::<Vec<_>>() {
        let last = i + 1 == records.len();
        let reading = Reading(RefCell::new(record.values.iter()));
        world.advance(record.to, &reading, &mut |event| {
            if last {
                out(Again::Event(&event));
            }
        });
        if last {
            record.exposures.iter().for_each(|seen| out(Again::Exposure(seen)));
        }
    }
}
