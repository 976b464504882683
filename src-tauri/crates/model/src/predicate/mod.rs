//! Predicates over a subject's attributes: a subset of CEL with one meaning in every protocol.
//!
//! `plan == 'pro' && country in ['DE', 'AT']`, `seats > 5`, `has(referrer)`, `email.endsWith('@acme.com')`,
//! `size(tags) > 2`, `'beta' in tags`, `address.city == 'Graz'`, `attributes['$browser'] == 'Firefox'`, `unit == 'u1'`.
//! The text is parsed by the `cel` crate; what it means is decided here: all numbers are decimal numbers (so `seats > 5`
//! takes 5.5 and 6, and `7 / 2` is 3.5), a comparison with a missing attribute or of different types is unknown, unknown
//! spreads as errors do in CEL (`unknown || true` is true), and a predicate fits only when it is true.

mod eval;
mod lex;
mod parse;
mod pattern;

use serde_json::{Map, Value};

pub use eval::Scope;
pub use pattern::Pattern;

/// The longest predicate, in bytes.
pub const BYTES_MAX: usize = 2_000;

/// The most parts of a predicate and its deepest nesting; they bound the cost of an evaluation.
pub const PARTS_MAX: usize = 300;
pub(crate) const DEPTH_MAX: usize = 24;

/// A compiled predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    root: Node,
}

/// A question with the answers yes, no and unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Constant(bool),
    /// Yes when all are.
    All(Vec<Node>),
    /// Yes when one is.
    Any(Vec<Node>),
    Not(Box<Node>),
    /// Whether there is such an attribute and it is not null; never unknown.
    Has(Path),
    /// An attribute that is itself true or false.
    Truth(Path),
    Compare {
        op: Comparison,
        left: Term,
        right: Term,
    },
    /// Whether the item is one of a list's, or a part of an attribute that is a list, or a key of one that is a table.
    In {
        item: Term,
        set: Term,
    },
    /// `startsWith`, `endsWith`, `contains`, case-sensitive.
    Text {
        op: TextMatch,
        subject: Term,
        part: Term,
    },
    /// `matches`: the pattern occurs somewhere in the text.
    Matches {
        subject: Term,
        pattern: Pattern,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// What stands between the two when they change sides: `a < b` is `b > a`.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

/// How a text is looked for in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextMatch {
    StartsWith,
    EndsWith,
    Contains,
}

/// A value or what one is computed from.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    Attribute(Path),
    Literal(Literal),
    List(Vec<Literal>),
    /// Characters of a text, items of a list.
    Size(Path),
    Arithmetic {
        op: Arithmetic,
        left: Box<Term>,
        right: Box<Term>,
    },
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Where an attribute stands: its name, and for what lies within it the names below. `unit` alone is the subject's id
/// unless there is an attribute of that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    pub name: String,
    pub below: Vec<String>,
}

impl Path {
    /// The attribute's name when it lies at the top.
    pub fn top(&self) -> Option<&str> {
        self.below.is_empty().then_some(&self.name)
    }
}

impl Predicate {
    /// Parses a predicate. The error names what is not understood and what to write instead.
    pub fn parse(text: &str) -> crate::Result<Self> {
        parse::predicate(text).map(|root| Self { root })
    }

    /// Its outermost question.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Whether it is true of this subject. Unknown is not.
    pub fn fits(&self, unit: &str, attributes: &Map<String, Value>) -> bool {
        self.root.answer(Scope { unit, attributes }) == Some(true)
    }
}

#[cfg(test)]
mod tests;
