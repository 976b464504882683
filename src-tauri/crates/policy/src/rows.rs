//! The policy table of `business.toml` as Cedar: the first row that fits decides, and what fits none asks.

use std::fmt::Write as _;

use epoch_model::business::{PolicyAnswer, PolicyRule};

use crate::facts::{domain_word, level_number, reversibility_number};

/// A row's condition; `true` where it speaks of everything.
fn condition(row: &PolicyRule) -> String {
    let any = |name: &str, numbers: Vec<i64>| {
        let parts: Vec<String> = numbers.iter().map(|n| format!("context.{name} == {n}")).collect();
        if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(" || ")) }
    };
    let mut parts = Vec::new();
    if !row.levels.is_empty() {
        parts.push(any("level", row.levels.iter().map(|l| level_number(*l)).collect()));
    }
    if !row.reversibility.is_empty() {
        parts.push(any("reversibility", row.reversibility.iter().map(|r| reversibility_number(*r)).collect()));
    }
    if !row.domains.is_empty() {
        let domains: Vec<String> =
            row.domains.iter().map(|d| format!("resource in Domain::\"{}\"", domain_word(*d))).collect();
        parts.push(if domains.len() == 1 { domains.concat() } else { format!("({})", domains.join(" || ")) });
    }
    if let Some(most) = row.stake_at_most_minor {
        parts.push(format!("context has stake && context.stake <= {most}"));
    }
    if parts.is_empty() { "true".to_owned() } else { parts.join(" && ") }
}

/// The rows as a Cedar text that answers the same. Comments and titles are kept as `@title`.
pub fn cedar_of(rows: &[PolicyRule]) -> String {
    let mut out = String::new();
    let mut before: Vec<String> = Vec::new();
    for row in rows {
        let own = condition(row);
        let mut all: Vec<String> = before.iter().map(|c| format!("!({c})")).collect();
        if own != "true" {
            all.push(own.clone());
        }
        let when = if all.is_empty() { String::new() } else { format!("\nwhen {{\n  {}\n}}", all.join(" &&\n  ")) };
        let actions = match row.answer {
            PolicyAnswer::Run => "action in [Action::\"execute\", Action::\"propose\"]",
            PolicyAnswer::Ask => "action == Action::\"propose\"",
            // A denial is said, not only left unsaid: then the verdict can name the row.
            PolicyAnswer::Deny => "action",
        };
        let denies = row.answer == PolicyAnswer::Deny;
        let effect = if denies { "forbid" } else { "permit" };
        let title = row.name.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a String cannot fail.
        let _ = write!(out, "@title(\"{title}\")\n{effect} (principal, {actions}, resource){when};\n\n");
        if own == "true" {
            return out;
        }
        // Later rows need not be kept from what is forbidden: forbidding wins.
        if !denies {
            before.push(own);
        }
    }
    let when = if before.is_empty() {
        String::new()
    } else {
        let all: Vec<String> = before.iter().map(|c| format!("!({c})")).collect();
        format!("\nwhen {{\n  {}\n}}", all.join(" &&\n  "))
    };
    let _ = write!(
        out,
        "@title(\"What fits no rule asks\")\npermit (principal, action == Action::\"propose\", resource){when};\n"
    );
    out
}
