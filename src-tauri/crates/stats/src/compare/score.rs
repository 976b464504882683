//! Two proportions at few events: the score test and its interval, which hold where estimate over error does not.
//!
//! Miettinen & Nurminen 1985. The standard error is taken where the tested effect is true (the shares that fit the data best
//! under it), so no event in an arm is no obstacle, and intervals never leave what shares can be.

use libm::{acos, cos, expm1, sqrt};

use super::{Interval, Refusal, Scale, Side};
use crate::moments::{Moments, Outcome};
use crate::normal;

/// Below this many units with the outcome, or without it, in either arm, the score interval is the one to show: with 5 % of
/// the units in the treatment and a base rate of 0.5 %, Welch's 95 % interval covers 40 %.
pub const FEW_EVENTS: f64 = 30.0;

/// Whether an arm has so few units with the outcome (or without) that Welch's interval is not to be trusted.
pub fn few_events(control: &Moments, treatment: &Moments) -> bool {
    [control, treatment].iter().any(|m| {
        let hits = m.mean * m.units as f64;
        m.outcome == Outcome::Binary && m.den.is_none() && hits.min(m.units as f64 - hits) < FEW_EVENTS
    })
}

/// Interval of coverage `1 - alpha` for the effect of a proportion; covariates are not used. On the relative scale it has no
/// upper end where the control has no event.
pub fn score_interval(
    control: &Moments,
    treatment: &Moments,
    scale: Scale,
    side: Side,
    alpha: f64,
) -> Result<Interval, Refusal> {
    let score = Score::of(control, treatment, scale)?;
    let far = normal::isf(if side == Side::Two { 0.5 * alpha } else { alpha });
    Ok(Interval {
        lower: if side == Side::Less { f64::NEG_INFINITY } else { score.where_z_is(far) },
        upper: if side == Side::Greater { f64::INFINITY } else { score.where_z_is(-far) },
    })
}

/// p-value of an effect of `null`, as [`super::Effect::p_value_of`] has it. A null that two shares cannot have (beyond -1 to 1,
/// relative ones from -1 down) is as far off as can be.
pub fn score_p_value(
    control: &Moments,
    treatment: &Moments,
    scale: Scale,
    side: Side,
    null: f64,
) -> Result<f64, Refusal> {
    let z = Score::of(control, treatment, scale)?.z(null);
    Ok(match side {
        Side::Two => normal::two_sided(z),
        Side::Greater => normal::sf(z),
        Side::Less => normal::sf(-z),
    })
}

struct Score {
    scale: Scale,
    /// Units and hits of control and treatment.
    n: [f64; 2],
    x: [f64; 2],
}

/// Steps of bisection: enough for all digits.
const STEPS: u32 = 90;

impl Score {
    fn of(control: &Moments, treatment: &Moments, scale: Scale) -> Result<Self, Refusal> {
        for arm in [control, treatment] {
            if arm.outcome != Outcome::Binary || arm.den.is_some() {
                return Err(Refusal::Shape);
            }
            if arm.units == 0 {
                return Err(Refusal::TooFewUnits);
            }
        }
        let n = [control.units as f64, treatment.units as f64];
        let x = [(control.mean * n[0]).round(), (treatment.mean * n[1]).round()];
        // Nobody, or everybody: then a ratio of shares could be anything.
        if scale == Scale::Relative && x[0] + x[1] == 0.0 {
            return Err(Refusal::ZeroVariance);
        }
        Ok(Self { scale, n, x })
    }

    /// Standardised distance of what was seen from an effect; falls as the effect rises.
    fn z(&self, effect: f64) -> f64 {
        let ([n0, n1], [x0, x1]) = (self.n, self.x);
        let whole = n0 + n1;
        // Beyond what two shares can have: as far off as can be.
        let impossible = match self.scale {
            Scale::Absolute => effect.abs() > 1.0,
            Scale::Relative => effect <= -1.0,
        };
        if impossible {
            return if effect > 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        let (off, variance) = match self.scale {
            Scale::Absolute => {
                let (p0, p1) = self.fitted(effect);
                (x1 / n1 - x0 / n0 - effect, p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0)
            }
            Scale::Relative => {
                let ratio = 1.0 + effect;
                let b = n1 * ratio + x1 + n0 + x0 * ratio;
                let root = sqrt((b * b - 4.0 * whole * ratio * (x0 + x1)).max(0.0));
                // The smaller root, written so that nothing cancels.
                let p0 = (2.0 * (x0 + x1) / (b + root)).min(1.0);
                let p1 = (ratio * p0).min(1.0);
                (x1 / n1 - ratio * x0 / n0, p1 * (1.0 - p1) / n1 + ratio * ratio * p0 * (1.0 - p0) / n0)
            }
        };
        if off == 0.0 {
            return 0.0;
        }
        off / sqrt((variance * whole / (whole - 1.0)).max(0.0))
    }

    /// Shares that fit best when their difference is `d`: the middle root of a cubic.
    fn fitted(&self, d: f64) -> (f64, f64) {
        let ([n0, n1], [x0, x1]) = (self.n, self.x);
        let whole = n0 + n1;
        let l2 = ((n1 + 2.0 * n0) * d - whole - x0 - x1) / whole;
        let l1 = ((n0 * d - whole - 2.0 * x0) * d + x0 + x1) / whole;
        let l0 = x0 * d * (1.0 - d) / whole;
        let q = l2 * l2 * l2 / 27.0 - l1 * l2 / 6.0 + 0.5 * l0;
        let p = sqrt((l2 * l2 / 9.0 - l1 / 3.0).max(0.0)).copysign(q);
        let angle = if p == 0.0 { 0.0 } else { (q / (p * p * p)).clamp(-1.0, 1.0) };
        let p0 = 2.0 * p * cos((std::f64::consts::PI + acos(angle)) / 3.0) - l2 / 3.0;
        let p0 = p0.clamp((-d).max(0.0), (1.0 - d).min(1.0));
        (p0, (p0 + d).clamp(0.0, 1.0))
    }

    fn where_z_is(&self, target: f64) -> f64 {
        let ([n0, n1], [x0, x1]) = (self.n, self.x);
        // Effects as the bisection sees them: differences, or logarithms of ratios.
        let (mut low, mut high, relative) = match self.scale {
            Scale::Absolute => (-1.0, 1.0, false),
            Scale::Relative if x1 == 0.0 && target > 0.0 => return -1.0,
            Scale::Relative if x0 == 0.0 && target < 0.0 => return f64::INFINITY,
            Scale::Relative => {
                let widest = libm::log(4.0 * n0 * n1) + 20.0;
                (-widest, widest, true)
            }
        };
        let effect = |at: f64| if relative { expm1(at) } else { at };
        for _ in 0..STEPS {
            let mid = 0.5 * (low + high);
            if self.z(effect(mid)) > target {
                low = mid;
            } else {
                high = mid;
            }
        }
        effect(0.5 * (low + high))
    }
}
