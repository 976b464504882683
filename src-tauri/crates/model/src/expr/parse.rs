//! Tokens to a tree. Recursion and size are bounded, so no text can exhaust the stack.

use super::eval::{Binary, Function};
use super::formula::{Aggregate, Input, TimeUnit};
use super::lex::{Spanned, Token, tokens};
use crate::business::Measure;
use crate::error::{Code, Error};

/// The longest text, in bytes.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Deepest nesting of brackets and prefixes.
const DEPTH_MAX: u32 = 50;
/// Most nodes; a chain of operators is as deep as it is long, and evaluation recurses.
const NODES_MAX: u32 = 600;

/// Something wrong at a byte offset.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    pub at: usize,
    pub message: String,
    pub hint: String,
}

impl Syntax {
    pub fn new(at: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: hint.into() }
    }

    /// The public error, with the column (from 1, in characters) of `text`.
    pub fn into_error(self, text: &str) -> Error {
        let column = text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        Error::new(Code::ExpressionInvalid, format!("column {column} of “{text}”: {}", self.message), self.hint)
    }
}

/// A node of the tree. Names are numbered; what a number means is up to whoever evaluates.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Slot(u32),
    Negate(Box<Node>),
    Not(Box<Node>),
    IsNull(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
    Call(Function, Vec<Node>),
}

pub(super) struct Parsed {
    pub root: Node,
    pub names: Vec<String>,
    pub inputs: Vec<Input>,
}

/// Parses a row expression, or a formula when `formula` is set.
pub(super) fn parse(text: &str, formula: bool) -> Result<Parsed, Syntax> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Syntax::new(0, format!("it is longer than {TEXT_BYTES_MAX} bytes"), "split it up"));
    }
    let tokens = tokens(text)?;
    let mut parser =
        Parser { text, tokens, next: 0, formula, names: Vec::new(), inputs: Vec::new(), nodes: 0, depth: 0 };
    let root = parser.or()?;
    match parser.peek() {
        Token::End => Ok(Parsed { root, names: parser.names, inputs: parser.inputs }),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Spanned>,
    next: usize,
    formula: bool,
    names: Vec<String>,
    inputs: Vec<Input>,
    nodes: u32,
    depth: u32,
}

type Parse<T = Node> = Result<T, Syntax>;

