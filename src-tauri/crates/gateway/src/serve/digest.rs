//! What the levers are, in sixteen bytes: the base of every ETag.

use epoch_levers::Compiled;
use epoch_model::time::Millis;

use super::etag;

/// Marks of one set of levers. Made from their content: a version number alone could come again after a restore.
#[derive(Debug)]
pub(crate) struct Digest {
    /// Hex, without quotes.
    pub mark: String,
    /// When a lever last changed.
    pub changed_at: Option<Millis>,
}

impl Digest {
    pub(crate) fn of(levers: &Compiled) -> Self {
        // Flags are plain data and always serialise; if one did not, its version still tells.
        let content = serde_json::to_vec(levers.flags()).unwrap_or_default();
        let mark = etag::of(&[&levers.version().to_le_bytes(), &content]).trim_matches('"').to_owned();
        Self { mark, changed_at: levers.flags().iter().filter_map(|flag| flag.updated_at).max() }
    }
}
