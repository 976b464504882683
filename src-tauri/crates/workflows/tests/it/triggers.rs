//! What starts a run, and what it is given.

use epoch_model::insight::{Driver, Expectation, Insight, InsightKind};
use epoch_workflows::trigger::{Direction, inputs_of_insight};
use epoch_workflows::{Scalar, Trigger};

use crate::bench::{definition, end};

fn insight(score: f64, good: Option<bool>) -> Insight {
    Insight {
        id: "ins_000001".into(),
        at: 0,
        kind: InsightKind::Anomaly,
        metric: "refund_rate".into(),
        from: 0,
        to: 1,
        actual: 0.06,
        expected: Some(Expectation { p10: 0.03, p50: 0.04, p90: 0.05, method: "m".into(), history: 30 }),
        score,
        p_value: 0.001,
        good,
        drivers: vec![Driver {
            segment: "country".into(),
            value: "DE".into(),
            actual: 0.1,
            expected: 0.04,
            share: 0.8,
        }],
        headline: "Refunds rose by half".into(),
        continues: None,
        decisions: vec![],
    }
}

#[test]
fn a_finding_starts_a_run_when_metric_and_direction_fit() {
    let bad = insight(4.0, Some(false));
    for (direction, expect) in [
        (Direction::Up, true),
        (Direction::Down, false),
        (Direction::Worse, true),
        (Direction::Better, false),
        (Direction::Any, true),
    ] {
        let trigger = Trigger::Insight { metric: "refund_rate".into(), direction };
        assert_eq!(trigger.on_insight(&bad), expect, "{direction:?}");
        let other = Trigger::Insight { metric: "visits".into(), direction };
        assert!(!other.on_insight(&bad));
        let continued = Insight { continues: Some("ins_000000".into()), ..bad.clone() };
        assert!(!trigger.on_insight(&continued), "the first of a series has started one");
    }
    assert!(!Trigger::Manual.on_insight(&bad));
    let neither = insight(4.0, None);
    assert!(!Trigger::Insight { metric: "refund_rate".into(), direction: Direction::Worse }.on_insight(&neither));
}

#[test]
fn a_finding_gives_the_inputs_that_are_declared() {
    let text = "[inputs.headline]\ndefault = \"x\"\n[inputs.change]\nkind = \"number\"\ndefault = 0\n[inputs.segment_value]\ndefault = \"x\"\n[inputs.mine]\ndefault = \"y\"\n";
    let definition = definition(&format!("{text}{}", end()));
    let given = inputs_of_insight(&definition, &insight(4.0, Some(false)));
    assert_eq!(given.keys().collect::<Vec<_>>(), ["change", "headline", "segment_value"]);
    assert_eq!(
        (&given["headline"], &given["segment_value"]),
        (&Scalar::text("Refunds rose by half"), &Scalar::text("DE"))
    );
    let Scalar::Number(change) = given["change"] else { panic!() };
    assert!((change - 0.5).abs() < 1e-9);
    // What the finding does not know is left to the default.
    let plain = Insight { expected: None, drivers: vec![], ..insight(4.0, None) };
    assert_eq!(inputs_of_insight(&definition, &plain).keys().collect::<Vec<_>>(), ["headline"]);
}
