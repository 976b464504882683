//! From what arrived on the wire to JSON, and from JSON to the few fields that matter. Knows no protocol.

pub(crate) mod inflate;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod payload;
pub(crate) mod time;
