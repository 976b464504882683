//! PostHog's flags as its SDKs ask for them, and requests of unmodified flag SDKs as they were recorded.

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::ports::Privacy;
use epoch_model::serving::{Arm, Protocol, Rule, Serve};
use serde_json::{Value, json};

use crate::kit::{Answer, Gateway, Mood, gzip, urlencoded};
use crate::levers::{flag, price_test, rollout};

/// A lever of texts with two arms of equal weight.
fn layout(key: &str) -> epoch_model::serving::Flag {
    let mut lever = flag(key);
    lever.kind = LeverKind::Variant { options: vec!["control".into(), "test".into()] };
    lever.default = LeverValue::Text("control".into());
    lever.value = lever.default.clone();
    let arm = |key: &str| Arm { key: key.into(), value: LeverValue::Text(key.into()), weight: 0.5 };
    let arms = vec![arm("control"), arm("test")];
    let serve = Serve::Experiment { experiment: "layout-1".into(), arms, share: 1.0, slice: None };
    lever.serving.rules.push(Rule { key: "r1".into(), name: "r1".into(), when: None, serve });
    lever
}

fn levers() -> Vec<epoch_model::serving::Flag> {
    let mut off = rollout("off", None, 1.0);
    off.serving.off = true;
    let mut elsewhere = flag("elsewhere");
    elsewhere.serving.served_as = vec![Protocol::Ofrep];
    let mut group = rollout("group", Some("seats > 3"), 1.0);
    group.serving.group = Some("company".into());
    let mut all = vec![rollout("pros", Some("plan == 'pro'"), 1.0), off, layout("layout"), elsewhere, group];
    all.iter_mut().zip(1..).for_each(|(lever, id)| lever.id = id);
    all
}

fn started() -> Gateway {
    let gateway = Gateway::start();
    gateway.levers(levers());
    gateway
}

