//! A `[[node]]`: what all kinds have in common.

use std::collections::BTreeMap;

use epoch_model::business::{Section, plain_number};
use toml_edit::Item;

use super::step::{call, step};
use super::{duration, is_word, word};
use crate::definition::{Call, Node, Retry, Step, Timeout};

/// Most attempts of a call.
const ATTEMPTS_MAX: u32 = 20;

pub(super) fn node(row: &Section<'_>) -> Option<Node> {
    let key = word(row, "key", "name the step by one word");
    let title = row.required("title", "say what happens here, as people should read it");
    let step = step(row);
    let next = row.texts("next");
    let on_error = row.text("on_error");
    let into = into(row, step.as_ref());
    let retry = row.section("retry").and_then(|row| retry(&row));
    let timeout = timeout(row);
    let undo = undo(row, step.as_ref());
    if let Some(step) = &step {
        fits(row, step, !next.is_empty(), retry.is_some());
        // Where the kind is not understood, the keys of its kind are not either; they are not blamed.
        row.finish();
    }
    Some(Node { key: key?, title: title?, step: step?, next, on_error, into, retry, timeout, undo })
}

/// Whether what stands beside a step makes sense for it.
fn fits(row: &Section<'_>, step: &Step, has_next: bool, has_retry: bool) {
    let word = step.word();
    match step {
        Step::End { .. } if has_next => row.bad("next", "an end leads nowhere", "leave next out"),
        Step::Branch { .. } if has_next => row.bad("next", "a branch leads where its cases say", "write otherwise"),
        _ => {}
    }
    let calls = matches!(step, Step::Effect { .. } | Step::Lever { .. });
    if has_retry && !calls {
        row.bad("retry", format!("a {word} is not tried again"), "only effects and levers have a retry");
    }
    if row.has("undo") && !step.acts() {
        row.bad("undo", format!("a {word} does nothing that could be undone"), "leave undo out");
    }
    let waits = !matches!(step, Step::Branch { .. } | Step::Set { .. } | Step::End { .. } | Step::Wait { .. });
    if row.has("timeout") && (!waits || matches!(step, Step::Decision { .. } | Step::Timer { .. })) {
        let hint = if matches!(step, Step::Decision { .. }) { "write within and silence" } else { "leave timeout out" };
        row.bad("timeout", format!("a {word} has no timeout"), hint);
    }
    let fails = !matches!(
        step,
        Step::Wait { .. } | Step::Timer { .. } | Step::Signal { .. } | Step::Measure { .. } | Step::Join { .. }
    );
    if row.has("on_error") && (!fails || matches!(step, Step::End { .. })) && !row.has("timeout") {
        row.bad("on_error", format!("a {word} cannot fail"), "leave on_error out");
    }
}

/// `into = "name"`, or a table of variable and place in the result.
fn into(row: &Section<'_>, step: Option<&Step>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut take = |name: &str, path: &str| {
        if is_variable(name) {
            found.insert(name.to_owned(), path.to_owned());
        } else {
            row.bad("into", format!("“{name}” is no name of a variable"), "use letters, digits and _");
        }
    };
    if let Some(item) = row.item("into") {
        match (item.as_str(), item.as_table_like()) {
            (Some(name), _) => take(name, ""),
            (_, Some(table)) => {
                for (name, path) in table.iter() {
                    match path.as_str() {
                        Some(path) => take(name, path),
                        None => row.bad("into", format!("{name} should name a place in the result"), "write a text"),
                    }
                }
            }
            _ => row.bad("into", "into should be a name or a table", "write e.g. into = \"rate\""),
        }
    }
    let measures = matches!(step, Some(Step::Measure { .. }));
    if let Some(name) = row.text("before").filter(|_| measures) {
        take(&name, "before");
    }
    if row.has("before") && !measures {
        row.bad("before", "only a measure has a value before", "leave before out");
    }
    let gives_nothing = matches!(
        step,
        Some(
            Step::Wait { .. }
                | Step::Timer { .. }
                | Step::Branch { .. }
                | Step::Set { .. }
                | Step::Join { .. }
                | Step::End { .. }
                | Step::Sub { wait: false, .. }
        )
    );
    if !found.is_empty() && gives_nothing {
        row.bad("into", "this kind of step has no result", "leave into out");
    }
    found
}

/// A name expressions can use without backticks.
pub(super) fn is_variable(name: &str) -> bool {
    is_word(name) && !name.contains('-')
}

fn retry(row: &Section<'_>) -> Option<Retry> {
    let attempts = if row.has("attempts") { row.whole("attempts", 2..ATTEMPTS_MAX + 1) } else { Some(3) };
    row.accept(&["attempts"]);
    let first_ms = if row.has("first") { duration(row, "first") } else { Some(10_000) };
    let factor = if row.has("factor") { row.number("factor") } else { Some(2.0) };
    let most_ms = if row.has("most") { duration(row, "most") } else { Some(3_600_000) };
    row.accept(&["first", "factor", "most"]);
    if factor.is_some_and(|factor| !(1.0..=10.0).contains(&factor)) {
        row.bad("factor", "factor lies between 1 and 10", "2 doubles each pause");
    }
    row.finish();
    Some(Retry { attempts: attempts?, first_ms: first_ms?, factor: factor?, most_ms: most_ms? })
}

/// `timeout = "2d"`, or `{ after = "2d", next = "node" }`.
fn timeout(row: &Section<'_>) -> Option<Timeout> {
    if row.item("timeout").is_some_and(Item::is_str) {
        return duration(row, "timeout").map(|after_ms| Timeout { after_ms, next: None });
    }
    let table = row.section("timeout")?;
    if !table.has("after") {
        table.bad("after", "after is missing", "write e.g. after = \"2d\"");
    }
    let after_ms = duration(&table, "after");
    let next = table.text("next");
    table.finish();
    Some(Timeout { after_ms: after_ms?, next })
}

/// `undo = "restore"` for a lever, or a table with `effect` and `payload`, or `lever` and `to`.
fn undo(row: &Section<'_>, step: Option<&Step>) -> Option<Call> {
    let item = row.item("undo")?;
    if let Some(text) = item.as_str() {
        if let ("restore", Some(Step::Lever { lever, .. })) = (text, step) {
            return Some(Call::Restore { lever: lever.clone() });
        }
        row.bad("undo", format!("undo cannot be “{text}”"), "write undo = \"restore\" at a lever, or a table");
        return None;
    }
    let table = row.section("undo")?;
    let found = call(&table);
    table.finish();
    found
}

/// A share: `"20 %"` or 0.2.
pub(super) fn share(row: &Section<'_>, key: &'static str) -> Option<f64> {
    let item = row.item(key)?;
    let text = item.as_str().and_then(|text| text.trim().strip_suffix('%')?.trim().parse::<f64>().ok());
    let found = plain_number(item).or(text.map(|percent| percent / 100.0));
    let found = found.filter(|share| *share > 0.0 && *share <= 1.0);
    if found.is_none() {
        row.bad(key, format!("{key} is a share between 0 and 1"), "write e.g. \"20 %\" or 0.2");
    }
    found
}
