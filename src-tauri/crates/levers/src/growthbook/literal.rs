//! Constants as JSON.

use epoch_model::business::LeverValue;
use epoch_model::predicate::Literal;
use serde_json::Value;

/// Up to here every whole number has a double of its own.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Whole numbers without a fraction: clients that tell integers from floats take `29.0` for no integer.
#[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= WHOLE_MAX { Value::from(value as i64) } else { Value::from(value) }
}

/// A lever's value.
pub fn value(value: &LeverValue) -> Value {
    match value {
        LeverValue::Bool(b) => Value::from(*b),
        LeverValue::Number(n) => number(*n),
        LeverValue::Text(text) => Value::from(text.as_str()),
    }
}

/// A constant; null cannot be told from a missing attribute.
pub fn json(literal: &Literal) -> Result<Value, String> {
    match literal {
        Literal::Null => Err("it asks for null; use has(…)".into()),
        Literal::Bool(b) => Ok(Value::from(*b)),
        Literal::Number(n) => Ok(number(*n)),
        Literal::Text(text) => Ok(Value::from(text.as_str())),
    }
}

/// A list of constants.
pub fn list(literals: &[Literal]) -> Result<Value, String> {
    literals.iter().map(json).collect()
}

/// The constants of each type, with the type's name in conditions.
pub fn by_type(literals: &[Literal]) -> Result<Vec<(&'static str, Vec<Value>)>, String> {
    let mut sorted = [("boolean", Vec::new()), ("number", Vec::new()), ("string", Vec::new())];
    for literal in literals {
        let place = match literal {
            Literal::Bool(_) | Literal::Null => 0,
            Literal::Number(_) => 1,
            Literal::Text(_) => 2,
        };
        if let Some((_, values)) = sorted.get_mut(place) {
            values.push(json(literal)?);
        }
    }
    Ok(sorted.into_iter().filter(|(_, values)| !values.is_empty()).collect())
}
