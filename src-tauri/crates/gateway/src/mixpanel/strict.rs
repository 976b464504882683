//! What `/import?strict=1` tells of a record that was not imported.

use serde_json::{Value, json};
use sonic_rs::{JsonValueTrait, LazyValue};

use crate::decode::{json, time};

/// The fault of a record that the vendor would find; `None` when it has none.
pub(super) fn fault(record: &LazyValue<'_>) -> Option<(&'static str, &'static str)> {
    let member =
        |object: &LazyValue<'_>, name: &str| json::members(object).find(|(key, _)| key == name).map(|(_, v)| found(&v));
    if member(record, "event") != Some(Found::Text) {
        return Some(("event", "'event' must be a non-empty string"));
    }
    let properties = json::members(record).find(|(key, value)| key == "properties" && value.is_object());
    let Some((_, properties)) = properties else { return Some(("properties", "'properties' must be an object")) };
    let at = json::members(&properties).find(|(key, _)| key == "time");
    if at.is_none_or(|(_, at)| time::instant(&at).is_none()) {
        return Some(("properties.time", "'properties.time' is invalid: must be specified as seconds since epoch"));
    }
    if !matches!(member(&properties, "distinct_id"), Some(Found::Text | Found::Empty)) {
        return Some(("properties.distinct_id", "'properties.distinct_id' must be specified as a string"));
    }
    if member(&properties, "$insert_id") != Some(Found::Text) {
        return Some(("properties.$insert_id", "'properties.$insert_id' must be a non-empty string"));
    }
    None
}

#[derive(PartialEq, Eq)]
enum Found {
    Text,
    Empty,
    Other,
}

fn found(value: &LazyValue<'_>) -> Found {
    match json::borrowed_text(value) {
        Some(text) if text.is_empty() => Found::Empty,
        Some(_) => Found::Text,
        None => Found::Other,
    }
}

/// An entry of `failed_records`.
pub(super) fn failed(index: u64, record: Option<&LazyValue<'_>>, field: &str, message: &str) -> Value {
    let properties = record.and_then(|record| json::members(record).find(|(key, _)| key == "properties"));
    let id = properties.and_then(|(_, properties)| json::members(&properties).find(|(key, _)| key == "$insert_id"));
    let id = id.and_then(|(_, id)| json::borrowed_text(&id).map(std::borrow::Cow::into_owned)).unwrap_or_default();
    json!({"index": index, "insert_id": id, "field": field, "message": message})
}
