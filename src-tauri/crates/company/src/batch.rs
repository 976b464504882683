//! Events as PostHog's SDKs send them: `{"api_key", "batch": […]}`, gzipped.

use std::io::Write as _;

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::SimEvent;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{CALLED, Exposure, UNIT};

/// Events of a request.
const EVENTS_MAX: u64 = 5_000;

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "event")]
    name: &'a str,
    uuid: &'a str,
    distinct_id: &'a str,
    timestamp: String,
    properties: &'a RawValue,
}

/// The requests of one step. Without `sent_at`: the company's clock is the host's.
pub(crate) struct Batch<'a> {
    write_key: &'a str,
    events: u64,
    open: Vec<u8>,
    in_open: u64,
    done: Vec<Vec<u8>>,
    failed: Option<Error>,
}

fn unwritten(what: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the company's events cannot be written: {what}"), "report this")
}

impl<'a> Batch<'a> {
    pub(crate) fn new(write_key: &'a str) -> Self {
        Self { write_key, events: 0, open: Vec::new(), in_open: 0, done: Vec::new(), failed: None }
    }

    pub(crate) fn event(&mut self, event: &SimEvent<'_>) {
        let id = Uuid::from_bytes(event.id).hyphenated().to_string();
        self.push(event.name, &id, event.unit, event.time, event.props);
    }

    pub(crate) fn exposure(&mut self, seen: &Exposure) {
        self.push(CALLED, &seen.id, &seen.unit, seen.at, &seen.props);
    }

    fn push(&mut self, name: &str, uuid: &str, unit: &str, time: Millis, props: &str) {
        if self.failed.is_some() {
            return;
        }
        if let Err(e) = self.try_push(name, uuid, unit, time, props) {
            self.failed = Some(e);
        }
    }

    fn try_push(&mut self, name: &str, uuid: &str, unit: &str, time: Millis, props: &str) -> Result<()> {
        let timestamp = jiff::Timestamp::from_millisecond(time).map_err(unwritten)?.to_string();
        let properties: &RawValue = serde_json::from_str(props).map_err(unwritten)?;
        let distinct_id = if unit.is_empty() { UNIT } else { unit };
        if self.open.is_empty() {
            self.open.extend_from_slice(b"{\"api_key\":");
            serde_json::to_writer(&mut self.open, self.write_key).map_err(unwritten)?;
            self.open.extend_from_slice(b",\"batch\":[");
        } else {
            self.open.push(b',');
        }
        let event = Event { name, uuid, distinct_id, timestamp, properties };
        serde_json::to_writer(&mut self.open, &event).map_err(unwritten)?;
        self.events += 1;
        self.in_open += 1;
        if self.in_open >= EVENTS_MAX { self.fold() } else { Ok(()) }
    }

    fn fold(&mut self) -> Result<()> {
        if self.open.is_empty() {
            return Ok(());
        }
        self.open.extend_from_slice(b"]}");
        let mut folded = GzEncoder::new(Vec::with_capacity(self.open.len() / 4), Compression::fast());
        folded.write_all(&self.open).map_err(unwritten)?;
        self.done.push(folded.finish().map_err(unwritten)?);
        self.open.clear();
        self.in_open = 0;
        Ok(())
    }

    /// The requests' bodies, and how many events are in them.
    pub(crate) fn done(mut self) -> Result<(Vec<Vec<u8>>, u64)> {
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        self.fold()?;
        Ok((self.done, self.events))
    }
}
