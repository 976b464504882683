//! Text to tokens. Every token remembers where it stood, so that messages can name the column.

use super::parse::Syntax;
use crate::numeral;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    /// Dotted name, in its parts. `quoted` when any part stood in backticks, which makes a keyword a plain name.
    Name {
        parts: Vec<String>,
        quoted: bool,
    },
    Op(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub token: Token,
    /// Byte offset of its first character …
    pub at: usize,
    /// … and of the first one after it.
    pub end: usize,
}

const OPS: [&str; 18] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "−", "×"];

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, Syntax> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, end) = match c {
            '\'' => quoted(text, at, '\'', "the text in quotes does not end").map(|(s, e)| (Token::Text(s), e))?,
            '0'..='9' => number(text, at)?,
            '.' if text[at + 1..].starts_with(|d: char| d.is_ascii_digit()) => number(text, at)?,
            '`' => name(text, at)?,
            c if starts_name(c) => name(text, at)?,
            _ => operator(text, at)?,
        };
        out.push(Spanned { token, at, end });
        at = end;
    }
    out.push(Spanned { token: Token::End, at, end: at });
    Ok(out)
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Text up to the closing `mark`; the mark doubled stands for itself.
fn quoted(text: &str, at: usize, mark: char, unfinished: &str) -> Result<(String, usize), Syntax> {
    let mut out = String::new();
    let mut chars = text[at + 1..].char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c != mark {
            out.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == mark) {
            chars.next();
            out.push(mark);
        } else {
            return Ok((out, at + 1 + i + 1));
        }
    }
    Err(Syntax::new(at, unfinished, format!("close it with {mark}")))
}

fn number(text: &str, at: usize) -> Result<(Token, usize), Syntax> {
    let end = numeral::end(text, at);
    match text[at..end].parse::<f64>() {
        Ok(n) if n.is_finite() => Ok((Token::Number(n), end)),
        _ => Err(Syntax::new(at, format!("“{}” is not a number", &text[at..end]), "write it like 12 or 3.5")),
    }
}

fn name(text: &str, start: usize) -> Result<(Token, usize), Syntax> {
    let mut parts = Vec::new();
    let mut any_quoted = false;
    let mut at = start;
    loop {
        if text[at..].starts_with('`') {
            let (part, end) = quoted(text, at, '`', "the name in backticks does not end")?;
            any_quoted = true;
            parts.push(part);
            at = end;
        } else {
            let end = text[at..].find(|c| !in_name(c)).map_or(text.len(), |n| at + n);
            parts.push(text[at..end].to_owned());
            at = end;
        }
        let follows = |c: char| in_name(c) || c == '`';
        if !(text[at..].starts_with('.') && text[at + 1..].starts_with(follows)) {
            return Ok((Token::Name { parts, quoted: any_quoted }, at));
        }
        at += 1;
    }
}

fn operator(text: &str, at: usize) -> Result<(Token, usize), Syntax> {
    let rest = &text[at..];
    if let Some(op) = OPS.into_iter().find(|op| rest.starts_with(op)) {
        let plain = match op {
            "−" => "-",
            "×" => "*",
            other => other,
        };
        return Ok((Token::Op(plain), at + op.len()));
    }
    let c = rest.chars().next().unwrap_or(' ');
    let hint = match c {
        '=' => "compare with ==",
        '"' | '“' | '”' | '‘' | '’' => "put text in single quotes: 'DE'",
        '&' => "write and",
        '|' => "write or",
        '!' => "write not",
        _ => "put names with such characters in backticks: `Invoice No`",
    };
    Err(Syntax::new(at, format!("“{c}” has no meaning here"), hint))
}
