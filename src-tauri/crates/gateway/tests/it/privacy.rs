//! What a source must not keep does not get past the door, by whatever protocol it comes.

use std::sync::Arc;

use epoch_model::event::link;
use epoch_model::ports::Privacy;
use serde_json::json;

use crate::kit::Gateway;
use crate::levers::price_test;

#[test]
fn rules_hold_for_every_protocol() {
    let gateway = Gateway::start();
    let rules = Privacy {
        deny: vec!["email".into()],
        hash: vec!["unit".into(), "phone".into()],
        hash_key: [3; 32],
        ..Privacy::default()
    };
    *gateway.memory.privacy.lock().unwrap() = Arc::new(rules);
    let props = json!({"email": "ann@example.com", "$email": "ann@example.com", "phone": "555-0100", "$ip": "203.0.113.9", "plan": "pro"});
    let set = json!({"$set": props, "token": "wk", "distinct_id": "ann", "$anon_distinct_id": "anon-1"});
    let send = |target: &str, body: serde_json::Value| {
        let headers = [("authorization", "Bearer wk")];
        let answer = gateway.send("POST", target, &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    };
    send("/e", json!({"api_key": "wk", "event": "$identify", "distinct_id": "ann", "uuid": "1", "properties": set}));
    send(
        "/i/v1/analytics/events",
        json!({"batch": [{"event": "$identify", "uuid": "2", "distinct_id": "ann", "timestamp": "2026-11-22T10:00:00Z", "properties": set}]}),
    );
    send(
        "/track",
        json!({"event": "$identify", "properties": {"token": "wk", "distinct_id": "ann", "$anon_distinct_id": "anon-1", "email": "ann@example.com", "phone": "555-0100"}}),
    );
    send("/engage", json!({"$token": "wk", "$distinct_id": "ann", "$ip": "203.0.113.9", "$set": props}));
    send(
        "/v1/identify",
        json!({"writeKey": "wk", "userId": "ann", "anonymousId": "anon-1", "traits": props, "context": {"ip": "203.0.113.9"}}),
    );
    send(
        "/v1/events",
        json!({"event": "order", "unit": "ann", "email": "ann@example.com", "phone": "555-0100", "ip": "203.0.113.9", "user_id": "ann"}),
    );
    let refused = gateway.post(
        "/e",
        json!({"api_key": "wk", "event": "x", "timestamp": "soon", "distinct_id": "ann", "properties": set})
            .to_string(),
    );
    assert_eq!(refused.status, 400);
    let events = gateway.events();
    assert_eq!(events.len(), 6);
    let kept = format!("{events:?} {:?}", gateway.rejections());
    for personal in ["ann@example.com", "555-0100", "203.0.113.9", "\"ann\"", "anon-1"] {
        assert!(!kept.contains(personal), "{personal} in {kept}");
    }
    assert!(events.iter().all(|event| event.unit == events[0].unit && event.unit.starts_with("hash:")));
    let links: Vec<_> = events.iter().filter_map(|e| link(&e.name, &e.unit, &e.props.to_string())).collect();
    assert!(
        links.len() == 4 && links.iter().all(|found| found == &links[0] && found.from.starts_with("hash:")),
        "{links:?}"
    );
    assert_eq!(events[0].props["$set"]["plan"], "pro");
    assert_eq!(gateway.rejections().len(), 1);
}

#[test]
fn assignments_are_logged_under_the_units_that_events_are_kept_under() {
    let gateway = Gateway::start();
    gateway.levers(vec![price_test("price")]);
    let ask = |target: &str, key: &str, body: serde_json::Value| {
        let headers = [("authorization", key), ("content-type", "application/json")];
        let answer = gateway.send("POST", target, &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    };
    let ask_all = || {
        ask("/ofrep/v1/evaluate/flags/price", "Bearer ck", json!({"context": {"targetingKey": "ann"}}));
        ask("/api/eval/ck", "", json!({"attributes": {"id": "ann"}}));
        ask("/api/frontend", "ck", json!({"context": {"userId": "ann"}}));
        ask("/flags?v=2", "", json!({"api_key": "wk", "distinct_id": "ann"}));
    };
    ask_all();
    let clear = gateway.assigned();
    assert!(clear.len() == 4 && clear.iter().all(|event| event.unit == "ann"), "{clear:?}");
    let rules = Privacy { hash: vec!["unit".into()], hash_key: [3; 32], ..Privacy::default() };
    *gateway.memory.privacy.lock().unwrap() = Arc::new(rules);
    ask_all();
    ask("/v1/events", "Bearer wk", json!({"event": "order", "unit": "ann"}));
    let kept = &gateway.events()[0].unit;
    let hashed = gateway.assigned().split_off(4);
    assert!(kept.starts_with("hash:") && hashed.len() == 4, "{hashed:?}");
    for (event, before) in hashed.iter().zip(&clear) {
        assert_eq!((&event.unit, &event.props), (kept, &before.props));
        assert_ne!(event.id, before.id, "the id tells nothing of the unit either");
    }
}
