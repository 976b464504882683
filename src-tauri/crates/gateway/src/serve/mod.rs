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
