//! `/track` and `/import`: events, and the links between ids that they imply.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use axum::http::Uri;
use epoch_model::Result as Checked;
use epoch_model::event::{IDENTIFY, MERGE};
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use crate::app::Shared;
use crate::decode::{json, payload, time};
use crate::ingest::intake::{Draft, Intake, Taken, invalid};
use crate::key::query;
use crate::problem::Problem;

/// How Mixpanel names a device that nobody has signed in on.
const DEVICE: &str = "$device:";

/// The records of a body: an array of them, or one.
pub(super) fn records<'a>(data: &'a [u8], depth_max: usize, max: usize) -> Result<Vec<LazyValue<'a>>, Problem> {
    let root: LazyValue<'a> = json::whole(payload::trimmed(data), depth_max)?;
    Ok(json::elements(root.clone(), max)?.unwrap_or_else(|| vec![root]))
}

/// Whether a body sent to a path of both vendors is PostHog's.
pub(crate) fn is_posthog(shared: &Shared, data: &[u8]) -> Result<bool, Problem> {
    let root = json::whole(payload::trimmed(data), shared.config.limits.depth_max)?;
    let first =
        if root.is_array() { root.into_array_iter().and_then(|mut events| events.next()?.ok()) } else { Some(root) };
    let Some(first) = first else { return Ok(false) };
    Ok(json::members(&first).any(|(key, value)| match key.as_ref() {
        "properties" => {
            json::members(&value).any(|(key, _)| key == "$lib")
                && !json::members(&value).any(|(key, _)| key == "mp_lib")
        }
        name => {
            matches!(name, "api_key" | "token" | "$token" | "batch" | "uuid" | "distinct_id" | "$distinct_id")
                || matches!(name, "timestamp" | "offset" | "sent_at" | "$set" | "$set_once")
        }
    }))
}

/// Parses the events of a `/track`.
pub(crate) fn parse(shared: &Shared, uri: &Uri, data: &[u8], received: Millis) -> Result<Taken, Problem> {
    let limits = &shared.config.limits;
    let records = records(data, limits.depth_max, limits.events_max)?;
    let token = query(uri, &["token", "api_key"]).map(Cow::into_owned);
    let token = token.or_else(|| records.iter().find_map(token_of)).filter(|token| !token.is_empty());
    let source = source_of(shared, token.as_deref())?;
    let mut taking = Taking::new(shared, source, received);
    for record in records {
        let raw = json::raw(&record);
        taking.take(Event::read(&record), &raw);
    }
    Ok(taking.intake.done())
}

/// The source of a token.
pub(super) fn source_of(shared: &Shared, token: Option<&str>) -> Result<Arc<str>, Problem> {
    let token = token.ok_or_else(|| Problem::unauthorized("token, missing or empty"))?;
    let known = shared.config.keys.write_source(token);
    let source = known.ok_or_else(|| Problem::unauthorized("token, not known"))?;
    shared.rate.of(&source)?;
    Ok(source)
}

/// The token inside an event's properties.
pub(super) fn token_of(record: &LazyValue<'_>) -> Option<String> {
    let (_, properties) = json::members(record).find(|(key, _)| key == "properties")?;
    let (_, token) = json::members(&properties).find(|(key, _)| key == "token")?;
    json::text(&token).map(Cow::into_owned)
}

/// Takes events and, once per request, the links they imply.
pub(super) struct Taking<'s> {
    pub intake: Intake<'s>,
    shared: &'s Shared,
    source: Arc<str>,
    linked: HashSet<String>,
}

impl<'s> Taking<'s> {
    pub(super) fn new(shared: &'s Shared, source: Arc<str>, received: Millis) -> Self {
        let intake = Intake::new(shared, Arc::clone(&source), received, 0);
        Self { intake, shared, source, linked: HashSet::new() }
    }

    pub(super) fn take(&mut self, event: Checked<Event<'_>>, raw: &str) {
        let event = match event.and_then(|event| self.own(event)) {
            Ok(event) => event,
            Err(error) => {
                self.intake.take(Err(error), raw);
                return;
            }
        };
        let link = event.link().filter(|(id, ..)| !self.linked.contains(id));
        let time = event.time;
        if let (Ok(draft), Some((id, user, device))) = (&event.draft(), link) {
            let props = format!("{{\"$anon_distinct_id\":{}}}", json::quoted(&device));
            let (id_of_link, name) = (Some(Cow::Borrowed(&*id)), Cow::Borrowed(IDENTIFY));
            let unit = Cow::Borrowed(&*user);
            // The link is known before the event that relies on it.
            let good = self
                .intake
                .also(Ok(Draft { id: id_of_link, time, dated: draft.dated, name, unit, props: props.into() }), raw);
            if good {
                self.linked.insert(id);
            }
        }
        self.intake.take(event.draft(), raw);
    }

