//! The same events through the gateway, on loopback, from keep-alive connections in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use epoch_gateway::{Config, Limits, WithoutLevers, bind};
use epoch_model::Result;
use epoch_model::ports::{KeyBook, LeverBook, Meter};
use epoch_store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::events::Lines;
use super::report::failed;

const CONNECTIONS: usize = 8;
const KEY: &str = "wk_bench";

/// Everything a gateway asks for beside the store.
struct Ports;

impl KeyBook for Ports {
    fn write_source(&self, key: &str) -> Option<Arc<str>> {
        (key == KEY).then(|| "bench".into())
    }
    fn may_read(&self, _: &str) -> bool {
        false
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

/// Sends everything in requests of a hundred; answers how many events were acknowledged.
pub(super) fn send(store: &Store, data: &Lines) -> Result<u64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let gateway = bind(Config {
            listen: ([127, 0, 0, 1], 0).into(),
            keys: Arc::new(Ports),
            sink: Arc::new(store.clone()),
            levers: Arc::new(Ports),
            book: Arc::new(WithoutLevers),
            readers: Arc::new(WithoutLevers),
            privacy: Arc::new(WithoutLevers),
            meter: Arc::new(Ports),
            metrics_text: Arc::new(String::new),
            clock: Arc::new(epoch_host::clock::machine_now),
            limits: Limits::default(),
            allowed_hosts: Vec::new(),
            tls: None,
            behind_proxy: false,
        })
        .await?;
        let address = gateway.local_addr();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(gateway.serve(async {
            let _ = stopped.await;
        }));
        let (next, accepted) = (AtomicUsize::new(0), AtomicU64::new(0));
        let client = || async {
            let mut stream = TcpStream::connect(address).await.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            let (mut request, mut answer) = (Vec::new(), Vec::new());
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= data.pieces(1) {
                    return Ok(());
                }
                let body = data.piece(1, piece);
                request.clear();
                let head = format!(
                    "POST /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\nContent-Type: \
                     application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                request.extend_from_slice(head.as_bytes());
                request.extend_from_slice(body.as_bytes());
                stream.write_all(&request).await.map_err(failed)?;
                accepted.fetch_add(receive(&mut stream, &mut answer).await?, Ordering::Relaxed);
            }
        };
        let clients = std::iter::repeat_with(client).take(CONNECTIONS);
        for outcome in join_all(clients).await {
            outcome?;
        }
        let _ = stop.send(());
        serving.await.map_err(failed)??;
        Ok(accepted.into_inner())
    })
}

/// Polls all of them on this task: clients must not take the gateway's threads.
async fn join_all<F: Future<Output = Result<()>>>(clients: impl Iterator<Item = F>) -> Vec<Result<()>> {
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

/// Reads one answer and takes `accepted` out of it.
async fn receive(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<u64> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await.map_err(failed)? == 0 {
            return Err(failed("the gateway hung up"));
        }
        let Ok(text) = std::str::from_utf8(answer) else { continue };
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() < length.unwrap_or(usize::MAX) {
            continue;
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(failed(text));
        }
        let read = body.split_once("\"accepted\":").map(|(_, rest)| rest);
        let digits = read.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        return digits.and_then(|d| d.parse().ok()).ok_or_else(|| failed(text));
    }
}
