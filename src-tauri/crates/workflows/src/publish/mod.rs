//! Whether a definition may be published: all that can be known to go wrong before a run does.

mod names;
mod safety;
mod shape;

use std::collections::BTreeMap;

use epoch_model::business::{Business, Problem};
use toml_edit::{Document, Item};

use crate::definition::Definition;
use crate::flow::Flow;

/// What a definition is checked against.
pub struct Around<'b> {
    pub business: &'b Business,
    /// Keys of the workflows that are published.
    pub workflows: &'b [&'b str],
}

/// Something that stands in the way, without its place in a text.
struct Finding {
    path: String,
    message: String,
    hint: String,
}

/// Collects findings.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Finding { path: path.into(), message: message.into(), hint: hint.into() });
    }

    fn node(&mut self, node: &str, field: &str, message: impl Into<String>, hint: impl Into<String>) {
        let path = if field.is_empty() { format!("node.{node}") } else { format!("node.{node}.{field}") };
        self.add(path, message, hint);
    }
}

/// All that stands in the way of publishing; empty when nothing does. Lines are 0: a definition has none, see [`check_text`].
pub fn check(definition: &Definition, around: &Around<'_>) -> Vec<Problem> {
    let mut findings = Findings(Vec::new());
    let flow = Flow::of(definition);
    names::check(definition, around, &mut findings);
    // Reachability and data flow say nothing about a graph whose edges lead nowhere.
    if shape::check_edges(&flow, &mut findings) {
        shape::check(&flow, &mut findings);
        safety::check(&flow, around.business, &mut findings);
        shape::check_variables(&flow, &mut findings);
    }
    let problem = |f: Finding| Problem { line: 0, column: 0, path: f.path, message: f.message, hint: f.hint };
    findings.0.into_iter().map(problem).collect()
}

/// Parses a text, puts the keys its roles are bound to in their place and checks what it says; problems carry their lines.
/// What comes out is what is published.
pub fn check_text(text: &str, around: &Around<'_>) -> Result<Definition, Vec<Problem>> {
    let mut definition = crate::parse(text)?;
    if let Ok(bound) = crate::bind(&definition, &BTreeMap::new()) {
        definition = bound;
    }
    let mut problems = check(&definition, around);
    if problems.is_empty() {
        return Ok(definition);
    }
    locate(text, &mut problems);
    Err(problems)
}

/// Gives each problem the line its path leads to, as far as the path can be followed.
pub fn locate(text: &str, problems: &mut [Problem]) {
    let Ok(document) = Document::parse(text) else { return };
    for problem in problems.iter_mut() {
        let at = offset(document.as_item(), &problem.path);
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        problem.line = count(before.matches('\n').count());
        problem.column = count(before[line_start..].chars().count());
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
}

/// Where a path leads: tables by key, rows of lists by their `key` or their number from 1.
fn offset(root: &Item, path: &str) -> usize {
    let mut at = 0;
    let mut item = root;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let below = match item {
            Item::ArrayOfTables(rows) => {
                let named = |row: &toml_edit::Table| row.get("key").and_then(Item::as_str) == Some(part);
                let row = rows.iter().find(|row| named(row)).or_else(|| rows.get(part.parse::<usize>().ok()? - 1));
                // A row's own span is its header; what is below is looked up in the table.
                let Some(row) = row else { return at };
                at = row.span().map_or(at, |span| span.start);
                match path.rsplit('.').next().and_then(|last| row.get(last)) {
                    Some(field) => return field.span().map_or(at, |span| span.start),
                    None => return at,
                }
            }
            other => other.get(part),
        };
        let Some(below) = below else { return at };
        at = below.span().map_or(at, |span| span.start);
        item = below;
    }
    at
}
