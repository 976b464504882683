//! How often senders may call.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::problem::Problem;

/// What a key is for; each kind is counted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Sends events.
    Write,
    /// Reads the levers of one unit.
    Client,
    /// Reads everything.
    Read,
}

/// Request rates over all and per key. Only known keys get an entry, so their number is bounded.
pub(crate) struct Rate {
    all: DefaultDirectRateLimiter,
    per_key: DefaultKeyedRateLimiter<(Kind, Arc<str>)>,
    strangers: DefaultDirectRateLimiter,
}

impl Rate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let quota = |n: u32| Quota::per_second(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        Self {
            all: RateLimiter::direct(quota(limits.requests_per_second)),
            per_key: RateLimiter::keyed(quota(limits.requests_per_second_per_key)),
            strangers: RateLimiter::direct(quota(1)),
        }
    }

    /// Before anything of the request is read.
    pub(crate) fn any(&self) -> Result<(), Problem> {
        self.all.check().map_err(|_| Problem::rate_limited())
    }

    /// Whether a request with an unknown key may leave a record: senders of any number must not fill the store.
    pub(crate) fn may_note_stranger(&self) -> bool {
        self.strangers.check().is_ok()
    }

    /// Once the write key is known.
    pub(crate) fn of(&self, source: &Arc<str>) -> Result<(), Problem> {
        self.of_kind(Kind::Write, source)
    }

    /// Once the key is known.
    pub(crate) fn of_kind(&self, kind: Kind, name: &Arc<str>) -> Result<(), Problem> {
        self.per_key.check_key(&(kind, Arc::clone(name))).map_err(|_| Problem::rate_limited())
    }
}
