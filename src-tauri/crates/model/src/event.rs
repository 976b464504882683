//! Events on their way in, and the traits through which gateway and connectors hand them on.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Code, Error, Result};
use crate::time::Millis;

/// Identity of an event, used to recognise duplicates: a UUID's bytes, or a hash where the sender gave another kind of id.
pub type EventId = [u8; 16];

/// The longest event name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest unit id, in bytes.
pub const UNIT_BYTES_MAX: usize = 400;
/// The largest properties object, in bytes of JSON (PostHog's limit of an event).
pub const PROPS_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The id of an event whose sender gave an id in text: a UUID is taken as it is, anything else is hashed together with
/// the source, so that two sources cannot collide.
pub fn event_id(source: &str, text: &str) -> EventId {
    if let Some(bytes) = parse_uuid(text) {
        return bytes;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(source.as_bytes()).update(&[0]).update(text.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

fn parse_uuid(text: &str) -> Option<EventId> {
    let b = text.as_bytes();
    if b.len() != 36 || b[8] != b'-' || b[13] != b'-' || b[18] != b'-' || b[23] != b'-' {
        return None;
    }
    let mut id = [0; 16];
    let mut nibbles = b.iter().filter(|c| **c != b'-').map(|c| (*c as char).to_digit(16));
    for byte in &mut id {
        let (hi, lo) = (nibbles.next()??, nibbles.next()??);
        *byte = u8::try_from(hi * 16 + lo).ok()?;
    }
    nibbles.next().is_none().then_some(id)
}

#[derive(Debug, Clone)]
struct Row {
    id: EventId,
    time: Millis,
    name: Range<u32>,
    unit: Range<u32>,
    props: Range<u32>,
}

/// One event as seen by whoever reads a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventView<'a> {
    /// Recognises duplicates.
    pub id: EventId,
    /// When it happened (skew already corrected).
    pub time: Millis,
    /// What happened: `order`, `$pageview`, …
    pub name: &'a str,
    /// Who it happened to: the unit of analysis (customer, visitor, account). Empty when unknown.
    pub unit: &'a str,
    /// A JSON object, as text.
    pub props: &'a str,
}

/// Events of one source that are committed together. One text buffer holds all strings, so a batch of a thousand events
/// costs two allocations.
#[derive(Debug, Clone, Default)]
pub struct EventBatch {
    /// The source's key in `business.toml`, or the name of a write key.
    pub source: Arc<str>,
    /// When the host received it.
    pub received: Millis,
    text: String,
    rows: Vec<Row>,
}

impl EventBatch {
    /// An empty batch of `source`.
    pub fn new(source: impl Into<Arc<str>>, received: Millis) -> Self {
        Self { source: source.into(), received, text: String::new(), rows: Vec::new() }
    }

    /// Appends an event after checking the limits above. `props` must be a JSON object; that it parses is checked where
    /// it is parsed.
    pub fn push(&mut self, event: EventView<'_>) -> Result<()> {
        check(&event)?;
        let mut put = |s: &str| -> Result<Range<u32>> {
            let too_big = |_| Error::new(Code::EventInvalid, "the batch is larger than 4 GiB", "send smaller batches");
            let from = u32::try_from(self.text.len()).map_err(too_big)?;
            self.text.push_str(s);
            Ok(from..u32::try_from(self.text.len()).map_err(too_big)?)
        };
        let (name, unit, props) = (put(event.name)?, put(event.unit)?, put(event.props)?);
        self.rows.push(Row { id: event.id, time: event.time, name, unit, props });
        Ok(())
    }

    /// How many events it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text it holds (the measure for queue bounds).
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The events in the order they were pushed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EventView<'_>> {
        let slice = |r: &Range<u32>| &self.text[r.start as usize..r.end as usize];
        self.rows.iter().map(move |row| EventView {
            id: row.id,
            time: row.time,
            name: slice(&row.name),
            unit: slice(&row.unit),
            props: slice(&row.props),
        })
    }
}

fn check(event: &EventView<'_>) -> Result<()> {
    let refuse = |message: String, hint: &str| Err(Error::new(Code::EventInvalid, message, hint));
    if event.name.is_empty() {
        return refuse("the event has no name".into(), "give every event a name");
    }
    if event.name.len() > NAME_BYTES_MAX {
        return refuse(format!("the event's name is longer than {NAME_BYTES_MAX} bytes"), "shorten it");
    }
    if event.unit.len() > UNIT_BYTES_MAX {
        return refuse(format!("the unit's id is longer than {UNIT_BYTES_MAX} bytes"), "shorten it");
    }
    if event.props.len() > PROPS_BYTES_MAX {
        return refuse(format!("the properties are larger than {PROPS_BYTES_MAX} bytes"), "send fewer properties");
    }
    if !crate::time::TIME_RANGE.contains(&event.time) {
        return refuse("the event's time is before 1970 or after 2199".into(), "check the time's unit and format");
    }
    Ok(())
}

/// A line or an event that was refused, kept so that nothing is lost silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line in the file (from 1) or the index in the request (from 0).
    pub position: u64,
    /// The closed code.
    pub code: Code,
    /// Which field and why.
    pub reason: String,
    /// The offending text, cut to 64 KiB.
    pub raw: String,
}

