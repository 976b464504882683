//! GrowthBook's endpoints, as its SDKs call them.

use epoch_gateway::Limits;
use epoch_model::business::LeverValue;
use epoch_model::serving::Protocol;
use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, gzip};
use crate::levers::{flag, price_test, rollout};
use crate::stream::Stream;

fn get(gateway: &Gateway, headers: &[(&str, &str)]) -> Answer {
    gateway.send("GET", "/api/features/ck", headers, b"")
}

fn eval(gateway: &Gateway, body: &Value) -> Answer {
    gateway.post("/api/eval/ck", body.to_string())
}

#[test]
fn features_are_served_and_cached() {
    let gateway = Gateway::start();
    let mut elsewhere = flag("elsewhere");
    elsewhere.serving.served_as = vec![Protocol::Posthog];
    gateway.levers(vec![rollout("pros", Some("plan == 'pro'"), 1.0), price_test("price"), elsewhere]);
    let answer = get(&gateway, &[("user-agent", "node")]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json; charset=utf-8")));
    let cached = "public, max-age=30, stale-while-revalidate=3600, stale-if-error=36000";
    assert_eq!((answer.header("cache-control"), answer.header("x-sse-support")), (Some(cached), Some("enabled")));
    let body = answer.json();
    assert_eq!((&body["status"], body["features"].as_object().unwrap().len()), (&json!(200), 2));
    assert_eq!(body["features"]["pros"]["rules"][0]["condition"], json!({"plan": {"$eq": "pro"}}));
    let etag = answer.header("etag").unwrap().to_owned();
    let again = get(&gateway, &[("if-none-match", &etag)]);
    assert_eq!((again.status, again.body.as_str(), again.header("cache-control")), (304, "", Some(cached)));
    // A change that has no date of its own shows in the date all the same: SDKs ignore payloads whose date they know.
    gateway.levers(vec![price_test("price")]);
    let changed = get(&gateway, &[("if-none-match", &etag)]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.json()["dateUpdated"], body["dateUpdated"]);
    let readers = gateway.memory.readers.lock().unwrap();
    assert_eq!(readers.first(), Some(&(Protocol::Growthbook, "node".into(), "page".into(), None)));
    assert_eq!(readers.len(), 3);
}

#[test]
fn keys_are_asked_for_in_growthbooks_words() {
    let gateway = Gateway::with(Limits { batch_bytes_max: 1000, ..Limits::default() });
    gateway.levers(vec![flag("a")]);
    for key in ["nobody", "wk"] {
        for (method, target) in [("GET", "/api/features/"), ("POST", "/api/eval/"), ("GET", "/sub/")] {
            let answer = gateway.send(method, &format!("{target}{key}"), &[], b"{}");
            assert_eq!((answer.status, answer.header("x-unrecoverable")), (400, Some("1")), "{target}{key}");
            assert_eq!(answer.json()["status"], 400);
            assert!(answer.json()["error"].is_string() && answer.json()["features"].is_null());
        }
    }
    assert_eq!(gateway.send("GET", "/api/features/rk", &[], b"").status, 200, "a read key reads everything");
    for body in ["[]", "{", r#"{"attributes": 7}"#, "x".repeat(2000).as_str()] {
        let answer = gateway.post("/api/eval/ck", body);
        assert_eq!((answer.status, answer.header("x-unrecoverable")), (400, None), "{body}");
        assert!(answer.json()["error"].is_string(), "{}", answer.body);
    }
    let page = get(&gateway, &[("origin", "https://shop.example")]);
    assert_eq!((page.status, page.header("access-control-allow-origin")), (200, Some("https://shop.example")));
}

#[test]
fn features_are_evaluated_here() {
    let gateway = Gateway::start();
    gateway.levers(vec![rollout("pros", Some("plan == 'pro'"), 1.0), price_test("price"), rollout("some", None, 0.5)]);
    let definitions = get(&gateway, &[]).json();
    for n in 0..40 {
        let unit = format!("u{n}");
        let answer =
            eval(&gateway, &json!({"attributes": {"id": unit, "plan": "pro"}, "url": "https://shop.example/"}));
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
        let body = answer.json();
        assert_eq!((&body["experiments"], &body["dateUpdated"]), (&json!([]), &definitions["dateUpdated"]));
        let features = &body["features"];
        assert_eq!(features["pros"], json!({"defaultValue": true}), "no rules, nobody learns whom they speak of");
        let track = &features["price"]["rules"][0]["tracks"][0];
        let (value, variation) = (&features["price"]["defaultValue"], track["result"]["variationId"].as_u64().unwrap());
        assert_eq!(&features["price"]["rules"][0]["force"], value);
        let arm = if *value == 29 { "control" } else { "test" };
        assert_eq!(
            (track["result"]["key"].as_str(), track["experiment"]["key"].as_str()),
            (Some(arm), Some("price-2026"))
        );
        assert_eq!(
            track["experiment"]["variations"][usize::try_from(1 - variation).unwrap()],
            json!({}),
            "nor what others get"
        );
        let assigned = gateway.assigned();
        let logged = assigned.iter().find(|event| event.unit == unit && event.props["lever"] == "price").unwrap();
        assert_eq!((&logged.props["value"], &logged.props["variant"]), (value, &json!(arm)));
        assert_eq!((&logged.props["propensity"], &logged.props["protocol"]), (&json!(0.5), &json!("growthbook")));
        assert!(assigned.iter().all(|event| event.props["lever"] != "pros"), "nothing was left to chance");
    }
    let before = gateway.assigned().len();
    eval(&gateway, &json!({"attributes": {"id": "u1", "plan": "pro"}}));
    assert_eq!(gateway.assigned().len(), before, "what is known is not logged again");
}

#[test]
fn what_is_forced_is_not_logged_as_chance() {
    let gateway = Gateway::start();
    gateway.levers(vec![price_test("price"), rollout("some", None, 0.5)]);
    let forced =
        json!({"attributes": {"id": "u1"}, "forcedVariations": {"price-2026": 0}, "forcedFeatures": [["some", "x"]]});
    let other = json!({"attributes": {"id": "u1"}, "forcedVariations": {"price-2026": 1}});
    let values: Vec<Value> =
        [&forced, &other].map(|body| eval(&gateway, body).json()["features"]["price"]["defaultValue"].clone()).into();
    assert_eq!(values, [json!(29), json!(35)]);
    assert_eq!(eval(&gateway, &forced).json()["features"]["some"], json!({"defaultValue": "x"}));
    let logged = gateway.assigned().iter().filter(|event| event.props["lever"] == "price").count();
    assert_eq!(logged, 1, "only the arm that chance would have chosen, too");
    let anonymous = eval(&gateway, &json!({}));
    assert_eq!(anonymous.json()["features"]["price"], json!({"defaultValue": 29}));
}

#[test]
fn groups_are_attributes_named_like_their_type() {
    let gateway = Gateway::start();
    let mut company = rollout("company", None, 0.5);
    company.serving.group = Some("company".into());
    gateway.levers(vec![company]);
    eval(&gateway, &json!({"attributes": {"id": "u1"}}));
    assert!(gateway.assigned().is_empty(), "no group, no chance");
    let value = |unit: &str| {
        let answer = eval(&gateway, &json!({"attributes": {"id": unit, "company": "acme"}})).json();
        answer["features"]["company"]["defaultValue"].clone()
    };
    let first = value("u1");
    assert!((2..20).all(|n| value(&format!("u{n}")) == first));
    assert_eq!(gateway.assigned().len(), 19);
}

#[test]
fn an_assignment_that_cannot_be_kept_is_not_answered() {
    let gateway = Gateway::start();
    gateway.levers(vec![price_test("price")]);
    gateway.mood(Mood::Full);
    let answer = eval(&gateway, &json!({"attributes": {"id": "u1"}}));
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(answer.json()["error"].is_string());
    gateway.mood(Mood::Fine);
    let body = gzip(json!({"attributes": {"id": "u1"}}).to_string().as_bytes());
    assert_eq!(gateway.send("POST", "/api/eval/ck", &[("content-encoding", "gzip")], &body).status, 200);
    assert_eq!(gateway.assigned().len(), 1);
}

fn event<'a>(frame: &'a str, name: &str) -> &'a str {
    assert!(frame.contains(&format!("\nevent: {name}\n")), "{frame}");
    frame.split("\ndata: ").nth(1).unwrap_or_default()
}

