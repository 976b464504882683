//! Text to a predicate.
//!
//! A parser of our own: CEL's `has()` refuses plain names, its whole numbers and decimal ones do not mix, and what a
//! predicate means has to be translatable into each flag protocol.

use super::lex::{Placed, Token, tokens};
use super::{Arithmetic, BYTES_MAX, Comparison, DEPTH_MAX, Literal, Node, PARTS_MAX, Path, Pattern, Term, TextMatch};
use crate::error::{Code, Error};

/// What is wrong and at which byte.
pub(super) struct Wrong {
    at: usize,
    message: String,
    hint: String,
}

pub(super) fn wrong(at: usize, message: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Wrong { at, message: message.into(), hint: hint.into() }
}

/// Parses and checks the whole of `text`.
pub(super) fn predicate(text: &str) -> crate::Result<Node> {
    let refuse = |e: Wrong| {
        let column = text.get(..e.at).unwrap_or(text).chars().count() + 1;
        let shown: String = text.chars().take(80).collect();
        Error::new(Code::ExpressionInvalid, format!("column {column} of “{shown}”: {}", e.message), e.hint)
    };
    if text.len() > BYTES_MAX {
        return Err(refuse(wrong(0, format!("longer than {BYTES_MAX} bytes"), "split it into several rules")));
    }
    let parse = || {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, parts: 0, depth: 0 };
        let whole = parser.any()?;
        let (node, at) = (Parser::node(whole)?, parser.at());
        match parser.peek() {
            Token::End => Ok(node),
            Token::Op("?") => Err(wrong(at, "conditions with ? : are not understood", "write two rules, or && and ||")),
            _ => Err(wrong(at, "something is missing before this", "join questions with && or ||")),
        }
    };
    parse().map_err(refuse)
}

/// What stands between operators: a question or a value, with the byte it begins at.
struct Part {
    at: usize,
    is: Is,
}

