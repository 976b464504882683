//! Were the arms alike before, and do two experiments change each other's effect?

use serde::{Deserialize, Serialize};

use super::{Contrast, Effect, Refusal, Scale, error_of, satterthwaite};
use crate::moments::Moments;
use crate::multiple;

/// How different the arms were before exposure, when nothing could differ but by chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imbalance {
    /// Difference before exposure, treatment minus control.
    pub effect: Effect,
    /// Its p-value …
    pub p_value: f64,
    /// … and adjusted for all covariates tested together (Holm); the same where there is one.
    pub adjusted: f64,
}

/// Tests whether the covariate differs between the arms. Refused as a shape where there is none.
pub fn imbalance(control: &Moments, treatment: &Moments) -> Result<Imbalance, Refusal> {
    let (Some(a), Some(b)) = (control.before(), treatment.before()) else { return Err(Refusal::Shape) };
    let effect = Contrast::of(&a, &b)?.effect(Scale::Absolute)?;
    let p_value = effect.p_value();
    Ok(Imbalance { effect, p_value, adjusted: p_value })
}

/// The same for several metrics (control, treatment), with their p-values adjusted together. What cannot be tested stays
/// in its place with the reason and does not count.
pub fn imbalances(arms: &[(Moments, Moments)]) -> Vec<Result<Imbalance, Refusal>> {
    let mut all: Vec<Result<Imbalance, Refusal>> = arms.iter().map(|(a, b)| imbalance(a, b)).collect();
    let p: Vec<f64> = all.iter().flatten().map(|i| i.p_value).collect();
    for (found, adjusted) in all.iter_mut().flatten().zip(multiple::holm(&p)) {
        found.adjusted = adjusted;
    }
    all
}

/// How much the effect of experiment one changes when experiment two is switched on: difference in differences over the
/// four cells, `cells[one][two]` with 0 for control and 1 for treatment. On the relative scale it is the difference of the
/// two relative effects. The units of the result are those of both cells of each arm of experiment one.
pub fn interaction(cells: &[[Moments; 2]; 2], scale: Scale) -> Result<Effect, Refusal> {
    let under = |two: usize| Contrast::of(&cells[0][two], &cells[1][two])?.effect(scale);
    let (off, on) = (under(0)?, under(1)?);
    let df = satterthwaite(&[(off.variance(), off.df), (on.variance(), on.df)]);
    Ok(Effect {
        estimate: on.estimate - off.estimate,
        se: error_of(off.variance() + on.variance())?,
        df,
        units: [off.units[0] + on.units[0], off.units[1] + on.units[1]],
        control: off.estimate,
        treatment: on.estimate,
        scale,
    })
}
