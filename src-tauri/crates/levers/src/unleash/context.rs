//! Who is asked for, in Unleash's terms.

use std::borrow::Cow;

use epoch_model::time::Millis;
use serde_json::Value;

/// A context: `userId`, `sessionId`, `remoteAddress`, `environment`, `appName`, `currentTime` and `properties`.
#[derive(Debug, Default)]
pub struct Context {
    /// The context as it was sent; an object.
    pub fields: Value,
    /// The time, where the context names none.
    pub now: Millis,
    /// A random number, for those who have nothing that sticks.
    pub draw: u64,
}

impl Context {
    /// A field, or the property of this name, as text.
    pub fn resolve(&self, name: &str) -> Option<Cow<'_, str>> {
        let known = |value: &&Value| !value.is_null();
        let property = || self.fields.get("properties")?.get(name).filter(known);
        match self.fields.get(name).filter(known).or_else(property)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            value => Some(Cow::Owned(value.to_string())),
        }
    }

    /// A field of the context itself that is not empty.
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// What a rollout sticks to; `None` when the context does not have it.
    pub(super) fn sticky(&self, stickiness: &str) -> Option<Cow<'_, str>> {
        match stickiness {
            "" | "default" => {
                let known = ["userId", "sessionId"].iter().find_map(|name| self.field(name));
                Some(known.map_or_else(|| self.drawn(), Cow::Borrowed))
            }
            "random" => Some(self.drawn()),
            name => self.resolve(name).filter(|value| !value.is_empty()),
        }
    }

    /// What variants stick to.
    pub(super) fn seed(&self, stickiness: &str) -> Cow<'_, str> {
        let found = match stickiness {
            "" | "default" => {
                ["userId", "sessionId", "remoteAddress"].iter().find_map(|name| self.field(name)).map(Cow::Borrowed)
            }
            name => self.resolve(name).filter(|value| !value.is_empty()),
        };
        found.unwrap_or_else(|| self.drawn())
    }

    pub(super) fn drawn(&self) -> Cow<'_, str> {
        Cow::Owned(self.draw.to_string())
    }

    pub(super) fn moment(&self) -> Millis {
        let named = self.field("currentTime").and_then(|text| text.parse::<jiff::Timestamp>().ok());
        named.map_or(self.now, jiff::Timestamp::as_millisecond)
    }
}
