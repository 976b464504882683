//! One value of an event: where it comes from in a row, as text or as JSON.

use std::borrow::Cow;

use epoch_model::expr::{Expr, Value};
use epoch_model::journal::canonical;
use epoch_model::{Code, Error, Result};
use serde_json::{Map, Value as Json};

use super::number;
use super::record::{Reason, Record};

/// Why a row cannot become an event: the reason, and in words.
pub type Refusal = (Reason, String);

/// Where a value comes from.
#[derive(Debug)]
pub enum Field {
    Absent,
    Constant(String),
    /// One column as it is.
    Column {
        index: usize,
        name: String,
    },
    Computed {
        expr: Expr,
        slots: Vec<(String, usize)>,
    },
}

/// A row, as fields with their decimal mark or as a JSON object.
pub enum Row<'a> {
    Fields(&'a Record, char),
    Object(&'a Map<String, Json>),
}

/// Index of a name in a JSON row, where there are no columns.
const BY_NAME: usize = usize::MAX;

/// A column's name as an expression writes it.
pub fn quote_name(name: &str) -> String {
    match Expr::parse(name) {
        Ok(expr) if expr.names() == [name] => name.to_owned(),
        _ => format!("`{name}`"),
    }
}

/// The name, where an expression is nothing but one.
fn bare_name(text: &str, expr: &Expr) -> Option<String> {
    let names = expr.names();
    let [name] = names.as_slice() else { return None };
    let text = text.trim();
    let inside = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')).unwrap_or(text);
    (inside == *name).then(|| inside.to_owned())
}

impl Field {
    /// Compiles an expression over `columns` (`None`: JSON).
    pub fn compile(text: &str, what: &str, columns: Option<&[String]>) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::Absent);
        }
        let place = |name: &str| match columns {
            None => Ok(BY_NAME),
            Some(all) => all.iter().position(|c| c == name).ok_or_else(|| {
                Error::new(
                    Code::MappingInvalid,
                    format!("the mapping reads “{name}” for {what}, and the file has no such column"),
                    format!("it has: {}", all.join(", ")),
                )
            }),
        };
        // A column may be named so that only backticks make it a name; people forget them.
        if let Some(all) = columns
            && let Some(index) = all.iter().position(|c| c == text.trim())
        {
            return Ok(Self::Column { index, name: text.trim().to_owned() });
        }
        let expr = Expr::parse(text)
            .map_err(|e| Error::new(e.code, format!("the mapping of {what} does not parse: {}", e.message), e.hint))?;
        if let Some(name) = bare_name(text, &expr) {
            return Ok(Self::Column { index: place(&name)?, name });
        }
        let slots = expr.names().into_iter().map(|n| Ok((n.to_owned(), place(n)?))).collect::<Result<Vec<_>>>()?;
        if slots.is_empty() {
            let mut out = String::new();
            let value = expr.eval(&|_| Value::Null)?;
            push_value(&value, &mut out);
            return Ok(Self::Constant(out));
        }
        Ok(Self::Computed { expr, slots })
    }

    /// How many columns a row needs for it.
    pub fn columns_needed(&self) -> usize {
        let last = match self {
            Self::Column { index, .. } => Some(*index),
            Self::Computed { slots, .. } => slots.iter().map(|(_, i)| *i).max(),
            Self::Absent | Self::Constant(_) => None,
        };
        last.filter(|i| *i != BY_NAME).map_or(0, |i| i + 1)
    }

    /// Appends the value as text; nothing where there is none.
    pub fn write_text(&self, row: &Row<'_>, out: &mut String) -> Result<(), Refusal> {
        match (self, row) {
            (Self::Absent, _) => {}
            (Self::Constant(text), _) => out.push_str(text),
            (Self::Column { index, .. }, Row::Fields(record, decimal)) => {
                let cell = record.get(*index).unwrap_or_default().trim();
                if !number::is_absent(cell) {
                    out.push_str(without_zero_fraction(cell, *decimal));
                }
            }
            (Self::Column { name, .. }, Row::Object(object)) => match find(object, name) {
                Some(Json::String(text)) => out.push_str(text.trim()),
                Some(Json::Null) | None => {}
                Some(Json::Number(n)) if n.is_f64() => number::push_number(n.as_f64().unwrap_or_default(), out),
                Some(other) => out.push_str(&canonical(other)),
            },
            (Self::Computed { expr, slots }, _) => push_value(&compute(expr, slots, row)?, out),
        }
        Ok(())
    }

    /// Appends the value as JSON; false where there is none.
    pub fn write_json(&self, row: &Row<'_>, out: &mut String) -> Result<bool, Refusal> {
        match (self, row) {
            (Self::Absent, _) => return Ok(false),
            (Self::Constant(text), _) => push_cell(text, '.', out),
            (Self::Column { index, .. }, Row::Fields(record, decimal)) => {
                let cell = record.get(*index).unwrap_or_default().trim();
                if number::is_absent(cell) {
                    return Ok(false);
                }
                push_cell(cell, *decimal, out);
            }
            (Self::Column { name, .. }, Row::Object(object)) => match find(object, name) {
                None | Some(Json::Null) => return Ok(false),
                Some(value) => out.push_str(&canonical(value)),
            },
            (Self::Computed { expr, slots }, _) => match compute(expr, slots, row)? {
                Value::Null => return Ok(false),
                Value::Bool(b) => out.push_str(if b { "true" } else { "false" }),
                Value::Number(n) => number::push_number(number::tidy(n), out),
                Value::Text(t) if t.is_empty() => return Ok(false),
                Value::Text(t) => push_text(&t, out),
            },
        }
        Ok(true)
    }
}

