//! Whatever arrives, decoders answer or refuse; they never fail and never outgrow their bounds.

use std::io::Write;
use std::sync::Arc;

use axum::http::Uri;
use epoch_model::event::{Done, EventBatch, EventSink, Rejection};
use epoch_model::ports::{KeyBook, LeverBook, Meter};
use epoch_model::time::Millis;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::app::Shared;
use crate::config::{Config, Limits};
use crate::decode::{inflate, payload, time};
use crate::server::Stop;
use crate::without::WithoutLevers;
use crate::{plain, posthog};

struct Nothing;
impl EventSink for Nothing {
    fn submit(&self, _: EventBatch, _: Done) -> epoch_model::Result<()> {
        Ok(())
    }
    fn reject(&self, _: &str, _: Millis, _: Vec<Rejection>) -> epoch_model::Result<()> {
        Ok(())
    }
}
impl KeyBook for Nothing {
    fn write_source(&self, _: &str) -> Option<Arc<str>> {
        Some("web".into())
    }
    fn may_read(&self, _: &str) -> bool {
        false
    }
}
impl LeverBook for Nothing {
    fn levers(&self) -> (u64, serde_json::Value) {
        (0, serde_json::Value::Null)
    }
}
impl Meter for Nothing {
    fn request(&self, _: &'static str, _: u16, _: u64) {}
}

fn shared() -> Shared {
    let limits = Limits { batch_bytes_max: 100_000, requests_per_second_per_key: u32::MAX, ..Limits::default() };
    let nothing = Arc::new(Nothing);
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        keys: nothing.clone(),
        sink: nothing.clone(),
        levers: nothing.clone(),
        book: Arc::new(WithoutLevers),
        readers: Arc::new(WithoutLevers),
        privacy: Arc::new(WithoutLevers),
        meter: nothing,
        metrics_text: Arc::new(String::new),
        clock: Arc::new(|| 0),
        limits,
        allowed_hosts: Vec::new(),
        tls: None,
        behind_proxy: false,
    };
    Shared::new(config, Stop::default())
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

const VALID: &str = r#"{"api_key":"k","batch":[{"event":"a","distinct_id":"u","$set":{"a":"\u00e9"},"properties":{"token":"k","b":[1,{}]}},{"event":"b","properties":{"distinct_id":7,"$insert_id":"x"},"timestamp":"2026-01-01","offset":1e300}],"sent_at":"2026-01-02T00:00:00Z"}"#;

/// Both protocols on the same bytes; events are then read back as the store would.
fn feed(shared: &Shared, raw: &[u8]) {
    let uri = Uri::from_static("/e?_=12&token=k");
    for encoding in [None, Some("gzip"), Some("deflate")] {
        let intakes = [
            posthog::parse::events(shared, &uri, encoding, raw, 1_800_000_000_000).map(|(_, intake)| intake),
            plain::parse::events(shared, "web".into(), encoding, "", raw, 1_800_000_000_000),
            plain::parse::events(shared, "web".into(), encoding, "application/x-ndjson", raw, 1_800_000_000_000),
        ];
        for intake in intakes.into_iter().flatten() {
            for event in intake.batch.iter() {
                let props: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(event.props);
                // Lone surrogates and numbers out of range are JSON by its grammar but not to every reader.
                assert!(
                    props.is_ok() || event.props.contains('\\') || event.props.contains(['e', 'E']),
                    "{}",
                    event.props
                );
            }
            assert_eq!(intake.seen(), (intake.batch.len() + intake.rejections.len()) as u64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        feed(&shared(), &data);
        feed(&shared(), &gzip(&data));
    }

    #[test]
    fn json_like_text(data in r#"[\[\]{}:,"\\a-e0-9.\- \n$]{0,120}"#) {
        feed(&shared(), data.as_bytes());
        feed(&shared(), format!("{{\"event\":\"a\",\"distinct_id\":1,\"api_key\":\"k\",\"properties\":{{{data}}}}}").as_bytes());
    }

    #[test]
    fn broken_batches(at in 0usize..300, byte in any::<u8>(), cut in 0usize..300) {
        let mut data = VALID.as_bytes().to_vec();
        if let Some(place) = data.get_mut(at) { *place = byte; }
        feed(&shared(), &data);
        feed(&shared(), data.get(..cut.min(data.len())).unwrap());
        let mut packed = gzip(VALID.as_bytes());
        if let Some(place) = packed.get_mut(at) { *place = byte; }
        feed(&shared(), &packed);
    }

    #[test]
    fn times(text in "[0-9TZ:+. -]{0,30}") {
        let _ = time::written(&text);
    }

    #[test]
    fn whole_batches_stay_whole(names in proptest::collection::vec("[ -~é]{1,20}", 1..20)) {
        let batch: Vec<_> = names.iter().map(|n| serde_json::json!({"event": n, "distinct_id": n, "properties": {n: n, "token": "k"}})).collect();
        let raw = serde_json::json!({"api_key": "k", "batch": batch}).to_string();
        let (_, intake) = posthog::parse::events(&shared(), &Uri::from_static("/e"), None, raw.as_bytes(), 1).unwrap();
        for (event, name) in intake.batch.iter().zip(&names) {
            prop_assert_eq!((event.name, event.unit), (name.as_str(), name.as_str()));
            let props: serde_json::Value = serde_json::from_str(event.props).unwrap();
            prop_assert_eq!(&props[name], name);
        }
        prop_assert_eq!(intake.batch.len(), names.len());
    }
}

#[test]
fn bombs_stop_at_the_bound() {
    let limits = Limits::default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let blank = vec![b' '; 1024 * 1024];
    for _ in 0..256 {
        encoder.write_all(&blank).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 400_000, "it really is one");
    assert_eq!(inflate::gzip(&bomb, &limits).unwrap_err().status.as_u16(), 413);
    let mut members = bomb.clone();
    members.extend_from_slice(&bomb);
    assert_eq!(payload::unwrap(&members, None, &limits).unwrap_err().status.as_u16(), 413);
    assert_eq!(payload::unwrap(&bomb, Some("gzip"), &limits).unwrap_err().status.as_u16(), 413);
    assert_eq!(inflate::deflate(&[0x78, 0x9c, 0xff], &limits).unwrap_err().status.as_u16(), 400);
}
