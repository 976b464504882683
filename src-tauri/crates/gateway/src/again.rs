//! What was refused, read once more: by the parser of the protocol it came by, under the same rules.

use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use epoch_levers::Book;
use epoch_model::event::{Done, EventBatch, EventSink, Rejection};
use epoch_model::ports::{KeyBook, LeverBook, Meter, Privacy, PrivacyBook, SecretBook};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use sonic_rs::{JsonValueTrait, LazyValue};
use uuid::Uuid;

use crate::app::Shared;
use crate::config::{Config, Limits};
use crate::decode::json;
use crate::ingest::intake::{Taken, invalid};
use crate::mixpanel::{self, Vendor};
use crate::problem::Problem;
use crate::segment::parse::Outcome;
use crate::server::Stop;
use crate::without::WithoutLevers;
use crate::{plain, posthog, segment, stripe};

/// What `raw`, an event as a [`Rejection`] keeps it or as it was mended since, says: the event, and the links between ids
/// that it implies, of `source`, received then. The same words at the same time of receipt are the same event.
pub fn again(raw: &str, source: &str, received: Millis, privacy: &Arc<Privacy>) -> Result<EventBatch> {
    let mut shared = alone(source, Arc::clone(privacy), Limits::default());
    shared.request = Some(Uuid::from_u128(u128::from(received.unsigned_abs())));
    let taken = read(&shared, raw, received).map_err(|problem| invalid(problem.error.message))?;
    match taken.rejections.into_iter().next() {
        Some(Rejection { reason, .. }) => Err(invalid(reason)),
        None if taken.batch.is_empty() => Err(invalid("the text holds no event")),
        None => Ok(taken.batch),
    }
}

fn read(shared: &Shared, raw: &str, received: Millis) -> Result<Taken, Problem> {
    let data = raw.trim().as_bytes();
    let event = json::whole(data, shared.config.limits.depth_max)?;
    if !event.is_object() {
        return Err(Problem::bad("the text is no JSON object", "send one event"));
    }
    // Keys were checked when it first came; none is taken from the text.
    let keyed = |path: &str| format!("{path}?token=again").parse::<Uri>().unwrap_or_default();
    let source = shared.config.keys.write_source("").unwrap_or_default();
    match Dialect::of(&event) {
        Dialect::Plain => plain::parse::events(shared, source, "application/json", data, received),
        Dialect::Stripe => stripe::parse(shared, source, data, received),
        Dialect::Segment => {
            let batch = format!("{{\"writeKey\":\"again\",\"batch\":[{raw}]}}");
            match segment::parse::messages(shared, "/v1/batch", &HeaderMap::new(), batch.as_bytes(), received)? {
                Outcome::Taken(taken) => Ok(taken),
                Outcome::UnknownKey { .. } => Err(Problem::unauthorized("the key is not known")),
            }
        }
        Dialect::Mixpanel => mixpanel::events::parse(shared, &keyed("/track"), data, received),
        Dialect::Person => {
            let (Vendor::Mixpanel | Vendor::PostHog, taken) =
                mixpanel::profile::people(shared, &keyed("/engage"), data, received)?;
            Ok(taken)
        }
        Dialect::Group => mixpanel::profile::groups(shared, &keyed("/groups"), data, received),
        Dialect::PostHog => posthog::parse::events(shared, &Uri::from_static("/e"), data, received)
            .or_else(|_| posthog::parse::events(shared, &keyed("/e"), data, received)),
    }
}

/// Whose words an event is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Plain,
    PostHog,
    Mixpanel,
    Person,
    Group,
    Segment,
    Stripe,
}

