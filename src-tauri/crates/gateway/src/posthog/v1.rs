//! PostHog's capture v1, `POST /i/v1/analytics/events`: the key in a header, an answer per event.
//!
//! What cannot be stored now is 503 for the whole request: the SDK sends it again under the same ids.

use std::borrow::Cow;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use epoch_model::Error;
use epoch_model::event::NAME_BYTES_MAX;
use epoch_model::time::Millis;
use serde_json::{Map, Value, json};
use sonic_rs::{JsonValueTrait, LazyValue};

use crate::app::{App, Shared};
use crate::decode::{json, payload, time};
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::{Draft, Intake, Taken, invalid};
use crate::key;
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("posthog-request-id");

/// A request's events, and what its sender is told of each.
pub(crate) struct Batch {
    pub taken: Taken,
    results: Map<String, Value>,
}

/// Why an event was dropped: the vendor's tag, and our reason.
struct Dropped(&'static str, Error);

/// `POST /i/v1/analytics/events`.
pub(crate) async fn events(State(app): State<App>, request: Request) -> Response {
    let id = request.headers().get(REQUEST_ID).cloned();
    let mut response = match take(&app, request).await {
        Ok(results) => Json(json!({"results": results})).into_response(),
        Err(problem) => refused(&problem),
    };
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn take(app: &App, request: Request) -> Result<Map<String, Value>, Problem> {
    let incoming = Incoming::read(app, request).await?;
    let batch = incoming.decoded(app, |shared, incoming| {
        let data = incoming.json(shared)?;
        parse(shared, &incoming.uri, &incoming.headers, &data, incoming.received)
    });
    let Batch { taken, results } = batch.await??;
    if taken.seen == 0 {
        return Err(Problem::bad("request batch is empty", "send at least one event"));
    }
    let unnamed = results.is_empty();
    commit(app, taken).await?;
    if unnamed {
        return Err(Problem::bad("events submitted without a uuid", "give every event a uuid"));
    }
    Ok(results)
}

/// Parses a request's JSON.
pub(crate) fn parse(
    shared: &Shared,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
    data: &[u8],
    received: Millis,
) -> Result<Batch, Problem> {
    let limits = &shared.config.limits;
    let token = key::of(uri, headers).ok_or_else(|| Problem::unauthorized("no Authorization header was given"))?;
    let Some(source) = shared.config.keys.write_source(&token) else {
        return Err(Problem::unauthorized("API key is not valid"));
    };
    shared.rate.of(&source)?;
    let root = json::whole(payload::trimmed(data), limits.depth_max)?;
    let batch = json::members(&root).find(|(key, value)| key == "batch" && value.is_array());
    let no_batch = || Problem::bad("failed to parse request: no batch", "send {\"created_at\", \"batch\": […]}");
    let (_, batch) = batch.ok_or_else(no_batch)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let skew = time::skew(text("posthog-request-timestamp").and_then(time::written), received);
    let library = text("posthog-sdk-info").and_then(|info| info.rsplit_once('/'));
    let mut intake = Intake::new(shared, source, received, skew);
    let mut results = Map::new();
    for event in json::elements(batch, limits.events_max)?.unwrap_or_default() {
        let raw = json::raw(&event);
        let (uuid, draft) = draft(&event, library, skew);
        let (tag, draft) = match draft {
            Ok(draft) => ("rejected", Ok(draft)),
            Err(Dropped(tag, error)) => (tag, Err(error)),
        };
        let result =
            if intake.take(draft, &raw) { json!({"result": "ok"}) } else { json!({"result": "drop", "details": tag}) };
        if let Some(uuid) = uuid {
            results.insert(uuid.into_owned(), result);
        }
    }
    Ok(Batch { taken: intake.done(), results })
}

#[derive(Default)]
struct Fields<'a> {
    event: Option<LazyValue<'a>>,
    uuid: Option<LazyValue<'a>>,
    distinct_id: Option<LazyValue<'a>>,
    timestamp: Option<LazyValue<'a>>,
    properties: Option<LazyValue<'a>>,
    options: Option<LazyValue<'a>>,
    session: Option<LazyValue<'a>>,
    window: Option<LazyValue<'a>>,
}

type Found<'a> = (Option<Cow<'a, str>>, Result<Draft<'a>, Dropped>);

fn draft<'a>(event: &LazyValue<'a>, library: Option<(&str, &str)>, skew: Millis) -> Found<'a> {
    let mut fields = Fields::default();
    for (key, value) in json::members(event) {
        match key.as_ref() {
            "event" => fields.event = Some(value),
            "uuid" => fields.uuid = Some(value),
            "distinct_id" => fields.distinct_id = Some(value),
            "timestamp" => fields.timestamp = Some(value),
            "properties" => fields.properties = Some(value),
            "options" => fields.options = Some(value),
            "session_id" => fields.session = Some(value),
            "window_id" => fields.window = Some(value),
            _ => {}
        }
    }
    let uuid = fields.uuid.as_ref().and_then(json::borrowed_text).filter(|uuid| !uuid.is_empty());
    let Some(id) = uuid.clone() else {
        return (None, Err(Dropped("missing_event_uuid", invalid("event submitted without a uuid"))));
    };
    (uuid, finish(&fields, id, library, skew))
}

