//! GrowthBook's SDK endpoints: the features for evaluation in the SDK, news of them, and evaluation here.

mod eval;
mod failure;
mod features;
mod stream;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use epoch_levers::Compiled;
use epoch_levers::growthbook::{Features, payload};

pub(crate) use eval::evaluate;
pub(crate) use features::features;
pub(crate) use stream::subscribe;

use crate::serve::prepared::Prepared;

/// The levers in GrowthBook's terms.
pub(crate) struct Sheet {
    /// What the features endpoint answers.
    body: Bytes,
    /// When they last changed, as the body says it.
    updated: String,
    features: Features,
}

impl Sheet {
    fn of(levers: &Compiled) -> Self {
        let payload = payload(levers);
        let updated = payload.json.get("dateUpdated").and_then(|date| date.as_str()).unwrap_or_default().to_owned();
        Self { body: payload.json.to_string().into(), updated, features: Features::new(&payload.json) }
    }
}

/// What the endpoints share.
#[derive(Default)]
pub(crate) struct Desk {
    sheets: Prepared<Sheet>,
    /// Keys whose SDKs have everything evaluated here.
    remote: Mutex<BTreeSet<Arc<str>>>,
}

impl Desk {
    fn sheet(&self, levers: &Arc<Compiled>) -> Arc<Sheet> {
        self.sheets.of(levers, Sheet::of)
    }

    /// Remembers how the SDKs of a key evaluate; the latest request tells.
    fn evaluates_here(&self, key: &Arc<str>, here: bool) {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if here {
            remote.insert(Arc::clone(key));
        } else {
            remote.remove(key);
        }
    }

    fn is_remote(&self, key: &Arc<str>) -> bool {
        self.remote.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }
}
