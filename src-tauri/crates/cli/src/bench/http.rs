//! The same events through the gateway, on loopback, from keep-alive connections in this process.

use std::future::Future;
use std::sync::Arc;

use epoch_gateway::WithoutLevers;
use epoch_model::Result;
use epoch_model::ports::{KeyBook, LeverBook, Meter};
use epoch_store::Store;

use super::events::Lines;
use super::load::{closed_loop, with_gateway};

/// Sends events.
pub(super) const WRITE_KEY: &str = "wk_bench";
/// Reads levers of one unit.
pub(super) const CLIENT_KEY: &str = "ck_bench";

/// Everything a gateway asks for beside the store.
pub(super) struct Ports;

impl KeyBook for Ports {
    fn write_source(&self, key: &str) -> Option<Arc<str>> {
        (key == WRITE_KEY).then(|| "bench".into())
    }
    fn may_read(&self, _: &str) -> bool {
        false
    }
    fn client(&self, key: &str) -> Option<Arc<str>> {
        (key == CLIENT_KEY).then(|| "bench".into())
    }
}

impl LeverBook for Ports {
    fn levers(&self) -> (u64, serde_json::Value) {
        (0, serde_json::Value::Null)
    }
}

impl Meter for Ports {
    fn request(&self, _: &'static str, _: u16, _: u64) {}
}

/// Requests of a hundred JSON lines each.
pub(super) fn requests(data: &Lines) -> Vec<Vec<u8>> {
    (0..data.pieces(1)).map(|n| request("/v1/events", "application/x-ndjson", WRITE_KEY, data.piece(1, n))).collect()
}

/// A whole request as it goes over the wire.
pub(super) fn request(path: &str, kind: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends everything in requests of a hundred; answers how many events are in the log.
pub(super) fn send(store: &Store, requests: &[Vec<u8>]) -> Result<u64> {
    with_gateway(Arc::new(store.clone()), Arc::new(WithoutLevers), |address| closed_loop(address, requests))?;
    Ok(store.count(None))
}

/// Polls all of them on this task: clients must not take the gateway's threads.
pub(super) async fn join_all<T, F: Future<Output = Result<T>>>(clients: impl Iterator<Item = F>) -> Result<Vec<T>> {
    let mut open: Vec<_> = clients.map(|c| (Box::pin(c), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (client, outcome) in &mut open {
            if outcome.is_none() {
                match client.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *outcome = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    open.into_iter().filter_map(|(_, outcome)| outcome).collect()
}
