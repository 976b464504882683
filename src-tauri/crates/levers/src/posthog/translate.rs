//! Predicates as PostHog's property filters.
//!
//! Text is compared by patterns, since `exact` takes no notice of case; numbers by order, since `exact` compares their
//! digits. What PostHog's filters cannot say, or SDKs say differently, is refused: such levers are evaluated by the
//! gateway.

use epoch_model::predicate::{Comparison, Literal, Node, Path, Term, TextMatch};
use serde_json::Value;

use super::definition::Property;
use crate::disjuncts::{Atom, cross, denied_disjuncts, disjuncts};

/// Most alternatives of one rule.
pub(super) const ALTERNATIVES_MAX: usize = 24;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 4_000;

/// Alternatives of filters that must all match.
pub(super) type Alternatives = Vec<Vec<Property>>;

/// Filters of one kind of properties.
#[derive(Debug, Clone, Copy)]
pub(super) struct Translator {
    /// The group type's index where the unit is a group.
    pub group: Option<u32>,
    /// Absence may be asked for: SDKs leave the question to the server, which is right only where the order of the
    /// condition sets does not matter.
    pub absence: bool,
}

impl Translator {
    /// When the predicate fits.
    pub fn fits(self, node: &Node) -> Result<Alternatives, String> {
        self.alternatives(disjuncts(node, ALTERNATIVES_MAX))
    }

    /// When the predicate does not fit: it is answered with no, or a property it asks for is missing.
    pub fn fits_not(self, node: &Node) -> Result<Alternatives, String> {
        if !self.absence {
            return Err("a rule would have to be denied".into());
        }
        let mut all = self.alternatives(denied_disjuncts(node, ALTERNATIVES_MAX))?;
        let mut names = Vec::new();
        asked(node, &mut names);
        for name in names {
            all.push(vec![self.property(name, "is_not_set", Value::from("is_not_set"))]);
        }
        if all.len() > ALTERNATIVES_MAX { Err(too_many()) } else { Ok(all) }
    }

    fn alternatives(self, found: Option<Vec<Vec<Atom<'_>>>>) -> Result<Alternatives, String> {
        let mut all = Vec::new();
        for atoms in found.ok_or_else(too_many)? {
            let mut met: Alternatives = vec![Vec::new()];
            for atom in atoms {
                met = cross(&met, &self.atom(atom)?, ALTERNATIVES_MAX).ok_or_else(too_many)?;
            }
            all.extend(met);
        }
        if all.len() > ALTERNATIVES_MAX { Err(too_many()) } else { Ok(all) }
    }

    fn property(self, key: &str, operator: &str, value: Value) -> Property {
        let kind = if self.group.is_some() { "group" } else { "person" };
        Property {
            key: key.to_owned(),
            value,
            operator: operator.to_owned(),
            kind: kind.to_owned(),
            group_type_index: self.group,
            dependency_chain: None,
        }
    }

