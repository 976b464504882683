//! `ras bench soak`: a real server under a steady load with its memory watched, then the same while it is killed every few
//! seconds and its clients retry.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use epoch_model::Result;
use serde_json::Value;

use super::http::{join_all, request};
use super::load::Client;
use super::measure::{median, resident_mb_of};
use super::report::{Report, failed, same};
use crate::args;

/// Events a second: busy for a founder's laptop, and half of what two cores take with room to spare.
const RATE: f64 = 20_000.0;
/// Events of a request.
const BATCH: u64 = 100;
/// People: as many as a small product has in a month. Memory is bounded by them, not by events.
const PEOPLE: u64 = 20_000;
/// Seconds between two kills.
const LIFE: f64 = 4.0;
const CLIENTS: usize = 4;

/// A business in an empty folder and the process that serves it.
struct Server {
    folder: tempfile::TempDir,
    program: PathBuf,
    key: String,
    address: SocketAddr,
    child: Option<Child>,
}

impl Server {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir().map_err(failed)?;
        let program = std::env::current_exe().map_err(failed)?;
        let mut server = Self { folder, program, key: String::new(), address: ([127, 0, 0, 1], 0).into(), child: None };
        let dir = server.dir();
        let made = server.ask(&["init", &dir.to_string_lossy(), "--name", "Soak"])?;
        made["write_key"].as_str().unwrap_or_default().clone_into(&mut server.key);
        server.start()?;
        Ok(server)
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("soak")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("EPOCHCORE_CONFIG", self.folder.path().join("config")).stdin(Stdio::null());
        command
    }

    /// Runs `ras` and reads its JSON.
    fn ask(&self, args: &[&str]) -> Result<Value> {
        let done = self.command().args(args).arg("--json").output().map_err(failed)?;
        if !done.status.success() {
            return Err(failed(String::from_utf8_lossy(&done.stderr)));
        }
        serde_json::from_slice(&done.stdout).map_err(failed)
    }

    fn start(&mut self) -> Result<()> {
        let mut child = self
            .command()
            .arg("serve")
            .arg(self.dir())
            .args(["--listen", &self.address.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or_else(|| failed("the server has no output"))?;
        BufReader::new(out).read_line(&mut line).map_err(failed)?;
        let said: Value = serde_json::from_str(&line).map_err(failed)?;
        let address = said["address"].as_str().unwrap_or_default();
        self.address = address.trim_start_matches("http://").trim_end_matches('/').parse().map_err(failed)?;
        self.child = Some(child);
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().map_err(failed)?;
        child.wait().map(drop).map_err(failed)
    }

    fn resident(&self) -> f64 {
        self.child.as_ref().map_or(0.0, |child| resident_mb_of(child.id()))
    }

    fn events(&self) -> Result<u64> {
        let dir = self.dir();
        let said = self.ask(&["events", &path(&dir), "--count"])?;
        said["count"].as_u64().ok_or_else(|| failed("the server does not count"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn path(dir: &Path) -> std::borrow::Cow<'_, str> {
    dir.to_string_lossy()
}

/// The n-th batch; the same number gives the same bytes, so that a retry is a retry.
fn batch(key: &str, n: u64) -> Vec<u8> {
    let mut body = format!(r#"{{"api_key":"{key}","batch":["#);
    let now = epoch_host::clock::machine_now();
    for i in 0..BATCH {
        let event = n * BATCH + i;
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"event":"click","distinct_id":"user-{}","uuid":"{:08x}-0000-4000-8000-{:012x}","timestamp":{now},"properties":{{"path":"/item/{}","amount":{}}}}}"#,
            event.wrapping_mul(2_654_435_761) % PEOPLE,
            event >> 32,
            event & 0xffff_ffff,
            event % 977,
            event % 91
        );
    }
    body.push_str("]}");
    request("/batch/", "application/json", key, &body)
}

/// Sends batches at [`RATE`] until told to stop; every batch is sent until it is acknowledged. Answers how many were.
async fn clients(address: SocketAddr, key: &str, first: u64, stop: &AtomicBool, retries: &AtomicU64) -> Result<u64> {
    let next = AtomicU64::new(first);
    let start = Instant::now();
    let client = || async {
        let (mut connection, mut acknowledged) = (None, 0u64);
        while !stop.load(Ordering::Relaxed) {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let due = start + Duration::from_secs_f64((n - first) as f64 * BATCH as f64 / RATE);
            tokio::time::sleep_until(due.into()).await;
            let body = batch(key, n);
            loop {
                let open = match connection.take() {
                    Some(open) => Ok(open),
                    None => Client::connect(address).await,
                };
                if let Ok(mut open) = open
                    && open.call(&body).await.is_ok()
                {
                    connection = Some(open);
                    acknowledged += 1;
                    break;
                }
                retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(acknowledged)
    };
    Ok(join_all(std::iter::repeat_with(client).take(CLIENTS)).await?.into_iter().sum())
}

/// Sends while `watch` runs on this thread; answers batches acknowledged and sendings that had to be repeated.
fn under_load(server: &mut Server, first: u64, watch: impl FnOnce(&mut Server) -> Result<()>) -> Result<(u64, u64)> {
    let (stop, retries) = (AtomicBool::new(false), AtomicU64::new(0));
    let (address, key) = (server.address, server.key.clone());
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            runtime.block_on(clients(address, &key, first, &stop, &retries))
        });
        let watched = watch(server);
        stop.store(true, Ordering::Relaxed);
        let sent = sending.join().map_err(|_| failed("a client broke off"))?;
        watched.and(sent)
    })?;
    Ok((sent, retries.into_inner()))
}

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let seconds = args.seconds.unwrap_or(600) as f64;
    let mut server = Server::new()?;
    let mut memory = Vec::new();
    let (steady, _) = under_load(&mut server, 0, |server| {
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds {
            std::thread::sleep(Duration::from_secs(1));
            memory.push(server.resident());
        }
        Ok(())
    })?;
    same("events after the steady load", &server.events()?, &(steady * BATCH))?;
    let fifth = memory.len() / 5;
    let (early, late) = (median(&memory[fifth..2 * fifth.max(1)]), median(&memory[memory.len() - fifth.max(1)..]));
    report.figure("steady_seconds", seconds, "s");
    report.figure("steady_rate", steady as f64 * BATCH as f64 / seconds, "events/s");
    report.figure("resident_early", early, "MB");
    report.figure("resident_late", late, "MB");
    report.ratio("memory_growth", late / early);

    let mut kills = 0u32;
    let (again, retries) = under_load(&mut server, steady + 1_000_000, |server| {
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds / 5.0 {
            std::thread::sleep(Duration::from_secs_f64(LIFE));
            server.kill()?;
            kills += 1;
            server.start()?;
        }
        Ok(())
    })?;
    let expected = (steady + again) * BATCH;
    let found = server.events()?;
    report.figure("kills", f64::from(kills), "times");
    report.figure("retried_requests", retries as f64, "requests");
    report.figure("lost", expected.saturating_sub(found) as f64, "events");
    report.figure("doubled", found.saturating_sub(expected) as f64, "events");
    report.note("steady: batches of 100 for 20,000 people; resident memory of the server in the second fifth of the time and in the last");
    report.note("kills: the same with kill -9 every four seconds; every request is sent until it is answered 200; goal 0 lost, 0 doubled");
    same("events after the kills", &found, &expected)
}
