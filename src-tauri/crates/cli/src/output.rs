//! What is printed: one JSON value, or lines for people.

use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _};

use epoch_model::Error;
use serde_json::{Value, json};

/// Where answers go.
pub(crate) struct Output {
    pub(crate) json: bool,
    /// What is told together with an error, in JSON mode: one command prints one value.
    with_error: RefCell<Option<Value>>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, with_error: RefCell::default() }
    }

    /// A value in JSON mode, else the lines.
    pub(crate) fn answer(&self, value: &Value, lines: impl FnOnce() -> Vec<String>) {
        if self.json {
            self.line(&value.to_string());
        } else {
            for line in lines() {
                self.line(&line);
            }
        }
    }

    /// The same for an answer that is followed by an error: in JSON mode its fields stand beside the error's.
    pub(crate) fn answer_before_error(&self, value: Value, lines: impl FnOnce() -> Vec<String>) {
        if self.json {
            *self.with_error.borrow_mut() = Some(value);
        } else {
            self.answer(&value, lines);
        }
    }

    /// A line on stdout.
    #[expect(clippy::unused_self, reason = "whoever prints holds the output")]
    pub(crate) fn line(&self, text: &str) {
        // Whoever closed the pipe does not want to read on; there is nobody to tell.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// A line for a person on stderr, where it does not disturb a pipe.
    #[expect(clippy::unused_self, reason = "whoever prints holds the output")]
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    pub(crate) fn error(&self, e: &Error) {
        if self.json {
            let mut value = self.with_error.take().unwrap_or_else(|| json!({}));
            value["code"] = json!(e.code);
            value["message"] = json!(e.message);
            value["hint"] = json!(e.hint);
            self.line(&value.to_string());
        } else {
            self.say(&format!("error: {}\n  next: {}", e.message, e.hint));
        }
    }

    /// Whether a person sits there who can be asked.
    pub(crate) fn interactive(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// A table with aligned columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = head.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines
}
