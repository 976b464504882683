//! An effect per unit as money per month.

use serde::{Deserialize, Serialize};

use super::{Effect, Refusal, Scale};

/// Money per month, in minor units of the currency (cents), if everybody had the treatment instead of the control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// Expected.
    pub estimate: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// The effect times `units_per_month` (how many units a month would meet the lever at full exposure; for ratios, how many
/// of the *denominator's* units) times `minor_per_outcome` (what one of the outcome is worth: contribution of one order,
/// or 100 for an outcome in euros). A relative effect is taken of the control's value as observed.
///
/// The interval has coverage `1 - alpha` for the effect; traffic and worth are taken as known. Negative worth (a cost)
/// turns the interval around.
pub fn monthly(effect: &Effect, units_per_month: f64, minor_per_outcome: f64, alpha: f64) -> Result<Money, Refusal> {
    let base = if effect.scale == Scale::Relative { effect.control.abs() } else { 1.0 };
    let factor = base * units_per_month * minor_per_outcome;
    if !factor.is_finite() {
        return Err(Refusal::NotFinite);
    }
    let ends = effect.interval(alpha);
    let (a, b) = (ends.lower * factor, ends.upper * factor);
    Ok(Money { estimate: effect.estimate * factor, lower: a.min(b), upper: a.max(b) })
}