fn finish<'a>(
    fields: &Fields<'a>,
    id: Cow<'a, str>,
    library: Option<(&str, &str)>,
    skew: Millis,
) -> Result<Draft<'a>, Dropped> {
    let drop = |tag, message: &str| Dropped(tag, invalid(message));
    let text =
        |field: &Option<LazyValue<'a>>| field.as_ref().and_then(json::borrowed_text).filter(|text| !text.is_empty());
    let name =
        text(&fields.event).ok_or_else(|| drop("missing_event_name", "event submitted without an event name"))?;
    if name.len() > NAME_BYTES_MAX {
        return Err(drop("event_name_too_long", "event name exceeds maximum length"));
    }
    let unit = text(&fields.distinct_id)
        .ok_or_else(|| drop("missing_distinct_id", "event submitted without a distinct_id"))?;
    if unit.len() > epoch_model::event::UNIT_BYTES_MAX {
        return Err(drop("distinct_id_too_large", "distinct_id exceeds maximum size"));
    }
    let at = fields.timestamp.as_ref().and_then(time::instant);
    let mut at = at.ok_or_else(|| drop("invalid_event_timestamp", "event submitted with invalid timestamp"))?;
    let own = match &fields.properties {
        None => Cow::Borrowed("{}"),
        Some(object) if object.is_object() => json::raw(object),
        Some(_) => return Err(drop("malformed_event_properties", "event properties is not a JSON object")),
    };
    let mut beside: Vec<(&str, Cow<'_, str>)> = Vec::new();
    for (name, value) in fields.options.iter().flat_map(json::members) {
        match name.as_ref() {
            "disable_skew_correction" if value.is_true() => at = at.saturating_sub(skew),
            "process_person_profile" => beside.push(("$process_person_profile", json::raw(&value))),
            "cookieless_mode" => beside.push(("$cookieless_mode", json::raw(&value))),
            "product_tour_id" => beside.push(("$product_tour_id", json::raw(&value))),
            _ => {}
        }
    }
    for (name, value) in [("$session_id", &fields.session), ("$window_id", &fields.window)] {
        beside.extend(value.as_ref().map(|value| (name, json::raw(value))));
    }
    if let Some((name, version)) = library {
        beside.push(("$lib", json::quoted(name).into()));
        beside.push(("$lib_version", json::quoted(version).into()));
    }
    Ok(Draft { id: Some(id), time: Some(at), dated: true, name, unit, props: json::with(own, &beside) })
}

/// The vendor's error: a tag that SDKs log, and the status by which they decide whether to try again.
fn refused(problem: &Problem) -> Response {
    // Not decodable as announced is a matter of the media type here.
    let status = if problem.error.message.contains("Content-Encoding") {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    } else {
        problem.status
    };
    let message = &problem.error.message;
    let tag = match status.as_u16() {
        400 if message.starts_with("failed to decode") => "request_decoding_error",
        400 if message.contains("no event") => "empty_body",
        400 if message.contains("batch is empty") => "empty_batch",
        400 if message.contains("without a uuid") => "missing_event_uuid",
        400 => "request_parsing_error",
        401 if message.starts_with("no ") => "missing_authorization",
        401 => "invalid_api_token",
        408 => "body_read_timeout",
        413 => "payload_too_large",
        415 => "unsupported_encoding",
        429 => "rate_limited",
        503 => "service_unavailable",
        504 => "gateway_timeout",
        _ => "internal_error",
    };
    let mut response = (status, Json(json!({"error": tag, "error_description": message}))).into_response();
    let again = matches!(status.as_u16(), 408 | 429 | 500..);
    if let Some(seconds) = problem.retry_after.or(again.then_some(1)) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
