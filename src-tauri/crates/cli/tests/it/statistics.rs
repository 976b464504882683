//! `ras analyze`, `power`, `fdr`, `srm`, `bandit`: figures of other programs go in as JSON and come out again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::kit::ras;

const COMMANDS: [&str; 5] = ["analyze", "power", "fdr", "srm", "bandit"];

/// Hands text to a command's stdin; its exit and the one JSON value it prints.
pub(crate) fn hand(command: &str, text: &str) -> (bool, Value) {
    let home = tempfile::tempdir().expect("a folder");
    let mut child = ras(home.path())
        .args([command, "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ras runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let done = child.wait_with_output().expect("it ends");
    let value = serde_json::from_slice(&done.stdout).expect("one JSON value");
    (done.status.success(), value)
}

pub(crate) fn ok(command: &str, input: &Value) -> Value {
    let (success, value) = hand(command, &input.to_string());
    assert!(success, "{value}");
    assert_eq!(value["version"], json!(1));
    value
}

pub(crate) fn refused(command: &str, text: &str) -> String {
    let (success, value) = hand(command, text);
    assert!(!success && value["code"] == json!("invalid_argument"), "{value}");
    assert!(value["hint"].as_str().is_some_and(|h| !h.is_empty()));
    value["message"].as_str().expect("a message").to_owned()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs")
}

#[track_caller]
pub(crate) fn near(value: &Value, want: f64, relative: f64) {
    let got = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((got / want - 1.0).abs() <= relative, "{got} is not {want}");
}

#[test]
fn schemas_in_the_documentation_are_those_of_the_types() {
    let home = tempfile::tempdir().expect("a folder");
    for command in COMMANDS {
        for side in ["input", "output"] {
            let done = ras(home.path()).args([command, "--schema", side]).output().expect("ras runs");
            let file = docs().join(format!("schemas/{command}.{side}.json"));
            let kept = std::fs::read_to_string(&file).unwrap_or_default();
            let now = String::from_utf8(done.stdout).expect("UTF-8");
            assert!(kept == now, "stale: ras {command} --schema {side} > docs/schemas/{command}.{side}.json");
        }
    }
}

/// 44,700 and 45,489 players met a gate at level 30 or 40; 8,502 and 8,279 of them still played after a week.
#[test]
fn cookie_cats() {
    let text = std::fs::read_to_string(docs().join("examples/cookie-cats.json")).expect("the example");
    let (success, told) = hand("analyze", &text);
    assert!(success, "{told}");
    let arm = &told["metrics"][0]["arms"][0];
    near(&told["metrics"][0]["control_value"], 8502.0 / 44700.0, 1e-15);
    near(&arm["absolute"]["estimate"], 8279.0 / 45489.0 - 8502.0 / 44700.0, 1e-12);
    // By hand: variances p (1 - p) / (n - 1) of both arms.
    let (p, q, m, n) = (8502.0_f64 / 44700.0, 8279.0_f64 / 45489.0, 44700.0, 45489.0);
    near(&arm["absolute"]["standard_error"], (p * (1.0 - p) / m + q * (1.0 - q) / n).sqrt(), 3e-5);
    near(&arm["effect"]["estimate"], q / p - 1.0, 1e-12);
    let interval = &arm["effect"]["interval"];
    assert!(interval[0].as_f64() < Some(-0.06) && interval[1].as_f64() < Some(-0.01), "{told}");
    assert_eq!((&arm["verdict"], &told["verdict"]["kind"]), (&json!("worse"), &json!("loser")));
    // The split is odd, and said to be, but not odd enough to refuse: 0.0086 by chi-square.
    near(&told["srm"]["p_value"], 0.008608, 1e-4);
    assert_eq!(told["srm"]["mismatch"], json!(false));
    assert_eq!(told["warnings"][0]["code"], json!("sizes_unusual"));
}

pub(crate) fn shop(design: Value, sums: Value) -> Value {
    json!({
        "version": 1, "design": design, "scale": "relative",
        "arms": [{ "key": "a" }, { "key": "b" }],
        "metrics": [{ "key": "orders", "sums": sums }],
    })
}

/// gbstats, ratio metric of 4,000 and 4,100 units.
#[test]
fn a_ratio_and_its_guardrail() {
    let arm = |units: u64, sum: f64, squares: f64, den: [f64; 3]| {
        json!({ "units": units, "sum": sum, "sum_squares": squares,
            "denominator": { "sum": den[0], "sum_squares": den[1], "sum_products": den[2] } })
    };
    let sums = json!({
        "a": arm(4000, 3943.0, 9229.0, [20024.0, 115992.0, 22952.0]),
        "b": arm(4100, 4151.0, 9647.0, [20521.0, 119109.0, 24168.0]),
    });
    let mut input = shop(json!({ "kind": "fixed" }), sums);
    let told = ok("analyze", &input);
    let effect = &told["metrics"][0]["arms"][0]["effect"];
    near(&effect["estimate"], 0.027255020660562294, 1e-9);
    near(&effect["standard_error"], 0.02467369543064634, 1e-7);
    near(&effect["p_value"], 0.26935777826324725, 1e-7);
    near(&effect["interval"][0], -0.021111769784614518, 1e-7);
    assert_eq!(told["verdict"]["kind"], json!("undecided"));
    input["metrics"][0]["guardrail"] = json!(true);
    let effect = &ok("analyze", &input)["metrics"][0]["arms"][0]["effect"];
    near(&effect["p_value"], 0.8653211108683764, 1e-7);
    near(&effect["interval"][1], 0.06784428581852334, 1e-7);
    assert_eq!(effect["interval"][0], Value::Null);
}

#[test]
fn designs_with_looks_decide_by_their_own_limits() {
    let sums = json!({ "a": { "units": 20000, "sum": 2000 }, "b": { "units": 20000, "sum": 2170 } });
    // z = 2.79: beyond 1.96, but not beyond the limit of a look at two fifths (about 3.36), nor of a sequence.
    let planned = json!({ "kind": "group_sequential", "planned_units": 100000, "looks": [0.2] });
    let told = ok("analyze", &shop(planned, sums.clone()));
    let read = &told["metrics"][0]["arms"][0];
    near(&read["effect"]["look"]["fraction"], 0.4, 1e-12);
    near(&read["effect"]["look"]["limits"][1], 3.36, 0.01);
    assert_eq!((&read["verdict"], &told["verdict"]["kind"]), (&json!("continue"), &json!("continue")));
    let sequence = json!({ "kind": "confidence_sequence", "planned_units": 100000 });
    assert_eq!(ok("analyze", &shop(sequence, sums.clone()))["verdict"]["kind"], json!("continue"));
    assert_eq!(ok("analyze", &shop(json!({ "kind": "fixed" }), sums.clone()))["verdict"]["kind"], json!("winner"));
    let early = ok("analyze", &shop(json!({ "kind": "fixed", "planned_units": 100000 }), sums.clone()));
    assert_eq!((&early["verdict"]["kind"], &early["warnings"][0]["code"]), (&json!("continue"), &json!("early_look")));
    let bayes = ok("analyze", &shop(json!({ "kind": "bayes" }), sums.clone()));
    assert_eq!((&bayes["verdict"]["kind"], &bayes["warnings"][0]["code"]), (&json!("display"), &json!("flat_prior")));
    assert!(bayes["metrics"][0]["arms"][0]["effect"]["chance_to_win"].as_f64() > Some(0.99));
    // At the end the same difference is enough, and the estimate knows of the look before.
    let last = json!({ "kind": "group_sequential", "planned_units": 40000, "looks": [0.5] });
    let ended = ok("analyze", &shop(last, sums));
    assert_eq!(ended["verdict"]["kind"], json!("winner"));
    let at_end = &ended["metrics"][0]["arms"][0]["effect"]["at_end"];
    assert!(at_end["estimate"].as_f64() < Some(0.085) && at_end["interval"][0].as_f64() > Some(0.0), "{at_end}");
}

#[test]
fn gates_come_before_effects_and_several_goals_share_alpha() {
    let sums = json!({ "a": { "units": 1000, "sum": 100 }, "b": { "units": 1200, "sum": 200 } });
    let told = ok("analyze", &shop(json!({ "kind": "fixed" }), sums));
    assert_eq!((&told["verdict"]["kind"], &told["srm"]["mismatch"]), (&json!("refused"), &json!(true)));
    near(&told["srm"]["p_value"], 2.007865612426481e-5, 1e-9);

    let mut input = shop(
        json!({ "kind": "fixed" }),
        json!({ "a": { "units": 5000, "sum": 500 }, "b": { "units": 5000, "sum": 565 } }),
    );
    let alone = ok("analyze", &input);
    let p = alone["metrics"][0]["arms"][0]["effect"]["p_value"].as_f64().unwrap();
    assert!(p > 0.025 && p < 0.05 && alone["verdict"]["kind"] == json!("winner"));
    input["metrics"].as_array_mut().unwrap().push(json!({ "key": "visits", "lower_is_better": true, "moments": {
        "a": { "units": 5000, "mean": 3.0, "variance": 9.0 },
        "b": { "units": 5000, "mean": 3.05, "variance": 9.0 },
    } }));
    let shared = ok("analyze", &input);
    near(&shared["metrics"][0]["arms"][0]["effect"]["adjusted_p_value"], 2.0 * p, 1e-12);
    assert_eq!(shared["verdict"]["kind"], json!("undecided"));
    let visits = &shared["metrics"][1]["arms"][0]["effect"];
    // More is worse here: 1.67 % with an error of sqrt(2 * 9 / 5000) / 3.
    near(&visits["standard_error"], 0.02, 0.02);
    near(&visits["chance_to_win"], 0.2023, 0.02);
}

#[test]
fn mistakes_name_their_place_and_the_next_step() {
    for (text, place) in [
        ("{\"version\": 2}", "version: 2 is not known"),
        ("{\n\"version\": 1, \"armz\": 3}", "line 2, column 20: armz: unknown field `armz`"),
        ("{\"version\": 1, \"arms\": [{\"key\": \"a\", \"wieght\": 1}]}", "arms[0].wieght: unknown field"),
        ("{\"version\": 1", "line 1"),
        ("{\"version\": 1, \"arms\": [], \"metrics\": []}", "arms: fewer than two"),
    ] {
        let message = refused("analyze", text);
        assert!(message.contains(place), "{message}");
    }
    let with = |sums: Value| refused("analyze", &shop(json!({ "kind": "fixed" }), sums).to_string());
    assert!(with(json!({ "a": { "units": 9, "sum": 3 } })).contains("metrics[0].sums: nothing of arm “b”"));
    let odd = json!({ "a": { "units": 9, "sum": 3 }, "b": { "units": 9, "sum": 30 } });
    assert!(with(odd).contains("metrics[0].sums.b"));
    let strange =
        json!({ "a": { "units": 9, "sum": 3 }, "b": { "units": 9, "sum": 3 }, "c": { "units": 9, "sum": 3 } });
    assert!(with(strange).contains("“c” is no arm"));
    let looks = json!({ "kind": "group_sequential", "planned_units": 10, "looks": [0.5, 0.4] });
    let two = json!({ "a": { "units": 9, "sum": 3 }, "b": { "units": 9, "sum": 3 } });
    assert!(refused("analyze", &shop(looks, two).to_string()).contains("design.looks"));
    let fdr = |text: &str| refused("fdr", text);
    assert!(fdr(r#"{"version":1,"tests":[{"p":1.5}]}"#).contains("tests[0]"));
    assert!(fdr(r#"{"version":1,"method":"addis","lambda":0.6,"tests":[]}"#).contains("lambda: it must be below tau"));
    assert!(fdr(r#"{"version":1,"method":"lord3","tests":[{"start":1},{"start":2}]}"#).contains("does not allow"));
    assert!(fdr(r#"{"version":1,"tests":[{"p":0.1,"start":2,"end":1}]}"#).contains("before the start"));
    assert!(refused("bandit", r#"{"version":1,"arms":[{"key":"a","units":1,"sum":1}]}"#).contains("fewer than two"));
    assert!(refused("srm", r#"{"version":1,"counts":[1],"weights":[1,1]}"#).contains("weights"));
}

#[test]
fn power_says_units_days_and_what_else_could_be_answered() {
    // statsmodels and the formula: 57,759.9 per arm for 10 % against 10.5 %.
    let mut input = json!({ "version": 1, "metric": { "kind": "proportion", "rate": 0.1 }, "effect": { "absolute": 0.005 },
        "design": { "kind": "fixed" } });
    let told = ok("power", &input);
    near(&told["units"]["control"], 57759.905965, 1e-5);
    assert_eq!((&told["days"], &told["answerable"]), (&Value::Null, &Value::Null));
    input["traffic"] = json!({ "per_day": 1000 });
    let told = ok("power", &input);
    near(&told["days"]["p50"], 115.52, 1e-3);
    assert_eq!(told["answerable"], json!(false));
    assert!(told["instead"]["effect"]["absolute"].as_f64() > Some(0.005));
    input["design"] = json!({ "kind": "group_sequential", "looks": 10, "futility": true });
    let looked = ok("power", &input);
    assert!(looked["units"]["all"].as_f64() > told["units"]["all"].as_f64());
    assert!(looked["days"]["with_effect"].as_f64() < told["days"]["p50"].as_f64());
}

/// onlineFDR's own vignette.
#[test]
fn a_stream_of_tests() {
    let p = [2.9e-8, 0.06743, 0.01514, 0.08174, 0.00171, 3.6e-5, 0.79149, 0.27201, 0.28295, 7.59e-8, 0.69274];
    let tests: Vec<Value> = p.iter().map(|p| json!({ "p": p })).collect();
    let told = ok("fdr", &json!({ "version": 1, "tests": tests }));
    near(&told["tests"][0]["level"], 0.00273431353625, 1e-9);
    near(&told["tests"][9]["level"], 0.0028288215726176118, 1e-9);
    let found: Vec<usize> = (0..p.len()).filter(|k| told["tests"][k]["rejected"] == json!(true)).collect();
    assert_eq!(found, [0, 4, 5, 9]);
    assert_eq!(told["budget"]["discoveries"], json!(4));
    // The same while they overlap: what is known at a start is what ended before.
    let ends = [3, 6, 9, 6, 6, 10, 10, 12, 15, 11, 13];
    let timed = p.iter().zip(ends).enumerate();
    let timed: Vec<Value> = timed.map(|(k, (p, end))| json!({ "p": p, "start": k + 1, "end": end })).collect();
    let told = ok("fdr", &json!({ "version": 1, "method": "saffron", "tests": timed }));
    near(&told["tests"][3]["level"], 0.0064115675967058704, 1e-9);
    near(&told["tests"][6]["level"], 0.013684168840013514, 1e-9);
    let batch = json!({ "version": 1, "method": "e_bh", "tests": [{ "id": "x", "e": 50.0 }, { "e": 1.0 }] });
    let told = ok("fdr", &batch);
    assert_eq!((&told["tests"][0]["id"], &told["tests"][0]["rejected"]), (&json!("x"), &json!(true)));
    assert_eq!(told["tests"][1]["rejected"], json!(false));
}

#[test]
fn sizes_of_arms_and_where_they_are_off() {
    let told = ok("srm", &json!({ "version": 1, "counts": [1000, 1200, 900], "weights": [0.5, 0.5, 0] }));
    near(&told["chi_square"]["p_value"], 2.007865612426481e-5, 1e-9);
    assert_eq!(told["mismatch"], json!(true));
    let slices = json!([
        { "dimension": "sdk", "value": "1.2", "counts": [5000, 5000] },
        { "dimension": "sdk", "value": "1.3", "counts": [900, 300] },
    ]);
    let told = ok("srm", &json!({ "version": 1, "counts": [5900, 5300], "weights": [1, 1], "slices": slices }));
    assert_eq!((&told["causes"][0]["value"], &told["causes"][0]["explains"]), (&json!("1.3"), &json!(true)));
}

#[test]
fn shares_of_a_bandit() {
    let arm = |key: &str, units: u64, sum: f64, squares: f64| json!({ "key": key, "units": units, "sum": sum, "sum_squares": squares });
    let arms = [arm("a", 400, 800.0, 2200.0), arm("b", 420, 790.0, 2100.0), arm("c", 410, 840.0, 2400.0)];
    let told = ok("bandit", &json!({ "version": 1, "lower_is_better": true, "floor": 0.0, "arms": arms }));
    near(&told["arms"][1]["weight"], 0.9021020348647572, 1e-10);
    let told =
        ok("bandit", &json!({ "version": 1, "lower_is_better": true, "floor": 0.0, "rule": "top_two", "arms": arms }));
    near(&told["arms"][1]["weight"], 0.495130044925021, 1e-10);
    let few = json!([{ "key": "a", "units": 100, "sum": 10 }, { "key": "b", "units": 90, "sum": 20 }]);
    let told =
        ok("bandit", &json!({ "version": 1, "prior": { "beta": { "successes": 1, "failures": 1 } }, "arms": few }));
    assert_eq!((&told["burning_in"], &told["arms"][0]["weight"]), (&json!(true), &json!(0.5)));
}

#[test]
fn people_read_lines() {
    let home = tempfile::tempdir().expect("a folder");
    let example = docs().join("examples/cookie-cats.json");
    let done = ras(home.path()).arg("analyze").arg(&example).output().expect("ras runs");
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    assert!(text.contains("gate_40 is worse than the control in retention_7"), "{text}");
    let missing = ras(home.path()).args(["analyze", "no-such.json", "--json"]).output().expect("ras runs");
    let told: Value = serde_json::from_slice(&missing.stdout).expect("JSON");
    assert_eq!(told["code"], json!("not_found"));
}
