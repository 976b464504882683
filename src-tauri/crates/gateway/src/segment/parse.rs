//! A call or a batch of messages to events.

use std::borrow::Cow;

use axum::http::HeaderMap;
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use super::message::{Kind, Message};
use crate::app::Shared;
use crate::decode::{json, payload, time};
use crate::ingest::basic;
use crate::ingest::intake::{Intake, Taken, invalid};
use crate::problem::Problem;

/// What a request came to.
pub(crate) enum Outcome {
    /// Events of a known source.
    Taken(Taken),
    /// Nothing: the key belongs to no source.
    UnknownKey { messages: usize },
}

/// What stands beside the messages.
#[derive(Default)]
struct Envelope<'a> {
    key: Option<Cow<'a, str>>,
    sent_at: Option<Millis>,
    context: Option<LazyValue<'a>>,
    batch: Option<LazyValue<'a>>,
}

/// Parses a request's JSON. `path` says what kind of message it is, unless it is a batch.
pub(crate) fn messages(
    shared: &Shared,
    path: &str,
    headers: &HeaderMap,
    data: &[u8],
    received: Millis,
) -> Result<Outcome, Problem> {
    let limits = &shared.config.limits;
    let root = json::whole(payload::trimmed(data), limits.depth_max)?;
    if !root.is_object() {
        return Err(Problem::bad("malformed JSON: the body is no object", "send a message or {\"batch\": […]}"));
    }
    let envelope = envelope(&root);
    let kind = Kind::of_path(path);
    let messages = match (kind, envelope.batch) {
        (Some(_), _) => vec![root],
        (None, Some(batch)) => json::elements(batch, limits.events_max)?.unwrap_or_default(),
        (None, None) => return Err(Problem::bad("malformed JSON: no batch", "send {\"batch\": […]}")),
    };
    let user = basic::credentials(headers).map(|(user, _)| user).filter(|user| !user.is_empty());
    let given = [user.map(Cow::Owned), envelope.key].into_iter().flatten();
    let in_message = messages.iter().find_map(key_of);
    let source = given.chain(in_message).find_map(|key| shared.config.keys.write_source(&key));
    let Some(source) = source else { return Ok(Outcome::UnknownKey { messages: messages.len() }) };
    shared.rate.of(&source)?;
    let mut intake = Intake::new(shared, source, received, time::skew(envelope.sent_at, received));
    for message in messages {
        let raw = json::raw(&message);
        match Message::read(&message, kind, envelope.context.as_ref()) {
            Ok(message) => intake.take(message.draft(), &raw),
            Err(why) => intake.take(Err(invalid(why)), &raw),
        };
    }
    Ok(Outcome::Taken(intake.done()))
}

fn envelope<'a>(root: &LazyValue<'a>) -> Envelope<'a> {
    let mut envelope = Envelope::default();
    for (key, value) in json::members(root) {
        match key.as_ref() {
            "writeKey" => envelope.key = json::borrowed_text(&value).filter(|key| !key.is_empty()),
            "sentAt" => envelope.sent_at = time::instant(&value),
            "context" => envelope.context = Some(value),
            "batch" if value.is_array() => envelope.batch = Some(value),
            _ => {}
        }
    }
    envelope
}

fn key_of<'a>(message: &LazyValue<'a>) -> Option<Cow<'a, str>> {
    let (_, key) = json::members(message).find(|(key, _)| key == "writeKey")?;
    json::borrowed_text(&key).filter(|key| !key.is_empty())
}
