//! The autonomous engine: pure and deterministic. Inputs in, actions out.
//!
//! Reads no clock, does no IO, draws no randomness but from the generator handed in; the same inputs give the same
//! actions byte for byte.

mod action;
mod input;
mod playbook;

pub use action::Action;
pub use input::{ClosedMetric, Input};
pub use playbook::{Direction, Matcher, Move, Play, Playbook, Prior, Trigger};

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// The engine's whole state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    now: Millis,
}

impl Engine {
    /// An engine that knows nothing yet; tell it [`Input::Configure`] first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles one input at `now` (the host's clock; going backwards counts as standing still) and answers what to do, in order.
    pub fn handle(&mut self, _input: &Input, now: Millis, _rng: &mut Pcg64) -> Vec<Action> {
        self.now = self.now.max(now);
        Vec::new()
    }

    /// The whole state as bytes; equal states give equal bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The engine a [`Engine::snapshot`] was taken of.
    pub fn restore(bytes: &[u8]) -> Result<Engine> {
        serde_json::from_slice(bytes).map_err(|e| {
            Error::new(
                Code::StoreDamaged,
                format!("the engine's snapshot cannot be read: {e}"),
                "replay the journal from its beginning",
            )
        })
    }
}
