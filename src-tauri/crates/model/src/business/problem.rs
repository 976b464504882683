//! What is wrong with a `business.toml`, and where.

use serde::{Deserialize, Serialize};
use toml_edit::Document;
use ts_rs::TS;

use super::section::{Section, Sink};

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

impl Problem {
    /// A problem with a key of a lever in a text that parses.
    pub fn of_lever(text: &str, lever: &str, key: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let sink = Sink::new(text);
        if let Ok(document) = Document::parse(text) {
            let root = Section::new(Some(document.as_table()), &sink, "", 0);
            let path = format!("lever.{lever}");
            let rows = root.sections("lever");
            let row = rows.iter().find(|row| row.path == path);
            row.unwrap_or(&root).bad(key, message, hint);
        } else {
            sink.note(0, format!("lever.{lever}.{key}"), message, hint);
        }
        // One was noted; nothing else was looked at.
        sink.into_problems().swap_remove(0)
    }
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
