//! Procedures from the outside: published from files, run step by step, killed in the middle, told whole afterwards.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Hook;
use crate::kit::{Shop, until};
use crate::life::SHOP;

/// Calls to `ops_alert` run alone, and may be sent again with the same key.
fn alone(url: &str) -> String {
    format!(
        "{SHOP}\n[[effect]]\nkey = \"ops_alert\"\nkind = \"webhook\"\nurl = \"{url}\"\nallow_private = true\nidempotent = true\n\
         domain = \"operations\"\nreversibility = \"R0\"\n[[policy]]\nname = \"Telling runs\"\nreversibility = [\"R0\"]\nanswer = \"run\"\n"
    )
    // A card drawn by chance would wait for an answer here.
    .replace("exposure_per_decision = \"10 %\"", "exposure_per_decision = \"100 %\"\naudit_share = \"0 %\"")
}

const GATED: &str = r#"
key = "gated"
title = "Two gates"
purpose = "Waits for two people side by side."
[[node]]
key = "begin"
title = "Begin"
kind = "set"
values = { n = "0" }
next = ["left", "right"]
[[node]]
key = "left"
title = "Left gate"
kind = "signal"
signal = "go"
into = { first = "who" }
next = "both"
[[node]]
key = "right"
title = "Right gate"
kind = "signal"
signal = "go"
into = { second = "who" }
next = "both"
[[node]]
key = "both"
title = "Both are open"
kind = "join"
next = "done"
[[node]]
key = "done"
title = "Done"
kind = "end"
"#;

fn teller(calls: u32) -> String {
    let mut text = "key = \"teller\"\ntitle = \"Teller\"\npurpose = \"Tells again and again.\"\n".to_owned();
    for n in 0..calls {
        let next = if n + 1 == calls { "done".to_owned() } else { format!("tell-{}", n + 1) };
        let _ = write!(
            text,
            "[[node]]\nkey = \"tell-{n}\"\ntitle = \"Tell {n}\"\nkind = \"effect\"\neffect = \"ops_alert\"\n\
             payload = {{ text = \"number {n}\" }}\nnext = \"{next}\"\n"
        );
    }
    text + "[[node]]\nkey = \"done\"\ntitle = \"Done\"\nkind = \"end\"\n"
}

fn put(shop: &Shop, name: &str, text: &str) {
    let dir = shop.dir.join("workflows");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.toml")), text).unwrap();
}

fn begin(shop: &Shop, key: &str) -> String {
    let run = shop.ok(&["workflow", "run", shop.path(), key]);
    run["run"]["id"].as_str().unwrap_or_else(|| panic!("{run}")).to_owned()
}

fn look(shop: &Shop, run: &str) -> Value {
    shop.ok(&["workflow", "steps", shop.path(), run])
}

fn state(shop: &Shop, run: &str) -> String {
    look(shop, run)["brief"]["state"].as_str().unwrap().to_owned()
}

/// Arguments with more behind them.
fn with<'a>(head: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [head, rest].concat()
}

#[test]
fn files_are_published_whole_as_versions_that_never_change() {
    let shop = Shop::with(SHOP);
    put(&shop, "gated", GATED);
    let list = shop.ok(&["workflow", "list", shop.path()]);
    assert_eq!(list["workflows"][0]["version"], json!(1), "{list}");
    put(&shop, "gated", &GATED.replace("Two gates", "Two doors"));
    let shown = shop.ok(&["workflow", "show", shop.path(), "gated"]);
    assert_eq!((&shown["version"], &shown["definition"]["title"]), (&json!(2), &json!("Two doors")));
    let first = shop.ok(&["workflow", "show", shop.path(), "gated", "--version", "1"]);
    assert_eq!(first["definition"]["title"], json!("Two gates"));
    // A mistake leaves the last good version in force, and says where it is.
    put(&shop, "gated", &GATED.replace("next = \"both\"", "next = \"nowhere\""));
    let list = shop.ok(&["workflow", "list", shop.path()]);
    assert_eq!(list["workflows"][0]["version"], json!(2));
    assert!(list["refused"][0]["problems"][0]["line"].as_u64().unwrap() > 1, "{list}");
    assert_eq!(list["workflows"][0]["in_force"], json!(true));
    let file = shop.dir.join("workflows/gated.toml");
    let failed = shop.fails(&["workflow", "check", shop.path(), file.to_str().unwrap()]);
    assert_eq!(failed.code(), "config_invalid");
    // Without its file nothing starts it any more.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(shop.ok(&["workflow", "list", shop.path()])["workflows"][0]["in_force"], json!(false));
    assert_eq!(shop.fails(&["workflow", "run", shop.path(), "gated"]).code(), "wrong_state");
    assert_eq!(shop.ok(&["audit", "verify", shop.path()])["ok"], json!(true));
}

