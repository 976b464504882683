//! What all flag protocols share: keys, ETags, news over server-sent events, the log of what chance decided, names of
//! clients. Knows no protocol.

pub(crate) mod assigned;
pub(crate) mod client;
pub(crate) mod digest;
pub(crate) mod etag;
pub(crate) mod exposure;
pub(crate) mod hub;
pub(crate) mod keys;
pub(crate) mod object;
pub(crate) mod prepared;
pub(crate) mod value;

use epoch_model::serving::{Flag, Protocol};

/// Whether a lever is served in this protocol.
pub(crate) fn serves(flag: &Flag, protocol: Protocol) -> bool {
    flag.serving.served_as.is_empty() || flag.serving.served_as.contains(&protocol)
}
