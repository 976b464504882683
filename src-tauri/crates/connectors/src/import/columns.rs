//! What the columns of a sample hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::field::{parse_object, quote_name};
use super::number;
use super::record::Kind;
use super::sniff::Sniffed;
use super::time_guess;
use super::types::{Column, ColumnKind};

/// Columns shown at most; a file of JSON objects may have any number of keys.
const COLUMNS_MAX: usize = 500;
/// Values looked at per column.
const VALUES_MAX: usize = 400;
const SAMPLES: usize = 5;

/// Describes the columns of a file.
pub fn describe(found: &Sniffed, zone: &str) -> Vec<Column> {
    let rows = found.sample.iter().filter(|r| matches!(r.kind, Kind::Fields | Kind::Json));
    let mut total = 0_usize;
    let mut values: Vec<(String, Vec<String>, usize)> = Vec::new();
    if let Some(names) = &found.columns {
        values = names.iter().map(|n| (n.clone(), Vec::new(), 0)).collect();
        for record in rows {
            total += 1;
            for (column, cell) in values.iter_mut().zip(record.fields()) {
                add(column, cell.trim());
            }
        }
    } else {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for record in rows {
            let Ok(object) = parse_object(&record.raw) else { continue };
            total += 1;
            let mut put = |name: &str, text: &str| {
                let next = values.len();
                let at = *places.entry(name.to_owned()).or_insert(next);
                if at == next && next < COLUMNS_MAX {
                    values.push((name.to_owned(), Vec::new(), 0));
                }
                if let Some(column) = values.get_mut(at) {
                    add(column, text);
                }
            };
            walk("", &object, &mut put);
        }
    }
    values.into_iter().map(|(name, seen, filled)| column(name, &seen, filled, total, found.decimal, zone)).collect()
}

fn walk(prefix: &str, object: &Map<String, Json>, put: &mut impl FnMut(&str, &str)) {
    for (key, value) in object {
        let name = format!("{prefix}{key}");
        match value {
            Json::Object(inner) if prefix.matches('.').count() < 2 && !inner.is_empty() => {
                walk(&format!("{name}."), inner, put);
            }
            Json::String(text) => put(&name, text),
            Json::Null => put(&name, ""),
            other => put(&name, &other.to_string()),
        }
    }
}

fn add(column: &mut (String, Vec<String>, usize), cell: &str) {
    if number::is_absent(cell) {
        return;
    }
    column.2 += 1;
    if column.1.len() < VALUES_MAX {
        column.1.push(cell.to_owned());
    }
}

fn column(name: String, seen: &[String], filled: usize, total: usize, decimal: char, zone: &str) -> Column {
    let share = |n: usize| n as f64 / seen.len().max(1) as f64;
    let numbers = seen.iter().filter(|v| number::parse(v, decimal).is_some()).count();
    let times = time_guess::guess(seen, zone);
    let numeric_time = times
        .as_ref()
        .is_some_and(|t| matches!(t.format, super::time::TimeFormat::Epoch(_) | super::time::TimeFormat::ExcelSerial));
    let lower = name.to_lowercase();
    let says_time = ["time", "date", "created", "_at", "ts"].iter().any(|w| lower.contains(w));
    let kind = if seen.is_empty() {
        ColumnKind::Empty
    } else if times.is_some() && (says_time || (!numeric_time && share(numbers) < 0.5)) {
        ColumnKind::Time
    } else if share(seen.iter().filter(|v| number::boolean(v).is_some()).count()) >= 1.0 {
        ColumnKind::Boolean
    } else if share(numbers) > 0.9 {
        ColumnKind::Number
    } else if seen.iter().all(|v| v.starts_with(['{', '['])) {
        ColumnKind::Object
    } else {
        ColumnKind::Text
    };
    let distinct: BTreeSet<&String> = seen.iter().collect();
    let mut samples: Vec<String> = Vec::new();
    for value in seen {
        let short: String = value.chars().take(80).collect();
        if samples.len() < SAMPLES && !samples.contains(&short) {
            samples.push(short);
        }
    }
    Column {
        expression: quote_name(&name),
        name,
        kind,
        samples,
        filled: if total == 0 { 0.0 } else { filled as f64 / total as f64 },
        unique: distinct.len() == seen.len() && seen.len() > 1,
    }
}
