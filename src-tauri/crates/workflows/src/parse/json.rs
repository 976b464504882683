//! Values of TOML as JSON and as scalars.

use serde_json::{Map, Value};
use toml_edit::Item;

use crate::scalar::Scalar;

/// The JSON of an item; dates become text. `None` for a number JSON cannot hold.
pub(super) fn json(item: &Item) -> Option<Value> {
    match item {
        Item::None => None,
        Item::Value(value) => of_value(value),
        Item::Table(table) => table_json(table),
        Item::ArrayOfTables(rows) => {
            rows.iter().map(|table| table_json(table)).collect::<Option<_>>().map(Value::Array)
        }
    }
}

fn table_json(table: &dyn toml_edit::TableLike) -> Option<Value> {
    let entries = table.iter().map(|(key, item)| Some((key.to_owned(), json(item)?)));
    entries.collect::<Option<Map<_, _>>>().map(Value::Object)
}

fn of_value(value: &toml_edit::Value) -> Option<Value> {
    Some(match value {
        toml_edit::Value::String(text) => Value::String(text.value().clone()),
        toml_edit::Value::Integer(n) => Value::from(*n.value()),
        toml_edit::Value::Float(n) => serde_json::Number::from_f64(*n.value()).map(Value::Number)?,
        toml_edit::Value::Boolean(b) => Value::Bool(*b.value()),
        toml_edit::Value::Datetime(date) => Value::String(date.value().to_string()),
        toml_edit::Value::Array(items) => Value::Array(items.iter().map(of_value).collect::<Option<_>>()?),
        toml_edit::Value::InlineTable(table) => table_json(table)?,
    })
}

/// A text, a number, true or false; `None` for anything else.
pub(super) fn scalar(item: &Item) -> Option<Scalar> {
    match json(item)? {
        Value::Array(_) | Value::Object(_) | Value::Null => None,
        value => Some(Scalar::of_json(&value)),
    }
}
