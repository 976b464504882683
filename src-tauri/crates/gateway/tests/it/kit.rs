//! A running gateway with everything behind it in memory, and a client that sends exactly the bytes it is told.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use epoch_gateway::{Config, Limits, bind};
use epoch_levers::{Book, Compiled};
use epoch_model::event::{Done, EventBatch, EventId, EventSink, Receipt, Rejection};
use epoch_model::ports::{KeyBook, LeverBook, Meter, Privacy, PrivacyBook, Reader, ReaderLog, SecretBook};
use epoch_model::serving::{Flag, Protocol};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// 2026-11-22T12:00:00Z, the time of receipt in all tests.
pub const NOW: Millis = 1_795_348_800_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub name: String,
    pub unit: String,
    pub time: Millis,
    pub props: Value,
}

/// How the inbox behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    Full,
    NeverDone,
    DropsDone,
    FailsCommit,
    Panics,
}

/// A request for levers as the log of readers sees it: protocol, client, key, lever.
pub type ReaderSeen = (Protocol, String, String, Option<String>);

pub struct Memory {
    pub mood: Mutex<Mood>,
    pub events: Mutex<Vec<Event>>,
    pub rejections: Mutex<Vec<Rejection>>,
    ids: Mutex<HashSet<EventId>>,
    parked: Mutex<Vec<Done>>,
    pub requests: Mutex<Vec<(&'static str, u16)>>,
    pub version: AtomicI64,
    pub book: Shelf,
    /// Events of the source `levers`.
    pub assigned: Mutex<Vec<Event>>,
    pub readers: Mutex<Vec<ReaderSeen>>,
    pub privacy: Mutex<Arc<Privacy>>,
}

type Told = Box<dyn Fn(u64) + Send + Sync>;

/// Levers that a test can change.
#[derive(Default)]
pub struct Shelf {
    levers: Mutex<Arc<Compiled>>,
    told: Mutex<Vec<Told>>,
}

impl Shelf {
    /// Puts these levers in force, and tells of it.
    pub fn put(&self, flags: Vec<Flag>) {
        let version = self.levers.lock().unwrap().version() + 1;
        *self.levers.lock().unwrap() = Arc::new(Compiled::new(flags, version));
        self.told.lock().unwrap().iter().for_each(|tell| tell(version));
    }

    pub fn version(&self) -> u64 {
        self.levers.lock().unwrap().version()
    }
}

impl EventSink for Memory {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        let full = || Error::new(Code::Overloaded, "the inbox is full", "wait");
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fine => {}
            Mood::Full => return Err(full()),
            Mood::NeverDone => {
                self.parked.lock().unwrap().push(done);
                return Ok(());
            }
            Mood::DropsDone => return Ok(()),
            Mood::FailsCommit => {
                done(Err(Error::new(Code::DiskFull, "the disk is full", "free some space")));
                return Ok(());
            }
            Mood::Panics => panic!("the sink is broken"),
        }
        let kept = match &*batch.source {
            "levers" => &self.assigned,
            "shop" => &self.events,
            other => panic!("no such source: {other}"),
        };
        let mut receipt = Receipt::default();
        for event in batch.iter() {
            if !self.ids.lock().unwrap().insert(event.id) {
                receipt.duplicates += 1;
                continue;
            }
            receipt.accepted += 1;
            kept.lock().unwrap().push(Event {
                id: event.id,
                name: event.name.to_owned(),
                unit: event.unit.to_owned(),
                time: event.time,
                props: serde_json::from_str(event.props).expect("props are JSON"),
            });
        }
        done(Ok(receipt));
        Ok(())
    }

    fn reject(&self, source: &str, _received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        assert!(matches!(source, "shop" | "segment"));
        self.rejections.lock().unwrap().extend(rejections);
        Ok(())
    }
}

impl KeyBook for Memory {
    fn write_source(&self, key: &str) -> Option<Arc<str>> {
        matches!(key, "phc_test_key" | "wk" | "mp_token" | "sg_key").then(|| "shop".into())
    }
    fn may_read(&self, key: &str) -> bool {
        key == "rk"
    }
    fn client(&self, key: &str) -> Option<Arc<str>> {
        match key {
            "ck" => Some("page".into()),
            "rk" => Some("server".into()),
            _ => None,
        }
    }
}

