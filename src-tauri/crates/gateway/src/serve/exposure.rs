//! Exposures that SDKs report get what only the server knows: with which probability chance chose this value, and
//! under which version of the lever. It is said only when it is known for sure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use epoch_levers::posthog::{Served, Subject};
use epoch_model::serving::Flag;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::app::Shared;

/// Answers remembered per generation; two generations are kept.
const REMEMBERED: usize = 64 * 1024;

type Mark = [u8; 16];

#[derive(Default)]
struct Generations {
    young: HashMap<Mark, f64>,
    old: HashMap<Mark, f64>,
}

/// What was answered lately where chance decided: an exposure names neither rule nor attributes, but it follows the
/// answer it speaks of.
#[derive(Default)]
pub(crate) struct Exposures(Mutex<Generations>);

impl Exposures {
    /// Remembers the probability of an answer.
    pub(crate) fn note(&self, flag: &Flag, unit: &str, response: &str, propensity: f64) {
        let mark = mark(flag, unit, response);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.young.len() >= REMEMBERED && !known.young.contains_key(&mark) {
            known.old = std::mem::take(&mut known.young);
        }
        known.young.insert(mark, propensity);
    }

    fn recall(&self, flag: &Flag, unit: &str, response: &str) -> Option<f64> {
        let mark = mark(flag, unit, response);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.young.get(&mark).or_else(|| known.old.get(&mark)).copied()
    }
}

fn mark(flag: &Flag, unit: &str, response: &str) -> Mark {
    let mut hasher = blake3::Hasher::new();
    for part in [flag.key.as_bytes(), &flag.version.to_le_bytes(), unit.as_bytes(), response.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut mark = [0; 16];
    mark.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    mark
}

/// A served flag as SDKs report it.
pub(crate) fn response(served: &Served) -> &str {
    match &served.variant {
        Some(variant) if served.enabled => variant,
        _ if served.enabled => "true",
        _ => "false",
    }
}

#[derive(Deserialize)]
struct Props<'a> {
    #[serde(rename = "$feature_flag", borrow)]
    lever: Option<Cow<'a, str>>,
    #[serde(rename = "$feature_flag_response")]
    response: Option<Value>,
    #[serde(rename = "$groups", default)]
    groups: Option<Map<String, Value>>,
    #[serde(rename = "$propensity")]
    propensity: Option<IgnoredAny>,
}

/// The props of a `$feature_flag_called` event of `unit` with `$propensity` and `$lever_version`; `None` when there is
/// nothing to add: no such lever, nothing was random, or not known for sure.
pub(crate) fn enrich(shared: &Shared, unit: &str, props: &str) -> Option<String> {
    let found: Props<'_> = serde_json::from_str(props).ok()?;
    if found.propensity.is_some() {
        return None;
    }
    let book = shared.config.book.current();
    let flag = book.flag(found.lever.as_deref()?)?;
    let reported = match found.response? {
        Value::String(variant) => variant,
        Value::Bool(value) => value.to_string(),
        _ => return None,
    };
    let propensity = shared.exposures.recall(flag, unit, &reported).or_else(|| {
        // An SDK that evaluates by itself: what it knew of the person is not said, so only levers that ask nothing of
        // the person can be told again.
        let asks = flag.serving.rules.iter().any(|rule| rule.when.is_some()) || !flag.serving.requires.is_empty();
        if asks {
            return None;
        }
        let (nothing, groups) = (Map::new(), found.groups.unwrap_or_default());
        let subject =
            Subject { distinct_id: unit, groups: &groups, person_properties: &nothing, group_properties: &nothing };
        let served = book.posthog_flag(&flag.key, subject)?;
        served.propensity.filter(|_| response(&served) == reported)
    })?;
    let open = props.trim_end().strip_suffix('}')?;
    let mut enriched = String::with_capacity(props.len() + 48);
    enriched.push_str(open);
    // A property was found, so the object is not empty. Writing to a String does not fail.
    let _ = write!(enriched, r#","$propensity":{propensity},"$lever_version":{}}}"#, flag.version);
    Some(enriched)
}
