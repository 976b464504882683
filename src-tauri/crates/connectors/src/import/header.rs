//! Whether the first row names the columns.

use epoch_model::business::Mapping;

use super::number;
use super::record::{Kind, Record};
use super::sniff::{Sniffed, finding};
use super::time::{TimeFormat, order_of, read};

/// Decides, names the columns and takes the header out of the sample.
pub fn find(found: &mut Sniffed, mapping: Option<&Mapping>) {
    let Some(first) = found.sample.iter().position(|r| r.kind == Kind::Fields) else {
        found.columns = Some(Vec::new());
        return;
    };
    let cells: Vec<String> =
        found.sample[first].fields().map(|c| c.trim().trim_matches('\u{feff}').to_owned()).collect();
    let (is_header, confidence, reason) = judge(&cells, &found.sample[first + 1..], mapping);
    found.findings.push(finding("header", if is_header { "yes" } else { "no" }, confidence, reason));
    if is_header {
        found.columns = Some(names(&cells));
        found.skip = found.skip.saturating_add(first as u64 + 1);
        for header in found.sample.drain(..=first) {
            found.head_bytes = found.head_bytes.saturating_sub(header.raw.len() + 1);
            found.head_rows = found.head_rows.saturating_sub(1);
        }
    } else {
        let width =
            found.sample.iter().take(200).filter(|r| r.kind == Kind::Fields).map(Record::len).max().unwrap_or(0);
        found.columns = Some((1..=width).map(|i| format!("column{i}")).collect());
    }
}

fn judge(cells: &[String], below: &[Record], mapping: Option<&Mapping>) -> (bool, f64, String) {
    if let Some(m) = mapping {
        let texts = [&m.event, &m.time, &m.unit].into_iter().chain(&m.id).chain(m.props.values());
        let read: Vec<String> = texts
            .filter_map(|t| {
                epoch_model::expr::Expr::parse(t)
                    .ok()
                    .map(|e| e.names().iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
            })
            .flatten()
            .collect();
        if read.iter().any(|n| cells.contains(n)) {
            return (true, 1.0, "the mapping reads columns by these names".into());
        }
        if read.iter().any(|n| n.strip_prefix("column").is_some_and(|d| d.parse::<u32>().is_ok())) {
            return (false, 1.0, "the mapping reads columns by their number".into());
        }
    }
    if cells.iter().any(|c| is_value(c)) {
        return (false, 0.9, "the first row holds numbers or times itself".into());
    }
    let named = cells.iter().filter(|c| !c.is_empty()).count();
    if named * 2 < cells.len() {
        return (false, 0.6, "most of the first row is empty".into());
    }
    let values =
        below.iter().take(50).filter(|r| r.kind == Kind::Fields).any(|r| r.fields().any(|f| is_value(f.trim())));
    if values {
        return (true, 0.95, "the first row is words where the rows below hold numbers or times".into());
    }
    let repeated = below.iter().take(200).any(|r| r.fields().zip(cells).any(|(f, c)| f.trim() == c && !c.is_empty()));
    if repeated {
        return (false, 0.6, "values of the first row occur below it again".into());
    }
    (true, 0.6, "the first row is words that do not occur below it".into())
}

fn is_value(cell: &str) -> bool {
    number::parse(cell, '.').is_some()
        || number::parse(cell, ',').is_some()
        || (cell.len() > 1 && cell.bytes().all(|b| b.is_ascii_digit()))
        || read(cell, &TimeFormat::Iso).is_some()
        || order_of(cell).is_some()
        || read(cell, &TimeFormat::MonthName).is_some()
}

/// Names that are all there and all different.
fn names(cells: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        let base = if cell.is_empty() { format!("column{}", i + 1) } else { cell.replace(['\n', '\r', '`'], " ") };
        let mut name = base.clone();
        let mut n = 2;
        while names.contains(&name) {
            name = format!("{base}_{n}");
            n += 1;
        }
        names.push(name);
    }
    names
}
