//! `ras analyze` in depth: what figures, designs and decisions say together, and what is refused.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of units")]

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::kit::ras;
use crate::statistics::{near, ok, refused, shop};

/// Hands inputs over one per line; the answers, one per line.
fn many(command: &str, inputs: &[Value]) -> (bool, Vec<Value>) {
    let home = tempfile::tempdir().expect("a folder");
    let text = inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let file = home.path().join("inputs.jsonl");
    std::fs::File::create(&file).and_then(|mut f| f.write_all(text.as_bytes())).expect("written");
    let done = ras(home.path()).args([command, "--json"]).arg(&file).stdin(Stdio::null()).output().expect("ras runs");
    let answers = String::from_utf8(done.stdout).expect("UTF-8");
    (done.status.success(), answers.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect())
}

/// Numbers that nobody chose, the same ones every time (Lehmer).
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 as f64 / f64::from(0x7fff_ffff)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn moments(&mut self, units: f64) -> Value {
        let mean = self.between(9.0, 11.0);
        json!({ "units": units as u64, "mean": mean, "variance": self.between(20.0, 200.0) })
    }
}

fn experiment(key: &str, moments: Value) -> Value {
    json!({ "version": 1, "id": key, "srm_alpha": 1e-300, "arms": [{ "key": "a" }, { "key": "β" }, { "key": "c" }],
        "metrics": [{ "key": "m", "moments": moments }] })
}

fn arm<'a>(answer: &'a Value, key: &str) -> &'a Value {
    let arms = answer["metrics"][0]["arms"].as_array().unwrap_or_else(|| panic!("{answer}"));
    arms.iter().find(|a| a["key"] == key).expect("the arm")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn width(arm: &Value) -> f64 {
    number(&arm["effect"]["interval"][1]) - number(&arm["effect"]["interval"][0])
}

#[test]
fn many_inputs_answer_line_by_line_and_obey_what_must_hold() {
    let mut draw = Draw(20_261_122);
    let mut inputs = Vec::new();
    for i in 0..60 {
        let n = draw.between(100.0, 2_000.0);
        let [a, b, c] = [0, 1, 2].map(|_| draw.moments(n));
        let times = |x: &Value, by: f64, units: f64| {
            json!({ "units": (number(&x["units"]) * units) as u64, "mean": number(&x["mean"]) * by,
                "variance": number(&x["variance"]) * by * by })
        };
        let of = |name: &str, by: f64, units: f64| {
            let all = json!({ "a": times(&a, by, units), "β": times(&b, by, units), "c": times(&c, by, units) });
            experiment(&format!("{name}{i}"), all)
        };
        let plain = of("plain", 1.0, 1.0);
        let mut turned = plain.clone();
        turned["arms"] = json!([{ "key": "a" }, { "key": "c" }, { "key": "β" }]);
        let mut lower = plain.clone();
        lower["metrics"][0]["lower_is_better"] = json!(true);
        inputs.extend([plain, of("scaled", 1000.0, 1.0), of("more", 1.0, 10.0), turned, lower, of("below", -1.0, 1.0)]);
    }
    let (good, answers) = many("analyze", &inputs);
    assert!(good && answers.len() == inputs.len());
    assert_eq!(answers, many("analyze", &inputs).1, "the same input gives the same answer");
    for group in answers.chunks(6) {
        let [plain, scaled, more, turned, lower, below] = group else { panic!("six") };
        for key in ["β", "c"] {
            let (of, e) = (arm(plain, key), &arm(plain, key)["effect"]);
            near(&arm(scaled, key)["effect"]["estimate"], number(&e["estimate"]), 1e-9);
            near(&arm(scaled, key)["effect"]["p_value"], number(&e["p_value"]), 1e-7);
            assert!(width(arm(more, key)) < width(of));
            assert_eq!((arm(turned, key)["effect"]["adjusted_p_value"]).to_string(), e["adjusted_p_value"].to_string());
            let other = &arm(lower, key)["effect"];
            near(&json!(number(&other["chance_to_win"]) + number(&e["chance_to_win"])), 1.0, 1e-9);
            let flipped = match of["verdict"].as_str() {
                Some("better") => "worse",
                Some("worse") => "better",
                same => same.expect("a call"),
            };
            assert_eq!(arm(lower, key)["verdict"], flipped);
            // Relative to the size of the control's value: above 0 is higher also where values are negative.
            near(&arm(below, key)["effect"]["estimate"], -number(&e["estimate"]), 1e-9);
        }
    }
    // One that is refused holds up no other, and names its line.
    let wrong = json!({ "version": 1, "arms": [], "metrics": [] });
    let (good, answers) = many("analyze", &[inputs[0].clone(), wrong, inputs[1].clone()]);
    assert!(!good && answers.len() == 4, "{answers:?}");
    assert_eq!((&answers[1]["line"], &answers[1]["code"]), (&json!(2), &json!("invalid_argument")));
    assert_eq!((&answers[2]["id"], &answers[3]["code"]), (&json!("scaled0"), &json!("invalid_argument")));
}

