//! Requests recorded from unmodified PostHog SDKs (python 7.91.1, node 5.70.0, js 1.449.2) are taken as they are.

use serde_json::Value;

use crate::kit::{Gateway, gzip, urlencoded};

#[test]
fn recorded_requests_are_accepted_once() {
    let gateway = Gateway::start();
    let recorded: Vec<Value> = serde_json::from_str(include_str!("fixtures/posthog.json")).unwrap();
    let mut sent = Vec::new();
    for request in &recorded {
        let query: Vec<_> = request["query"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key}={}", urlencoded(value.as_str().unwrap())))
            .collect();
        let target = format!("{}?{}", request["path"].as_str().unwrap(), query.join("&"));
        let headers: Vec<_> = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        let mut body = if request["body"].is_object() { request["body"].to_string().into_bytes() } else { Vec::new() };
        if request["wrapping"].to_string().contains("gzip") {
            body = gzip(&body);
        }
        for _ in 0..2 {
            let answer = gateway.send(request["method"].as_str().unwrap(), &target, &headers, &body);
            assert_eq!(answer.status, 200, "{} {target}: {}", request["sdk"], answer.body);
        }
        for event in request["body"]["batch"].as_array().into_iter().flatten() {
            let unit = event.get("distinct_id").unwrap_or(&event["properties"]["distinct_id"]);
            let mut props = event["properties"].clone();
            props.as_object_mut().unwrap().remove("token");
            for name in ["$set", "$set_once"].iter().filter(|name| event.get(**name).is_some()) {
                props[*name] = event[*name].clone();
            }
            sent.push((
                event["uuid"].clone(),
                event["event"].as_str().unwrap().to_owned(),
                unit.as_str().unwrap().to_owned(),
                props,
            ));
        }
    }
    let mut seen = std::collections::HashSet::new();
    sent.retain(|(uuid, ..)| seen.insert(uuid.to_string()));
    let got: Vec<_> = gateway.events().into_iter().map(|e| (e.name, e.unit, e.props)).collect();
    assert_eq!(got, sent.into_iter().map(|(_, name, unit, props)| (name, unit, props)).collect::<Vec<_>>());
    assert!(gateway.rejections().is_empty());
}