/// The event that says an anonymous visitor is a known person: unit is the known id, `$anon_distinct_id` the other.
pub const IDENTIFY: &str = "$identify";
/// The event that says a person has another id: unit is the person, `alias` the other id.
pub const ALIAS: &str = "$create_alias";
/// Like [`ALIAS`], whatever is known of the other id.
pub const MERGE: &str = "$merge_dangerously";
/// What an event is called once the person it belonged to was erased.
pub const ERASED: &str = "$erased";

/// Two ids of one person, as an event says it.
///
/// Whether they become one is settled where the history is known, by PostHog's rules: the person of [`Self::into`] counts as
/// identified from here on, and a person who is identified is not merged into another, unless by [`MERGE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The id that joins: anonymous so far, or an alias.
    pub from: String,
    /// The id it joins: the unit of the event.
    pub into: String,
    /// Even when `from` is identified.
    pub force: bool,
}

/// The merge an event asks for, if it is one; ids that stand for nobody merge with nobody.
pub fn link(name: &str, unit: &str, props: &str) -> Option<Link> {
    #[derive(Deserialize)]
    struct Props {
        #[serde(rename = "$anon_distinct_id")]
        anonymous: Option<serde_json::Value>,
        alias: Option<serde_json::Value>,
    }
    if !matches!(name, IDENTIFY | ALIAS | MERGE) || is_nobody(unit) {
        return None;
    }
    let props: Props = serde_json::from_str(props).ok()?;
    let from = match if name == IDENTIFY { props.anonymous } else { props.alias }? {
        serde_json::Value::String(text) => text,
        number @ serde_json::Value::Number(_) => number.to_string(),
        _ => return None,
    };
    let sound = from != unit && from.len() <= UNIT_BYTES_MAX && !is_nobody(&from);
    sound.then(|| Link { from, into: unit.to_owned(), force: name == MERGE })
}

/// Ids that senders use when they know nobody. PostHog refuses to merge them, since they would join strangers.
const NOBODY: [&str; 18] = [
    "0",
    "[object object]",
    "anonymous",
    "anonymous_id",
    "distinct_id",
    "distinctid",
    "email",
    "false",
    "guest",
    "id",
    "nan",
    "nil",
    "none",
    "not_authenticated",
    "null",
    "true",
    "undefined",
    "unknown",
];

/// Whether an id stands for nobody, whatever its case, blanks and quotes.
pub fn is_nobody(id: &str) -> bool {
    let bare = id.trim();
    let unquoted = ['"', '\''].into_iter().find_map(|q| bare.strip_prefix(q)?.strip_suffix(q));
    let bare = unquoted.unwrap_or(bare).trim();
    bare.is_empty() || NOBODY.iter().any(|n| bare.eq_ignore_ascii_case(n))
}

