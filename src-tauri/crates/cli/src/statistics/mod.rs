//! `ras analyze`, `power`, `fdr`, `srm`, `bandit`: statistics of figures that are handed in. They know no business, open no
//! folder and read no clock: the same input gives the same answer.
//!
//! Input and output are versioned types with a schema each (docs/schemas), made from the types themselves.

#![expect(clippy::neg_cmp_op_on_partial_ord, reason = "`!(x > 0)` also refuses NaN")]

mod analyze;
mod bandit;
mod fdr;
mod power;
mod read;
mod srm;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use epoch_model::{Code, Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use crate::output::Output;

/// More units than this are a mistake, and sums of them would lose whole units.
const UNITS_MAX: u64 = 1_000_000_000_000_000;

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
    work: impl Fn(I) -> Result<O>,
    lines: impl Fn(&O) -> Vec<String>,
) -> Result<()> {
    if let Some(side) = asked.schema {
        let schema = if side == Side::Input { schema_for!(I) } else { schema_for!(O) };
        let text = serde_json::to_string_pretty(&schema).map_err(ours)?;
        out.line(&text);
        return Ok(());
    }
    let text = read::text_of(&asked.file)?;
    if text.trim_start().starts_with('[') {
        let next = "several go one per line, without brackets and commas";
        return Err(Error::new(Code::InvalidArgument, "an array is no input", next));
    }
    let Some(inputs) = read::by_line(&text) else {
        let answer = work(read::parsed(&text, 1, name)?)?;
        out.answer(&serde_json::to_value(&answer).map_err(ours)?, || lines(&answer));
        return Ok(());
    };
    // One answer per line, in the same order; one that is refused holds up no other.
    let (mut refused, mut least) = (0, 0);
    for (line, text) in &inputs {
        match read::parsed(text, *line, name).and_then(&work) {
            Ok(answer) => out.answer(&serde_json::to_value(&answer).map_err(ours)?, || lines(&answer)),
            Err(e) => {
                let value = json!({ "line": line, "code": e.code, "message": e.message, "hint": e.hint });
                out.answer(&value, || vec![format!("line {line}: {}", e.message), format!("  next: {}", e.hint)]);
                least = if refused == 0 { *line } else { least };
                refused += 1;
            }
        }
        if !out.json {
            out.line("");
        }
    }
    if refused == 0 {
        return Ok(());
    }
    let message = format!("{refused} of {} inputs were refused, the first on line {least}", inputs.len());
    Err(Error::new(Code::InvalidArgument, message, "each answered with its reason in its place"))
}

fn ours(e: serde_json::Error) -> Error {
    Error::new(Code::Internal, format!("the answer cannot be written: {e}"), "report this")
}

/// A field whose value cannot be meant.
fn wrong(field: impl std::fmt::Display, what: impl std::fmt::Display, next: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, format!("{field}: {what}"), next)
}

/// Shares must lie inside 0 to 1.
fn inside(field: &str, x: f64) -> Result<f64> {
    if x > 0.0 && x < 1.0 { Ok(x) } else { Err(wrong(field, format!("{x} is not between 0 and 1"), "0.05 is 5 %")) }
}

/// A weight that is so small beside the others is no share that was meant, and squares of what is expected of it underflow.
const WEIGHT_LEAST: f64 = 1e-9;

/// Shares that were meant: from 0, not all 0, none vanishing beside the others.
fn weighed(field: &str, weights: &[f64]) -> Result<()> {
    let whole: f64 = weights.iter().sum();
    if let Some(k) = weights.iter().position(|w| !(*w >= 0.0)) {
        return Err(wrong(format!("{field}[{k}]"), "a weight below 0", "give the share that was meant, on any scale"));
    }
    if !(whole > 0.0 && whole.is_finite()) {
        return Err(wrong(field, "the weights add up to nothing", "give the shares that were meant"));
    }
    match weights.iter().position(|w| *w > 0.0 && *w < WEIGHT_LEAST * whole) {
        Some(k) => {
            Err(wrong(format!("{field}[{k}]"), "a weight of less than one in 10^9", "0 for an arm that takes no part"))
        }
        None => Ok(()),
    }
}

/// Units that can be counted one by one.
fn counted(field: impl std::fmt::Display, counts: &[u64]) -> Result<()> {
    if counts.iter().all(|n| *n <= UNITS_MAX) {
        return Ok(());
    }
    Err(wrong(field, "more units than can be counted", "at most 10^15"))
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
