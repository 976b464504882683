//! OpenTelemetry over HTTP: the specification's own examples, what becomes of each kind of record, answers, bounds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use epoch_gateway::Limits;
use serde_json::{Value, json};

use crate::kit::{Answer, Event, Gateway, Mood, NOW, base64, gzip};

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const KEY: (&str, &str) = ("authorization", "Bearer wk");
/// The time in the specification's examples.
const THEN: i64 = 1_544_712_660_300;

fn example(signal: &str) -> Value {
    let examples: Value = serde_json::from_str(include_str!("fixtures/otlp.json")).unwrap();
    examples[signal].clone()
}

fn post(gateway: &Gateway, signal: &str, body: &Value) -> Answer {
    gateway.send("POST", &format!("/v1/{signal}"), &[JSON, KEY], body.to_string().as_bytes())
}

/// The events that a body becomes, all of it taken.
fn events(signal: &str, body: &Value) -> Vec<Event> {
    let gateway = Gateway::start();
    let answer = post(&gateway, signal, body);
    assert_eq!((answer.status, &*answer.body), (200, "{}"), "{body}: {:?}", gateway.rejections());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    gateway.events()
}

fn metrics(metrics: Value) -> Value {
    json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})
}

#[test]
fn examples_of_the_specification() {
    let got = events("metrics", &example("metrics"));
    let found: Vec<_> = got.iter().map(|e| (&*e.name, &*e.unit, e.time)).collect();
    let names = ["my.counter", "my.gauge", "my.histogram", "my.exponential.histogram"];
    assert_eq!(found, names.map(|name| (name, "", THEN)));
    let shared = json!({"otel.scope.name": "my.library", "service.name": "my.service", "unit": "1"});
    for (event, own) in got.iter().zip([
        json!({"value": 5.0, "my.counter.attr": "some value"}),
        json!({"value": 10.0, "my.gauge.attr": "some value"}),
        json!({"count": 2, "sum": 2.0, "min": 0.0, "max": 2.0, "p50": 1.0, "p95": 1.9, "p99": 1.98, "my.histogram.attr": "some value"}),
        json!({"count": 3, "sum": 10.0, "min": 0.0, "max": 5.0, "p50": 5.0, "p95": 5.0, "p99": 5.0, "my.exponential.histogram.attr": "some value"}),
    ]) {
        let mut expect = own.as_object().unwrap().clone();
        expect.extend(shared.as_object().unwrap().clone());
        assert_eq!(event.props, Value::Object(expect), "{}", event.name);
    }

    let got = events("logs", &example("logs"));
    let expect = json!({
        "severity": "Information", "severity_number": 10, "body": "Example log record",
        "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174",
        "string.attribute": "some string", "boolean.attribute": true, "int.attribute": 10, "double.attribute": 637.704,
        "array.attribute": ["many", "values"], "map.attribute": {"some.map.key": "some value"},
        "otel.scope.name": "my.library", "service.name": "my.service",
    });
    assert_eq!((&*got[0].name, got[0].time, &got[0].props), ("$log", THEN, &expect));

    assert_eq!(events("traces", &example("traces")), [], "a span inside of a trace that went well");
    let mut failed = example("traces");
    let span = &mut failed["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    span["status"] = json!({"code": "STATUS_CODE_ERROR", "message": "card declined"});
    let got = events("traces", &failed);
    let expect = json!({
        "name": "I'm a server span", "kind": "server", "status": "error", "status_message": "card declined",
        "duration_ms": 1000.0, "root": false, "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174",
        "parent_span_id": "eee19b7ec3c1b173", "my.span.attr": "some value",
        "otel.scope.name": "my.library", "service.name": "my.service",
    });
    assert_eq!((&*got[0].name, got[0].time, &got[0].props), ("$span", THEN - 300, &expect));
    let mut root = example("traces");
    root["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["parentSpanId"] = json!("");
    assert_eq!(events("traces", &root)[0].props["root"], true);
}

#[test]
fn values_are_written_in_every_way_the_standard_allows() {
    let point = |point: Value| {
        let body = metrics(json!([{"name": "m", "gauge": {"dataPoints": [point]}}]));
        events("metrics", &body).pop().unwrap().props
    };
    assert_eq!(point(json!({"asInt": "-9007199254740993"})), json!({"value": -9007199254740993_i64}));
    assert_eq!(point(json!({"asInt": 7, "time_unix_nano": "1"})), json!({"value": 7}));
    assert_eq!(point(json!({"as_double": "1.5", "attributes": null, "unknown": [{}]})), json!({"value": 1.5}));
    let sum = |temporality: Value, monotonic: Value| {
        let data =
            json!({"dataPoints": [{"asInt": 1}], "aggregationTemporality": temporality, "isMonotonic": monotonic});
        events("metrics", &metrics(json!([{"name": "m", "sum": data}]))).pop().unwrap().props
    };
    for cumulative in [json!(2), json!("AGGREGATION_TEMPORALITY_CUMULATIVE")] {
        assert_eq!(sum(cumulative.clone(), json!(true)), json!({"value": 1, "cumulative": true}));
        assert_eq!(sum(cumulative.clone(), json!(false)), json!({"value": 1}), "a level, not a count");
        assert_eq!(sum(cumulative, Value::Null), json!({"value": 1}));
    }
    assert_eq!(sum(json!("AGGREGATION_TEMPORALITY_DELTA"), json!(true)), json!({"value": 1}));
    let summary = json!([{"name": "s", "summary": {"dataPoints": [{"count": 4, "sum": 10, "quantileValues": [
        {"quantile": 0.5, "value": 2}, {"quantile": 0.99, "value": 4}, {"quantile": 0.33, "value": 1}]}]}}]);
    assert_eq!(
        events("metrics", &metrics(summary))[0].props,
        json!({"count": 4, "sum": 10.0, "p50": 2.0, "p99": 4.0, "cumulative": true})
    );
    let silent = json!([{"name": "m", "gauge": {"dataPoints": [{"flags": 1, "timeUnixNano": 1}]}}]);
    assert_eq!(events("metrics", &metrics(silent)), []);
    let named = json!({"resourceLogs": [{"resource": {"attributes": [
        {"key": "host.name", "value": {"stringValue": "node-1"}}, {"key": "k", "value": {"stringValue": "resource"}}]},
        "scopeLogs": [{"logRecords": [
            {"eventName": "app.checkout", "observedTimeUnixNano": "1544712660300000000", "severityNumber": "SEVERITY_NUMBER_ERROR3",
             "attributes": [{"key": "k", "value": {"stringValue": "record"}}, {"key": "severity", "value": {"stringValue": "x"}}]},
            {"body": {"bytesValue": "AAE="}, "spanId": ""}]}]}]});
    let got = events("logs", &named);
    assert_eq!((&*got[0].name, &*got[0].unit, got[0].time), ("app.checkout", "node-1", THEN));
    let expect = json!({"severity": "ERROR", "severity_number": 19, "k": "record", "host.name": "node-1"});
    assert_eq!(got[0].props, expect);
    assert_eq!((got[1].time, &got[1].props["body"]), (NOW, &json!("AAE=")));
}

#[test]
fn what_is_sent_again_is_known() {
    let gateway = Gateway::start();
    for signal in ["metrics", "logs"] {
        for _ in 0..3 {
            assert_eq!(post(&gateway, signal, &example(signal)).status, 200);
        }
    }
    assert_eq!(gateway.events().len(), 5);
    let twice = json!({"timeUnixNano": "1544712660300000000", "body": {"stringValue": "again"}});
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [twice, twice]}]}]});
    post(&gateway, "logs", &body);
    post(&gateway, "logs", &body);
    assert_eq!(gateway.events().len(), 7, "said twice at once is twice");
}

