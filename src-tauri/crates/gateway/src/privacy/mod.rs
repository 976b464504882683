//! What a source may keep of the people it tells of: applied to every event at the door, whatever its protocol.
//!
//! By default only IP addresses go. Whether there can be one is decided by looking for the bytes of its name, so events
//! without one are neither parsed nor copied.

mod filter;
mod names;

use std::borrow::Cow;
use std::sync::Arc;

use epoch_model::Result;
use epoch_model::event::{ALIAS, MERGE, is_nobody};
use epoch_model::ports::Privacy;
use memchr::memmem::Finder;

use filter::Scope;

/// What hashed values begin with. A value that is hashed already stays as it is, so an event that was refused can be
/// sent again.
const MARK: &str = "hash:";
const DIGITS: usize = 32;

/// The rules of one source, ready for use.
pub(crate) struct Door {
    rules: Arc<Privacy>,
    /// Nothing was decided but what is true of all: IP addresses go.
    only_ip: bool,
    hashes_unit: bool,
    ip: [Finder<'static>; 4],
}

impl Door {
    pub(crate) fn new(rules: Arc<Privacy>) -> Self {
        let only_ip = rules.allow.is_empty() && rules.deny.is_empty() && rules.hash.is_empty();
        let hashes_unit = rules.hash.iter().any(|name| name == "unit");
        Self { rules, only_ip, hashes_unit, ip: ["ip\"", "ddress\"", "addr\"", "\\u00"].map(Finder::new) }
    }

    /// The unit's id as it is stored.
    pub(crate) fn unit<'a>(&self, unit: Cow<'a, str>) -> Cow<'a, str> {
        if self.hashes_unit { Cow::Owned(self.hashed(&unit)) } else { unit }
    }

    /// The properties of an event of this name as they are stored.
    pub(crate) fn props<'a>(&self, name: &str, props: Cow<'a, str>) -> Result<Cow<'a, str>> {
        if !self.concerns(&props) {
            return Ok(props);
        }
        let scope = if matches!(name, ALIAS | MERGE) { Scope::Alias } else { Scope::Props };
        Ok(Cow::Owned(filter::props(self, scope, &props)?))
    }

    /// The text of a refused event as it is kept.
    pub(crate) fn text<'a>(&self, raw: &'a str) -> Cow<'a, str> {
        if !self.concerns(raw) {
            return Cow::Borrowed(raw);
        }
        filter::text(self, raw)
            .map_or(Cow::Borrowed("[withheld: what must not be kept cannot be told apart in it]"), Cow::Owned)
    }

    /// Whether anything in a text could have to go.
    fn concerns(&self, text: &str) -> bool {
        !self.only_ip || (!self.rules.keep_ip && self.may_hold_ip(text.as_bytes()))
    }

    /// Whether a member could be named like an IP address; an escape of an ASCII character may hide such a name.
    fn may_hold_ip(&self, text: &[u8]) -> bool {
        let [ip, address, addr, escape] = &self.ip;
        let is_name = |end: usize| text.get(end..).unwrap_or_default().trim_ascii_start().first() == Some(&b':');
        ip.find_iter(text).any(|at| is_name(at + 3))
            || address.find_iter(text).any(|at| is_name(at + 7))
            || addr.find_iter(text).any(|at| is_name(at + 5))
            || escape.find_iter(text).any(|at| matches!(text.get(at + 4), Some(b'2'..=b'7')))
    }

    /// A text as keyed hash. Ids of nobody stay: as hashes they would pass for somebody, and strangers be merged.
    fn hashed(&self, text: &str) -> String {
        if is_nobody(text) {
            return text.to_owned();
        }
        let digits = text.strip_prefix(MARK).filter(|rest| rest.len() == DIGITS);
        if digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
            return text.to_owned();
        }
        let hash = blake3::keyed_hash(&self.rules.hash_key, text.as_bytes()).to_hex();
        format!("{MARK}{}", hash.get(..DIGITS).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
