//! Reads one table of the file: typed values with their places, what was asked for and what nobody asked for.

use std::cell::RefCell;
use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use super::problem::Problem;

/// Collects problems of one text.
pub struct Sink<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, Problem)>>,
}

/// Problems kept at most: a file that is broken all over needs no longer list.
const PROBLEMS_MAX: usize = 200;

impl<'t> Sink<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes a problem at a byte offset.
    pub fn note(&self, at: usize, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        let problem = Problem {
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
            path: path.into(),
            message: message.into(),
            hint: hint.into(),
        };
        let mut found = self.found.borrow_mut();
        if found.len() < PROBLEMS_MAX {
            found.push((at, problem));
        }
    }

    pub fn is_clean(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All problems, in the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// A table being read.
pub struct Section<'a> {
    table: Option<&'a dyn TableLike>,
    pub sink: &'a Sink<'a>,
    pub path: String,
    at: usize,
    asked: RefCell<Vec<&'static str>>,
}

fn start(span: Option<Range<usize>>) -> Option<usize> {
    span.map(|s| s.start)
}

impl<'a> Section<'a> {
    /// `table` may be absent: then every key is.
    pub fn new(table: Option<&'a dyn TableLike>, sink: &'a Sink<'a>, path: impl Into<String>, at: usize) -> Self {
        Self { table, sink, path: path.into(), at, asked: RefCell::default() }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a key's value stands, or the section when it is absent.
    pub fn place(&self, key: &str) -> usize {
        let item = self.table.and_then(|t| t.get(key));
        item.and_then(|i| start(i.span())).unwrap_or(self.at)
    }

    /// Notes a problem with the value of `key`.
    pub fn bad(&self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.sink.note(self.place(key), self.below(key), message, hint);
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|t| t.contains_key(key))
    }

    /// The raw item; from here on the key counts as known.
    pub fn item(&self, key: &'static str) -> Option<&'a Item> {
        self.asked.borrow_mut().push(key);
        self.table.and_then(|t| t.get(key)).filter(|i| !i.is_none())
    }

    fn wrong(&self, key: &str, wanted: &str, item: &Item) {
        let got = match item {
            Item::Value(Value::String(_)) => "text",
            Item::Value(Value::Integer(_) | Value::Float(_)) => "a number",
            Item::Value(Value::Boolean(_)) => "true or false",
            Item::Value(Value::Datetime(_)) => "a date",
            Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => "a list",
            Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table",
            Item::None => "nothing",
        };
        self.bad(key, format!("{key} should be {wanted}, not {got}"), "");
    }

    /// Text that is not empty.
    pub fn text(&self, key: &'static str) -> Option<String> {
        let item = self.item(key)?;
        match item.as_str() {
            Some(s) if s.trim().is_empty() => {
                self.bad(key, format!("{key} is empty"), "write something or leave the line out");
            }
            Some(s) => return Some(s.to_owned()),
            None => self.wrong(key, "text", item),
        }
        None
    }

    pub fn required(&self, key: &'static str, hint: &str) -> Option<String> {
        if !self.has(key) {
            self.asked.borrow_mut().push(key);
            self.bad(key, format!("{key} is missing"), hint);
            return None;
        }
        self.text(key)
    }

    pub fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(item) = self.item(key) else { return default };
        item.as_bool().unwrap_or_else(|| {
            self.wrong(key, "true or false", item);
            default
        })
    }