/// A gauge `m` of 1.5 at the time of the examples, as protocol buffers.
fn wire() -> Vec<u8> {
    STANDARD.decode("CicSJRIjCgFtKh4KHBkA6zr1+utvFSEAAAAAAAD4PzoICgFrEgMKAXY=").unwrap()
}

#[test]
fn both_encodings_come_out_the_same_and_are_answered_alike() {
    let gateway = Gateway::start();
    let send = |headers: &[(&str, &str)], body: &[u8]| gateway.send("POST", "/v1/metrics", headers, body);
    let answer = send(&[PROTOBUF, KEY], &wire());
    assert_eq!((answer.status, &*answer.body), (200, ""), "{:?}", gateway.rejections());
    assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
    let packed = gzip(&wire());
    assert_eq!(send(&[PROTOBUF, KEY, ("content-encoding", "gzip")], &packed).status, 200);
    let body = metrics(
        json!([{"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": 1544712660300000000_u64, "asDouble": 1.5,
        "attributes": [{"key": "k", "value": {"stringValue": "v"}}]}]}}]),
    );
    assert_eq!(post(&gateway, "metrics", &body).status, 200);
    let got = gateway.events();
    assert_eq!(got.len(), 1, "one event, three times: {got:?}");
    assert_eq!((&*got[0].name, got[0].time, &got[0].props), ("m", THEN, &json!({"value": 1.5, "k": "v"})));
    assert_eq!(send(&[PROTOBUF, KEY], b"").status, 200, "an empty message is one");
    let basic = format!("Basic {}", base64(b"wk:"));
    for key in [("x-api-key", "wk"), ("authorization", &*basic)] {
        assert_eq!(send(&[PROTOBUF, key], &wire()).status, 200, "{key:?}");
    }
}

