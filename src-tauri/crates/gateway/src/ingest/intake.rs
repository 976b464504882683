//! Collects a request's events: good ones into a batch, bad ones with index and reason. What a source must not keep is
//! taken out here, whatever the protocol.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use epoch_model::event::{EventBatch, EventId, EventView, Rejection, event_id};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use uuid::Uuid;

use crate::app::Shared;
use crate::privacy::Door;
use crate::serve::exposure;

/// Bytes of a refused event that are kept: enough to send it again once its cause is gone.
const RAW_BYTES_MAX: usize = 64 * 1024;

/// One event as found in a request, before the checks.
pub(crate) struct Draft<'a> {
    /// UUID or any other id; `None` or empty: the content identifies it.
    pub id: Option<Cow<'a, str>>,
    /// When it happened by the sender's clock; `None`: when it was received.
    pub time: Option<Millis>,
    /// Whether its text names that instant, so that the same text again means the same event.
    pub dated: bool,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Who it happened to; empty when unknown.
    pub unit: Cow<'a, str>,
    /// The properties, a JSON object.
    pub props: Cow<'a, str>,
}

/// A request's events.
pub(crate) struct Intake<'s> {
    /// The good ones.
    pub batch: EventBatch,
    /// The bad ones; positions count from 0 within the request.
    pub rejections: Vec<Rejection>,
    shared: &'s Shared,
    door: Door,
    source: Arc<str>,
    skew: Millis,
    index: u64,
    same: HashMap<EventId, u32>,
    request: Option<Uuid>,
}

/// What a request came to.
pub(crate) struct Taken {
    /// The source of its key.
    pub source: Arc<str>,
    /// The good ones.
    pub batch: EventBatch,
    /// The bad ones.
    pub rejections: Vec<Rejection>,
    /// How many events were looked at.
    pub seen: u64,
}

impl<'s> Intake<'s> {
    /// Nothing yet, of `source`; `skew` is added to the senders' times.
    pub(crate) fn new(shared: &'s Shared, source: Arc<str>, received: Millis, skew: Millis) -> Self {
        Self {
            batch: EventBatch::new(Arc::clone(&source), received),
            rejections: Vec::new(),
            shared,
            door: Door::new(shared.config.privacy.privacy(&source)),
            source,
            skew,
            index: 0,
            same: HashMap::new(),
            request: shared.request,
        }
    }

    /// How many events were looked at.
    pub(crate) fn seen(&self) -> u64 {
        self.index
    }

    /// Takes the next event of the request; `raw` is its text as sent. Whether it was good.
    pub(crate) fn take(&mut self, draft: Result<Draft<'_>>, raw: &str) -> bool {
        let taken = self.also(draft, raw);
        self.next();
        taken
    }

    /// Goes on to the next one of the request.
    pub(crate) fn next(&mut self) {
        self.index += 1;
    }

    /// Takes one of several events that the next one of the request stands for.
    pub(crate) fn also(&mut self, draft: Result<Draft<'_>>, raw: &str) -> bool {
        let Err(error) = draft.and_then(|draft| self.push(draft, raw)) else { return true };
        let raw = cut(&self.door.text(raw));
        self.rejections.push(Rejection { position: self.index, code: error.code, reason: error.message, raw });
        false
    }

    /// The end of the request.
    pub(crate) fn done(self) -> Taken {
        Taken { source: self.source, batch: self.batch, rejections: self.rejections, seen: self.index }
    }

    fn push(&mut self, draft: Draft<'_>, raw: &str) -> Result<()> {
        let event_bytes_max = self.shared.config.limits.event_bytes_max;
        if raw.len() > event_bytes_max {
            return Err(invalid(format!("the event is larger than {event_bytes_max} bytes")));
        }
        let id = match draft.id.as_deref() {
            Some(id) if !id.is_empty() => event_id(&self.source, id),
            _ => self.id_of_content(&draft, raw),
        };
        let time = draft.time.map_or(self.batch.received, |time| time.saturating_add(self.skew));
        let mut props = draft.props;
        if draft.name == "$feature_flag_called" {
            // Chance was asked about the unit as the SDK names it.
            let known = exposure::enrich(self.shared, &draft.unit, &props);
            props = known.map_or(props, Cow::Owned);
        }
        let props = self.door.props(&draft.name, props)?;
        let unit = self.door.unit(draft.unit);
        self.batch.push(EventView { id, time, name: &draft.name, unit: &unit, props: &props })
    }

    /// The same text sent twice is one event, the same text twice within a request is two. Without a time of its own an
    /// event is bound to its request: a second click is a second click.
    fn id_of_content(&mut self, draft: &Draft<'_>, raw: &str) -> EventId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.source.as_bytes()).update(b"\0content\0").update(raw.as_bytes());
        if !draft.dated {
            hasher.update(self.request.get_or_insert_with(Uuid::new_v4).as_bytes());
        }
        let nth = self.same.entry(first_half(&hasher)).or_insert(0);
        hasher.update(&nth.to_le_bytes());
        *nth = nth.saturating_add(1);
        first_half(&hasher)
    }
}

fn first_half(hasher: &blake3::Hasher) -> EventId {
    let mut id = [0; 16];
    id.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    id
}

/// An event refused for the reason given.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::EventInvalid, message, "see the API's description of an event")
}

fn cut(raw: &str) -> String {
    if raw.len() <= RAW_BYTES_MAX {
        return raw.to_owned();
    }
    let kept = raw.get(..raw.floor_char_boundary(RAW_BYTES_MAX)).unwrap_or_default();
    format!("{kept} …[cut: {} of {} bytes]", kept.len(), raw.len())
}
