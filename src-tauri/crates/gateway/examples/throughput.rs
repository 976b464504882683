//! How many events per second pass HTTP, decoding and parsing: batches of 100 over kept-alive connections, to a sink that
//! only counts. `cargo run --release -p epoch-gateway --example throughput [python|browser|plain] [seconds]`

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use epoch_gateway::{Config, Limits, WithoutLevers, bind};
use epoch_model::event::{Done, EventBatch, EventSink, Receipt, Rejection};
use epoch_model::ports::{KeyBook, LeverBook, Meter};
use epoch_model::time::Millis;
use serde_json::{Value, json};

const BATCH: usize = 100;
const CONNECTIONS: usize = 4;

#[derive(Default)]
struct Count(AtomicU64);

impl EventSink for Count {
    fn submit(&self, batch: EventBatch, done: Done) -> epoch_model::Result<()> {
        let accepted = batch.len() as u64;
        self.0.fetch_add(accepted, Ordering::Relaxed);
        done(Ok(Receipt { accepted, ..Receipt::default() }));
        Ok(())
    }
    fn reject(&self, _: &str, _: Millis, _: Vec<Rejection>) -> epoch_model::Result<()> {
        Ok(())
    }
}
impl KeyBook for Count {
    fn write_source(&self, _: &str) -> Option<Arc<str>> {
        Some("web".into())
    }
    fn may_read(&self, _: &str) -> bool {
        true
    }
}
impl LeverBook for Count {
    fn levers(&self) -> (u64, Value) {
        (0, Value::Null)
    }
}
impl Meter for Count {
    fn request(&self, _: &'static str, _: u16, _: u64) {}
}

fn request(kind: &str) -> Vec<u8> {
    let extra = json!({"amount": 49.9, "plan": "pro", "country": "DE", "$os": "Linux", "$lib": "posthog", "$lib_version": "7.91.1"});
    let event = |n: usize| {
        let mut props = extra.clone();
        let uuid = format!("75783ad9-6863-433f-a2c9-{n:012x}");
        match kind {
            "plain" => {
                json!({"event": "order", "unit": format!("c{n}"), "time": "2026-11-22T10:22:40.087Z", "id": uuid, "properties": props})
            }
            "browser" => {
                props["token"] = json!("wk");
                props["distinct_id"] = json!(format!("c{n}"));
                json!({"event": "order", "uuid": uuid, "timestamp": "2026-11-22T10:22:40.087Z", "properties": props})
            }
            _ => {
                json!({"event": "order", "distinct_id": format!("c{n}"), "uuid": uuid, "timestamp": "2026-11-22T10:22:40.087293+00:00", "properties": props})
            }
        }
    };
    let batch: Vec<_> = (0..BATCH).map(event).collect();
    let (target, body) = match kind {
        "plain" => ("/v1/events?key=wk", json!({"events": batch})),
        _ => ("/batch/", json!({"api_key": "wk", "batch": batch, "sent_at": "2026-11-22T10:22:41Z"})),
    };
    let body = body.to_string();
    format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[expect(clippy::print_stdout, reason = "this is a program for a terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let kind = args.get(1).map_or("python", String::as_str).to_owned();
    let seconds: u64 = args.get(2).map_or(Ok(3), |text| text.parse())?;
    let count = Arc::new(Count::default());
    let config = Config {
        listen: "127.0.0.1:0".parse()?,
        keys: count.clone(),
        sink: count.clone(),
        levers: count.clone(),
        book: Arc::new(WithoutLevers),
        readers: Arc::new(WithoutLevers),
        privacy: Arc::new(WithoutLevers),
        secrets: Arc::new(WithoutLevers),
        meter: count.clone(),
        metrics_text: Arc::new(String::new),
        clock: Arc::new(|| 1_795_348_800_000),
        limits: Limits::default(),
        allowed_hosts: Vec::new(),
        tls: None,
        behind_proxy: false,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let bound = runtime.block_on(bind(config))?;
    let address = bound.local_addr();
    runtime.spawn(bound.serve(std::future::pending()));
    let bytes = Arc::new(request(&kind));
    let until = Instant::now() + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let bytes = bytes.clone();
            std::thread::spawn(move || -> std::io::Result<u64> {
                let mut stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                let (mut answer, mut requests) = ([0; 1024], 0);
                while Instant::now() < until {
                    stream.write_all(&bytes)?;
                    let read = stream.read(&mut answer)?;
                    if !answer.get(..read).unwrap_or_default().starts_with(b"HTTP/1.1 200") {
                        return Err(std::io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
                    }
                    requests += 1;
                }
                Ok(requests)
            })
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client failed")??;
    }
    let events = count.0.load(Ordering::Relaxed);
    println!("{kind}: {} events/s ({} bytes per event)", events / seconds.max(1), bytes.len() / BATCH);
    Ok(())
}