    fn regex(self, key: &str, pattern: String, denied: bool) -> Result<Alternatives, String> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err("a list is too long".into());
        }
        let operator = if denied { "not_regex" } else { "regex" };
        Ok(vec![vec![self.property(key, operator, Value::from(pattern))]])
    }

    fn atom(self, atom: Atom<'_>) -> Result<Alternatives, String> {
        let Atom { node, denied } = atom;
        match node {
            Node::Has(path) if denied => {
                if !self.absence {
                    return Err("SDKs do not know that a property is missing".into());
                }
                Ok(vec![vec![self.property(name(path)?, "is_not_set", Value::from("is_not_set"))]])
            }
            Node::Has(path) => Ok(vec![vec![self.property(name(path)?, "is_set", Value::from("is_set"))]]),
            Node::Truth(path) => self.regex(name(path)?, truth(!denied), false),
            Node::Compare { op, left: Term::Attribute(path), right: Term::Literal(literal) } => {
                self.compare(path, *op, literal, denied)
            }
            Node::Compare { op, left: Term::Literal(literal), right: Term::Attribute(path) } => {
                self.compare(path, op.turned(), literal, denied)
            }
            Node::In { item: Term::Attribute(path), set: Term::List(list) } => self.within(path, list, denied),
            Node::Text { op, subject: Term::Attribute(path), part: Term::Literal(Literal::Text(part)) } => {
                let part = escaped(part)?;
                let pattern = match op {
                    TextMatch::StartsWith => format!("^{part}"),
                    TextMatch::EndsWith => format!("{part}$"),
                    TextMatch::Contains => part,
                };
                self.regex(name(path)?, pattern, denied)
            }
            Node::Matches { subject: Term::Attribute(path), pattern } => {
                self.regex(name(path)?, portable(pattern.text())?, denied)
            }
            _ => Err("it asks for more than one property against plain values".into()),
        }
    }

    fn compare(self, path: &Path, op: Comparison, literal: &Literal, denied: bool) -> Result<Alternatives, String> {
        let name = name(path)?;
        let equal = match op {
            Comparison::Equal => Some(!denied),
            Comparison::NotEqual => Some(denied),
            _ => None,
        };
        match (literal, equal) {
            (Literal::Text(text), Some(equal)) => self.regex(name, format!("^{}$", escaped(text)?), !equal),
            (Literal::Bool(b), Some(equal)) => self.regex(name, truth(*b), !equal),
            (Literal::Number(n), Some(true)) => Ok(self.is_number(name, *n)),
            (Literal::Number(n), Some(false)) => Ok(self.is_other_number(name, *n)),
            (Literal::Number(n), None) => {
                let operator = match (op, denied) {
                    (Comparison::Less, false) | (Comparison::GreaterOrEqual, true) => "lt",
                    (Comparison::LessOrEqual, false) | (Comparison::Greater, true) => "lte",
                    (Comparison::Greater, false) | (Comparison::LessOrEqual, true) => "gt",
                    _ => "gte",
                };
                Ok(vec![vec![self.property(name, operator, number(*n))]])
            }
            (Literal::Null, _) => Err("it asks for null".into()),
            (Literal::Text(_) | Literal::Bool(_), None) => Err("only numbers have an order".into()),
        }
    }

    fn is_number(self, name: &str, n: f64) -> Alternatives {
        vec![vec![self.property(name, "gte", number(n)), self.property(name, "lte", number(n))]]
    }

    fn is_other_number(self, name: &str, n: f64) -> Alternatives {
        vec![vec![self.property(name, "lt", number(n))], vec![self.property(name, "gt", number(n))]]
    }

    fn within(self, path: &Path, list: &[Literal], denied: bool) -> Result<Alternatives, String> {
        let name = name(path)?;
        let mut texts: Vec<String> = Vec::new();
        let mut numbers: Vec<f64> = Vec::new();
        for literal in list {
            match literal {
                Literal::Text(text) => texts.push(escaped(text)?),
                Literal::Bool(b) => texts.push(truth(*b).trim_matches(['^', '$']).to_owned()),
                Literal::Number(n) => numbers.push(*n),
                Literal::Null => return Err("it asks for null".into()),
            }
        }
        let pattern = (!texts.is_empty()).then(|| format!("^(?:{})$", texts.join("|")));
        if denied {
            let mut all: Alternatives = vec![Vec::new()];
            if let Some(pattern) = pattern {
                all = cross(&all, &self.regex(name, pattern, true)?, ALTERNATIVES_MAX).ok_or_else(too_many)?;
            }
            for n in numbers {
                all = cross(&all, &self.is_other_number(name, n), ALTERNATIVES_MAX).ok_or_else(too_many)?;
            }
            return Ok(all);
        }
        let mut all = Alternatives::new();
        if let Some(pattern) = pattern {
            all.extend(self.regex(name, pattern, false)?);
        }
        all.extend(numbers.into_iter().flat_map(|n| self.is_number(name, n)));
        Ok(all)
    }
}

fn too_many() -> String {
    format!("it has more than {ALTERNATIVES_MAX} alternatives")
}

