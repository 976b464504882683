//! Collects a request's events: good ones into a batch, bad ones with index and reason.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use epoch_model::event::{EventBatch, EventId, EventView, Rejection, event_id};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use uuid::Uuid;

use crate::config::Limits;

/// Bytes of a refused event that are kept.
const RAW_BYTES_MAX: usize = 2048;

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
pub(crate) struct Intake {
    /// The good ones.
    pub batch: EventBatch,
    /// The bad ones; positions count from 0 within the request.
    pub rejections: Vec<Rejection>,
    source: Arc<str>,
    skew: Millis,
    event_bytes_max: usize,
    index: u64,
    same: HashMap<EventId, u32>,
    request: Option<Uuid>,
}

impl Intake {
    /// Nothing yet, of `source`; `skew` is added to the senders' times.
    pub(crate) fn new(source: Arc<str>, received: Millis, skew: Millis, limits: &Limits) -> Self {
        Self {
            batch: EventBatch::new(Arc::clone(&source), received),
            rejections: Vec::new(),
            source,
            skew,
            event_bytes_max: limits.event_bytes_max,
            index: 0,
            same: HashMap::new(),
            request: None,
        }
    }

    /// How many events were looked at.
    pub(crate) fn seen(&self) -> u64 {
        self.index
    }

    /// Takes the next event of the request; `raw` is its text as sent.
    pub(crate) fn take(&mut self, draft: Result<Draft<'_>>, raw: &str) {
        if let Err(error) = draft.and_then(|draft| self.push(&draft, raw)) {
            self.rejections.push(Rejection {
                position: self.index,
                code: error.code,
                reason: error.message,
                raw: cut(raw),
            });
        }
        self.index += 1;
    }

    fn push(&mut self, draft: &Draft<'_>, raw: &str) -> Result<()> {
        if raw.len() > self.event_bytes_max {
            return Err(invalid(format!("the event is larger than {} bytes", self.event_bytes_max)));
        }
        let id = match draft.id.as_deref() {
            Some(id) if !id.is_empty() => event_id(&self.source, id),
            _ => self.id_of_content(draft, raw),
        };
        let time = draft.time.map_or(self.batch.received, |time| time.saturating_add(self.skew));
        self.batch.push(EventView { id, time, name: &draft.name, unit: &draft.unit, props: &draft.props })
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
    raw.get(..raw.floor_char_boundary(RAW_BYTES_MAX)).unwrap_or(raw).to_owned()
}
