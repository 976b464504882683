//! What the experiments of a file must be in agreement about.

use super::Lever;
use super::section::Section;
use crate::experiment::Spec;
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
            let is_it =
                |rule: &Rule| matches!(&rule.serve, Serve::Experiment { experiment, .. } if *experiment == spec.key);
            let by_rule = lever.serving.rules.iter().any(is_it);
            if !by_rule && lever.serving.rules.iter().any(|rule| rule.key == spec.key) {
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
        Serve::Experiment { experiment, slice, .. } if *experiment != spec.key => {
            Some((experiment.as_str(), slice.as_ref()?))
        }
        _ => None,
    });
    let mut all = declared.chain(ruled);
    let clash = all.find(|(_, o)| o.layer == slice.layer && o.from < slice.to && slice.from < o.to);
    if let Some((other, _)) = clash {
        let message = format!("this slice of the layer “{}” overlaps the one of {other}", slice.layer);
        section.bad("layer", message, "move from and to, or put it into another layer");
    }
}
