//! Levers for tests, written as short as they can be.

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Arm, Flag, Rule, Serve, Serving};

/// An on-off lever that serves `false` to everyone.
pub fn flag(key: &str) -> Flag {
    Flag {
        key: key.into(),
        id: 1,
        title: key.into(),
        kind: LeverKind::Boolean,
        default: LeverValue::Bool(false),
        value: LeverValue::Bool(false),
        serving: Serving {
            served_as: Vec::new(),
            group: None,
            off: false,
            seed: key.into(),
            rules: Vec::new(),
            requires: Vec::new(),
            holdout: None,
        },
        version: 3,
        updated_at: Some(1_795_000_000_000),
        decision: None,
    }
}

/// A lever that serves `true` to those whom `when` fits (everyone without it), to a share of them.
pub fn rollout(key: &str, when: Option<&str>, share: f64) -> Flag {
    let serve = Serve::Value { value: LeverValue::Bool(true), share };
    with(flag(key), when, serve)
}

/// A price of 29 or 35, by chance.
pub fn price_test(key: &str) -> Flag {
    let arm = |key: &str, value| Arm { key: key.into(), value: LeverValue::Number(value), weight: 0.5 };
    let mut price = flag(key);
    price.kind = LeverKind::Number { min: 9.0, max: 99.0, step: 1.0 };
    price.default = LeverValue::Number(29.0);
    price.value = price.default.clone();
    let arms = vec![arm("control", 29.0), arm("test", 35.0)];
    with(price, None, Serve::Experiment { experiment: "price-2026".into(), arms, share: 1.0, slice: None })
}

fn with(mut flag: Flag, when: Option<&str>, serve: Serve) -> Flag {
    let key = format!("r{}", flag.serving.rules.len() + 1);
    flag.serving.rules.push(Rule { name: key.clone(), key, when: when.map(Into::into), serve });
    flag
}