impl Dialect {
    fn of(event: &LazyValue<'_>) -> Self {
        let has = |name: &str| json::members(event).any(|(key, _)| key == name);
        let text = |name: &str| {
            let (_, value) = json::members(event).find(|(key, _)| key == name)?;
            json::borrowed_text(&value)
        };
        let inside = json::members(event).find(|(key, _)| key == "properties").map(|(_, inside)| inside);
        let within = |name: &str| inside.iter().flat_map(json::members).any(|(key, _)| key == name);
        let kind = text("type").unwrap_or_default();
        if text("object").is_some_and(|object| stripe::is_event(&object)) && !kind.is_empty() {
            return Self::Stripe;
        }
        if segment::is_call(&kind) && ["messageId", "userId", "anonymousId"].into_iter().any(has) {
            return Self::Segment;
        }
        if !has("event") && has("$group_key") && has("$group_id") {
            return Self::Group;
        }
        if !has("event") && (has("$distinct_id") || has("$token")) {
            return Self::Person;
        }
        let plain = ["unit", "name", "time", "props"].into_iter().any(has);
        let whole = ["uuid", "timestamp", "offset"].into_iter().any(has) && has("distinct_id");
        if !has("event") || plain {
            Self::Plain
        } else if whole || within("$lib") && !within("mp_lib") || has("timestamp") && within("distinct_id") {
            Self::PostHog
        } else if ["distinct_id", "mp_lib", "$user_id", "$device_id"].into_iter().any(within) {
            Self::Mixpanel
        } else {
            Self::Plain
        }
    }
}

/// A gateway of one source that listens to nobody and keeps nothing: what parsers need around them.
pub(crate) fn alone(source: &str, privacy: Arc<Privacy>, limits: Limits) -> Shared {
    let alone = Arc::new(Alone { source: source.into(), privacy });
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        keys: alone.clone(),
        sink: alone.clone(),
        levers: alone.clone(),
        book: Arc::new(WithoutLevers) as Arc<dyn Book>,
        readers: Arc::new(WithoutLevers),
        privacy: alone.clone(),
        secrets: alone.clone(),
        meter: alone,
        metrics_text: Arc::new(String::new),
        clock: Arc::new(|| 0),
        limits,
        allowed_hosts: Vec::new(),
        tls: None,
        behind_proxy: false,
    };
    Shared::new(config, Stop::default())
}

struct Alone {
    source: Arc<str>,
    privacy: Arc<Privacy>,
}

fn closed() -> Error {
    Error::new(Code::WrongState, "nothing is kept here", "send it to the gateway")
}

impl EventSink for Alone {
    fn submit(&self, _: EventBatch, _: Done) -> Result<()> {
        Err(closed())
    }
    fn reject(&self, _: &str, _: Millis, _: Vec<Rejection>) -> Result<()> {
        Err(closed())
    }
}

impl KeyBook for Alone {
    fn write_source(&self, _: &str) -> Option<Arc<str>> {
        Some(Arc::clone(&self.source))
    }
    fn may_read(&self, _: &str) -> bool {
        false
    }
}

impl LeverBook for Alone {
    fn levers(&self) -> (u64, serde_json::Value) {
        (0, serde_json::Value::Null)
    }
}

impl Meter for Alone {
    fn request(&self, _: &'static str, _: u16, _: u64) {}
}

impl PrivacyBook for Alone {
    fn privacy(&self, _: &str) -> Arc<Privacy> {
        Arc::clone(&self.privacy)
    }
}

impl SecretBook for Alone {
    fn secret(&self, _: &str) -> Option<Arc<str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: Millis = 1_800_000_000_000;

    fn read(raw: &str, privacy: Privacy) -> Vec<(String, String, Millis, String)> {
        let batch = again(raw, "web", RECEIVED, &Arc::new(privacy)).expect(raw);
        batch.iter().map(|e| (e.name.to_owned(), e.unit.to_owned(), e.time, e.props.to_owned())).collect()
    }

