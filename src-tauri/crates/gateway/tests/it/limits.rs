//! Bounds: size, bombs, time, rate, and an inbox that is full or fails.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use epoch_gateway::Limits;

use crate::kit::{Gateway, Mood, gzip};

const EVENT: &str = r#"{"api_key":"phc_test_key","event":"a","distinct_id":"u","uuid":"1"}"#;

#[test]
fn a_full_or_failing_inbox_asks_for_a_retry() {
    let gateway = Gateway::with(Limits { commit_timeout: Duration::from_millis(200), ..Limits::default() });
    for mood in [Mood::Full, Mood::NeverDone, Mood::DropsDone, Mood::FailsCommit] {
        gateway.mood(mood);
        let answer = gateway.post("/batch/", EVENT);
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{mood:?}");
        let plain = gateway.send("POST", "/v1/events", &[("x-api-key", "wk")], br#"{"event":"a"}"#);
        assert_eq!((plain.status, plain.header("retry-after")), (503, Some("1")), "{mood:?}");
        assert!(plain.json()["code"].is_string());
    }
    gateway.mood(Mood::Panics);
    let answer = gateway.post("/batch/", EVENT);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("internal")));
    gateway.mood(Mood::Fine);
    assert_eq!(gateway.post("/batch/", EVENT).status, 200);
    assert_eq!(gateway.events().len(), 1);
}

#[test]
fn bodies_are_bounded_as_sent_and_unfolded() {
    let limits = Limits { batch_bytes_max: 1024 * 1024, event_bytes_max: 10_000, ..Limits::default() };
    let gateway = Gateway::with(limits);
    let long = format!(r#"{{"api_key":"phc_test_key","event":"a","distinct_id":"u","x":"{}"}}"#, "x".repeat(1_100_000));
    assert_eq!(gateway.post("/e", &long).status, 413);
    assert_eq!(gateway.post("/e", gzip(long.as_bytes())).status, 413);
    let chunked = format!(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    assert_eq!(gateway.raw(chunked.as_bytes()).status, 413);
    let announced =
        gateway.raw(b"POST /e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(announced.status, 413);
    let big = format!(r#"{{"event":"big","x":"{}"}}"#, "x".repeat(11_000));
    let answer =
        gateway.send("POST", "/v1/events", &[("x-api-key", "wk")], format!("[{big},{{\"event\":\"ok\"}}]").as_bytes());
    assert_eq!(
        (answer.status, answer.json()["accepted"].as_u64(), answer.json()["rejected"][0]["index"].as_u64()),
        (200, Some(1), Some(0))
    );
}

#[test]
fn bombs_are_refused_by_ratio() {
    let gateway = Gateway::start();
    let bomb = gzip(&vec![b' '; 19 * 1024 * 1024]);
    let answer = gateway.post("/e", &bomb);
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert_eq!(gateway.post("/e", gzip(&bomb)).status, 413);
    let many = format!("[{}1]", "1,".repeat(200_000));
    let answer = gateway.send("POST", "/v1/events", &[("x-api-key", "wk")], many.as_bytes());
    assert_eq!(answer.status, 413, "{}", answer.body);
}

#[test]
fn memory_for_bodies_is_bounded_over_all() {
    let gateway = Gateway::with(Limits { in_flight_bytes_max: 50, ..Limits::default() });
    let answer = gateway.post("/e", EVENT);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
}

#[test]
fn senders_that_dribble_are_cut_off() {
    let short = Duration::from_millis(300);
    let gateway = Gateway::with(Limits { header_timeout: short, body_timeout: short, ..Limits::default() });
    let start = Instant::now();
    let body = gateway.raw(b"POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
    assert_eq!(body.status, 408);
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.write_all(b"POST /e HTTP/1.1\r\nHost: local").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(start.elapsed() < Duration::from_secs(4), "both were closed by us");
}

#[test]
fn rates_are_limited_per_key_and_over_all() {
    let gateway = Gateway::with(Limits { requests_per_second_per_key: 3, ..Limits::default() });
    let statuses: Vec<_> = (0..6).map(|_| gateway.post("/batch/", EVENT)).collect();
    assert_eq!(statuses.iter().filter(|a| a.status == 200).count(), 3);
    assert!(statuses.iter().filter(|a| a.status == 429).all(|a| a.header("retry-after") == Some("1")));
    let gateway = Gateway::with(Limits { requests_per_second: 2, ..Limits::default() });
    let refused = (0..5).filter(|_| gateway.post("/v1/events", "{}").status == 429).count();
    assert_eq!(refused, 3);
}

#[test]
fn open_requests_finish_when_the_stop_begins() {
    let gateway = Gateway::with(Limits { connections_max: 2, ..Limits::default() });
    let mut open = TcpStream::connect(gateway.address).unwrap();
    write!(open, "POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", EVENT.len(), &EVENT[..20])
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    let memory = gateway.memory.clone();
    let finish = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        open.write_all(&EVENT.as_bytes()[20..]).unwrap();
        let mut answer = String::new();
        open.read_to_string(&mut answer).unwrap();
        answer
    });
    drop(gateway);
    assert!(finish.join().unwrap().contains("200 OK"));
    assert_eq!(memory.events.lock().unwrap().len(), 1);
}
