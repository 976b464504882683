//! Values as clients of any language take them.

use epoch_model::business::{LeverKind, LeverValue};
use serde::{Serialize, Serializer};

/// Whole numbers are written without a fraction: clients that tell integers from floats take `29.0` for no integer.
pub(crate) struct Plain<'a>(pub &'a LeverValue);

/// Up to here every whole number has a double of its own.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl Serialize for Plain<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            LeverValue::Bool(value) => serializer.serialize_bool(*value),
            LeverValue::Number(value) if value.fract() == 0.0 && value.abs() <= WHOLE_MAX => {
                serializer.serialize_i64(*value as i64)
            }
            LeverValue::Number(value) => serializer.serialize_f64(*value),
            LeverValue::Text(value) => serializer.serialize_str(value),
        }
    }
}

/// A value with the type its lever always has: where steps are fractions, a whole number keeps its point, since clients
/// that ask for a float take `36` for none.
pub(crate) struct Typed<'a>(pub &'a LeverKind, pub &'a LeverValue);

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (LeverKind::Number { min, step, .. }, LeverValue::Number(value))
                if min.fract() != 0.0 || step.fract() != 0.0 =>
            {
                serializer.serialize_f64(*value)
            }
            (_, value) => Plain(value).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let check = |value: LeverValue, expect: &str| {
            assert_eq!(serde_json::to_string(&Plain(&value)).unwrap(), expect);
        };
        check(LeverValue::Number(29.0), "29");
        check(LeverValue::Number(-0.5), "-0.5");
        check(LeverValue::Number(0.1), "0.1");
        check(LeverValue::Bool(true), "true");
        check(LeverValue::Text("a\"b".into()), r#""a\"b""#);
    }

    #[test]
    fn a_lever_with_fractions_is_always_a_float() {
        let check = |step: f64, value: f64, expect: &str| {
            let kind = LeverKind::Number { min: 0.0, max: 50.0, step };
            assert_eq!(serde_json::to_string(&Typed(&kind, &LeverValue::Number(value))).unwrap(), expect);
        };
        check(1.0, 36.0, "36");
        check(0.5, 36.0, "36.0");
        check(0.5, 36.5, "36.5");
    }
}
