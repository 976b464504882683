//! What is known before an experiment.

use epoch_model::Code;
use epoch_model::time::{DAY, HOUR, Zone};
use serde_json::json;

use crate::common::*;

#[test]
fn a_pilot_is_an_experiment_with_one_arm_that_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let business = business();
    let metric = |key: &str| business.metrics.iter().find(|m| m.key == key).unwrap();
    let zone = Zone::named("Europe/Berlin").unwrap();
    let mut question = spec("price", flag("price"), None, &["revenue"]);
    question.cap = Some(30.0);
    let seen = |unit: &str, time: i64, value: serde_json::Value| {
        event("$feature_flag_called", unit, time, json!({ "$feature_flag": "price", "$feature_flag_response": value }))
    };
    let order = |unit: &str, time: i64, amount: f64| event("order", unit, time, json!({ "amount": amount }));
    let to = START + 4 * DAY;
    let ask = |metric_key: &str, window: u32| store.pilot(&question, metric(metric_key), START, to, window, 2, &zone);
    let none = ask("revenue", 0).unwrap();
    assert_eq!((none.moments.units, none.new_units.clone()), (0, vec![0; 5]));
    send(
        &store,
        &[
            // Whatever they saw, and before the range, too.
            seen("a", START - DAY, json!(25)),
            seen("a", START, json!("anything")),
            seen("a", START + DAY, json!(false)),
            seen("b", START + 3 * DAY + 20 * HOUR, json!(null)),
            seen("c", to, json!(29)),
            seen("d", START + DAY, json!(29)),
            order("a", START - HOUR, 40.0),
            order("a", START - 2 * DAY - 1, 7.0),
            order("a", START + HOUR, 10.0),
            order("a", START + 2 * DAY + 1, 25.0),
            order("b", to - 1, 3.0),
            order("b", to, 100.0),
            order("nobody", START + HOUR, 9.0),
        ],
    );
    let pilot = ask("revenue", 0).unwrap();
    assert_eq!((pilot.moments.units, pilot.new_units.clone()), (3, vec![1, 1, 0, 0, 1]));
    // 35 and 40 are capped at 30.
    assert!((pilot.moments.mean - 11.0).abs() < 1e-12 && (pilot.moments.pre.unwrap().mean - 10.0).abs() < 1e-12);
    assert_eq!((pilot.from, pilot.to, pilot.covariate_days, pilot.group.clone()), (START, to, 2, None));
    let pilot = ask("revenue", 2).unwrap();
    assert!((pilot.moments.mean - 13.0 / 3.0).abs() < 1e-12, "{pilot:?}");
    // The same numbers as an experiment with that range would have, where nothing came after it.
    assert_eq!(ask("twice", 0).unwrap_err().code, Code::InvalidArgument);
    let same = store.pilot(&question, metric("return"), START, to, 0, 0, &zone).unwrap();
    assert_eq!((same.moments.units, same.moments.pre), (1, None));
    assert_eq!(store.tracked().len(), 0);
}
