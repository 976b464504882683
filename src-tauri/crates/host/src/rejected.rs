//! Sends a refused event again, as it was kept or mended, under the rules of privacy of its source: what was hashed
//! before it was kept stays as it is, what was written into it since is hashed.

use std::sync::Arc;

use epoch_model::event::{EventBatch, EventSink as _, Receipt};
use epoch_model::ports::{Privacy, PrivacyBook as _};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{RejectionDone, RejectionRow};
use serde_json::json;

use crate::host::Host;

impl Host {
    /// Reads the text (as kept, or mended) as one event of whatever protocol, and hands it on as its source's. What is
    /// taken, or had arrived already, is marked as done.
    pub fn replay_rejection(&self, id: u64, raw: Option<&str>) -> Result<Receipt> {
        let row = self.rejection(id)?;
        let privacy = self.inner.privacy.privacy(&row.source);
        let batch = batch_of(raw.unwrap_or(&row.raw), &row, &privacy, self.now())?;
        let (tell, told) = crossbeam_channel::bounded(1);
        let done = Box::new(move |result| {
            let _ = tell.send(result);
        });
        self.inner.sink.submit(batch, done)?;
        let gone = |_| Error::new(Code::Internal, "the store ended before it answered", "open the business again");
        let receipt: Receipt = told.recv().map_err(gone)??;
        if receipt.rejected > 0 {
            let hint = "mend the text, then send it again";
            return Err(Error::new(Code::EventInvalid, "the properties are no JSON object", hint));
        }
        self.inner.store.rejection_done(id, RejectionDone::Replayed)?;
        self.inner.engine.record(json!({ "type": "rejection_replayed", "rejection": id, "source": row.source }))?;
        Ok(receipt)
    }

    fn rejection(&self, id: u64) -> Result<RejectionRow> {
        self.inner.store.rejection(id)?.ok_or_else(|| {
            let message = format!("there is no refused event {id}");
            Error::new(Code::NotFound, message, "list them with `ras rejected list`")
        })
    }
}

/// One event in the words of any protocol, read as the gateway reads it.
fn batch_of(text: &str, row: &RejectionRow, privacy: &Arc<Privacy>, now: Millis) -> Result<EventBatch> {
    let mut batch = epoch_gateway::again(text, &row.source, row.received, privacy)?;
    batch.received = now;
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> RejectionRow {
        RejectionRow {
            id: 7,
            source: "web".into(),
            received: 1_700_000_000_000,
            position: 0,
            code: Code::EventInvalid,
            reason: String::new(),
            raw: String::new(),
            replayed_at: None,
        }
    }

    #[test]
    fn every_dialect_is_understood_and_a_mistake_is_named() {
        let cases = [
            (r#"{"event":"order","unit":"c1","time":"2025-03-17T10:00:00Z","properties":{"amount":2}}"#, "order", "c1"),
            (
                r#"{"event":"order","properties":{"distinct_id":"c2"},"timestamp":"2025-03-17T10:00:00Z"}"#,
                "order",
                "c2",
            ),
            (
                r#"{"event":"order","properties":{"distinct_id":"c3","time":1742205600,"$insert_id":"x"}}"#,
                "order",
                "c3",
            ),
            (r#"{"type":"track","event":"order","userId":"c4","timestamp":"2025-03-17T10:00:00Z"}"#, "order", "c4"),
            (
                r#"{"type":"identify","userId":"c5","anonymousId":"a","timestamp":1742205600000,"traits":{}}"#,
                "$identify",
                "c5",
            ),
        ];
        for (text, name, unit) in cases {
            let batch = batch_of(text, &row(), &Arc::default(), 5).expect(text);
            let event = batch.iter().next().expect("an event");
            assert_eq!((event.name, event.unit, event.time), (name, unit, 1_742_205_600_000), "{text}");
            assert_eq!(
                batch_of(text, &row(), &Arc::default(), 9).expect(text).iter().next().map(|e| e.id),
                Some(event.id),
                "{text}"
            );
        }
        for text in ["", "[]", "{}", r#"{"event":1.5,"properties":3}"#, r#"{"event":"a","time":"soon"}"#, "a,b,c"] {
            assert_eq!(
                batch_of(text, &row(), &Arc::default(), 5).map(|_| ()).map_err(|e| e.code),
                Err(Code::EventInvalid),
                "{text}"
            );
        }
    }
}
