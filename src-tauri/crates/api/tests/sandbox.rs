//! A sandbox from its start to its end, as the console drives it: sped up, skipped through, troubled, reset, deleted.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use epoch_api::{App, AppOptions};
use epoch_model::Code;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;
const CONFIG: &str = "EPOCHCORE_CONFIG";

/// Runs a test in a process of its own whose operator's key lies in a folder of its own.
fn alone(name: &str, test: impl FnOnce(&Path)) {
    if let Some(config) = std::env::var_os(CONFIG) {
        return test(Path::new(&config).parent().expect("a home"));
    }
    let home = tempfile::tempdir().expect("a folder");
    let itself = std::env::current_exe().expect("this test");
    let mut command = Command::new(itself);
    command.args(["--exact", name, "--nocapture"]).env(CONFIG, home.path().join("config"));
    let done = command.env("XDG_RUNTIME_DIR", home.path()).output().expect("run");
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

struct Console(App);

impl Console {
    fn new(home: &Path) -> Self {
        Self(App::new(AppOptions { home: home.join("data"), background: true, ..AppOptions::default() }))
    }

    fn read(&self, name: &str) -> Value {
        self.0.read(name, json!({})).unwrap_or_else(|e| panic!("{name}: {e:?}"))
    }

    fn write(&self, name: &str, args: Value) -> Value {
        self.0.write(name, args).unwrap_or_else(|e| panic!("{name}: {e:?}"))
    }

    fn refused(&self, name: &str, args: Value) -> Code {
        self.0.write(name, args).expect_err(name).code
    }

    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let sandbox = self.read("sandbox");
            if holds(&sandbox) {
                return sandbox;
            }
            assert!(sandbox["problem"].is_null() && Instant::now() < end, "waited in vain for {what}: {sandbox}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn at(view: &Value, key: &str) -> i64 {
    view[key].as_i64().unwrap_or_else(|| panic!("no {key} in {view}"))
}

#[test]
fn a_sandbox_is_steered_from_start_to_end() {
    alone("a_sandbox_is_steered_from_start_to_end", |home| {
        let console = Console::new(home);
        assert_eq!(console.read("sandbox_scenarios").as_array().map(Vec::len), Some(20));
        assert_eq!(console.refused("sandbox_start", json!({ "scenario": "no such" })), Code::NotFound);
        let status =
            console.write("sandbox_start", json!({ "scenario": "tiny", "seed": 9, "history_days": 10, "speed": 0 }));
        assert_eq!(status["sandbox"]["scenario"], json!("tiny"));

        // History is filled, then time stands still.
        let filled = console.until("history", |s| s["phase"] == json!("paused"));
        assert_eq!((at(&filled, "now"), at(&filled, "seed")), (at(&filled, "from") + 10 * DAY, 9));
        assert_eq!(filled["transport"], json!("in_process"));
        let events = at(&filled, "events");
        assert!(events > 5_000, "{events}");

        // What is let happen while time stands still is true at once.
        let before = console.read("sandbox_truth")["incidents"].as_array().map_or(0, Vec::len);
        assert_eq!(console.refused("sandbox_inject", json!({ "kind": "no such" })), Code::NotFound);
        assert_eq!(console.refused("sandbox_inject", json!({ "kind": "outage", "days": 0 })), Code::InvalidArgument);
        let told = console.write("sandbox_inject", json!({ "kind": "outage", "days": 2 }));
        assert_eq!(told["injected"][0]["kind"], json!("outage"));
        let truth = console.read("sandbox_truth");
        let incidents = truth["incidents"].as_array().expect("a list");
        assert_eq!(incidents.len(), before + 1);
        assert!(incidents.iter().any(|i| i["kind"] == json!("outage") && at(i, "start") == at(&filled, "now")));
        assert_eq!(console.read("sandbox")["now"], filled["now"], "time stood still");

        // Three days are skipped; then it stands still again.
        assert_eq!(console.refused("sandbox_skip", json!({ "days": -1 })), Code::InvalidArgument);
        console.write("sandbox_skip", json!({ "days": 3 }));
        let target = at(&filled, "now") + 3 * DAY;
        let skipped = console.until("three days", |s| at(s, "now") >= target && s["skipping_until"].is_null());
        assert!(at(&skipped, "now") < target + DAY && at(&skipped, "events") > events, "{skipped}");
        let truth = console.read("sandbox_truth");
        assert_eq!(truth["money"].as_array().map(Vec::len), Some(13), "every whole day has its money");

        // An hour in a tenth of a second, and no faster.
        let standing = at(&console.read("sandbox"), "now");
        let began = Instant::now();
        console.write("sandbox_speed", json!({ "speed": 36_000 }));
        let ran = console.until("six hours", |s| at(s, "now") >= standing + DAY / 4);
        let fastest = began.elapsed().as_secs_f64() * 36_000_000.0 * 1.5 + 3_600_000.0;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few days")]
        let passed = (at(&ran, "now") - standing) as f64;
        assert!(passed <= fastest, "{passed} ms in {:?}", began.elapsed());
        assert_eq!(console.refused("sandbox_speed", json!({ "speed": -1 })), Code::InvalidArgument);
        console.write("sandbox_speed", json!({ "speed": 0, "hold": true }));
        assert_eq!(console.until("a pause", |s| s["phase"] == json!("paused"))["hold"], json!(true));

        // From its first day again: the same luck, without what was let happen.
        let again = console.write("sandbox_reset", json!({}));
        assert_eq!(again["business"]["folder"], status["business"]["folder"]);
        let refilled = console.until("history again", |s| s["phase"] == json!("paused"));
        for key in ["from", "now", "until", "seed", "events", "hold"] {
            assert_eq!(refilled[key], if key == "hold" { json!(true) } else { filled[key].clone() }, "{key}");
        }
        assert_eq!(refilled["injected"], json!([]));

        // Gone, and with it its folder; then nothing is open.
        let folder = status["business"]["folder"].as_str().expect("a folder").to_owned();
        assert!(Path::new(&folder).join("sandbox/sandbox.json").is_file());
        assert_eq!(console.write("sandbox_delete", json!({}))["business"], Value::Null);
        assert!(!Path::new(&folder).exists());
        assert_eq!(console.refused("sandbox_skip", json!({ "days": 1 })), Code::NotFound);
        assert_eq!(console.refused("sandbox_delete", json!({})), Code::NotFound);
    });
}

#[test]
fn a_real_business_is_never_deleted_here() {
    alone("a_real_business_is_never_deleted_here", |home| {
        let folder = home.join("shop");
        let text = epoch_model::business::Business::template("Shop");
        epoch_host::Host::create(&folder, &text).expect("made");
        let console = Console::new(home);
        console.0.open(&folder).expect("open");
        assert_eq!(console.read("sandbox"), Value::Null);
        for (name, args) in [
            ("sandbox_delete", json!({})),
            ("sandbox_reset", json!({})),
            ("sandbox_skip", json!({ "days": 1 })),
            ("sandbox_inject", json!({ "kind": "outage" })),
        ] {
            assert_eq!(console.refused(name, args), Code::WrongState, "{name}");
        }
        assert!(folder.join("business.toml").is_file());
        assert_eq!(console.read("status")["business"]["folder"], json!(folder.canonicalize().expect("a path")));
    });
}
