//! `ras analyze`, `power`, `fdr`, `srm`, `bandit`: statistics of figures that are handed in. They know no business, open no
//! folder and read no clock: the same input gives the same answer.
//!
//! Input and output are versioned types with a schema each (docs/schemas), made from the types themselves.

mod analyze;
mod bandit;
mod fdr;
mod power;
mod srm;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use epoch_model::{Code, Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::output::Output;

/// Longest input: hundreds of thousands of tests.
const INPUT_MAX: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The input, as JSON; - reads it from stdin
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// Print the JSON Schema of the input (or of the output) instead
    #[arg(long, value_enum, value_name = "SIDE", num_args = 0..=1, default_missing_value = "input")]
    pub schema: Option<Side>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    Input,
    Output,
}

pub(crate) fn analyze(asked: &Asked, out: &Output) -> Result<()> {
    answer(asked, out, "analyze", analyze::analyze, analyze::lines)
}

pub(crate) fn power(asked: &Asked, out: &Output) -> Result<()> {
    answer(asked, out, "power", power::power, power::lines)
}

pub(crate) fn fdr(asked: &Asked, out: &Output) -> Result<()> {
    answer(asked, out, "fdr", fdr::fdr, fdr::lines)
}

pub(crate) fn srm(asked: &Asked, out: &Output) -> Result<()> {
    answer(asked, out, "srm", srm::srm, srm::lines)
}

pub(crate) fn bandit(asked: &Asked, out: &Output) -> Result<()> {
    answer(asked, out, "bandit", bandit::bandit, bandit::lines)
}

fn answer<I: DeserializeOwned + JsonSchema, O: Serialize + JsonSchema>(
    asked: &Asked,
    out: &Output,
    name: &str,
    work: impl FnOnce(I) -> Result<O>,
    lines: impl FnOnce(&O) -> Vec<String>,
) -> Result<()> {
    if let Some(side) = asked.schema {
        let schema = if side == Side::Input { schema_for!(I) } else { schema_for!(O) };
        let text = serde_json::to_string_pretty(&schema).map_err(ours)?;
        out.line(&text);
        return Ok(());
    }
    let answer = work(parsed(&text_of(&asked.file)?, name)?)?;
    out.answer(&serde_json::to_value(&answer).map_err(ours)?, || lines(&answer));
    Ok(())
}

fn ours(e: serde_json::Error) -> Error {
    Error::new(Code::Internal, format!("the answer cannot be written: {e}"), "report this")
}

fn text_of(file: &Path) -> Result<String> {
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
    Ok(text)
}

/// Reads the input; a mistake names its line and field.
fn parsed<I: DeserializeOwned>(text: &str, name: &str) -> Result<I> {
    let hint = || format!("`ras {name} --schema` says what may stand there");
    let mut reader = serde_json::Deserializer::from_str(text);
    let input = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.inner();
        let (line, column) = (inner.line(), inner.column());
        // serde_json says the place once more at the end of its sentence.
        let sentence = inner.to_string();
        let sentence = sentence.split(" at line ").next().unwrap_or_default();
        let place = if line > 0 { format!("line {line}, column {column}: ") } else { String::new() };
        let field = if path == "." { String::new() } else { format!("{path}: ") };
        Error::new(Code::InvalidArgument, format!("{place}{field}{sentence}"), hint())
    })?;
    reader.end().map_err(|e| {
        let message = format!("line {}, column {}: something follows the JSON value", e.line(), e.column());
        Error::new(Code::InvalidArgument, message, "hand in one value")
    })?;
    Ok(input)
}

/// A field whose value cannot be meant.
fn wrong(field: impl std::fmt::Display, what: impl std::fmt::Display, next: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, format!("{field}: {what}"), next)
}

/// Shares must lie inside 0 to 1.
fn inside(field: &str, x: f64) -> Result<f64> {
    if x > 0.0 && x < 1.0 { Ok(x) } else { Err(wrong(field, format!("{x} is not between 0 and 1"), "0.05 is 5 %")) }
}

/// What JSON can say of a number: nothing where it is infinite or not defined.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// An interval; an end is null where it is open.
fn ends(interval: [f64; 2]) -> [Option<f64>; 2] {
    interval.map(finite)
}

fn shown(x: Option<f64>) -> String {
    x.map_or_else(|| "–".into(), |x| if x != 0.0 && x.abs() < 1e-4 { format!("{x:.1e}") } else { format!("{x:.4}") })
}

fn shown_ends(interval: [Option<f64>; 2]) -> String {
    format!("{} to {}", shown(interval[0]), shown(interval[1]))
}

/// The version of input and output: 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u32(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            1 => Ok(Self),
            other => Err(serde::de::Error::custom(format!("{other} is not known, this `ras` reads 1"))),
        }
    }
}

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1, "description": "Version of this format" })
    }
}
