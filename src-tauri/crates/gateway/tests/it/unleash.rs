//! Unleash's endpoints, as its SDKs call them.

use epoch_model::serving::{Holdout, Protocol};
use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood};
use crate::levers::{flag, price_test, rollout};

const FEATURES: &str = "/api/client/features";
const FRONTEND: &str = "/api/frontend";

fn get(gateway: &Gateway, target: &str, key: &str) -> Answer {
    gateway.send("GET", target, &[("authorization", key), ("unleash-sdk", "unleash-node-sdk:6.12.1")], b"")
}

fn post(gateway: &Gateway, target: &str, key: &str, body: &Value) -> Answer {
    gateway.send("POST", target, &[("authorization", key)], body.to_string().as_bytes())
}

fn toggle<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    answer["toggles"].as_array().unwrap().iter().find(|toggle| toggle["name"] == name)
}

#[test]
fn servers_get_the_toggles() {
    let gateway = Gateway::start();
    let mut elsewhere = flag("elsewhere");
    elsewhere.serving.served_as = vec![Protocol::Ofrep];
    gateway.levers(vec![rollout("pros", Some("plan == 'pro'"), 0.5), price_test("price"), elsewhere, flag("off")]);
    let answer = get(&gateway, FEATURES, "rk");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json; charset=utf-8")));
    let body = answer.json();
    assert_eq!((&body["version"], body["features"].as_array().unwrap().len()), (&json!(2), 3));
    let strategy = &body["features"][0]["strategies"][0];
    assert_eq!(strategy["parameters"], json!({"rollout": "50", "stickiness": "default", "groupId": "pros:r1:share"}));
    assert_eq!(strategy["constraints"][0]["values"], json!(["pro"]));
    assert_eq!(
        body["features"][1]["strategies"][0]["variants"][1]["payload"],
        json!({"type": "number", "value": "35"})
    );
    assert_eq!(body["features"][2]["enabled"], false);
    let etag = answer.header("etag").unwrap().to_owned();
    let again = gateway.send("GET", FEATURES, &[("authorization", "Bearer rk"), ("if-none-match", &etag)], b"");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    gateway.levers(vec![flag("off")]);
    assert_eq!(gateway.send("GET", FEATURES, &[("authorization", "rk"), ("if-none-match", &etag)], b"").status, 200);
    let readers = gateway.memory.readers.lock().unwrap();
    assert_eq!(readers[0], (Protocol::Unleash, "unleash-node-sdk/6.12.1".into(), "server".into(), None));
}

#[test]
fn definitions_are_for_read_keys() {
    let gateway = Gateway::start();
    gateway.levers(vec![flag("a")]);
    for (key, status, name) in [
        ("", 401, "AuthenticationRequired"),
        ("nobody", 401, "AuthenticationRequired"),
        ("ck", 403, "NoAccessError"),
        ("wk", 403, "NoAccessError"),
    ] {
        for answer in [get(&gateway, FEATURES, key), post(&gateway, "/api/client/metrics", key, &json!({}))] {
            assert_eq!((answer.status, answer.json()["name"].as_str()), (status, Some(name)), "{key}");
            assert!(!answer.json()["message"].as_str().unwrap().is_empty() && answer.json()["features"].is_null());
        }
    }
    let why = get(&gateway, FEATURES, "ck").json()["message"].clone();
    assert!(why.as_str().unwrap().contains("client key"), "{why}");
    assert_eq!(get(&gateway, FRONTEND, "wk").status, 403);
    assert_eq!((get(&gateway, FRONTEND, "ck").status, get(&gateway, FRONTEND, "rk").status), (200, 200));
}