/// What became of a committed batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Events written.
    pub accepted: u64,
    /// Events already known by their id, not written again.
    pub duplicates: u64,
    /// Events refused (props that are no JSON object).
    pub rejected: u64,
    /// The log position after the commit.
    pub position: u64,
    /// Start of the earliest bucket whose numbers changed because the batch made one person of two: to be treated like a
    /// late event of that time. `None` when no earlier number changed.
    pub affected_from: Option<Millis>,
}

/// Called once, after the commit that holds the batch or after its failure.
pub type Done = Box<dyn FnOnce(Result<Receipt>) + Send>;

/// The way into the event log. Gateway and connectors know only this.
pub trait EventSink: Send + Sync {
    /// Queues a batch. `Err` with [`Code::Overloaded`] when the inbox is full (nothing was queued; `done` is not called);
    /// otherwise `done` runs after the commit.
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()>;

    /// Records what was refused before it became an event.
    fn reject(&self, source: &str, received: Millis, rejections: Vec<Rejection>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_two_ids_and_what_does_not() {
        let cases = [
            (IDENTIFY, "bob", r#"{"$anon_distinct_id":"a1"}"#, Some(("a1", false))),
            (IDENTIFY, "bob", r#"{"$set":{"x":[1]},"$anon_distinct_id":17,"alias":"z"}"#, Some(("17", false))),
            (IDENTIFY, "bob", r#"{"alias":"a1"}"#, None),
            (IDENTIFY, "bob", r#"{"$anon_distinct_id":"bob"}"#, None),
            (IDENTIFY, "bob", r#"{"$anon_distinct_id":null}"#, None),
            (IDENTIFY, "bob", r#"{"$anon_distinct_id":{"a":1}}"#, None),
            (IDENTIFY, "bob", "[]", None),
            (IDENTIFY, "", r#"{"$anon_distinct_id":"a1"}"#, None),
            (ALIAS, "bob", r#"{"alias":"shop-7","$anon_distinct_id":"a1"}"#, Some(("shop-7", false))),
            (MERGE, "bob", r#"{"alias":"carol"}"#, Some(("carol", true))),
            ("identify", "bob", r#"{"$anon_distinct_id":"a1"}"#, None),
            ("order", "bob", r#"{"alias":"a1"}"#, None),
        ];
        for (name, unit, props, expect) in cases {
            let found = link(name, unit, props);
            let expect = expect.map(|(from, force)| Link { from: from.into(), into: unit.into(), force });
            assert_eq!(found, expect, "{name} {unit} {props}");
        }
        let nobodies = [
            "",
            "  ",
            "0",
            "null",
            "Null",
            "undefined",
            "uNdEfInEd",
            "none",
            "None",
            "anonymous",
            "GUEST",
            "distinct_id",
            "distinctId",
            "ID",
            "not_authenticated",
            "email",
            "true",
            "FALSE",
            "[object Object]",
            "NaN",
            "nil",
            "\"id\"",
            "'guest'",
            " null ",
        ];
        for id in nobodies {
            let props = serde_json::json!({ "$anon_distinct_id": id, "alias": id }).to_string();
            for name in [IDENTIFY, ALIAS, MERGE] {
                assert_eq!(link(name, "bob", &props), None, "{id:?} joins");
                assert_eq!(link(name, id, r#"{"$anon_distinct_id":"a1","alias":"a1"}"#), None, "{id:?} is joined");
            }
        }
        let long = format!(r#"{{"alias":"{}"}}"#, "x".repeat(UNIT_BYTES_MAX + 1));
        assert_eq!(link(ALIAS, "bob", &long), None);
        assert!(link(ALIAS, "bob", r#"{"alias":"00"}"#).is_some());
    }
}
