//! Values of variables: what expressions compute with, and nothing larger.

use std::borrow::Cow;
use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::expr::Value;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The longest text a variable holds, in bytes; a longer one is cut at a character.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// A value of a variable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(untagged)]
#[ts(rename = "WorkflowScalar")]
pub enum Scalar {
    /// Missing.
    #[default]
    Null,
    Bool(bool),
    /// Finite.
    Number(f64),
    Text(String),
}

/// The variables of a run.
pub type Variables = BTreeMap<String, Scalar>;

impl Scalar {
    /// A text, cut to what a variable holds.
    pub fn text(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.len() > TEXT_BYTES_MAX {
            let end = (0..=TEXT_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        Self::Text(text)
    }

    /// As an expression sees it.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => Value::Number(*n),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
        }
    }

    /// From the result of an expression.
    pub fn of_value(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Number(n) => Self::number(n),
            Value::Text(text) => Self::text(text),
        }
    }

    /// A number; one that is not finite is missing.
    pub fn number(n: f64) -> Self {
        if n.is_finite() { Self::Number(n) } else { Self::Null }
    }

    /// From JSON; lists and tables are kept as their text.
    pub fn of_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => n.as_f64().map_or(Self::Null, Self::number),
            serde_json::Value::String(text) => Self::text(text),
            other => Self::text(epoch_model::journal::canonical(other)),
        }
    }

    /// As JSON; whole numbers are written without a point.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and exact")]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => serde_json::Value::Bool(*b),
            Self::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => serde_json::Value::from(*n as i64),
            Self::Number(n) => serde_json::Value::from(*n),
            Self::Text(text) => serde_json::Value::String(text.clone()),
        }
    }

    /// As a lever takes it; `None` when missing.
    pub fn to_lever(&self) -> Option<LeverValue> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(b) => LeverValue::Bool(*b),
            Self::Number(n) => LeverValue::Number(*n),
            Self::Text(text) => LeverValue::Text(text.clone()),
        })
    }

    /// As people read it within a sentence; `None` when missing.
    pub fn words(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
            Self::Number(n) => n.to_string(),
            Self::Text(text) => text.clone(),
        })
    }
}

/// The part of a result a path names: keys and positions in lists, split at dots; empty for the whole.
pub fn part(result: &serde_json::Value, path: &str) -> Scalar {
    let mut at = result;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let below = match at {
            serde_json::Value::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get(i)),
            other => other.get(name),
        };
        match below {
            Some(below) => at = below,
            None => return Scalar::Null,
        }
    }
    Scalar::of_json(at)
}
