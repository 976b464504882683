//! Outgoing webhooks: signed (Standard Webhooks), idempotent by key, never to a private address unless allowed by name.

use std::time::Duration;

use epoch_model::business::EffectTarget;
use epoch_model::gate::Permit;
use epoch_model::time::Millis;
use serde_json::Value;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Answered with 2xx.
    Delivered { status: u16 },
    /// Will not succeed by trying again.
    Refused { why: Refusal, detail: String },
    /// Try again with the same idempotency key, after this long if the receiver said so.
    Retry { after: Option<Duration>, detail: String },
    /// Sent, but no answer came; the same key may be sent again, since the receiver recognises it by `webhook-id`.
    InDoubt { detail: String },
}

/// Why a call will not succeed by trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 401, 403: the receiver does not accept our secret.
    Auth,
    /// Any other 4xx, a redirect, an invalid URL.
    Semantic,
    /// The address is private, loopback, link-local or a metadata service.
    Address,
}

/// Posts `body` to `target`, signed with `secret`.
pub async fn send(_permit: &Permit, _target: &EffectTarget, _secret: &[u8], _body: &Value, _now: Millis) -> Delivery {
    Delivery::Refused { why: Refusal::Semantic, detail: "not there yet".into() }
}
