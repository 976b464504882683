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
const VALID: [&str; 11] = [
    r#"{"api_key":"k","batch":[{"event":"a","distinct_id":"u","$set":{"a":"\u00e9"},"properties":{"token":"k","b":[1,{}],"$ip":"1.2.3.4"}},{"event":"b","properties":{"distinct_id":7,"$insert_id":"x"},"timestamp":"2026-01-01","offset":1e300}],"sent_at":"2026-01-02T00:00:00Z"}"#,
    r#"{"created_at":"2026-11-22T10:28:58Z","batch":[{"event":"a","uuid":"9e1c2c06-3e91-4235-b91b-ea1c43f6f830","distinct_id":"u","timestamp":"2026-11-22T10:28:58Z","options":{"process_person_profile":false,"disable_skew_correction":true},"properties":{"r":1,"ip":"::1"},"session_id":"s"}]}"#,
    r#"[{"event":"a","properties":{"token":"k","distinct_id":"$device:d","$device_id":"d","$user_id":"u","time":1795343037.6,"$insert_id":"i","mp_lib":"web"}},{"event":"$merge","properties":{"$distinct_ids":["a","b"],"time":1}},{"event":"$identify","properties":{"$identified_id":"a","$anon_id":"b"}}]"#,
    r#"[{"$token":"k","$distinct_id":"u","$time":1795342961.7,"$append":{"$transactions":{"$amount":49.9,"$time":"2026-01-01"},"x":1},"$set":{"$ip":"1.1.1.1","$email":"a"}},{"$token":"k","$group_key":"company","$group_id":"acme","$set":{"seats":5}}]"#,
    r#"{"batch":[{"type":"identify","userId":"u","anonymousId":"a","traits":{"e":"x"},"context":{"ip":"1.2.3.4","page":{"url":"http:\/\/x"},"campaign":{"name":"n"}},"messageId":"m","timestamp":"2026-01-01T00:00:00Z"},{"type":"group","userId":"u","groupId":"g"},{"type":"alias","userId":"u","previousId":"p"},{"type":"page","anonymousId":"a","name":"n","properties":{"url":"u"}}],"sentAt":"2026-01-01T00:00:00Z","writeKey":"k"}"#,
    r#"{"type":"track","userId":7,"event":"Order","properties":{"revenue":1},"writeKey":"k"}"#,
    r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"h"}},{"key":"ip","value":{"stringValue":"1.2.3.4"}}]},"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"1544712660300000000","severityNumber":"SEVERITY_NUMBER_WARN","traceId":"5B8EFF","body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"7"},{"doubleValue":"NaN"},{"bytesValue":"AAE="},{"boolValue":true}]}}}]}}}]}]}]}"#,
    r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","unit":"1","gauge":{"dataPoints":[{"asInt":"5","timeUnixNano":1},{"as_double":1.5}]}},{"name":"h","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"count":"3","sum":9,"scale":-2,"zeroCount":1,"positive":{"offset":3,"bucketCounts":["1",1]},"negative":{"bucketCounts":[1]}}]}},{"name":"t","summary":{"dataPoints":[{"count":1,"sum":1,"quantileValues":[{"quantile":0.5,"value":1}]}]}}]}]}]}"#,
    r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5B","spanId":"EE","name":"n","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"1","endTimeUnixNano":"2","status":{"code":2,"message":"m"},"attributes":[{"key":"k","value":{"stringValue":"v"}}]}]}]}]}"#,
    r#"{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":1700000000,"livemode":true,"data":{"object":{"id":"sub_1","object":"subscription","customer":{"id":"cus_1"},"metadata":{"user_id":7},"currency":"kwd","items":{"data":[{"quantity":2,"price":{"id":"p","unit_amount":500,"product":"q","recurring":{"interval":"week","interval_count":2}}}]}},"previous_attributes":{"status":"trialing"}}}"#,
    r#"{"$token":"k","$distinct_id":"u","$set":{"plan":"pro","$ip":"1.1.1.1"},"$time":1795342961}"#,
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
        probe.otlp(raw);
        probe.stripe(raw);
        probe.again(raw);
    }
}

