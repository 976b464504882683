//! Webhooks to a server on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use epoch_connectors::effects::{self, Around, Delivery, Refusal};
use epoch_connectors::levers_file;
use epoch_connectors::webhook;
use epoch_model::business::EffectTarget;
use epoch_model::decision::Decision;
use epoch_model::gate::{Ground, OperatorKeys, Permit, RunState, admit};
use epoch_model::journal::content_hash;
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: i64 = 1_614_265_330_123;

/// What the gate gives for calling the effect `hook` with this payload.
pub(crate) fn permit(payload: &Value) -> Permit {
    let act = json!({"kind": "call", "effect": "hook", "payload": payload});
    let expectation = json!({"p10": 0.0, "p50": 1.0, "p90": 2.0, "method": "naive", "history": 3});
    let prediction = json!({"metric": "m", "from": 0, "to": 1, "value": expectation, "money_minor": null, "p_worse": 0.1, "calibration": {"scored": 0, "inside": 0}});
    let decision = json!({
        "id": "dec_1", "state": "executing", "created_at": 0, "level": "operational", "layer": "executor", "domain": "support",
        "headline": "h", "proposer": "p", "policy_version": "v", "act": act, "act_hash": content_hash(&act),
        "idempotency_key": "idem-1", "dry_run": "", "goal": null, "insight": "", "evidence": [], "counter_evidence": [],
        "counter_search": "", "prediction": prediction, "nothing": prediction, "alternatives": [], "cost_minor": 0,
        "stake_minor": null, "budget_left_minor": 0, "founder_minutes": 0, "reversibility": "R1", "undo": "",
        "blast_radius": "", "worst_case": "", "delay_cost_per_day_minor": null, "expires_at": 1, "on_expiry": "",
        "preconditions": [], "guardrails": [], "policy": {"answer": "run", "rule": "r", "reason": ""}, "editable": [], "precedents": [],
        "deferred_until": null, "history": [], "outcome": null
    });
    let decision: Decision = serde_json::from_value(decision).unwrap();
    admit(&decision, None, None, &Ground::plain(&OperatorKeys::default(), "b", RunState::Running)).unwrap()
}

fn target(url: &str, allow_private: bool) -> EffectTarget {
    serde_json::from_value(json!({"key": "hook", "title": "t", "kind": "webhook", "url": url, "domain": "support", "reversibility": "R1", "cost_minor": 0, "allow_private": allow_private})).unwrap()
}

/// Answers one request with `answer` and gives the request back.
fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/hook", listener.local_addr().unwrap().port());
    let handle = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let (mut request, mut buf) = (Vec::new(), [0; 4096]);
        while let Ok(n) = stream.read(&mut buf) {
            request.extend_from_slice(&buf[..n]);
            if n == 0 || request.ends_with(b"}") {
                break;
            }
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, handle)
}

fn around() -> Around<'static> {
    Around {
        folder: std::path::Path::new("."),
        secret: Some(SECRET.as_bytes()),
        now: NOW,
        began: NOW,
        may_leave: &|| true,
    }
}

fn send(payload: &Value, target: &EffectTarget) -> Delivery {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(effects::send(&permit(payload), target, payload, &around())).delivery
}

#[test]
fn delivered_with_a_signature() {
    let payload = json!({"text": "Über 3 refunds", "n": 3});
    let (url, handle) = server("HTTP/1.1 204 No Content\r\n\r\n");
    let sent = send(&payload, &target(&url, true));
    assert!(matches!(&sent, Delivery::Delivered { answer, .. } if answer["status"] == 204), "{sent:?}");
    let request = handle.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), payload);
    let header = |name: &str| {
        head.lines()
            .find_map(|l| l.split_once(": ").filter(|(k, _)| k.eq_ignore_ascii_case(name)))
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), ("idem-1".into(), "1614265330".into()));
    let key = webhook::secret_key(SECRET.as_bytes()).unwrap();
    assert_eq!(Some(header("webhook-signature")), webhook::signature(&key, "idem-1", 1_614_265_330, body));
}

#[test]
fn answers_are_told_apart() {
    let payload = json!({"a": 1});
    let check = |answer: &'static str, expect: &dyn Fn(&Delivery) -> bool| {
        let (url, handle) = server(answer);
        let found = send(&payload, &target(&url, true));
        assert!(expect(&found), "{answer}: {found:?}");
        handle.join().unwrap();
    };
    let refused = |why| move |d: &Delivery| matches!(d, Delivery::Refused { why: w, .. } if *w == why);
    let retry = |s: Option<u64>| move |d: &Delivery| matches!(d, Delivery::Retry { after, .. } if *after == s.map(Duration::from_secs));
    check("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", &refused(Refusal::Auth));
    check("HTTP/1.1 422 Nope\r\nContent-Length: 2\r\n\r\nno", &refused(Refusal::Semantic));
    check(
        "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        &refused(Refusal::Semantic),
    );
    check("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", &retry(Some(7)));
    check("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", &retry(None));
    check("", &|d| matches!(d, Delivery::InDoubt { detail } if detail.contains("not answered")));
}

#[test]
fn private_addresses_and_foreign_permits() {
    let payload = json!({"a": 1});
    for url in [
        "http://localhost:1/",
        "http://127.0.0.1:1/",
        "http://[::1]:1/",
        "http://169.254.169.254/latest",
        "http://2130706433/",
        "http://0x7f.1/",
    ] {
        assert!(
            matches!(send(&payload, &target(url, false)), Delivery::Refused { why: Refusal::Address, .. }),
            "{url}"
        );
    }
    for url in ["ftp://example.com/", "not a url", "file:///etc/passwd"] {
        assert!(
            matches!(send(&payload, &target(url, false)), Delivery::Refused { why: Refusal::Semantic, .. }),
            "{url}"
        );
    }
    assert!(matches!(send(&payload, &target("http://127.0.0.1:1/", true)), Delivery::Retry { .. }), "nobody listens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = json!({"a": 2});
    let target = target("http://127.0.0.1:1/", true);
    let found = runtime.block_on(effects::send(&permit(&payload), &target, &other, &around())).delivery;
    assert!(matches!(found, Delivery::Refused { why: Refusal::Permit, .. }), "{found:?}");
}

#[test]
fn levers_are_published_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("levers.json");
    for n in 1..3 {
        levers_file::publish(&path, &json!({"version": n})).unwrap();
        let read: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(read["version"], n);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no leftovers");
    assert!(levers_file::publish(&dir.path().join("none/levers.json"), &json!({})).is_err());
}
