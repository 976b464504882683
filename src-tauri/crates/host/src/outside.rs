//! What takes the place of the network when a host is started for a test or a simulation. It gets what an adapter gets,
//! the permit included, so that nothing can leave that the gate did not let through.

use epoch_connectors::effects::{Delivery, Found};
use epoch_model::business::EffectTarget;
use epoch_model::gate::Permit;
use serde_json::Value;

/// The world outside, as the effects see it.
pub trait Outside: std::fmt::Debug + Send + Sync {
    /// One attempt at an effect. Attempts of the same effect carry the same [`Permit::idempotency_key`].
    fn send(&self, permit: &Permit, target: &EffectTarget, payload: &Value) -> Delivery;

    /// What the receiver knows of the call with this key; asked after a doubt where the effect's promise says so.
    fn look_up(&self, key: &str, target: &EffectTarget, payload: &Value) -> Found {
        let _ = (key, target, payload);
        Found::Unknown { detail: "this world cannot be asked".to_owned() }
    }
}
