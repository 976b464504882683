//! The playbooks' file: what comes with the engine reads, and what is wrong is named with its line.

use epoch_engine::{Move, Play, Playbook, Trigger};

#[test]
fn the_default_playbooks_read() {
    let all = Playbook::parse_all(Playbook::defaults_text()).expect("the defaults are valid");
    assert!(all.len() >= 8, "{}", all.len());
    assert_eq!(all, Playbook::defaults());
    assert!(all.iter().any(|p| matches!(p.when, Trigger::Threshold { other: Some(_), .. })));
    assert!(all.iter().any(|p| matches!(&p.act, Play::Lever { r#move: Move::Back, .. })));
    assert!(all.iter().any(|p| matches!(p.act, Play::Webhook { .. })));
    let json = serde_json::to_string(&all).expect("writes");
    assert_eq!(serde_json::from_str::<Vec<Playbook>>(&json).expect("reads"), all);
}

#[test]
fn faults_are_named_with_their_line() {
    let good = r#"[role.x]
words = ["x"]

[[playbook]]
key = "a"
title = "A"
domain = "sales"
when = { trigger = "anomaly", metric = "x" }
act = { lever = "x", move = "up" }
effect = { p10 = "-1 %", p50 = 0.01, p90 = "4 %" }
horizon = "7d"
cooldown = "7d"
expires = "1d"
headline = "h"
worst_case = "w"
minutes = 1
"#;
    assert_eq!(Playbook::parse_all(good).expect("valid").len(), 1);
    for (from, to, line, reason) in [
        ("metric = \"x\"", "metric = \"y\"", 8, "[role.y]"),
        ("move = \"up\"", "move = \"upwards\"", 9, "upwards"),
        ("p50 = 0.01", "p50 = \"20 %\"", 10, "p10 <= p50"),
        ("horizon = \"7d\"", "horizon = \"soon\"", 11, "duration"),
        ("minutes = 1", "minuets = 1", 16, "minuets"),
        ("domain = \"sales\"", "domain = \"sails\"", 7, "sails"),
        ("trigger = \"anomaly\"", "trigger = \"threshold\"", 8, "exactly one"),
        ("trigger = \"anomaly\"", "trigger = \"anomaly\", for = 3", 8, "threshold"),
        ("act = { lever = \"x\", move = \"up\" }", "act = { }", 9, "either"),
    ] {
        let error = Playbook::parse_all(&good.replace(from, to)).expect_err(to);
        assert!(error.message.contains(&format!("line {line}:")), "{to}: {}", error.message);
        assert!(error.message.contains(reason), "{to}: {}", error.message);
    }
    let twice = format!("{good}{}", &good[good.find("[[playbook]]").expect("there")..]);
    assert!(Playbook::parse_all(&twice).expect_err("twice").message.contains("already"));
}
