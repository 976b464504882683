//! Effects, levers, metrics and workflows that are named must exist and fit.

use epoch_model::business::{Business, did_you_mean, misfit};

use super::{Around, Findings};
use crate::definition::{Call, Definition, Need, NeedKind, Question, Step};
use crate::needs::{self, ROLE};
use crate::scalar::Scalar;
use crate::template::Template;

pub(super) fn check(definition: &Definition, around: &Around<'_>, findings: &mut Findings) {
    for (kind, path, name) in needs::names(definition) {
        match name.strip_prefix(ROLE) {
            Some(role) => check_role(definition, kind, role, &path, findings),
            None => check_key(kind, &name, &path, around, definition, findings),
        }
    }
    for (role, need) in &definition.needs {
        check_bound(role, need, around.business, findings);
    }
    for node in &definition.nodes {
        let path = format!("node.{}", node.key);
        match &node.step {
            Step::Lever { lever, to } => check_value(lever, to, &format!("{path}.to"), around.business, findings),
            Step::Experiment { question } => check_arms(question, &path, around.business, findings),
            _ => {}
        }
        if let Some(Call::Lever { lever, to }) = &node.undo {
            check_value(lever, to, &format!("{path}.undo"), around.business, findings);
        }
    }
}

fn check_role(definition: &Definition, kind: NeedKind, role: &str, path: &str, findings: &mut Findings) {
    let Some(need) = definition.needs.get(role) else {
        let known: Vec<&str> = definition.needs.keys().map(String::as_str).collect();
        let hint = did_you_mean(role, &known).unwrap_or_else(|| format!("write [needs.{role}]"));
        return findings.add(path, format!("there is no role “{role}”"), hint);
    };
    if need.kind == kind {
        findings.add(
            path,
            format!("nothing fills the role “{role}”: {}", need.about),
            "choose a key of business.toml for it",
        );
    } else {
        let (wanted, is) = (word(kind), word(need.kind));
        findings.add(path, format!("{wanted} is needed here, and the role “{role}” is {is}"), "");
    }
}

fn check_bound(role: &str, need: &Need, business: &Business, findings: &mut Findings) {
    if let Some(reason) = need.bound.as_ref().and_then(|key| needs::misfit(need, key, business)) {
        findings.add(format!("needs.{role}"), reason, "choose another key for the role");
    }
}

fn check_key(
    kind: NeedKind,
    name: &str,
    path: &str,
    around: &Around<'_>,
    definition: &Definition,
    findings: &mut Findings,
) {
    let business = around.business;
    let known: Vec<&str> = match kind {
        NeedKind::Effect => business.effects.iter().map(|e| e.key.as_str()).collect(),
        NeedKind::Lever => business.levers.iter().map(|l| l.key.as_str()).collect(),
        NeedKind::Metric => business.metrics.iter().map(|m| m.key.as_str()).collect(),
        NeedKind::Workflow => around.workflows.to_vec(),
    };
    if kind == NeedKind::Workflow && name == definition.key {
        return findings.add(path, "a workflow cannot start itself", "lead back to an earlier node instead");
    }
    if known.contains(&name) {
        return;
    }
    let hint = did_you_mean(name, &known).unwrap_or_else(|| match known.as_slice() {
        [] => format!("the business has no {}", word(kind).trim_start_matches("an ").trim_start_matches("a ")),
        known => format!("there are {}", known.join(", ")),
    });
    let what = word(kind).trim_start_matches("an ").trim_start_matches("a ");
    findings.add(path, format!("there is no {what} “{name}”"), hint);
}

fn word(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Effect => "an effect",
        NeedKind::Lever => "a lever",
        NeedKind::Metric => "a metric",
        NeedKind::Workflow => "a workflow",
    }
}

/// A value that is written out must be one the lever takes; one that is computed is judged when it is.
fn check_value(lever: &str, to: &Template, path: &str, business: &Business, findings: &mut Findings) {
    let Some(lever) = business.levers.iter().find(|l| l.key == lever) else { return };
    if to.names().is_ok_and(|names| names.is_empty())
        && let Ok(value) = to.render(&crate::Variables::new())
        && let Some(value) = Scalar::of_json(&value).to_lever()
        && let Some((message, hint)) = misfit(&lever.kind, &value)
    {
        findings.add(path, message, hint);
    }
}

fn check_arms(question: &Question, path: &str, business: &Business, findings: &mut Findings) {
    for arm in &question.arms {
        if let Ok(value) = serde_json::to_value(&arm.value) {
            check_value(&question.lever, &Template(value), &format!("{path}.arms"), business, findings);
        }
    }
    let metric = business.metrics.iter().find(|m| m.key == question.metric);
    if metric.is_some_and(|metric| !metric.kind.is_per_unit()) {
        findings.add(
            format!("{path}.metric"),
            format!("“{}” cannot be said of one unit alone, so arms cannot be compared by it", question.metric),
            "name a metric that counts or sums what a unit did",
        );
    }
}
