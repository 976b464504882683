//! Levers compiled: predicates parsed, seeds hashed, prerequisites found, and known beforehand which draws are used more
//! than once on the way to a value.

use std::collections::BTreeMap;

use epoch_model::predicate::Predicate;
use epoch_model::serving::{Flag, Serve};

use crate::hash::{BUCKETS, Seed, arm_seed, below, holdout_seed, layer_seed, share_seed};

/// A point drawn for a unit. Draws with one seed over one kind of unit are the same draw, whichever lever asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Draw {
    pub seed: Seed,
    pub id: usize,
}

/// Passes units whose bucket lies in `from..to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gate {
    pub draw: Draw,
    pub from: u32,
    pub to: u32,
}

/// Arms by bucket.
#[derive(Debug, Clone)]
pub(crate) struct Arms {
    pub draw: Draw,
    /// First bucket after each arm; the last is [`BUCKETS`].
    pub ends: Vec<u32>,
}

/// A rule compiled. It stands at the same place as in the flag.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// `Err` for a predicate that does not parse: validated levers have none, and one that slips through fits nobody.
    pub when: Result<Option<Predicate>, ()>,
    pub slice: Option<Gate>,
    pub share: Option<Gate>,
    pub arms: Option<Arms>,
}

/// A prerequisite compiled: the place of the lever it asks, and of itself in the flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Required {
    pub lever: usize,
    pub at: usize,
}

/// A draw that several things on the way to a value depend on, cut where one of them changes.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub id: usize,
    /// First bucket of each piece and its width in buckets.
    pub pieces: Vec<(u32, u32)>,
}

/// A lever compiled.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub holdout: Option<Gate>,
    pub requires: Vec<Required>,
    /// A prerequisite names a lever that does not exist, or leads back: it never holds.
    pub broken: bool,
    pub steps: Vec<Step>,
    /// Draws used more than once by this lever and those it requires.
    pub shared: Vec<Shared>,
}

/// Longest chain of prerequisites that is followed; validation allows fewer.
const DEPTH_MAX: usize = 16;

/// Compiles levers that refer to each other by key.
pub(crate) fn compile(flags: &[Flag], index: &BTreeMap<String, usize>) -> Vec<Plan> {
    let mut ids: BTreeMap<(Option<&str>, String), usize> = BTreeMap::new();
    let mut plans: Vec<Plan> = flags.iter().map(|flag| one(flag, index, &mut ids)).collect();
    for at in 0..plans.len() {
        if !ends(&plans, at, DEPTH_MAX) {
            plans[at].broken = true;
        }
    }
    // Only now, so that every lever on a circle is broken and none is followed.
    for plan in plans.iter_mut().filter(|plan| plan.broken) {
        plan.requires.clear();
    }
    let shared: Vec<Vec<Shared>> = (0..plans.len()).map(|at| shared(&plans, at)).collect();
    for (plan, shared) in plans.iter_mut().zip(shared) {
        plan.shared = shared;
    }
    plans
}

fn one<'a>(
    flag: &'a Flag,
    index: &BTreeMap<String, usize>,
    ids: &mut BTreeMap<(Option<&'a str>, String), usize>,
) -> Plan {
    let serving = &flag.serving;
    let group = serving.group.as_deref();
    let mut draw = |seed: String| {
        let hashed = Seed::new(&seed);
        let next = ids.len();
        Draw { seed: hashed, id: *ids.entry((group, seed)).or_insert(next) }
    };
    let holdout = serving.holdout.as_ref().filter(|h| h.share > 0.0).map(|h| Gate {
        draw: draw(holdout_seed(&h.key)),
        from: 0,
        to: below(h.share),
    });
    let steps = serving
        .rules
        .iter()
        .map(|rule| {
            let when = rule.when.as_deref().map(Predicate::parse).transpose().map_err(|_| ());
            let (share, arms, slice) = match &rule.serve {
                Serve::Value { share, .. } => (*share, None, None),
                Serve::Experiment { arms, share, slice, .. } => (*share, Some(arms), slice.as_ref()),
            };
            let slice = slice.map(|s| Gate { draw: draw(layer_seed(&s.layer)), from: below(s.from), to: below(s.to) });
            let share = (share < 1.0).then(|| Gate {
                draw: draw(share_seed(&serving.seed, &rule.key)),
                from: 0,
                to: below(share),
            });
            let arms = arms.map(|arms| {
                let mut total = 0.0;
                let mut ends: Vec<u32> = arms
                    .iter()
                    .map(|arm| {
                        total += arm.weight;
                        below(total)
                    })
                    .collect();
                if let Some(last) = arms.iter().rposition(|arm| arm.weight > 0.0) {
                    // Weights that add up to a little less than 1 leave nobody without an arm.
                    ends[last..].fill(BUCKETS);
                }
                Arms { draw: draw(arm_seed(&serving.seed, &rule.key)), ends }
            });
            Step { when, slice, share, arms }
        })
        .collect();
    let requires: Vec<Required> = serving
        .requires
        .iter()
        .enumerate()
        .filter_map(|(at, required)| Some(Required { lever: *index.get(&required.lever)?, at }))
        .collect();
    let broken = requires.len() != serving.requires.len();
    Plan { holdout, requires, broken, steps, shared: Vec::new() }
}

fn ends(plans: &[Plan], from: usize, steps_max: usize) -> bool {
    let mut reached = vec![from];
    for _ in 0..steps_max {
        let mut next: Vec<usize> = reached.iter().flat_map(|at| &plans[*at].requires).map(|r| r.lever).collect();
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return true;
        }
        reached = next;
    }
    false
}

/// Draws on which more than one thing depends, with all places where one of them changes.
fn shared(plans: &[Plan], from: usize) -> Vec<Shared> {
    // Levers on the way, and how many ways lead to each.
    let mut ways: BTreeMap<usize, usize> = BTreeMap::from([(from, 1)]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for required in &plans[at].requires {
            let n = ways.entry(required.lever).or_insert(0);
            *n += 1;
            if *n == 1 {
                open.push(required.lever);
            }
        }
    }
    // What lies behind a lever that is reached twice is reached twice, too.
    let mut open: Vec<usize> = ways.iter().filter(|(_, n)| **n > 1).map(|(at, _)| *at).collect();
    while let Some(at) = open.pop() {
        for required in &plans[at].requires {
            if let Some(n) = ways.get_mut(&required.lever).filter(|n| **n < 2) {
                *n = 2;
                open.push(required.lever);
            }
        }
    }
    let mut uses: BTreeMap<usize, (usize, Vec<u32>)> = BTreeMap::new();
    for (at, n) in ways {
        let plan = &plans[at];
        let mut seen = |draw: Draw, cuts: &[u32]| {
            let (count, all) = uses.entry(draw.id).or_default();
            *count += n;
            all.extend_from_slice(cuts);
        };
        let gates = plan.steps.iter().flat_map(|step| [step.slice, step.share]).chain([plan.holdout]);
        for gate in gates.flatten() {
            seen(gate.draw, &[gate.from, gate.to]);
        }
        for arms in plan.steps.iter().filter_map(|step| step.arms.as_ref()) {
            seen(arms.draw, &arms.ends);
        }
    }
    uses.into_iter()
        .filter(|(_, (count, _))| *count > 1)
        .map(|(id, (_, mut cuts))| {
            cuts.extend([0, BUCKETS]);
            cuts.sort_unstable();
            cuts.dedup();
            Shared { id, pieces: cuts.windows(2).map(|w| (w[0], w[1] - w[0])).collect() }
        })
        .collect()
}
