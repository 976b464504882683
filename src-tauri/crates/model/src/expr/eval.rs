//! Evaluation: a walk over the tree that borrows all it can. Missing values make the result missing.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Value;
use super::parse::Node;
use crate::error::{Code, Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Binary {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    If,
    StartsWith,
    EndsWith,
    Contains,
    Lower,
    Upper,
    Trim,
    Abs,
    Min,
    Max,
    Round,
    Floor,
    Number,
    Text,
    Coalesce,
    Concat,
    Length,
    Replace,
}

impl Function {
    /// Name, function, fewest and most arguments.
    pub const NAMES: [(&'static str, Self, usize, usize); 18] = [
        ("if", Self::If, 3, 3),
        ("starts_with", Self::StartsWith, 2, 2),
        ("ends_with", Self::EndsWith, 2, 2),
        ("contains", Self::Contains, 2, 2),
        ("lower", Self::Lower, 1, 1),
        ("upper", Self::Upper, 1, 1),
        ("trim", Self::Trim, 1, 1),
        ("abs", Self::Abs, 1, 1),
        ("min", Self::Min, 1, usize::MAX),
        ("max", Self::Max, 1, usize::MAX),
        ("round", Self::Round, 1, 2),
        ("floor", Self::Floor, 1, 1),
        ("number", Self::Number, 1, 1),
        ("text", Self::Text, 1, 1),
        ("coalesce", Self::Coalesce, 1, usize::MAX),
        ("concat", Self::Concat, 1, usize::MAX),
        ("length", Self::Length, 1, 1),
        ("replace", Self::Replace, 3, 3),
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, ..)| *n == name).map(|(_, f, ..)| *f)
    }

    fn row(self) -> (&'static str, usize, usize) {
        Self::NAMES.iter().find(|(_, f, ..)| *f == self).map_or(("", 0, 0), |(n, _, a, b)| (n, *a, *b))
    }

    pub fn arity(self) -> (usize, usize) {
        let (_, least, most) = self.row();
        (least, most)
    }

    fn name(self) -> &'static str {
        self.row().0
    }
}

/// A type error, cheap to make because the hot path may meet one per event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    operator: &'static str,
    wanted: &'static str,
    got: &'static str,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let Fault { operator, wanted, got } = fault;
        Error::new(
            Code::ExpressionInvalid,
            format!("{operator} needs {wanted} and got {got}"),
            "convert with number(…) or text(…), or check the property",
        )
    }
}

type Eval<T> = Result<T, Fault>;

/// A number as people and machines write it (`12`, ` -3.5 `, `1e3`); no `inf`, no `nan`, no thousands separators.
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let first = text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Text(_) => "text",
    }
}

/// The number in a value; `None` when missing (or empty text).
fn number(value: &Value, operator: &'static str) -> Eval<Option<f64>> {
    match value {
        Value::Number(n) => Ok(Some(*n)),
        Value::Null => Ok(None),
        Value::Text(t) if t.trim().is_empty() => Ok(None),
        Value::Text(t) => match parse_number(t) {
            Some(n) => Ok(Some(n)),
            None => Err(Fault { operator, wanted: "numbers", got: "text" }),
        },
        Value::Bool(_) => Err(Fault { operator, wanted: "numbers", got: kind(value) }),
    }
}

fn truth(value: &Value, operator: &'static str) -> Eval<Option<bool>> {
    match value {
        Value::Bool(b) => Ok(Some(*b)),
        Value::Null => Ok(None),
        Value::Text(t) if t.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::Text(t) if t.eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => Err(Fault { operator, wanted: "true or false", got: kind(other) }),
    }
}

/// The text of a value: numbers as short as they are exact.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(t) => Some(t),
        Value::Null => None,
        Value::Bool(b) => Some(Cow::Borrowed(if b { "true" } else { "false" })),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
    }
}

fn finite<'a>(n: f64) -> Value<'a> {
    if n.is_finite() { Value::Number(n) } else { Value::Null }
}

fn truth_value<'a>(b: Option<bool>) -> Value<'a> {
    b.map_or(Value::Null, Value::Bool)
}

