//! What lies around the effects: the arms before exposure, other experiments, what was believed before.

use epoch_model::Result;
use epoch_stats::bayes::{self, Belief, Learned, PastEffect};
use epoch_stats::compare::{imbalances, interaction};
use epoch_stats::moments::Moments;
use epoch_stats::multiple;

use super::super::wrong;
use super::compared::on;
use super::input::{Arm, Cells, Input, Interaction};
use super::output::{Before, InteractionRead, MetricRead, Plain, PriorRead};
use super::parts::Parts;

/// Were the arms alike before exposure? Adjusted for all metrics and arms together.
pub(super) fn before(metrics: &mut [MetricRead], parts: &[Parts]) {
    let pairs: Vec<(Moments, Moments)> =
        parts.iter().flat_map(|p| p.whole.iter().skip(1).map(|arm| (p.whole[0], *arm))).collect();
    let mut found = imbalances(&pairs).into_iter();
    for arm in metrics.iter_mut().flat_map(|m| &mut m.arms) {
        arm.before = found.next().and_then(std::result::Result::ok).map(|i| Before {
            estimate: i.effect.estimate,
            standard_error: i.effect.se,
            p_value: i.p_value,
            adjusted_p_value: i.adjusted,
        });
    }
}

/// How the effect changes with the arms of other experiments.
pub(super) fn interactions(input: &Input) -> Result<Vec<InteractionRead>> {
    let mut read: Vec<InteractionRead> = Vec::with_capacity(input.interactions.len());
    for (i, other) in input.interactions.iter().enumerate() {
        read.push(one(input, i, other)?);
    }
    let p: Vec<f64> = read.iter().map(|r| r.p_value.unwrap_or(f64::NAN)).collect();
    for (one, adjusted) in read.iter_mut().zip(multiple::holm(&p)) {
        one.adjusted_p_value = one.p_value.map(|_| adjusted);
    }
    Ok(read)
}

fn one(input: &Input, i: usize, other: &Interaction) -> Result<InteractionRead> {
    let place = format!("interactions[{i}]");
    let control = &input.arms[0].key;
    let arm = other.off.arms().find(|key| *key != control).ok_or_else(|| {
        wrong(format!("{place}.off"), "no arm but the control", "give the control's figures and another arm's")
    })?;
    let arms: Vec<Arm> = input.arms.iter().filter(|a| a.key == *control || a.key == *arm).cloned().collect();
    let of = |cells: &Cells, name: &str| -> Result<[Moments; 2]> {
        let found = cells.figures().of(&arms, &format!("{place}.{name}"))?;
        match found[..] {
            [control, arm] => Ok([control, arm]),
            _ => Err(wrong(format!("{place}.{name}"), format!("“{arm}” is no arm"), "use the keys of `arms`")),
        }
    };
    let (off, on_) = (of(&other.off, "off")?, of(&other.on, "on")?);
    let told = interaction(&[[off[0], on_[0]], [off[1], on_[1]]], on(input.scale));
    let found = told.as_ref().ok();
    Ok(InteractionRead {
        key: other.key.clone(),
        arm: arm.clone(),
        refusal: told.as_ref().err().map(ToString::to_string),
        effect_off: found.map(|e| e.control),
        effect_on: found.map(|e| e.treatment),
        difference: found.map(|e| Plain { estimate: e.estimate, standard_error: e.se }),
        p_value: found.map(epoch_stats::compare::Effect::p_value),
        adjusted_p_value: None,
    })
}

/// Whether its square is still a number above 0, and its mean one beside it.
fn usable(belief: Belief) -> bool {
    (1e-100..1e100).contains(&belief.sd) && belief.mean.abs() < 1e100
}

/// What was believed: as handed in, or learnt.
pub(super) fn prior(input: &Input) -> Result<(Option<bayes::Prior>, Option<PriorRead>)> {
    let guess =
        match input.prior {
            Some(prior) => Some(Belief::new(prior.mean, prior.sd).filter(|b| usable(*b)).ok_or_else(|| {
                wrong("prior.sd", "it must be above 0", "leave the prior out if nothing is believed")
            })?),
            None => None,
        };
    let Some(past) = &input.past else {
        let scale = input.prior.map(|p| p.scale).unwrap_or_default();
        let read =
            guess.map(|b| PriorRead { mean: b.mean, sd: b.sd, scale, effects: 0, signal: None, heavy_tailed: false });
        return Ok((guess.map(|belief| bayes::Prior { belief, scale: on(scale) }), read));
    };
    if input.prior.is_some_and(|p| p.scale != past.scale) {
        return Err(wrong("past.scale", "it is not that of `prior`", "give both on one scale"));
    }
    if !(past.prior_weight >= 0.0) {
        return Err(wrong("past.prior_weight", "below 0", "as how many past experiments `prior` counts"));
    }
    let mut effects = Vec::with_capacity(past.effects.len());
    for (k, effect) in past.effects.iter().enumerate() {
        if !(effect.standard_error > 0.0) {
            let place = format!("past.effects[{k}].standard_error");
            return Err(wrong(place, "it must be above 0", "leave the effect out if its error is not known"));
        }
        effects.push(PastEffect { estimate: effect.estimate, se: effect.standard_error });
    }
    let weight = if guess.is_some() { past.prior_weight } else { 0.0 };
    let learned = bayes::learn(&effects, guess.unwrap_or(Belief::flat()), weight).ok_or_else(|| {
        wrong("past.effects", "too few to learn from", "give at least two, or a `prior` to begin with")
    })?;
    let Learned { belief, effects, signal, heavy_tailed, .. } = learned;
    if !usable(belief) {
        let next = "give a `prior` to begin with";
        return Err(wrong("past.effects", "no spread of true effects can be learnt from these", next));
    }
    let read =
        PriorRead { mean: belief.mean, sd: belief.sd, scale: past.scale, effects, signal: Some(signal), heavy_tailed };
    Ok((Some(bayes::Prior { belief, scale: on(past.scale) }), Some(read)))
}