    /// An event with the key of another source is not this one's.
    fn own<'a>(&self, event: Event<'a>) -> Checked<Event<'a>> {
        let stranger = event.token.as_deref().is_some_and(|token| {
            let source = self.shared.config.keys.write_source(token);
            source.is_some_and(|source| source != self.source)
        });
        if stranger { Err(invalid("the token belongs to another source than the request's")) } else { Ok(event) }
    }
}

/// An event as Mixpanel's SDKs send it.
#[derive(Default)]
pub(super) struct Event<'a> {
    name: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
    distinct_id: Option<Cow<'a, str>>,
    user: Option<Cow<'a, str>>,
    device: Option<Cow<'a, str>>,
    /// The other id of an event that links two.
    other: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    time: Option<Millis>,
    props: String,
}

impl<'a> Event<'a> {
    pub(super) fn read(record: &LazyValue<'a>) -> Checked<Self> {
        if !record.is_object() {
            return Err(invalid("the event is no object"));
        }
        let mut event = Self::default();
        let mut properties = None;
        for (key, value) in json::members(record) {
            match key.as_ref() {
                "event" => event.name = json::borrowed_text(&value).filter(|_| value.is_str()),
                "properties" => properties = Some(value),
                _ => {}
            }
        }
        event.props.push('{');
        if let Some(properties) = properties {
            event.properties(&properties)?;
        }
        if let Some(other) = &event.other {
            let name = if event.name.as_deref() == Some(MERGE) { "alias" } else { "$anon_distinct_id" };
            json::push_member(&mut event.props, name, &json::quoted(other));
        }
        event.props.push('}');
        Ok(event)
    }

    /// What Mixpanel reserves is taken out, the rest stays what was sent.
    fn properties(&mut self, properties: &LazyValue<'a>) -> Checked<()> {
        let iter = properties.clone().into_object_iter().ok_or_else(|| invalid("the properties are no object"))?;
        let links = self.name.as_deref() == Some(IDENTIFY);
        let merges = self.name.as_deref() == Some("$merge");
        for member in iter {
            let (key, value) = member.map_err(|_| invalid("the properties do not parse"))?;
            let text = || json::borrowed_text(&value).filter(|text| !text.is_empty());
            match key.as_ref() {
                "token" => self.token = text(),
                "distinct_id" => self.distinct_id = text(),
                "time" if !json::is_absent(&value) => {
                    self.time = Some(time::instant(&value).ok_or_else(|| invalid("the time is no time since 1970"))?);
                }
                "$insert_id" => self.id = text(),
                "mp_lib" => json::push_member(&mut self.props, "$lib", value.as_raw_str()),
                "$anon_distinct_id" | "$anon_id" if links => self.other = text(),
                "$identified_id" if links => self.user = text(),
                "$distinct_ids" if merges => self.merge(&value),
                name => {
                    match name {
                        "$user_id" => self.user = text(),
                        "$device_id" => self.device = text(),
                        _ => {}
                    }
                    json::push_member(&mut self.props, name, value.as_raw_str());
                }
            }
        }
        Ok(())
    }

    /// Two persons that the sender declares to be one.
    fn merge(&mut self, ids: &LazyValue<'a>) {
        let mut ids =
            ids.clone().into_array_iter().into_iter().flatten().filter_map(|id| json::borrowed_text(&id.ok()?));
        self.user = ids.next();
        self.other = ids.next();
        self.name = Some(MERGE.into());
    }

    fn unit(&self) -> Cow<'_, str> {
        let known = self.user.as_deref().or(self.distinct_id.as_deref()).map(Cow::Borrowed);
        known.or_else(|| self.device.as_deref().map(of_device)).unwrap_or_default()
    }

    /// Id of the link, known id, device: an event with both ids says that they are one person.
    fn link(&self) -> Option<(String, String, String)> {
        let (user, device) = (self.user.as_deref()?, self.device.as_deref()?);
        let links = matches!(self.name.as_deref(), Some(IDENTIFY | MERGE));
        let device = of_device(device).into_owned();
        (!links && user != device).then(|| (format!("{IDENTIFY} {user} {device}"), user.to_owned(), device))
    }

    fn draft(&self) -> Checked<Draft<'_>> {
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| invalid("event, missing or empty"))?;
        let id = self.id.as_deref().map(Cow::Borrowed);
        let props = Cow::Borrowed(&*self.props);
        Ok(Draft { id, time: self.time, dated: self.time.is_some(), name: name.into(), unit: self.unit(), props })
    }
}

fn of_device(device: &str) -> Cow<'_, str> {
    if device.starts_with(DEVICE) { Cow::Borrowed(device) } else { Cow::Owned(format!("{DEVICE}{device}")) }
}
