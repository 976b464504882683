//! What running experiments ask of `business.toml`: the lever, its units and values, and the metrics they are read by stay as they are.

use std::ops::Range;

use epoch_model::business::{Business, Lever, Problem, misfit};
use epoch_model::experiment::{Experiment, State};
use epoch_model::serving::{Rule, Serve};
use epoch_store::LeverRow;
use toml_edit::{Document, Item, Table};

/// What would take a running experiment its ground, each with its line. `before` is in force; `text` says `business`.
pub(crate) fn beside(
    text: &str,
    business: &Business,
    before: &Business,
    experiments: &[Experiment],
    rows: &[LeverRow],
) -> Vec<Problem> {
    let lines = Lines::of(text);
    let mut found = Vec::new();
    for row in rows {
        for rule in &row.rules {
            served(&lines, business, before, &row.key, rule, &mut found);
        }
    }
    let open = experiments.iter().filter(|e| matches!(e.state, State::Running | State::Concluding));
    for experiment in open {
        let key = &experiment.spec.metric;
        let was = before.metrics.iter().find(|m| m.key == *key);
        let is = business.metrics.iter().find(|m| m.key == *key);
        let (name, line) = (&experiment.spec.key, lines.table("metric", key));
        match (was, is) {
            (Some(_), None) => found.push(problem(
                1,
                format!("metric.{key}"),
                format!("the metric “{key}” is gone, but the experiment “{name}” is decided by it"),
                name,
            )),
            (Some(was), Some(is)) if was.kind != is.kind || was.by != is.by || was.better != is.better => {
                let message = format!(
                    "the metric “{key}” would mean something else while the experiment “{name}” is decided by it"
                );
                found.push(problem(line, format!("metric.{key}"), message, name));
            }
            _ => {}
        }
    }
    found
}

fn served(lines: &Lines, business: &Business, before: &Business, key: &str, rule: &Rule, found: &mut Vec<Problem>) {
    let name = &rule.key;
    let path = format!("lever.{key}");
    let Some(lever) = business.levers.iter().find(|l| l.key == key) else {
        let message = format!("the lever “{key}” is gone, but the experiment “{name}” serves its arms by it");
        found.push(problem(1, path, message, name));
        return;
    };
    let line = lines.table("lever", key);
    if lever.serving.rules.iter().any(|r| r.key == *name) {
        let message = format!("the experiment “{name}” that runs on this lever has the key of this rule");
        let hint = format!("give the rule another key, or end the experiment first: `ras experiment end DIR {name}`");
        let line = lines.rule(key, name);
        found.push(Problem { line, column: 1, path: format!("{path}.rule.{name}"), message, hint });
    }
    let was = before.levers.iter().find(|l| l.key == key);
    if was.is_some_and(|was| sorts_anew(was, lever)) {
        let message =
            format!("its units would be sorted anew while the experiment “{name}” runs (group, seed, holdout)");
        found.push(problem(line, path.clone(), message, name));
    }
    if let Serve::Experiment { arms, .. } = &rule.serve
        && let Some((arm, (why, _))) = arms.iter().find_map(|a| Some((a, misfit(&lever.kind, &a.value)?)))
    {
        let message =
            format!("the lever would not take the arm {} of the experiment “{name}” any more: {why}", arm.key);
        found.push(problem(line, path, message, name));
    }
}

fn sorts_anew(was: &Lever, is: &Lever) -> bool {
    let (was, is) = (&was.serving, &is.serving);
    was.group != is.group || was.seed != is.seed || was.holdout != is.holdout
}

fn problem(line: u32, path: String, message: String, experiment: &str) -> Problem {
    let hint = format!("end the experiment first (`ras experiment end DIR {experiment}`), or leave this as it was");
    Problem { line, column: 1, path, message, hint }
}

/// Where tables stand in the file.
struct Lines<'t> {
    text: &'t str,
    document: Option<Document<String>>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, document: Document::parse(text.to_owned()).ok() }
    }

    fn at(&self, span: Option<Range<usize>>) -> u32 {
        let before = span.and_then(|s| self.text.get(..s.start)).unwrap_or_default();
        u32::try_from(before.matches('\n').count()).unwrap_or(0) + 1
    }

    fn found(&self, list: &str, key: &str) -> Option<&Table> {
        let tables = self.document.as_ref()?.as_table().get(list)?.as_array_of_tables()?;
        tables.iter().find(|t| t.get("key").and_then(Item::as_str) == Some(key))
    }

    /// The line of `[[list]]` with this key; 1 where it is not found.
    fn table(&self, list: &str, key: &str) -> u32 {
        self.at(self.found(list, key).and_then(Table::span))
    }

    /// The line of a lever's rule.
    fn rule(&self, lever: &str, key: &str) -> u32 {
        let rules = self.found("lever", lever).and_then(|t| t.get("rule")).and_then(Item::as_array_of_tables);
        let rule = rules.and_then(|r| r.iter().find(|t| t.get("key").and_then(Item::as_str) == Some(key)));
        self.at(rule.and_then(Table::span))
    }
}
