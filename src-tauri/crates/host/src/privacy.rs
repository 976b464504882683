//! What each source may keep of people, as `[[source]]` in `business.toml` says.

use std::collections::HashMap;
use std::sync::Arc;

use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::ports::{Privacy, PrivacyBook};
use parking_lot::RwLock;

use crate::keys::hash_key;

/// What the client key that is made together with a source's write key adds to the source's name.
const READS: &str = "-levers";

/// The rules in force, replaced as a whole with the configuration.
pub(crate) struct PrivacyRules {
    seed: u64,
    rules: RwLock<HashMap<String, Arc<Privacy>>>,
    default: Arc<Privacy>,
}

impl PrivacyRules {
    /// The rules of this business.
    pub(crate) fn of(business: &Business, seed: u64) -> Result<Self> {
        let rules = Self { seed, rules: RwLock::default(), default: Arc::default() };
        rules.refresh(business)?;
        Ok(rules)
    }

    /// Takes the rules of a configuration into force. Fails when the key of the hashes can neither be read nor made: what
    /// was to be hashed is not kept under a key that anybody could guess.
    pub(crate) fn refresh(&self, business: &Business) -> Result<()> {
        let hashes = business.sources.iter().any(|s| !s.hash.is_empty());
        let key = if hashes { hash_key(self.seed)? } else { [0; 32] };
        let of = |s: &epoch_model::business::Source| Privacy {
            allow: s.allow.clone(),
            deny: s.deny.clone(),
            hash: s.hash.clone(),
            keep_ip: s.keep_ip,
            hash_key: key,
        };
        *self.rules.write() = business.sources.iter().map(|s| (s.key.clone(), Arc::new(of(s)))).collect();
        Ok(())
    }
}

impl PrivacyBook for PrivacyRules {
    fn privacy(&self, source: &str) -> Arc<Privacy> {
        let rules = self.rules.read();
        // Who reads the levers of a source is one of its people.
        let same = || rules.get(source.strip_suffix(READS)?);
        rules.get(source).or_else(same).unwrap_or(&self.default).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_a_source_hold_for_the_key_that_reads_its_levers() {
        let rule = |deny: &str| Arc::new(Privacy { deny: vec![deny.to_owned()], ..Privacy::default() });
        let kept = HashMap::from([("web".to_owned(), rule("a")), ("app-levers".to_owned(), rule("b"))]);
        let rules = PrivacyRules { seed: 1, rules: RwLock::new(kept), default: Arc::default() };
        for (name, deny) in [
            ("web", Some("a")),
            ("web-levers", Some("a")),
            ("app-levers", Some("b")),
            ("app", None),
            ("-levers", None),
            ("x-levers", None),
        ] {
            assert_eq!(rules.privacy(name).deny.first().map(String::as_str), deny, "{name}");
        }
    }
}
