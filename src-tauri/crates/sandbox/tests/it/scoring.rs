//! The score gives what is due.

use epoch_model::business::LeverValue;
use epoch_sandbox::score::{FoundEdge, FoundExperiment, FoundInsight, Verdict};
use epoch_sandbox::{Defaults, Findings, Incident, IncidentKind, Truth, World, score};

use crate::kit::{DAY, scenario, set};

fn truth() -> Truth {
    let scenario = scenario("tiny");
    let mut world = World::new(&scenario, 1).muted();
    world.inject(Incident::preset(IncidentKind::ViralPost, 2.0), scenario.starts_at() + 47 * DAY);
    world.advance(scenario.ends_at(), &Defaults, &mut |_| {});
    world.truth()
}

#[test]
fn nothing_found_is_nothing_earned() {
    let truth = truth();
    let card = score(&truth, &Findings::default());
    assert_eq!((card.alarms.found, card.alarms.total, card.alarms.false_alarms), (0, 3, 0));
    assert_eq!((card.edges.precision, card.edges.recall), (None, Some(0.0)));
    assert_eq!(card.money.share, Some(0.0));
    assert!(card.guardrail_days.values().all(|days| *days == 0));
    let json = serde_json::to_string(&truth).unwrap();
    assert_eq!(serde_json::from_str::<Truth>(&json).unwrap(), truth);
    assert_eq!(serde_json::from_str::<Findings>("{}").unwrap(), Findings::default());
}

#[test]
fn what_is_found_counts_once_and_late_counts_late() {
    let truth = truth();
    let bug = truth.incidents.iter().find(|i| i.kind == "checkout_bug").unwrap();
    let say = |metric: &str, segment: Option<(&str, &str)>, start, detected_at| FoundInsight {
        metric: metric.to_owned(),
        segment: segment.map(|(p, v)| (p.to_owned(), v.to_owned())),
        start,
        detected_at,
    };
    let findings = Findings {
        insights: vec![
            say("checkout_rate", Some(("device", "mobile")), bug.start, bug.start + DAY),
            say("orders", None, bug.start, bug.start + DAY),
            // Orders come back after the bug: explained. Load time in a quiet week: false.
            say("orders", None, bug.end + DAY, bug.end + 2 * DAY),
            say("page_load", None, truth.from + 6 * DAY, truth.from + 7 * DAY),
            // Said before it began.
            say("visits", None, truth.from + 10 * DAY, truth.from + 11 * DAY),
        ],
        ..Findings::default()
    };
    let alarms = score(&truth, &findings).alarms;
    assert_eq!((alarms.found, alarms.explained, alarms.false_alarms), (1, 1, 2));
    assert_eq!(alarms.median_delay_hours, Some(24.0));
    let found = alarms.incidents.iter().find(|i| i.found).unwrap();
    assert_eq!((found.key.as_str(), found.localised), ("mobile_checkout", Some(true)));
}

#[test]
fn causes_and_experiments_are_judged_by_the_truth() {
    let truth = truth();
    let edge = |from: &str, to: &str, sign| FoundEdge { from: from.into(), to: to.into(), sign };
    let try_price = |metric: &str, verdict| FoundExperiment {
        lever: "price_index".into(),
        control: LeverValue::Number(100.0),
        test: LeverValue::Number(110.0),
        metric: metric.into(),
        from: truth.from,
        to: truth.from + 14 * DAY,
        verdict,
        detectable: 0.0,
    };
    let findings = Findings {
        edges: vec![
            edge("price_index", "checkout_rate", -1),
            edge("price_index", "revenue", 0),
            edge("price_index", "average_order", -1),
            edge("tickets", "visits", 1),
        ],
        experiments: vec![
            try_price("checkout_rate", Verdict::Down),
            try_price("checkout_rate", Verdict::Up),
            try_price("page_load", Verdict::Up),
            try_price("nothing", Verdict::Up),
        ],
        ..Findings::default()
    };
    let card = score(&truth, &findings);
    assert_eq!((card.edges.claimed, card.edges.right, card.edges.direct), (4, 2, 2));
    assert_eq!((card.experiments.right, card.experiments.wrong, card.experiments.unknown), (1, 2, 1));
}

#[test]
fn money_and_guardrails_follow_the_levers() {
    let scenario = scenario("tiny");
    let run = |levers: &[(&str, f64)]| {
        let mut world = World::new(&scenario, 1).muted();
        world.advance(scenario.ends_at(), &set(levers), &mut |_| {});
        score(&world.truth(), &Findings::default())
    };
    let reckless = run(&[("servers", 1.0), ("delivery_promise", 1.0)]);
    assert!(reckless.money.share.unwrap() < 0.0, "{:?}", reckless.money);
    assert!(
        reckless.guardrail_days["page_load"] > 20 && reckless.guardrail_days["refund_rate"] > 10,
        "{:?}",
        reckless.guardrail_days
    );
    let sensible = run(&[("spend_search", 120.0), ("reorder_point", 400.0)]);
    assert!((0.0..1.0).contains(&sensible.money.share.unwrap()), "{:?}", sensible.money);
}
