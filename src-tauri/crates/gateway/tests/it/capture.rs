//! PostHog's capture endpoints: forms of body, fields, errors.

use serde_json::{Value, json};

use crate::kit::{Gateway, NOW, base64, brotli, gzip, urlencoded, zlib, zstd};

const ONE: &str = r#"{"api_key":"phc_test_key","event":"order","distinct_id":"u1","uuid":"75783ad9-6863-433f-a2c9-71d17cb3fdfa","properties":{"amount":5}}"#;

#[test]
fn every_form_of_body_gives_the_same_event() {
    let gateway = Gateway::start();
    let form = |data: &str| format!("data={}", urlencoded(data)).into_bytes();
    let squeezed = gzip(ONE.as_bytes());
    let list = format!("[{ONE}]");
    let batch = format!(r#"{{"api_key":"phc_test_key","batch":{list},"sent_at":"2026-11-22T12:00:00Z"}}"#);
    let get = format!("/e?data={}&_=1795348800000", urlencoded(&base64(ONE.as_bytes())));
    let get_json = format!("/track/?data={}", urlencoded(ONE));
    let no_pad = base64(ONE.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_");
    let text = ("content-type", "text/plain");
    let encoded = |name| ("content-encoding", name);
    type Row<'a> = (&'a str, &'a str, (&'a str, &'a str), Vec<u8>);
    let table: Vec<Row<'_>> = vec![
        ("POST", "/batch", text, ONE.into()),
        ("POST", "/batch/", text, batch.clone().into()),
        ("POST", "/e", text, list.clone().into()),
        ("POST", "/e/", text, squeezed.clone()),
        ("POST", "/e/?compression=gzip-js&ver=1.0&_=1795348800000", text, squeezed.clone()),
        ("POST", "/i/v0/e", encoded("gzip"), squeezed.clone()),
        ("POST", "/i/v0/e/", encoded("deflate"), zlib(ONE.as_bytes())),
        ("POST", "/capture", encoded("gzip"), ONE.into()),
        ("POST", "/capture/?compression=base64", text, form(&base64(ONE.as_bytes()))),
        ("POST", "/e/?compression=base64", text, form(&base64(&squeezed))),
        ("POST", "/e/", encoded("br"), brotli(ONE.as_bytes())),
        ("POST", "/e/", encoded("zstd"), zstd(ONE.as_bytes())),
        ("POST", "/e/", text, zstd(ONE.as_bytes())),
        ("POST", "/i/v0/ai/batch/", encoded("gzip, br"), brotli(&squeezed)),
        ("POST", "/track", text, form(ONE)),
        ("POST", "/track/", text, format!("ip=1&{}", String::from_utf8(form(ONE)).unwrap()).into()),
        ("POST", "/e", text, base64(ONE.as_bytes()).into()),
        ("POST", "/e", text, no_pad.into()),
        ("POST", "/e", text, format!("data={}", base64(ONE.as_bytes())).into()),
        ("POST", "/e", text, format!("\u{feff} \n{ONE}").into()),
        ("GET", &get, text, Vec::new()),
        ("GET", &get_json, text, Vec::new()),
    ];
    for (method, target, header, body) in &table {
        let answer = gateway.send(method, target, &[*header], body);
        assert_eq!((answer.status, answer.json()), (200, json!({"status": 1})), "{method} {target} {header:?}");
    }
    let events = gateway.events();
    assert_eq!(events.len(), 1, "all of them carry the same id");
    assert_eq!((events[0].name.as_str(), events[0].unit.as_str()), ("order", "u1"));
    assert_eq!(events[0].props, json!({"amount": 5}));
    let counted = gateway.memory.requests.lock().unwrap();
    assert_eq!(counted.len(), table.len());
    assert!(counted.iter().all(|(route, status)| route.starts_with('/') && *status == 200));
}

#[test]
fn errors_are_the_vendors() {
    let gateway = Gateway::start();
    let check = |body: &str, status: u16, text: &str| {
        let answer = gateway.post("/batch/", body);
        assert_eq!(answer.status, status, "{body} -> {}", answer.body);
        assert!(answer.body.contains(text), "{body} -> {}", answer.body);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    };
    check("", 400, "no event");
    check("not json at all!", 400, "failed to decode");
    check("{\"api_key\":", 400, "failed to parse");
    check(r#"{"api_key":"phc_test_key","batch":[]}"#, 400, "no event");
    check("[]", 401, "without an api_key");
    check(r#"{"event":"a","distinct_id":"b"}"#, 401, "without an api_key");
    check(r#"{"api_key":"wrong","event":"a","distinct_id":"b"}"#, 401, "not valid");
    check(r#"{"api_key":"phc_test_key","event":"a"}"#, 400, "without a distinct_id");
    check(r#"{"api_key":"phc_test_key","event":"a","distinct_id":""}"#, 400, "empty distinct_id");
    check(r#"{"api_key":"phc_test_key","event":"","distinct_id":"b"}"#, 400, "empty event name");
    check(r#"{"api_key":"phc_test_key","distinct_id":"b"}"#, 400, "empty event name");
    check(r#"{"api_key":"phc_test_key","event":"a","distinct_id":"b","properties":[]}"#, 400, "no object");
    check(r#"{"api_key":"phc_test_key","event":"a","distinct_id":"b","timestamp":"soon"}"#, 400, "no time");
    let mixed =
        r#"[{"token":"phc_test_key","event":"a","distinct_id":"b"},{"token":"wk","event":"a","distinct_id":"b"}]"#;
    check(mixed, 401, "inconsistent");
    check(&"[".repeat(200_000), 400, "levels deep");
    check(
        &format!(r#"{{"api_key":"phc_test_key","event":"a","distinct_id":"b","properties":{}"#, "{\"a\":".repeat(5000)),
        400,
        "levels deep",
    );
    assert!(gateway.events().is_empty());
    let answer = gateway.send("POST", "/e", &[("content-encoding", "compress")], b"x");
    assert_eq!((answer.status, answer.body.contains("unsupported Content-Encoding compress")), (400, true));
    assert_eq!(gateway.send("POST", "/e", &[("content-encoding", "br")], b"x").status, 400);
    assert_eq!(gateway.send("PUT", "/e", &[], b"").status, 405);
}

#[test]
fn fields_are_found_where_sdks_put_them() {
    let gateway = Gateway::start();
    let check = |event: Value, unit: &str, time: i64, props: Value| {
        let before = gateway.events().len();
        let answer = gateway.post("/e/", event.to_string());
        assert_eq!(answer.status, 200, "{event} -> {}", answer.body);
        let events = gateway.events();
        assert_eq!(events.len(), before + 1, "{event}");
        let got = events.last().unwrap();
        assert_eq!((got.unit.as_str(), got.time, &got.props), (unit, time, &props), "{event}");
    };
    let web =
        json!({"event": "a", "properties": {"token": "phc_test_key", "distinct_id": "w", "$insert_id": "i1", "x": 1}});
    check(web.clone(), "w", NOW, json!({"distinct_id": "w", "$insert_id": "i1", "x": 1}));
    assert_eq!(gateway.post("/e/", web.to_string()).status, 200);
    assert_eq!(gateway.events().len(), 1, "$insert_id is the id");
    check(json!({"$token": "phc_test_key", "event": "a", "$distinct_id": 42, "uuid": "n1"}), "42", NOW, json!({}));
    check(
        json!({"api_key": "phc_test_key", "event": "a", "distinct_id": "u", "offset": 1500}),
        "u",
        NOW - 1500,
        json!({}),
    );
    let set = json!({"api_key": "phc_test_key", "event": "$set", "distinct_id": "u", "$set": {"email": "a@b.co"}, "$set_once": {"k": [1]}});
    check(set, "u", NOW, json!({"$set": {"email": "a@b.co"}, "$set_once": {"k": [1]}}));
    let both = json!({"api_key": "phc_test_key", "event": "a", "distinct_id": "u", "$set": {"a": 1, "b": 1}, "properties": {"$set": {"a": 2}, "z": 0}});
    check(both, "u", NOW, json!({"$set": {"a": 2, "b": 1}, "z": 0}));
    for (first, (props, kept)) in [
        (json!({"token": "phc_test_key"}), json!({})),
        (json!({"b": {"token": 1}, "token": "phc_test_key"}), json!({"b": {"token": 1}})),
        (json!({"a": "x,}", "token": "phc_test_key", "zz": 1}), json!({"a": "x,}", "zz": 1})),
    ]
    .into_iter()
    .enumerate()
    {
        check(json!({"event": format!("t{first}"), "distinct_id": "u", "properties": props}), "u", NOW, kept);
    }
    let escaped = r#"{"api_key":"phc_test_key","event":"caf\u00e9 \"x\"","distinct_id":"\u00fc","properties":{"\u0061":"\ud83d\ude00"}}"#;
    assert_eq!(gateway.post("/e", escaped).status, 200);
    let last = gateway.events().pop().unwrap();
    assert_eq!((last.name.as_str(), last.unit.as_str(), last.props), ("café \"x\"", "ü", json!({"a": "😀"})));
}

#[test]
fn times_are_read_and_wrong_clocks_corrected() {
    let gateway = Gateway::start();
    let mut number = 0;
    let mut check = |timestamp: Value, sent_at: Option<&str>, expect: i64| {
        number += 1;
        let event = json!({"event": "a", "distinct_id": "u", "uuid": format!("n{number}"), "timestamp": timestamp});
        let body = json!({"api_key": "phc_test_key", "batch": [event], "sent_at": sent_at});
        assert_eq!(gateway.post("/batch/", body.to_string()).status, 200, "{timestamp}");
        assert_eq!(gateway.events().last().unwrap().time, expect, "{timestamp} sent at {sent_at:?}");
    };
    check(json!("2026-11-22T11:00:00Z"), None, NOW - 3_600_000);
    check(json!("2026-11-22T11:00:00.250+00:00"), None, NOW - 3_600_000 + 250);
    check(json!("2026-11-22T13:00:00+02:00"), None, NOW - 3_600_000);
    check(json!("2026-11-22T11:00:00.123456"), None, NOW - 3_600_000 + 123);
    check(json!("2026-11-22 11:00:00"), None, NOW - 3_600_000);
    check(json!("2026-11-22"), None, NOW - 12 * 3_600_000);
    check(json!("Sun, 22 Nov 2026 11:00:00 GMT"), None, NOW - 3_600_000);
    check(json!(NOW - 1), None, NOW - 1);
    check(json!(NOW / 1000), None, NOW);
    check(json!(1_795_348_800.5), None, NOW + 500);
    check(json!("1795348800000"), None, NOW);
    check(Value::Null, Some("2026-11-22T10:00:00Z"), NOW);
    check(json!("2026-11-22T09:59:00Z"), Some("2026-11-22T10:00:00Z"), NOW - 60_000);
    check(json!("2026-11-22T15:00:00Z"), Some("2026-11-22T16:00:00Z"), NOW - 3_600_000);
    check(json!("2026-11-22T11:59:59Z"), Some("2026-11-22T11:59:59.200Z"), NOW - 1000);
    let at = format!("/e?_={}", NOW - 10_000);
    let event = r#"{"api_key":"phc_test_key","event":"q","distinct_id":"u","timestamp":"2026-11-22T11:59:00Z"}"#;
    assert_eq!(gateway.post(&at, event).status, 200);
    assert_eq!(gateway.events().last().unwrap().time, NOW - 50_000);
}

#[test]
fn bad_events_are_recorded_and_good_ones_kept() {
    let gateway = Gateway::start();
    let batch = json!({"api_key": "phc_test_key", "batch": [
        {"event": "a", "distinct_id": "u"}, {"event": "b"}, 5, {"event": "c", "distinct_id": "u", "timestamp": "2300-01-01"},
        {"event": "x".repeat(201), "distinct_id": "u"}, {"event": "d", "distinct_id": "u"},
        {"event": "a", "distinct_id": "u"},
    ]});
    let answer = gateway.post("/batch/", batch.to_string());
    assert_eq!((answer.status, answer.json()), (200, json!({"status": 1})));
    let names: Vec<_> = gateway.events().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["a", "d", "a"], "the same text twice in one request is two events");
    let rejections = gateway.rejections();
    let positions: Vec<_> = rejections.iter().map(|r| r.position).collect();
    assert_eq!(positions, [1, 2, 3, 4]);
    assert!(rejections.iter().all(|r| r.code == epoch_model::Code::EventInvalid && !r.reason.is_empty()));
    assert!(rejections[3].raw.contains(&"x".repeat(201)), "what was refused is kept whole");
    assert_eq!(rejections[1].raw, "5");
    assert_eq!(gateway.post("/batch/?beacon=1", batch.to_string()).status, 204);
}

#[test]
fn a_long_refused_event_is_kept_up_to_a_bound_and_says_so() {
    let gateway = Gateway::start();
    let text = "é".repeat(50_000);
    let event = json!({"api_key": "phc_test_key", "event": "a", "properties": {"text": text}});
    assert_eq!(gateway.post("/e", event.to_string()).status, 400);
    let kept = &gateway.rejections()[0].raw;
    assert!(
        kept.len() > 65_000
            && kept.len() < 66_000
            && kept.ends_with(&format!(" of {} bytes]", event.to_string().len()))
    );
}

#[test]
fn recordings_are_taken_and_nothing_is_kept() {
    let gateway = Gateway::start();
    let recording = gzip(br#"[{"event":"$snapshot","properties":{"token":"phc_test_key","distinct_id":"u"}}]"#);
    let answer = gateway.post("/s/?compression=gzip-js", &recording);
    assert_eq!((answer.status, answer.json()), (200, json!({"status": 1})));
    assert_eq!(gateway.post("/s/?beacon=1", &recording).status, 204);
    let long = b"POST /s/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 27000000\r\n\r\n";
    assert_eq!(gateway.raw(long).status, 413);
    assert!(gateway.events().is_empty() && gateway.rejections().is_empty());
}
