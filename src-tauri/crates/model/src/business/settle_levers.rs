//! What the levers of a business must be in agreement about: prerequisites, layers, holdouts.

use std::collections::BTreeMap;

use super::Lever;
use super::parse_rule::misfit;
use super::section::{Section, did_you_mean};
use crate::serving::{Serve, Slice};

/// Longest chain of prerequisites.
const CHAIN_MAX: usize = 8;

/// Notes what does not agree. `sections` are all rows of the file, `levers` those that could be read.
pub(super) fn settle_levers(sections: &[Section<'_>], levers: &[Lever]) {
    let rows: Vec<(&Section<'_>, &Lever)> = levers
        .iter()
        .filter_map(|lever| sections.iter().find(|s| s.path == format!("lever.{}", lever.key)).map(|s| (s, lever)))
        .collect();
    prerequisites(&rows);
    layers(&rows);
    holdouts(&rows);
}

fn prerequisites(rows: &[(&Section<'_>, &Lever)]) {
    let keys: Vec<&str> = rows.iter().map(|(_, l)| l.key.as_str()).collect();
    for (section, lever) in rows {
        let mut all_known = true;
        for required in &lever.serving.requires {
            match rows.iter().find(|(_, l)| l.key == required.lever) {
                None => {
                    let hint = did_you_mean(&required.lever, &keys)
                        .unwrap_or_else(|| format!("there are {}", keys.join(", ")));
                    section.bad("requires", format!("there is no lever “{}”", required.lever), hint);
                    all_known = false;
                }
                Some((_, other)) => {
                    if let Some((message, hint)) = misfit(&other.kind, &required.is) {
                        section.bad("requires", format!("{} can never be that: {message}", required.lever), hint);
                    }
                }
            }
        }
        if all_known && !ends(rows, lever, CHAIN_MAX) {
            let message = format!("what it requires leads back to itself, or through more than {CHAIN_MAX} levers");
            section.bad("requires", message, "break the circle");
        }
    }
}

/// Whether the chains of prerequisites from this lever end within `left` steps. Longest paths are found by breadth, so
/// that many ways to the same lever cost nothing.
fn ends(rows: &[(&Section<'_>, &Lever)], lever: &Lever, left: usize) -> bool {
    let mut reached: Vec<&Lever> = vec![lever];
    for _ in 0..left {
        let mut next: Vec<&Lever> = Vec::new();
        for required in reached.iter().flat_map(|l| &l.serving.requires) {
            let found = rows.iter().map(|(_, l)| *l).find(|l| l.key == required.lever);
            if let Some(found) = found.filter(|f| next.iter().all(|n| n.key != f.key)) {
                next.push(found);
            }
        }
        if next.is_empty() {
            return true;
        }
        reached = next;
    }
    false
}

struct Taken<'a> {
    experiment: &'a str,
    slice: &'a Slice,
    lever: &'a Lever,
    path: String,
}

fn layers(rows: &[(&Section<'_>, &Lever)]) {
    let mut taken: BTreeMap<&str, Vec<Taken<'_>>> = BTreeMap::new();
    for (section, lever) in rows {
        let written = section.sections("rule");
        for rule in &lever.serving.rules {
            let Serve::Experiment { experiment, slice: Some(slice), .. } = &rule.serve else { continue };
            let here = Taken { experiment, slice, lever, path: format!("{}.{}", lever.key, rule.key) };
            let Some(row) = written.iter().find(|s| s.path.ends_with(&format!(".rule.{}", rule.key))) else { continue };
            let others = taken.entry(slice.layer.as_str()).or_default();
            let overlaps =
                |o: &&Taken<'_>| o.experiment != here.experiment && o.slice.from < slice.to && slice.from < o.slice.to;
            if let Some(other) = others.iter().find(overlaps) {
                let message = format!(
                    "this slice of the layer “{}” overlaps the one of {} ({})",
                    slice.layer, other.path, other.experiment
                );
                row.bad("layer", message, "move from and to, or put it into another layer");
            }
            if let Some(other) = others.iter().find(|o| o.lever.serving.group != lever.serving.group) {
                let message = format!("the layer “{}” sorts other units in {}", slice.layer, other.path);
                row.bad("layer", message, "levers of one layer share one group, or none");
            }
            others.push(here);
        }
    }
}

fn holdouts(rows: &[(&Section<'_>, &Lever)]) {
    let mut known: BTreeMap<&str, (&Lever, f64)> = BTreeMap::new();
    for (section, lever) in rows {
        let Some(holdout) = &lever.serving.holdout else { continue };
        let (first, share) = *known.entry(&holdout.key).or_insert((lever, holdout.share));
        if (share - holdout.share).abs() > 1e-12 {
            let message = format!("the holdout “{}” has another share in {}", holdout.key, first.key);
            section.bad("holdout", message, "one holdout holds one share of everybody out");
        }
    }
}
