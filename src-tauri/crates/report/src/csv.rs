//! The series as CSV, one row per metric and bucket (tidy long form, RFC 4180, UTF-8, lines end in CRLF).
//!
//! Columns: `metric, start, value, numerator, denominator, events, p10, p50, p90`. `start` is RFC 3339 in UTC; what is
//! not defined or was not expected is empty. Findings and decisions are in the workbook, not here: one file, one table.

use std::collections::BTreeMap;

use epoch_model::{Code, Error, Result};

use crate::data::{Band, ReportData};
use crate::format;

const COLUMNS: [&str; 9] = ["metric", "start", "value", "numerator", "denominator", "events", "p10", "p50", "p90"];

/// Renders the file.
pub(crate) fn render(data: &ReportData) -> Result<Vec<u8>> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(COLUMNS).map_err(failed)?;
    for kpi in &data.kpis {
        let bands: BTreeMap<_, _> = kpi.band.iter().map(|b| (b.start, b)).collect();
        for point in &kpi.series.points {
            let band = bands.get(&point.start).copied();
            let expected = |pick: fn(&Band) -> f64| band.map(pick).map(figure).unwrap_or_default();
            out.write_record([
                guarded(&kpi.key),
                format::iso(point.start),
                point.value.map(figure).unwrap_or_default(),
                figure(point.numerator),
                figure(point.denominator),
                point.events.to_string(),
                expected(|b| b.p10),
                expected(|b| b.p50),
                expected(|b| b.p90),
            ])
            .map_err(failed)?;
        }
    }
    out.into_inner().map_err(failed)
}

/// The shortest digits that read back as the same number; nothing for what is no number, no negative zero.
fn figure(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

/// A text that a spreadsheet would run as a formula gets an apostrophe in front.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the CSV cannot be written: {cause}"), "report this with the log")
}
