//! A regular expression with a bounded cost.

use regex::{Regex, RegexBuilder};

use crate::error::{Code, Error};

/// Longest pattern, in bytes.
const BYTES_MAX: usize = 300;

/// Largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 64 * 1024;

/// A compiled pattern of RE2's syntax; matching takes time in proportion to the text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    pub fn new(text: &str) -> crate::Result<Self> {
        let wrong = |why: String| Error::new(Code::ExpressionInvalid, why, "write a shorter or simpler pattern");
        if text.len() > BYTES_MAX {
            return Err(wrong(format!("the pattern is longer than {BYTES_MAX} bytes")));
        }
        let built = RegexBuilder::new(text)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .nest_limit(16)
            .build();
        built.map(Self).map_err(|_| wrong(format!("“{text}” is no pattern that can be matched")))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it occurs in a text.
    pub fn occurs_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}
