//! Which mark stands before the fraction, from the numbers themselves.

use epoch_model::business::Mapping;

use super::number::{decimal_ambiguous, decimal_evidence};
use super::record::Kind;
use super::sniff::{Sniffed, finding};
use super::types::{FileFormat, PreviewProblem};

/// Decides the decimal mark of a file.
pub fn find(found: &mut Sniffed, mapping: Option<&Mapping>) {
    if found.format != FileFormat::Csv {
        return;
    }
    if let Some(mark) = mapping.and_then(|m| m.decimal).filter(|d| matches!(d, '.' | ',')) {
        found.decimal = mark;
        found.findings.push(finding("decimal", mark, 1.0, "the mapping says so"));
        return;
    }
    let (mut points, mut commas, mut open, mut example) = (0_u32, 0_u32, 0_u32, None);
    for record in found.sample.iter().filter(|r| r.kind == Kind::Fields) {
        for cell in record.fields() {
            match decimal_evidence(cell) {
                Some(',') => commas += 1,
                Some(_) => points += 1,
                None if decimal_ambiguous(cell) => {
                    open += 1;
                    example.get_or_insert_with(|| cell.trim().to_owned());
                }
                None => {}
            }
        }
    }
    let (mark, confidence, reason) = match (points, commas) {
        (0, 0) if open > 0 && found.dialect.delimiter == ';' => (',', 0.5, "files with semicolons mostly write so"),
        (0, 0) if open > 0 => ('.', 0.5, "files with this delimiter mostly write so"),
        (0, 0) => ('.', 0.5, "no number has a fraction"),
        (p, c) if c > p => (',', f64::from(c) / f64::from(c + p), "numbers such as 1.234,5 or 12,5"),
        (p, c) => ('.', f64::from(p) / f64::from(c + p), "numbers such as 1,234.5 or 12.5"),
    };
    found.decimal = mark;
    found.findings.push(finding("decimal", mark, confidence, reason));
    let doubt = if points > 0 && commas > 0 {
        Some(format!("{points} numbers have a decimal point and {commas} a decimal comma"))
    } else if points + commas == 0 {
        example.map(|e| format!("“{e}” can be read with a decimal point or a decimal comma"))
    } else {
        None
    };
    if let Some(message) = doubt {
        let hint = format!("it is read with “{mark}”; set `decimal` in the mapping if that is wrong");
        found.problems.push(PreviewProblem { line: None, message, hint });
    }
}
