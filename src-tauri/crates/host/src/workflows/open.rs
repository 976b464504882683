//! The open runs: a few words of each, whole only those that move; what is due; what waits to be handled.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{OpenRun, RunRow, Store};
use epoch_workflows::{Command, Run};

use super::Message;

/// Runs kept whole between two passes; more are read again when something comes for them.
const WARM_MAX: usize = 4_096;

/// A run as it is kept.
#[derive(Debug)]
pub(super) struct Slot {
    pub key: Arc<str>,
    pub workflow: Arc<str>,
    pub due: Option<Millis>,
    /// A step of it is on its way to the disk.
    pub busy: bool,
    pub warm: Option<Box<Warm>>,
}

/// A run whole.
#[derive(Debug, Clone)]
pub(super) struct Warm {
    pub run: Run,
    /// What it asked of others and was not answered yet.
    pub asked: Vec<Command>,
    /// The journal row of its last step.
    pub step: u64,
}

/// All open runs.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub slots: HashMap<u64, Slot>,
    ids: HashMap<Arc<str>, u64>,
    /// Keys of workflows, shared between their runs.
    names: BTreeSet<Arc<str>>,
    due: BinaryHeap<Reverse<(Millis, u64)>>,
    pub queue: VecDeque<Message>,
    /// What may not be performed while everything is stopped.
    pub held: Vec<(u64, Command)>,
    /// Runs whose commands are to be performed again after a restart.
    pub again: VecDeque<u64>,
    /// When the clock starts which workflow, by number of its trigger.
    pub schedule: BTreeSet<(Millis, String, u32)>,
    /// The edition of the book the schedule was made of.
    pub scheduled: Option<u64>,
    pub marks: BTreeMap<(String, u32), Millis>,
    warm: usize,
}

impl Open {
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    /// Takes an open run in.
    pub fn insert(&mut self, run: &OpenRun) {
        let key: Arc<str> = run.key.as_str().into();
        let workflow = self.name(&run.workflow);
        self.ids.insert(Arc::clone(&key), run.id);
        self.slots.insert(run.id, Slot { key, workflow, due: run.due, busy: false, warm: None });
        self.due_at(run.id, run.due);
    }

    /// Forgets a run of which nothing more comes.
    pub fn remove(&mut self, id: u64) {
        if let Some(slot) = self.slots.remove(&id) {
            self.ids.remove(&slot.key);
            self.warm -= usize::from(slot.warm.is_some());
        }
    }

    pub fn id_of(&self, key: &str) -> Option<u64> {
        self.ids.get(key).copied()
    }

    /// Notes when the clock moves a run next.
    pub fn due_at(&mut self, id: u64, due: Option<Millis>) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.due = due;
        }
        if let Some(due) = due {
            self.due.push(Reverse((due, id)));
        }
    }

    /// The runs that are due by `now`, at most `limit`.
    pub fn take_due(&mut self, now: Millis, limit: usize) -> Vec<u64> {
        let mut found = Vec::new();
        while found.len() < limit {
            let Some(Reverse((due, id))) = self.due.peek().copied() else { break };
            if due > now {
                break;
            }
            self.due.pop();
            // An entry whose run was moved on since is a leftover.
            if self.slots.get(&id).is_some_and(|slot| slot.due == Some(due)) {
                found.push(id);
            }
        }
        found
    }

    /// When the clock next moves something.
    pub fn next_due(&self) -> Option<Millis> {
        let run = self.due.peek().map(|Reverse((due, _))| *due);
        let schedule = self.schedule.first().map(|(at, _, _)| *at);
        run.into_iter().chain(schedule).min()
    }

    /// The run whole; read from the store where it is not kept.
    pub fn warm(&mut self, store: &Store, id: u64) -> Result<&mut Warm> {
        let missing = || Error::new(Code::NotFound, format!("there is no open run number {id}"), "list the runs");
        let slot = self.slots.get_mut(&id).ok_or_else(missing)?;
        if slot.warm.is_none() {
            let row = store.run_by_id(id)?.ok_or_else(missing)?;
            slot.warm = Some(Box::new(read(&row)?));
            self.warm += 1;
        }
        slot.warm.as_deref_mut().ok_or_else(missing)
    }

    /// Puts a run in that is whole already.
    pub fn put(&mut self, id: u64, warm: Warm) {
        if let Some(slot) = self.slots.get_mut(&id) {
            self.warm += usize::from(slot.warm.is_none());
            slot.warm = Some(Box::new(warm));
        }
    }

    /// Lets go of a run's whole, so that it is read again: what is in memory was not written.
    pub fn cool(&mut self, id: u64) {
        if let Some(slot) = self.slots.get_mut(&id) {
            self.warm -= usize::from(slot.warm.take().is_some());
            slot.busy = false;
        }
    }

    /// Bounds what is kept whole.
    pub fn tidy(&mut self) {
        if self.warm <= WARM_MAX {
            return;
        }
        for slot in self.slots.values_mut().filter(|slot| !slot.busy) {
            slot.warm = None;
        }
        self.warm = self.slots.values().filter(|slot| slot.warm.is_some()).count();
    }
}

/// A run from its row.
pub(super) fn read(row: &RunRow) -> Result<Warm> {
    let damaged = |e: serde_json::Error| {
        Error::new(
            Code::StoreDamaged,
            format!("the run {} cannot be read: {e}", row.key),
            "run `ras audit verify` and restore a backup",
        )
    };
    let run = serde_json::from_str(&row.body).map_err(damaged)?;
    let asked = row.asked.as_deref().map_or(Ok(Vec::new()), serde_json::from_str).map_err(damaged)?;
    Ok(Warm { run, asked, step: row.step })
}
