//! Sends a refused event again, as it was kept or mended.
//!
//! What was kept has been through the source's privacy rules already, so nothing is hashed a second time here.

use epoch_model::event::{ALIAS, EventBatch, EventSink as _, EventView, IDENTIFY, Receipt, event_id};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{RejectionDone, RejectionRow};
use serde_json::{Map, Value, json};

use crate::host::Host;

impl Host {
    /// Reads the text (as kept, or mended) as one event of whatever protocol, and hands it on as its source's. What is
    /// taken, or had arrived already, is marked as done.
    pub fn replay_rejection(&self, id: u64, raw: Option<&str>) -> Result<Receipt> {
        let row = self.rejection(id)?;
        let batch = batch_of(raw.unwrap_or(&row.raw), &row, self.now())?;
        let (tell, told) = crossbeam_channel::bounded(1);
        let done = Box::new(move |result| {
            let _ = tell.send(result);
        });
        self.inner.sink.submit(batch, done)?;
        let gone = |_| Error::new(Code::Internal, "the store ended before it answered", "open the business again");
        let receipt: Receipt = told.recv().map_err(gone)??;
        if receipt.rejected > 0 {
            let hint = "mend the text, then send it again";
            return Err(Error::new(Code::EventInvalid, "the properties are no JSON object", hint));
        }
        self.inner.store.rejection_done(id, RejectionDone::Replayed)?;
        self.inner.engine.record(json!({ "type": "rejection_replayed", "rejection": id, "source": row.source }))?;
        Ok(receipt)
    }

    fn rejection(&self, id: u64) -> Result<RejectionRow> {
        self.inner.store.rejection(id)?.ok_or_else(|| {
            let message = format!("there is no refused event {id}");
            Error::new(Code::NotFound, message, "list them with `ras rejected list`")
        })
    }
}

fn invalid(message: impl Into<String>) -> Error {
    let hint = "an event is {\"event\": name, \"unit\": who, \"time\": ISO 8601, \"properties\": {…}}";
    Error::new(Code::EventInvalid, message, hint)
}

/// One event, as PostHog, Mixpanel, Segment or a person writes it.
fn batch_of(text: &str, row: &RejectionRow, now: Millis) -> Result<EventBatch> {
    let value: Value = serde_json::from_str(text).map_err(|e| invalid(format!("the text is no JSON: {e}")))?;
    let Value::Object(mut event) = value else { return Err(invalid("the text is no JSON object")) };
    let kind = event.get("type").and_then(Value::as_str).filter(|_| !event.contains_key("event")).map(str::to_owned);
    let mut props = match event.remove("properties").or_else(|| event.remove("props")) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(props)) => props,
        Some(_) => return Err(invalid("the properties are no object")),
    };
    let anonymous = word(&event, &["anonymousId", "anonymous_id"]);
    let name = match kind.as_deref() {
        Some("identify") => {
            props.extend(anonymous.map(|a| ("$anon_distinct_id".to_owned(), json!(a))));
            props.extend(event.remove("traits").map(|t| ("$set".to_owned(), t)));
            IDENTIFY.to_owned()
        }
        Some("alias") => {
            let other = word(&event, &["previousId"]).ok_or_else(|| invalid("the alias names no previousId"))?;
            props.insert("alias".into(), json!(other));
            ALIAS.to_owned()
        }
        _ => word(&event, &["event", "name"]).ok_or_else(|| invalid("the event has no name (\"event\")"))?,
    };
    let units = ["unit", "distinct_id", "$distinct_id", "userId", "user_id", "anonymousId", "anonymous_id"];
    let unit = word(&event, &units).or_else(|| word(&props, &["distinct_id", "$user_id", "$device_id"]));
    let unit = unit.unwrap_or_default();
    let written = ["time", "timestamp"].iter().find_map(|k| event.get(*k)).or_else(|| props.get("time"));
    let time = match written.filter(|t| !t.is_null()) {
        None => row.received,
        Some(at) => instant(at).ok_or_else(|| invalid("the time is neither ISO 8601 nor a number"))?,
    };
    let ids = ["uuid", "id", "messageId", "insert_id", "$insert_id"];
    let id = word(&event, &ids).or_else(|| word(&props, &["$insert_id"]));
    let id = match id.filter(|id| !id.is_empty()) {
        Some(id) => event_id(&row.source, &id),
        // The same refusal sent again in the same words is the same event.
        None => event_id(&row.source, &format!("rejection {} {text}", row.id)),
    };
    let mut batch = EventBatch::new(row.source.as_str(), now);
    let props = Value::Object(props).to_string();
    batch.push(EventView { id, time, name: &name, unit: &unit, props: &props })?;
    Ok(batch)
}

/// The first of these members that is a text or a number.
fn word(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match object.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// ISO 8601, or seconds or milliseconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "the range of times is checked where the event is pushed")]
fn instant(value: &Value) -> Option<Millis> {
    match value {
        Value::Number(n) => n.as_f64().map(|n| if n.abs() < 1e11 { (n * 1000.0) as Millis } else { n as Millis }),
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> RejectionRow {
        RejectionRow {
            id: 7,
            source: "web".into(),
            received: 1_700_000_000_000,
            position: 0,
            code: Code::EventInvalid,
            reason: String::new(),
            raw: String::new(),
            replayed_at: None,
        }
    }

    #[test]
    fn every_dialect_is_understood_and_a_mistake_is_named() {
        let cases = [
            (r#"{"event":"order","unit":"c1","time":"2025-03-17T10:00:00Z","properties":{"amount":2}}"#, "order", "c1"),
            (
                r#"{"event":"order","properties":{"distinct_id":"c2"},"timestamp":"2025-03-17T10:00:00Z"}"#,
                "order",
                "c2",
            ),
            (
                r#"{"event":"order","properties":{"distinct_id":"c3","time":1742205600,"$insert_id":"x"}}"#,
                "order",
                "c3",
            ),
            (r#"{"type":"track","event":"order","userId":"c4","timestamp":"2025-03-17T10:00:00Z"}"#, "order", "c4"),
            (
                r#"{"type":"identify","userId":"c5","anonymousId":"a","timestamp":1742205600000,"traits":{}}"#,
                "$identify",
                "c5",
            ),
        ];
        for (text, name, unit) in cases {
            let batch = batch_of(text, &row(), 5).expect(text);
            let event = batch.iter().next().expect("an event");
            assert_eq!((event.name, event.unit, event.time), (name, unit, 1_742_205_600_000), "{text}");
            assert_eq!(batch_of(text, &row(), 9).expect(text).iter().next().map(|e| e.id), Some(event.id), "{text}");
        }
        for text in ["", "[]", "{}", r#"{"event":1.5,"properties":3}"#, r#"{"event":"a","time":"soon"}"#, "a,b,c"] {
            assert_eq!(batch_of(text, &row(), 5).map(|_| ()).map_err(|e| e.code), Err(Code::EventInvalid), "{text}");
        }
    }
}