/// Limits and interval of designs with looks must not contradict each other.
#[test]
fn calls_and_intervals_agree_and_looks_go_on_from_their_state() {
    let mut draw = Draw(7);
    let designs = [
        json!({ "kind": "group_sequential", "planned_units": 40_000, "looks": [0.25] }),
        json!({ "kind": "confidence_sequence", "planned_units": 40_000 }),
        json!({ "kind": "msprt", "tau": 0.05 }),
    ];
    let mut inputs = Vec::new();
    for i in 0..90 {
        let sum = |d: &mut Draw| d.between(900.0, 1150.0).round();
        let sums =
            json!({ "a": { "units": 10_000, "sum": sum(&mut draw) }, "b": { "units": 10_000, "sum": sum(&mut draw) } });
        inputs.push(shop(designs[i % 3].clone(), sums));
    }
    for answer in many("analyze", &inputs).1 {
        let read = arm(&answer, "b");
        let [low, high] = [0, 1].map(|k| number(&read["effect"]["interval"][k]));
        let said = if low > 0.0 {
            "better"
        } else if high < 0.0 {
            "worse"
        } else {
            "continue"
        };
        assert_eq!(read["verdict"], said, "{answer}");
    }
    // The smallest p-value so far is kept; looks that spent are told, and taken back.
    let mut next = inputs[1].clone();
    next["metrics"][0]["earlier"] = json!({ "b": { "p_value": 1e-9 } });
    let told = ok("analyze", &next);
    near(&arm(&told, "b")["effect"]["p_value"], 1e-9, 1e-12);
    assert_eq!(arm(&told, "b")["effect"]["state"], json!({ "looks": [], "p_value": 1e-9 }));
    let first = ok("analyze", &inputs[0]);
    let state = &arm(&first, "b")["effect"]["state"];
    assert_eq!(state["looks"], json!([0.25, 0.5]));
    let mut again = inputs[0].clone();
    again["design"]["looks"] = json!([]);
    again["metrics"][0]["earlier"] = json!({ "b": { "looks": [0.25] } });
    assert_eq!(ok("analyze", &again)["metrics"], first["metrics"]);
}

