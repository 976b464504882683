//! Whether an event's properties are a JSON object, before they enter the log.

use sonic_rs::LazyValue;

/// Deepest nesting; whoever reads properties recursively can rely on it.
pub const DEPTH_MAX: usize = 128;

/// Checks that `text` is one JSON object, nested at most [`DEPTH_MAX`] deep. The error names what is wrong.
pub fn check_object(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("the properties are no JSON object".into());
    }
    // The parser below recurses without a bound, so depth is looked at first; few brackets cannot be deep.
    let brackets = bytes.iter().filter(|b| matches!(b, b'{' | b'[')).count();
    if brackets > DEPTH_MAX && depth(bytes) > DEPTH_MAX {
        return Err(format!("the properties are nested deeper than {DEPTH_MAX}"));
    }
    match sonic_rs::from_str::<LazyValue<'_>>(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let line = e.to_string();
            let line = line.lines().next().unwrap_or_default();
            Err(format!("the properties are no JSON object: {line}"))
        }
    }
}

fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for b in bytes {
        if in_string {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match b {
            b'"' => in_string = true,
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_what_is_not() {
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let cases: &[(&str, bool)] = &[
            ("{}", true),
            (" {\"a\": [1, 2.5e-3, \"x\\n\\u00e4\", null, true, {\"b\": {}}]} ", true),
            ("", false),
            ("[]", false),
            ("null", false),
            ("\"{}\"", false),
            ("{", false),
            ("{\"a\"}", false),
            ("{\"a\":1,}", false),
            ("{\"a\":1} x", false),
            ("{\"a\":01}", false),
            ("{\"a\":nul}", false),
            ("{\"a\":\"\u{1}\"}", false),
            ("{\"a\":\"\\q\"}", false),
            ("{a:1}", false),
            (&deep(100), true),
            (&deep(200), false),
            (&deep(500_000), false),
            (&format!("{{\"a\":\"{}\"}}", "[".repeat(5_000)), true),
        ];
        for (text, ok) in cases {
            let cut: String = text.chars().take(60).collect();
            assert_eq!(check_object(text).is_ok(), *ok, "{cut}");
        }
    }
}
