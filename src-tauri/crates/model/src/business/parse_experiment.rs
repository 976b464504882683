//! `[[experiment]]`: a question with its arms, metric and exposures; and `[experiments]`: how the engine experiments.

use super::literal::{deadline, share, since};
use super::parse::Frame;
use super::parse_arms::arms;
use super::parse_metric::title;
use super::parse_rule::{needed, portion, slice, word};
use super::section::{Section, did_you_mean};
use super::{Guardrail, Lever, Metric};
use crate::experiment::{Experimenting, Exposure, Origin, Purpose, Spec};
use crate::expr::Expr;
use crate::predicate::Predicate;
use crate::serving::{Arm, Rule, Serve};
use crate::time::Millis;

/// What the rest of the file says that experiments refer to.
pub(super) struct Around<'a> {
    pub metrics: &'a [Metric],
    pub levers: &'a [Lever],
    pub guardrails: &'a [Guardrail],
    pub frame: &'a Frame,
}

/// The rule of a lever whose arms belong to this experiment.
fn file_rule<'a>(levers: &'a [Lever], experiment: &str) -> Option<(&'a Lever, &'a Rule)> {
    levers.iter().find_map(|lever| {
        let mine = |r: &&Rule| matches!(&r.serve, Serve::Experiment { experiment: e, .. } if e == experiment);
        lever.serving.rules.iter().find(mine).map(|rule| (lever, rule))
    })
}

/// One `[[experiment]]`.
pub(super) fn experiment(section: &Section<'_>, around: &Around<'_>) -> Option<Spec> {
    let key = needed(section, "key", "name it in one word, e.g. key = \"price-2026\"");
    let name = key.clone().unwrap_or_default();
    let title = title(section, &name.replace('-', "_"));
    let hypothesis = section.text("hypothesis").unwrap_or_default();
    let ruled = key.as_deref().and_then(|key| file_rule(around.levers, key));
    let lever = lever(section, around, ruled.is_some());
    let metric = decider(section, around);
    let served = lever.is_some();
    let arms = match ruled {
        Some((_, rule)) => {
            let why = "its lever's rule in this file has the arms";
            refuse(section, &["arms", "share", "layer", "if", "exposure"], why, "leave it out");
            arms_of(rule)
        }
        None => arms(section, lever),
    };
    let exposure = match (ruled, lever) {
        (Some((lever, _)), _) => Some(Exposure::of_lever(&lever.key)),
        (None, Some(lever)) if !section.has("exposure") => {
            section.accept(&["exposure"]);
            Some(Exposure::of_lever(&lever.key))
        }
        (None, _) => exposure(section),
    };
    if !served && ruled.is_none() {
        let why = "somebody else sorts its units";
        refuse(section, &["share", "layer"], why, "leave it out, or name the lever");
        refuse(section, &["if"], why, "write it as exposure = { …, where = \"…\" }");
    }
    let share = match ruled.map(|(_, rule)| &rule.serve) {
        Some(Serve::Experiment { share, .. }) => Some(*share),
        _ if section.has("share") => portion(section, "share"),
        _ => Some(1.0),
    };
    if ruled.is_none() && share == Some(0.0) {
        section.bad("share", "nobody would be in it", "write e.g. \"50 %\"");
    }
    let slice = match (ruled.map(|(_, rule)| &rule.serve), section.section("layer").map(|row| slice(&row))) {
        (Some(Serve::Experiment { slice, .. }), _) => slice.clone(),
        (_, Some(None)) => return None,
        (_, other) => other.flatten(),
    };
    section.accept(&["share", "layer"]);
    let group = group(section, ruled.map(|(l, _)| l).or(lever), metric);
    let from = instant(section, "from", around.frame, true);
    let until = instant(section, "until", around.frame, false);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        section.bad("until", "until is not after from", "until names the last day that counts");
    }
    let spec = Spec {
        title,
        hypothesis,
        origin: Origin::File,
        purpose: purpose(section, served),
        lever: ruled.map(|(l, _)| l).or(lever).map(|l| l.key.clone()),
        arms: arms?,
        secondary: others(section, "secondary", around, (metric, group.as_deref())),
        guardrails: guardrails(section, around, (metric, group.as_deref())),
        exposure: exposure?,
        audience: audience(section, ruled.and_then(|(_, r)| r.when.clone())),
        share: share?,
        slice,
        group,
        from,
        until,
        mde: mde(section),
        cap: cap(section),
        hypothesis_id: None,
        parent: None,
        key: key?,
        metric: metric?.key.clone(),
    };
    section.finish();
    Some(spec)
}

