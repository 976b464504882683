//! How often senders may call.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::problem::Problem;

/// Request rates over all and per source. Only sources of known keys get an entry, so their number is bounded.
pub(crate) struct Rate {
    all: DefaultDirectRateLimiter,
    per_source: DefaultKeyedRateLimiter<Arc<str>>,
}

impl Rate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let quota = |n: u32| Quota::per_second(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        Self {
            all: RateLimiter::direct(quota(limits.requests_per_second)),
            per_source: RateLimiter::keyed(quota(limits.requests_per_second_per_key)),
        }
    }

    /// Before anything of the request is read.
    pub(crate) fn any(&self) -> Result<(), Problem> {
        self.all.check().map_err(|_| Problem::rate_limited())
    }

    /// Once the key is known.
    pub(crate) fn of(&self, source: &Arc<str>) -> Result<(), Problem> {
        self.per_source.check_key(source).map_err(|_| Problem::rate_limited())
    }
}
