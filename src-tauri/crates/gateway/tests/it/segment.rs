//! Segment's API beyond what was recorded: single calls, identities, context, keys, errors.

use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, NOW, base64};

fn post(gateway: &Gateway, target: &str, body: &Value) -> Answer {
    gateway.post(target, body.to_string())
}

fn one(target: &str, message: Value) -> (String, String, Value) {
    let gateway = Gateway::start();
    let mut message = message;
    message["writeKey"] = json!("wk");
    let answer = post(&gateway, target, &message);
    assert_eq!((answer.status, answer.json()), (200, json!({"success": true})), "{message}");
    let event = gateway.events().pop().unwrap_or_else(|| panic!("{message}: {:?}", gateway.rejections()));
    (event.name, event.unit, event.props)
}

fn is(got: (String, String, Value), name: &str, unit: &str, props: Value) {
    assert_eq!(got, (name.to_owned(), unit.to_owned(), props));
}

#[test]
fn calls_become_events() {
    let traits = json!({"email": "a@b.co"});
    is(
        one("/v1/identify", json!({"userId": "u", "anonymousId": "a", "traits": traits})),
        "$identify",
        "u",
        json!({"$anon_distinct_id": "a", "$set": traits}),
    );
    is(one("/v1/i", json!({"anonymousId": "a", "traits": traits})), "$set", "a", json!({"$set": traits}));
    is(
        one("/v1/track", json!({"userId": 7, "event": "Order", "properties": {"revenue": 5}})),
        "Order",
        "7",
        json!({"revenue": 5}),
    );
    is(
        one("/v1/t", json!({"userId": "u", "anonymousId": "a", "event": "Order"})),
        "Order",
        "u",
        json!({"$device_id": "a"}),
    );
    let page = json!({"anonymousId": "a", "name": "Docs", "category": "Help", "properties": {"url": "http://x/", "path": "/", "referrer": "r", "title": "T", "name": "own"}});
    is(
        one("/v1/page", page.clone()),
        "$pageview",
        "a",
        json!({"$current_url": "http://x/", "$pathname": "/", "$referrer": "r", "title": "T", "name": "own", "category": "Help"}),
    );
    is(
        one("/v1/s", json!({"userId": "u", "name": "Home"})),
        "$screen",
        "u",
        json!({"name": "Home", "$screen_name": "Home"}),
    );
    is(
        one("/v1/group", json!({"userId": "u", "groupId": "g", "traits": {"group_type": "team", "n": 1}})),
        "$groupidentify",
        "u",
        json!({"$group_type": "team", "$group_key": "g", "$group_set": {"group_type": "team", "n": 1}, "$groups": {"team": "g"}}),
    );
    is(one("/v1/alias", json!({"userId": "u", "previousId": "a"})), "$create_alias", "u", json!({"alias": "a"}));
    let context = json!({"ip": "1.2.3.4", "locale": "de", "timezone": "Europe/Vienna", "library": {"name": "l", "version": "1"},
        "campaign": {"name": "c", "source": "s", "medium": "m"}, "page": {"url": "http://ctx", "search": "?q"},
        "device": {"type": "mobile", "id": "x"}, "os": {"name": "iOS", "version": "26"}, "traits": {"email": "e"}});
    is(
        one("/v1/track", json!({"userId": "u", "event": "e", "context": context, "properties": {"utm_source": "own"}})),
        "e",
        "u",
        json!({"utm_source": "own", "$locale": "de", "$timezone": "Europe/Vienna", "$lib": "l", "$lib_version": "1", "utm_campaign": "c",
            "utm_medium": "m", "$current_url": "http://ctx", "$device_type": "mobile", "$os": "iOS", "$os_version": "26"}),
    );
}

#[test]
fn batches_keep_order_time_and_ids() {
    let gateway = Gateway::start();
    let batch = json!({"sentAt": "2026-11-22T11:00:00Z", "context": {"library": {"name": "l"}}, "batch": [
        {"type": "track", "userId": "u", "event": "1", "timestamp": "2026-11-22T10:59:00Z", "messageId": "m1"},
        {"type": "track", "userId": "u", "event": "2", "messageId": "m2", "context": {}},
        {"type": "track", "userId": "u"},
        {"type": "sing", "userId": "u"},
        {"type": "track", "event": "3"},
        {"type": "alias", "userId": "u"},
        {"type": "group", "userId": "u"},
        {"type": "track", "userId": "u", "event": "4", "timestamp": "soon"},
        {"type": "track", "userId": "u", "event": "5", "properties": []},
        7,
    ]});
    let auth = format!("Basic {}", base64(b"wk:"));
    for _ in 0..2 {
        let answer = gateway.send("POST", "/v1/batch", &[("authorization", &auth)], batch.to_string().as_bytes());
        assert_eq!((answer.status, answer.json()), (200, json!({"success": true})));
    }
    let got: Vec<_> = gateway.events().into_iter().map(|e| (e.name, e.time, e.props)).collect();
    assert_eq!(got, [("1".to_owned(), NOW - 60_000, json!({"$lib": "l"})), ("2".to_owned(), NOW, json!({}))]);
    let positions: Vec<_> = gateway.rejections().iter().map(|r| r.position).collect();
    assert_eq!(positions[..8], [2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn keys_and_errors_are_the_vendors() {
    let gateway = Gateway::start();
    let track = json!({"userId": "u", "event": "e", "writeKey": "nobody's"});
    for _ in 0..3 {
        assert_eq!(post(&gateway, "/v1/track", &track).json(), json!({"success": true}));
    }
    assert!(gateway.events().is_empty());
    let noted = gateway.rejections();
    assert_eq!(noted.len(), 1, "recorded once a second at most");
    assert_eq!((noted[0].code, noted[0].raw.as_str()), (epoch_model::Code::Unauthorized, ""));
    assert_eq!(post(&gateway, "/v1/m", &json!({"series": []})).status, 200);
    for (target, body) in
        [("/v1/batch", "{"), ("/v1/batch", "{}"), ("/v1/batch", "[]"), ("/v1/track", "1"), ("/v1/track", "")]
    {
        let answer = gateway.post(target, body);
        assert_eq!((answer.status, &answer.json()["success"]), (400, &json!(false)), "{target} {body}");
    }
    let bomb = crate::kit::gzip(&vec![b' '; 21_000_000]);
    assert_eq!(gateway.post("/v1/batch", bomb).status, 400);
    gateway.mood(Mood::Full);
    let busy = post(&gateway, "/v1/track", &json!({"userId": "u", "event": "e", "writeKey": "wk"}));
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")));
}
