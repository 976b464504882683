//! What a bench answers: figures with their units, ratios to peers.

use epoch_model::{Code, Error, Result};
use serde_json::{Map, Value, json};

use super::measure::{load, median, quantile};
use crate::output::{Output, table};

/// Figures and ratios in the order they were made.
#[derive(Debug, Default)]
pub(super) struct Report {
    figures: Vec<(String, f64, &'static str)>,
    ratios: Vec<(String, f64)>,
    tables: Vec<Rows>,
    notes: Vec<String>,
}

/// A table: its title, its columns, and a cell per column in every row.
#[derive(Debug)]
struct Rows {
    title: String,
    columns: &'static [&'static str],
    cells: Vec<Vec<Value>>,
}

impl Rows {
    fn json(&self) -> Value {
        let row = |cells: &Vec<Value>| -> Value {
            self.columns
                .iter()
                .zip(cells)
                .map(|(name, cell)| ((*name).to_owned(), cell.clone()))
                .collect::<Map<_, _>>()
                .into()
        };
        json!({ "title": self.title, "rows": self.cells.iter().map(row).collect::<Vec<_>>() })
    }

    fn lines(&self) -> Vec<String> {
        let cell = |cell: &Value| match cell {
            Value::String(text) => text.clone(),
            Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), |x| format!("{x:.4}")),
            Value::Bool(kept) => if *kept { "yes" } else { "NO" }.to_owned(),
            other => other.to_string(),
        };
        let rows: Vec<Vec<String>> = self.cells.iter().map(|row| row.iter().map(cell).collect()).collect();
        let mut lines = vec![self.title.clone()];
        lines.extend(table(self.columns, &rows));
        lines.push(String::new());
        lines
    }
}

impl Report {
    pub(super) fn figure(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push((name.into(), value, unit));
    }

    pub(super) fn ratio(&mut self, name: impl Into<String>, value: f64) {
        self.ratios.push((name.into(), value));
    }

    /// The median of a rate, and its worst as `name_worst`.
    pub(super) fn rates(&mut self, name: &str, values: &[f64], unit: &'static str) {
        self.figure(name, median(values), unit);
        self.figure(format!("{name}_worst"), quantile(values, 0.0), unit);
    }

    /// The median of a ratio of one run, and its worst as a figure.
    pub(super) fn ratios(&mut self, name: &str, values: &[f64]) {
        self.ratio(name, median(values));
        self.figure(format!("{name}_worst"), quantile(values, 0.0), "ratio");
    }

    /// A table under a title; a `true` or `false` says whether a goal was kept.
    pub(super) fn table(&mut self, title: String, columns: &'static [&'static str], rows: Vec<Vec<Value>>) {
        self.tables.push(Rows { title, columns, cells: rows });
    }

    /// A sentence for people.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub(super) fn print(mut self, bench: &str, seed: u64, output: &Output) {
        self.figure("load_average", load(), "processes");
        let round = |v: f64| (v * 1e4).round() / 1e4;
        let figures: Map<_, _> =
            self.figures.iter().map(|(n, v, unit)| (n.clone(), json!({ "value": round(*v), "unit": unit }))).collect();
        let ratios: Map<_, _> = self.ratios.iter().map(|(n, v)| (n.clone(), json!(round(*v)))).collect();
        let version = env!("CARGO_PKG_VERSION");
        let mut value: Value =
            json!({ "bench": bench, "version": version, "seed": seed, "figures": figures, "ratios": ratios });
        if let (Some(fields), false) = (value.as_object_mut(), self.tables.is_empty()) {
            fields.insert("tables".into(), self.tables.iter().map(Rows::json).collect());
        }
        output.answer(&value, || {
            let mut rows: Vec<_> = self
                .figures
                .iter()
                .map(|(n, v, unit)| vec![n.clone(), format!("{v:.3}"), (*unit).to_owned()])
                .collect();
            rows.extend(self.ratios.iter().map(|(n, v)| vec![n.clone(), format!("{v:.3}"), "ratio".into()]));
            let mut lines: Vec<String> = self.tables.iter().flat_map(Rows::lines).collect();
            lines.extend(table(&[bench, "value", "unit"], &rows));
            lines.append(&mut self.notes);
            lines
        });
    }
}

/// A peer's or the machine's failure as an error of ours.
pub(super) fn failed(e: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the bench failed: {e}"), "run it again, or report this")
}

/// Refuses to go on when two ways to one number disagree: what is wrong is not worth timing.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected { Ok(()) } else { Err(failed(format!("{what} is {found:?}, expected {expected:?}"))) }
}
