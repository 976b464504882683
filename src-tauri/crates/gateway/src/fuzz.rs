//! Whatever arrives, decoders answer or refuse; they never fail and never outgrow their bounds.

use std::io::Write;

use epoch_model::ports::Privacy;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use crate::config::Limits;
use crate::decode::{inflate, payload, time};
use crate::probe::Probe;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn brotli(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut &data[..], &mut out, &params).unwrap();
    out
}

fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Requests of every protocol that are right, as seeds to break.
const VALID: [&str; 6] = [
    r#"{"api_key":"k","batch":[{"event":"a","distinct_id":"u","$set":{"a":"\u00e9"},"properties":{"token":"k","b":[1,{}],"$ip":"1.2.3.4"}},{"event":"b","properties":{"distinct_id":7,"$insert_id":"x"},"timestamp":"2026-01-01","offset":1e300}],"sent_at":"2026-01-02T00:00:00Z"}"#,
    r#"{"created_at":"2026-11-22T10:28:58Z","batch":[{"event":"a","uuid":"9e1c2c06-3e91-4235-b91b-ea1c43f6f830","distinct_id":"u","timestamp":"2026-11-22T10:28:58Z","options":{"process_person_profile":false,"disable_skew_correction":true},"properties":{"r":1,"ip":"::1"},"session_id":"s"}]}"#,
    r#"[{"event":"a","properties":{"token":"k","distinct_id":"$device:d","$device_id":"d","$user_id":"u","time":1795343037.6,"$insert_id":"i","mp_lib":"web"}},{"event":"$merge","properties":{"$distinct_ids":["a","b"],"time":1}},{"event":"$identify","properties":{"$identified_id":"a","$anon_id":"b"}}]"#,
    r#"[{"$token":"k","$distinct_id":"u","$time":1795342961.7,"$append":{"$transactions":{"$amount":49.9,"$time":"2026-01-01"},"x":1},"$set":{"$ip":"1.1.1.1","$email":"a"}},{"$token":"k","$group_key":"company","$group_id":"acme","$set":{"seats":5}}]"#,
    r#"{"batch":[{"type":"identify","userId":"u","anonymousId":"a","traits":{"e":"x"},"context":{"ip":"1.2.3.4","page":{"url":"http:\/\/x"},"campaign":{"name":"n"}},"messageId":"m","timestamp":"2026-01-01T00:00:00Z"},{"type":"group","userId":"u","groupId":"g"},{"type":"alias","userId":"u","previousId":"p"},{"type":"page","anonymousId":"a","name":"n","properties":{"url":"u"}}],"sentAt":"2026-01-01T00:00:00Z","writeKey":"k"}"#,
    r#"{"type":"track","userId":7,"event":"Order","properties":{"revenue":1},"writeKey":"k"}"#,
];

fn probes() -> [Probe; 2] {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let rules =
        Privacy { deny: words(&["b", "e"]), hash: words(&["unit", "email"]), hash_key: [7; 32], ..Privacy::default() };
    [Probe::new(Privacy::default()), Probe::new(rules)]
}

