//! Reads inputs: one JSON value, or one per line.

use std::io::Read as _;
use std::path::Path;

use epoch_model::{Code, Error, Result};
use serde::de::{DeserializeOwned, IgnoredAny};

/// Longest input: hundreds of thousands of tests.
const INPUT_MAX: u64 = 64 << 20;

/// The whole text of a file, or of stdin for `-`.
pub(super) fn text_of(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(INPUT_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(INPUT_MAX + 1).read_to_string(&mut text))
    };
    read.map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(Code::NotFound, format!("there is no file {}", file.display()), "name a file, or - for stdin")
        }
        _ => Error::new(
            Code::FileUnreadable,
            format!("{} cannot be read: {e}", file.display()),
            "it must be JSON in UTF-8",
        ),
    })?;
    if text.len() as u64 > INPUT_MAX {
        return Err(Error::new(Code::InvalidArgument, "the input is longer than 64 MiB", "split it"));
    }
    // Some programs put a mark in front of UTF-8.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// The lines that hold something, with their numbers, where the text is one JSON value per line; nothing where it is one
/// value as a whole.
pub(super) fn by_line(text: &str) -> Option<Vec<(usize, &str)>> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (at, first) = lines.next()?;
    let (next, second) = lines.next()?;
    serde_json::from_str::<IgnoredAny>(first).ok()?;
    Some([(at + 1, first), (next + 1, second)].into_iter().chain(lines.map(|(n, line)| (n + 1, line))).collect())
}

/// Reads one input that begins on line `first_line`; a mistake names its line and field.
pub(super) fn parsed<I: DeserializeOwned>(text: &str, first_line: usize, name: &str) -> Result<I> {
    let hint = || format!("`ras {name} --schema` says what may stand there");
    let mut reader = serde_json::Deserializer::from_str(text);
    let input = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.inner();
        let (line, column) = (inner.line(), inner.column());
        // serde_json says the place once more at the end of its sentence.
        let sentence = inner.to_string();
        let sentence = sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(before, _)| before);
        let place = if line > 0 { format!("line {}, column {column}: ", line + first_line - 1) } else { String::new() };
        let field = if path == "." { String::new() } else { format!("{path}: ") };
        Error::new(Code::InvalidArgument, format!("{place}{field}{sentence}"), hint())
    })?;
    reader.end().map_err(|e| {
        let (line, column) = (e.line() + first_line - 1, e.column());
        let message = format!("line {line}, column {column}: something follows the JSON value");
        Error::new(Code::InvalidArgument, message, "hand in one value, or one per line")
    })?;
    Ok(input)
}
