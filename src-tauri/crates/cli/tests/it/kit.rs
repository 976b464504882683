//! A shop in a folder of its own, and the command line that is tried on it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

pub const NAME: &str = "Corner Shop";

pub struct Shop {
    pub home: TempDir,
    pub dir: PathBuf,
    pub key: String,
}

/// What a command that must fail printed: its exit code and its error.
pub struct Failed {
    pub exit: i32,
    pub error: Value,
}

impl Failed {
    pub fn code(&self) -> &str {
        self.error["code"].as_str().expect("a code")
    }
}

pub fn ras(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ras"));
    command.env("EPOCHCORE_CONFIG", home.join("config")).env("XDG_RUNTIME_DIR", home).env_remove("RAS_LOG");
    command.current_dir(home).stdin(Stdio::null());
    command
}

impl Shop {
    /// A business with the template's file.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("shop");
        let shop = Self { home, dir, key: String::new() };
        let made = shop.ok(&["init", shop.path(), "--name", NAME]);
        Self { key: made["write_key"].as_str().expect("a write key").to_owned(), ..shop }
    }

    /// A business with this file.
    pub fn with(toml: &str) -> Self {
        let shop = Self::new();
        shop.write_toml(toml);
        shop
    }

    pub fn write_toml(&self, toml: &str) {
        std::fs::write(self.dir.join("business.toml"), toml).expect("written");
    }

    pub fn path(&self) -> &str {
        self.dir.to_str().expect("UTF-8")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = ras(self.home.path());
        command.args(args).arg("--json");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("ras runs")
    }

    /// Runs `ras ARGS --json`, which must succeed and print one JSON value.
    pub fn ok(&self, args: &[&str]) -> Value {
        let done = self.run(args);
        let told =
            || format!("{args:?}: {}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{}", told());
        serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}", told()))
    }

    /// Runs `ras VERB DIR REST --json`.
    pub fn ask(&self, verb: &str, rest: &[&str]) -> Value {
        self.ok(&[&[verb, self.path()], rest].concat())
    }

    /// Runs `ras ARGS --json`, which must fail and print one error object.
    pub fn fails(&self, args: &[&str]) -> Failed {
        let done = self.run(args);
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(!done.status.success(), "{args:?} succeeded: {text}");
        let error: Value = serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {text}{}", String::from_utf8_lossy(&done.stderr)));
        for field in ["code", "message", "hint"] {
            assert!(error[field].as_str().is_some_and(|t| !t.is_empty()), "{args:?}: no {field} in {error}");
        }
        Failed { exit: done.status.code().expect("an exit code"), error }
    }

    pub fn count(&self) -> u64 {
        self.ask("events", &["--count"])["count"].as_u64().expect("a count")
    }

    /// Everything that must hold whatever happened: the chain, the replay, the rebuild.
    pub fn proves_itself(&self) {
        assert_eq!(self.ok(&["audit", "verify", self.path()])["ok"], json!(true));
        let first = self.ask("replay", &[]);
        assert_eq!(first["difference"], Value::Null);
        assert_eq!(first["digest"], self.ask("replay", &[])["digest"]);
        assert_eq!(self.ask("rebuild", &[])["identical"], json!(true));
    }

    pub fn serve(&self) -> Served {
        Served::start(self.command(&["serve", self.path(), "--listen", "127.0.0.1:0"]))
    }

    pub fn decisions(&self) -> Vec<Value> {
        self.ask("decisions", &[]).as_array().expect("a list").clone()
    }

    pub fn decision(&self, id: &str) -> Value {
        self.decisions().into_iter().find(|d| d["id"] == json!(id)).unwrap_or_else(|| panic!("no {id}"))
    }

    pub fn problems(&self) -> Vec<Value> {
        self.ask("status", &[])["problems"].as_array().expect("a list").clone()
    }
}

/// A running `ras serve`.
pub struct Served {
    pub child: Child,
    pub ready: Value,
    pub address: String,
}

impl Served {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ras serve starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: “{line}”"));
        let address = ready["address"].as_str().unwrap_or_else(|| panic!("no address: {ready}")).to_owned();
        Self { child, ready, address }
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(done.expect("kill runs").success());
    }

    /// SIGTERM; answers the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("an end").code()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("an end");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until there is something, for at most 20 seconds.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}
