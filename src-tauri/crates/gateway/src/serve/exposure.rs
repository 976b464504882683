//! Exposures that SDKs report get what only the server knows: with which probability chance chose this value, and
//! under which version of the lever.

use std::fmt::Write;

use epoch_levers::{Compiled, Subject};
use serde::Deserialize;
use serde_json::Map;

#[derive(Deserialize)]
struct Props<'a> {
    #[serde(rename = "$feature_flag", borrow)]
    lever: Option<std::borrow::Cow<'a, str>>,
    #[serde(rename = "$propensity")]
    propensity: Option<serde::de::IgnoredAny>,
}

/// The props of a `$feature_flag_called` event of `unit` with `$propensity` and `$lever_version`; `None` when there is
/// nothing to add: no such lever, or nothing was random.
pub(crate) fn enrich(book: &Compiled, unit: &str, props: &str) -> Option<String> {
    let found: Props<'_> = serde_json::from_str(props).ok()?;
    if found.propensity.is_some() {
        return None;
    }
    let flag = book.flag(found.lever.as_deref()?)?;
    let attributes = Map::new();
    let evaluation = book.evaluate(&flag.key, Subject { id: unit, attributes: &attributes })?;
    let propensity = evaluation.propensity?;
    let open = props.trim_end().strip_suffix('}')?;
    let mut enriched = String::with_capacity(props.len() + 48);
    enriched.push_str(open);
    // A property was found, so the object is not empty. Writing to a String does not fail.
    let _ = write!(enriched, r#","$propensity":{propensity},"$lever_version":{}}}"#, flag.version);
    Some(enriched)
}
