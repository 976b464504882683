//! The oracle's plan: the best levers for each fortnight, with everything that will happen known.

use super::model::{Model, State};
use crate::levers::{LeverSpec, Role, Settings};

/// Days for which the plan keeps its settings.
pub const BLOCK_DAYS: u32 = 14;

/// How far the value of a fortnight's settings is followed.
const LOOK_AHEAD_DAYS: u32 = 400;

/// Settings by block.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub blocks: Vec<Settings>,
}

/// Maximises the expected profit until the end of what the model sees: first over settings that never change, then
/// fortnight by fortnight, one lever at a time (coordinate ascent). Every step is kept only if it earns more, so the plan
/// expects at least as much as the best constant setting that was tried.
pub fn best_plan(model: &Model) -> Plan {
    let constant = best_constant(model);
    let blocks = model.days().div_ceil(BLOCK_DAYS).max(1) as usize;
    let mut plan = Plan { blocks: vec![constant; blocks] };
    for _ in 0..2 {
        let mut state = model.start();
        for block in 0..blocks {
            improve_block(model, &mut plan, block, &state);
            let until = (block as u32 + 1) * BLOCK_DAYS;
            model.run(&mut state, &plan.blocks[block], until);
        }
    }
    plan
}

/// Levers that are searched. The best option for each segment is known without a search: nothing else depends on it.
fn searched(model: &Model) -> impl Iterator<Item = &LeverSpec> {
    model.levers().iter().filter(|lever| !matches!(lever.role, Role::Headline | Role::Onboarding))
}

fn best_constant(model: &Model) -> Settings {
    let mut best = Settings { headline: None, onboarding: None, ..model.defaults() };
    let value = |settings: &Settings| model.run(&mut model.start(), settings, model.days()).profit;
    let mut profit = value(&best);
    for sweep in 0..4 {
        let before = profit;
        for lever in searched(model) {
            let around = best.get(lever.role).unwrap_or(0.0);
            for n in candidates(lever, around, sweep == 0) {
                let mut tried = best.clone();
                tried.set(lever.role, n);
                let earned = value(&tried);
                if earned > profit {
                    (best, profit) = (tried, earned);
                }
            }
        }
        if profit - before <= 1e-6 * before.abs() {
            break;
        }
    }
    best
}

fn improve_block(model: &Model, plan: &mut Plan, block: usize, state: &State) {
    let until = ((block as u32) * BLOCK_DAYS + LOOK_AHEAD_DAYS).min(model.days());
    let value = |plan: &Plan| {
        let mut state = state.clone();
        let mut sum = 0.0;
        for (i, settings) in plan.blocks.iter().enumerate().skip(block) {
            sum += model.run(&mut state, settings, ((i as u32 + 1) * BLOCK_DAYS).min(until)).profit;
        }
        sum
    };
    let mut profit = value(plan);
    for lever in searched(model) {
        let around = plan.blocks[block].get(lever.role).unwrap_or(0.0);
        for n in candidates(lever, around, false) {
            let kept = plan.blocks[block].clone();
            plan.blocks[block].set(lever.role, n);
            let earned = value(plan);
            if earned > profit {
                profit = earned;
            } else {
                plan.blocks[block] = kept;
            }
        }
    }
}

/// Settings to try: the whole range coarsely, or the neighbourhood in steps that grow.
fn candidates(lever: &LeverSpec, around: f64, everywhere: bool) -> Vec<f64> {
    let epoch_model::business::LeverKind::Number { min, max, step } = lever.kind else { return lever.grid(8) };
    if everywhere {
        return lever.grid(13);
    }
    let near = [-10.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 10.0];
    near.into_iter().map(|k| around + k * step).filter(|n| (min..=max).contains(n)).collect()
}
