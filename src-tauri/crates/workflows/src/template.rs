//! Payloads with holes: JSON whose texts hold `{expressions}` over a run's variables.

use epoch_model::expr::Expr;
use epoch_model::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::scalar::{Scalar, Variables};

/// JSON with `{expressions}` in its texts. A text that is nothing but one expression becomes its value, with its type; within
/// other text a missing value reads `unknown`. `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(rename = "WorkflowTemplate", type = "unknown")]
pub struct Template(pub Value);

/// A piece of a text.
enum Piece<'t> {
    Plain(String),
    Hole(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>> {
    let unbalanced = |at: usize| {
        Error::new(
            Code::ExpressionInvalid,
            format!("“{}” has a brace without its partner", text.get(at..).unwrap_or(text)),
            "write {{ and }} for braces in the text",
        )
    };
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push(c);
            at += 2;
        } else if c == '{' {
            // Braces mean nothing in expressions, but a quoted text in one may hold them.
            let mut quoted = false;
            let end = rest[1..].char_indices().find(|(_, c)| {
                quoted ^= *c == '\'';
                !quoted && *c == '}'
            });
            let (end, _) = end.ok_or_else(|| unbalanced(at))?;
            if !plain.is_empty() {
                out.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            out.push(Piece::Hole(&rest[1..=end]));
            at += end + 2;
        } else if c == '}' {
            return Err(unbalanced(at));
        } else {
            plain.push(c);
            at += c.len_utf8();
        }
    }
    if !plain.is_empty() {
        out.push(Piece::Plain(plain));
    }
    Ok(out)
}

/// The value of an expression over variables; a variable that was never set is missing.
pub fn evaluate(expression: &str, variables: &Variables) -> Result<Scalar> {
    let expr = Expr::parse(expression)?;
    let lookup = |name: &str| variables.get(name).map_or(epoch_model::expr::Value::Null, Scalar::as_value);
    expr.eval(&lookup).map(Scalar::of_value)
}

/// The names an expression reads.
pub fn names(expression: &str) -> Result<Vec<String>> {
    Ok(Expr::parse(expression)?.names().into_iter().map(str::to_owned).collect())
}

/// Fills the holes of one text.
pub fn fill(text: &str, variables: &Variables) -> Result<Scalar> {
    let pieces = pieces(text)?;
    if let [Piece::Hole(expression)] = pieces.as_slice() {
        return evaluate(expression, variables);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Plain(plain) => out.push_str(&plain),
            Piece::Hole(expression) => {
                out.push_str(&evaluate(expression, variables)?.words().unwrap_or_else(|| "unknown".to_owned()));
            }
        }
    }
    Ok(Scalar::text(out))
}

/// Fills the holes of a text that is read by people.
pub fn fill_text(text: &str, variables: &Variables) -> Result<String> {
    Ok(fill(text, variables)?.words().unwrap_or_else(|| "unknown".to_owned()))
}

/// The names a text's expressions read.
pub fn names_of_text(text: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for piece in pieces(text)? {
        if let Piece::Hole(expression) = piece {
            all.extend(names(expression)?);
        }
    }
    Ok(all)
}

impl Template {
    /// The JSON with its holes filled. [`Code::ExpressionInvalid`] when an expression does not parse or mixes types.
    pub fn render(&self, variables: &Variables) -> Result<Value> {
        render(&self.0, variables)
    }

    /// The variables it reads.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        collect(&self.0, &mut all)?;
        Ok(all)
    }
}

fn render(value: &Value, variables: &Variables) -> Result<Value> {
    Ok(match value {
        Value::String(text) => fill(text, variables)?.to_json(),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| render(item, variables)).collect::<Result<Vec<_>>>()?)
        }
        Value::Object(map) => {
            let filled = map.iter().map(|(key, item)| Ok((key.clone(), render(item, variables)?)));
            Value::Object(filled.collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

fn collect(value: &Value, all: &mut Vec<String>) -> Result<()> {
    match value {
        Value::String(text) => all.extend(names_of_text(text)?),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, all))?,
        Value::Object(map) => map.values().try_for_each(|item| collect(item, all))?,
        _ => {}
    }
    Ok(())
}
