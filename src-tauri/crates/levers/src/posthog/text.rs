//! Property values as text and as numbers, the way PostHog's SDKs compare them.

use serde_json::Value;

/// A value as text: text as it is, everything else as JSON with sorted keys.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            json(other, &mut out);
            out
        }
    }
}

fn json(value: &Value, out: &mut String) {
    match value {
        Value::Number(n) => match n.as_f64().filter(|_| n.is_f64()) {
            Some(f) => out.push_str(&float(f)),
            None => out.push_str(&n.to_string()),
        },
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                json(item, out);
            }
            out.push(']');
        }
        Value::Object(table) => {
            let mut keys: Vec<&String> = table.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                json(&table[key], out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// The shortest digits; exponents from 16 up and from -6 down.
fn float(value: f64) -> String {
    let shortest = format!("{value:e}");
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return shortest };
    match exponent.parse::<i32>() {
        Ok(e) if e >= 16 => format!("{mantissa}e+{e}"),
        Ok(e) if e <= -6 => format!("{mantissa}e{e}"),
        _ => {
            let plain = value.to_string();
            if plain.contains('.') { plain } else { format!("{plain}.0") }
        }
    }
}

/// A finite number, also one written as text; truth values are none.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64().filter(|n| n.is_finite()),
        Value::String(text) if numeric(text) => text.parse::<f64>().ok().filter(|n| n.is_finite()),
        _ => None,
    }
}

/// `[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?`
fn numeric(text: &str) -> bool {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = &after[fraction..];
    }
    if whole == 0 && fraction == 0 {
        return false;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        let n = digits(after);
        return n > 0 && n == after.len();
    }
    rest.is_empty()
}

/// Whether it is a truth value, also as text, or a list of such.
pub(super) fn truth_like(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::String(text) => matches!(text.to_lowercase().as_str(), "true" | "false"),
        Value::Array(items) => items.iter().all(truth_like),
        _ => false,
    }
}

/// Whether it counts as true.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(b) => *b,
        Value::String(text) => text.to_lowercase() == "true",
        Value::Array(items) => items.iter().all(truthy),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_and_numbers() {
        let cases = [
            (json!("A"), "A"),
            (json!(5), "5"),
            (json!(5.0), "5.0"),
            (json!(1e16), "1e+16"),
            (json!(1e15), "1000000000000000.0"),
            (json!(0.000_01), "0.00001"),
            (json!(1.5e-7), "1.5e-7"),
            (json!({"b": [1, "x", null], "a": true}), "{\"a\":true,\"b\":[1,\"x\",null]}"),
        ];
        for (value, expect) in cases {
            assert_eq!(text(&value), expect);
        }
        let numbers = ["5", "+5.", ".5", "-1e3", "1e", "", ".", "0x1", "1 ", "nan"].map(|t| number(&json!(t)));
        assert_eq!(numbers[..4], [Some(5.0), Some(5.0), Some(0.5), Some(-1000.0)]);
        assert!(numbers[4..].iter().all(Option::is_none) && number(&json!(true)).is_none());
    }
}
