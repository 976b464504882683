//! Values as JavaScript sees them: numbers in text form, truth, types, versions.

use serde_json::{Number, Value};

/// `String(number)` of JavaScript.
pub fn text(number: &Number) -> String {
    let Some(value) = number.as_f64() else { return number.to_string() };
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        format!("{value}")
    } else {
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        }
    }
}

/// What identifies a unit: a text that is not empty or a number that is not zero.
pub fn identity(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(text(number)),
        _ => None,
    }
}

/// `!!value` of JavaScript.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The name of a value's type in conditions.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A version so written that comparing texts compares versions: `1.9.0` before `1.10.0`, `1.0.0-rc` before `1.0.0`.
pub fn version(value: &Value) -> String {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) => text(number),
        _ => "0".to_owned(),
    };
    let text = text.strip_prefix('v').unwrap_or(&text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let mut parts: Vec<&str> = text.split(['-', '.']).collect();
    if parts.len() == 3 {
        parts.push("~");
    }
    let pad = |part: &&str| {
        let number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if number { format!("{part:>5}") } else { (*part).to_owned() }
    };
    parts.iter().map(pad).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_javascript_writes_them() {
        for (json, expect) in [
            ("7", "7"),
            ("7.0", "7"),
            ("-0.5", "-0.5"),
            ("1e21", "1e+21"),
            ("123456789012345680000", "123456789012345680000"),
            ("1.5e-7", "1.5e-7"),
            ("0.000001", "0.000001"),
            ("-0.0", "0"),
        ] {
            let number: Number = serde_json::from_str(json).unwrap();
            assert_eq!(text(&number), expect, "{json}");
        }
    }
}
