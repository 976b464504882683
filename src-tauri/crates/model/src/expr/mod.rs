//! The one expression language of mappings, filters and formulas.
//!
//! Names: `Country`, dotted `$geo.city`, or in backticks for anything else (`` `Invoice No` ``). Text in single quotes
//! (`''` for a quote). `+ - * / %`, `== != < <= > >=`, `and or not`, `in ['a', 'b']`, `true false null`, and the functions
//! `if starts_with ends_with contains lower upper trim abs min max round floor number text coalesce concat length
//! replace`. Formulas ([`Formula`]) add `sum(order.amount)`, `count(visit)`, `unique(visit)`, `unique(order.invoice)`,
//! each with an optional `where`, other metrics' keys, and rates (`/ 1 month`).
//!
//! Rules:
//! - A missing value makes the result missing; `x == null` asks for it, `coalesce` replaces it. `false and missing` is
//!   false, `true or missing` is true. Division by zero and results beyond a double are missing.
//! - Text that is a number counts as one under arithmetic and against numbers; empty text there is missing, any other
//!   text an error. Two texts are equal when they are the same text; they are ordered as numbers when both are.
//! - `%` has the sign of the left side; `round` rounds halves away from zero.

mod eval;
mod formula;
mod lex;
mod parse;

use std::borrow::Cow;

pub use eval::parse_number;
pub use formula::{Aggregate, DAYS_PER_MONTH, Dimension, Formula, Input, Span, TimeUnit};

use crate::error::Result;
use parse::Node;

/// A value of a property, a column or a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Missing.
    Null,
    Bool(bool),
    /// Finite.
    Number(f64),
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// Whether it is `true` (a missing value is not).
    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true)) || matches!(self, Value::Text(t) if t.eq_ignore_ascii_case("true"))
    }

    /// The number, also of text that is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(*n),
            Value::Text(t) => parse_number(t),
            Value::Null | Value::Bool(_) => None,
        }
    }
}

/// A parsed expression over named values.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    names: Vec<String>,
    root: Node,
}

impl Expr {
    /// Parses. [`Code::ExpressionInvalid`](crate::Code::ExpressionInvalid) names the column (from 1) of the text.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = parse::parse(text, false).map_err(|e| e.into_error(text))?;
        Ok(Self { names: parsed.names, root: parsed.root })
    }

    /// The names it reads, each once, in the order of first use.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The value. Type errors name the operator.
    pub fn eval<'a>(&'a self, lookup: &dyn Fn(&str) -> Value<'a>) -> Result<Value<'a>> {
        let get = |slot: u32| self.names.get(slot as usize).map_or(Value::Null, |name| lookup(name));
        eval::eval(&self.root, &get).map_err(Into::into)
    }

    /// The same expression over numbered values: its names are added to `slots` where they are not yet there. For hot
    /// paths, where looking names up per evaluation would cost more than the evaluation.
    pub fn bind(&self, slots: &mut Vec<String>) -> Bound {
        let map: Vec<u32> = self
            .names
            .iter()
            .map(|name| {
                let at = slots.iter().position(|s| s == name).unwrap_or_else(|| {
                    slots.push(name.clone());
                    slots.len() - 1
                });
                u32::try_from(at).unwrap_or(u32::MAX)
            })
            .collect();
        let mut root = self.root.clone();
        renumber(&mut root, &map);
        Bound { root }
    }
}

fn renumber(node: &mut Node, map: &[u32]) {
    match node {
        Node::Slot(slot) => *slot = map.get(*slot as usize).copied().unwrap_or(u32::MAX),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        Node::Negate(a) | Node::Not(a) | Node::IsNull(a) => renumber(a, map),
        Node::Binary(_, a, b) | Node::And(a, b) | Node::Or(a, b) => {
            renumber(a, map);
            renumber(b, map);
        }
        Node::In(a, items) => {
            renumber(a, map);
            for item in items {
                renumber(item, map);
            }
        }
        Node::Call(_, items) => {
            for item in items {
                renumber(item, map);
            }
        }
    }
}

/// An expression over numbered values, from [`Expr::bind`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    root: Node,
}

impl Bound {
    /// The value; a slot beyond `values` is missing. `None` on a type error.
    pub fn eval<'a>(&'a self, values: &[Value<'a>]) -> Option<Value<'a>> {
        eval::eval(&self.root, &|slot| values.get(slot as usize).cloned().unwrap_or(Value::Null)).ok()
    }

    /// The slot, when the expression is nothing but a name.
    pub fn slot(&self) -> Option<usize> {
        match self.root {
            Node::Slot(slot) => Some(slot as usize),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
