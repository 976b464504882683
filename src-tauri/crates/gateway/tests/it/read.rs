//! Levers, health, counters, and the SDKs' first requests.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::kit::Gateway;

#[test]
fn levers_are_for_read_keys_and_cached_by_version() {
    let gateway = Gateway::start();
    let get = |headers: &[(&str, &str)]| gateway.send("GET", "/v1/levers", headers, b"");
    assert_eq!((get(&[]).status, get(&[("x-api-key", "?")]).status), (401, 401));
    let write = get(&[("authorization", "Bearer wk")]);
    assert_eq!((write.status, write.json()["code"].as_str()), (403, Some("unauthorized")));
    let first = get(&[("authorization", "Bearer rk")]);
    assert_eq!((first.status, first.json()["version"].as_i64(), first.header("etag")), (200, Some(7), Some("\"7\"")));
    for (tag, status) in [("\"7\"", 304), ("W/\"7\"", 304), ("\"1\", \"7\"", 304), ("*", 304), ("\"6\"", 200)] {
        let again = get(&[("x-api-key", "rk"), ("if-none-match", tag)]);
        assert_eq!((again.status, again.header("etag")), (status, Some("\"7\"")), "{tag}");
        assert_eq!(again.body.is_empty(), status == 304);
    }
    gateway.memory.version.store(8, Ordering::Relaxed);
    assert_eq!(get(&[("x-api-key", "rk"), ("if-none-match", "\"7\"")]).status, 200);
}

#[test]
fn health_and_counters() {
    let gateway = Gateway::start();
    assert_eq!(gateway.send("GET", "/healthz", &[], b"").status, 200);
    assert_eq!(gateway.send("GET", "/readyz", &[], b"").status, 200);
    let metrics = gateway.send("GET", "/metrics", &[], b"");
    assert!(metrics.status == 200 && metrics.body.contains("events_total 1"));
    assert_eq!(gateway.send("GET", "/x", &[], b"").json()["code"], "not_found");
    assert_eq!(gateway.send("DELETE", "/v1/levers", &[], b"").status, 405);
    let counted = gateway.memory.requests.lock().unwrap();
    assert_eq!(*counted, [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("other", 404), ("/v1/levers", 405)]);
}

#[test]
fn sdks_start_without_flags() {
    let gateway = Gateway::start();
    let config = gateway.send("GET", "/array/phc_test_key/config", &[], b"");
    assert_eq!((config.status, config.json()["hasFeatureFlags"].as_bool()), (200, Some(false)));
    assert_eq!(gateway.send("GET", "/array/nope/config", &[], b"").status, 401);
    let script = gateway.send("GET", "/array/phc_test_key/config.js", &[], b"");
    assert!(script.status == 200 && script.body.contains("_POSTHOG_REMOTE_CONFIG[\"phc_test_key\"]"));
    let ask = r#"{"api_key":"phc_test_key","distinct_id":"u"}"#;
    for target in ["/flags/?v=2", "/flags?v=4", "/decide/?v=4"] {
        let answer = gateway.post(target, ask);
        assert_eq!((answer.status, &answer.json()["flags"]), (200, &json!({})), "{target}");
        assert_eq!(answer.json()["errorsWhileComputingFlags"], false);
    }
    assert_eq!(gateway.post("/flags/", ask).json()["featureFlags"], json!({}));
    assert_eq!(gateway.post("/decide/?v=1", ask).json()["featureFlags"], json!([]));
    assert_eq!(gateway.post("/decide/?v=3", ask).json()["featureFlags"], json!({}));
    assert_eq!(gateway.post("/flags/?v=2&config=true", ask).json()["sessionRecording"], false);
    assert_eq!(gateway.post("/flags/?v=2", r#"{"api_key":"phc_test_key"}"#).status, 400);
    assert_eq!(gateway.post("/flags/?v=2", r#"{"distinct_id":"u"}"#).status, 401);
}
