//! Hosts and origins.

use crate::kit::Gateway;

const EVENT: &[u8] = br#"{"api_key":"phc_test_key","event":"a","distinct_id":"u"}"#;

#[test]
fn foreign_hosts_are_refused_everywhere() {
    let gateway = Gateway::start();
    let port = gateway.address.port();
    let check = |host: &str, allowed: bool| {
        for (method, target) in [("GET", "/healthz"), ("POST", "/e"), ("GET", "/nowhere")] {
            let answer = gateway.send(method, target, &[("host", host)], EVENT);
            assert_eq!(answer.status != 403, allowed, "{method} {target} as {host:?} -> {}", answer.status);
        }
    };
    for host in ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:9", "127.9.9.9", "epoch.example", "epoch.example:443"]
    {
        check(host, true);
    }
    check(&format!("127.0.0.1:{port}"), true);
    for host in [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "localhost:evil",
        "127.0.0.1@evil.example",
        "0.0.0.0",
    ] {
        check(host, false);
    }
    let absolute = gateway.send("GET", "http://evil.example/healthz", &[], b"");
    assert_eq!(absolute.status, 403);
    let twice =
        gateway.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_ne!(twice.status, 200);
}

#[test]
fn browsers_may_send_from_anywhere_but_read_from_nowhere() {
    let gateway = Gateway::start();
    let shop = [("origin", "https://shop.example")];
    let answer = gateway.send("POST", "/e/", &shop, EVENT);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    let refused = gateway.send("POST", "/e/", &shop, b"nonsense!");
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (400, Some("https://shop.example")));
    let asks = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, x-posthog"),
        ("access-control-request-private-network", "true"),
    ];
    for target in ["/e/", "/batch", "/flags/?v=2", "/v1/events", "/array/phc_test_key/config"] {
        let preflight = gateway.send("OPTIONS", target, &asks, b"");
        assert_eq!(preflight.status, 204, "{target}");
        assert_eq!(preflight.header("access-control-allow-headers"), Some("content-type, x-posthog"));
        assert_eq!(preflight.header("access-control-allow-private-network"), Some("true"));
    }
    for target in ["/v1/levers", "/metrics", "/healthz", "/readyz", "/nowhere", "/v1/eventsx"] {
        for method in ["GET", "OPTIONS"] {
            let answer = gateway.send(method, target, &asks, b"");
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None), "{method} {target}");
        }
        assert_eq!(gateway.send("GET", target, &[("origin", "null")], b"").status, 403);
    }
    assert_eq!(gateway.send("GET", "/healthz", &[("origin", "http://localhost:5173")], b"").status, 200);
    assert_eq!(gateway.send("GET", "/healthz", &[("origin", "https://epoch.example")], b"").status, 200);
}
