//! The world outside: receivers of effects that answer by script and remember what reached them. A crash of the host does
//! not touch their memory; a fork of a run begins with the memory they had at that moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use epoch_connectors::effects::{Delivery, Refusal};
use epoch_host::Outside;
use epoch_model::business::{EffectTarget, Promise};
use epoch_model::decision::Act;
use epoch_model::gate::{Permit, act_hash};
use parking_lot::Mutex;
use serde_json::Value;

use crate::rng::Rng;

/// How a receiver takes one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Does it and says so.
    Does,
    /// Answers 500 without doing it.
    Fails,
    /// Answers 429 with a pause.
    Busy,
    /// Does it, but the answer is lost.
    Mute,
    /// The call itself is lost after it was sent: nothing is done and nobody knows.
    Lost,
    /// The connection is refused: nothing was sent.
    Down,
    /// Answers 400, whatever the attempt.
    Refuses,
}

/// A call as the receiver saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The effect's idempotency key.
    pub key: String,
    /// The decision its permit was given for.
    pub decision: String,
    /// The effect.
    pub effect: String,
    /// How it was taken.
    pub manner: Manner,
    /// Whether it did something that had not been done under this key, or, where keys are not recognised, did it at all.
    pub performed: bool,
    /// The permit was given for this very act.
    pub permitted: bool,
    /// It came after a stop had been acknowledged.
    pub after_stop: bool,
}

/// A moment in the life of a host, as the harness saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The host is open and has done what it does at a start.
    Opened,
    /// A step was begun.
    Begun(usize),
    /// A call is on its way; the receiver has not seen it.
    Calling,
    /// The receiver has dealt with it; the host has not heard of it.
    Called,
    /// A step was answered.
    Answered(usize),
    /// All steps were answered; what is under way is brought to its end.
    Over,
}

#[derive(Debug, Default)]
struct Memory {
    calls: Vec<Call>,
    marks: Vec<(Mark, u64, bool)>,
}

/// All receivers of a business.
#[derive(Debug)]
pub struct Receivers {
    seed: u64,
    wal: PathBuf,
    stopped: AtomicBool,
    memory: Mutex<Memory>,
}

impl Receivers {
    /// Receivers whose answers follow from `seed`. `wal` is the log whose length tells where a call lies between commits.
    pub fn new(seed: u64, wal: PathBuf) -> Arc<Self> {
        Self::remembering(seed, wal, Vec::new())
    }

    /// The same with calls they have seen before.
    pub fn remembering(seed: u64, wal: PathBuf, calls: Vec<Call>) -> Arc<Self> {
        let memory = Mutex::new(Memory { calls, marks: Vec::new() });
        Arc::new(Self { seed, wal, stopped: AtomicBool::new(false), memory })
    }

    /// From now on every call is one that should not have come.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::SeqCst);
    }

    /// What reached them so far.
    pub fn calls(&self) -> Vec<Call> {
        self.memory.lock().calls.clone()
    }

    /// The marks so far, each with the length of the log at that moment and whether a file named STOP lay beside it.
    pub fn marks(&self) -> Vec<(Mark, u64, bool)> {
        self.memory.lock().marks.clone()
    }

    /// Notes a moment.
    pub fn mark(&self, mark: Mark) {
        let length = std::fs::metadata(&self.wal).map_or(0, |m| m.len());
        let stop = self.wal.with_file_name("STOP").exists();
        self.memory.lock().marks.push((mark, length, stop));
    }

    /// How often something was done under a key.
    pub fn performed(&self, key: &str) -> usize {
        self.memory.lock().calls.iter().filter(|c| c.key == key && c.performed).count()
    }

    fn manner(&self, key: &str, attempt: usize) -> Manner {
        let mut rng = Rng::new(key.bytes().fold(self.seed, |sum, byte| crate::rng::mix(sum ^ u64::from(byte))));
        // Of the key, not of the attempt: a call that is wrong stays wrong.
        if rng.chance(8) {
            return Manner::Refuses;
        }
        let mut rng = Rng::new(rng.word() ^ attempt as u64);
        match rng.below(100) {
            0..60 => Manner::Does,
            60..70 => Manner::Fails,
            70..77 => Manner::Busy,
            77..86 => Manner::Mute,
            86..93 => Manner::Lost,
            _ => Manner::Down,
        }
    }
}

impl Outside for Receivers {
    fn send(&self, permit: &Permit, target: &EffectTarget, payload: &Value) -> Delivery {
        self.mark(Mark::Calling);
        let key = permit.idempotency_key().to_owned();
        let mut memory = self.memory.lock();
        let before = memory.calls.iter().filter(|c| c.key == key).count();
        let known = memory.calls.iter().any(|c| c.key == key && c.performed);
        let recognises = target.kind.promise() == Promise::EffectivelyOnce;
        // Who recognises a key answers a repetition as the first time, whatever happened to that answer.
        let manner = if known && recognises { Manner::Does } else { self.manner(&key, before) };
        let does = matches!(manner, Manner::Does | Manner::Mute);
        let act = Act::Call { effect: target.key.clone(), payload: payload.clone() };
        memory.calls.push(Call {
            decision: permit.decision().to_owned(),
            effect: target.key.clone(),
            manner,
            performed: does && !(known && recognises),
            permitted: act_hash(&act) == permit.act_hash(),
            after_stop: self.stopped.load(Ordering::SeqCst),
            key,
        });
        drop(memory);
        self.mark(Mark::Called);
        delivery(manner)
    }
}

fn delivery(manner: Manner) -> Delivery {
    match manner {
        Manner::Does => Delivery::Delivered { detail: "answered 200".into(), answer: serde_json::Value::Null },
        Manner::Fails => Delivery::Retry { after: None, rate: false, detail: "answered 500".into() },
        Manner::Busy => {
            Delivery::Retry { after: Some(Duration::from_mins(2)), rate: true, detail: "answered 429".into() }
        }
        Manner::Down => Delivery::Retry { after: None, rate: false, detail: "no connection".into() },
        Manner::Mute | Manner::Lost => Delivery::InDoubt { detail: "sent, but not answered: timeout".into() },
        Manner::Refuses => Delivery::Refused { why: Refusal::Semantic, detail: "answered 400".into() },
    }
}
