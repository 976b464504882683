//! Decoders and parsers behind a gateway that keeps nothing, for tests that throw anything at them. Whatever arrives is
//! answered or refused, and what is taken reads back as the store would read it.
#![expect(clippy::missing_panics_doc, reason = "to fail is what it is for")]

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use epoch_model::ports::Privacy;
use epoch_model::time::Millis;

use crate::again::alone;
use crate::app::Shared;
use crate::config::Limits;
use crate::decode::payload;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::Taken;
use crate::mixpanel::{events, import, profile};
use crate::otlp::Signal;
use crate::segment::parse::Outcome;
use crate::{otlp, plain, posthog, segment, stripe};

const RECEIVED: Millis = 1_800_000_000_000;
/// Encodings by which every body is tried; `None` leaves it to the body itself.
const ENCODINGS: [Option<&str>; 6] = [None, Some("gzip"), Some("deflate"), Some("br"), Some("zstd"), Some("br, gzip")];

/// A gateway to throw things at.
pub struct Probe(Shared);

impl Probe {
    /// One that keeps of people what these rules say.
    pub fn new(privacy: Privacy) -> Self {
        let limits = Limits { batch_bytes_max: 100_000, requests_per_second_per_key: u32::MAX, ..Limits::default() };
        Self(alone("web", Arc::new(privacy), limits))
    }

    /// The JSON in a body by each encoding that takes it.
    pub fn decode<'a>(&self, raw: &'a [u8]) -> Vec<Cow<'a, [u8]>> {
        let limits = &self.0.config.limits;
        let decoded = ENCODINGS.iter().filter_map(|encoding| payload::unwrap(raw, *encoding, limits).ok());
        let decoded: Vec<_> = decoded.collect();
        assert!(decoded.iter().all(|data| data.len() <= limits.batch_bytes_max));
        decoded
    }

    /// Plain events.
    pub fn plain(&self, raw: &[u8]) {
        for data in self.decode(raw) {
            for kind in ["", "application/x-ndjson"] {
                check(plain::parse::events(&self.0, "web".into(), kind, &data, RECEIVED).ok(), 1);
            }
        }
    }

    /// PostHog's capture, both versions.
    pub fn posthog(&self, raw: &[u8]) {
        let uri = Uri::from_static("/e?_=12&token=k");
        for data in self.decode(raw) {
            check(posthog::parse::events(&self.0, &uri, &data, RECEIVED).ok(), 1);
            check(posthog::parse::events(&self.0, &Uri::from_static("/e"), &data, RECEIVED).ok(), 1);
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer k"));
            headers.insert("posthog-sdk-info", HeaderValue::from_static("posthog-python/7"));
            headers.insert("posthog-request-timestamp", HeaderValue::from_static("2026-11-22T10:28:58+00:00"));
            let batch = posthog::v1::parse(&self.0, &Uri::from_static("/"), &headers, &data, RECEIVED);
            check(batch.ok().map(|batch| batch.taken), 1);
        }
    }

    /// Mixpanel's events, imports and profiles.
    pub fn mixpanel(&self, raw: &[u8]) {
        let uri = Uri::from_static("/track?token=k");
        for data in self.decode(raw) {
            let _ = events::is_posthog(&self.0, &data);
            check(events::parse(&self.0, &uri, &data, RECEIVED).ok(), 2);
            for kind in ["", "application/x-ndjson"] {
                let incoming = Incoming::of_bytes(uri.clone(), kind, data.to_vec(), RECEIVED);
                for strict in [false, true] {
                    let import = import::parse(&self.0, &incoming, &data, strict);
                    check(import.ok().map(|import| import.taken), 2);
                }
            }
            check(profile::people(&self.0, &uri, &data, RECEIVED).ok().map(|(_, taken)| taken), 2);
            check(profile::groups(&self.0, &uri, &data, RECEIVED).ok(), 1);
        }
    }

    /// Segment's calls.
    pub fn segment(&self, raw: &[u8]) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic azo="));
        for data in self.decode(raw) {
            for path in ["/v1/batch", "/v1/identify", "/v1/t", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias"] {
                match segment::parse::messages(&self.0, path, &headers, &data, RECEIVED) {
                    Ok(Outcome::Taken(taken)) => check(Some(taken), 1),
                    Ok(Outcome::UnknownKey { .. }) | Err(_) => {}
                }
            }
        }
    }

    /// OpenTelemetry's logs, metrics and spans, in both encodings.
    pub fn otlp(&self, raw: &[u8]) {
        for encoding in [None, Some("gzip")] {
            let Ok(data) = payload::unfold(raw, encoding, &self.0.config.limits) else { continue };
            for signal in [Signal::Logs, Signal::Metrics, Signal::Traces] {
                for is_json in [true, false] {
                    check(otlp::parse(&self.0, "web".into(), signal, is_json, &data, RECEIVED).ok(), 1);
                }
            }
        }
    }

    /// Stripe's webhooks.
    pub fn stripe(&self, raw: &[u8]) {
        check(stripe::parse(&self.0, "web".into(), raw, RECEIVED).ok(), 2);
    }

    /// What was refused and is read once more, in whatever words.
    pub fn again(&self, raw: &[u8]) {
        let text = String::from_utf8_lossy(raw);
        let privacy = self.0.config.privacy.privacy("web");
        let read = || {
            crate::again(&text, "web", RECEIVED, &privacy).map(|batch| batch.iter().map(|e| e.id).collect::<Vec<_>>())
        };
        assert_eq!(read(), read(), "the same words are the same event");
    }
}

/// What was taken reads back, and of each record something became; `most` events at most.
fn check(taken: Option<Taken>, most: u64) {
    let Some(taken) = taken else { return };
    for event in taken.batch.iter() {
        let props: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(event.props);
        // Lone surrogates and numbers out of range are JSON by its grammar but not to every reader.
        let odd = event.props.contains('\\') || event.props.contains(['e', 'E']);
        assert!(props.is_ok() || odd, "{}", event.props);
        assert!(
            props.is_ok_and(|props| !props.contains_key("$ip") && !props.contains_key("ip")) || odd,
            "{}",
            event.props
        );
    }
    let became = (taken.batch.len() + taken.rejections.len()) as u64;
    assert!(became >= taken.seen && became <= taken.seen * most, "{} records became {became}", taken.seen);
    assert!(taken.rejections.iter().all(|r| r.raw.len() <= 65 * 1024 && !r.reason.is_empty()));
}