impl Parser<'_> {
    fn spanned(&self) -> &Spanned {
        // The last token is End and is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.spanned().token
    }

    fn advance(&mut self) -> Spanned {
        let token = self.spanned().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn op(&mut self, wanted: &str) -> bool {
        let hit = matches!(self.peek(), Token::Op(op) if *op == wanted);
        if hit {
            self.advance();
        }
        hit
    }

    fn is_word(&self, offset: usize, wanted: &str) -> bool {
        matches!(self.tokens.get(self.next + offset).map(|s| &s.token),
            Some(Token::Name { parts, quoted: false }) if parts.len() == 1 && parts[0] == wanted)
    }

    fn word(&mut self, wanted: &str) -> bool {
        let hit = self.is_word(0, wanted);
        if hit {
            self.advance();
        }
        hit
    }

    fn unexpected(&self, wanted: &str) -> Syntax {
        let here = self.spanned();
        let found = match &here.token {
            Token::End => "the text ends".to_owned(),
            _ => format!("“{}” stands", &self.text[here.at..here.end]),
        };
        Syntax::new(here.at, format!("{found} where {wanted} should be"), "check the brackets and operators")
    }

    fn expect(&mut self, op: &str) -> Parse<()> {
        if self.op(op) { Ok(()) } else { Err(self.unexpected(&format!("“{op}”"))) }
    }

    fn node(&mut self, node: Node) -> Parse {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Syntax::new(self.spanned().at, "it has too many parts", "split it up"));
        }
        Ok(node)
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Parse) -> Parse {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Syntax::new(self.spanned().at, "it is nested too deeply", "split it up"));
        }
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn or(&mut self) -> Parse {
        let mut left = self.and()?;
        while self.word("or") {
            let right = self.and()?;
            left = self.node(Node::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parse {
        let mut left = self.not()?;
        while self.word("and") {
            let right = self.not()?;
            left = self.node(Node::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parse {
        if self.word("not") {
            let inner = self.deeper(Self::not)?;
            return self.node(Node::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parse {
        let left = self.sum()?;
        let negated = self.is_word(0, "not") && self.is_word(1, "in");
        if negated {
            self.advance();
        }
        if self.word("in") {
            let list = self.list()?;
            let node = self.node(Node::In(Box::new(left), list))?;
            return if negated { self.node(Node::Not(Box::new(node))) } else { Ok(node) };
        }
        let op = match self.peek() {
            Token::Op("==") => Binary::Equal,
            Token::Op("!=") => Binary::NotEqual,
            Token::Op("<") => Binary::Less,
            Token::Op("<=") => Binary::LessOrEqual,
            Token::Op(">") => Binary::Greater,
            Token::Op(">=") => Binary::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.advance();
        let right = self.sum()?;
        // A comparison with the literal null asks whether a value is missing; by the general rule it could never be true.
        let asks_null = match (&left, &right) {
            (_, Node::Null) => Some(left.clone()),
            (Node::Null, _) => Some(right.clone()),
            _ => None,
        };
        match (op, asks_null) {
            (Binary::Equal, Some(inner)) => self.node(Node::IsNull(Box::new(inner))),
            (Binary::NotEqual, Some(inner)) => {
                let is_null = self.node(Node::IsNull(Box::new(inner)))?;
                self.node(Node::Not(Box::new(is_null)))
            }
            _ => self.node(Node::Binary(op, Box::new(left), Box::new(right))),
        }
    }

    fn list(&mut self) -> Parse<Vec<Node>> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.op("]") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            let item = self.deeper(Self::sum)?;
            items.push(item);
        }
        Ok(items)
    }

    fn sum(&mut self) -> Parse {
        let mut left = self.product()?;
        loop {
            let op = match self.peek() {
                Token::Op("+") => Binary::Add,
                Token::Op("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.product()?;
            left = self.node(Node::Binary(op, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Parse {
        let mut left = self.unary()?;
        loop {
            let op = match self.peek() {
                Token::Op("*") => Binary::Multiply,
                Token::Op("/") => Binary::Divide,
                Token::Op("%") => Binary::Remainder,
                _ => return Ok(left),
            };
            self.advance();
            let duration = if op == Binary::Divide { self.duration()? } else { None };
            let right = match duration {
                Some(duration) => duration,
                None => self.unary()?,
            };
            left = self.node(Node::Binary(op, Box::new(left), Box::new(right)))?;
        }
    }

    /// `1 month`, only in formulas.
    fn duration(&mut self) -> Parse<Option<Node>> {
        let Token::Number(count) = *self.peek() else { return Ok(None) };
        let unit = match self.tokens.get(self.next + 1).map(|s| &s.token) {
            Some(Token::Name { parts, quoted: false }) if self.formula && parts.len() == 1 => {
                TimeUnit::named(&parts[0])
            }
            _ => None,
        };
        let Some(unit) = unit else { return Ok(None) };
        if count <= 0.0 {
            return Err(Syntax::new(self.spanned().at, "a duration must be longer than nothing", "write 1 month"));
        }
        self.advance();
        self.advance();
        self.input(Input::Duration { count, unit }).map(Some)
    }

    fn unary(&mut self) -> Parse {
        if self.op("-") {
            let inner = self.deeper(Self::unary)?;
            return match inner {
                Node::Number(n) => Ok(Node::Number(-n)),
                inner => self.node(Node::Negate(Box::new(inner))),
            };
        }
        if self.op("+") {
            return self.deeper(Self::unary);
        }
        self.primary()
    }

    fn primary(&mut self) -> Parse {
        if self.formula && self.duration()?.is_some() {
            return Err(Syntax::new(
                self.tokens[self.next.saturating_sub(2)].at,
                "a duration can only divide",
                "write sum(order.amount) / 1 month",
            ));
        }
        let here = self.spanned().clone();
        match here.token {
            Token::Number(n) => {
                self.advance();
                self.node(Node::Number(n))
            }
            Token::Text(text) => {
                self.advance();
                self.node(Node::Text(text))
            }
            Token::Op("(") => {
                self.advance();
                let inner = self.deeper(Self::or)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Name { parts, quoted } => {
                let plain = (!quoted && parts.len() == 1).then(|| parts[0].as_str());
                let literal = match plain {
                    Some("true") => Some(Node::Bool(true)),
                    Some("false") => Some(Node::Bool(false)),
                    Some("null") => Some(Node::Null),
                    Some("and" | "or" | "not" | "in" | "where") => return Err(self.unexpected("a value")),
                    _ => None,
                };
                self.advance();
                if let Some(literal) = literal {
                    return self.node(literal);
                }
                match plain {
                    Some(function) if self.op("(") => self.call(function, here.at),
                    _ => self.name(parts.join(".")),
                }
            }
            Token::Op(_) | Token::End => Err(self.unexpected("a value")),
        }
    }

    fn name(&mut self, name: String) -> Parse {
        if self.formula {
            return self.input(Input::Metric(name));
        }
        let slot = self.names.iter().position(|n| *n == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        self.node(Node::Slot(u32::try_from(slot).unwrap_or(u32::MAX)))
    }

    fn input(&mut self, input: Input) -> Parse {
        let slot = self.inputs.iter().position(|i| *i == input).unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        });
        self.node(Node::Slot(u32::try_from(slot).unwrap_or(u32::MAX)))
    }

    fn call(&mut self, name: &str, at: usize) -> Parse {
        if self.formula
            && let Some(aggregate) = Aggregate::named(name)
        {
            return self.aggregate(aggregate);
        }
        let Some(function) = Function::named(name) else {
            let hint = if Aggregate::named(name).is_some() {
                "sum, count and unique are for formulas of metrics".to_owned()
            } else {
                format!("there are {}", Function::NAMES.map(|(n, ..)| n).join(", "))
            };
            return Err(Syntax::new(at, format!("there is no function {name}"), hint));
        };
        let mut arguments = Vec::new();
        while !self.op(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            let argument = self.deeper(Self::or)?;
            arguments.push(argument);
        }
        let (least, most) = function.arity();
        if arguments.len() < least || arguments.len() > most {
            let wanted = match (least, most) {
                (a, b) if a == b => format!("{a}"),
                (a, usize::MAX) => format!("at least {a}"),
                (a, b) => format!("{a} to {b}"),
            };
            let message = format!("{name} takes {wanted} argument(s), not {}", arguments.len());
            return Err(Syntax::new(at, message, "check the commas"));
        }
        self.node(Node::Call(function, arguments))
    }

    /// The rest of `sum(order.amount where country == 'DE')` after the bracket.
    fn aggregate(&mut self, aggregate: Aggregate) -> Parse {
        let here = self.spanned().clone();
        let Token::Name { parts, .. } = here.token else { return Err(self.unexpected("an event's name")) };
        self.advance();
        let mut parts = parts.into_iter();
        let event = parts.next().unwrap_or_default();
        let property = parts.collect::<Vec<_>>().join(".");
        let mut measure = Measure { event, filter: None, value: None, of: None, within: None };
        match aggregate {
            Aggregate::Sum if property.is_empty() => {
                return Err(Syntax::new(here.at, "sum needs a property", "write sum(order.amount)"));
            }
            Aggregate::Sum => measure.value = Some(format!("`{}`", property.replace('`', "``"))),
            Aggregate::Count if !property.is_empty() => {
                return Err(Syntax::new(
                    here.at,
                    "count counts events",
                    "write count(order), or unique(order.invoice)",
                ));
            }
            Aggregate::Count => {}
            Aggregate::Unique => measure.of = (!property.is_empty()).then_some(property),
        }
        if self.word("where") {
            let from = self.spanned().at;
            // Names of the filter are properties of the event, not metrics: they are parsed apart and not kept here.
            let (formula, names) = (std::mem::replace(&mut self.formula, false), std::mem::take(&mut self.names));
            let filter = self.deeper(Self::or);
            (self.formula, self.names) = (formula, names);
            filter?;
            let to = self.tokens[self.next.saturating_sub(1)].end;
            measure.filter = self.text.get(from..to).map(str::to_owned);
        }
        self.expect(")")?;
        self.input(Input::Measure(aggregate, measure))
    }
}