#[test]
fn two_gates_in_one_step_are_not_mixed_up_and_waits_outlive_restarts() {
    let shop = Shop::with(SHOP);
    put(&shop, "gated", GATED);
    let run = begin(&shop, "gated");
    let waits = look(&shop, &run)["waits"].as_array().unwrap().clone();
    assert_eq!(waits.len(), 2);
    let signal = ["workflow", "signal", shop.path(), run.as_str(), "--name", "go"];
    // Which of the two is meant must be said.
    assert_eq!(shop.fails(&with(&signal, &[])).code(), "invalid_argument");
    let key = |node: &str| {
        let wait = waits.iter().find(|w| w["node"] == json!(node)).unwrap();
        wait["key"].as_str().unwrap().to_owned()
    };
    let right = key("right");
    shop.ok(&with(&signal, &["--key", &right, "--payload", "{\"who\": \"ada\"}", "--id", "s1"]));
    assert_eq!(shop.fails(&with(&signal, &["--payload", "{\"who\": \"bob\"}", "--id", "s1"])).code(), "wrong_state");
    let left = look(&shop, &run);
    assert_eq!(left["run"]["variables"]["second"], json!("ada"));
    assert_eq!(left["run"]["variables"]["first"], Value::Null);
    // Every command opened the folder anew; a serving process finds the wait, too.
    let served = shop.serve();
    shop.ok(&with(&signal, &["--payload", "{\"who\": \"bob\"}"]));
    until("the end", || (state(&shop, &run) == "succeeded").then_some(()));
    served.kill();
    let steps = look(&shop, &run)["steps"].as_array().unwrap().len();
    assert_eq!(steps, 3, "the start and two signals");
    assert_eq!(shop.fails(&with(&signal, &[])).code(), "wrong_state");
    shop.proves_itself();
}

#[test]
fn a_run_killed_again_and_again_loses_no_call_and_doubles_none() {
    let hook = Hook::start();
    let shop = Shop::with(&alone(&hook.url));
    put(&shop, "teller", &teller(12));
    let served = shop.serve();
    let run = begin(&shop, "teller");
    std::thread::sleep(Duration::from_millis(150));
    served.kill();
    for wait in [400, 700, 550] {
        let served = shop.serve();
        std::thread::sleep(Duration::from_millis(wait));
        served.kill();
    }
    let served = shop.serve();
    until("the end", || (state(&shop, &run) == "succeeded").then_some(()));
    assert_eq!(served.stop(), Some(0));
    // Whoever recognises the key sees each call once; all of them came.
    let mut seen: Vec<(String, String)> =
        hook.all().into_iter().map(|call| (call.headers["webhook-id"].clone(), call.body)).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12, "{seen:?}");
    let mut bodies: Vec<&String> = seen.iter().map(|(_, body)| body).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 12, "{bodies:?}");
    let decisions = shop.decisions().into_iter().filter(|d| d["proposer"] == json!("workflow:teller")).count();
    assert_eq!(decisions, 12, "one decision per call, whatever was repeated");
    shop.proves_itself();
}

#[test]
fn what_did_not_happen_is_no_success() {
    let shop = Shop::with(&format!(
        "{}\n[[policy]]\nname = \"No telling\"\nanswer = \"deny\"\n",
        alone("http://127.0.0.1:9/none").split("[[policy]]").next().unwrap()
    ));
    put(&shop, "teller", &teller(1));
    let run = begin(&shop, "teller");
    let shown = look(&shop, &run);
    assert_eq!(shown["brief"]["state"], json!("failed"), "{shown}");
    assert!(!shown["brief"]["ended"].as_str().unwrap().is_empty());
}

#[test]
fn an_open_run_costs_nothing_while_nothing_happens() {
    let shop = Shop::with(SHOP);
    put(&shop, "gated", GATED);
    let run = begin(&shop, "gated");
    let rows = |shop: &Shop| shop.ok(&["audit", "verify", shop.path()])["rows"].as_u64().unwrap();
    let served = shop.serve();
    until("the wait", || (state(&shop, &run) == "waiting").then_some(()));
    std::thread::sleep(Duration::from_millis(600));
    let before = rows(&shop);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(rows(&shop), before);
    drop(served);
}

#[test]
fn a_stop_holds_what_a_run_would_do_and_cancelling_undoes() {
    let hook = Hook::start();
    let shop = Shop::with(&alone(&hook.url));
    put(&shop, "teller", &teller(2));
    shop.ask("stop", &[]);
    let run = begin(&shop, "teller");
    assert_eq!(state(&shop, &run), "running");
    assert!(hook.next(Duration::from_millis(500)).is_none(), "nothing leaves while stopped");
    shop.ask("resume", &[]);
    let served = shop.serve();
    until("the end", || (state(&shop, &run) == "succeeded").then_some(()));
    drop(served);
    assert_eq!(hook.all().len(), 2);
    put(&shop, "gated", GATED);
    let other = begin(&shop, "gated");
    let cancelled = shop.ok(&["workflow", "cancel", shop.path(), &other, "--reason", "not today"]);
    assert_eq!(cancelled["brief"]["state"], json!("cancelled"), "{cancelled}");
    shop.proves_itself();
}

#[test]
fn live_runs_go_on_by_another_version_only_when_every_one_lands() {
    let shop = Shop::with(SHOP);
    put(&shop, "gated", GATED);
    let run = begin(&shop, "gated");
    put(&shop, "gated", &GATED.replace("\"left\"", "\"west\""));
    let migrate = ["workflow", "migrate", shop.path(), "gated", "--from", "1", "--to", "2"];
    let report = shop.ok(&with(&migrate, &["--dry-run"]));
    assert!(!report["runs"][0]["problems"].as_array().unwrap().is_empty(), "{report}");
    assert_eq!(shop.fails(&with(&migrate, &[])).code(), "wrong_state");
    assert_eq!(look(&shop, &run)["run"]["version"], json!(1), "nothing moved");
    shop.ok(&with(&migrate, &["--node", "left=west"]));
    let moved = look(&shop, &run);
    assert_eq!(moved["run"]["version"], json!(2));
    assert!(moved["waits"].as_array().unwrap().iter().any(|w| w["node"] == json!("west")), "{moved}");
    shop.proves_itself();
}
