//! Power of a switchback, on the business's own past.

use rand_core::Rng;

use super::Plan;
use super::read::model_p;

/// The share of simulated switchbacks that find an effect of `relative` (0.05 is +5 % on treated buckets) at `alpha`.
///
/// Each run takes a stretch of `past` (buckets in which nothing was tried), at a place drawn by lot that keeps the
/// season's phase, draws sides, and adds the effect; washout buckets get half of it. So the noise has the memory and the
/// heavy days that the business has. `None` if the past is shorter than the plan, or the plan cannot be carried out.
pub fn power(plan: &Plan, past: &[f64], relative: f64, alpha: f64, runs: usize, rng: &mut impl Rng) -> Option<f64> {
    let length = plan.blocks * plan.block_buckets;
    let period = plan.cycle * plan.block_buckets;
    if plan.problem().is_some() || past.len() < length || runs == 0 || past.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let places = (past.len() - length) / period + 1;
    let mut found = 0_usize;
    let mut values = vec![0.0; length];
    for _ in 0..runs {
        let place = super::below(places, rng) * period;
        let sides = plan.draw(rng);
        for (k, slot) in values.iter_mut().enumerate() {
            let block = k / plan.block_buckets;
            let before = block > 0 && sides[block - 1];
            let washing = before != sides[block] && k % plan.block_buckets < plan.washout_buckets;
            let share = if washing { 0.5 } else { f64::from(u8::from(sides[block])) };
            *slot = past[place + k] * (1.0 + relative * share);
        }
        found += usize::from(model_p(plan, &sides, &values, true)? <= alpha);
    }
    Some(found as f64 / runs as f64)
}