#[test]
fn pages_get_what_is_on_for_one_person() {
    let gateway = Gateway::start();
    let mut held = rollout("held", None, 1.0);
    held.serving.holdout = Some(Holdout { key: "global".into(), share: 0.1 });
    gateway.levers(vec![
        rollout("pros", Some("plan == 'pro' && seats > 5"), 1.0),
        price_test("price"),
        flag("off"),
        held,
    ]);
    let query = "?userId=u1&appName=shop&properties%5Bplan%5D=pro&properties[seats]=9";
    let by_address = get(&gateway, &format!("{FRONTEND}{query}"), "ck");
    let context = json!({"userId": "u1", "appName": "shop", "properties": {"plan": "pro", "seats": "9"}});
    let by_body = post(&gateway, FRONTEND, "ck", &json!({"context": context}));
    assert_eq!((by_address.status, by_body.status), (200, 200));
    assert_eq!(by_address.json(), by_body.json());
    let body = by_address.json();
    assert_eq!(toggle(&body, "pros").unwrap()["variant"]["name"], "r1");
    assert!(toggle(&body, "off").is_none() && toggle(&body, "holdout:global").is_none());
    let price = toggle(&body, "price").unwrap();
    assert_eq!(
        (&price["enabled"], &price["impressionData"], &price["variant"]["feature_enabled"]),
        (&json!(true), &json!(true), &json!(true))
    );
    let etag = by_address.header("etag").unwrap().to_owned();
    let known = [("authorization", "ck"), ("if-none-match", etag.as_str())];
    assert_eq!(gateway.send("GET", &format!("{FRONTEND}{query}"), &known, b"").status, 304);
    let other = gateway.send("GET", &format!("{FRONTEND}?userId=u2"), &known, b"");
    assert_eq!((other.status, toggle(&other.json(), "pros")), (200, None));
    let page = gateway.send("GET", FRONTEND, &[("authorization", "ck"), ("origin", "https://shop.example")], b"");
    assert_eq!(page.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!((page.header("etag"), page.header("cache-control")), (None, Some("no-store")), "nothing sticks");
    assert_eq!(post(&gateway, FRONTEND, "ck", &json!({"context": 7})).json()["name"], "BadDataError");
}

#[test]
fn chance_is_logged_with_unleashs_shares() {
    let gateway = Gateway::start();
    let mut price = price_test("price");
    price.serving.rules[0].when = Some("seats > 5".into());
    price.serving.holdout = Some(Holdout { key: "global".into(), share: 0.2 });
    gateway.levers(vec![price, rollout("beta", None, 0.3)]);
    for n in 0..300 {
        let answer = get(&gateway, &format!("{FRONTEND}?userId=u{n}&properties[seats]=9"), "ck");
        assert_eq!(answer.status, 200);
    }
    let assigned = gateway.assigned();
    let of = |lever: &str, value: Value| {
        let all: Vec<_> = assigned.iter().filter(|e| e.props["lever"] == lever && e.props["value"] == value).collect();
        let propensity = all.first().unwrap().props["propensity"].as_f64().unwrap();
        let near = |n: usize| (n as f64 / 300.0 - propensity).abs() < 0.1;
        assert!(near(all.len()), "{lever} {value}: {} of 300 at {propensity}", all.len());
        assert!(all.iter().all(|e| e.props["protocol"] == "unleash"));
        propensity
    };
    // Those held out see 29, too.
    let (control, test) = (of("price", json!(29)), of("price", json!(35)));
    assert!((control - 0.6).abs() < 1e-9 && (test - 0.4).abs() < 1e-9);
    assert!((of("beta", json!(true)) - 0.3).abs() < 1e-9 && (of("beta", json!(false)) - 0.7).abs() < 1e-9);
    gateway.mood(Mood::Full);
    let busy = get(&gateway, &format!("{FRONTEND}?userId=new"), "ck");
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")));
}

#[test]
fn usage_is_remembered() {
    let gateway = Gateway::start();
    gateway.levers(vec![flag("a"), flag("b")]);
    let started = json!({"appName": "shop", "instanceId": "i", "sdkVersion": "unleash-node-sdk:6.12.1", "strategies": ["default"]});
    let answer = post(&gateway, "/api/client/register", "rk", &started);
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    let counts =
        json!({"a": {"yes": 3, "no": 0, "variants": {}}, "b": {"yes": 0, "no": 0}, "gone": {"yes": 1, "no": 1}});
    let used = json!({"appName": "shop", "bucket": {"start": "x", "stop": "y", "toggles": counts}});
    assert_eq!(post(&gateway, "/api/client/metrics", "rk", &used).status, 202);
    assert_eq!(post(&gateway, "/api/frontend/client/metrics", "ck", &used).status, 202);
    assert_eq!(post(&gateway, "/api/frontend/client/register", "ck", &started).status, 202);
    assert_eq!(post(&gateway, "/api/frontend/client/metrics", "wk", &used).status, 403);
    let seen: Vec<_> = gateway.memory.readers.lock().unwrap().clone();
    let sdk = "unleash-node-sdk/6.12.1";
    assert_eq!(
        seen,
        [
            (Protocol::Unleash, sdk.into(), "server".into(), None),
            (Protocol::Unleash, String::new(), "server".into(), Some("a".into())),
            (Protocol::Unleash, String::new(), "page".into(), Some("a".into())),
            (Protocol::Unleash, sdk.into(), "page".into(), None),
        ]
    );
}
