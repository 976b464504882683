//! What is still to happen, and the people it happens to.

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

/// Where a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    Visitor,
    Trial,
    Customer,
    Gone,
}

/// A person; about sixty bytes, and nothing of the past but what still matters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Person {
    pub serial: u64,
    pub segment: u16,
    pub channel: u8,
    pub stage: Stage,
    /// Whether the present browser is signed in.
    pub known: bool,
    pub browser: u16,
    pub visits: u32,
    /// Orders, or payments.
    pub orders: u32,
    /// Goodwill: 0 for a newcomer.
    pub trust: f64,
}

/// A person's place among the people, and who it was then: places are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ref {
    pub slot: u32,
    pub serial: u64,
    pub segment: u16,
}

/// An order on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub by: Ref,
    pub number: u64,
    /// What the buyer paid, and what of it the company took.
    pub paid: i64,
    pub taken: i64,
    pub promise: u8,
    pub placed: Millis,
    /// Bought with an aim: returned used.
    pub abuse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Task {
    DayBegins,
    Visit { slot: u32 },
    Bill { slot: u32 },
    Deliver { order: Order },
    Refund { order: Order },
    Chargeback { order: Order },
    Answer { by: Ref, number: u64, opened: Millis, spam: bool },
    Restock { units: i64 },
    Bot { serial: u64 },
    Fraud { serial: u64 },
    Abuser { serial: u64 },
    Spam { serial: u64 },
    Deploy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub at: Millis,
    pub turn: u64,
    pub task: Task,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.turn).cmp(&(other.at, other.turn))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
