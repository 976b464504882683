//! An object, an array, `{"events": […]}` or JSON lines, to drafts.

use std::borrow::Cow;
use std::sync::Arc;

use epoch_model::Result as Checked;
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use crate::app::Shared;
use crate::decode::{json, lines, payload, time};
use crate::ingest::intake::{Draft, Intake, Taken, invalid};
use crate::problem::Problem;

// The first name present is taken, the others stay properties: {"event": "signup", "name": "Ann"} is a signup of Ann.
const NAME: [&str; 2] = ["event", "name"];
const UNIT: [&str; 7] = ["unit", "distinct_id", "user_id", "userId", "anonymous_id", "anonymousId", "visitor_id"];
const TIME: [&str; 2] = ["time", "timestamp"];
const ID: [&str; 4] = ["uuid", "id", "insert_id", "$insert_id"];
const PROPS: [&str; 2] = ["properties", "props"];

type Member<'a> = (Cow<'a, str>, LazyValue<'a>);

/// Parses a request's JSON or JSON lines, of `source`.
pub(crate) fn events(
    shared: &Shared,
    source: Arc<str>,
    kind: &str,
    data: &[u8],
    received: Millis,
) -> Result<Taken, Problem> {
    let limits = &shared.config.limits;
    let data = payload::trimmed(data);
    let mut members = Vec::new();
    if lines::is_lines(kind, data, limits.depth_max) {
        let mut intake = Intake::new(shared, source, received, 0);
        for line in lines::of(data) {
            room(&intake, limits.events_max)?;
            let draft = match json::whole(line, limits.depth_max) {
                Ok(event) => draft(event, &mut members),
                Err(problem) => Err(invalid(problem.error.message)),
            };
            intake.take(draft, &String::from_utf8_lossy(line));
        }
        return Ok(intake.done());
    }
    let (events, sent_at) = envelope(json::whole(data, limits.depth_max)?, limits.events_max)?;
    let mut intake = Intake::new(shared, source, received, time::skew(sent_at, received));
    for event in events {
        let raw = json::raw(&event);
        intake.take(draft(event, &mut members), &raw);
    }
    Ok(intake.done())
}

fn room(intake: &Intake<'_>, events_max: usize) -> Result<(), Problem> {
    if usize::try_from(intake.seen()).is_ok_and(|n| n < events_max) {
        return Ok(());
    }
    Err(Problem::too_large(format!("more than {events_max} events in one request")))
}

fn envelope(root: LazyValue<'_>, max: usize) -> Result<(Vec<LazyValue<'_>>, Option<Millis>), Problem> {
    let broken = || Problem::bad("the request holds no event", "send an event, an array or {\"events\": […]}");
    if let Some(events) = json::elements(root.clone(), max)? {
        return Ok((events, None));
    }
    let (mut events, mut sent_at) = (None, None);
    for (key, value) in root.clone().into_object_iter().ok_or_else(broken)?.filter_map(Result::ok) {
        match key.as_ref() {
            "events" if value.is_array() => events = Some(value),
            "sent_at" => sent_at = time::instant(&value),
            _ => {}
        }
    }
    Ok(match events {
        Some(events) => (json::elements(events, max)?.unwrap_or_default(), sent_at),
        None => (vec![root], None),
    })
}

/// `members` is scratch space that outlives the event.
fn draft<'a>(event: LazyValue<'a>, members: &mut Vec<Member<'a>>) -> Checked<Draft<'a>> {
    members.clear();
    for member in event.into_object_iter().ok_or_else(|| invalid("the event is no object"))? {
        members.push(member.map_err(|_| invalid("the event does not parse"))?);
    }
    let name = pick(members, &NAME).ok_or_else(|| invalid("the event has no name (\"event\" or \"name\")"))?;
    let name = json::borrowed_text(&name).ok_or_else(|| invalid("the event's name is no text"))?;
    let id = match pick(members, &ID) {
        None => None,
        Some(id) => Some(json::borrowed_text(&id).ok_or_else(|| invalid("the event's id is neither text nor number"))?),
    };
    let unit = match pick(members, &UNIT) {
        None => Cow::Borrowed(""),
        Some(unit) => json::borrowed_text(&unit).ok_or_else(|| invalid("the unit is neither text nor number"))?,
    };
    let time = match pick(members, &TIME) {
        None => None,
        Some(at) => Some(time::instant(&at).ok_or_else(|| invalid("the time is neither ISO 8601 nor a number"))?),
    };
    Ok(Draft { id, time, dated: time.is_some(), name, unit, props: props(members)? })
}

/// Takes the first of `names` that is there and not null out of the members.
fn pick<'a>(members: &mut Vec<Member<'a>>, names: &[&str]) -> Option<LazyValue<'a>> {
    let at =
        names.iter().find_map(|name| members.iter().position(|(key, value)| key == name && !json::is_absent(value)))?;
    Some(members.remove(at).1)
}

/// The properties object with the event's other members beside it; its own members win.
fn props<'a>(members: &mut Vec<Member<'a>>) -> Checked<Cow<'a, str>> {
    let own = pick(members, &PROPS);
    if own.as_ref().is_some_and(|own| !own.is_object()) {
        return Err(invalid("the properties are no object"));
    }
    if members.is_empty() {
        return Ok(own.map_or(Cow::Borrowed("{}"), |own| json::raw(&own)));
    }
    let own = own.map(|own| json::raw(&own));
    let inner = own.as_deref().map(json::inside).unwrap_or_default();
    let mut out = String::with_capacity(inner.len() + 256);
    out.push('{');
    out.push_str(inner);
    for (key, value) in members.iter() {
        if own.as_deref().is_none_or(|own| !json::has(own, key)) {
            json::push_member(&mut out, key, value.as_raw_str());
        }
    }
    out.push('}');
    Ok(Cow::Owned(out))
}