fn ask(gateway: &Gateway, target: &str, more: Value) -> Answer {
    let mut body = json!({"token": "phc_test_key", "distinct_id": "u1"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    gateway.post(target, body.to_string())
}

#[test]
fn each_version_has_its_shape() {
    let gateway = started();
    let pro = || json!({"person_properties": {"plan": "pro"}, "groups": {"company": "acme"}, "group_properties": {"company": {"seats": 5}}});
    let v2 = ask(&gateway, "/flags/?v=2", pro()).json();
    let mut keys: Vec<_> = v2["flags"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["group", "layout", "off", "pros"], "levers of other protocols are not told");
    let pros = json!({
        "key": "pros", "enabled": true, "variant": null,
        "reason": {"code": "condition_match", "condition_index": 0, "description": "Matched condition set 1"},
        "metadata": {"id": 1, "version": 3, "description": "pros", "payload": null, "has_experiment": false},
    });
    assert_eq!(v2["flags"]["pros"], pros);
    let layout = &v2["flags"]["layout"];
    let variant = layout["variant"].as_str().unwrap();
    assert_eq!(layout["enabled"], true);
    assert_eq!(layout["metadata"]["payload"], format!("{variant:?}"), "JSON text of the value");
    assert_eq!(layout["metadata"]["has_experiment"], true);
    let off = &v2["flags"]["off"];
    assert_eq!((&off["enabled"], &off["reason"]["code"]), (&json!(false), &json!("flag_disabled")));
    assert_eq!(v2["flags"]["group"]["enabled"], true);
    assert_eq!(v2["errorsWhileComputingFlags"], false);
    assert!(v2["requestId"].as_str().unwrap().len() == 36 && v2["evaluatedAt"].is_i64());
    assert!(v2.get("quotaLimited").is_none() && v2.get("supportedCompression").is_none());
    for target in ["/flags?v=3", "/flags?v=4"] {
        let typed = ask(&gateway, target, pro()).json();
        let record = &typed["flags"]["layout"];
        assert_eq!((&record["value"], record.get("enabled"), record.get("variant")), (&json!(variant), None, None));
        assert_eq!((&typed["flags"]["pros"]["value"], &typed["flags"]["off"]["value"]), (&json!(true), &json!(false)));
    }
    assert_eq!(ask(&gateway, "/decide?v=4", pro()).json()["flags"]["pros"], pros);
    let values = json!({"pros": true, "off": false, "layout": variant, "group": true});
    for target in ["/flags", "/decide?v=3"] {
        let answer = ask(&gateway, target, pro()).json();
        assert_eq!(answer["featureFlags"], values, "{target}");
        assert_eq!(answer["featureFlagPayloads"], json!({"layout": format!("{variant:?}")}), "{target}");
    }
    let enabled = json!({"pros": true, "layout": variant, "group": true});
    assert_eq!(ask(&gateway, "/decide?v=2", pro()).json()["featureFlags"], enabled);
    for target in ["/decide", "/decide?v=1"] {
        assert_eq!(ask(&gateway, target, pro()).json()["featureFlags"], json!(["pros", "layout", "group"]));
    }
    let with_config = ask(&gateway, "/flags?v=2&config=true", pro()).json();
    assert_eq!((&with_config["hasFeatureFlags"], &with_config["flags"]["pros"]), (&json!(true), &pros));
    assert_eq!(ask(&gateway, "/decide?v=2", pro()).json()["hasFeatureFlags"], true);
}

#[test]
fn requests_say_whom_and_what() {
    let gateway = started();
    let reason =
        |more: Value, key: &str| ask(&gateway, "/flags?v=2", more).json()["flags"][key]["reason"]["code"].clone();
    assert_eq!(reason(json!({"person_properties": {"plan": "free"}}), "pros"), "no_condition_match");
    assert_eq!(reason(json!({}), "pros"), "no_condition_match");
    assert_eq!(reason(json!({}), "group"), "no_group_type");
    let some = ask(&gateway, "/flags?v=2", json!({"flag_keys_to_evaluate": ["off", "none"], "distinct_id": 42}));
    assert_eq!(some.json()["flags"].as_object().unwrap().keys().collect::<Vec<_>>(), ["off"]);
    let null = json!({"flag_keys_to_evaluate": null, "groups": null, "person_properties": null, "device_id": null, "$anon_distinct_id": "anon"});
    assert_eq!(ask(&gateway, "/flags?v=2", null).json()["flags"].as_object().unwrap().len(), 4);
    let packed = gateway.post("/flags/?v=2&compression=gzip-js", gzip(br#"{"api_key":"wk","$distinct_id":"u"}"#));
    assert_eq!(packed.json()["flags"].as_object().unwrap().len(), 4);
    let check = |body: &str, status: u16, text: &str| {
        let answer = gateway.post("/flags/?v=2", body);
        assert_eq!((answer.status, answer.body.contains(text)), (status, true), "{body} -> {}", answer.body);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    };
    check(r#"{"token":"wk"}"#, 400, "distinct_id field is missing");
    check(r#"{"token":"wk","distinct_id":""}"#, 400, "distinct_id field cannot be empty");
    check(r#"{"distinct_id":"u"}"#, 401, "No API token");
    check(r#"{"token":"?","distinct_id":"u"}"#, 401, "invalid");
    check(r#"{"token":"ck","distinct_id":"u"}"#, 401, "invalid");
    check("[]", 400, "parse");
    check("{", 400, "parse");
    check("no json!", 400, "decode");
}

#[test]
fn chance_is_logged_and_exposures_learn_of_it() {
    let gateway = Gateway::start();
    let private = Privacy { hash: vec!["unit".into()], ..Privacy::default() };
    gateway.levers(vec![rollout("pros", Some("plan == 'pro'"), 0.2), layout("layout"), price_test("price")]);
    let answer = ask(&gateway, "/flags?v=2", json!({"person_properties": {"plan": "pro"}})).json();
    ask(&gateway, "/flags?v=4", json!({"person_properties": {"plan": "pro"}}));
    let assigned = gateway.assigned();
    assert_eq!(assigned.len(), 3, "once each: {assigned:?}");
    let event = assigned.iter().find(|event| event.props["lever"] == "price").unwrap();
    let price: f64 = answer["flags"]["price"]["metadata"]["payload"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (event.name.as_str(), event.unit.as_str(), event.props["value"].as_f64()),
        ("$assigned", "u1", Some(price))
    );
    assert_eq!((&event.props["protocol"], &event.props["propensity"]), (&json!("posthog"), &json!(0.5)));
    assert_eq!((&event.props["experiment"], &event.props["rule"]), (&json!("price-2026"), &json!("r1")));
    let variant = event.props["variant"].as_str().unwrap();
    assert_eq!(price.to_string(), if variant == "control" { "29" } else { "35" });

    let exposed = |lever: &str, response: &Value, unit: &str| {
        let props = json!({"$feature_flag": lever, "$feature_flag_response": response, "x": 1});
        let event = json!({"api_key": "phc_test_key", "event": "$feature_flag_called", "distinct_id": unit, "properties": props});
        assert_eq!(gateway.post("/e", event.to_string()).status, 200);
        let props = gateway.events().pop().unwrap().props;
        (props.get("$propensity").and_then(Value::as_f64), props.get("$lever_version").and_then(Value::as_u64))
    };
    let pros = answer["flags"]["pros"]["enabled"].as_bool().unwrap();
    let known = Some(if pros { 0.2 } else { 0.8 });
    assert_eq!(exposed("pros", &json!(pros), "u1"), (known, Some(3)), "it follows the answer it speaks of");
    assert_eq!(exposed("pros", &json!(!pros), "u1"), (None, None), "another value than was served");
    assert_eq!(exposed("pros", &json!(true), "u2"), (None, None), "what an SDK knew of the person is not said");
    let arm = |unit: &str| {
        ask(&started(), "/flags?v=2", json!({"distinct_id": unit})).json()["flags"]["layout"]["variant"].clone()
    };
    assert_eq!(exposed("layout", &arm("u3"), "u3"), (Some(0.5), Some(3)), "an SDK that evaluated by itself");
    assert_eq!(exposed("none", &json!(true), "u1"), (None, None));

    // Where the source's units are kept as hashes, assignments are, too: they are joined by them.
    *gateway.memory.privacy.lock().unwrap() = private.into();
    ask(&gateway, "/flags?v=2", json!({"distinct_id": "hidden"}));
    exposed("layout", &json!("test"), "hidden");
    let unit = gateway.assigned().pop().unwrap().unit;
    assert_eq!((unit.starts_with("hash:"), Some(unit)), (true, gateway.events().pop().map(|event| event.unit)));
    gateway.mood(Mood::Full);
    let refused = ask(&gateway, "/flags?v=2", json!({"distinct_id": "later"}));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
}

#[test]
fn definitions_are_for_read_keys() {
    let gateway = started();
    let get = |target: &str, key: &str, tag: &str| {
        let bearer = format!("Bearer {key}");
        gateway.send("GET", target, &[("authorization", &bearer), ("if-none-match", tag)], b"")
    };
    for target in
        ["/flags/definitions?token=phc_test_key&send_cohorts", "/api/feature_flag/local_evaluation/?token=phc_test_key"]
    {
        let first = get(target, "rk", "");
        let body = first.json();
        let keys: Vec<_> = body["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
        assert_eq!((first.status, keys), (200, vec!["pros", "off", "layout", "group"]), "{target}");
        assert_eq!((&body["group_type_mapping"], &body["cohorts"]), (&json!({"0": "company"}), &json!({})));
        let pros = &body["flags"][0];
        assert_eq!(
            (&pros["id"], &pros["active"], &pros["filters"]["groups"][0]["properties"][0]["key"]),
            (&json!(1), &json!(true), &json!("plan"))
        );
        let tag = first.header("etag").unwrap();
        assert_eq!(get(target, "rk", &format!("W/{tag}")).status, 304);
        assert_eq!(
            (get(target, "wk", "").status, get(target, "ck", "").status, get(target, "?", "").status),
            (403, 403, 401)
        );
    }
    let payload =
        |key: &str| get(&format!("/api/projects/@current/feature_flags/{key}/remote_config?token=wk"), "rk", "");
    assert_eq!((payload("layout").status, payload("layout").json()), (200, json!("\"control\"")));
    assert_eq!((payload("none").status, payload("elsewhere").status), (404, 404));
    let tag = get("/flags/definitions", "rk", "").header("etag").unwrap().to_owned();
    gateway.levers(vec![flag("other")]);
    assert_eq!(get("/flags/definitions", "rk", &tag).status, 200);
    let readers = gateway.memory.readers.lock().unwrap();
    assert!(readers.iter().any(|(protocol, _, key, lever)| (*protocol, key.as_str(), lever.as_deref())
        == (Protocol::Posthog, "server", Some("layout"))));
}

/// Whether `answer` has whatever is in `recorded`, of the same types.
fn same_shape(recorded: &Value, answer: &Value, path: &str) {
    match (recorded, answer) {
        (Value::Object(recorded), Value::Object(answer)) => {
            for (key, value) in recorded {
                let path = format!("{path}.{key}");
                same_shape(value, answer.get(key).unwrap_or_else(|| panic!("{path} is missing")), &path);
            }
        }
        (Value::Array(recorded), Value::Array(answer)) => {
            if let (Some(recorded), Some(answer)) = (recorded.first(), answer.first()) {
                same_shape(recorded, answer, &format!("{path}[0]"));
            }
        }
        (Value::Null, _) => {}
        (recorded, answer) => {
            let (a, b) = (std::mem::discriminant(recorded), std::mem::discriminant(answer));
            assert_eq!(a, b, "{path}: {answer} in place of {recorded}");
        }
    }
}

#[test]
fn recorded_requests_of_flag_sdks_are_answered() {
    let (posthog, ofrep) = (Gateway::start(), Gateway::start());
    let mut local = rollout("local-flag", None, 0.5);
    local.id = 2;
    posthog.levers(vec![layout("new-checkout"), local]);
    // Over OFREP the recorded lever was a boolean, tried out.
    let mut switch = flag("new-checkout");
    let arm = |key: &str, value| Arm { key: key.into(), value: LeverValue::Bool(value), weight: 0.5 };
    let arms = vec![arm("control", false), arm("test", true)];
    let serve = Serve::Experiment { experiment: "e1".into(), arms, share: 1.0, slice: None };
    switch.serving.rules.push(Rule { key: "r1".into(), name: "r1".into(), when: None, serve });
    ofrep.levers(vec![switch]);
    let recorded: Vec<Value> = serde_json::from_str(include_str!("fixtures/flags.json")).unwrap();
    assert_eq!(recorded.len(), 23);
    let (mut tag, mut last) = (String::new(), Value::Null);
    for request in &recorded {
        let query: Vec<_> = request["query"].as_object().unwrap().iter().collect();
        let query: Vec<_> =
            query.iter().map(|(key, value)| format!("{key}={}", urlencoded(value.as_str().unwrap()))).collect();
        let target = format!("{}?{}", request["path"].as_str().unwrap(), query.join("&"));
        let gateway = if target.starts_with("/ofrep") { &ofrep } else { &posthog };
        let mut headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        headers.retain(|(name, _)| name != "authorization" && name != "if-none-match");
        let key = if request["path"] == "/flags/definitions" { "rk" } else { "ck" };
        headers.push(("authorization".into(), format!("Bearer {key}")));
        // The recorded server had one tag for everybody; ours are of one context.
        let same_context = request["status"] == 304 && request["body"] == last;
        if same_context {
            headers.push(("if-none-match".into(), tag.clone()));
        }
        let mut body = if request["body"].is_object() { request["body"].to_string().into_bytes() } else { Vec::new() };
        if request["gzip"] == true {
            body = gzip(&body);
        }
        let headers: Vec<_> = headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let answer = gateway.send(request["method"].as_str().unwrap(), &target, &headers, &body);
        let expect = if request["status"] == 304 && !same_context { &json!(200) } else { &request["status"] };
        assert_eq!(&json!(answer.status), expect, "{} {target}: {}", request["sdk"], answer.body);
        if answer.status != 304 {
            // A v4 record goes by its value; the recorded server answered in the older form.
            let mut shape = request["answer"].clone();
            if target.contains("v=4") {
                let record = shape["flags"]["new-checkout"].as_object_mut().unwrap();
                record.remove("enabled");
                let variant = record.remove("variant").unwrap();
                record.insert("value".into(), variant);
            }
            same_shape(&shape, &answer.json(), &target);
            tag = answer.header("etag").unwrap_or_default().to_owned();
            last = request["body"].clone();
        }
    }
    let readers = [posthog, ofrep].map(|gateway| gateway.memory.readers.lock().unwrap().clone()).concat();
    let clients: std::collections::BTreeSet<_> = readers.iter().map(|(_, client, _, _)| client.as_str()).collect();
    let expect = ["node", "posthog-node/5.70.0", "posthog-python/7.91.1", "python-requests/2.34.2", "web/1.449.2"];
    assert_eq!(clients, expect.into());
}
