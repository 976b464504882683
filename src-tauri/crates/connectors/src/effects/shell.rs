//! One fixed command of this machine. No shell reads it: a placeholder fills its argument and nothing more. The environment
//! is empty but for what is named here, the time is bounded for the whole process group, the output is kept up to a bound.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::delivery::{Delivery, DryRun, Found};
use super::{Around, payload};

/// Bytes kept of each of the two outputs.
const OUTPUT_MAX: usize = 24 * 1024;
const POLL: Duration = Duration::from_millis(10);
/// A command says by this that it may be tried again (EX_TEMPFAIL of sysexits.h).
const TRY_AGAIN: i32 = 75;
/// A look-up is a question, not work.
const CHECK_MAX_S: u32 = 60;
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Program and arguments with the payload's fields filled in.
fn arguments(command: &[String], payload: &Value) -> Result<Vec<String>, String> {
    let mut filled = Vec::with_capacity(command.len());
    for (n, template) in command.iter().enumerate() {
        let argument =
            if n == 0 { template.clone() } else { payload::fill(template, |name| payload::field(payload, name))? };
        if argument.contains('\0') {
            return Err("an argument holds a zero byte".to_owned());
        }
        // A value that looks like an option would be read as one.
        if argument.starts_with('-') && !template.starts_with('-') {
            return Err(format!("“{argument}” would be read as an option"));
        }
        filled.push(argument);
    }
    if filled.is_empty() { Err("there is no command".to_owned()) } else { Ok(filled) }
}

struct Task {
    arguments: Vec<String>,
    folder: PathBuf,
    input: String,
    environment: Vec<(&'static str, String)>,
    timeout: Duration,
}

enum Ended {
    NotStarted(std::io::Error),
    /// Exit code, or `None` when a signal ended it.
    Over {
        code: Option<i32>,
        out: String,
        err: String,
    },
    Late,
}

fn task(
    key: &str,
    effect: &str,
    command: &[String],
    timeout_s: u32,
    payload: &Value,
    around: &Around<'_>,
) -> Result<Task, String> {
    let mut environment = vec![
        ("PATH", PATH.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("EPOCHCORE_KEY", key.to_owned()),
        ("EPOCHCORE_EFFECT", effect.to_owned()),
    ];
    if let Some(secret) = around.token() {
        environment.push(("EPOCHCORE_SECRET", secret.to_owned()));
    }
    Ok(Task {
        arguments: arguments(command, payload)?,
        folder: around.folder.to_owned(),
        input: payload.to_string(),
        environment,
        timeout: Duration::from_secs(timeout_s.into()),
    })
}

fn start(task: &Task) -> std::io::Result<Child> {
    let (program, arguments) = task.arguments.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    // A relative program lies in the business's folder, not wherever this process was started.
    let relative = Path::new(program).components().count() > 1 && Path::new(program).is_relative();
    let program = if relative { task.folder.join(program) } else { PathBuf::from(program) };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&task.folder)
        .env_clear()
        .envs(task.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Ends the command and all it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads to the end, so that the command is never stopped by a full pipe, and keeps the beginning.
fn keep(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut kept, mut piece) = (Vec::new(), [0; 8192]);
        while let Ok(n @ 1..) = from.read(&mut piece) {
            let room = OUTPUT_MAX - kept.len();
            kept.extend_from_slice(&piece[..n.min(room)]);
        }
        kept
    })
}

fn carry_out(task: &Task) -> Ended {
    let mut child = match start(task) {
        Ok(child) => child,
        Err(e) => return Ended::NotStarted(e),
    };
    let input = task.input.clone();
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input must not hold this up.
        thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let (out, err) = (child.stdout.take().map(keep), child.stderr.take().map(keep));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begun.elapsed() < task.timeout => thread::sleep(POLL),
            Ok(None) | Err(_) => break None,
        }
    };
    // What it left running would hold its outputs open.
    end(&mut child);
    let text = |kept: Option<thread::JoinHandle<Vec<u8>>>| {
        let bytes = kept.and_then(|k| k.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    match status {
        Some(status) => Ended::Over { code: status.code(), out: text(out), err: text(err) },
        None => Ended::Late,
    }
}

async fn carried_out(task: Task) -> Option<Ended> {
    tokio::task::spawn_blocking(move || carry_out(&task)).await.ok()
}

pub(super) async fn run(
    key: &str,
    effect: &str,
    command: &[String],
    timeout_s: u32,
    payload: &Value,
    around: &Around<'_>,
) -> Delivery {
    let task = match task(key, effect, command, timeout_s, payload, around) {
        Ok(task) => task,
        Err(why) => return Delivery::semantic(why),
    };
    if !(around.may_leave)() {
        return Delivery::Held;
    }
    match carried_out(task).await {
        Some(Ended::NotStarted(e)) => Delivery::semantic(format!("the command does not start: {e}")),
        Some(Ended::Over { code: Some(0), out, err }) => {
            let mut answer = json!({ "exit": 0, "stdout": out, "stderr": err });
            if let Ok(value) = serde_json::from_str::<Value>(out.trim()) {
                answer = json!({ "exit": 0, "json": value, "stderr": err });
            }
            Delivery::delivered("ended with 0", answer)
        }
        Some(Ended::Over { code: Some(code), out, err }) => {
            let said = if err.trim().is_empty() { out } else { err };
            let detail = format!("ended with {code}: {}", said.trim().lines().last().unwrap_or_default());
            if code == TRY_AGAIN { Delivery::retry(detail) } else { Delivery::semantic(detail) }
        }
        Some(Ended::Over { code: None, .. }) => Delivery::InDoubt { detail: "a signal ended the command".to_owned() },
        Some(Ended::Late) => Delivery::InDoubt { detail: format!("not over after {timeout_s} s, ended by us") },
        None => Delivery::InDoubt { detail: "the command was lost sight of".to_owned() },
    }
}

pub(super) async fn check(
    key: &str,
    effect: &str,
    command: &[String],
    timeout_s: u32,
    payload: &Value,
    around: &Around<'_>,
) -> Found {
    let task = match task(key, effect, command, timeout_s.min(CHECK_MAX_S), payload, around) {
        Ok(task) => task,
        Err(detail) => return Found::Unknown { detail },
    };
    match carried_out(task).await {
        Some(Ended::Over { code: Some(0), out, .. }) => {
            Found::Arrived { detail: "the check found it".to_owned(), answer: json!({ "check": out }) }
        }
        Some(Ended::Over { code: Some(1), .. }) => Found::Absent,
        Some(Ended::Over { code, .. }) => Found::Unknown { detail: format!("the check ended with {code:?}") },
        Some(Ended::NotStarted(e)) => Found::Unknown { detail: format!("the check does not start: {e}") },
        Some(Ended::Late) | None => Found::Unknown { detail: "the check was not over in time".to_owned() },
    }
}

pub(super) fn describe(command: &[String], payload: &Value, around: &Around<'_>) -> DryRun {
    let (line, problems) = match arguments(command, payload) {
        Ok(arguments) => (json!(arguments).to_string(), Vec::new()),
        Err(why) => (json!(command).to_string(), vec![why]),
    };
    let secret = payload::masked(around.token().is_some());
    DryRun { text: format!("Run {line}\nEPOCHCORE_SECRET={secret}\nStandard input:\n{payload:#}"), problems }
}