/// The properties a predicate asks for, but for those it only asks the presence of.
fn asked<'a>(node: &'a Node, names: &mut Vec<&'a str>) {
    let mut term = |term: &'a Term| {
        if let Term::Attribute(path) = term
            && !names.contains(&path.name.as_str())
        {
            names.push(&path.name);
        }
    };
    match node {
        Node::Constant(_) | Node::Has(_) => {}
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| asked(part, names)),
        Node::Not(part) => asked(part, names),
        Node::Truth(path) => {
            if !names.contains(&path.name.as_str()) {
                names.push(&path.name);
            }
        }
        Node::Compare { left, right, .. } => [left, right].into_iter().for_each(term),
        Node::In { item, set } => [item, set].into_iter().for_each(term),
        Node::Text { subject, part, .. } => [subject, part].into_iter().for_each(term),
        Node::Matches { subject, .. } => term(subject),
    }
}

fn name(path: &Path) -> Result<&str, String> {
    match path.top() {
        Some("unit") => Err("SDKs do not count the unit's id among its properties".into()),
        Some(name) => Ok(name),
        None => Err(format!("it looks into “{}”", path.name)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 1e15 { Value::from(n as i64) } else { Value::from(n) }
}

/// A truth value however an SDK writes it.
fn truth(value: bool) -> String {
    if value { "^[Tt]rue$".into() } else { "^[Ff]alse$".into() }
}

/// Text as a pattern for itself, in the syntax all SDKs share.
fn escaped(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("it looks for a control character".into());
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(out)
}

/// A pattern that means the same in Python, JavaScript and Rust: ASCII, plain classes, no escapes of classes of characters,
/// no repetition of repetitions.
fn portable(pattern: &str) -> Result<String, String> {
    let refuse = || Err(format!("the pattern “{pattern}” is not read alike by all SDKs"));
    let (mut previous, mut class, mut open, mut repeats) = ('(', false, 0_usize, false);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if !(' '..='~').contains(&c) {
            return refuse();
        }
        match c {
            '\\' => match chars.next() {
                Some(e) if e.is_ascii_punctuation() && !"<>".contains(e) => previous = 'a',
                _ => return refuse(),
            },
            '[' if class => return refuse(),
            '[' => {
                class = true;
                if chars.peek() == Some(&'^') {
                    chars.next();
                }
                if chars.peek() == Some(&']') {
                    return refuse();
                }
            }
            ']' if class => (class, previous) = (false, 'a'),
            '&' | '-' | '~' if class && chars.peek() == Some(&c) => return refuse(),
            _ if class => {}
            '(' => {
                open += 1;
                previous = '(';
                if chars.peek() == Some(&'?') {
                    chars.next();
                    if chars.next() != Some(':') {
                        return refuse();
                    }
                }
            }
            ')' if open == 0 || previous == '(' => return refuse(),
            // A repeated group may hold repetitions, which some engines take very long over.
            ')' => {
                open -= 1;
                previous = ')';
            }
            '*' | '+' | '?' if matches!(previous, '(' | '|' | '^' | '$' | '*' | ')') => return refuse(),
            '*' | '+' | '?' => (repeats, previous) = (true, '*'),
            '{' | '}' | ']' => return refuse(),
            c => previous = c,
        }
    }
    if class || open > 0 || (repeats && pattern.contains("*.*")) { refuse() } else { Ok(pattern.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_all_sdks_read_alike() {
        for pattern in ["^a.c$", "[a-z]+@acme\\.com", "(?:a|b)c?", "^[^x]", "a\\+b", "x*y"] {
            assert_eq!(portable(pattern).as_deref(), Ok(pattern));
        }
        for pattern in
            ["\\d+", "(?i)a", "(a+)+", "a{2}", "[[:alpha:]]", "ä", "a*?", "()", "[]", "[a&&b]", "\\bx", "a)", "(a"]
        {
            assert!(portable(pattern).is_err(), "{pattern}");
        }
        assert_eq!(escaped("a.b+c (d)").as_deref(), Ok("a\\.b\\+c \\(d\\)"));
    }
}
