//! The regular expressions of a payload, compiled once.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// Largest compiled expression, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// Compiled expressions by text and whether case matters not. Those that cannot be compiled are absent and match nothing.
#[derive(Debug, Default)]
pub struct Patterns {
    exact: HashMap<String, Regex>,
    insensitive: HashMap<String, Regex>,
}

impl Patterns {
    /// Those of all conditions anywhere within `payload`.
    pub fn of(payload: &Value) -> Self {
        let mut patterns = Self::default();
        patterns.collect(payload);
        patterns
    }

    fn collect(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("$regex" | "$notRegex", Value::String(text)) => add(&mut self.exact, text, false),
                        ("$regexi" | "$notRegexi", Value::String(text)) => add(&mut self.insensitive, text, true),
                        _ => self.collect(value),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.collect(value)),
            _ => {}
        }
    }

    /// The expression with this text.
    pub fn get(&self, text: &str, insensitive: bool) -> Option<&Regex> {
        if insensitive { self.insensitive.get(text) } else { self.exact.get(text) }
    }
}

fn add(to: &mut HashMap<String, Regex>, text: &str, insensitive: bool) {
    if let Ok(regex) = RegexBuilder::new(text).case_insensitive(insensitive).size_limit(SIZE_MAX).build() {
        to.insert(text.to_owned(), regex);
    }
}
