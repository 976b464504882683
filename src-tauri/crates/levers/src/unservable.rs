//! A lever that a protocol cannot serve as it is.

use epoch_model::serving::Protocol;
use serde::Serialize;

/// What a protocol cannot do with a lever, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unservable {
    /// The lever's key.
    pub lever: String,
    pub protocol: Protocol,
    /// In one plain sentence.
    pub why: String,
    /// Only local evaluation is impossible: the lever is left out of the definitions, so SDKs ask the gateway, which
    /// answers by our own rules.
    pub local_only: bool,
}
