//! Requests recorded from unmodified SDKs (PostHog, Mixpanel, Segment; see the names in the fixture) are answered as
//! their vendors do and become the events that the fixture says. `all` marks events whose properties are listed in full.

use epoch_model::event::event_id;
use serde_json::{Value, json};

use crate::kit::{Gateway, base64, gzip, urlencoded, zlib};

#[test]
fn recorded_requests_are_answered_and_become_events() {
    let recorded: Vec<Value> = serde_json::from_str(include_str!("fixtures/requests.json")).unwrap();
    assert_eq!(recorded.len(), 44);
    let mut events = 0;
    for request in &recorded {
        let gateway = Gateway::start();
        let what = format!("{} {} {}", request["sdk"], request["method"], request["path"]);
        let answer = send(&gateway, request);
        assert_eq!((answer.status, &body_of(&answer)), (200, &request["answer"]), "{what}");
        if let Some(id) = request["headers"]["posthog-request-id"].as_str() {
            assert_eq!(answer.header("posthog-request-id"), Some(id), "{what}");
        }
        let got = gateway.events();
        let expected = request["events"].as_array().unwrap();
        let identity = |name: &str, unit: &str, time: i64| (name.to_owned(), unit.to_owned(), time);
        assert_eq!(
            got.iter().map(|e| identity(&e.name, &e.unit, e.time)).collect::<Vec<_>>(),
            expected
                .iter()
                .map(|e| identity(
                    e["name"].as_str().unwrap(),
                    e["unit"].as_str().unwrap(),
                    e["time"].as_i64().unwrap()
                ))
                .collect::<Vec<_>>(),
            "{what}"
        );
        for (got, expected) in got.iter().zip(expected) {
            if let Some(id) = expected["id"].as_str() {
                assert_eq!(got.id, event_id("shop", id), "{what}");
            }
            if expected["all"] == true {
                assert_eq!(got.props, expected["props"], "{what}");
            }
            for (name, value) in expected["props"].as_object().unwrap() {
                assert_eq!(&got.props[name], value, "{what}: {name}");
            }
            assert!(got.props.get("token").is_none(), "{what}: the key is not stored");
        }
        assert!(gateway.rejections().is_empty(), "{what}");
        // What names its events is known when it comes again.
        if expected.iter().all(|event| event["id"].is_string()) {
            assert_eq!(send(&gateway, request).status, 200, "{what}");
            assert_eq!(gateway.events().len(), expected.len(), "{what}");
        }
        events += expected.len();
    }
    assert_eq!(events, 92);
}

fn body_of(answer: &crate::kit::Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

fn send(gateway: &Gateway, request: &Value) -> crate::kit::Answer {
    let pairs = |object: &Value| -> Vec<(String, String)> {
        let pairs = object.as_object().unwrap().iter();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let query: Vec<_> = pairs(&request["query"]).iter().map(|(k, v)| format!("{k}={}", urlencoded(v))).collect();
    let target = format!("{}?{}", request["path"].as_str().unwrap(), query.join("&"));
    let headers = pairs(&request["headers"]);
    let headers: Vec<_> = headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let json = request["body"].to_string();
    let data = request["body"]["data"].to_string();
    let body = match request["wrap"].as_str().unwrap() {
        "none" => Vec::new(),
        "gzip" => gzip(json.as_bytes()),
        "zlib" => zlib(json.as_bytes()),
        "form" => {
            let option = |name: &str| request["body"][name].as_str().unwrap().to_owned();
            format!("data={}&verbose={}&ip={}", urlencoded(&data), option("verbose"), option("ip")).into_bytes()
        }
        "form base64" => format!("data={}", urlencoded(&base64(data.as_bytes()))).into_bytes(),
        _ => json.into_bytes(),
    };
    gateway.send(request["method"].as_str().unwrap(), &target, &headers, &body)
}

#[test]
fn base64_with_its_plus_signs_read_as_blanks_is_taken() {
    let gateway = Gateway::start();
    let event = json!({"event": "a", "properties": {"token": "wk", "distinct_id": "ü>>>???~~~", "$insert_id": "i"}});
    let encoded = base64(event.to_string().as_bytes());
    assert!(encoded.contains('+') || encoded.contains('/'), "{encoded}");
    for damaged in [encoded.replace('+', " "), encoded.replace('+', "-").replace('/', "_"), urlencoded(&encoded)] {
        let answer = gateway.post("/track/", format!("data={damaged}"));
        assert_eq!((answer.status, answer.body.as_str()), (200, "1"), "{damaged}");
    }
    assert_eq!(gateway.events().len(), 1);
}