impl LeverBook for Memory {
    fn levers(&self) -> (u64, Value) {
        let version = self.version.load(Ordering::Relaxed);
        (u64::try_from(version).unwrap(), json!({"version": version, "as_of": NOW, "levers": {}}))
    }
}

impl Book for Memory {
    fn current(&self) -> Arc<Compiled> {
        self.book.levers.lock().unwrap().clone()
    }
    fn on_change(&self, told: Told) {
        self.book.told.lock().unwrap().push(told);
    }
}

impl ReaderLog for Memory {
    fn read(&self, reader: Reader<'_>) {
        let Reader { protocol, client, key, lever } = reader;
        let lever = lever.map(str::to_owned);
        self.readers.lock().unwrap().push((protocol, client.to_owned(), key.to_owned(), lever));
    }
}

impl PrivacyBook for Memory {
    fn privacy(&self, _: &str) -> Arc<Privacy> {
        self.privacy.lock().unwrap().clone()
    }
}

impl SecretBook for Memory {
    fn secret(&self, name: &str) -> Option<Arc<str>> {
        (name == "shop").then(|| "whsec_shop".into())
    }
}

impl Meter for Memory {
    fn request(&self, route: &'static str, status: u16, _micros: u64) {
        self.requests.lock().unwrap().push((route, status));
    }
}

pub struct Gateway {
    pub address: SocketAddr,
    pub memory: Arc<Memory>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    pub fn start() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self::configured(|config| config.limits = limits)
    }

    /// A gateway with whatever `change` makes of the usual configuration.
    pub fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let memory = Arc::new(Memory {
            mood: Mutex::new(Mood::Fine),
            events: Mutex::default(),
            rejections: Mutex::default(),
            ids: Mutex::default(),
            parked: Mutex::default(),
            requests: Mutex::default(),
            version: AtomicI64::new(7),
            book: Shelf::default(),
            assigned: Mutex::default(),
            readers: Mutex::default(),
            privacy: Mutex::default(),
        });
        let mut config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            keys: memory.clone(),
            sink: memory.clone(),
            levers: memory.clone(),
            book: memory.clone(),
            readers: memory.clone(),
            privacy: memory.clone(),
            secrets: memory.clone(),
            meter: memory.clone(),
            metrics_text: Arc::new(|| "events_total 1\n# EOF\n".into()),
            clock: Arc::new(|| NOW),
            limits: Limits::default(),
            allowed_hosts: vec!["epoch.example".into()],
            tls: None,
            behind_proxy: false,
        };
        change(&mut config);
        let (stop, stopped) = oneshot::channel();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let bound = bind(config).await.unwrap();
                tell.send(bound.local_addr()).unwrap();
                bound.serve(async { drop(stopped.await) }).await.unwrap();
            });
            runtime.shutdown_timeout(Duration::from_millis(100));
        });
        Self { address: address.recv().unwrap(), memory, stop: Some(stop), thread: Some(thread) }
    }

    pub fn mood(&self, mood: Mood) {
        *self.memory.mood.lock().unwrap() = mood;
    }

    /// Puts these levers in force.
    pub fn levers(&self, flags: Vec<Flag>) {
        self.memory.book.put(flags);
    }

    /// The log of what chance decided.
    pub fn assigned(&self) -> Vec<Event> {
        self.memory.assigned.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<Event> {
        self.memory.events.lock().unwrap().clone()
    }

    pub fn rejections(&self) -> Vec<Rejection> {
        self.memory.rejections.lock().unwrap().clone()
    }

    /// Sends `METHOD target` with these headers (a `host` replaces the right one) and body.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n").into_bytes();
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(request, "Host: {}\r\n", self.address).unwrap();
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        if method == "POST" {
            write!(request, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        self.raw(&request)
    }

    pub fn post(&self, target: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send("POST", target, &[], body.as_ref())
    }

    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // A refusal may arrive, and the connection close, before everything is sent.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.memory.parked.lock().unwrap().clear();
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Self { status: 0, headers: Vec::new(), body: text.into_owned() };
        };
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_lowercase(), v.to_owned()));
        Self { status: status.unwrap_or(0), headers: headers.collect(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    // As tight as it gets, whichever library another crate of the workspace makes flate2 use: a bomb must be one.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub fn brotli(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut &data[..], &mut out, &params).unwrap();
    out
}

pub fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

pub fn base64(data: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(data)
}

pub fn urlencoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
