//! Reads one table of a scenario: typed values within their ranges, and what nobody asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::tree::{Node, Tree};

/// One thing to mend in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// The key it is about: `funnel.buy`, `incident.bug.start`.
    pub path: String,
    /// The cause, in one plain sentence.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} ({}): {}", self.line, self.path, self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}

/// Problems kept at most.
const PROBLEMS_MAX: usize = 100;

/// Collects the problems of one text.
pub(super) struct Sink<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, Problem)>>,
}

impl<'t> Sink<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    pub fn note(&self, at: usize, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        let lines = self.text.get(..at).unwrap_or(self.text).matches('\n').count();
        let line = u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1);
        let mut found = self.found.borrow_mut();
        if found.len() < PROBLEMS_MAX {
            found.push((at, Problem { line, path: path.into(), message: message.into(), hint: hint.into() }));
        }
    }

    /// All problems, in the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// A table being read. Absent ones read as empty.
pub(super) struct Table<'a> {
    map: Option<&'a BTreeMap<String, Node>>,
    pub sink: &'a Sink<'a>,
    pub path: String,
    at: usize,
    asked: RefCell<Vec<String>>,
}

impl<'a> Table<'a> {
    pub fn new(
        map: Option<&'a BTreeMap<String, Node>>,
        sink: &'a Sink<'a>,
        path: impl Into<String>,
        at: usize,
    ) -> Self {
        Self { map, sink, path: path.into(), at, asked: RefCell::default() }
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.is_some_and(|map| map.contains_key(key))
    }

    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key.to_owned());
        self.map.and_then(|map| map.get(key))
    }

    /// Notes a problem with the value of `key`.
    pub fn bad(&self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let at = self.map.and_then(|map| map.get(key)).map_or(self.at, |node| node.at);
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.sink.note(at, path, message, hint);
    }

    fn wrong(&self, key: &str, wanted: &str, node: &Node) {
        self.bad(key, format!("{key} should be {wanted}, not {}", node.value.kind()), "");
    }

    pub fn text(&self, key: &str) -> Option<String> {
        let node = self.get(key)?;
        match &node.value {
            Tree::Text(text) if !text.trim().is_empty() => return Some(text.clone()),
            Tree::Text(_) => self.bad(key, format!("{key} is empty"), "write something or leave the line out"),
            _ => self.wrong(key, "text", node),
        }
        None
    }

    /// A number or a share (`"30 %"`); `default` where it is absent or wrong.
    pub fn number(&self, key: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        self.maybe(key, range).unwrap_or(default)
    }

    pub fn maybe(&self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let node = self.get(key)?;
        let read = match &node.value {
            Tree::Number(n) => Some(*n),
            Tree::Text(text) => {
                text.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok()).map(|n| n / 100.0)
            }
            _ => None,
        };
        let Some(n) = read.filter(|n| n.is_finite()) else {
            self.wrong(key, "a number or a share such as \"30 %\"", node);
            return None;
        };
        if !range.contains(&n) {
            let (from, to) = (range.start(), range.end());
            let hint = if (*from, *to) == (0.0, 1.0) { "write a share, e.g. 0.3 or \"30 %\"" } else { "" };
            self.bad(key, format!("{key} is {n}; it should lie between {from} and {to}"), hint);
            return None;
        }
        Some(n)
    }

    /// A share of something, 0 to 1.
    pub fn share(&self, key: &str, default: f64) -> f64 {
        self.number(key, default, 0.0..=1.0)
    }

    pub fn whole(&self, key: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let n = self.number(key, f64::from(default), f64::from(*range.start())..=f64::from(*range.end()));
        if n.fract() != 0.0 {
            self.bad(key, format!("{key} is {n}, not a whole number"), "");
        }
        n as u32
    }

    pub fn date(&self, key: &str) -> Option<Date> {
        let node = self.get(key)?;
        match &node.value {
            Tree::Date(date) => return Some(*date),
            _ => self.bad(key, format!("{key} should be a day"), format!("write {key} = 2026-03-01")),
        }
        None
    }

    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        let node = self.get(key)?;
        let list = match &node.value {
            Tree::List(list) => list
                .iter()
                .map(|n| match n.value {
                    Tree::Number(n) if n.is_finite() && n >= 0.0 => Some(n),
                    _ => None,
                })
                .collect::<Option<Vec<f64>>>(),
            _ => None,
        };
        if list.is_none() {
            self.bad(key, format!("{key} should be a list of numbers from 0 up"), "");
        }
        list
    }

    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        let node = self.get(key)?;
        let list = match &node.value {
            Tree::List(list) => list
                .iter()
                .map(|n| match &n.value {
                    Tree::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>(),
            _ => None,
        };
        if list.as_ref().is_none_or(Vec::is_empty) {
            self.bad(key, format!("{key} should be a list of texts"), "");
            return None;
        }
        list
    }

    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, t)| *t);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.bad(key, format!("{key} cannot be “{text}”"), near(&text, &names));
        }
        found
    }

    /// A table below this one; empty when absent.
    pub fn table(&self, key: &str) -> Table<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        match self.get(key) {
            Some(node @ Node { value: Tree::Table(map), .. }) => Table::new(Some(map), self.sink, path, node.at),
            Some(node) => {
                self.wrong(key, "a table", node);
                Table::new(None, self.sink, path, node.at)
            }
            None => Table::new(None, self.sink, path, self.at),
        }
    }

    /// All `[[key]]` tables, named in paths by their own key.
    pub fn rows(&self, key: &str) -> Vec<Table<'a>> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Tree::List(list) = &node.value else {
            self.bad(key, format!("{key} should be written [[{key}]]"), "");
            return Vec::new();
        };
        let mut rows = Vec::new();
        for (i, row) in list.iter().enumerate() {
            let Tree::Table(map) = &row.value else {
                self.sink.note(row.at, key, format!("{key} should be written [[{key}]]"), "");
                continue;
            };
            let name = match map.get("key").map(|n| &n.value) {
                Some(Tree::Text(text)) => text.clone(),
                _ => (i + 1).to_string(),
            };
            rows.push(Table::new(Some(map), self.sink, format!("{key}.{name}"), row.at));
        }
        rows
    }

    /// Keys nobody asked for, with their values.
    pub fn rest(&self) -> Vec<(&'a str, &'a Node)> {
        let asked = self.asked.borrow();
        let all = self.map.into_iter().flatten();
        all.filter(|(key, _)| !asked.contains(key)).map(|(key, node)| (key.as_str(), node)).collect()
    }

    /// Refuses what nobody asked for. Call it last.
    pub fn finish(&self) {
        for (key, _) in self.rest() {
            let asked = self.asked.borrow();
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            self.bad(key, format!("{key} is not known here"), near(key, &known));
        }
    }
}

/// `did you mean …?`, or all that there is.
pub(super) fn near(word: &str, known: &[&str]) -> String {
    let best = known.iter().map(|k| (distance(word, k), k)).min_by_key(|(d, _)| *d);
    match best {
        Some((d, name)) if d <= (word.chars().count() / 3).clamp(1, 3) => format!("did you mean {name}?"),
        _ => format!("there are {}", known.join(", ")),
    }
}

/// Edits between two words (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
