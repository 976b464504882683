//! PostHog's capture v1: an answer per event, errors by tag.

use epoch_gateway::Limits;
use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, NOW};

const PATH: &str = "/i/v1/analytics/events";

fn send(gateway: &Gateway, key: &str, body: &str) -> Answer {
    let headers = [
        ("authorization", key),
        ("posthog-sdk-info", "posthog-python/7.91.1"),
        ("posthog-request-id", "7eee8b75-b8b8-4c9f-ae16-eb0c64c1741e"),
        ("posthog-request-timestamp", "2026-11-22T10:00:00+00:00"),
    ];
    gateway.send("POST", PATH, &headers, body.as_bytes())
}

fn uuid(n: u32) -> String {
    format!("9e1c2c06-3e91-4235-b91b-{n:012x}")
}

#[test]
fn every_event_is_answered() {
    let gateway = Gateway::start();
    let at = "2026-11-22T09:59:00Z";
    let event = |n: u32, rest: Value| {
        let mut event = json!({"event": "a", "uuid": uuid(n), "distinct_id": "u", "timestamp": at, "options": {}, "properties": {}});
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    let batch = json!({"created_at": at, "batch": [
        event(1, json!({"options": {"process_person_profile": false, "product_tour_id": "t"}, "session_id": "s", "window_id": "w", "properties": {"$lib": "own"}})),
        event(2, json!({"options": {"disable_skew_correction": true}})),
        event(3, json!({"event": ""})),
        event(4, json!({"distinct_id": ""})),
        event(5, json!({"timestamp": "soon"})),
        event(6, json!({"properties": []})),
        event(7, json!({"event": "x".repeat(201)})),
        event(8, json!({"distinct_id": "x".repeat(401)})),
        event(0, json!({"uuid": null})),
        event(9, json!({"timestamp": "2300-01-01T00:00:00Z"})),
    ]});
    let answer = send(&gateway, "Bearer wk", &batch.to_string());
    assert_eq!(
        (answer.status, answer.header("posthog-request-id")),
        (200, Some("7eee8b75-b8b8-4c9f-ae16-eb0c64c1741e"))
    );
    let drop = |tag: &str| json!({"result": "drop", "details": tag});
    let expected = json!({"results": {
        uuid(1): {"result": "ok"}, uuid(2): {"result": "ok"}, uuid(3): drop("missing_event_name"), uuid(4): drop("missing_distinct_id"),
        uuid(5): drop("invalid_event_timestamp"), uuid(6): drop("malformed_event_properties"), uuid(7): drop("event_name_too_long"),
        uuid(8): drop("distinct_id_too_large"), uuid(9): drop("rejected"),
    }});
    assert_eq!(answer.json(), expected);
    let got = gateway.events();
    assert_eq!(got.iter().map(|e| e.time).collect::<Vec<_>>(), [NOW - 60_000, NOW - 2 * 3_600_000 - 60_000]);
    let props = json!({"$lib": "own", "$lib_version": "7.91.1", "$process_person_profile": false, "$product_tour_id": "t", "$session_id": "s", "$window_id": "w"});
    assert_eq!(got[0].props, props);
    assert_eq!(gateway.rejections().len(), 8);
}

#[test]
fn errors_carry_the_vendors_tags() {
    let gateway = Gateway::start();
    let good =
        json!({"batch": [{"event": "a", "uuid": uuid(1), "distinct_id": "u", "timestamp": "2026-11-22T09:59:00Z"}]})
            .to_string();
    let check = |answer: Answer, status: u16, tag: &str| {
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(tag)), "{}", answer.body);
        assert!(answer.header("posthog-request-id").is_some());
        assert_eq!(answer.header("retry-after").is_some(), matches!(status, 408 | 429 | 500..), "{status}");
    };
    check(send(&gateway, "", &good), 401, "missing_authorization");
    check(send(&gateway, "Bearer ?", &good), 401, "invalid_api_token");
    check(send(&gateway, "Bearer wk", "{"), 400, "request_parsing_error");
    check(send(&gateway, "Bearer wk", "{}"), 400, "request_parsing_error");
    check(send(&gateway, "Bearer wk", ""), 400, "empty_body");
    check(send(&gateway, "Bearer wk", "###"), 400, "request_decoding_error");
    check(send(&gateway, "Bearer wk", r#"{"batch":[]}"#), 400, "empty_batch");
    check(send(&gateway, "Bearer wk", r#"{"batch":[{"event":"a"}]}"#), 400, "missing_event_uuid");
    let headers = [("authorization", "Bearer wk"), ("content-encoding", "lzma"), ("posthog-request-id", "r")];
    check(gateway.send("POST", PATH, &headers, b"x"), 415, "unsupported_encoding");
    gateway.mood(Mood::Full);
    check(send(&gateway, "Bearer wk", &good), 503, "service_unavailable");
    gateway.mood(Mood::FailsCommit);
    check(send(&gateway, "Bearer wk", &good), 503, "service_unavailable");
    let narrow = Gateway::with(Limits { batch_bytes_max: 50, requests_per_second_per_key: 1, ..Limits::default() });
    check(send(&narrow, "Bearer wk", &good), 413, "payload_too_large");
    let empty = r#"{"batch":[]}"#;
    assert_eq!(send(&narrow, "Bearer wk", empty).status, 400);
    check(send(&narrow, "Bearer wk", empty), 429, "rate_limited");
}