/// Logs, metrics and spans as `opentelemetry-exporter-otlp-proto-http` sends them; base64.
const WIRE: [&str; 3] = [
    "CqMBCjgKFgoMc2VydmljZS5uYW1lEgYKBHNob3AKHgoTc2VydmljZS5pbnN0YW5jZS5pZBIHCgV3ZWItMRJnCgYKBHNob3ASXQkVzYU9/pyXFxANGgRXQVJOKjUyMwoNCgR0ZXh0EgUKA2xvdwoiCgRsZWZ0EhoqGAoCGAEKCSEAAAAAAAAEQAoCEAEKAzoBeDIKCgNza3USAwoBYVm5l0nl323qGA==",
    "Cq8ECjgKFgoMc2VydmljZS5uYW1lEgYKBHNob3AKHgoTc2VydmljZS5pbnN0YW5jZS5pZBIHCgV3ZWItMRLyAwoGCgRzaG9wEj8KBm9yZGVycxoBMToyCiwRnCoo5N9t6hgZhEgu5N9t6hgxAwAAAAAAAAA6DwoHY291bnRyeRIECgJERRABGAES3gIKB2xhdGVuY3kaAm1zSs4CCskCEfCcKeTfbeoYGYRILuTfbeoYIQMAAAAAAAAAKQAAAAAAQGBAMoABAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6eAAAAAAAAAAAAAAAAAAAFEAAAAAAAAAkQAAAAAAAADlAAAAAAAAASUAAAAAAAMBSQAAAAAAAAFlAAAAAAABAb0AAAAAAAEB/QAAAAAAAcIdAAAAAAABAj0AAAAAAAIijQAAAAAAAiLNAAAAAAABMvUAAAAAAAIjDQEoUCgpodHRwLnJvdXRlEgYKBC9wYXlZAAAAAAAACEBhAAAAAAAAXkAQARIdCgVzdG9jayoUChIZhEgu5N9t6hgx+/////////8SJwoEb3BlbjofChsRdYQt5N9t6hgZhEgu5N9t6hgxAgAAAAAAAAAQAg==",
    "CrUMCjgKFgoMc2VydmljZS5uYW1lEgYKBHNob3AKHgoTc2VydmljZS5pbnN0YW5jZS5pZBIHCgV3ZWItMRL4CwoGCgRzaG9wEv8FChDBK3IePmdSdhYohZbTZJofEgg8ubqLbu4BNSIIDIT8JLgJzb0qBGNhcmQwATmB8ajl323qGEGs97nl323qGEoHCgFuEgIYAVqZBQmFoLnl323qGBIJZXhjZXB0aW9uGh4KDmV4Y2VwdGlvbi50eXBlEgwKClZhbHVlRXJyb3IaGQoRZXhjZXB0aW9uLm1lc3NhZ2USBAoCbm8aqQQKFGV4Y2VwdGlvbi5zdGFja3RyYWNlEpAECo0EVHJhY2ViYWNrIChtb3N0IHJlY2VudCBjYWxsIGxhc3QpOgogIEZpbGUgIi90bXAvZTEvdmVudi9saWIvcHl0aG9uMy4xMS9zaXRlLXBhY2thZ2VzL29wZW50ZWxlbWV0cnkvdHJhY2UvX19pbml0X18ucHkiLCBsaW5lIDYwMiwgaW4gdXNlX3NwYW4KICAgIHlpZWxkIHNwYW4KICBGaWxlICIvdG1wL2UxL3ZlbnYvbGliL3B5dGhvbjMuMTEvc2l0ZS1wYWNrYWdlcy9vcGVudGVsZW1ldHJ5L3Nkay90cmFjZS9fX2luaXRfXy5weSIsIGxpbmUgMTEzNiwgaW4gc3RhcnRfYXNfY3VycmVudF9zcGFuCiAgICB5aWVsZCBzcGFuCiAgRmlsZSAiL3RtcC9lMS93aXJlLnB5IiwgbGluZSA0MywgaW4gPG1vZHVsZT4KICAgIHdpdGggdC5zdGFydF9hc19jdXJyZW50X3NwYW4oJ2NhcmQnLGF0dHJpYnV0ZXM9eyduJzoxfSk6IHJhaXNlIFZhbHVlRXJyb3IoJ25vJykKICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIF5eXl5eXl5eXl5eXl5eXl5eXl5eXl4KVmFsdWVFcnJvcjogbm8KGhwKEWV4Y2VwdGlvbi5lc2NhcGVkEgcKBUZhbHNlehISDlZhbHVlRXJyb3I6IG5vGAKFAQABAAAS6wUKEMErch4+Z1J2FiiFltNkmh8SCAyE/CS4Cc29KgNwYXkwATkhbKfl323qGEHFPL7l323qGFqZBQmjFr7l323qGBIJZXhjZXB0aW9uGh4KDmV4Y2VwdGlvbi50eXBlEgwKClZhbHVlRXJyb3IaGQoRZXhjZXB0aW9uLm1lc3NhZ2USBAoCbm8aqQQKFGV4Y2VwdGlvbi5zdGFja3RyYWNlEpAECo0EVHJhY2ViYWNrIChtb3N0IHJlY2VudCBjYWxsIGxhc3QpOgogIEZpbGUgIi90bXAvZTEvdmVudi9saWIvcHl0aG9uMy4xMS9zaXRlLXBhY2thZ2VzL29wZW50ZWxlbWV0cnkvdHJhY2UvX19pbml0X18ucHkiLCBsaW5lIDYwMiwgaW4gdXNlX3NwYW4KICAgIHlpZWxkIHNwYW4KICBGaWxlICIvdG1wL2UxL3ZlbnYvbGliL3B5dGhvbjMuMTEvc2l0ZS1wYWNrYWdlcy9vcGVudGVsZW1ldHJ5L3Nkay90cmFjZS9fX2luaXRfXy5weSIsIGxpbmUgMTEzNiwgaW4gc3RhcnRfYXNfY3VycmVudF9zcGFuCiAgICB5aWVsZCBzcGFuCiAgRmlsZSAiL3RtcC9lMS93aXJlLnB5IiwgbGluZSA0MywgaW4gPG1vZHVsZT4KICAgIHdpdGggdC5zdGFydF9hc19jdXJyZW50X3NwYW4oJ2NhcmQnLGF0dHJpYnV0ZXM9eyduJzoxfSk6IHJhaXNlIFZhbHVlRXJyb3IoJ25vJykKICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIF5eXl5eXl5eXl5eXl5eXl5eXl5eXl4KVmFsdWVFcnJvcjogbm8KGhwKEWV4Y2VwdGlvbi5lc2NhcGVkEgcKBUZhbHNlehISDlZhbHVlRXJyb3I6IG5vGAKFAQABAAA=",
];

fn on_the_wire(which: usize) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(WIRE[which]).unwrap()
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
    fn broken_messages(which in 0..WIRE.len(), at in 0usize..1000, byte in any::<u8>(), cut in 0usize..1000) {
        let mut data = on_the_wire(which);
        let at = at % data.len();
        data[at] = byte;
        feed(&data);
        feed(data.get(..cut.min(data.len())).unwrap());
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
    (0..WIRE.len()).for_each(|which| feed(&on_the_wire(which)));
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
