//! Text to policies: parsed, validated strictly against the schema, every problem with its place.

use std::str::FromStr as _;
use std::sync::LazyLock;

use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::words::actions;

/// What a policy may ask, in Cedar's schema language, with a comment on every fact.
pub const SCHEMA: &str = include_str!("policy.cedarschema");

/// Longest text and most rules: a founder reads them.
const BYTES_MAX: usize = 200_000;
const RULES_MAX: usize = 500;

/// Something wrong with a policy text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyProblem")]
pub struct Problem {
    /// From 1; 0 where it is about the whole text.
    pub line: u32,
    pub message: String,
    /// What to do.
    pub hint: String,
}

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| Validator::new(schema)).map_err(|e| e.to_string())
});

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

fn place(text: &str, diagnostic: &dyn Diagnostic) -> u32 {
    diagnostic.labels().and_then(|mut labels| labels.next()).map_or(0, |label| line_of(text, label.offset()))
}

fn hint(diagnostic: &dyn Diagnostic, otherwise: &str) -> String {
    diagnostic.help().map_or_else(|| otherwise.to_owned(), |help| help.to_string())
}

/// Policies with their ids in the order of the text.
pub(crate) fn read(text: &str) -> Result<(PolicySet, Vec<PolicyId>), Vec<Problem>> {
    let whole = |message: String, hint: &str| vec![Problem { line: 0, message, hint: hint.to_owned() }];
    if text.len() > BYTES_MAX {
        return Err(whole(format!("the policy is longer than {BYTES_MAX} bytes"), "write fewer or shorter rules"));
    }
    let set = PolicySet::from_str(text).map_err(|errors| {
        errors
            .iter()
            .map(|e| Problem {
                line: place(text, e),
                message: e.to_string(),
                hint: hint(e, "a rule reads: permit (principal, action, resource) when { … };"),
            })
            .collect::<Vec<_>>()
    })?;
    if set.templates().next().is_some() {
        return Err(whole("templates are not used here".to_owned(), "write the rule without ?principal and ?resource"));
    }
    // Ids are `policy0`, `policy1`, … in the order of the text.
    let mut order: Vec<PolicyId> = set.policies().map(|p| p.id().clone()).collect();
    order.sort_by_key(|id| id.to_string().trim_start_matches("policy").parse::<u32>().unwrap_or(u32::MAX));
    if order.len() > RULES_MAX {
        return Err(whole(format!("there are more than {RULES_MAX} rules"), "join some with ||"));
    }
    let validator = VALIDATOR.as_ref().map_err(|e| whole(e.clone(), "report this"))?;
    let checked = validator.validate(&set, ValidationMode::Strict);
    let problems: Vec<Problem> = checked
        .validation_errors()
        .map(|e| Problem {
            line: place(text, e),
            message: e.to_string(),
            hint: hint(e, "the facts a rule may ask are listed in the schema"),
        })
        .chain(checked.validation_warnings().map(|w| Problem {
            line: place(text, w),
            message: w.to_string(),
            hint: hint(w, "a rule that can never hold, or that looks like another than it is, is refused"),
        }))
        .collect();
    if problems.is_empty() { Ok((set, order)) } else { Err(problems) }
}

/// The rules that speak of executing, and those that speak of proposing.
pub(crate) fn by_action(set: &PolicySet) -> Result<(PolicySet, PolicySet), Vec<Problem>> {
    let failed = |message: String| vec![Problem { line: 0, message, hint: "report this".to_owned() }];
    let (mut executing, mut proposing) = (Vec::new(), Vec::new());
    for rule in set.policies() {
        let tree = rule.to_json().map_err(|e| failed(e.to_string()))?;
        let (runs, puts) = actions(&tree["action"]);
        executing.extend(runs.then(|| rule.clone()));
        proposing.extend(puts.then(|| rule.clone()));
    }
    let whole = |rules: Vec<cedar_policy::Policy>| PolicySet::from_policies(rules).map_err(|e| failed(e.to_string()));
    Ok((whole(executing)?, whole(proposing)?))
}
