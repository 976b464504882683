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
