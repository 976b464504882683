//! What a `[[node]]` of each kind holds.

use std::collections::BTreeMap;

use epoch_model::business::{LeverValue, Section};
use epoch_model::predicate::Predicate;

use super::json::{json, scalar};
use super::node::{is_variable, share};
use super::{cadence, duration, word};
use crate::definition::{Arm, Call, Case, Choice, Gather, Outcome, Question, Step};
use crate::template::{Template, names, names_of_text};

/// Most options, cases or arms of one node.
const OPTIONS_MAX: usize = 12;

pub(super) fn step(row: &Section<'_>) -> Option<Step> {
    let kind =
        row.required("kind", "one of effect, lever, wait, timer, signal, decision, branch, measure, experiment, …")?;
    match kind.as_str() {
        "effect" => effect(row),
        "lever" => lever(row).map(|(lever, to)| Step::Lever { lever, to }),
        "wait" => {
            needed(row, "for", "write e.g. for = \"2d\"");
            duration(row, "for").map(|for_ms| Step::Wait { for_ms })
        }
        "timer" => cadence(row, "at").map(|at| Step::Timer { at }),
        "signal" => row.required("signal", "name the signal").map(|name| Step::Signal { name }),
        "decision" => decision(row),
        "branch" => branch(row),
        "measure" => {
            let metric = row.required("metric", "name a metric, or a role of [needs] as @role");
            needed(row, "window", "write e.g. window = \"7d\"");
            let window_ms = duration(row, "window");
            Some(Step::Measure { metric: metric?, window_ms: window_ms? })
        }
        "experiment" => experiment(row),
        "set" => set(row),
        "sub" => sub(row),
        "join" => {
            let kinds = [("all", Gather::All), ("any", Gather::Any)];
            let gather = if row.has("of") { row.choice("of", &kinds) } else { Some(Gather::All) };
            row.accept(&["of"]);
            gather.map(|gather| Step::Join { gather })
        }
        "end" => {
            let kinds = [("succeeded", Outcome::Succeeded), ("failed", Outcome::Failed)];
            let outcome = if row.has("outcome") { row.choice("outcome", &kinds) } else { Some(Outcome::Succeeded) };
            row.accept(&["outcome"]);
            outcome.map(|outcome| Step::End { outcome })
        }
        other => {
            const KINDS: [&str; 13] = [
                "effect",
                "lever",
                "wait",
                "timer",
                "signal",
                "decision",
                "branch",
                "measure",
                "experiment",
                "set",
                "sub",
                "join",
                "end",
            ];
            let hint = epoch_model::business::did_you_mean(other, &KINDS);
            row.bad("kind", format!("kind cannot be “{other}”"), hint.unwrap_or_else(|| KINDS.join(", ")));
            None
        }
    }
}

fn needed(row: &Section<'_>, key: &'static str, hint: &str) {
    if !row.has(key) {
        row.bad(key, format!("{key} is missing"), hint);
    }
}

/// Expressions and holes are parsed once here, so that no run meets one that does not parse.
fn checked<T>(row: &Section<'_>, key: &str, found: epoch_model::Result<T>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(e) => {
            row.bad(key, e.message, e.hint);
            None
        }
    }
}

fn template(row: &Section<'_>, key: &'static str) -> Option<Template> {
    let item = row.item(key)?;
    let Some(value) = json(item) else {
        row.bad(key, format!("{key} holds a number that cannot be sent"), "write a finite one");
        return None;
    };
    let template = Template(value);
    checked(row, key, template.names())?;
    Some(template)
}

/// Text for people, with holes.
fn sentence(row: &Section<'_>, key: &'static str, hint: &str) -> Option<String> {
    let text = row.required(key, hint)?;
    checked(row, key, names_of_text(&text))?;
    Some(text)
}

fn effect(row: &Section<'_>) -> Option<Step> {
    let (effect, payload) = effect_call(row)?;
    Some(Step::Effect { effect, payload })
}

fn effect_call(row: &Section<'_>) -> Option<(String, Template)> {
    let effect = row.required("effect", "name an effect of business.toml, or a role of [needs] as @role");
    let payload = if row.has("payload") {
        template(row, "payload")
    } else {
        Some(Template(serde_json::Value::Object(serde_json::Map::new())))
    };
    row.accept(&["payload"]);
    Some((effect?, payload?))
}

fn lever(row: &Section<'_>) -> Option<(String, Template)> {
    let lever = row.required("lever", "name a lever of business.toml, or a role of [needs] as @role");
    needed(row, "to", "write the value it is set to");
    let to = template(row, "to");
    if to.as_ref().is_some_and(|to| to.0.is_array() || to.0.is_object()) {
        row.bad("to", "a lever takes a text, a number, true or false", "");
    }
    Some((lever?, to?))
}

/// What undoes a step: an effect or a lever.
pub(super) fn call(row: &Section<'_>) -> Option<Call> {
    if row.has("lever") {
        return lever(row).map(|(lever, to)| Call::Lever { lever, to });
    }
    effect_call(row).map(|(effect, payload)| Call::Effect { effect, payload })
}

