//! A gateway in this process and clients that load it: requests are made beforehand, so that the clients cost little.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use epoch_gateway::{Config, Limits, WithoutLevers, bind};
use epoch_levers::Book;
use epoch_model::Result;
use epoch_model::event::{Done, EventBatch, EventSink, Receipt, Rejection};
use epoch_model::time::Millis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http::{Ports, join_all};
use super::report::failed;

/// Connections of the load.
pub(super) const CONNECTIONS: usize = 32;

/// A sink that forgets: what is left of the work is reading and parsing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Discard;

impl EventSink for Discard {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        let accepted = std::hint::black_box(batch.iter().map(|e| usize::from(!e.name.is_empty())).sum::<usize>());
        done(Ok(Receipt { accepted: accepted as u64, ..Receipt::default() }));
        Ok(())
    }

    fn reject(&self, _: &str, _: Millis, _: Vec<Rejection>) -> Result<()> {
        Ok(())
    }
}

/// Runs `work` against a gateway in front of `sink` and `book`, then stops it.
pub(super) fn with_gateway<T, F>(
    sink: Arc<dyn EventSink>,
    book: Arc<dyn Book>,
    work: impl FnOnce(SocketAddr) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let gateway = bind(Config {
            listen: ([127, 0, 0, 1], 0).into(),
            keys: Arc::new(Ports),
            sink,
            levers: Arc::new(Ports),
            book,
            readers: Arc::new(WithoutLevers),
            privacy: Arc::new(WithoutLevers),
            secrets: Arc::new(WithoutLevers),
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
        let out = work(address).await;
        let _ = stop.send(());
        serving.await.map_err(failed)??;
        out
    })
}

/// One keep-alive connection.
pub(super) struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(Self { stream, answer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and reads its answer, which must be 200.
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await.map_err(failed)?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await.map_err(failed)? == 0 {
                return Err(failed("the gateway hung up"));
            }
            let Some(end) = self.answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.answer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if self.answer.len() < end + 4 + length.unwrap_or(0) {
                continue;
            }
            if !head.starts_with("http/1.1 200") {
                return Err(failed(String::from_utf8_lossy(&self.answer)));
            }
            return Ok(());
        }
    }
}

/// Sends every request once over [`CONNECTIONS`] connections, as fast as they are answered.
pub(super) async fn closed_loop(address: SocketAddr, requests: &[Vec<u8>]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let client = || async {
        let mut client = Client::connect(address).await?;
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            client.call(request).await?;
        }
        Ok(())
    };
    join_all(std::iter::repeat_with(client).take(CONNECTIONS)).await.map(drop)
}

/// Sends requests at a fixed rate, whatever the answers take. A request that had to wait for an answer before it counts
/// from when it was due, so that a stall is not hidden by the requests it holds up; the timer's own lateness (up to a
/// millisecond) is the load's, not the server's. Answers milliseconds, one per request.
pub(super) async fn open_loop(
    address: SocketAddr,
    requests: &[Vec<u8>],
    per_second: f64,
    connections: usize,
) -> Result<Vec<f64>> {
    let next = AtomicUsize::new(0);
    let start = Instant::now() + Duration::from_millis(20);
    let client = || async {
        let (mut client, mut took) = (Client::connect(address).await?, Vec::new());
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(request) = requests.get(n) else { return Ok(took) };
            let due = start + Duration::from_secs_f64(n as f64 / per_second);
            let mut start = due;
            if Instant::now() < due {
                tokio::time::sleep_until(due.into()).await;
                start = Instant::now();
            }
            client.call(request).await?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
        }
    };
    Ok(join_all(std::iter::repeat_with(client).take(connections)).await?.concat())
}
