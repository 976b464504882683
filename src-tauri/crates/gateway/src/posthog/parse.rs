//! PostHog's envelopes and events to drafts. Properties stay the raw slice of the request unless something must be
//! moved into them (`$set` beside the properties) or taken out (the write key).

use std::borrow::Cow;

use axum::http::Uri;
use epoch_model::Result as Checked;
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use super::props::{self, Props};
use crate::app::Shared;
use crate::decode::{json, payload, time};
use crate::ingest::intake::{Draft, Intake, Taken, invalid};
use crate::key::query;
use crate::problem::Problem;

/// A request's envelope.
#[derive(Default)]
struct Envelope<'a> {
    token: Option<String>,
    sent_at: Option<Millis>,
    events: Vec<LazyValue<'a>>,
}

/// Parses a request's JSON: the events of the source that its key belongs to.
pub(crate) fn events(shared: &Shared, uri: &Uri, data: &[u8], received: Millis) -> Result<Taken, Problem> {
    let limits = &shared.config.limits;
    let envelope = envelope(json::whole(payload::trimmed(data), limits.depth_max)?, limits.events_max)?;
    let outside = envelope.token.or_else(|| query(uri, &["token", "api_key"]).map(Cow::into_owned));
    // A key inside the properties must be found in each event, and taken out of what is stored.
    let look_inside = outside.is_none();
    let token = outside
        .or_else(|| envelope.events.iter().find_map(token_of))
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Problem::unauthorized("event submitted without an api_key"))?;
    let Some(source) = shared.config.keys.write_source(&token) else {
        return Err(Problem::unauthorized("API key is not valid"));
    };
    shared.rate.of(&source)?;
    let in_query = || query(uri, &["_", "sent_at"]).and_then(|at| time::written(&at));
    let skew = time::skew(envelope.sent_at.or_else(in_query), received);
    let mut intake = Intake::new(shared, source, received, skew);
    for event in envelope.events {
        let raw = json::raw(&event);
        let draft = draft(event, &token, look_inside, received.saturating_sub(skew))?;
        intake.take(draft, &raw);
    }
    Ok(intake.done())
}

/// A single event, an array of them, or `{"api_key", "batch": […], "sent_at"}`.
fn envelope(root: LazyValue<'_>, max: usize) -> Result<Envelope<'_>, Problem> {
    let mut found = Envelope::default();
    if let Some(events) = json::elements(root.clone(), max)? {
        found.events = events;
        return Ok(found);
    }
    let mut batch = None;
    for member in root.clone().into_object_iter().ok_or_else(no_event)? {
        let (key, value) = member.map_err(|_| no_event())?;
        match key.as_ref() {
            "api_key" | "token" | "$token" => found.token = json::text(&value).map(Cow::into_owned),
            "sent_at" => found.sent_at = time::instant(&value),
            "batch" | "data" if value.is_array() => batch = Some(value),
            _ => {}
        }
    }
    found.events = match batch {
        Some(batch) => json::elements(batch, max)?.unwrap_or_default(),
        None => vec![root],
    };
    Ok(found)
}

fn no_event() -> Problem {
    Problem::bad("request holds no event", "send an event, an array of events, or an object with a batch")
}

/// The key inside an event or its properties.
fn token_of(event: &LazyValue<'_>) -> Option<String> {
    let found = |value: &LazyValue<'_>| json::text(value).map(Cow::into_owned).filter(|token| !token.is_empty());
    let mut inside = None;
    for (key, value) in event.clone().into_object_iter()?.filter_map(Result::ok) {
        match key.as_ref() {
            "api_key" | "token" | "$token" => return found(&value),
            "properties" => inside = Some(value),
            _ => {}
        }
    }
    let members = inside?.into_object_iter()?.filter_map(Result::ok);
    members
        .filter(|(key, _)| matches!(key.as_ref(), "token" | "$token" | "api_key"))
        .find_map(|(_, value)| found(&value))
}

#[derive(Default)]
struct Fields<'a> {
    event: Option<LazyValue<'a>>,
    uuid: Option<LazyValue<'a>>,
    distinct_id: Option<LazyValue<'a>>,
    timestamp: Option<LazyValue<'a>>,
    offset: Option<LazyValue<'a>>,
    properties: Option<LazyValue<'a>>,
    token: Option<LazyValue<'a>>,
    beside: Vec<(Cow<'a, str>, LazyValue<'a>)>,
}

