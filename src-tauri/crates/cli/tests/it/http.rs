//! HTTP by hand: a client for the gateway, and a receiver of webhooks.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// A request's answer; `None` when the connection broke before it came.
pub fn ask(address: &str, method: &str, path: &str, key: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let (status, _, text) = read(BufReader::new(stream))?;
    let status = status.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

type Message = (String, BTreeMap<String, String>, String);

fn read(mut stream: BufReader<TcpStream>) -> Option<Message> {
    let mut line = || {
        let mut text = String::new();
        let n = stream.read_line(&mut text).ok()?;
        (n > 0).then(|| text.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = BTreeMap::new();
    loop {
        let text = line()?;
        let Some((name, value)) = text.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((first, headers, String::from_utf8(body).ok()?))
}

/// A call that came in.
#[derive(Debug)]
pub struct Call {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Call {
    /// Checks the signature as the Standard Webhooks specification says, and answers the body.
    pub fn verified(&self, secret: &str) -> Value {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).expect("base64");
        let header = |name: &str| self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), self.body).as_bytes());
        let expect = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert!(header("webhook-signature").split(' ').any(|s| s == expect), "the signature does not fit");
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Listens on loopback and keeps what comes.
pub struct Hook {
    pub url: String,
    calls: Receiver<Call>,
    answering: Arc<AtomicBool>,
}

impl Hook {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (sender, calls): (Sender<Call>, _) = channel();
        let answering = Arc::new(AtomicBool::new(true));
        let answer = Arc::clone(&answering);
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().flatten() {
                let copy = stream.try_clone().expect("a handle");
                let Some((_, headers, body)) = read(BufReader::new(stream)) else { continue };
                if sender.send(Call { headers, body }).is_err() {
                    return;
                }
                if answer.load(Ordering::Relaxed) {
                    let _ = (&copy).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                } else {
                    silent.push(copy);
                }
            }
        });
        Self { url, calls, answering }
    }

    /// Takes calls from now on, but never answers them.
    pub fn fall_silent(&self) {
        self.answering.store(false, Ordering::Relaxed);
    }

    pub fn answer_again(&self) {
        self.answering.store(true, Ordering::Relaxed);
    }

    /// The next call within the time.
    pub fn next(&self, patience: Duration) -> Option<Call> {
        self.calls.recv_timeout(patience).ok()
    }

    /// All that came and were not taken yet.
    pub fn all(&self) -> Vec<Call> {
        self.calls.try_iter().collect()
    }
}