#[test]
fn changes_are_told() {
    let gateway = Gateway::start();
    gateway.levers(vec![flag("a")]);
    let mut stream = Stream::open(&gateway, "/sub/ck", &[]);
    assert_eq!((stream.status, stream.header("content-type")), (200, Some("text/event-stream")));
    let payload = |frame: &str| serde_json::from_str::<Value>(event(frame, "features")).unwrap();
    assert_eq!(payload(&stream.next()), get(&gateway, &[]).json(), "it may have changed since it was asked for");
    let mut on = flag("a");
    on.value = LeverValue::Bool(true);
    gateway.levers(vec![on]);
    assert_eq!(payload(&stream.next())["features"]["a"]["defaultValue"], true);
    // SDKs that let us evaluate are told to ask again.
    eval(&gateway, &json!({"attributes": {"id": "u1"}}));
    let mut remote = Stream::open(&gateway, "/sub/ck", &[]);
    assert_eq!(remote.next(), ": open");
    gateway.levers(vec![flag("a")]);
    event(&remote.next(), "features-updated");
    event(&stream.next(), "features-updated");
    // One that comes back hears of what it missed, and of nothing else.
    get(&gateway, &[]);
    let seen = gateway.memory.book.version().to_string();
    let mut back = Stream::open(&gateway, "/sub/ck", &[("last-event-id", &seen)]);
    assert_eq!(back.next(), ": open");
    drop(gateway);
    assert!(back.ended() && remote.ended());
}

#[test]
fn streams_are_bounded() {
    let gateway = Gateway::with(Limits { streams_max: 2, ..Limits::default() });
    gateway.levers(vec![flag("a")]);
    let open = || Stream::open(&gateway, "/sub/ck", &[]);
    let (first, second) = (open(), open());
    assert_eq!((first.status, second.status, open().status), (200, 200, 503));
}