fn refuse(section: &Section<'_>, keys: &[&'static str], why: &str, hint: &str) {
    for key in keys {
        section.accept(&[key]);
        if section.has(key) {
            section.bad(key, format!("{key} has no place here: {why}"), hint);
        }
    }
}

fn lever<'a>(section: &Section<'_>, around: &Around<'a>, ruled: bool) -> Option<&'a Lever> {
    let name = section.text("lever")?;
    let found = around.levers.iter().find(|l| l.key == name);
    if found.is_none() {
        let keys: Vec<&str> = around.levers.iter().map(|l| l.key.as_str()).collect();
        section.bad("lever", format!("there is no lever “{name}”"), known(&name, &keys, "declare it with [[lever]]"));
    } else if ruled {
        section.bad("lever", "a rule of a lever in this file serves this experiment already", "leave lever out");
        return None;
    }
    found
}

fn known(name: &str, keys: &[&str], none: &str) -> String {
    did_you_mean(name, keys).unwrap_or_else(|| match keys {
        [] => none.to_owned(),
        keys => format!("there are {}", keys.join(", ")),
    })
}

/// A metric by name that can be said of one unit.
fn per_unit<'a>(section: &Section<'_>, key: &str, name: &str, around: &Around<'a>) -> Option<&'a Metric> {
    let Some(metric) = around.metrics.iter().find(|m| m.key == name) else {
        let keys: Vec<&str> = around.metrics.iter().filter(|m| m.kind.is_per_unit()).map(|m| m.key.as_str()).collect();
        section.bad(key, format!("there is no metric “{name}”"), known(name, &keys, "define it with [[metric]]"));
        return None;
    };
    if !metric.kind.is_per_unit() {
        let message = format!("“{name}” cannot be said of one unit, so arms cannot be compared by it");
        section.bad(key, message, "use a count, sum, mean_per_unit, proportion, ratio of sums, retention or quantile");
        return None;
    }
    Some(metric)
}

fn decider<'a>(section: &Section<'_>, around: &Around<'a>) -> Option<&'a Metric> {
    let name = section.required("metric", "name the metric that decides")?;
    let metric = per_unit(section, "metric", &name, around)?;
    if metric.better == super::Better::Neither {
        section.bad("metric", "this metric has no better direction", "give the metric better = \"up\" or \"down\"");
        return None;
    }
    Some(metric)
}

fn others(
    section: &Section<'_>,
    key: &'static str,
    around: &Around<'_>,
    (metric, group): (Option<&Metric>, Option<&str>),
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in section.texts(key) {
        if metric.is_some_and(|m| m.key == name) || found.contains(&name) {
            section.bad(key, format!("“{name}” is named twice"), "name each metric once");
        } else if let Some(metric) = per_unit(section, key, &name, around) {
            same_unit(section, key, metric, group);
            found.push(metric.key.clone());
        }
    }
    found
}

/// Those named, else the business's own that fit.
fn guardrails(section: &Section<'_>, around: &Around<'_>, unit: (Option<&Metric>, Option<&str>)) -> Vec<String> {
    if section.has("guardrails") {
        return others(section, "guardrails", around, unit);
    }
    let (metric, group) = unit;
    section.accept(&["guardrails"]);
    let secondary = section.texts("secondary");
    let fits = |key: &&String| {
        let declared = around.metrics.iter().find(|m| m.key == **key);
        declared.is_some_and(|m| m.kind.is_per_unit() && m.by.as_deref().is_none_or(|by| Some(by) == group))
            && metric.is_none_or(|m| m.key != **key)
            && !secondary.contains(key)
    };
    let mut found: Vec<String> = around.guardrails.iter().map(|g| &g.metric).filter(fits).cloned().collect();
    found.dedup();
    found
}

fn arms_of(rule: &Rule) -> Option<Vec<Arm>> {
    match &rule.serve {
        Serve::Experiment { arms, .. } => Some(arms.clone()),
        Serve::Value { .. } => None,
    }
}

fn exposure(section: &Section<'_>) -> Option<Exposure> {
    if !section.has("exposure") {
        section.accept(&["exposure"]);
        section.bad(
            "exposure",
            "exposure is missing: nobody says which events sort the units",
            "write exposure = { event = \"assigned\", arm = \"variant\" }, or name a lever",
        );
        return None;
    }
    let row = section.section("exposure")?;
    let event = row.required("event", "name the event that says a unit saw an arm");
    let arm = row.required("arm", "name the property that holds the arm");
    let filter = row.text("where").and_then(|text| match Expr::parse(&text) {
        Ok(_) => Some(text),
        Err(e) => {
            row.bad("where", e.message, e.hint);
            None
        }
    });
    row.finish();
    Some(Exposure { event: event?, arm: arm?, filter })
}

