//! Makes what a client sends fit to be shown: bounded, without characters that hide or reorder text. Knows nothing of
//! clients or decisions.

use epoch_model::{Code, Error, Result};
use serde_json::Value;

/// Deepest nesting of a payload.
const DEPTH_MAX: usize = 8;

/// Whether a character may be shown: no control character, nothing that turns the direction of the text or has no width.
fn shown(c: char) -> bool {
    let hidden = matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    !c.is_control() && !hidden
}

/// One line: white space of any kind becomes one space.
pub(crate) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| shown(*c)).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Several lines: line ends and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| matches!(c, '\n' | '\t') || shown(*c)).collect()
}

/// One line that says something and is not too long. [`Code::InvalidArgument`] names the field.
pub(crate) fn said(field: &str, text: &str, most: usize) -> Result<String> {
    let text = line(text);
    if text.is_empty() {
        return Err(bad(format!("“{field}” is empty"), "say it in a sentence"));
    }
    let length = text.chars().count();
    if length > most {
        return Err(bad(format!("“{field}” has {length} characters"), format!("use at most {most}")));
    }
    Ok(text)
}

/// A payload as data: its size and depth bounded, its texts cleaned.
pub(crate) fn payload(field: &str, value: &Value, most: usize) -> Result<Value> {
    let size = value.to_string().len();
    if size > most {
        return Err(bad(format!("“{field}” has {size} bytes"), format!("use at most {most}")));
    }
    cleaned(value, DEPTH_MAX)
        .ok_or_else(|| bad(format!("“{field}” is nested too deeply"), format!("use at most {DEPTH_MAX} levels")))
}

fn cleaned(value: &Value, depth: usize) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::String(lines(text)),
        Value::Array(items) => {
            Value::Array(items.iter().map(|v| cleaned(v, depth.checked_sub(1)?)).collect::<Option<_>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(k, v)| Some((line(k), cleaned(v, depth.checked_sub(1)?)?))).collect::<Option<_>>()?,
        ),
        plain => plain.clone(),
    })
}

pub(crate) fn bad(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message, hint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hides_or_reorders_text_is_taken_out() {
        assert_eq!(line("Cut\u{202E} the\u{200B}\tprice\r\n\u{1b}[31m now\u{0}"), "Cut the price [31m now");
        assert_eq!(lines("a\r\nb\tc\u{7}\u{2066}d"), "a\nb\tcd");
        assert_eq!(said("headline", " \u{200B}\n ", 10).map_err(|e| e.code), Err(Code::InvalidArgument));
        assert_eq!(said("headline", &"x".repeat(11), 10).map_err(|e| e.code), Err(Code::InvalidArgument));
    }

    #[test]
    fn a_payload_is_bounded_in_size_and_depth() {
        assert_eq!(payload("payload", &json!({"a\u{202E}": ["b\u{0}"]}), 100), Ok(json!({"a": ["b"]})));
        assert!(payload("payload", &json!("x".repeat(200)), 100).is_err());
        let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
        assert!(payload("payload", &deep, 1_000).is_err());
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in "\\PC*|[\\x00-\\x7f\u{200B}-\u{202E}]*") {
            let once = line(&text);
            prop_assert_eq!(line(&once), once.clone());
            prop_assert!(once.chars().all(|c| shown(c) && (c == ' ' || !c.is_whitespace())));
        }
    }
}
