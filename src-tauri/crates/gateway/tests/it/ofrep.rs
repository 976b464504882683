//! OpenFeature's remote evaluation protocol.

use epoch_gateway::Limits;
use epoch_model::business::LeverValue;
use epoch_model::serving::{Holdout, Protocol};
use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, gzip};
use crate::levers::{flag, price_test, rollout};
use crate::stream::Stream;

const FLAGS: &str = "/ofrep/v1/evaluate/flags";

fn ask(gateway: &Gateway, target: &str, body: &Value) -> Answer {
    gateway.send("POST", target, &[("authorization", "Bearer ck")], body.to_string().as_bytes())
}

fn of(unit: &str) -> Value {
    json!({"context": {"targetingKey": unit}})
}

#[test]
fn one_flag_is_evaluated() {
    let gateway = Gateway::start();
    let mut off = rollout("off", None, 1.0);
    off.serving.off = true;
    let mut elsewhere = flag("elsewhere");
    elsewhere.serving.served_as = vec![Protocol::Unleash];
    let mut price = flag("price");
    price.value = LeverValue::Number(29.0);
    gateway.levers(vec![flag("plain"), rollout("pros", Some("plan == 'pro'"), 1.0), off, elsewhere, price]);
    let check = |key: &str, context: Value, value: Value, reason: &str, variant: Value| {
        let answer = ask(&gateway, &format!("{FLAGS}/{key}"), &json!({"context": context}));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.body);
        let answer = answer.json();
        assert_eq!((&answer["key"], &answer["value"], answer["reason"].as_str()), (&json!(key), &value, Some(reason)));
        assert_eq!((&answer["variant"], answer["metadata"]["version"].as_u64()), (&variant, Some(3)), "{key}");
    };
    check("plain", json!({"targetingKey": "u1"}), json!(false), "STATIC", json!("default"));
    check("pros", json!({"targetingKey": "u1", "plan": "pro"}), json!(true), "TARGETING_MATCH", json!("r1"));
    check("pros", json!({"targetingKey": "u1", "plan": "free"}), json!(false), "STATIC", json!("default"));
    check("off", json!({"targetingKey": "u1"}), json!(false), "DISABLED", json!("default"));
    let whole = ask(&gateway, &format!("{FLAGS}/price"), &of("u1"));
    assert!(whole.body.contains(r#""value":29,"#), "integers for clients that tell them from floats: {}", whole.body);
    for key in ["missing", "elsewhere"] {
        let answer = ask(&gateway, &format!("{FLAGS}/{key}"), &of("u1"));
        assert_eq!((answer.status, &answer.json()["key"]), (404, &json!(key)));
        assert_eq!(answer.json()["errorCode"], "FLAG_NOT_FOUND");
    }
    let readers = gateway.memory.readers.lock().unwrap();
    assert_eq!(readers.len(), 5, "only what was answered");
    assert_eq!(readers[0], (Protocol::Ofrep, String::new(), "page".into(), Some("plain".into())));
}

#[test]
fn errors_are_the_protocols() {
    let gateway = Gateway::with(Limits { batch_bytes_max: 2000, ..Limits::default() });
    gateway.levers(vec![flag("a")]);
    let check = |target: &str, key: &str, body: &[u8], status: u16, code: Option<&str>| {
        let answer = gateway.send("POST", target, &[("x-api-key", key)], body);
        let json = answer.json();
        assert_eq!((answer.status, json["errorCode"].as_str()), (status, code), "{target} -> {}", answer.body);
        assert!(json["errorDetails"].as_str().is_some_and(|details| !details.is_empty()), "{}", answer.body);
        let names_the_flag = target != FLAGS && code.is_some();
        assert_eq!(json["key"].as_str(), names_the_flag.then_some("a"), "{}", answer.body);
    };
    let good = of("u1").to_string();
    for target in [FLAGS, "/ofrep/v1/evaluate/flags/a"] {
        check(target, "ck", b"", 400, Some("PARSE_ERROR"));
        check(target, "ck", b"{\"context\":", 400, Some("PARSE_ERROR"));
        check(target, "ck", b"no json at all!", 400, Some("PARSE_ERROR"));
        check(target, "ck", b"[1]", 400, Some("PARSE_ERROR"));
        check(target, "ck", b"{}", 400, Some("TARGETING_KEY_MISSING"));
        check(target, "ck", br#"{"context":{"targetingKey":""}}"#, 400, Some("TARGETING_KEY_MISSING"));
        check(target, "ck", br#"{"context":{"plan":"pro"}}"#, 400, Some("TARGETING_KEY_MISSING"));
        check(target, "ck", br#"{"context":[]}"#, 400, Some("INVALID_CONTEXT"));
        check(target, "ck", br#"{"context":{"targetingKey":7}}"#, 400, Some("INVALID_CONTEXT"));
        check(target, "ck", format!("{{{}}}", " ".repeat(2000)).as_bytes(), 400, Some("GENERAL"));
        check(target, "", good.as_bytes(), 401, None);
        check(target, "?", good.as_bytes(), 401, None);
        check(target, "wk", good.as_bytes(), 403, None);
    }
    let deep = format!(r#"{{"context":{{"targetingKey":"u","x":{}}}}}"#, "[".repeat(500));
    check(FLAGS, "ck", deep.as_bytes(), 400, Some("PARSE_ERROR"));
    for key in ["rk", "ck"] {
        assert_eq!(gateway.send("POST", FLAGS, &[("x-api-key", key)], good.as_bytes()).status, 200);
    }
    let packed =
        gateway.send("POST", FLAGS, &[("x-api-key", "ck"), ("content-encoding", "gzip")], &gzip(good.as_bytes()));
    assert_eq!(packed.status, 200);
    let slow = Gateway::with(Limits { requests_per_second_per_key: 1, ..Limits::default() });
    let refused = (0..3).map(|_| ask(&slow, FLAGS, &of("u"))).find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn all_flags_are_cached_by_levers_and_context() {
    let gateway = Gateway::start();
    gateway.levers(vec![flag("a"), rollout("b", Some("plan == 'pro'"), 1.0)]);
    let with = |unit: &str, tag: &str| {
        let headers = [("authorization", "Bearer ck"), ("if-none-match", tag)];
        let target = format!("{FLAGS}?flagConfigEtag=x&flagConfigLastModified=1795000000");
        gateway.send("POST", &target, &headers, of(unit).to_string().as_bytes())
    };
    let first = ask(&gateway, FLAGS, &of("u1"));
    let tag = first.header("etag").unwrap().to_owned();
    let body = first.json();
    let keys: Vec<_> = body["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
    assert_eq!((first.status, keys), (200, vec!["a", "b"]));
    assert_eq!(body["metadata"]["version"], 1);
    assert_eq!(body["metadata"]["flagConfigLastModified"], 1_795_000_000);
    let stream = &body["eventStreams"][0];
    assert_eq!((&stream["type"], &stream["inactivityDelaySec"]), (&json!("sse"), &json!(120)));
    assert_eq!(stream["endpoint"]["requestUri"], "/ofrep/v1/events?since=1&key=ck");
    let again = with("u1", &tag);
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(tag.as_str())));
    assert_eq!(with("u1", &format!("\"x\", W/{tag}")).status, 304);
    assert_eq!(with("u2", &tag).status, 200, "another unit is another answer");
    gateway.levers(vec![flag("a")]);
    let changed = with("u1", &tag);
    assert_eq!((changed.status, changed.json()["flags"].as_array().unwrap().len()), (200, 1));
    // Read keys are secret and stay out of addresses.
    let secret = gateway.send("POST", FLAGS, &[("authorization", "Bearer rk")], of("u1").to_string().as_bytes());
    assert_eq!(secret.json()["eventStreams"][0]["endpoint"]["requestUri"], "/ofrep/v1/events?since=2");
}

#[test]
fn streams_tell_of_changes() {
    let gateway = Gateway::with(Limits { streams_max: 2, ..Limits::default() });
    gateway.levers(vec![flag("a")]);
    let bulk = ask(&gateway, FLAGS, &of("u1")).json();
    let address = bulk["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&gateway, &address, &[("origin", "https://shop.example")]);
    assert_eq!(stream.status, 200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(stream.next(), ": open");
    gateway.levers(vec![flag("a"), flag("b")]);
    let told = stream.next();
    let data: Value = serde_json::from_str(told.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap();
    assert!(told.starts_with("id: 2\nevent: message\n"), "{told}");
    assert_eq!((&data["type"], &data["lastModified"]), (&json!("refetchEvaluation"), &json!(1_795_000_000)));
    let bulk = ask(&gateway, FLAGS, &of("u1")).json();
    assert_eq!(data["etag"], bulk["metadata"]["flagConfigEtag"]);
    // A change between evaluating and listening, or while the connection was away, is told at once.
    let mut late = Stream::open(&gateway, &address, &[]);
    assert!(late.next().contains("refetchEvaluation"));
    assert_eq!(Stream::open(&gateway, &address, &[]).status, 429, "places are bounded");
    drop(late);
    let mut resumed = Stream::retry(&gateway, &address, &[("last-event-id", "2")]);
    assert_eq!(resumed.next(), ": open");
    drop(resumed);
    assert_eq!(Stream::retry(&gateway, "/ofrep/v1/events?key=wk", &[]).status, 403);
    assert_eq!(Stream::retry(&gateway, "/ofrep/v1/events", &[]).status, 401);
    // The end of the gateway is the end of its streams.
    drop(gateway);
    assert!(stream.ended());
}

#[test]
fn chance_is_logged_before_it_is_answered() {
    let gateway = Gateway::start();
    let mut held = rollout("held", None, 0.5);
    held.serving.holdout = Some(Holdout { key: "global".into(), share: 0.1 });
    gateway.levers(vec![flag("plain"), price_test("price"), held, rollout("pros", Some("plan == 'pro'"), 1.0)]);
    let one = ask(&gateway, &format!("{FLAGS}/price"), &of("u1")).json();
    let bulk = ask(&gateway, FLAGS, &of("u1")).json();
    let assigned = gateway.assigned();
    let of_price: Vec<_> = assigned.iter().filter(|event| event.props["lever"] == "price").collect();
    assert_eq!(of_price.len(), 1, "the same assignment is logged once");
    let event = of_price[0];
    assert_eq!((event.name.as_str(), event.unit.as_str()), ("$assigned", "u1"));
    let expect = json!({
        "lever": "price", "variant": one["variant"], "value": one["value"], "experiment": "price-2026", "rule": "r1",
        "propensity": 0.5, "protocol": "ofrep", "version": 3,
    });
    assert_eq!(event.props, expect);
    assert_eq!((&one["reason"], &bulk["flags"][1]["value"]), (&json!("SPLIT"), &one["value"]));
    let nothing_random = ["plain", "pros"];
    assert!(assigned.iter().all(|event| !nothing_random.contains(&event.props["lever"].as_str().unwrap())));
    for n in 0..50 {
        ask(&gateway, FLAGS, &of(&format!("unit-{n}")));
    }
    let held: Vec<_> = gateway.assigned().into_iter().filter(|event| event.props["lever"] == "held").collect();
    assert_eq!(held.len(), 51);
    // What cannot be logged is not answered, and is logged once that is possible.
    gateway.mood(Mood::Full);
    let refused = ask(&gateway, FLAGS, &of("later"));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    gateway.mood(Mood::FailsCommit);
    assert_eq!(ask(&gateway, FLAGS, &of("later")).status, 200);
    gateway.mood(Mood::Fine);
    assert_eq!(ask(&gateway, FLAGS, &of("later")).status, 200);
    assert_eq!(gateway.assigned().iter().filter(|event| event.unit == "later").count(), 2);
}
