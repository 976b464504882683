//! Formulas of metrics: aggregates, other metrics and rates, with their units checked.

use super::Value;
use super::eval::{Binary, Function, eval};
use super::parse::{Node, Syntax, parse};
use crate::business::Measure;
use crate::error::{Code, Error, Result};

/// What is done with the events of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Sum of a property.
    Sum,
    /// Number of events.
    Count,
    /// Distinct units, or distinct values of a property.
    Unique,
}

impl Aggregate {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" => Self::Sum,
            "count" => Self::Count,
            "unique" => Self::Unique,
            _ => return None,
        })
    }
}

/// A unit of time a rate can be given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl TimeUnit {
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "second" | "seconds" => Self::Second,
            "minute" | "minutes" => Self::Minute,
            "hour" | "hours" => Self::Hour,
            "day" | "days" => Self::Day,
            "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "quarter" | "quarters" => Self::Quarter,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }
}

/// How long a bucket or a range is, each way it can be counted: a calendar day is one day even when it has 23 hours, a
/// calendar month is one month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Hours on a clock that is never set.
    pub hours: f64,
    /// Days: calendar days where the range starts and ends at midnight, else hours / 24.
    pub days: f64,
    /// Months: calendar months where the range starts and ends with one, else days / 30.436875.
    pub months: f64,
}

/// Days of an average Gregorian month.
pub const DAYS_PER_MONTH: f64 = 30.436_875;

impl Span {
    /// How many of `unit` fit in.
    pub fn count(&self, unit: TimeUnit) -> f64 {
        match unit {
            TimeUnit::Second => self.hours * 3600.0,
            TimeUnit::Minute => self.hours * 60.0,
            TimeUnit::Hour => self.hours,
            TimeUnit::Day => self.days,
            TimeUnit::Week => self.days / 7.0,
            TimeUnit::Month => self.months,
            TimeUnit::Quarter => self.months / 3.0,
            TimeUnit::Year => self.months / 12.0,
        }
    }
}

/// What a formula reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// `sum(order.amount)`: `measure.value` is the property as an expression; `unique(order.invoice)`: `measure.of`.
    Measure(Aggregate, Measure),
    /// Another metric, by key, over the same bucket and segment.
    Metric(String),
    /// `/ 3 months`; its value is the length of the bucket in that unit: `span.count(unit) / count`.
    Duration { count: f64, unit: TimeUnit },
}

/// What a value is made of, as exponents: money, things counted, time. `open` when a property's sum takes part whose
/// unit is not known, which may be money or a plain number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dimension {
    pub money: i8,
    pub things: i8,
    pub time: i8,
    pub open: bool,
}

impl Dimension {
    /// A share or plain number.
    pub const NUMBER: Self = Self { money: 0, things: 0, time: 0, open: false };
    /// Money.
    pub const MONEY: Self = Self { money: 1, ..Self::NUMBER };
    /// A number of events, units, orders, …
    pub const THINGS: Self = Self { things: 1, ..Self::NUMBER };
    /// The sum of a property of unknown unit.
    pub const OPEN: Self = Self { open: true, ..Self::NUMBER };

    /// The dimension of a quotient.
    pub fn over(self, other: Self) -> Self {
        self.combine(other, i8::saturating_sub)
    }

    fn times(self, other: Self) -> Self {
        self.combine(other, i8::saturating_add)
    }

    fn combine(self, other: Self, f: fn(i8, i8) -> i8) -> Self {
        Self {
            money: f(self.money, other.money),
            things: f(self.things, other.things),
            time: f(self.time, other.time),
            open: self.open || other.open,
        }
    }

    /// Whether the two may be added or compared.
    pub fn fits(self, other: Self) -> bool {
        let open = self.open || other.open;
        self.things == other.things && self.time == other.time && (open || self.money == other.money)
    }

    /// In words: `money`, `a count`, `money per count`.
    pub fn words(self) -> String {
        let named = [(self.money, "money"), (self.things, "a count"), (self.time, "time")];
        let list = |sign: i8| -> Vec<&str> {
            named.iter().filter(|(n, _)| n.signum() == sign).map(|(_, word)| *word).collect()
        };
        let mut above = list(1).join(" times ");
        if above.is_empty() {
            above = if self.open { "an amount".into() } else { "a plain number".into() };
        }
        let below = list(-1);
        if below.is_empty() {
            above
        } else {
            format!("{above} per {}", below.join(" and ").replace("a count", "count"))
        }
    }
}