#[test]
fn quantiles_of_values_of_events_and_of_what_others_computed() {
    let values: Vec<f64> = (1..=1000).map(f64::from).collect();
    let up: Vec<f64> = values.iter().map(|v| v * 1.5).collect();
    let one = |v: &[f64]| v.iter().map(|x| vec![*x]).collect::<Vec<_>>();
    let metric = |figures: Value| {
        let mut m = json!({ "key": "seconds", "quantile": 0.9 });
        m.as_object_mut().unwrap().extend(figures.as_object().unwrap().clone());
        json!({ "version": 1, "scale": "absolute", "arms": [{ "key": "a" }, { "key": "b" }], "metrics": [m] })
    };
    let plain = ok("analyze", &metric(json!({ "values": { "a": values, "b": up } })));
    // Type 7: the 900.1th of 1 to 1000.
    near(&plain["metrics"][0]["control_value"], 900.1, 1e-12);
    near(&arm(&plain, "b")["absolute"]["estimate"], 450.05, 1e-12);
    // sqrt(0.9 * 0.1 / 1000) of the share is 9.487 places; of both arms, with Bessel's factor.
    near(&arm(&plain, "b")["absolute"]["standard_error"], 9.487 * (1.0_f64 + 2.25).sqrt(), 2e-3);
    let single = ok("analyze", &metric(json!({ "events": { "a": one(&values), "b": one(&up) } })));
    near(
        &arm(&single, "b")["absolute"]["standard_error"],
        number(&arm(&plain, "b")["absolute"]["standard_error"]),
        1e-2,
    );
    // Ten like events per unit say no more than one: the error grows by about sqrt(10).
    let tens = |v: &[f64]| v.chunks(10).map(|c| vec![c[0]; 10]).collect::<Vec<_>>();
    let clustered = ok("analyze", &metric(json!({ "events": { "a": tens(&values), "b": tens(&up) } })));
    let ratio = number(&arm(&clustered, "b")["absolute"]["standard_error"])
        / number(&arm(&single, "b")["absolute"]["standard_error"]);
    assert!((2.5..4.0).contains(&ratio), "{ratio}");
    let at = |by: f64| json!({ "value": 900.1 * by, "lower": 881.5 * by, "upper": 918.7 * by, "events": 1000 });
    let told = ok("analyze", &metric(json!({ "quantiles": { "a": at(1.0), "b": at(1.5) } })));
    near(&arm(&told, "b")["absolute"]["standard_error"], number(&arm(&plain, "b")["absolute"]["standard_error"]), 2e-2);
    let odd = metric(json!({ "sums": { "a": { "units": 9, "sum": 1 }, "b": { "units": 9, "sum": 1 } } }));
    assert!(refused("analyze", &odd.to_string()).contains("metrics[0].sums"));
}

