//! A stand-in for `ras` in protocol tests: the real router before a file of events.
//!
//! `recorder init DIR --name N --json`, `recorder serve DIR --listen ADDRESS`, `recorder events DIR --count --name X --json`
//! answer as `ras` does, so `tests/protocol` runs with either.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for scripts")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use epoch_gateway::{Config, Limits, WithoutLevers, bind};
use epoch_model::event::{Done, EventBatch, EventSink, Receipt, Rejection};
use epoch_model::ports::{KeyBook, LeverBook, Meter};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};

const WRITE_KEY: &str = "wk_recorder";

struct Recorder {
    path: PathBuf,
    known: Mutex<HashSet<String>>,
}

impl Recorder {
    fn open(dir: &Path) -> Self {
        let path = dir.join("events.jsonl");
        let known = lines(&path).iter().filter_map(|event| event["id"].as_str().map(str::to_owned)).collect();
        Self { path, known: Mutex::new(known) }
    }

    fn write(&self, batch: &EventBatch) -> std::io::Result<Receipt> {
        let mut known = self.known.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path)?;
        let (mut receipt, mut text) = (Receipt::default(), String::new());
        for event in batch.iter() {
            let id = format!("{:032x}", u128::from_be_bytes(event.id));
            if !known.insert(id.clone()) {
                receipt.duplicates += 1;
                continue;
            }
            receipt.accepted += 1;
            let props: Value = serde_json::from_str(event.props)?;
            let row = json!({"id": id, "name": event.name, "unit": event.unit, "time": event.time, "props": props});
            text.push_str(&row.to_string());
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        Ok(receipt)
    }
}

impl EventSink for Recorder {
    fn submit(&self, batch: EventBatch, done: Done) -> Result<()> {
        done(self.write(&batch).map_err(|error| Error::new(Code::DiskFull, error.to_string(), "free some space")));
        Ok(())
    }
    fn reject(&self, source: &str, _received: Millis, rejections: Vec<Rejection>) -> Result<()> {
        for rejection in rejections {
            eprintln!("{source}: {rejection:?}");
        }
        Ok(())
    }
}

impl KeyBook for Recorder {
    fn write_source(&self, key: &str) -> Option<Arc<str>> {
        (key == WRITE_KEY).then(|| "web".into())
    }
    fn may_read(&self, key: &str) -> bool {
        key == "rk_recorder"
    }
}

impl LeverBook for Recorder {
    fn levers(&self) -> (u64, Value) {
        (1, json!({"version": 1, "as_of": 0, "levers": {}}))
    }
}

impl Meter for Recorder {
    fn request(&self, route: &'static str, status: u16, micros: u64) {
        eprintln!("{route} {status} {micros} µs");
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    BufReader::new(file).lines().map_while(std::io::Result::ok).filter_map(|l| serde_json::from_str(&l).ok()).collect()
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    let dir = PathBuf::from(args.get(1).ok_or("recorder init|serve|events DIR …")?);
    match args.first().map(String::as_str) {
        Some("init") => {
            std::fs::create_dir_all(&dir)?;
            println!("{}", json!({"write_key": WRITE_KEY}));
        }
        Some("events") => {
            let name = option("--name");
            let count = lines(&dir.join("events.jsonl"))
                .iter()
                .filter(|e| name.as_deref().is_none_or(|n| e["name"] == n))
                .count();
            println!("{}", json!({"count": count}));
        }
        Some("serve") => serve(&dir, &option("--listen").unwrap_or_else(|| "127.0.0.1:0".into()))?,
        _ => return Err("recorder init|serve|events DIR …".into()),
    }
    Ok(())
}

fn serve(dir: &Path, listen: &str) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let recorder = Arc::new(Recorder::open(dir));
    let config = Config {
        listen: listen.parse()?,
        keys: recorder.clone(),
        sink: recorder.clone(),
        levers: recorder.clone(),
        book: Arc::new(WithoutLevers),
        readers: Arc::new(WithoutLevers),
        privacy: Arc::new(WithoutLevers),
        secrets: Arc::new(WithoutLevers),
        meter: recorder,
        metrics_text: Arc::new(|| "# EOF\n".into()),
        clock: Arc::new(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.ok().and_then(|t| Millis::try_from(t.as_millis()).ok()).unwrap_or(0)
        }),
        limits: Limits::default(),
        allowed_hosts: Vec::new(),
        tls: None,
        behind_proxy: false,
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let bound = bind(config).await?;
        println!("{}", json!({"address": bound.local_addr().to_string(), "keys": [WRITE_KEY]}));
        std::io::stdout().flush()?;
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        bound
            .serve(async move {
                term.recv().await;
            })
            .await?;
        Ok(())
    })
}
