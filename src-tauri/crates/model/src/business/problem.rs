//! What is wrong with a `business.toml`, and where.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One thing to mend in `business.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// The key it is about: `metric.signup_rate.kind`, `limits.cards_per_day`.
    pub path: String,
    /// The cause, in one plain sentence.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, column, path, message, hint } = self;
        write!(f, "line {line}, column {column}")?;
        if !path.is_empty() {
            write!(f, " ({path})")?;
        }
        write!(f, ": {message}")?;
        if hint.is_empty() { Ok(()) } else { write!(f, "; {hint}") }
    }
}
