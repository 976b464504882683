//! One message: what kind it is, whom it speaks of, and the event it becomes.

use std::borrow::Cow;

use epoch_model::Result as Checked;
use epoch_model::event::{ALIAS, IDENTIFY};
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use super::context;
use crate::decode::{json, time};
use crate::ingest::intake::{Draft, invalid};

/// What groups are called when the message does not say: Segment knows one kind.
const GROUP_TYPE: &str = "company";

/// The calls of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl Kind {
    /// `None` for a batch.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let name = path.trim_end_matches('/').rsplit('/').next()?;
        match name {
            "i" => Some(Self::Identify),
            "t" => Some(Self::Track),
            "p" => Some(Self::Page),
            "s" => Some(Self::Screen),
            "g" => Some(Self::Group),
            "a" => Some(Self::Alias),
            name => Self::named(name),
        }
    }

    /// The call that a message's type names.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "identify" => Self::Identify,
            "track" => Self::Track,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return None,
        })
    }
}

/// A message, read.
#[derive(Default)]
pub(super) struct Message<'a> {
    kind: Option<Kind>,
    id: Option<Cow<'a, str>>,
    user: Option<Cow<'a, str>>,
    anonymous: Option<Cow<'a, str>>,
    previous: Option<Cow<'a, str>>,
    group: Option<Cow<'a, str>>,
    event: Option<Cow<'a, str>>,
    name: Option<LazyValue<'a>>,
    category: Option<LazyValue<'a>>,
    time: Option<LazyValue<'a>>,
    traits: Option<LazyValue<'a>>,
    properties: Option<LazyValue<'a>>,
    context: Option<LazyValue<'a>>,
}

impl<'a> Message<'a> {
    pub(super) fn read(
        message: &LazyValue<'a>,
        kind: Option<Kind>,
        around: Option<&LazyValue<'a>>,
    ) -> Result<Self, &'static str> {
        if !message.is_object() {
            return Err("the message is no object");
        }
        let mut read = Self { kind, ..Self::default() };
        for (key, value) in json::members(message) {
            let text = || json::borrowed_text(&value).filter(|text| !text.is_empty());
            match key.as_ref() {
                "type" if kind.is_none() => read.kind = text().and_then(|name| Kind::named(&name)),
                "messageId" => read.id = text(),
                "userId" => read.user = text(),
                "anonymousId" => read.anonymous = text(),
                "previousId" => read.previous = text(),
                "groupId" => read.group = text(),
                "event" => read.event = text(),
                "name" => read.name = Some(value),
                "category" => read.category = Some(value),
                "timestamp" => read.time = Some(value),
                "originalTimestamp" => read.time = read.time.or(Some(value)),
                "traits" => read.traits = Some(value),
                "properties" => read.properties = Some(value),
                "context" => read.context = Some(value),
                _ => {}
            }
        }
        read.context = read.context.or_else(|| around.cloned());
        Ok(read)
    }

    /// The event it becomes.
    pub(super) fn draft(&self) -> Checked<Draft<'_>> {
        let kind =
            self.kind.ok_or_else(|| invalid("the type is none of identify, track, page, screen, group, alias"))?;
        let unit = self.user.as_deref().or(self.anonymous.as_deref());
        let unit = unit.ok_or_else(|| invalid("neither userId nor anonymousId was given"))?;
        let time: Option<Millis> = match &self.time {
            None => None,
            Some(at) => Some(time::instant(at).ok_or_else(|| invalid("the timestamp is no time"))?),
        };
        let mut props = String::from("{");
        let name = self.event_of(kind, &mut props)?;
        let context = self.context.as_ref().map(context::flat).unwrap_or_default();
        let device = self.anonymous.as_deref().filter(|_| self.user.is_some() && kind != Kind::Identify);
        let device = device.map(|id| ("$device_id", Cow::Owned(json::quoted(id))));
        props.push('}');
        let beside: Vec<_> = context.into_iter().chain(device).collect();
        let props = json::with(Cow::Owned(props), &beside);
        let id = self.id.as_deref().map(Cow::Borrowed);
        Ok(Draft { id, time, dated: time.is_some(), name, unit: Cow::Borrowed(unit), props })
    }

    /// The event's name; its own properties are written to `props`.
    fn event_of(&self, kind: Kind, props: &mut String) -> Checked<Cow<'_, str>> {
        let object = |value: &Option<LazyValue<'_>>| match value {
            None => Ok("{}".to_owned()),
            Some(value) if value.is_object() => Ok(value.as_raw_str().to_owned()),
            Some(_) => Err(invalid("traits or properties are no object")),
        };
        Ok(match kind {
            Kind::Identify => {
                let both = self.user.as_deref().and(self.anonymous.as_deref());
                if let Some(anonymous) = both {
                    json::push_member(props, "$anon_distinct_id", &json::quoted(anonymous));
                }
                json::push_member(props, "$set", &object(&self.traits)?);
                Cow::Borrowed(if both.is_some() { IDENTIFY } else { "$set" })
            }
            Kind::Alias => {
                let previous = self.previous.as_deref().ok_or_else(|| invalid("previousId, missing or empty"))?;
                if self.user.is_none() {
                    return Err(invalid("userId, missing or empty"));
                }
                json::push_member(props, "alias", &json::quoted(previous));
                Cow::Borrowed(ALIAS)
            }
            Kind::Group => {
                let group = self.group.as_deref().ok_or_else(|| invalid("groupId, missing or empty"))?;
                let named = |name: &str| {
                    let (_, value) = json::members(self.traits.as_ref()?).find(|(key, _)| key == name)?;
                    json::borrowed_text(&value).filter(|text| !text.is_empty())
                };
                let kind = named("groupType").or_else(|| named("group_type")).unwrap_or(Cow::Borrowed(GROUP_TYPE));
                json::push_member(props, "$group_type", &json::quoted(&kind));
                json::push_member(props, "$group_key", &json::quoted(group));
                json::push_member(props, "$group_set", &object(&self.traits)?);
                let groups = format!("{{{}:{}}}", json::quoted(&kind), json::quoted(group));
                json::push_member(props, "$groups", &groups);
                Cow::Borrowed("$groupidentify")
            }
            Kind::Track => {
                let event = self.event.as_deref().ok_or_else(|| invalid("event, missing or empty"))?;
                props.push_str(json::inside(&object(&self.properties)?));
                Cow::Borrowed(event)
            }
            Kind::Page | Kind::Screen => {
                object(&self.properties)?;
                self.seen(props);
                Cow::Borrowed(if kind == Kind::Page { "$pageview" } else { "$screen" })
            }
        })
    }

    /// Properties of a page or a screen, by the names that metrics know.
    fn seen(&self, props: &mut String) {
        for (key, value) in self.properties.iter().flat_map(json::members) {
            json::push_member(props, context::of_page(&key).unwrap_or(&key), value.as_raw_str());
        }
        let own = format!("{props}}}");
        for (name, value) in [("name", &self.name), ("category", &self.category)] {
            if let Some(value) = value.as_ref().filter(|_| !json::has(&own, name)) {
                json::push_member(props, name, value.as_raw_str());
            }
        }
        if let Some(name) = self.name.as_ref().filter(|_| self.kind == Some(Kind::Screen)) {
            json::push_member(props, "$screen_name", name.as_raw_str());
        }
    }
}
