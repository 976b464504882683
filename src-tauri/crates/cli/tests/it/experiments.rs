//! Experiments from end to end: one that somebody else ran and that is only read, and one on a lever, asked, served, counted, concluded
//! and shipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::ask;
use crate::kit::{Shop, until};

/// A game moves its first gate from level 30 to level 40. Units, and those who came back on day 7, per arm.
const GATES: [(&str, u32, u32); 2] = [("gate_30", 44_700, 8_502), ("gate_40", 45_489, 8_279)];

const GAME: &str = r#"
[business]
name = "Corner Shop"
timezone = "UTC"

[[metric]]
key = "retention_7"
kind = "proportion"
numerator = { event = "install", where = "back == 1" }
denominator = { event = "install" }

[[experiment]]
key = "gates"
title = "The first gate at level 40"
arms = ["gate_30", "gate_40"]
metric = "retention_7"
exposure = { event = "install", arm = "version" }
until = 2025-01-14

[experiments]
on = false
"#;

fn write_gates(home: &Path) -> std::path::PathBuf {
    let mut text = "id,event,date,unit,version,back\n".to_owned();
    let mut unit = 0_u32;
    for (arm, units, back) in GATES {
        for n in 0..units {
            // Those who came back are spread over the days like everybody.
            let came = u64::from(n + 1) * u64::from(back) / u64::from(units)
                - u64::from(n) * u64::from(back) / u64::from(units);
            let day = 1 + n % 14;
            let _ = writeln!(text, "i{unit},install,2025-01-{day:02}T{:02}:00:00Z,u{unit},{arm},{came}", n % 24);
            unit += 1;
        }
    }
    let path = home.join("gates.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_test_somebody_else_ran_is_read_with_the_figures_of_a_textbook() {
    let shop = Shop::with(GAME);
    let file = write_gates(shop.home.path());
    let done = shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes", "--map", "unit=unit"]);
    assert_eq!((&done["accepted"], &done["rejected"]), (&json!(90_189), &json!(0)), "{done}");
    let story = shop.ok(&["experiment", "show", shop.path(), "gates"]);
    let reading = story["readings"].as_array().and_then(|r| r.last()).unwrap_or_else(|| panic!("no look: {story}"));
    assert_eq!(reading["units"], json!([44_700, 45_489]));
    let effect = &reading["effects"][0];
    let near = |at: &Value, expect: f64, within: f64| {
        let got = at.as_f64().unwrap_or_else(|| panic!("no number in {reading}"));
        assert!((got - expect).abs() <= within * expect.abs(), "{got} is not {expect}: {effect}");
    };
    let share = |(_, units, back): (&str, u32, u32)| f64::from(back) / f64::from(units);
    let (control, treated) = (share(GATES[0]), share(GATES[1]));
    near(&effect["control"], control, 1e-12);
    near(&effect["treated"], treated, 1e-12);
    near(&effect["absolute"]["middle"], treated - control, 1e-9);
    near(&effect["relative"]["middle"], treated / control - 1.0, 1e-9);
    // The z-test of two proportions: z = -3.1644, two-sided p = 0.00155.
    let (n, m) = (f64::from(GATES[0].1), f64::from(GATES[1].1));
    let pooled = f64::from(GATES[0].2 + GATES[1].2) / (n + m);
    let z = (treated - control) / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    assert!((z + 3.1644).abs() < 1e-4, "{z}");
    near(&effect["stopping"]["z"], z, 2e-4);
    near(&story["experiment"]["conclusion"]["p_value"], 0.001_554_25, 2e-3);
    let split = reading["gates"].as_array().unwrap().iter().find(|g| g["kind"] == json!("sample_ratio")).unwrap();
    // Chi-square says p = 0.0086 of this split; a test that holds at every look asks for more before it blocks.
    assert_eq!(split["passed"], json!(true), "{split}");
    assert_eq!(reading["call"]["call"], json!("roll_back"), "{reading}");
    assert_eq!(story["experiment"]["state"], json!("archived"), "{story}");
    let rows = shop.ask("experiments", &[]);
    assert_eq!(
        (&rows[0]["key"], &rows[0]["arm"], &rows[0]["units"]),
        (&json!("gates"), &json!("gate_40"), &json!(90_189))
    );
    shop.proves_itself();
}

const SHOP: &str = r#"
[business]
name = "Corner Shop"
timezone = "UTC"

[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "7d" }
denominator = { event = "visit" }

[[lever]]
key = "layout"
kind = "boolean"
default = false
served_as = ["ofrep"]

[[policy]]
name = "Everything asks"
answer = "ask"

[experiments]
on = false
self_audit = 0
"#;

const PER_DAY: u32 = 100;

/// Visitors of some days of 2025, each with a visit, an exposure and perhaps an order. `arm` says what a unit saw.
fn write_visits(
    path: &Path,
    days: std::ops::Range<u32>,
    arm: impl Fn(u32) -> String,
    orders_of_100: impl Fn(&str) -> u32,
) {
    let mut text = "id,event,date,unit,$feature_flag,$feature_flag_response\n".to_owned();
    for day in days {
        let (month, date) = if day < 31 { (1, day + 1) } else { (2, day - 30) };
        for n in 0..PER_DAY {
            let unit = day * PER_DAY + n;
            let arm = arm(unit);
            let at = |minute: u32| format!("2025-{month:02}-{date:02}T{:02}:{minute:02}:00Z", n % 24);
            let _ = writeln!(text, "v{unit},visit,{},u{unit},,", at(5));
            let _ = writeln!(text, "e{unit},$feature_flag_called,{},u{unit},layout,{arm}", at(6));
            // A permutation of the hundred, another one each day.
            if (n * 37 + day * 11) % 100 < orders_of_100(&arm) {
                let _ = writeln!(text, "o{unit},order,{},u{unit},,", at(20));
            }
        }
    }
    std::fs::write(path, text).unwrap();
}

fn import_live(shop: &Shop, dir: &str, file: &Path, from: &str) {
    shop.ok(&[
        "import",
        dir,
        file.to_str().unwrap(),
        "--yes",
        "--map",
        "unit=unit",
        "--as-live",
        "max",
        "--live-from",
        from,
    ]);
}

fn show(shop: &Shop, dir: &str) -> Value {
    shop.ok(&["experiment", "show", dir, "layout-1"])
}

/// What a look says, without what it is called.
fn figures(story: &Value) -> Vec<Value> {
    let readings = story["readings"].as_array().unwrap();
    readings.iter().map(|r| json!([r["number"], r["at"], r["units"], r["effects"], r["gates"], r["call"]])).collect()
}

#[test]
fn a_question_on_a_lever_is_served_counted_concluded_and_shipped() {
    let shop = Shop::with(SHOP);
    let history = shop.home.path().join("history.csv");
    write_visits(&history, 0..28, |_| "false".into(), |_| 20);
    import_live(&shop, shop.path(), &history, "2025-01-20");

    let question = ["--value", "true", "--metric", "conversion", "--mde", "50 %"];
    let check = shop.ok(&[&["experiment", "check", shop.path(), "layout"][..], &question].concat());
    assert_eq!(check["refusal"], Value::Null, "{check}");
    let days = check["design"]["days"]["p50"].as_f64().unwrap_or_else(|| panic!("no days: {check}"));
    assert!((1.0..30.0).contains(&days), "{check}");
    assert_eq!(shop.ask("experiments", &[]), json!([]), "a check changes nothing");
    let unfit =
        shop.fails(&["experiment", "check", shop.path(), "layout", "--value", "maybe", "--metric", "conversion"]);
    assert_eq!(unfit.code(), "invalid_argument");
    assert_eq!(shop.fails(&["experiment", "show", shop.path(), "nothing"]).code(), "not_found");

    let asked = shop.ok(&[&["experiment", "ask", shop.path(), "layout"][..], &question].concat());
    assert_eq!((&asked["row"]["key"], &asked["row"]["state"]), (&json!("layout-1"), &json!("waiting")), "{asked}");
    assert_eq!(asked["serving"]["in_force"], json!(false));
    let card = asked["card"].as_str().unwrap_or_else(|| panic!("no card: {asked}")).to_owned();
    let started = shop.ask("approve", &[&card]);
    assert_eq!(started["act"]["kind"], json!("start_experiment"), "{started}");
    let story = show(&shop, shop.path());
    assert_eq!((&story["row"]["state"], &story["serving"]["in_force"]), (&json!("running"), &json!(true)), "{story}");
    let lever = shop.ok(&["lever", "show", shop.path(), "layout"]);
    assert_eq!(lever["lever"]["rules"][0]["key"], json!("layout-1"), "{lever}");
    let kinds: Vec<&str> = lever["history"].as_array().unwrap().iter().filter_map(|c| c["kind"].as_str()).collect();
    assert!(kinds.contains(&"experiment_started"), "{kinds:?}");

    the_file_cannot_take_its_ground(&shop);
    let arms = arms_over_ofrep(&shop, 28 * PER_DAY..44 * PER_DAY);
    let tests = arms.values().filter(|arm| *arm == "test").count();
    assert!((650..950).contains(&tests), "{tests} of {}", arms.len());

    let visits = shop.home.path().join("visits.csv");
    write_visits(&visits, 28..44, |unit| arms[&unit].clone(), |arm| if arm == "test" { 36 } else { 20 });
    let copy = shop.home.path().join("copy");
    let copied = std::process::Command::new("cp").arg("-r").arg(&shop.dir).arg(&copy).status();
    assert!(copied.unwrap().success());
    import_live(&shop, shop.path(), &visits, "2025-01-29");
    let story = show(&shop, shop.path());
    assert_eq!(story["row"]["state"], json!("concluding"), "{}", story["row"]);
    assert_eq!(story["row"]["call"], json!({ "call": "ship", "arm": "test" }), "{}", story["row"]);
    assert_eq!(lever_value(&shop), json!(false), "nothing ships by itself here");

    killed_in_the_middle(&shop, copy.to_str().unwrap(), &visits, &story);

    let card = story["card"].as_str().unwrap_or_else(|| panic!("no card: {story}"));
    let shipped = shop.ask("approve", &[card]);
    assert_eq!(shipped["act"]["ship"], json!(true), "{shipped}");
    assert_eq!(lever_value(&shop), json!(true));
    let lever = shop.ok(&["lever", "show", shop.path(), "layout"]);
    assert_eq!(lever["lever"]["rules"], json!([]), "{lever}");
    let kinds: Vec<&str> = lever["history"].as_array().unwrap().iter().filter_map(|c| c["kind"].as_str()).collect();
    assert!(kinds.contains(&"experiment_ended") && kinds.contains(&"value"), "{kinds:?}");
    let over = show(&shop, shop.path());
    assert!(["watching", "archived"].contains(&over["row"]["state"].as_str().unwrap()), "{}", over["row"]);
    shop.proves_itself();
}

fn lever_value(shop: &Shop) -> Value {
    let levers = shop.ask("levers", &[]);
    levers.as_array().unwrap().iter().find(|l| l["key"] == json!("layout")).unwrap()["value"].clone()
}

/// What a product does: asks for one unit after the other.
fn arms_over_ofrep(shop: &Shop, units: std::ops::Range<u32>) -> BTreeMap<u32, String> {
    let key = shop.ask("keys", &["--make", "web", "--kind", "client"])["value"].as_str().unwrap().to_owned();
    let served = shop.serve();
    let arm = |unit: u32| {
        let body = json!({ "context": { "targetingKey": format!("u{unit}") } }).to_string();
        let path = "/ofrep/v1/evaluate/flags/layout";
        let (status, answer) = ask(&served.address, "POST", path, &key, &body).expect("an answer");
        assert_eq!(status, 200, "{answer}");
        let variant = answer["variant"].as_str().unwrap_or_else(|| panic!("no variant: {answer}")).to_owned();
        assert_eq!(answer["value"], json!(variant == "test"), "{answer}");
        variant
    };
    let arms = units.map(|unit| (unit, arm(unit))).collect();
    assert_eq!(served.stop(), Some(0));
    arms
}

fn the_file_cannot_take_its_ground(shop: &Shop) {
    let rule = "\n[[lever.rule]]\nkey = \"layout-1\"\nvalue = true\n";
    let lever = SHOP.find("[[lever]]").unwrap();
    let end = SHOP.find("[[policy]]").unwrap();
    for (text, expect) in [
        (format!("{}{}", &SHOP[..lever], &SHOP[end..]), "the lever “layout” is gone"),
        (format!("{}{rule}\n{}", &SHOP[..end], &SHOP[end..]), "has the key of this rule"),
        (SHOP.replace("default = false", "default = false\ngroup = \"company\""), "sorted anew"),
        (SHOP.replace("event = \"order\"", "event = \"sale\""), "would mean something else"),
    ] {
        shop.write_toml(&text);
        let problems = shop.problems();
        let told = problems.iter().any(|p| p["message"].as_str().unwrap().contains(expect));
        assert!(told, "{expect}: {problems:?}");
        assert_eq!(show(shop, shop.path())["serving"]["in_force"], json!(true), "the last good one stays in force");
    }
    shop.write_toml(SHOP);
    assert_eq!(shop.problems(), Vec::<Value>::new());
}

/// The same days, broken off by kill -9 while they arrive, and taken up again: the same looks with the same figures.
fn killed_in_the_middle(shop: &Shop, dir: &str, visits: &Path, whole: &Value) {
    let args = [
        "import",
        dir,
        visits.to_str().unwrap(),
        "--yes",
        "--map",
        "unit=unit",
        "--as-live",
        "500000",
        "--live-from",
        "2025-01-29",
    ];
    let mut child = shop.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Events of about six days are in when it is killed.
    let looked = || show(shop, dir)["readings"].as_array().map_or(0, Vec::len);
    until("some looks", || (looked() >= 3).then_some(()));
    assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    shop.ok(&[
        "import",
        dir,
        visits.to_str().unwrap(),
        "--yes",
        "--map",
        "unit=unit",
        "--as-live",
        "max",
        "--live-from",
        "2025-01-29",
    ]);
    let again = show(shop, dir);
    assert_eq!(figures(&again), figures(whole));
    let replay = shop.ok(&["replay", dir]);
    assert_eq!(replay["difference"], Value::Null);
}

#[test]
fn a_lever_that_is_killed_ends_its_experiment() {
    let shop = Shop::with(SHOP);
    let history = shop.home.path().join("history.csv");
    write_visits(&history, 0..28, |_| "false".into(), |_| 20);
    import_live(&shop, shop.path(), &history, "2025-01-26");
    let asked = shop.ok(&[
        "experiment",
        "ask",
        shop.path(),
        "layout",
        "--value",
        "true",
        "--metric",
        "conversion",
        "--mde",
        "0.5",
        "--key",
        "look",
    ]);
    shop.ask("approve", &[asked["card"].as_str().unwrap_or_else(|| panic!("no card: {asked}"))]);
    shop.ok(&["lever", "kill", shop.path(), "layout"]);
    let story = shop.ok(&["experiment", "show", shop.path(), "look"]);
    let state = story["row"]["state"].as_str().unwrap();
    assert!(["stopped", "concluding"].contains(&state), "{}", story["row"]);
    assert!(story["experiment"].to_string().contains("switched off"), "{}", story["experiment"]["history"]);
    assert_eq!(story["serving"]["in_force"], json!(false));
    let again = shop.fails(&["experiment", "ask", shop.path(), "layout", "--value", "true", "--metric", "conversion"]);
    assert_eq!(again.code(), "invalid_argument");
    shop.proves_itself();
}
