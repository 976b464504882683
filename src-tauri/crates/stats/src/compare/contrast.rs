//! What two arms say together, before a scale is chosen.

use libm::fabs;

use super::{Effect, Refusal, Scale, error_of, satterthwaite};
use crate::moments::{Moments, Table};

/// Difference and baseline of two arms with their joint error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Treatment minus control, adjusted where there are covariates.
    pub difference: f64,
    /// Variance of it.
    pub variance: f64,
    /// The control's value as observed: the baseline of the relative effect.
    pub control: f64,
    /// The treatment's value as observed.
    pub treatment: f64,
    /// Variance of the control's value.
    pub control_variance: f64,
    /// Covariance of difference and control's value.
    pub covariance: f64,
    /// Degrees of freedom of the difference.
    pub df: f64,
    /// Units: control, treatment.
    pub units: [u64; 2],
    /// Coefficient of the covariate (0 without).
    pub theta: f64,
    /// The difference around which the relative effect is linearised. Observed and adjusted difference estimate the same,
    /// so either is right to first order; means take the observed and ratios the adjusted one, as `gbstats` does.
    pub around: f64,
}

/// One arm's estimates, linearised: adjusted (A) and observed (U).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub adjusted: f64,
    pub adjusted_variance: f64,
    pub observed: f64,
    pub observed_variance: f64,
    pub covariance: f64,
}

impl Line {
    pub(crate) fn of(arm: &Moments, theta: f64) -> Result<Self, Refusal> {
        if arm.units < 2 {
            return Err(Refusal::TooFewUnits);
        }
        if let Some(at) = arm.quantile {
            let variance = arm.quantile_variance(&at).ok_or(Refusal::TooFewUnits)?;
            return Ok(Self {
                adjusted: at.value,
                adjusted_variance: variance,
                observed: at.value,
                observed_variance: variance,
                covariance: variance,
            });
        }
        let t = arm.table();
        let at = Slopes::at(&t.mean, arm.den.is_some(), theta)?;
        // Covariances of the means: sums of products over divisor and units.
        let scale = 1.0 / (arm.divisor() * arm.units as f64);
        Ok(Self {
            adjusted: at.adjusted,
            adjusted_variance: scale * t.form(&at.adjusted_slope, &at.adjusted_slope),
            observed: at.observed,
            observed_variance: scale * t.form(&at.observed_slope, &at.observed_slope),
            covariance: scale * t.form(&at.adjusted_slope, &at.observed_slope),
        })
    }
}

/// Values of an arm at given means, with their gradients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slopes {
    pub observed: f64,
    pub observed_slope: [f64; Table::SIZE],
    pub adjusted: f64,
    pub adjusted_slope: [f64; Table::SIZE],
}

impl Slopes {
    pub(crate) fn at(mean: &[f64; Table::SIZE], ratio: bool, theta: f64) -> Result<Self, Refusal> {
        let (observed, observed_slope) = gradient(mean, ratio, 0)?;
        let (mut adjusted, mut adjusted_slope) = (observed, observed_slope);
        if theta != 0.0 {
            let (before, slope) = gradient(mean, ratio, 2)?;
            adjusted -= theta * before;
            for (a, b) in adjusted_slope.iter_mut().zip(slope) {
                *a -= theta * b;
            }
        }
        Ok(Self { observed, observed_slope, adjusted, adjusted_slope })
    }
}

/// Value and gradient of a mean, or of a ratio of means, whose numerator stands at `at` of a table.
pub(crate) fn gradient(
    mean: &[f64; Table::SIZE],
    ratio: bool,
    at: usize,
) -> Result<(f64, [f64; Table::SIZE]), Refusal> {
    let mut slope = [0.0; Table::SIZE];
    if !ratio {
        slope[at] = 1.0;
        return Ok((mean[at], slope));
    }
    let den = mean[at + 1];
    if den == 0.0 {
        return Err(Refusal::ZeroDenominator);
    }
    let value = mean[at] / den;
    slope[at] = 1.0 / den;
    slope[at + 1] = -value / den;
    Ok((value, slope))
}

/// Coefficient of the covariate that leaves the least variance (Deng et al. 2013, CUPED): for means and proportions the
/// regression over both arms as one, for ratios the quotient of the linearised covariances, summed over the arms.
pub(crate) fn theta(control: &Moments, treatment: &Moments) -> f64 {
    let (Some(x), Some(_)) = (control.pre, treatment.pre) else { return 0.0 };
    if control.den.is_none() {
        let Ok(joint) = control.combine(treatment) else { return 0.0 };
        return joint.pre.filter(|pre| pre.m2 > 0.0).map_or(0.0, |pre| pre.with_outcome / pre.m2);
    }
    if x.den.is_none() {
        return 0.0;
    }
    let (mut covariance, mut variance) = (0.0, 0.0);
    for arm in [control, treatment] {
        let t = arm.table();
        let (Ok((_, now)), Ok((_, before))) = (gradient(&t.mean, true, 0), gradient(&t.mean, true, 2)) else {
            return 0.0;
        };
        covariance += t.form(&now, &before) / arm.divisor();
        variance += t.form(&before, &before) / arm.divisor();
    }
    if variance > 0.0 { covariance / variance } else { 0.0 }
}

impl Contrast {
    /// Two independent arms.
    pub fn of(control: &Moments, treatment: &Moments) -> Result<Self, Refusal> {
        if control.units < 2 || treatment.units < 2 {
            return Err(Refusal::TooFewUnits);
        }
        control.same_shape(treatment).map_err(|_| Refusal::Shape)?;
        let theta = theta(control, treatment);
        let (a, b) = (Line::of(control, theta)?, Line::of(treatment, theta)?);
        let parts =
            [(a.adjusted_variance, control.units as f64 - 1.0), (b.adjusted_variance, treatment.units as f64 - 1.0)];
        let contrast = Self {
            difference: b.adjusted - a.adjusted,
            variance: a.adjusted_variance + b.adjusted_variance,
            control: a.observed,
            treatment: b.observed,
            control_variance: a.observed_variance,
            covariance: -a.covariance,
            df: satterthwaite(&parts),
            units: [control.units, treatment.units],
            theta,
            around: if control.den.is_some() { b.adjusted - a.adjusted } else { b.observed - a.observed },
        };
        error_of(contrast.variance).map(|_| contrast)
    }

    /// The effect on a scale.
    pub fn effect(&self, scale: Scale) -> Result<Effect, Refusal> {
        let (estimate, variance) = match scale {
            Scale::Absolute => (self.difference, self.variance),
            Scale::Relative => {
                if self.control == 0.0 {
                    return Err(Refusal::ZeroBaseline);
                }
                // Delta method for D / C.
                let ratio = self.around / self.control;
                let variance = (self.variance - 2.0 * ratio * self.covariance + ratio * ratio * self.control_variance)
                    / (self.control * self.control);
                (self.difference / fabs(self.control), variance)
            }
        };
        if !estimate.is_finite() {
            return Err(Refusal::NotFinite);
        }
        Ok(Effect {
            estimate,
            se: error_of(variance)?,
            df: self.df,
            units: self.units,
            control: self.control,
            treatment: self.treatment,
            scale,
        })
    }
}
