//! A company that is a process of its own: what it sends through the gateway is what the same company does beside it,
//! whoever is killed on the way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use epoch_api::control::Client;
use epoch_model::business::Business;
use epoch_model::event::EventId;
use epoch_store::{Options, RowsQuery, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::{Served, ras, until};

/// Half of the people in one country are in an experiment with the headline, and half of all are promised a faster delivery.
const RULES: [(&str, &str); 2] = [
    (
        "headline",
        "if = \"country == 'DE'\"\nexperiment = \"proof\"\nshare = \"50 %\"\n\
         arms = [{ key = \"control\", value = \"plain\" }, { key = \"test\", value = \"proof\" }]\n",
    ),
    ("delivery_promise", "value = 3\nshare = \"50 %\"\n"),
];
const DAYS: &str = "6";

struct Sandbox {
    home: TempDir,
    dir: PathBuf,
}

/// Id to time, name, unit, properties.
type Events = BTreeMap<EventId, (i64, String, String, String)>;

impl Sandbox {
    /// A sandbox in which hardly any time has passed, with rules on its levers, that goes on as fast as it goes when it is served.
    fn new(live: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let sandbox = Self { dir: home.path().join("box"), home };
        let mut command = ras(sandbox.home.path());
        command.args(["sandbox", "run", "--scenario", "tiny", "--days", DAYS, "--seed", "3", "--speed", "0.001"]);
        command.args(["--out", sandbox.path()]).args(live.then_some("--live"));
        let mut standing = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the sandbox", || sandbox.status().filter(|status| status["sandbox"]["phase"] == json!("running")));
        standing.kill().unwrap();
        standing.wait().unwrap();
        let mut toml = std::fs::read_to_string(sandbox.dir.join("business.toml")).unwrap();
        for (lever, rule) in RULES {
            let at = toml.find(&format!("[[lever]]\nkey = \"{lever}\"")).unwrap();
            let end = toml[at + 1..].find("\n[[").map_or(toml.len(), |n| at + 1 + n);
            toml.insert_str(end, &format!("\n[[lever.rule]]\nkey = \"some\"\n{rule}"));
        }
        std::fs::write(sandbox.dir.join("business.toml"), toml).unwrap();
        let charter = sandbox.dir.join("sandbox/sandbox.json");
        let mut told: Value = serde_json::from_slice(&std::fs::read(&charter).unwrap()).unwrap();
        assert_eq!(told["transport"], json!(if live { "live" } else { "in_process" }));
        told["speed"] = Value::Null;
        std::fs::write(&charter, told.to_string()).unwrap();
        sandbox
    }

    fn path(&self) -> &str {
        self.dir.to_str().unwrap()
    }

    fn json(&self, args: &[&str]) -> Option<Value> {
        let done = ras(self.home.path()).args(args).arg("--json").output().unwrap();
        serde_json::from_slice(&done.stdout).ok().filter(|_| done.status.success())
    }

    fn status(&self) -> Option<Value> {
        self.json(&["status", self.path()])
    }

    fn serve(&self) -> Served {
        let mut command = ras(self.home.path());
        command.args(["serve", self.path(), "--listen", "127.0.0.1:0", "--json"]);
        Served::start(command)
    }

    fn ended(&self) {
        let end = until("the end", || self.status().filter(|status| status["sandbox"]["phase"] == json!("ended")));
        assert_eq!(end["problems"], json!([]), "{end}");
    }

    fn progress(&self) -> f64 {
        self.status().and_then(|status| status["sandbox"]["progress"].as_f64()).unwrap_or(0.0)
    }

    /// What lies in the store but for what the gateway notes of its own answers.
    fn events(&self) -> Events {
        let text = std::fs::read_to_string(self.dir.join("business.toml")).unwrap();
        let business = Business::parse(&text).unwrap();
        let store = Store::open_read_only(&self.dir, &business, Options::new(Arc::new(|| 0))).unwrap();
        let (mut events, mut rows, mut cursor) = (Events::new(), 0, None);
        loop {
            let query = RowsQuery { metric: None, name: None, from: i64::MIN, to: i64::MAX, cursor, limit: 1_000 };
            let page = store.rows(&query).unwrap();
            for row in page.rows.into_iter().filter(|row| row.source == "sandbox") {
                rows += 1;
                events.insert(row.id, (row.time, row.name, row.unit, row.props));
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(rows, events.len(), "an event is there twice");
        events
    }

    fn proves_itself(&self) {
        assert_eq!(self.json(&["audit", "verify", self.path()]).unwrap()["ok"], json!(true));
        assert_eq!(self.json(&["replay", self.path()]).unwrap()["difference"], Value::Null);
    }
}

/// Processes that a process started.
fn children(pid: u32) -> Vec<String> {
    let asked = Command::new("ps").args(["-o", "pid=", "--ppid", &pid.to_string()]).output().unwrap();
    String::from_utf8_lossy(&asked.stdout).split_whitespace().map(str::to_owned).collect()
}

fn is_alive(pid: &str) -> bool {
    // A zombie is none: it waits for its parent only.
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|text| !text.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn differences(a: &Events, b: &Events) -> Vec<String> {
    let lacking = |a: &Events, b: &Events, who: &str| {
        a.iter()
            .filter(|(id, event)| b.get(*id) != Some(event))
            .map(|(_, e)| format!("{who}: {e:?}"))
            .collect::<Vec<_>>()
    };
    let mut all = lacking(a, b, "only beside the gateway");
    all.extend(lacking(b, a, "only through the gateway"));
    all.truncate(8);
    all
}

#[cfg(target_os = "linux")]
#[test]
fn a_company_of_its_own_sends_what_it_does_whoever_is_killed() {
    let beside = Sandbox::new(false);
    let served = beside.serve();
    beside.ended();
    assert_eq!(served.stop(), Some(0));

    let live = Sandbox::new(true);
    // The company is killed, then the host, then both, each in the middle of its work.
    let mut served = live.serve();
    for (from, kill_company, kill_host) in [(0.1, true, false), (0.3, false, true), (0.5, true, true)] {
        until("progress", || (live.progress() > from).then_some(()));
        let company = until("the company", || children(served.child.id()).pop());
        if kill_company {
            assert!(Command::new("kill").args(["-KILL", &company]).status().unwrap().success());
        }
        if kill_host {
            served.kill();
            // Nobody stays behind.
            until("the orphan's end", || (!is_alive(&company)).then_some(()));
            served = live.serve();
        } else {
            let next = until("the next company", || children(served.child.id()).pop().filter(|pid| *pid != company));
            assert!(is_alive(&next));
        }
    }
    live.ended();
    let company = children(served.child.id());
    assert_eq!(served.stop(), Some(0));
    assert!(company.iter().all(|pid| !is_alive(pid)), "{company:?}");

    let (expected, sent) = (beside.events(), live.events());
    assert!(expected.len() > 5_000, "{}", expected.len());
    assert_eq!(differences(&expected, &sent), Vec::<String>::new());
    // What chance decided was really read by unit, both ways, and reported by those who saw it.
    let seen = sent.values().filter(|(_, name, ..)| name == "$feature_flag_called");
    let arms: BTreeMap<(String, String), usize> = seen.fold(BTreeMap::new(), |mut arms, (.., props)| {
        let props: Value = serde_json::from_str(props).unwrap();
        let text = |key: &str| props[key].as_str().unwrap_or_else(|| panic!("no {key} in {props}")).to_owned();
        let propensity = match (props["$feature_flag"].as_str(), props["$feature_flag_response"].as_str()) {
            (Some("headline"), Some("test")) => 0.25,
            (Some("headline"), _) => 0.75,
            _ => 0.5,
        };
        match &props["$propensity"] {
            // Before the rules came, everybody got the same, and chance had no say.
            Value::Null => assert_eq!(props["$feature_flag_response"], json!("default"), "{props}"),
            told => assert_eq!(told, &json!(propensity), "{props}"),
        }
        *arms.entry((text("$feature_flag"), text("$feature_flag_response"))).or_default() += 1;
        arms
    });
    assert_eq!(arms.keys().filter(|(lever, _)| lever == "headline").count(), 3, "{arms:?}");
    assert_eq!(arms.keys().filter(|(lever, _)| lever == "delivery_promise").count(), 2, "{arms:?}");
    assert!(arms.values().all(|n| *n > 20), "{arms:?}");
    beside.proves_itself();
    live.proves_itself();
}

#[cfg(target_os = "linux")]
#[test]
fn a_live_company_is_steered_while_it_lives() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { dir: home.path().join("box"), home };
    let mut command = ras(sandbox.home.path());
    command.args(["sandbox", "run", "--scenario", "tiny", "--history", "4", "--speed", "0.001", "--live"]);
    let mut run = command.args(["--out", sandbox.path()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut host = until("the host", || Client::connect(&sandbox.dir));
    let mut ask = |kind: &str, name: &str, args: Value| host.call(kind, name, args).unwrap();
    let at = |view: &Value, key: &str| view[key].as_i64().unwrap();
    let filled =
        until("history", || Some(ask("read", "sandbox", json!({}))).filter(|s| s["phase"] == json!("running")));
    assert_eq!(filled["transport"], json!("live"));
    until("the company", || children(run.id()).pop());

    ask("write", "sandbox_speed", json!({ "speed": 0 }));
    assert_eq!(ask("read", "sandbox", json!({}))["phase"], json!("paused"));
    // A step that was under way is finished first.
    let standing = until("time to stand still", || {
        let before = at(&ask("read", "sandbox", json!({})), "now");
        std::thread::sleep(Duration::from_millis(300));
        Some(before).filter(|before| at(&ask("read", "sandbox", json!({})), "now") == *before)
    });
    let told = ask("write", "sandbox_inject", json!({ "kind": "viral_post", "days": 1 }));
    assert_eq!(told["injected"][0]["at"], json!(standing));
    let truth = ask("read", "sandbox_truth", json!({}));
    assert!(truth["incidents"].as_array().unwrap().iter().any(|i| i["kind"] == json!("viral_post")), "{truth}");

    ask("write", "sandbox_skip", json!({ "days": 1 }));
    let skipped =
        until("a day", || Some(ask("read", "sandbox", json!({}))).filter(|s| at(s, "now") >= standing + 86_400_000));
    assert!(at(&skipped, "events") > at(&filled, "events"), "{skipped}");
    // What is let happen is not forgotten when the company is ended before its world is written.
    let company = children(run.id()).pop().unwrap();
    assert!(Command::new("kill").args(["-KILL", &company]).status().unwrap().success());
    ask("write", "sandbox_speed", json!({ "speed": 36_000 }));
    until("time to go on", || {
        Some(ask("read", "sandbox", json!({}))).filter(|s| at(s, "now") > at(&skipped, "now") + 3_600_000)
    });
    let truth = ask("read", "sandbox_truth", json!({}));
    assert!(truth["incidents"].as_array().unwrap().iter().any(|i| i["kind"] == json!("viral_post")), "{truth}");
    drop(host);
    run.kill().unwrap();
    run.wait().unwrap();
}
