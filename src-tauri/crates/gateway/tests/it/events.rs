//! `POST /v1/events`.

use serde_json::{Value, json};

use crate::kit::{Answer, Event, Gateway, NOW, gzip};

fn send(gateway: &Gateway, kind: &str, body: impl AsRef<[u8]>) -> Answer {
    gateway.send("POST", "/v1/events", &[("x-api-key", "wk"), ("content-type", kind)], body.as_ref())
}

#[test]
fn every_shape_is_taken() {
    let gateway = Gateway::start();
    let mut total = 0;
    let mut check = |body: &str, count: usize, last: (&str, &str, i64, Value)| {
        let answer = send(&gateway, "application/json", body);
        assert_eq!(answer.status, 200, "{body} -> {}", answer.body);
        assert_eq!(answer.json(), json!({"accepted": count, "duplicates": 0, "rejected": []}), "{body}");
        total += count;
        let events = gateway.events();
        assert_eq!(events.len(), total, "{body}");
        let Event { name, unit, time, props, .. } = events.last().unwrap();
        assert_eq!((name.as_str(), unit.as_str(), *time, props), (last.0, last.1, last.2, &last.3), "{body}");
    };
    let hour = NOW - 3_600_000;
    check(r#"{"event":"order"}"#, 1, ("order", "", NOW, json!({})));
    check(
        r#"{"name":"order","unit":"c1","time":"2026-11-22T11:00:00Z","id":"o1"}"#,
        1,
        ("order", "c1", hour, json!({})),
    );
    check(r#"{"event":"order","user_id":7,"amount":5,"id":2}"#, 1, ("order", "7", NOW, json!({"amount": 5})));
    check(
        r#"{"event":"signup","name":"Ann","unit":"a","user_id":"b"}"#,
        1,
        ("signup", "a", NOW, json!({"name": "Ann", "user_id": "b"})),
    );
    check(r#"{"event":"order","props":{"a":1},"b":"x\"y","a":2}"#, 1, ("order", "", NOW, json!({"a": 1, "b": "x\"y"})));
    check(r#"{"event":"order","properties":{ },"b":null}"#, 1, ("order", "", NOW, json!({"b": null})));
    check(r#"[{"event":"a"},{"event":"b","timestamp":1795345200}]"#, 2, ("b", "", hour, json!({})));
    check(r#"{"events":[{"event":"a"},{"event":"c"}],"sent_at":"2026-11-22T12:00:00Z"}"#, 2, ("c", "", NOW, json!({})));
    check("{\"event\":\"l1\"}\n\n{\"event\":\"l2\",\"x\":1}\r\n", 2, ("l2", "", NOW, json!({"x": 1})));
    check("{\n \"event\": \"pretty\",\n \"x\": 1\n}\n", 1, ("pretty", "", NOW, json!({"x": 1})));
    let answer = gateway.send("POST", "/v1/events?key=wk", &[("content-encoding", "gzip")], &gzip(br#"{"event":"z"}"#));
    assert_eq!(answer.status, 200);
    let answer = gateway.send("POST", "/v1/events", &[("authorization", "Bearer wk")], br#"{"event":"z2"}"#);
    assert_eq!(answer.status, 200);
}

#[test]
fn ids_and_content_recognise_duplicates() {
    let gateway = Gateway::start();
    let check = |body: &str, accepted: u64, duplicates: u64| {
        let answer = send(&gateway, "application/json", body);
        assert_eq!(answer.json(), json!({"accepted": accepted, "duplicates": duplicates, "rejected": []}), "{body}");
    };
    check(r#"{"event":"a","id":"1"}"#, 1, 0);
    check(r#"{"event":"a","id":"1"}"#, 0, 1);
    check(r#"[{"event":"a","id":1},{"event":"a","id":"2"}]"#, 1, 1);
    let timed = r#"[{"event":"t","time":"2026-11-22T11:00:00Z"},{"event":"t","time":"2026-11-22T11:00:00Z"}]"#;
    check(timed, 2, 0);
    check(timed, 0, 2);
}

#[test]
fn bad_ones_are_named_by_index() {
    let gateway = Gateway::start();
    let body = r#"[{"event":"a"},{"unit":"x"},{"event":"b","time":"soon"},{"event":"c","unit":{}},7]"#;
    let answer = send(&gateway, "application/json", body);
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["accepted"], 1);
    let indexes: Vec<_> = answer["rejected"].as_array().unwrap().iter().map(|r| r["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [1, 2, 3, 4]);
    assert!(answer["rejected"].as_array().unwrap().iter().all(|r| r["code"] == "event_invalid"));
    assert_eq!(gateway.rejections().len(), 4);

    let lines = send(&gateway, "application/x-ndjson", "{\"event\":\"ok\"}\n{\"event\":\n");
    assert_eq!(
        (lines.status, lines.json()["accepted"].as_u64(), lines.json()["rejected"][0]["index"].as_u64()),
        (200, Some(1), Some(1))
    );

    let check = |body: &str, status: u16, code: &str| {
        let answer = send(&gateway, "application/json", body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{body} -> {}", answer.body);
        assert!(
            !answer.json()["message"].as_str().unwrap().is_empty()
                && !answer.json()["hint"].as_str().unwrap().is_empty()
        );
    };
    check(r#"{"unit":"x"}"#, 400, "event_invalid");
    check(r#"{"event":"a","properties":"x"}"#, 400, "event_invalid");
    check("[]", 400, "invalid_argument");
    check(r#"{"events":[]}"#, 400, "invalid_argument");
    check("", 400, "invalid_argument");
    check("{", 400, "invalid_argument");
    check("42", 400, "invalid_argument");
    check("\"text\"", 400, "invalid_argument");
}

#[test]
fn keys_are_asked_for() {
    let gateway = Gateway::start();
    let check = |headers: &[(&str, &str)], target: &str, status: u16| {
        let answer = gateway.send("POST", target, headers, br#"{"event":"a"}"#);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some("unauthorized")), "{headers:?}");
    };
    check(&[], "/v1/events", 401);
    check(&[("x-api-key", "wrong")], "/v1/events", 401);
    check(&[("authorization", "Bearer rk")], "/v1/events", 401);
    check(&[("authorization", "Basic wk")], "/v1/events", 401);
    check(&[], "/v1/events?key=", 401);
    assert!(gateway.events().is_empty());
}