    #[test]
    fn every_protocol_is_read_as_the_gateway_reads_it() {
        const AT: Millis = 1_742_205_600_000;
        let cases = [
            (
                r#"{"event":"order","unit":"c","time":"2025-03-17T10:00:00Z","amount":2}"#,
                "order",
                "c",
                AT,
                r#"{"amount":2}"#,
            ),
            (r#"{"event":"order","user_id":7,"timestamp":"2025-03-17T10:00:00Z"}"#, "order", "7", AT, "{}"),
            (r#"{"event":"order","distinct_id":"c","time":1742205600}"#, "order", "c", AT, "{}"),
            (
                r#"{"event":"order","distinct_id":"c","uuid":"x","timestamp":"2025-03-17T10:00:00Z","properties":{"a":1},"$set":{"b":2}}"#,
                "order",
                "c",
                AT,
                r#"{"a":1,"$set":{"b":2}}"#,
            ),
            (
                r#"{"event":"a","properties":{"token":"k","distinct_id":"c","$lib":"web"}}"#,
                "a",
                "c",
                RECEIVED,
                r#"{"distinct_id":"c","$lib":"web"}"#,
            ),
            (
                r#"{"event":"a","properties":{"token":"k","distinct_id":"c","time":1742205600,"mp_lib":"web"}}"#,
                "a",
                "c",
                AT,
                r#"{"$lib":"web"}"#,
            ),
            (
                r#"{"$token":"k","$distinct_id":"c","$set":{"plan":"pro"}}"#,
                "$set",
                "c",
                RECEIVED,
                r#"{"$set":{"plan":"pro"}}"#,
            ),
            (
                r#"{"$token":"k","$group_key":"company","$group_id":"acme","$set":{"seats":5}}"#,
                "$groupidentify",
                "",
                RECEIVED,
                r#"{"$group_type":"company","$group_key":"acme","$group_set":{"seats":5}}"#,
            ),
            (
                r#"{"type":"group","userId":"c","groupId":"acme","messageId":"m","traits":{"seats":5}}"#,
                "$groupidentify",
                "c",
                RECEIVED,
                r#"{"$group_type":"company","$group_key":"acme","$group_set":{"seats":5},"$groups":{"company":"acme"}}"#,
            ),
            (
                r#"{"type":"page","anonymousId":"a","messageId":"m","properties":{"url":"u"}}"#,
                "$pageview",
                "a",
                RECEIVED,
                r#"{"$current_url":"u"}"#,
            ),
            (
                r#"{"type":"track","event":"Order","userId":"c","timestamp":"2025-03-17T10:00:00Z"}"#,
                "Order",
                "c",
                AT,
                "{}",
            ),
            (
                r#"{"event":"m","time":"2025-03-17T10:00:00.000000001Z","properties":{"value":1}}"#,
                "m",
                "",
                AT,
                r#"{"value":1}"#,
            ),
            (
                r#"{"id":"evt_1","object":"event","type":"payout.paid","created":1742205600,"data":{"object":{"object":"payout","amount":500,"currency":"jpy"}}}"#,
                "payout.paid",
                "",
                AT,
                r#"{"amount":500,"object":"payout","currency":"jpy"}"#,
            ),
        ];
        for (raw, name, unit, time, props) in cases {
            assert_eq!(read(raw, Privacy::default()), [(name.into(), unit.into(), time, props.into())], "{raw}");
        }
        let linked =
            read(r#"{"event":"a","properties":{"$device_id":"d","$user_id":"u","mp_lib":"web"}}"#, Privacy::default());
        assert_eq!(linked.iter().map(|e| (&*e.0, &*e.1)).collect::<Vec<_>>(), [("$identify", "u"), ("a", "u")]);
    }

    #[test]
    fn mistakes_are_named_and_nothing_is_known_twice() {
        let privacy = Arc::default();
        for text in [
            "",
            "[]",
            "{}",
            "7",
            r#"{"event":1.5,"properties":3}"#,
            r#"{"event":"a","time":"soon"}"#,
            "a,b,c",
            r#"{"type":"track","userId":"u"}"#,
        ] {
            assert_eq!(
                again(text, "web", RECEIVED, &privacy).map(|_| ()).map_err(|e| e.code),
                Err(Code::EventInvalid),
                "{text}"
            );
        }
        let id = |raw: &str, received: Millis| again(raw, "web", received, &privacy).unwrap().iter().next().unwrap().id;
        let undated = r#"{"event":"a","unit":"u"}"#;
        assert_eq!(id(undated, RECEIVED), id(undated, RECEIVED));
        assert_ne!(id(undated, RECEIVED), id(undated, RECEIVED + 1));
    }

    #[test]
    fn what_was_hashed_stays_and_what_was_written_since_is_hashed() {
        let rules = || Privacy {
            hash: vec!["unit".into()],
            deny: vec!["email".into()],
            hash_key: [1; 32],
            ..Privacy::default()
        };
        let first = read(r#"{"event":"a","unit":"ann","email":"a@example.com"}"#, rules());
        assert!(first[0].1.starts_with("hash:") && first[0].3 == "{}", "{first:?}");
        assert_eq!(read(&format!(r#"{{"event":"a","unit":"{}"}}"#, first[0].1), rules())[0].1, first[0].1);
    }
}
