//! The levers of a business, compiled once and replaced as a whole when one of them changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_model::serving::{Evaluation, Flag};
use serde_json::{Map, Value};

use crate::evaluate::evaluate;
use crate::plan::{Plan, compile};
use crate::posthog::Posthog;

/// Who a lever is evaluated for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The targeting key: distinct id, user id, whatever the lever's unit is.
    pub id: &'a str,
    /// Attributes as the client sent them; groups stand under `$groups` (type to key).
    pub attributes: &'a Map<String, Value>,
}

/// Levers ready to be served.
#[derive(Debug, Default)]
pub struct Compiled {
    flags: Vec<Flag>,
    plans: Vec<Plan>,
    index: BTreeMap<String, usize>,
    posthog: Posthog,
    version: u64,
}

impl Compiled {
    /// Compiles validated levers. `version` grows with each change.
    pub fn new(flags: Vec<Flag>, version: u64) -> Self {
        let index = flags.iter().enumerate().map(|(i, flag)| (flag.key.clone(), i)).collect();
        let plans = compile(&flags, &index);
        let posthog = Posthog::new(&flags);
        Self { flags, plans, index, posthog, version }
    }

    /// Grows with each change; the base of every ETag.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The levers in the order of `business.toml`.
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    /// One lever by its key.
    pub fn flag(&self, key: &str) -> Option<&Flag> {
        self.index.get(key).and_then(|at| self.flags.get(*at))
    }

    /// The levers as PostHog flags.
    pub fn posthog(&self) -> &Posthog {
        &self.posthog
    }

    pub(crate) fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The lever's value for this subject by our own rules (served through OFREP). `None`: there is no such lever.
    pub fn evaluate(&self, key: &str, subject: Subject<'_>) -> Option<Evaluation> {
        self.index.get(key).map(|at| evaluate(self, *at, subject))
    }
}

/// Where the gateway finds the levers in force; `host` implements it.
pub trait Book: Send + Sync {
    /// The present ones. Cheap: called for every request.
    fn current(&self) -> Arc<Compiled>;
    /// Calls `told` with the new version after every change, from any thread; it must not block.
    fn on_change(&self, told: Box<dyn Fn(u64) + Send + Sync>);
}