#[expect(clippy::float_cmp, reason = "== of the language is exact")]
/// Equality: numbers against text that is a number compare as numbers, two texts as text.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Null, _) | (_, Value::Null) => return None,
        (Value::Number(x), Value::Number(y)) => x == y,
        (Value::Text(x), Value::Text(y)) => x == y,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Number(n), Value::Text(t)) | (Value::Text(t), Value::Number(n)) => parse_number(t) == Some(*n),
        (Value::Bool(b), Value::Text(t)) | (Value::Text(t), Value::Bool(b)) => {
            t.eq_ignore_ascii_case(if *b { "true" } else { "false" })
        }
        (Value::Bool(_), Value::Number(_)) | (Value::Number(_), Value::Bool(_)) => false,
    })
}

/// Order: two texts that are both numbers compare as numbers, other texts by code point.
fn order(a: &Value, b: &Value, operator: &'static str) -> Eval<Option<Ordering>> {
    match (a, b) {
        (Value::Text(x), Value::Text(y)) => match (parse_number(x), parse_number(y)) {
            (Some(x), Some(y)) => Ok(x.partial_cmp(&y)),
            _ => Ok(Some(x.cmp(y))),
        },
        _ => Ok(match (number(a, operator)?, number(b, operator)?) {
            (Some(x), Some(y)) => x.partial_cmp(&y),
            _ => None,
        }),
    }
}

fn binary<'a>(op: Binary, a: &Value<'a>, b: &Value<'a>) -> Eval<Value<'a>> {
    let compare = |wanted: fn(Ordering) -> bool| order(a, b, op.sign()).map(|o| truth_value(o.map(wanted)));
    match op {
        Binary::Equal => return Ok(truth_value(equal(a, b))),
        Binary::NotEqual => return Ok(truth_value(equal(a, b).map(|e| !e))),
        Binary::Less => return compare(Ordering::is_lt),
        Binary::LessOrEqual => return compare(Ordering::is_le),
        Binary::Greater => return compare(Ordering::is_gt),
        Binary::GreaterOrEqual => return compare(Ordering::is_ge),
        _ => {}
    }
    let (Some(x), Some(y)) = (number(a, op.sign())?, number(b, op.sign())?) else { return Ok(Value::Null) };
    Ok(finite(match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        _ => x % y,
    }))
}

