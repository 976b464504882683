//! The business's clock: the machine's, or history replayed as if it were arriving.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use epoch_model::time::Millis;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

/// How time runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// The machine's clock.
    Real,
    /// Replayed history: stands at `now` until the replay moves it on, ends at `until`.
    Replay { now: Millis, until: Millis },
}

/// A clock shared by all parts of a host.
#[derive(Debug)]
pub struct Clock {
    mode: RwLock<Mode>,
}

/// The machine's time in milliseconds since 1970.
pub fn machine_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl Clock {
    /// A clock in this mode.
    pub fn new(mode: Mode) -> Self {
        Self { mode: RwLock::new(mode) }
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        match *self.mode.read() {
            Mode::Real => machine_now(),
            Mode::Replay { now, .. } => now,
        }
    }

    /// How it runs.
    pub fn mode(&self) -> Mode {
        *self.mode.read()
    }

    /// Changes how it runs.
    pub fn set(&self, mode: Mode) {
        *self.mode.write() = mode;
    }

    /// Moves replayed time forward; does nothing in real time.
    pub fn advance_to(&self, at: Millis) {
        if let Mode::Replay { now, .. } = &mut *self.mode.write() {
            *now = (*now).max(at);
        }
    }
}