/// A parsed formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    root: Node,
    inputs: Vec<Input>,
}

impl Formula {
    /// Parses. [`Code::ExpressionInvalid`] names the column.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = parse(text, true).map_err(|e: Syntax| e.into_error(text))?;
        Ok(Self { text: text.to_owned(), root: parsed.root, inputs: parsed.inputs })
    }

    /// What it reads, in the numbering [`Formula::eval`] asks for.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Keys of the metrics it reads.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter_map(|input| match input {
            Input::Metric(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// The value, from the values of the inputs; `None` where it is not defined (an input is missing, division by zero).
    pub fn eval(&self, get: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        match eval(&self.root, &|slot| get(slot as usize).map_or(Value::Null, Value::Number)) {
            Ok(Value::Number(n)) => Some(n),
            Ok(Value::Bool(b)) => Some(f64::from(u8::from(b))),
            _ => None,
        }
    }

    /// The unit of its value; `metric` gives that of other metrics. [`Code::ExpressionInvalid`] where units do not fit.
    pub fn dimension(&self, metric: &dyn Fn(&str) -> Dimension) -> Result<Dimension> {
        self.unit_of(&self.root, metric).map(Option::unwrap_or_default).map_err(|message| {
            Error::new(
                Code::ExpressionInvalid,
                format!("in “{}”: {message}", self.text),
                "only values of the same unit can be added or compared; divide first",
            )
        })
    }

    /// `None` is a bare number, which takes the unit of whatever it is added to.
    fn unit_of(&self, node: &Node, metric: &dyn Fn(&str) -> Dimension) -> Result<Option<Dimension>, String> {
        let of = |node: &Node| self.unit_of(node, metric);
        let same = |what: &str, a: Option<Dimension>, b: Option<Dimension>| match (a, b) {
            (Some(x), Some(y)) if !x.fits(y) => Err(format!("{what} {} and {}", x.words(), y.words())),
            (Some(x), Some(y)) => Ok(Some(Dimension { open: x.open && y.open, ..if x.open { y } else { x } })),
            (x, y) => Ok(x.or(y)),
        };
        Ok(match node {
            Node::Null | Node::Bool(_) | Node::Number(_) => None,
            Node::Text(_) => return Err("a formula cannot hold text".into()),
            Node::Slot(slot) => Some(match self.inputs.get(*slot as usize) {
                Some(Input::Measure(Aggregate::Sum, _)) => Dimension::OPEN,
                Some(Input::Measure(..)) => Dimension::THINGS,
                Some(Input::Metric(key)) => metric(key),
                Some(Input::Duration { .. }) => Dimension { time: 1, ..Dimension::NUMBER },
                None => Dimension::NUMBER,
            }),
            Node::Negate(inner) => of(inner)?,
            Node::Binary(op, a, b) => {
                let (x, y) = (of(a)?, of(b)?);
                match op {
                    Binary::Add => same("+ mixes", x, y)?,
                    Binary::Subtract => same("- mixes", x, y)?,
                    Binary::Remainder => same("% mixes", x, y)?,
                    Binary::Multiply | Binary::Divide if x.is_none() && y.is_none() => None,
                    Binary::Multiply => Some(x.unwrap_or_default().times(y.unwrap_or_default())),
                    Binary::Divide => Some(x.unwrap_or_default().over(y.unwrap_or_default())),
                    _ => {
                        same("a comparison mixes", x, y)?;
                        None
                    }
                }
            }
            Node::Not(a) | Node::IsNull(a) => of(a).map(|_| None)?,
            Node::And(a, b) | Node::Or(a, b) => of(a).and_then(|_| of(b)).map(|_| None)?,
            Node::In(a, items) => {
                let mut unit = of(a)?;
                for item in items {
                    unit = same("in mixes", unit, of(item)?)?;
                }
                None
            }
            Node::Call(function, arguments) => {
                let same_for_all = |arguments: &[Node]| {
                    arguments.iter().try_fold(None, |unit, a| same("a function mixes", unit, of(a)?))
                };
                match function {
                    Function::Abs | Function::Min | Function::Max | Function::Coalesce => same_for_all(arguments)?,
                    Function::Round | Function::Floor => same_for_all(&arguments[..1])?,
                    Function::If => {
                        of(&arguments[0])?;
                        same_for_all(&arguments[1..])?
                    }
                    _ => return Err("a formula cannot work on text".into()),
                }
            }
        })
    }
}
