//! What a file would become, before anything is imported.

use std::path::Path;

use epoch_model::Result;
use epoch_model::business::Mapping;

use super::record::Kind;
use super::sniff::Sniffed;
use super::types::{FileFormat, Preview, PreviewEvent, PreviewProblem};
use super::{columns, guess, open};

/// Events shown.
const EVENTS: usize = 10;
/// Problems shown.
const PROBLEMS: usize = 20;

/// See [`super::preview`].
pub fn preview(path: &Path, mapping: Option<&Mapping>, zone: &str) -> Result<Preview> {
    let mut found = Sniffed::open(path, mapping)?;
    let columns = columns::describe(&found, zone);
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let (mut mapping, reasons) = if let Some(given) = mapping {
        (given.clone(), Vec::new())
    } else {
        let guess = guess::guess(&columns, &stem);
        (guess.mapping, guess.reasons)
    };
    let given = reasons.is_empty();
    let mut events = Vec::new();
    let says = |message: &str, hint: &str| PreviewProblem { line: None, message: message.into(), hint: hint.into() };
    if found.sample.is_empty() {
        found.problems.push(says("the file holds no rows", "check that the export worked"));
    } else if mapping.time.is_empty() {
        found.problems.push(says(
            "no column holds a time",
            "events need one; name the column, or a fixed day such as '2024-01-31'",
        ));
    } else {
        let mut mapper = open::mapper(&mut found, &mapping, zone)?;
        if !given {
            state_guesses(&found, &mut mapping);
        }
        for record in &found.sample[..found.head_rows.min(found.sample.len())] {
            let refused = match &record.kind {
                Kind::Blank => continue,
                Kind::Bad(reason, why) => Some((*reason, why.clone())),
                Kind::Fields | Kind::Json => mapper.map(record).err(),
            };
            if let Some((reason, why)) = refused {
                if found.problems.len() < PROBLEMS {
                    found.problems.push(PreviewProblem {
                        line: Some(record.line),
                        message: why,
                        hint: format!("such a line is rejected ({}) and listed", reason.as_str()),
                    });
                }
            } else if events.len() < EVENTS {
                events.push(PreviewEvent {
                    line: record.line,
                    name: mapper.name.clone(),
                    time: mapper.at,
                    unit: mapper.unit_text.clone(),
                    props: serde_json::from_str(&mapper.props_text).unwrap_or_default(),
                });
            }
        }
    }
    if mapping.unit.is_empty() && !found.sample.is_empty() {
        found.problems.push(says(
            "no column says who it happened to",
            "counts and sums work without; conversions, retention and distinct customers need `unit`",
        ));
    }
    let rows_estimate = estimate(&found);
    Ok(Preview {
        format: found.format,
        gzip: found.source.gzip,
        bytes: found.source.len,
        rows_estimate,
        sheets: std::mem::take(&mut found.sheets),
        findings: std::mem::take(&mut found.findings),
        columns,
        mapping,
        reasons,
        events,
        problems: std::mem::take(&mut found.problems),
    })
}

/// What was found in this file and must not be guessed anew for the next one: the order of day and month, the decimal mark.
fn state_guesses(found: &Sniffed, mapping: &mut Mapping) {
    let value =
        |what: &str| found.findings.iter().find(|f| f.what == what && f.confidence > 0.75).map(|f| f.value.as_str());
    if let Some(format @ ("d/m/y" | "m/d/y")) = value("time_format") {
        mapping.time_format = Some(format.into());
    }
    if value("decimal") == Some(",") {
        mapping.decimal = Some(',');
    }
}

/// About how many rows there are.
fn estimate(found: &Sniffed) -> u64 {
    let rows = found.head_rows as u64;
    if found.whole || found.head_bytes == 0 || found.format == FileFormat::Xlsx {
        return rows;
    }
    // Unpacked, exports are about six times as large.
    let unpacked = found.source.len.saturating_mul(if found.source.gzip { 6 } else { 1 });
    let all = u128::from(rows) * u128::from(unpacked) / found.head_bytes as u128;
    u64::try_from(all).unwrap_or(u64::MAX)
}