#[test]
fn segments_are_drawn_together_and_strata_averaged() {
    let part = |value: &str, a: f64, b: f64| {
        let sums = |mean: f64| json!({ "units": 4000, "mean": mean, "variance": 9.0 });
        json!({ "dimension": "country", "value": value, "moments": { "a": sums(a), "b": sums(b) } })
    };
    let mut input = json!({ "version": 1, "scale": "absolute", "arms": [{ "key": "a" }, { "key": "b" }],
        "metrics": [{ "key": "m", "segments": [part("de", 2.0, 2.1), part("fr", 8.0, 8.2), part("us", 20.0, 20.0)],
            "money": { "units_per_month": 10_000, "minor_per_outcome": 100 } }] });
    let whole = ok("analyze", &input);
    assert_eq!(arm(&whole, "b")["units"], json!(12_000));
    near(&arm(&whole, "b")["effect"]["estimate"], 0.1, 1e-9);
    let money = &arm(&whole, "b")["money"];
    near(&money["estimate"], 100_000.0, 1e-9);
    near(&money["interval"][0], 1e6 * number(&arm(&whole, "b")["effect"]["interval"][0]), 1e-9);
    let drawn: Vec<(f64, f64)> = arm(&whole, "b")["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (number(&s["effect"]["estimate"]), number(&s["shrunk"]["estimate"])))
        .collect();
    assert!(drawn[1].1 < drawn[1].0 && drawn[2].1 > drawn[2].0 && drawn[1].1 > drawn[2].1, "{drawn:?}");
    input["metrics"][0]["post_stratify"] = json!("country");
    let strata = ok("analyze", &input);
    near(&arm(&strata, "b")["effect"]["estimate"], 0.1, 1e-9);
    // Countries differ far more than units within one: that spread is no chance any more.
    let error = |answer: &Value| number(&arm(answer, "b")["effect"]["standard_error"]);
    assert!(error(&strata) < 0.5 * error(&whole), "{} {}", error(&strata), error(&whole));
    input["metrics"][0]["post_stratify"] = json!("plan");
    assert!(refused("analyze", &input.to_string()).contains("metrics[0].post_stratify"));
}

fn goals(decision: &str, second: f64, extra: Value) -> Value {
    let of = |a: f64, b: f64| {
        let m = |mean: f64| json!({ "units": 10_000, "mean": mean, "variance": 4.0 });
        json!({ "a": m(a), "b": m(b) })
    };
    let mut input = json!({ "version": 1, "decision": decision, "arms": [{ "key": "a" }, { "key": "b" }], "metrics": [
        { "key": "orders", "moments": of(1.0, 1.2) }, { "key": "visits", "moments": of(3.0, second) },
        { "key": "refunds", "lower_is_better": true, "guardrail": true, "margin": 0.1, "moments": of(2.0, 2.05) } ] });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    input
}

#[test]
fn several_goals_guardrails_and_gates_decide_by_their_rules() {
    let kind = |input: &Value| ok("analyze", input)["verdict"]["kind"].as_str().unwrap().to_owned();
    for (decision, second, want) in [
        ("first_goal", 2.7, "winner"),
        ("any_goal", 2.7, "mixed"),
        ("all_goals", 2.7, "loser"),
        ("any_goal", 3.0, "winner"),
        ("all_goals", 3.0, "undecided"),
        ("all_goals", 3.2, "winner"),
    ] {
        assert_eq!(kind(&goals(decision, second, json!({}))), want, "{decision} {second}");
    }
    // 2.5 % worse with an error of 1.4 % is within 10 %, and not within 3 %.
    let mut within = goals("first_goal", 3.0, json!({ "guardrails": "within_margin" }));
    let told = ok("analyze", &within);
    assert_eq!(told["metrics"][2]["arms"][0]["within_margin"]["shown"], json!(true));
    assert_eq!(told["verdict"]["kind"], json!("winner"));
    within["metrics"][2]["margin"] = json!(0.03);
    assert_eq!(kind(&within), "undecided");
    within["metrics"][2]["moments"]["b"]["mean"] = json!(2.3);
    assert_eq!(kind(&within), "harm");
    // A margin that no share can lose is never lost.
    let mut few =
        shop(json!({ "kind": "fixed" }), json!({ "a": { "units": 500, "sum": 20 }, "b": { "units": 500, "sum": 25 } }));
    few["metrics"][0]["guardrail"] = json!(true);
    few["metrics"][0]["margin"] = json!(1e9);
    for scale in ["absolute", "relative"] {
        few["scale"] = json!(scale);
        let told = ok("analyze", &few);
        assert_eq!(arm(&told, "b")["within_margin"]["shown"], json!(true), "{told}");
        near(&arm(&told, "b")["effect"]["p_value"], 1.0, 1e-12);
    }
    // What differed before exposure, and an effect that depends on another experiment, are gates.
    let mut unlike = shop(json!({ "kind": "fixed" }), json!({}));
    let before = |mean: f64| json!({ "mean": mean, "variance": 4.0, "covariance": 2.0 });
    unlike["metrics"][0] = json!({ "key": "m", "moments": {
        "a": { "units": 9000, "mean": 3.0, "variance": 4.0, "covariate": before(3.0) },
        "b": { "units": 9000, "mean": 3.3, "variance": 4.0, "covariate": before(3.2) } } });
    let told = ok("analyze", &unlike);
    assert_eq!((&told["verdict"]["kind"], &told["warnings"][0]["code"]), (&json!("refused"), &json!("unlike_before")));
    let cell =
        |a: u64, b: u64| json!({ "sums": { "a": { "units": 5000, "sum": a }, "b": { "units": 5000, "sum": b } } });
    let other = |on: Value| json!({ "interactions": [{ "key": "banner", "off": cell(500, 510), "on": on }] });
    assert_eq!(kind(&goals("first_goal", 3.0, other(cell(500, 505)))), "winner");
    let told = ok("analyze", &goals("first_goal", 3.0, other(cell(500, 800))));
    assert_eq!(told["verdict"]["kind"], json!("refused"));
    near(&told["interactions"][0]["difference"]["estimate"], 0.6 - 0.02, 1e-9);
}

#[test]
fn a_prior_is_learnt_and_skewed_values_are_bounded() {
    let past: Vec<Value> = [0.02, -0.01, 0.0, 0.03, -0.02, 0.01, 0.005, -0.015]
        .iter()
        .map(|e| json!({ "estimate": e, "standard_error": 0.005 }))
        .collect();
    let sums = json!({ "a": { "units": 5000, "sum": 500 }, "b": { "units": 5000, "sum": 600 } });
    let mut input = shop(json!({ "kind": "bayes" }), sums);
    input["past"] = json!({ "effects": past });
    let told = ok("analyze", &input);
    assert!((0.005..0.03).contains(&number(&told["prior"]["sd"])), "{}", told["prior"]);
    // 20 % measured where effects are 2 %: drawn far in.
    assert!(number(&arm(&told, "b")["effect"]["interval"][1]) < 0.1);
    let none = json!({ "a": { "units": 500, "sum": 0 }, "b": { "units": 500, "sum": 60 } });
    let mut input = shop(json!({ "kind": "fixed" }), none);
    input["scale"] = json!("absolute");
    input["prior"] = json!({ "mean": 0.0, "sd": 0.1, "scale": "relative" });
    assert!(number(&arm(&ok("analyze", &input), "b")["effect"]["chance_to_win"]) > 0.99);
    let mut long: Vec<f64> = (0..500).map(|k| f64::from(k % 10)).collect();
    long.push(1e6);
    let values = json!({ "a": long[..500], "b": long });
    let mut input = json!({ "version": 1, "scale": "absolute", "arms": [{ "key": "a" }, { "key": "b" }],
        "metrics": [{ "key": "m", "values": values, "winsorise": { "high": 0.99 } }] });
    assert!(number(&arm(&ok("analyze", &input), "b")["value"]) < 5.0);
    input["metrics"][0]["winsorise"] = json!({ "low": 2 });
    assert!(refused("analyze", &input.to_string()).contains("winsorise"));
}

#[test]
fn what_cannot_be_is_refused() {
    let with = |a: Value, b: Value| {
        refused("analyze", &shop(json!({ "kind": "fixed" }), json!({ "a": a, "b": b })).to_string())
    };
    let fine = || json!({ "units": 10, "sum": 1 });
    for odd in [
        json!({ "units": 10, "sum": 100, "sum_squares": 1 }),
        json!({ "units": 10, "sum": 1e200, "sum_squares": 1e300 }),
        json!({ "units": 0, "sum": 5 }),
        json!({ "units": 1_000_000_000_000_000_000_u64, "sum": 5 }),
        json!({ "units": 100, "sum": 10, "covariate": { "sum": 10, "sum_products": 1000 } }),
    ] {
        assert!(with(fine(), odd.clone()).contains("metrics[0].sums.b"), "{odd}");
    }
    let twice = shop(json!({ "kind": "fixed" }), json!({ "a": fine(), "b": fine() })).to_string();
    let twice = twice.replacen("\"sums\":{", "\"sums\":{\"a\":{\"units\":10,\"sum\":9},", 1);
    assert!(refused("analyze", &twice).contains("metrics[0].sums: “a” is there twice"));
    assert!(refused("analyze", "[]").contains("an array"));
    let whole = u64::MAX;
    let slice = json!({ "dimension": "x", "value": "y", "counts": [whole, whole] });
    let srm = |input: Value| refused("srm", &input.to_string());
    assert!(
        srm(json!({ "version": 1, "counts": [9, 9], "weights": [1, 1], "slices": [slice.clone(), slice] }))
            .contains("slices[0]")
    );
    assert!(srm(json!({ "version": 1, "counts": [9, 9], "weights": [1e-320, 1] })).contains("weights[0]"));
    let power = |field: &str, value: Value| {
        let mut input = json!({ "version": 1, "metric": { "kind": "mean", "mean": 5, "variance": 1 }, "effect": { "relative": 0.1 } });
        input[field] = value;
        refused("power", &input.to_string())
    };
    assert!(power("days_max", json!(-1)).contains("days_max"));
    assert!(power("outcome_days", json!(-1)).contains("outcome_days"));
    assert!(power("metrics", json!(0)).contains("metrics"));
    assert!(power("traffic", json!({ "per_day": -5 })).contains("traffic"));
    assert!(power("effect", json!({ "absolute": 1e-300 })).contains("so small"));
    let least = ok(
        "power",
        &json!({ "version": 1, "metric": { "kind": "proportion", "rate": 0.5 }, "effect": { "relative": -1 } }),
    );
    assert!(number(&least["units"]["control"]) >= 2.0);
    let bandit = |key: &str, squares: f64| {
        let arms = json!([{ "key": "a", "units": 10, "sum": 5 }, { "key": key, "units": 100, "sum": 100, "sum_squares": squares }]);
        refused("bandit", &json!({ "version": 1, "arms": arms }).to_string())
    };
    assert!(bandit("b", 1.0).contains("arms[1].sum_squares") && bandit("a", 200.0).contains("twice"));
}