    /// A finite number.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        let item = self.item(key)?;
        let n = plain_number(item);
        if n.is_none() {
            self.wrong(key, "a number", item);
        }
        n
    }

    /// A whole number within `range`.
    pub fn whole(&self, key: &'static str, range: Range<u32>) -> Option<u32> {
        let item = self.item(key)?;
        let Some(n) = item.as_integer() else {
            self.wrong(key, "a whole number", item);
            return None;
        };
        let n = u32::try_from(n).ok().filter(|n| range.contains(n));
        if n.is_none() {
            let message = format!("{key} should lie between {} and {}", range.start, range.end.saturating_sub(1));
            self.bad(key, message, "");
        }
        n
    }

    /// A number, or text that `read` makes one of.
    pub fn number_or(
        &self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Result<f64, String>,
    ) -> Option<f64> {
        let item = self.item(key)?;
        if let Some(n) = plain_number(item) {
            return Some(n);
        }
        match item.as_str().map(read) {
            Some(Ok(n)) => return Some(n),
            Some(Err(message)) => self.bad(key, message, format!("write {wanted}")),
            None => self.wrong(key, wanted, item),
        }
        None
    }

    /// A list of texts; one text alone is a list of one.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        let Some(item) = self.item(key) else { return Vec::new() };
        if let Some(one) = item.as_str() {
            return vec![one.to_owned()];
        }
        let list = item.as_array().map(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        if let Some(Some(list)) = list {
            return list;
        }
        self.wrong(key, "a list of texts", item);
        Vec::new()
    }

    /// One of the named choices.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        self.choose(key, &text, choices)
    }

    pub fn choose<T: Copy>(&self, key: &str, text: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, t)| *t);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(n, _)| *n).collect();
            let hint = did_you_mean(text, &names).unwrap_or_else(|| format!("one of {}", names.join(", ")));
            self.bad(key, format!("{key} cannot be “{text}”"), hint);
        }
        found
    }

    /// A table below this one.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let item = self.item(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            self.wrong(key, "a table", item);
        }
        table.map(|t| Section::new(Some(t), self.sink, self.below(key), start(item.span()).unwrap_or(self.at)))
    }

    /// All `[[key]]` tables, named in paths by their own key where they have one.
    pub fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let mut rows: Vec<(&'a dyn TableLike, Option<Range<usize>>)> = Vec::new();
        match item {
            Item::ArrayOfTables(tables) => rows.extend(tables.iter().map(|t| (t as &dyn TableLike, t.span()))),
            Item::Value(Value::Array(list)) if list.iter().all(Value::is_inline_table) => {
                rows.extend(list.iter().filter_map(|v| v.as_inline_table().map(|t| (t as &dyn TableLike, t.span()))));
            }
            _ => self.bad(key, format!("{key} should be written [[{key}]]"), format!("start it with a line [[{key}]]")),
        }
        let named = |i: usize, table: &dyn TableLike| {
            let name = ["key", "metric", "name"].into_iter().find_map(|k| table.get(k)?.as_str());
            self.below(&format!("{key}.{}", name.map_or_else(|| (i + 1).to_string(), str::to_owned)))
        };
        rows.into_iter()
            .enumerate()
            .map(|(i, (t, span))| Section::new(Some(t), self.sink, named(i, t), start(span).unwrap_or(self.at)))
            .collect()
    }

    /// Accepts keys that are understood elsewhere or later.
    pub fn accept(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend_from_slice(keys);
    }

    /// Keys and items nobody asked for.
    pub fn rest(&self) -> Vec<(String, &'a Item)> {
        let asked = self.asked.borrow();
        let all = self.table.into_iter().flat_map(|t| t.iter());
        all.filter(|(key, item)| !asked.contains(key) && !item.is_none()).map(|(k, i)| (k.to_owned(), i)).collect()
    }

    /// Refuses what nobody asked for. Call it last.
    pub fn finish(&self) {
        for (key, item) in self.rest() {
            let place = self.table.and_then(|t| t.key(&key)).and_then(|k| start(k.span()));
            let at = place.or_else(|| start(item.span())).unwrap_or(self.at);
            let asked = self.asked.borrow();
            let hint = did_you_mean(&key, &asked).unwrap_or_else(|| format!("there are {}", asked.join(", ")));
            self.sink.note(at, self.below(&key), format!("{key} is not known here"), hint);
        }
    }
}

/// A number written as one.
pub fn plain_number(item: &Item) -> Option<f64> {
    item.as_float().or_else(|| item.as_integer().map(|n| n as f64)).filter(|n| n.is_finite())
}

/// `did you mean …?` when one of `known` is close.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let near = known.iter().map(|k| (distance(word, k), k)).min_by_key(|(d, _)| *d)?;
    (near.0 <= allowed).then(|| format!("did you mean {}?", near.1))
}

/// Edits between two words, a swap of neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|r| r.last()).copied().unwrap_or(usize::MAX)
}
