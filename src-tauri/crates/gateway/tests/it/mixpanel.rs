//! Mixpanel's API beyond what was recorded: forms of answers, operators, links between ids, `/import`.

use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, NOW, base64, gzip, urlencoded};

fn post(gateway: &Gateway, target: &str, body: &Value) -> Answer {
    gateway.post(target, body.to_string())
}

fn named(gateway: &Gateway) -> Vec<(String, String, Value)> {
    gateway.events().into_iter().map(|e| (e.name, e.unit, e.props)).collect()
}

#[test]
fn answers_take_the_form_that_was_asked_for() {
    let gateway = Gateway::start();
    let event = json!({"event": "a", "properties": {"token": "wk", "distinct_id": "u"}});
    let form = |options: &str| format!("data={}{options}", urlencoded(&event.to_string()));
    let check = |answer: Answer, status: u16, body: &str| {
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
    };
    check(post(&gateway, "/track", &event), 200, "1");
    check(gateway.post("/track/", form("&verbose=1&img=1&redirect=http://x")), 200, r#"{"error":null,"status":1}"#);
    check(post(&gateway, "/track?verbose=1", &event), 200, r#"{"error":null,"status":1}"#);
    let wrong = json!({"event": "a", "properties": {"token": "?", "distinct_id": "u"}});
    check(post(&gateway, "/track", &wrong), 401, "0");
    check(post(&gateway, "/track?verbose=1", &wrong), 401, r#"{"error":"token, not known","status":0}"#);
    check(
        post(&gateway, "/engage?verbose=1", &json!({"$distinct_id": "u", "$set": {}})),
        401,
        r#"{"error":"token, missing or empty","status":0}"#,
    );
    check(gateway.post("/track", "not json!"), 400, "0");
    check(post(&gateway, "/track", &json!({"event": "", "properties": {"token": "wk"}})), 400, "0");
    check(post(&gateway, "/track?token=wk", &json!([])), 400, "0");
    check(
        gateway.send(
            "GET",
            &format!("/engage?data={}", base64(br#"{"$token":"wk","$distinct_id":"u","$set":{"a":1}}"#)),
            &[],
            b"",
        ),
        200,
        "1",
    );
    gateway.mood(Mood::Full);
    let busy = post(&gateway, "/track?verbose=1", &event);
    assert_eq!((busy.status, busy.header("retry-after"), &busy.json()["status"]), (503, Some("1"), &json!(0)));
}

#[test]
fn a_path_of_two_vendors_is_told_apart_by_content() {
    let gateway = Gateway::start();
    let posthog = [
        json!({"api_key": "wk", "event": "a", "distinct_id": "u"}),
        json!([{"event": "a", "properties": {"token": "wk", "distinct_id": "u", "$lib": "web"}, "offset": 5}]),
        json!({"event": "a", "properties": {"token": "wk", "distinct_id": "u", "$lib": "web"}}),
    ];
    for body in posthog {
        assert_eq!(post(&gateway, "/track/", &body).json(), json!({"status": 1}), "{body}");
    }
    let mixpanel =
        json!([{"event": "a", "properties": {"token": "wk", "distinct_id": "u", "mp_lib": "web", "$lib": "x"}}]);
    assert_eq!(post(&gateway, "/track/", &mixpanel).body, "1");
    assert_eq!(
        post(&gateway, "/engage/", &json!({"token": "wk", "$distinct_id": "u", "$set": {"a": 1}})).json(),
        json!({"status": 1})
    );
    assert_eq!(gateway.events().len(), 5);
}

#[test]
fn operators_become_events() {
    let gateway = Gateway::start();
    let changes = json!([
        {"$token": "wk", "$distinct_id": "u", "$set": {"a": 1}, "$ip": "1.2.3.4", "$ignore_time": true},
        {"$token": "wk", "$distinct_id": "u", "$set_once": {"b": 1}},
        {"$token": "wk", "$distinct_id": "u", "$unset": ["a"]},
        {"$token": "wk", "$distinct_id": "u", "$delete": ""},
        {"$token": "wk", "$distinct_id": "u", "$append": {"$transactions": {"$amount": 9.5, "$time": "2026-11-22T11:00:00", "sku": "x"}, "seen": 1}},
        {"$token": "wk", "$device_id": "d", "$union": {"c": [1]}},
        {"$token": "wk", "$set": {"a": 1}},
        {"$token": "wk", "$distinct_id": "u"},
    ]);
    assert_eq!(post(&gateway, "/engage", &changes).body, "1");
    let expected = [
        ("$set", "u", json!({"$set": {"a": 1}})),
        ("$set_once", "u", json!({"$set_once": {"b": 1}})),
        ("$unset", "u", json!({"$unset": ["a"]})),
        ("$delete", "u", json!({"$delete": ""})),
        ("$transaction", "u", json!({"amount": 9.5, "sku": "x"})),
        ("$append", "u", json!({"$append": {"seen": 1}})),
        ("$union", "$device:d", json!({"$union": {"c": [1]}})),
    ];
    assert_eq!(named(&gateway), expected.map(|(name, unit, props)| (name.to_owned(), unit.to_owned(), props)));
    assert_eq!(gateway.events()[4].time, NOW - 3_600_000);
    assert_eq!(gateway.rejections().iter().map(|r| r.position).collect::<Vec<_>>(), [6, 7]);
    let groups = json!([{"$token": "wk", "$group_key": "company", "$group_id": "acme", "$set_once": {"a": 1}}, {"$token": "wk", "$group_id": "x", "$set": {}}]);
    assert_eq!(post(&gateway, "/groups", &groups).body, "1");
    let last = gateway.events().pop().unwrap();
    assert_eq!(last.props, json!({"$group_type": "company", "$group_key": "acme", "$group_set_once": {"a": 1}}));
}

#[test]
fn ids_of_one_person_are_linked_once_per_request() {
    let gateway = Gateway::start();
    let both = |id: &str| json!({"event": "a", "properties": {"token": "wk", "$device_id": "d", "$user_id": "u", "$insert_id": id, "time": NOW / 1000}});
    let events = json!([
        {"event": "a", "properties": {"token": "wk", "$device_id": "d", "$insert_id": "0"}},
        both("1"), both("2"),
        {"event": "$identify", "properties": {"token": "wk", "$identified_id": "u", "$anon_id": "x"}},
        {"event": "$create_alias", "properties": {"token": "wk", "distinct_id": "u", "alias": "y"}},
        {"event": "$merge", "properties": {"token": "wk", "$distinct_ids": ["u", "z"]}},
    ]);
    assert_eq!(post(&gateway, "/track", &events).body, "1");
    let device = json!({"$anon_distinct_id": "$device:d"});
    let ids = json!({"$device_id": "d", "$user_id": "u"});
    let expected = [
        ("a", "$device:d", json!({"$device_id": "d"})),
        ("$identify", "u", device),
        ("a", "u", ids.clone()),
        ("a", "u", ids),
        ("$identify", "u", json!({"$anon_distinct_id": "x"})),
        ("$create_alias", "u", json!({"alias": "y"})),
        ("$merge_dangerously", "u", json!({"alias": "z"})),
    ];
    assert_eq!(named(&gateway), expected.map(|(name, unit, props)| (name.to_owned(), unit.to_owned(), props)));
    assert_eq!(post(&gateway, "/track", &json!([both("3")])).body, "1");
    assert_eq!(gateway.events().len(), 8, "the same link again is a duplicate");
}

#[test]
fn imports_say_what_became_of_each_record() {
    let gateway = Gateway::start();
    let auth = |user: &str| format!("Basic {}", base64(user.as_bytes()));
    let send = |target: &str, user: &str, headers: &[(&str, &str)], body: &[u8]| {
        let auth = auth(user);
        let mut all = vec![("authorization", auth.as_str())];
        all.extend(headers);
        gateway.send("POST", target, &all, body)
    };
    let event =
        |id: &str| json!({"event": "old", "properties": {"distinct_id": "u", "time": 1_700_000_000, "$insert_id": id}});
    let two = json!([event("1"), event("2")]).to_string();
    for (user, project) in [("wk:", ""), ("service:wk", "&project_id=1")] {
        let answer = send(&format!("/import?strict=1{project}"), user, &[], two.as_bytes());
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"code": 200, "num_records_imported": 2, "status": "OK"}))
        );
    }
    assert_eq!(gateway.events().len(), 2);
    let lines = format!("{}\n{}\n", event("3"), event("4"));
    let kinds = [("content-type", "application/x-ndjson"), ("content-encoding", "gzip")];
    assert_eq!(send("/import?strict=1", "wk:", &kinds, &gzip(lines.as_bytes())).json()["num_records_imported"], 2);

    let mixed = json!([event("5"), {"event": "old", "properties": {"distinct_id": "u", "$insert_id": "x"}}, {"event": "old", "properties": {"distinct_id": "u", "time": 1_700_000_000}}, 7]);
    let answer = send("/import?strict=1", "wk:", &[], mixed.to_string().as_bytes());
    let body = answer.json();
    assert_eq!((answer.status, &body["code"], &body["num_records_imported"]), (400, &json!(400), &json!(1)));
    assert_eq!(body["status"], "Bad Request");
    let failed: Vec<_> = body["failed_records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["index"].clone(), f["insert_id"].clone(), f["field"].clone()))
        .collect();
    let row = |index: u64, id: &str, field: &str| (json!(index), json!(id), json!(field));
    assert_eq!(failed, [row(1, "x", "properties.time"), row(2, "", "properties.$insert_id"), row(3, "", "event")]);
    assert_eq!(gateway.rejections().len(), 3);
    let lenient =
        send("/import", "wk:", &[], json!([event("6"), {"event": "old", "properties": {}}]).to_string().as_bytes());
    assert_eq!((lenient.status, &lenient.json()["num_records_imported"]), (200, &json!(2)));

    let refused = |answer: Answer, status: u16, name: &str| {
        assert_eq!(
            (answer.status, &answer.json()["code"], &answer.json()["status"]),
            (status, &json!(status), &json!(name))
        );
    };
    refused(send("/import?strict=1", "no:", &[], two.as_bytes()), 401, "Unauthorized");
    refused(send("/import?strict=1", "wk:", &[], b"{"), 400, "Bad Request");
    let many = json!(vec![event("m"); 2001]).to_string();
    refused(send("/import?strict=1", "wk:", &[], many.as_bytes()), 413, "Payload Too Large");
    let large = json!([{"event": "x".repeat(11_000_000)}]).to_string();
    refused(send("/import?strict=1", "wk:", &[], large.as_bytes()), 413, "Payload Too Large");
}