/// One event. The outer error refuses the request (keys of several projects in one), the inner one this event. `now` is
/// the time of receipt by the sender's clock.
fn draft<'a>(event: LazyValue<'a>, token: &str, look_inside: bool, now: Millis) -> Result<Checked<Draft<'a>>, Problem> {
    let Some(members) = event.into_object_iter() else { return Ok(Err(invalid("the event is no object"))) };
    let mut fields = Fields::default();
    for member in members {
        let Ok((key, value)) = member else { return Ok(Err(invalid("the event does not parse"))) };
        if json::is_absent(&value) {
            continue;
        }
        match key.as_ref() {
            "event" => fields.event = Some(value),
            "uuid" => fields.uuid = Some(value),
            "distinct_id" | "$distinct_id" => fields.distinct_id = Some(value),
            "timestamp" => fields.timestamp = Some(value),
            "offset" => fields.offset = Some(value),
            "properties" => fields.properties = Some(value),
            "api_key" | "token" | "$token" => fields.token = Some(value),
            "$set" | "$set_once" | "$unset" | "$groups" | "$group_set" => fields.beside.push((key, value)),
            _ => {}
        }
    }
    let plain = !look_inside && fields.distinct_id.is_some() && fields.uuid.is_some() && fields.beside.is_empty();
    let props = if plain {
        Props::unread(fields.properties.as_ref())
    } else {
        props::read(fields.properties.as_ref(), &fields.beside)
    };
    let props = match props {
        Ok(props) => props,
        Err(error) => return Ok(Err(error)),
    };
    let tokens = [fields.token.as_ref(), props.token.as_ref()];
    if tokens.into_iter().flatten().filter_map(json::text).any(|other| !other.is_empty() && other != token) {
        return Err(Problem::unauthorized("batch submitted with inconsistent api_key values"));
    }
    Ok(finish(&fields, props, now))
}

fn finish<'a>(fields: &Fields<'a>, props: Props<'a>, now: Millis) -> Checked<Draft<'a>> {
    let name = fields.event.as_ref().and_then(json::borrowed_text).filter(|name| !name.is_empty());
    let unit = fields.distinct_id.as_ref().or(props.distinct_id.as_ref());
    let unit = unit.ok_or_else(|| invalid("event submitted without a distinct_id"))?;
    let unit = json::borrowed_text(unit).ok_or_else(|| invalid("the distinct_id is neither text nor number"))?;
    if unit.is_empty() {
        return Err(invalid("event submitted with an empty distinct_id"));
    }
    let time = match (&fields.timestamp, &fields.offset) {
        (Some(at), _) => Some(time::instant(at).ok_or_else(|| invalid("the timestamp is no time"))?),
        (None, Some(ago)) => Some(now.saturating_sub(
            json::text(ago).and_then(|n| millis(&n)).ok_or_else(|| invalid("the offset is no number"))?,
        )),
        (None, None) => None,
    };
    let id = fields.uuid.as_ref().or(props.insert_id.as_ref()).and_then(json::borrowed_text);
    let name = name.ok_or_else(|| invalid("event submitted with an empty event name"))?;
    Ok(Draft { id, time, dated: fields.timestamp.is_some(), name, unit, props: props.text })
}

#[expect(clippy::cast_possible_truncation, reason = "checked against a range that fits; the fraction is dropped")]
fn millis(number: &str) -> Option<Millis> {
    number.parse::<f64>().ok().filter(|n| n.abs() < 1e15).map(|n| n as Millis)
}
