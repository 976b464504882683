//! A simulated business from the command line: run, killed, opened again, judged.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use epoch_sandbox::World;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::{ras, until};

struct Sandbox {
    home: TempDir,
}

impl Sandbox {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn run(&self, args: &[&str]) -> (bool, Value) {
        let done = ras(self.home.path()).args(args).arg("--json").output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let told = || format!("{args:?}: {text}{}", String::from_utf8_lossy(&done.stderr));
        (done.status.success(), serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", told())))
    }

    fn ok(&self, args: &[&str]) -> Value {
        let (done, value) = self.run(args);
        assert!(done, "{args:?}: {value}");
        value
    }
}

/// What the company itself counted against what the store holds, of events that no browser can lose.
fn counts_agree(sandbox: &Sandbox, dir: &Path) {
    let world = World::restore(&std::fs::read(dir.join("sandbox/world.bin")).unwrap()).unwrap();
    let days = world.money().days;
    let sum = |of: fn(&epoch_sandbox::Count) -> u64| days.iter().map(|day| of(&day.count)).sum::<u64>();
    let path = dir.to_str().unwrap();
    for (event, counted) in [
        ("ticket_opened", sum(|c| c.tickets)),
        ("refund", sum(|c| c.refunds)),
        ("order_delivered", sum(|c| c.deliveries)),
    ] {
        let held = sandbox.ok(&["events", path, "--count", "--name", event])["count"].as_u64().unwrap();
        assert!(counted > 0);
        assert_eq!(held, counted, "{event}");
    }
}

#[test]
fn a_killed_simulation_goes_on_where_it_was_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let dir = sandbox.home.path().join("box");
    let path = dir.to_str().unwrap();
    let quiet =
        |mut command: std::process::Command| command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = ras(sandbox.home.path());
    first.args(["sandbox", "run", "--scenario", "tiny", "--out", path, "--json"]);
    let mut child = quiet(first);
    for wait in [900, 700] {
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        let mut next = ras(sandbox.home.path());
        next.args(["serve", path, "--listen", "127.0.0.1:0"]);
        child = quiet(next);
    }
    let end = until("the end", || {
        let status = sandbox.run(&["status", path]).1;
        (status["sandbox"]["phase"] == json!("ended")).then_some(status)
    });
    assert_eq!(end["problems"], json!([]));
    // The last bucket is closed and told after time stands at its end.
    std::thread::sleep(Duration::from_millis(500));
    let _ = child.kill();
    child.wait().unwrap();
    // Whoever opens it next finds the end, and writes the world as it stood there.
    let scored = sandbox.ok(&["sandbox", "score", path]);
    assert_eq!(scored["score"]["alarms"]["total"], json!(2));
    assert_eq!(sandbox.ok(&["audit", "verify", path])["ok"], json!(true));
    assert_eq!(sandbox.ok(&["replay", path])["difference"], Value::Null);
    counts_agree(&sandbox, &dir);
}

#[test]
fn a_simulation_is_scored_and_foreign_findings_are_too() {
    let sandbox = Sandbox::new();
    let path = sandbox.home.path().join("box");
    let dir = path.to_str().unwrap();
    let done = sandbox.ok(&["sandbox", "run", "--scenario", "tiny", "--out", dir, "--seed", "2"]);
    assert_eq!(
        done["sent"]["events"],
        json!(done["sent"]["accepted"].as_u64().unwrap() + done["sent"]["duplicates"].as_u64().unwrap())
    );
    assert_eq!(done["events"], done["sent"]["accepted"]);
    assert_eq!(done["score"]["alarms"]["found"], json!(2), "{}", done["score"]);
    counts_agree(&sandbox, &path);

    let truth = sandbox.home.path().join("truth.json");
    let file = sandbox.home.path().join("findings.json");
    std::fs::write(&file, r#"{"insights": []}"#).unwrap();
    let (truth, file) = (truth.to_str().unwrap(), file.to_str().unwrap());
    let scored = sandbox.ok(&["sandbox", "score", dir, "--truth", truth, "--findings", file]);
    assert_eq!(scored["score"]["alarms"]["found"], json!(0));
    let truth: Value = serde_json::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
    assert_eq!(truth["incidents"][0]["key"], json!("mobile_checkout"));
}

#[test]
fn scenarios_are_listed_described_and_checked() {
    let sandbox = Sandbox::new();
    assert!(sandbox.ok(&["sandbox", "list"]).as_array().unwrap().len() >= 18);
    let told = sandbox.ok(&["sandbox", "describe", "tiny"]);
    assert!(told["text"].as_str().unwrap().contains("mobile_checkout"), "{told}");
    let file = sandbox.home.path().join("mine.toml");
    std::fs::write(&file, "extends = \"tiny\"\nname = \"mine\"\n").unwrap();
    assert_eq!(sandbox.ok(&["sandbox", "check", file.to_str().unwrap()])["ok"], json!(true));
    std::fs::write(&file, "extends = \"tiny\"\nname = \"mine\"\n[funnel]\nbuy = \"140 %\"\n").unwrap();
    let (done, error) = sandbox.run(&["sandbox", "check", file.to_str().unwrap()]);
    assert!(!done);
    assert_eq!(
        (error["code"].as_str(), error["problems"][0]["line"].as_u64()),
        (Some("config_invalid"), Some(4)),
        "{error}"
    );
    assert_eq!(sandbox.run(&["sandbox", "describe", "nothing"]).1["code"], json!("not_found"));
}

#[test]
fn each_kind_of_company_runs_for_a_month() {
    let sandbox = Sandbox::new();
    // All of them for a year: `ras bench sandbox --all`.
    for scenario in ["shop-adversarial", "saas-drifting", "marketplace-shocked"] {
        let done = sandbox.ok(&["sandbox", "run", "--scenario", scenario, "--days", "30"]);
        assert_eq!(done["events"], done["sent"]["accepted"], "{scenario}");
        assert!(done["events"].as_u64().unwrap() > 5_000, "{scenario}: {done}");
        let dir = sandbox.home.path().join(format!("sandbox-{scenario}-1"));
        assert_eq!(sandbox.ok(&["replay", dir.to_str().unwrap()])["difference"], Value::Null, "{scenario}");
    }
}
