//! Who may call what, over every route there is.

use epoch_gateway::{Access, ROUTES, Route};

use crate::kit::{Answer, Gateway, base64};
use crate::levers::{flag, price_test};

/// The path with something in place of its braces.
fn filled(route: &Route, key: &str) -> String {
    let part = |part: &'static str| match part {
        "{token}" | "{clientKey}" | "{client_key}" => key.to_owned(),
        "{project}" => "@current".to_owned(),
        part if part.starts_with('{') => "price".to_owned(),
        part => part.to_owned(),
    };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn gateway() -> Gateway {
    let gateway = Gateway::start();
    gateway.levers(vec![flag("plain"), price_test("price")]);
    gateway
}

fn call(gateway: &Gateway, route: &Route, method: &str, headers: &[(&str, &str)]) -> Answer {
    gateway.send(method, &filled(route, "phc_test_key"), headers, b"{}")
}

#[test]
fn every_route_is_served_with_its_methods_only() {
    let gateway = gateway();
    for route in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let answer = call(&gateway, route, method, &[]);
            let (takes, not_found) =
                (route.methods.contains(&method), answer.json()["message"] == "there is nothing here");
            assert!(!not_found, "{method} {} is listed, not served", route.path);
            assert_eq!(answer.status != 405, takes, "{method} {} -> {}", route.path, answer.status);
        }
        let slash = gateway.send(route.methods[0], &format!("{}/", filled(route, "phc_test_key")), &[], b"{}");
        assert_eq!(slash.status, call(&gateway, route, route.methods[0], &[]).status, "{}/", route.path);
    }
}

#[test]
fn foreign_hosts_get_nowhere() {
    let gateway = gateway();
    for route in ROUTES {
        for method in route.methods.iter().chain(&["OPTIONS"]) {
            for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"] {
                let headers = [("host", host), ("x-api-key", "rk"), ("origin", "https://shop.example")];
                let answer = call(&gateway, route, method, &headers);
                let shared = answer.header("access-control-allow-origin");
                assert_eq!((answer.status, shared), (403, None), "{method} {} as {host}", route.path);
            }
        }
    }
}

#[test]
fn foreign_pages_reach_only_what_is_for_pages() {
    let gateway = gateway();
    for route in ROUTES {
        let pages = matches!(route.access, Access::Write | Access::Client);
        for origin in ["https://shop.example", "null"] {
            for method in route.methods.iter().chain(&["OPTIONS"]) {
                let headers = [("origin", origin), ("x-api-key", "?"), ("access-control-request-method", "POST")];
                let answer = call(&gateway, route, method, &headers);
                let what = format!("{method} {} from {origin} -> {}", route.path, answer.status);
                assert_eq!(answer.header("access-control-allow-origin"), pages.then_some(origin), "{what}");
                assert_eq!(answer.header("access-control-allow-credentials"), pages.then_some("true"), "{what}");
                assert_eq!(
                    pages,
                    answer.status != 403 || answer.json()["message"] != "this origin may not read here",
                    "{what}"
                );
                if *method == "OPTIONS" {
                    assert_eq!(answer.status, if pages { 204 } else { 403 }, "{what}");
                }
            }
        }
    }
}

/// Every way a key can be given.
fn ways(key: &str) -> Vec<(String, Vec<(&'static str, String)>)> {
    let basic = format!("Basic {}", base64(format!("{key}:").as_bytes()));
    vec![
        (String::new(), vec![("x-api-key", key.to_owned())]),
        (String::new(), vec![("authorization", format!("Bearer {key}"))]),
        (String::new(), vec![("authorization", key.to_owned())]),
        (String::new(), vec![("authorization", basic)]),
        (format!("?key={key}&token={key}&api_key={key}"), Vec::new()),
    ]
}

fn tried(gateway: &Gateway, route: &Route, method: &str, key: &str) -> Vec<Answer> {
    let body = format!(
        r#"{{"token":"{key}","api_key":"{key}","distinct_id":"u","context":{{"targetingKey":"u"}},"attributes":{{"id":"u"}}}}"#
    );
    let target = filled(route, key);
    let send = |(query, headers): (String, Vec<(&str, String)>)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        gateway.send(method, &format!("{target}{query}"), &headers, body.as_bytes())
    };
    ways(key).into_iter().map(send).collect()
}

/// Routes of PostHog's that evaluate one person for a write key, as its SDKs ask with no other.
const POSTHOG: [&str; 4] = ["/flags", "/decide", "/array/{token}/config", "/array/{token}/config.js"];

#[test]
fn a_write_key_reads_nothing() {
    let gateway = gateway();
    for route in ROUTES {
        // Counters are open on loopback.
        let open = route.access == Access::Open || route.path == "/metrics";
        let reads = matches!(route.access, Access::Read | Access::Client) && !POSTHOG.contains(&route.path);
        for method in route.methods.iter().filter(|_| reads && !open) {
            for answer in tried(&gateway, route, method, "wk") {
                assert!((400..=404).contains(&answer.status), "{method} {} -> {}", route.path, answer.status);
                assert!(!answer.body.contains("defaultValue") && !answer.body.contains("\"value\""), "{}", answer.body);
            }
        }
    }
}

#[test]
fn a_client_key_neither_writes_nor_reads_definitions() {
    let gateway = gateway();
    for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Write | Access::Read)) {
        for method in route.methods.iter().filter(|_| route.path != "/metrics") {
            for answer in tried(&gateway, route, method, "ck") {
                // Segment and Mixpanel say 200 to unknown keys, too; what counts is that nothing is kept or told.
                assert!(!answer.body.contains("filters") && !answer.body.contains("strategies"), "{}", answer.body);
                let refused = (400..=404).contains(&answer.status);
                assert!(refused || route.access == Access::Write, "{method} {} -> {}", route.path, answer.status);
            }
        }
    }
    assert!(gateway.events().is_empty());
}

#[test]
fn what_is_not_listed_is_not_served() {
    let gateway = gateway();
    for path in ["/", "/nowhere", "/v1", "/v1/eventsx", "/ofrep/v1", "/e/x", "/array/wk", "/%2e%2e/metrics"] {
        let answer = gateway.send("GET", path, &[("x-api-key", "rk")], b"");
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not_found")), "{path}");
    }
}