/// Every protocol on the same bytes.
fn feed(raw: &[u8]) {
    for probe in probes() {
        probe.plain(raw);
        probe.posthog(raw);
        probe.mixpanel(raw);
        probe.segment(raw);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        feed(&data);
        feed(&gzip(&data));
        for magic in [inflate::GZIP, inflate::ZSTD, &[0x78, 0x9c]] {
            feed(&[magic, &data].concat());
        }
    }

    #[test]
    fn json_like_text(data in r#"[\[\]{}:,"\\a-e0-9.\- \n$]{0,120}"#) {
        feed(data.as_bytes());
        feed(format!("{{\"event\":\"a\",\"distinct_id\":1,\"api_key\":\"k\",\"properties\":{{{data}}}}}").as_bytes());
    }

    #[test]
    fn broken_requests(which in 0..VALID.len(), at in 0usize..500, byte in any::<u8>(), cut in 0usize..500) {
        let valid = VALID[which].as_bytes();
        let mut data = valid.to_vec();
        if let Some(place) = data.get_mut(at) { *place = byte; }
        feed(&data);
        feed(data.get(..cut.min(data.len())).unwrap());
        for pack in [gzip, zlib, brotli, zstd] {
            let mut packed = pack(valid);
            if let Some(place) = packed.get_mut(at) { *place = byte; }
            feed(&packed);
            feed(packed.get(..cut.min(packed.len())).unwrap());
        }
    }

    #[test]
    fn members_swapped_between_protocols(which in 0..VALID.len(), from in 0usize..400, length in 1usize..60, to in 0usize..400, other in 0..VALID.len()) {
        let (a, b) = (VALID[which].as_bytes(), VALID[other].as_bytes());
        let piece = b.get(from..(from + length).min(b.len())).unwrap_or_default();
        let (head, tail) = a.split_at(to.min(a.len()));
        feed(&[head, piece, tail].concat());
    }

    #[test]
    fn times(text in "[0-9TZ:+. -]{0,30}") {
        let _ = time::written(&text);
    }

    #[test]
    fn every_encoding_gives_back_what_was_packed(data in "[ -~é]{0,2000}") {
        let json = serde_json::json!({"x": data}).to_string();
        let limits = Limits::default();
        for (pack, encoding) in [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (zlib, "deflate"), (brotli, "br"), (zstd, "zstd")] {
            let packed = pack(json.as_bytes());
            prop_assert_eq!(&*payload::unwrap(&packed, Some(encoding), &limits).unwrap(), json.as_bytes());
            if encoding != "br" {
                prop_assert_eq!(&*payload::unwrap(&packed, None, &limits).unwrap(), json.as_bytes());
            }
            // Unpacked by a proxy that left the header.
            prop_assert_eq!(&*payload::unwrap(json.as_bytes(), Some(encoding), &limits).unwrap(), json.as_bytes());
        }
        let twice = brotli(&gzip(json.as_bytes()));
        prop_assert_eq!(&*payload::unwrap(&twice, Some("gzip, br"), &limits).unwrap(), json.as_bytes());
    }
}

#[test]
fn right_requests_are_read_by_every_protocol_without_harm() {
    for valid in VALID {
        feed(valid.as_bytes());
    }
}

#[test]
fn bombs_stop_at_the_bound() {
    let limits = Limits::default();
    let blank = vec![b' '; 64 * 1024 * 1024];
    for (pack, encoding) in [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (zlib, "deflate"), (brotli, "br"), (zstd, "zstd")]
    {
        let bomb = pack(&blank);
        assert!(bomb.len() < 800_000, "{encoding} really is one: {}", bomb.len());
        let status =
            |data: &[u8], encoding: Option<&str>| payload::unwrap(data, encoding, &limits).unwrap_err().status.as_u16();
        assert_eq!(status(&bomb, Some(encoding)), 413, "{encoding}");
        // A bomb in a bomb, and two behind one another.
        assert!(matches!(status(&gzip(&bomb), Some(encoding)), 400 | 413), "{encoding}");
        assert_eq!(status(&brotli(&bomb), Some(&format!("{encoding}, br"))), 413, "{encoding}");
        if encoding != "br" {
            assert_eq!(status(&bomb, None), 413, "{encoding}");
            assert_eq!(status(&gzip(&bomb), None), 413, "{encoding}");
        }
    }
    let members = [gzip(&blank), gzip(&blank)].concat();
    assert_eq!(payload::unwrap(&members, None, &limits).unwrap_err().status.as_u16(), 413);
    assert_eq!(inflate::deflate(&[0x78, 0x9c, 0xff], &limits).unwrap_err().status.as_u16(), 400);
    let layers = (0..6).fold(b"{}".to_vec(), |inner, _| gzip(&inner));
    assert_eq!(payload::unwrap(&layers, None, &limits).unwrap_err().status.as_u16(), 400);
    assert_eq!(payload::unwrap(b"{}", Some("br, br, br"), &limits).unwrap_err().status.as_u16(), 400);
    // A frame that asks for a window of gigabytes before its first byte.
    let window = [inflate::ZSTD, &[0x00, 0xff, 0x01, 0x00, 0x00, 0x00]].concat();
    assert_eq!(payload::unwrap(&window, None, &limits).unwrap_err().status.as_u16(), 400);
    // A skippable frame is skipped, also when it claims to be longer than what is there.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9], &*zstd(b"{}")].concat();
    assert_eq!(inflate::zstd(&skipped, &limits).unwrap(), b"{}");
    assert_eq!(inflate::zstd(&[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff], &limits).unwrap(), b"");
}