fn audience(section: &Section<'_>, ruled: Option<String>) -> Option<String> {
    if ruled.is_some() {
        return ruled;
    }
    let text = section.text("if")?;
    match Predicate::parse(&text) {
        Ok(_) => Some(text),
        Err(e) => {
            section.bad("if", e.message, e.hint);
            None
        }
    }
}

fn group(section: &Section<'_>, lever: Option<&Lever>, metric: Option<&Metric>) -> Option<String> {
    let written = word(section, "group");
    let group = written.clone().or_else(|| lever.and_then(|l| l.serving.group.clone()));
    if let (Some(lever), Some(written)) = (lever, &written)
        && lever.serving.group.as_ref() != Some(written)
    {
        let sorted = lever.serving.group.as_deref().unwrap_or("person");
        section.bad("group", format!("the lever {} sorts by {sorted}", lever.key), "leave group out");
    }
    if let Some(metric) = metric {
        same_unit(section, "metric", metric, group.as_deref());
    }
    group
}

/// Whether a metric is of the units that are sorted.
fn same_unit(section: &Section<'_>, key: &str, metric: &Metric, group: Option<&str>) {
    if metric.by.as_deref().is_some_and(|by| Some(by) != group) {
        let (by, sorted) = (metric.by.as_deref().unwrap_or_default(), group.unwrap_or("person"));
        let message = format!("{} is per {by}, the experiment sorts by {sorted}", metric.key);
        section.bad(key, message, format!("write group = \"{by}\", or choose a metric per {sorted}"));
    }
}

/// A day or an instant: the first instant of the day for `from`, the first one after it for `until`.
fn instant(section: &Section<'_>, key: &'static str, frame: &Frame, first: bool) -> Option<Millis> {
    let item = section.item(key)?;
    let text = item.as_datetime().map(ToString::to_string).or_else(|| item.as_str().map(str::to_owned));
    let read = |t: &str| if first { since(t, frame.zone()) } else { deadline(t, frame.zone()) };
    let at = text.as_deref().and_then(read);
    if at.is_none() {
        section.bad(key, format!("{key} should be a date"), format!("write {key} = 2027-03-31"));
    }
    at
}

fn purpose(section: &Section<'_>, served: bool) -> Purpose {
    let purposes = [("decide", Purpose::Decide), ("bandit", Purpose::Bandit)];
    let purpose = section.choice("purpose", &purposes).unwrap_or(Purpose::Decide);
    if purpose == Purpose::Bandit && !served {
        section.bad("purpose", "traffic can only be moved where a lever serves the arms", "name the lever");
    }
    purpose
}

fn mde(section: &Section<'_>) -> Option<f64> {
    let read = |t: &str| share(t).ok_or_else(|| format!("“{t}” is no share"));
    let mde = section.number_or("mde", "\"5 %\" or 0.05", read)?;
    if !(1e-6..=10.0).contains(&mde) {
        let hint = "it is relative: \"5 %\" is a change from 2.00 to 2.10";
        section.bad("mde", format!("{mde} is no relative effect to look for"), hint);
        return None;
    }
    Some(mde)
}

fn cap(section: &Section<'_>) -> Option<f64> {
    let cap = section.number("cap")?;
    if cap <= 0.0 {
        section.bad("cap", "cap must be above 0", "write the largest value of one unit that counts in full");
        return None;
    }
    Some(cap)
}

/// `[experiments]`.
pub(super) fn experimenting(section: &Section<'_>) -> Experimenting {
    let standard = Experimenting::default();
    let within = |key: &'static str, low: f64, high: f64, absent: f64, hint: &str| {
        let read = |t: &str| share(t).ok_or_else(|| format!("“{t}” is no share"));
        let Some(n) = section.number_or(key, hint, read) else { return absent };
        if !(low..=high).contains(&n) {
            section.bad(key, format!("{key} should lie between {low} and {high}"), format!("write {hint}"));
            return absent;
        }
        n
    };
    let settings = Experimenting {
        autonomous: section.flag("on", standard.autonomous),
        alpha: within("alpha", 0.001, 0.2, standard.alpha, "alpha = 0.05"),
        power: within("power", 0.5, 0.99, standard.power, "power = 0.8"),
        false_discoveries: within("false_discoveries", 0.001, 0.5, standard.false_discoveries, "\"5 %\" or 0.05"),
        days_max: section.whole("days_max", 1..366).unwrap_or(standard.days_max),
        running_max: section.whole("at_once", 1..101).unwrap_or(standard.running_max),
        self_audit: within("self_audit", 0.0, 0.5, standard.self_audit, "\"5 %\" or 0.05"),
    };
    section.finish();
    settings
}
