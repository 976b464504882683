//! What the experiments of a file must be in agreement about, and those that rules of levers imply.

use super::parse_experiment::{Around, file_rule};
use super::section::Section;
use super::{Better, Goal, Lever, Metric};
use crate::experiment::{Exposure, Origin, Purpose, Spec};
use crate::serving::{Rule, Serve};

/// Most experiments of one file.
const EXPERIMENTS_MAX: usize = 200;

/// Notes what does not agree. `sections` are all rows of the file, `specs` those that could be read.
pub(super) fn settle_experiments(sections: &[Section<'_>], specs: &[Spec], levers: &[Lever]) {
    if let Some(section) = sections.get(EXPERIMENTS_MAX) {
        section.bad("key", format!("a file declares at most {EXPERIMENTS_MAX} experiments"), "take old ones out");
    }
    let row = |spec: &Spec| sections.iter().find(|s| s.path == format!("experiment.{}", spec.key));
    for (i, spec) in specs.iter().enumerate() {
        let Some(section) = row(spec) else { continue };
        let lever = spec.lever.as_ref().and_then(|key| levers.iter().find(|l| l.key == *key));
        if let Some(lever) = lever {
            if lever.serving.rules.iter().any(|rule| rule.key == spec.key) {
                let message = format!("a rule of the lever {} has this key", lever.key);
                section.bad("key", message, "an experiment is a rule of its lever: give one of them another key");
            }
            if lever.serving.off {
                let hint = "switch the lever on, or take the experiment out";
                section.bad("lever", format!("the lever {} is off: nobody would see the arms", lever.key), hint);
            }
        }
        overlap(section, spec, &specs[..i], levers);
    }
}

/// Slices of one layer must be disjoint.
fn overlap(section: &Section<'_>, spec: &Spec, before: &[Spec], levers: &[Lever]) {
    let Some(slice) = &spec.slice else { return };
    let declared = before.iter().filter_map(|s| Some((s.key.as_str(), s.slice.as_ref()?)));
    let ruled = levers.iter().flat_map(|l| &l.serving.rules).filter_map(|rule| match &rule.serve {
        Serve::Experiment { experiment, slice, .. } => Some((experiment.as_str(), slice.as_ref()?)),
        Serve::Value { .. } => None,
    });
    let mut all = declared.chain(ruled);
    let clash = all.find(|(_, o)| o.layer == slice.layer && o.from < slice.to && slice.from < o.to);
    if let Some((other, _)) = clash {
        let message = format!("this slice of the layer “{}” overlaps the one of {other}", slice.layer);
        section.bad("layer", message, "move from and to, or put it into another layer");
    }
}

/// The experiments of lever rules that no `[[experiment]]` names. The file sorts their units, so they have no lever to act on:
/// they are read and concluded. What decides is the metric of the first goal that fits, else the first metric that does; without
/// any there is no question.
pub(super) fn implied(declared: &[Spec], around: &Around<'_>, goals: &[Goal]) -> Vec<Spec> {
    let fits = |m: &&Metric| m.kind.is_per_unit() && m.better != Better::Neither;
    let aims = goals.iter().filter_map(|g| around.metrics.iter().find(|m| m.key == g.metric));
    let candidates: Vec<&Metric> = aims.chain(around.metrics).filter(fits).collect();
    let mut found: Vec<Spec> = Vec::new();
    for lever in around.levers {
        for rule in &lever.serving.rules {
            let Serve::Experiment { experiment, .. } = &rule.serve else { continue };
            if declared.iter().chain(&found).any(|s| s.key == *experiment) {
                continue;
            }
            // Two levers may name one experiment; its exposures are those of the first.
            let first =
                file_rule(around.levers, experiment).is_some_and(|(l, r)| l.key == lever.key && r.key == rule.key);
            let group = &lever.serving.group;
            let metric = candidates.iter().find(|m| m.by.is_none() || m.by == *group);
            if let Some(metric) = metric.filter(|_| first) {
                found.extend(of_rule(lever, rule, metric, around));
            }
        }
    }
    found
}

fn of_rule(lever: &Lever, rule: &Rule, metric: &Metric, around: &Around<'_>) -> Option<Spec> {
    let Serve::Experiment { experiment, arms, .. } = &rule.serve else { return None };
    let fits = |key: &&String| {
        let same_unit = |m: &Metric| m.by.is_none() || m.by == lever.serving.group;
        **key != metric.key && around.metrics.iter().any(|m| m.key == **key && m.kind.is_per_unit() && same_unit(m))
    };
    Some(Spec {
        key: experiment.clone(),
        title: rule.name.clone(),
        hypothesis: String::new(),
        origin: Origin::File,
        purpose: Purpose::Decide,
        lever: None,
        arms: arms.clone(),
        metric: metric.key.clone(),
        secondary: Vec::new(),
        guardrails: around.guardrails.iter().map(|g| &g.metric).filter(fits).cloned().collect(),
        exposure: Exposure::of_lever(&lever.key),
        audience: rule.when.clone(),
        share: 1.0,
        slice: None,
        group: lever.serving.group.clone(),
        from: None,
        until: None,
        mde: None,
        cap: None,
        hypothesis_id: None,
        parent: None,
    })
}
