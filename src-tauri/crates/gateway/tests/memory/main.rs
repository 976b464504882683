//! Bombs of every encoding against a gateway that would be aborted if it took the memory they ask for.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

use std::alloc::System;
use std::io::Write;

use cap::Cap;

#[path = "../it/kit.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod kit;

use kit::Gateway;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn bombs_do_not_get_the_memory_they_ask_for() {
    let blank = vec![b' '; 64 * 1024 * 1024];
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(&blank).unwrap();
    let bombs = [
        (kit::gzip(&blank), "gzip"),
        (deflated.finish().unwrap(), "deflate"),
        (kit::brotli(&blank), "br"),
        (kit::zstd(&blank), "zstd"),
        (kit::gzip(&kit::gzip(&blank)), "gzip"),
        (kit::brotli(&kit::gzip(&blank)), "gzip, br"),
    ];
    drop(blank);
    let gateway = Gateway::start();
    // Ratio and size stop each at a few MiB; the rest is threads, windows and what the test itself holds.
    MEMORY.set_limit(MEMORY.allocated() + 64 * 1024 * 1024).unwrap();
    for target in [
        "/batch/",
        "/track",
        "/engage",
        "/import",
        "/v1/batch",
        "/v1/events?key=wk",
        "/i/v1/analytics/events",
        "/v1/logs",
        "/v1/metrics",
    ] {
        for (bomb, encoding) in &bombs {
            let headers = [
                ("content-encoding", *encoding),
                ("authorization", "Bearer wk"),
                ("content-type", if target == "/v1/metrics" { "application/x-protobuf" } else { "application/json" }),
            ];
            let answer = gateway.send("POST", target, &headers, bomb);
            let expected = match (target, *encoding) {
                ("/v1/batch", _) => [400, 400],
                // What is not JSON is unfolded as often as it says: a bomb in a bomb is none.
                ("/v1/metrics" | "/v1/logs", "gzip") => [400, 413],
                _ => [413, 413],
            };
            assert!(expected.contains(&answer.status), "{target} {encoding}: {} {}", answer.status, answer.body);
        }
    }
    // Millions of empty messages: each two bytes, and never more.
    let empty = [0x0a, 0x00].repeat(4 * 1024 * 1024);
    for target in ["/v1/logs", "/v1/metrics", "/v1/traces"] {
        let headers = [("authorization", "Bearer wk"), ("content-type", "application/x-protobuf")];
        assert_eq!(gateway.send("POST", target, &headers, &empty).status, 200, "{target}");
    }
    MEMORY.set_limit(usize::MAX).unwrap();
    assert!(gateway.events().is_empty());
}