#[test]
fn errors_are_the_protocols() {
    let gateway = Gateway::start();
    let send = |headers: &[(&str, &str)], body: &[u8]| gateway.send("POST", "/v1/logs", headers, body);
    let status = |answer: &Answer| (answer.status, answer.json()["code"].as_i64());
    let body = example("logs").to_string();
    assert_eq!(status(&send(&[JSON], body.as_bytes())), (401, Some(16)));
    assert_eq!(status(&send(&[JSON, ("x-api-key", "rk")], body.as_bytes())), (401, Some(16)));
    assert_eq!(status(&send(&[("content-type", "text/plain"), KEY], body.as_bytes())), (415, Some(3)));
    assert_eq!(status(&send(&[KEY], body.as_bytes())), (415, Some(3)));
    for broken in
        ["", "[]", "{\"resourceLogs\":[", "{\"resourceLogs\":[7]}", "{\"resourceLogs\":[{\"scopeLogs\":\"x\"}]}"]
    {
        assert_eq!(status(&send(&[JSON, KEY], broken.as_bytes())), (400, Some(3)), "{broken}");
    }
    let answer = send(&[PROTOBUF, KEY], b"\x0a\xff");
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/x-protobuf")));
    assert!(answer.body.starts_with("\u{8}\u{3}\u{12}"), "a google.rpc.Status: {:?}", answer.body);
    gateway.mood(Mood::Full);
    let busy = send(&[JSON, KEY], body.as_bytes());
    assert_eq!((status(&busy), busy.header("retry-after")), ((503, Some(14)), Some("1")));
    assert!(gateway.events().is_empty());

    let gateway = Gateway::with(Limits { requests_per_second_per_key: 1, ..Limits::default() });
    let answers: Vec<_> = (0..20).map(|_| post(&gateway, "logs", &example("logs"))).collect();
    let limited = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!((status(limited), limited.header("retry-after")), ((429, Some(8)), Some("1")));
}

#[test]
fn bad_records_are_counted_and_the_good_ones_kept() {
    let gateway = Gateway::start();
    let points = json!([{"asDouble": 1}, {"asDouble": "NaN"}, {}, {"asDouble": "Infinity"}]);
    let bad = json!([{"name": "m", "gauge": {"dataPoints": points}}, {"gauge": {"dataPoints": [{"asInt": 1}]}}, {"name": "h", "histogram": {"dataPoints": [{"sum": 1}]}}]);
    let answer = post(&gateway, "metrics", &metrics(bad));
    let expect = json!({"rejectedDataPoints": "5", "errorMessage": "the data point's value is no finite number"});
    assert_eq!((answer.status, &answer.json()["partialSuccess"]), (200, &expect));
    assert_eq!((gateway.events().len(), gateway.rejections().len()), (1, 5));
    let long = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": "x".repeat(300)}]}]}]});
    assert_eq!(post(&gateway, "logs", &long).json()["partialSuccess"]["rejectedLogRecords"], "1");
    let span = json!({"name": "s", "startTimeUnixNano": u64::MAX.to_string()});
    let far = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    assert_eq!(post(&gateway, "traces", &far).json()["partialSuccess"]["rejectedSpans"], "1");
    let protobuf = gateway.send("POST", "/v1/logs", &[PROTOBUF, KEY], &[0x0a, 6, 0x12, 4, 0x12, 2, 0x09, 0xff]);
    assert_eq!(protobuf.status, 400);
}

#[test]
fn addresses_of_people_are_not_kept() {
    let attributes = json!([{"key": "client.address", "value": {"stringValue": "203.0.113.9"}}, {"key": "net.sock.peer.addr", "value": {"stringValue": "203.0.113.9"}},
        {"key": "server.address", "value": {"stringValue": "shop.example"}}]);
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": attributes}]}]}]});
    assert_eq!(events("logs", &body)[0].props, json!({"server.address": "shop.example"}));
}

#[test]
fn small_bodies_that_say_much_stop_at_a_bound() {
    let gateway = Gateway::with(Limits { batch_bytes_max: 1024 * 1024, events_max: 60_000, ..Limits::default() });
    let attribute = json!({"key": "k", "value": {"stringValue": "x".repeat(8000)}});
    let records = vec![json!({}); 50_000];
    let body =
        json!({"resourceLogs": [{"resource": {"attributes": [attribute]}, "scopeLogs": [{"logRecords": records}]}]});
    assert_eq!(post(&gateway, "logs", &body).status, 413);
    let records = vec![json!({}); 70_000];
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
    assert_eq!(post(&gateway, "logs", &body).status, 413);
    let wide: Vec<Value> =
        (0..500).map(|n| json!({"key": format!("k{n}"), "value": {"stringValue": "x".repeat(100)}})).collect();
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": wide, "body": {"stringValue": "y".repeat(100_000)}}]}]}]});
    assert_eq!(post(&gateway, "logs", &body).status, 200);
    let event = gateway.events().pop().unwrap();
    assert!(event.props.to_string().len() < 40_000 && event.props.as_object().unwrap().len() <= 130);
}
