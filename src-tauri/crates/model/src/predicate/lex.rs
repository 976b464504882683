//! CEL's tokens, as far as predicates need them.

use super::parse::{Wrong, wrong};
use crate::numeral;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Op(&'static str),
    End,
}

/// A token and the byte it begins at.
pub(super) type Placed = (Token, usize);

const OPS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".", "?", ":",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, end) = match c {
            '\'' | '"' => quoted(text, at, c, false)?,
            'r' | 'R' if text[at + 1..].starts_with(['\'', '"']) => {
                quoted(text, at + 1, if text[at + 1..].starts_with('"') { '"' } else { '\'' }, true)?
            }
            '0'..='9' => number(text, at)?,
            '.' if text[at + 1..].starts_with(|d: char| d.is_ascii_digit()) => number(text, at)?,
            c if c.is_alphabetic() || c == '_' || c == '$' => {
                let more = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                let end = text[at..].find(|c| !more(c)).map_or(text.len(), |n| at + n);
                (Token::Name(text[at..end].to_owned()), end)
            }
            _ => {
                let Some(op) = OPS.into_iter().find(|op| text[at..].starts_with(op)) else {
                    return Err(misplaced(c, at));
                };
                (Token::Op(op), at + op.len())
            }
        };
        out.push((token, at));
        at = end;
    }
    out.push((Token::End, at));
    Ok(out)
}

fn misplaced(c: char, at: usize) -> Wrong {
    let hint = match c {
        '=' => "compare with ==",
        '&' => "write &&",
        '|' => "write ||",
        '“' | '”' | '‘' | '’' => "put text in straight quotes: 'DE'",
        '{' | '}' => "a list is written ['a', 'b']",
        _ => "an attribute with such a name is written attributes['name']",
    };
    wrong(at, format!("“{c}” has no meaning here"), hint)
}

fn quoted(text: &str, at: usize, mark: char, raw: bool) -> Result<(Token, usize), Wrong> {
    let mut out = String::new();
    let mut chars = text[at + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        if c == mark {
            return Ok((Token::Text(out), at + 1 + i + 1));
        }
        if c != '\\' || raw {
            out.push(c);
            continue;
        }
        let digits = |chars: &mut std::str::CharIndices<'_>, n: usize| {
            let hex: String = chars.by_ref().take(n).map(|(_, c)| c).collect();
            u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == n).and_then(char::from_u32)
        };
        let meant = match chars.next().map(|(_, c)| c) {
            Some(c @ ('\\' | '\'' | '"' | '`' | '?')) => Some(c),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('x' | 'X') => digits(&mut chars, 2),
            Some('u') => digits(&mut chars, 4),
            Some('U') => digits(&mut chars, 8),
            _ => None,
        };
        match meant {
            Some(c) => out.push(c),
            None => {
                return Err(wrong(
                    at + 1 + i,
                    "this escape has no meaning",
                    "write \\\\ for \\, or r'…' for plain text",
                ));
            }
        }
    }
    Err(wrong(at, "the text in quotes does not end", format!("close it with {mark}")))
}

fn number(text: &str, at: usize) -> Result<(Token, usize), Wrong> {
    let end = numeral::end(text, at);
    let parsed = text[at..end].parse::<f64>().ok().filter(|n| n.is_finite());
    // `5u` is CEL's unsigned five.
    let end = if text[end..].starts_with(['u', 'U']) { end + 1 } else { end };
    let glued = text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    match parsed {
        Some(n) if !glued => Ok((Token::Number(n), end)),
        _ => Err(wrong(at, "this is no number", "write it like 12 or 3.5")),
    }
}