fn decision(row: &Section<'_>) -> Option<Step> {
    let question = sentence(row, "question", "write what the founder is asked");
    needed(row, "within", "write how long it is asked, e.g. within = \"3d\"");
    let within_ms = duration(row, "within");
    let rows = row.sections("options");
    if !(2..=OPTIONS_MAX).contains(&rows.len()) {
        row.bad("options", format!("a question has 2 to {OPTIONS_MAX} options"), "write [[node.options]] twice");
    }
    let options: Vec<Choice> = rows.iter().filter_map(choice).collect();
    for (i, option) in options.iter().enumerate() {
        if options[..i].iter().any(|other| other.key == option.key) {
            row.bad("options", format!("two options have the key “{}”", option.key), "give each its own");
        }
    }
    let silence = row.required("silence", "name the safe option: it is taken when nobody answers");
    if let Some(silence) = silence.as_ref().filter(|key| !options.iter().any(|option| option.key == **key)) {
        row.bad("silence", format!("“{silence}” is not among the options"), "name the safe option");
    }
    Some(Step::Decision { question: question?, options, silence: silence?, within_ms: within_ms? })
}

fn choice(row: &Section<'_>) -> Option<Choice> {
    let key = word(row, "key", "name the option by one word");
    let title = sentence(row, "title", "write what the button says");
    let next = row.texts("next");
    row.finish();
    Some(Choice { key: key?, title: title?, next })
}

fn branch(row: &Section<'_>) -> Option<Step> {
    let rows = row.sections("cases");
    if rows.is_empty() || rows.len() > OPTIONS_MAX {
        row.bad("cases", format!("a branch has 1 to {OPTIONS_MAX} cases"), "write [[node.cases]]");
    }
    let cases = rows
        .iter()
        .filter_map(|row| {
            let when = row.required("when", "write a condition, e.g. when = \"rate > 0.05\"");
            let next = row.required("next", "name the node it leads to");
            row.finish();
            let when = when?;
            checked(row, "when", names(&when))?;
            Some(Case { when, next: next? })
        })
        .collect();
    let otherwise = row.required("otherwise", "name the node it leads to when no case holds");
    Some(Step::Branch { cases, otherwise: otherwise? })
}

fn experiment(row: &Section<'_>) -> Option<Step> {
    let lever = row.required("lever", "name a lever of business.toml, or a role of [needs] as @role");
    let metric = row.required("metric", "name the metric that decides");
    let hypothesis = sentence(row, "hypothesis", "say what is believed and why");
    let rows = row.sections("arms");
    if !(2..=OPTIONS_MAX).contains(&rows.len()) {
        row.bad("arms", format!("an experiment has 2 to {OPTIONS_MAX} arms, the control first"), "");
    }
    let arms: Vec<Arm> = rows.iter().filter_map(arm).collect();
    let portion = if row.has("share") { share(row, "share") } else { Some(1.0) };
    row.accept(&["share"]);
    let audience = row.text("audience");
    if let Some(text) = &audience {
        checked(row, "audience", Predicate::parse(text));
    }
    let mde = if row.has("mde") { share(row, "mde") } else { None };
    row.accept(&["mde"]);
    let question =
        Question { lever: lever?, arms, metric: metric?, hypothesis: hypothesis?, share: portion?, audience, mde };
    Some(Step::Experiment { question })
}

fn arm(row: &Section<'_>) -> Option<Arm> {
    let key = word(row, "key", "name the arm by one word");
    needed(row, "value", "write the value under test");
    let value = row.item("value").and_then(scalar).and_then(|value| value.to_lever());
    if value.is_none() && row.has("value") {
        row.bad("value", "a value is a text, a number, true or false", "");
    }
    if let Some(LeverValue::Text(text)) = &value {
        checked(row, "value", names_of_text(text));
    }
    row.finish();
    Some(Arm { key: key?, value: value? })
}

fn set(row: &Section<'_>) -> Option<Step> {
    needed(row, "values", "write values = { name = \"expression\" }");
    let table = row.section("values")?;
    let mut values = BTreeMap::new();
    for (name, item) in table.rest() {
        // A number or a truth stands for itself; a text is an expression.
        let expression = match (item.as_str(), scalar(item)) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(value)) => value.words().map(|words| match value {
                crate::Scalar::Bool(b) => b.to_string(),
                _ => words,
            }),
            _ => None,
        };
        let Some(expression) = expression else {
            table.bad(&name, format!("{name} should be an expression"), "texts stand in single quotes within it");
            continue;
        };
        if !is_variable(&name) {
            table.bad(&name, format!("“{name}” is no name of a variable"), "use letters, digits and _");
        } else if checked(&table, &name, names(&expression)).is_some() {
            values.insert(name, expression);
        }
    }
    Some(Step::Set { values })
}

fn sub(row: &Section<'_>) -> Option<Step> {
    let workflow = row.required("workflow", "name the workflow it starts, or a role of [needs] as @role");
    let wait = row.flag("wait", true);
    let mut inputs = BTreeMap::new();
    if let Some(table) = row.section("inputs") {
        for (name, item) in table.rest() {
            let Some(value) = scalar(item) else {
                table.bad(&name, format!("{name} should be a text, a number, true or false"), "");
                continue;
            };
            let template = Template(value.to_json());
            if checked(&table, &name, template.names()).is_some() {
                inputs.insert(name, template);
            }
        }
    }
    Some(Step::Sub { workflow: workflow?, inputs, wait })
}