enum Is {
    Node(Node),
    Term(Term),
    /// `attributes`: every attribute, to be indexed.
    Attributes,
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    parts: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Wrong>;

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |(_, at)| *at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn op(&mut self, ops: &[&'static str]) -> Option<&'static str> {
        let Token::Op(op) = self.peek() else { return None };
        let found = ops.iter().find(|o| *o == op).copied();
        self.next += usize::from(found.is_some());
        found
    }

    fn expect(&mut self, op: &'static str) -> Parsed<()> {
        let at = self.at();
        self.op(&[op]).map(|_| ()).ok_or_else(|| wrong(at, format!("{op} is missing here"), format!("add {op}")))
    }

    /// Counts a part; bounds the size of the whole.
    fn count(&mut self, at: usize) -> Parsed<()> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(wrong(at, format!("more than {PARTS_MAX} parts"), "split it into several rules"));
        }
        Ok(())
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(wrong(self.at(), "nested too deeply", "write it flatter"));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn node(part: Part) -> Parsed<Node> {
        match part.is {
            Is::Node(node) => Ok(node),
            Is::Term(Term::Attribute(path)) => Ok(Node::Truth(path)),
            Is::Term(Term::Literal(Literal::Bool(b))) => Ok(Node::Constant(b)),
            _ => Err(wrong(part.at, "a question is missing here", "compare it with something, e.g. plan == 'pro'")),
        }
    }

    fn term(part: Part) -> Parsed<Term> {
        match part.is {
            Is::Term(term) => Ok(term),
            Is::Node(_) => Err(wrong(part.at, "a question cannot be compared", "join questions with && or ||")),
            Is::Attributes => Err(wrong(part.at, "name one of the attributes", "write attributes['plan']")),
        }
    }

    fn any(&mut self) -> Parsed<Part> {
        self.chain("||", Self::all, Node::Any)
    }

    fn all(&mut self) -> Parsed<Part> {
        self.chain("&&", Self::relation, Node::All)
    }

    fn chain(
        &mut self,
        op: &'static str,
        inner: fn(&mut Self) -> Parsed<Part>,
        join: fn(Vec<Node>) -> Node,
    ) -> Parsed<Part> {
        let first = inner(self)?;
        if *self.peek() != Token::Op(op) {
            return Ok(first);
        }
        let at = first.at;
        let mut nodes = vec![Self::node(first)?];
        while self.op(&[op]).is_some() {
            let part = inner(self)?;
            nodes.push(Self::node(part)?);
        }
        Ok(Part { at, is: Is::Node(join(nodes)) })
    }

    fn relation(&mut self) -> Parsed<Part> {
        let left = self.sum()?;
        let at = left.at;
        let is_in = matches!(self.peek(), Token::Name(name) if name == "in");
        if is_in {
            self.next += 1;
            let item = Self::term(left)?;
            let set = self.sum()?;
            let (set_at, set) = (set.at, Self::term(set)?);
            if !matches!(set, Term::List(_) | Term::Attribute(_)) {
                return Err(wrong(set_at, "a list is missing after in", "write in ['a', 'b']"));
            }
            return Ok(Part { at, is: Is::Node(Node::In { item, set }) });
        }
        let op = match self.op(&["==", "!=", "<=", ">=", "<", ">"]) {
            Some("==") => Comparison::Equal,
            Some("!=") => Comparison::NotEqual,
            Some("<=") => Comparison::LessOrEqual,
            Some(">=") => Comparison::GreaterOrEqual,
            Some("<") => Comparison::Less,
            Some(_) => Comparison::Greater,
            None => return Ok(left),
        };
        let left = Self::term(left)?;
        let right = self.sum().and_then(Self::term)?;
        let again = self.at();
        if self.op(&["==", "!=", "<=", ">=", "<", ">"]).is_some() {
            return Err(wrong(again, "comparisons cannot be chained", "write a < b && b < c"));
        }
        Ok(Part { at, is: Is::Node(Node::Compare { op, left, right }) })
    }

    fn sum(&mut self) -> Parsed<Part> {
        self.arithmetic(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed<Part> {
        self.arithmetic(&["*", "/", "%"], Self::unary)
    }

    fn arithmetic(&mut self, ops: &[&'static str], inner: fn(&mut Self) -> Parsed<Part>) -> Parsed<Part> {
        let mut left = inner(self)?;
        let mut depth = self.depth;
        while let Some(op) = self.op(ops) {
            depth += 1;
            if depth > DEPTH_MAX {
                return Err(wrong(self.at(), "nested too deeply", "write it shorter"));
            }
            let at = left.at;
            let right = inner(self)?;
            let op = match op {
                "+" => Arithmetic::Add,
                "-" => Arithmetic::Subtract,
                "*" => Arithmetic::Multiply,
                "/" => Arithmetic::Divide,
                _ => Arithmetic::Remainder,
            };
            let (left_term, right) = (Self::number_term(left)?, Self::number_term(right)?);
            left =
                Part { at, is: Is::Term(Term::Arithmetic { op, left: Box::new(left_term), right: Box::new(right) }) };
        }
        Ok(left)
    }

    fn number_term(part: Part) -> Parsed<Term> {
        let at = part.at;
        match Self::term(part)? {
            Term::Literal(Literal::Text(_) | Literal::Bool(_) | Literal::Null) | Term::List(_) => {
                Err(wrong(at, "only numbers are computed with", "compare texts with == or contains"))
            }
            term => Ok(term),
        }
    }

    fn unary(&mut self) -> Parsed<Part> {
        let at = self.at();
        if self.op(&["!"]).is_some() {
            self.count(at)?;
            let inner = self.nested(Self::unary)?;
            let node = Self::node(inner)?;
            return Ok(Part { at, is: Is::Node(Node::Not(Box::new(node))) });
        }
        if self.op(&["-"]).is_some() {
            self.count(at)?;
            let inner = self.nested(Self::unary)?;
            let term = match Self::number_term(inner)? {
                Term::Literal(Literal::Number(n)) => Term::Literal(Literal::Number(-n)),
                term => Term::Arithmetic {
                    op: Arithmetic::Subtract,
                    left: Box::new(Term::Literal(Literal::Number(0.0))),
                    right: Box::new(term),
                },
            };
            return Ok(Part { at, is: Is::Term(term) });
        }
        self.member()
    }

    fn member(&mut self) -> Parsed<Part> {
        let mut part = self.primary()?;
        loop {
            let at = self.at();
            if self.op(&["["]).is_some() {
                let Token::Text(name) = self.take() else {
                    return Err(wrong(at, "a name in quotes belongs here", "write attributes['plan']"));
                };
                self.expect("]")?;
                part = Self::below(part, name)?;
            } else if self.op(&["."]).is_some() {
                let Token::Name(name) = self.take() else {
                    return Err(wrong(at, "a name is missing after the dot", "write it like address.city"));
                };
                part = if self.op(&["("]).is_some() { self.method(part, &name, at)? } else { Self::below(part, name)? };
            } else {
                return Ok(part);
            }
            self.count(at)?;
        }
    }

    fn below(part: Part, name: String) -> Parsed<Part> {
        let is = match part.is {
            Is::Attributes => Is::Term(Term::Attribute(Path { name, below: Vec::new() })),
            Is::Term(Term::Attribute(mut path)) if path.below.len() < DEPTH_MAX => {
                path.below.push(name);
                Is::Term(Term::Attribute(path))
            }
            _ => return Err(wrong(part.at, "this has no parts", "only attributes have")),
        };
        Ok(Part { at: part.at, is })
    }

    fn method(&mut self, subject: Part, name: &str, at: usize) -> Parsed<Part> {
        let begin = subject.at;
        let subject = Self::term(subject)?;
        if name == "size" {
            self.expect(")")?;
            return Self::size(subject, begin);
        }
        let part = self.nested(Self::sum).and_then(Self::term)?;
        self.expect(")")?;
        let op = match name {
            "startsWith" => TextMatch::StartsWith,
            "endsWith" => TextMatch::EndsWith,
            "contains" => TextMatch::Contains,
            "matches" => {
                let Term::Literal(Literal::Text(text)) = part else {
                    return Err(wrong(at, "matches wants a pattern in quotes", "write matches('^a')"));
                };
                let pattern = Pattern::new(&text).map_err(|e| wrong(at, e.message, e.hint))?;
                return Ok(Part { at: begin, is: Is::Node(Node::Matches { subject, pattern }) });
            }
            _ => return Err(wrong(at, format!("there is no {name}()"), METHODS)),
        };
        Ok(Part { at: begin, is: Is::Node(Node::Text { op, subject, part }) })
    }

    fn size(of: Term, at: usize) -> Parsed<Part> {
        match of {
            Term::Attribute(path) => Ok(Part { at, is: Is::Term(Term::Size(path)) }),
            _ => Err(wrong(at, "only an attribute has a size", "write size(tags)")),
        }
    }

    fn primary(&mut self) -> Parsed<Part> {
        let at = self.at();
        self.count(at)?;
        let term = match self.take() {
            Token::Number(n) => Term::Literal(Literal::Number(n)),
            Token::Text(text) => Term::Literal(Literal::Text(text)),
            Token::Op("(") => {
                let inner = self.nested(Self::any)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Op("[") => self.list()?,
            Token::Name(name) => match name.as_str() {
                "true" => Term::Literal(Literal::Bool(true)),
                "false" => Term::Literal(Literal::Bool(false)),
                "null" => Term::Literal(Literal::Null),
                "attributes" if matches!(self.peek(), Token::Op("[" | ".")) => {
                    return Ok(Part { at, is: Is::Attributes });
                }
                "in" => return Err(wrong(at, "something is missing before in", "write plan in ['a', 'b']")),
                "and" | "or" | "not" => {
                    return Err(wrong(at, format!("{name} is not understood here"), "write &&, || and !"));
                }
                _ if self.op(&["("]).is_some() => return self.function(&name, at),
                _ => Term::Attribute(Path { name, below: Vec::new() }),
            },
            _ => return Err(wrong(at, "an attribute or a value is missing here", "write e.g. plan == 'pro'")),
        };
        Ok(Part { at, is: Is::Term(term) })
    }

    fn function(&mut self, name: &str, at: usize) -> Parsed<Part> {
        if name != "has" && name != "size" {
            return Err(wrong(at, format!("there is no {name}()"), METHODS));
        }
        let of = self.nested(Self::member)?;
        self.expect(")")?;
        match (name, Self::term(of)?) {
            ("has", Term::Attribute(path)) => Ok(Part { at, is: Is::Node(Node::Has(path)) }),
            ("has", _) => Err(wrong(at, "has asks for an attribute", "write has(plan)")),
            (_, term) => Self::size(term, at),
        }
    }

    fn list(&mut self) -> Parsed<Term> {
        let mut items = Vec::new();
        while self.op(&["]"]).is_none() {
            if !items.is_empty() {
                self.expect(",")?;
                if self.op(&["]"]).is_some() {
                    break;
                }
            }
            let part = self.nested(Self::unary)?;
            let at = part.at;
            match Self::term(part)? {
                Term::Literal(literal) => items.push(literal),
                _ => return Err(wrong(at, "a list holds plain values", "write ['a', 'b'] or [1, 2]")),
            }
        }
        Ok(Term::List(items))
    }
}

const METHODS: &str = "there are has, size, startsWith, endsWith, contains and matches";
