//! What each source may keep of people, as `[[source]]` in `business.toml` says.

use std::collections::HashMap;
use std::sync::Arc;

use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::ports::{Privacy, PrivacyBook};
use parking_lot::RwLock;

use crate::keys::hash_key;

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
        self.rules.read().get(source).unwrap_or(&self.default).clone()
    }
}
