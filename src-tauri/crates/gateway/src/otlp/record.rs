//! From a record of OTLP to an event: its properties in order of precedence, its text, and what bounds a request.

use std::borrow::Cow;

use epoch_model::Result as Checked;
use epoch_model::time::Millis;
use jiff::Timestamp;

use super::any::Attributes;
use super::node::{Node, Value};
use super::wire::Broken;
use crate::app::Shared;
use crate::decode::json;
use crate::ingest::intake::{Draft, Intake, Taken};
use crate::problem::Problem;

/// What a request's records have in common.
pub(super) struct Around<'a> {
    pub resource: &'a Attributes,
    /// The instrumentation scope's name.
    pub scope: Cow<'a, str>,
}

/// A record on its way to being an event.
pub(super) struct Record {
    pub name: String,
    /// Nanoseconds since 1970; 0 when not known.
    pub nanos: u64,
    pub attributes: Attributes,
    props: String,
    own: Vec<&'static str>,
}

impl Record {
    pub(super) fn new(name: impl Into<String>, nanos: u64, attributes: Attributes) -> Self {
        Self { name: name.into(), nanos, attributes, props: String::from("{"), own: Vec::new() }
    }

    /// Adds a property of our own; `value` is JSON.
    pub(super) fn put(&mut self, name: &'static str, value: &str) {
        json::push_member(&mut self.props, name, value);
        self.own.push(name);
    }

    /// As [`Self::put`], for text that may be empty.
    pub(super) fn put_text(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.put(name, &json::quoted(text));
        }
    }

    /// Our own properties, then the record's attributes, the scope, the resource's attributes; the first of a name counts.
    fn finished(&mut self, around: &Around<'_>) -> String {
        let mut props = std::mem::take(&mut self.props);
        let mut names: Vec<&str> = self.own.clone();
        let scope = json::quoted(&around.scope);
        let scope = (!around.scope.is_empty()).then_some(("otel.scope.name", &*scope));
        for (name, value) in self.attributes.iter().chain(scope).chain(around.resource.iter()) {
            if !names.contains(&name) {
                json::push_member(&mut props, name, value);
                names.push(name);
            }
        }
        props.push('}');
        props
    }
}

/// Takes a request's records in.
pub(super) struct Taking<'s> {
    intake: Intake<'s>,
    looked_at: usize,
    records_max: usize,
    room: usize,
}

impl<'s> Taking<'s> {
    pub(super) fn new(shared: &'s Shared, source: std::sync::Arc<str>, received: Millis) -> Self {
        let limits = &shared.config.limits;
        Self {
            intake: Intake::new(shared, source, received, 0),
            looked_at: 0,
            records_max: limits.events_max,
            // Attributes of a resource are repeated with each of its records, so what comes out is bounded by itself.
            room: limits.batch_bytes_max.saturating_mul(2),
        }
    }

    /// Counts a record that is looked at, whether or not it becomes an event.
    pub(super) fn count(&mut self) -> Result<(), Problem> {
        self.looked_at += 1;
        if self.looked_at > self.records_max {
            return Err(Problem::too_large(format!("more than {} records in one request", self.records_max)));
        }
        Ok(())
    }

    /// Takes a record. Its text, in the words of a plain event, identifies it: the same record sent again is the same.
    pub(super) fn take(&mut self, mut record: Record, fault: Checked<()>, around: &Around<'_>) -> Result<(), Problem> {
        let props = record.finished(around);
        let unit = ["service.instance.id", "host.name"].iter().find_map(|name| around.resource.text(name));
        let unit = unit.unwrap_or_default();
        let time = i128::from(record.nanos);
        let time = Timestamp::from_nanosecond(time).ok().filter(|_| record.nanos > 0);
        let mut raw = String::from("{");
        json::push_member(&mut raw, "event", &json::quoted(&record.name));
        if !unit.is_empty() {
            json::push_member(&mut raw, "unit", &json::quoted(&unit));
        }
        if let Some(time) = time {
            json::push_member(&mut raw, "time", &json::quoted(&time.to_string()));
        }
        json::push_member(&mut raw, "properties", &props);
        raw.push('}');
        self.room = self.room.checked_sub(raw.len()).ok_or_else(|| {
            Problem::too_large("the request's records with the attributes of their resources are too large")
        })?;
        let draft = fault.map(|()| Draft {
            id: None,
            time: time.map(Timestamp::as_millisecond),
            dated: time.is_some(),
            name: Cow::Borrowed(&*record.name),
            unit: Cow::Owned(unit),
            props: Cow::Owned(props),
        });
        self.intake.take(draft, &raw);
        Ok(())
    }

    pub(super) fn done(self) -> Taken {
        self.intake.done()
    }
}

/// A visitor of one record in a scope.
type Visit<'v> = dyn FnMut(&Node<'_>, &Around<'_>) -> Result<(), Problem> + 'v;

/// Visits the records of a request: three levels, the same for logs, metrics and spans.
pub(super) fn each(request: &Node<'_>, visit: &mut Visit<'_>) -> Result<(), Problem> {
    for one in request.messages(1) {
        let one = one.map_err(broken)?;
        let mut resource = Attributes::default();
        for described in one.messages(1) {
            resource = Attributes::of(&described.map_err(broken)?, 1).map_err(broken)?;
        }
        for scoped in one.messages(2) {
            let scoped = scoped.map_err(broken)?;
            let mut around = Around { resource: &resource, scope: Cow::Borrowed("") };
            for scope in scoped.messages(1) {
                around.scope = text(&scope.map_err(broken)?, 1).map_err(broken)?;
            }
            for record in scoped.messages(2) {
                visit(&record.map_err(broken)?, &around)?;
            }
        }
    }
    Ok(())
}

/// The text in a field.
fn text<'a>(node: &Node<'a>, number: u32) -> Result<Cow<'a, str>, Broken> {
    let mut found = Cow::Borrowed("");
    for field in node.fields() {
        if let (at, Value::Text(text)) = field?
            && at == number
            && text.len() <= super::any::TEXT_BYTES_MAX
        {
            found = text;
        }
    }
    Ok(found)
}

/// The body is no message of OTLP.
pub(super) fn broken(_: Broken) -> Problem {
    Problem::bad("failed to parse request: the body is no OTLP export request", "send OTLP 1.x, protobuf or JSON")
}