/// Evaluates; `get` gives the value of a numbered name.
pub(super) fn eval<'a, G: Fn(u32) -> Value<'a>>(node: &'a Node, get: &G) -> Eval<Value<'a>> {
    Ok(match node {
        Node::Null => Value::Null,
        Node::Bool(b) => Value::Bool(*b),
        Node::Number(n) => Value::Number(*n),
        Node::Text(t) => Value::Text(Cow::Borrowed(t)),
        Node::Slot(slot) => get(*slot),
        Node::Negate(inner) => number(&eval(inner, get)?, "-")?.map_or(Value::Null, |n| Value::Number(-n)),
        Node::Not(inner) => truth_value(truth(&eval(inner, get)?, "not")?.map(|b| !b)),
        Node::IsNull(inner) => Value::Bool(matches!(eval(inner, get)?, Value::Null)),
        Node::Binary(op, a, b) => binary(*op, &eval(a, get)?, &eval(b, get)?)?,
        Node::And(a, b) => match truth(&eval(a, get)?, "and")? {
            Some(false) => Value::Bool(false),
            left => match (left, truth(&eval(b, get)?, "and")?) {
                (_, Some(false)) => Value::Bool(false),
                (Some(true), Some(true)) => Value::Bool(true),
                _ => Value::Null,
            },
        },
        Node::Or(a, b) => match truth(&eval(a, get)?, "or")? {
            Some(true) => Value::Bool(true),
            left => match (left, truth(&eval(b, get)?, "or")?) {
                (_, Some(true)) => Value::Bool(true),
                (Some(false), Some(false)) => Value::Bool(false),
                _ => Value::Null,
            },
        },
        Node::In(inner, items) => {
            let value = eval(inner, get)?;
            if matches!(value, Value::Null) {
                return Ok(Value::Null);
            }
            for item in items {
                if equal(&value, &eval(item, get)?) == Some(true) {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        Node::Call(function, arguments) => call(*function, arguments, get)?,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "digits are clamped to ±15")]
fn call<'a, G: Fn(u32) -> Value<'a>>(function: Function, arguments: &'a [Node], get: &G) -> Eval<Value<'a>> {
    let argument = |i: usize| arguments.get(i).map_or(Ok(Value::Null), |node| eval(node, get));
    let name = function.name();
    Ok(match function {
        Function::If => match truth(&argument(0)?, name)? {
            Some(true) => argument(1)?,
            Some(false) => argument(2)?,
            None => Value::Null,
        },
        Function::Coalesce => {
            for node in arguments {
                let value = eval(node, get)?;
                if !matches!(value, Value::Null) {
                    return Ok(value);
                }
            }
            Value::Null
        }
        Function::StartsWith | Function::EndsWith | Function::Contains => {
            let (Some(whole), Some(part)) = (text(argument(0)?), text(argument(1)?)) else { return Ok(Value::Null) };
            Value::Bool(match function {
                Function::StartsWith => whole.starts_with(&*part),
                Function::EndsWith => whole.ends_with(&*part),
                _ => whole.contains(&*part),
            })
        }
        Function::Lower | Function::Upper | Function::Trim => match (text(argument(0)?), function) {
            (None, _) => Value::Null,
            (Some(t), Function::Lower) => Value::Text(Cow::Owned(t.to_lowercase())),
            (Some(t), Function::Upper) => Value::Text(Cow::Owned(t.to_uppercase())),
            (Some(Cow::Borrowed(t)), _) => Value::Text(Cow::Borrowed(t.trim())),
            (Some(Cow::Owned(t)), _) => Value::Text(Cow::Owned(t.trim().to_owned())),
        },
        Function::Abs => number(&argument(0)?, name)?.map_or(Value::Null, |n| Value::Number(n.abs())),
        Function::Floor => number(&argument(0)?, name)?.map_or(Value::Null, |n| Value::Number(n.floor())),
        Function::Round => {
            let digits = if arguments.len() > 1 { number(&argument(1)?, name)? } else { Some(0.0) };
            let (Some(n), Some(digits)) = (number(&argument(0)?, name)?, digits) else { return Ok(Value::Null) };
            let scale = 10f64.powi(digits.clamp(-15.0, 15.0) as i32);
            let rounded = (n * scale).round() / scale;
            Value::Number(if rounded.is_finite() { rounded } else { n })
        }
        Function::Min | Function::Max => {
            let mut best: Option<f64> = None;
            for node in arguments {
                let Some(n) = number(&eval(node, get)?, name)? else { return Ok(Value::Null) };
                best = Some(best.map_or(n, |b| if function == Function::Min { b.min(n) } else { b.max(n) }));
            }
            best.map_or(Value::Null, Value::Number)
        }
        Function::Number => match argument(0)? {
            Value::Number(n) => Value::Number(n),
            Value::Text(t) => parse_number(&t).map_or(Value::Null, Value::Number),
            Value::Bool(b) => Value::Number(f64::from(u8::from(b))),
            Value::Null => Value::Null,
        },
        Function::Text => text(argument(0)?).map_or(Value::Null, Value::Text),
        Function::Concat => {
            let mut whole = String::new();
            for node in arguments {
                let Some(part) = text(eval(node, get)?) else { return Ok(Value::Null) };
                whole.push_str(&part);
            }
            Value::Text(Cow::Owned(whole))
        }
        Function::Length => text(argument(0)?).map_or(Value::Null, |t| Value::Number(t.chars().count() as f64)),
        Function::Replace => match (text(argument(0)?), text(argument(1)?), text(argument(2)?)) {
            (Some(whole), Some(from), Some(_)) if from.is_empty() => Value::Text(whole),
            (Some(whole), Some(from), Some(to)) => Value::Text(Cow::Owned(whole.replace(&*from, &to))),
            _ => Value::Null,
        },
    })
}
