//! Fields of a payload, as texts. Values are data: they fill a place whole and are never read as anything else.

use serde_json::Value;

/// A field as text: texts as they are, numbers and booleans as JSON writes them. `None` for anything else.
pub(super) fn field(payload: &Value, name: &str) -> Option<String> {
    match payload.get(name)? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    }
}

/// Fills `{name}` from the payload, once: a value that holds braces stays as it is. The error names the field that is
/// missing, or has no text.
pub(super) fn fill(template: &str, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(&value(name).ok_or_else(|| format!("the payload has no “{name}”, or it is no plain value"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// How a secret is shown.
pub(super) fn masked(present: bool) -> &'static str {
    if present { "••••" } else { "(none kept)" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_fill_their_place_once() {
        let payload = json!({"a": "{b}", "b": 2, "c": [1], "d": true});
        let fill = |t: &str| fill(t, |name| field(&payload, name));
        assert_eq!(fill("x-{a}-{b}{d}"), Ok("x-{b}-2true".to_owned()));
        assert_eq!(fill("{open"), Ok("{open".to_owned()));
        assert!(fill("{c}").is_err());
        assert!(fill("{none}").is_err_and(|e| e.contains("“none”")));
    }
}