fn compute<'a>(expr: &'a Expr, slots: &[(String, usize)], row: &'a Row<'a>) -> Result<Value<'a>, Refusal> {
    let lookup = |name: &str| -> Value<'a> {
        match row {
            Row::Fields(record, decimal) => {
                let index = slots.iter().find(|(n, _)| n == name).map_or(BY_NAME, |(_, i)| *i);
                cell_value(record.get(index).unwrap_or_default().trim(), *decimal)
            }
            Row::Object(object) => match find(object, name) {
                Some(Json::Bool(b)) => Value::Bool(*b),
                Some(Json::Number(n)) => n.as_f64().map_or(Value::Null, Value::Number),
                Some(Json::String(t)) if !t.is_empty() => Value::Text(Cow::Borrowed(t)),
                Some(Json::Array(_) | Json::Object(_) | Json::String(_) | Json::Null) | None => Value::Null,
            },
        }
    };
    expr.eval(&lookup).map_err(|e| (Reason::BadExpression, e.message))
}

fn cell_value(cell: &str, decimal: char) -> Value<'_> {
    if number::is_absent(cell) {
        Value::Null
    } else if let Some(b) = number::boolean(cell) {
        Value::Bool(b)
    } else if let Some(n) = number::parse(cell, decimal) {
        Value::Number(n)
    } else {
        Value::Text(Cow::Borrowed(cell))
    }
}

/// A key, or a path through nested objects; a key with dots in it goes first.
pub fn find<'a>(object: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    if let Some(found) = object.get(name) {
        return Some(found);
    }
    let mut from = 0;
    while let Some(at) = name[from..].find('.').map(|i| i + from) {
        if let Some(Json::Object(inner)) = object.get(&name[..at]) {
            return find(inner, &name[at + 1..]);
        }
        from = at + 1;
    }
    None
}

/// The object of a JSON row.
pub fn parse_object(raw: &[u8]) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(raw) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err((Reason::NotAnObject, "the line is JSON but no object".into())),
        Err(e) => Err((Reason::BadJson, format!("the line is not JSON: {e}"))),
    }
}

/// `17850.0` is how a column with gaps writes the identifier 17850.
fn without_zero_fraction(cell: &str, decimal: char) -> &str {
    match cell.rsplit_once(decimal) {
        Some((whole, zeros))
            if !whole.is_empty()
                && !zeros.is_empty()
                && zeros.bytes().all(|b| b == b'0')
                && whole.bytes().all(|b| b.is_ascii_digit()) =>
        {
            whole
        }
        _ => cell,
    }
}

fn push_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => number::push_number(number::tidy(*n), out),
        Value::Text(t) => out.push_str(t.trim()),
    }
}

fn push_cell(cell: &str, decimal: char, out: &mut String) {
    if let Some(b) = number::boolean(cell) {
        out.push_str(if b { "true" } else { "false" });
    } else if !number::write_json(cell, decimal, out) {
        push_text(cell, out);
    }
}

/// Appends a JSON string.
pub fn push_text(text: &str, out: &mut String) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&Json::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}
