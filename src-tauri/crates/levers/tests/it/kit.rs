//! Levers from a file, and subjects.

use std::sync::LazyLock;

use epoch_levers::{Compiled, Subject};
use epoch_model::business::{Business, LeverValue};
use epoch_model::serving::{Evaluation, Flag};
use serde_json::{Map, Value};

/// The levers of every shape.
pub const LEVERS: &str = include_str!("../fixtures/levers.toml");

pub fn compiled(text: &str) -> Compiled {
    let business = Business::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Compiled::new((1..).zip(&business.levers).map(|(id, lever)| Flag::declared(lever, id)).collect(), 1)
}

/// The levers of every shape, compiled once.
pub fn levers() -> &'static Compiled {
    static LEVERS_COMPILED: LazyLock<Compiled> = LazyLock::new(|| compiled(LEVERS));
    &LEVERS_COMPILED
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub fn evaluate(levers: &Compiled, key: &str, id: &str, attributes: &Map<String, Value>) -> Evaluation {
    levers.evaluate(key, Subject { id, attributes }).unwrap()
}

/// Every value a lever may come to.
pub fn values(flag: &Flag) -> Vec<LeverValue> {
    use epoch_model::serving::Serve;
    let mut all = vec![flag.default.clone(), flag.value.clone()];
    if flag.default == LeverValue::Bool(true) || flag.default == LeverValue::Bool(false) {
        all = vec![LeverValue::Bool(true), LeverValue::Bool(false)];
    }
    for rule in &flag.serving.rules {
        match &rule.serve {
            Serve::Value { value, .. } => all.push(value.clone()),
            Serve::Experiment { arms, .. } => all.extend(arms.iter().map(|arm| arm.value.clone())),
        }
    }
    let mut distinct: Vec<LeverValue> = Vec::new();
    for value in all {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}
