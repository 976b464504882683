//! Post-stratification: arms compared within strata that exposure cannot change (country, device, plan), then averaged.

use super::contrast::{Slopes, gradient};
use super::{Contrast, Refusal, error_of, satterthwaite};
use crate::moments::{Moments, Table};

/// One stratum: control and treatment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Units of the control in it.
    pub control: Moments,
    /// Units of the treatment in it.
    pub treatment: Moments,
}

/// Post-stratified contrast of means, proportions and ratios, each stratum weighted by its share of all units
/// (Miratrix, Sekhon & Yu 2013), with regression on covariates inside where there are any.
///
/// The strata's shares are themselves a sample of the business's customers: where values or effects differ between strata
/// that adds the multinomial variance of the shares, shared by both arms. Strata in which an arm has fewer than two units
/// are pooled into one; if that one still lacks an arm, the contrast is refused. Quantiles have no strata.
pub fn post_stratified(strata: &[Stratum]) -> Result<Contrast, Refusal> {
    let (thin, mut used): (Vec<Stratum>, Vec<Stratum>) =
        strata.iter().partition(|s| s.control.units < 2 || s.treatment.units < 2);
    let mut rest: Option<Stratum> = None;
    for s in thin {
        if s.control.units + s.treatment.units == 0 {
            continue;
        }
        rest = Some(match rest {
            None => s,
            Some(pool) => pooled(&pool, &s)?,
        });
    }
    if let Some(pool) = rest {
        match used.last_mut() {
            // Too thin on its own: it joins the last stratum that is not.
            Some(last) if pool.control.units < 2 || pool.treatment.units < 2 => *last = pooled(last, &pool)?,
            _ => used.push(pool),
        }
    }
    if used.is_empty() || used.iter().any(|s| s.control.units < 2 || s.treatment.units < 2) {
        return Err(Refusal::TooFewUnits);
    }
    if used.iter().any(|s| s.control.quantile.is_some() || s.treatment.quantile.is_some()) {
        return Err(Refusal::Shape);
    }
    let whole = used.iter().skip(1).try_fold(used[0], |whole, s| pooled(&whole, s))?;
    average(&used, [whole.control.units, whole.treatment.units])
}

fn pooled(a: &Stratum, b: &Stratum) -> Result<Stratum, Refusal> {
    let both = |x: &Moments, y: &Moments| x.combine(y).map_err(|_| Refusal::Shape);
    Ok(Stratum { control: both(&a.control, &b.control)?, treatment: both(&a.treatment, &b.treatment)? })
}

/// Means are averaged first; ratios are of those averages, linearised around them, so a ratio is that of the whole and
/// not a mean of ratios.
fn average(strata: &[Stratum], units: [u64; 2]) -> Result<Contrast, Refusal> {
    let all = (units[0] + units[1]) as f64;
    let weight = |s: &Stratum| (s.control.units + s.treatment.units) as f64 / all;
    let mut means = [[0.0; Table::SIZE]; 2];
    for s in strata {
        for (mean, arm) in means.iter_mut().zip([&s.control, &s.treatment]) {
            let t = arm.table();
            for (m, x) in mean.iter_mut().zip(t.mean) {
                *m += weight(s) * x;
            }
        }
    }
    let ratio = strata[0].control.den.is_some();
    let theta = theta_within(strata, &means, ratio);
    let a = Slopes::at(&means[0], ratio, theta)?;
    let b = Slopes::at(&means[1], ratio, theta)?;
    let mut sum = Contrast {
        difference: b.adjusted - a.adjusted,
        variance: 0.0,
        control: a.observed,
        treatment: b.observed,
        control_variance: 0.0,
        covariance: 0.0,
        df: 0.0,
        units,
        theta,
        around: if ratio { b.adjusted - a.adjusted } else { b.observed - a.observed },
    };
    let mut parts = Vec::with_capacity(2 * strata.len());
    for s in strata {
        let w = weight(s);
        let (tc, tt) = (s.control.table(), s.treatment.table());
        let within = |arm: &Moments| w * w / (arm.divisor() * arm.units as f64);
        let control = within(&s.control) * tc.form(&a.adjusted_slope, &a.adjusted_slope);
        let treatment = within(&s.treatment) * tt.form(&b.adjusted_slope, &b.adjusted_slope);
        parts.push((control, s.control.units as f64 - 1.0));
        parts.push((treatment, s.treatment.units as f64 - 1.0));
        // How far the stratum lies from the average, in difference and in baseline.
        let off = |slope: &[f64; Table::SIZE], t: &Table, mean: &[f64; Table::SIZE]| -> f64 {
            (0..Table::SIZE).map(|i| slope[i] * (t.mean[i] - mean[i])).sum()
        };
        let gap = off(&b.adjusted_slope, &tt, &means[1]) - off(&a.adjusted_slope, &tc, &means[0]);
        let base = off(&a.observed_slope, &tc, &means[0]);
        let shares = w / all;
        sum.variance += control + treatment + shares * gap * gap;
        sum.control_variance +=
            within(&s.control) * tc.form(&a.observed_slope, &a.observed_slope) + shares * base * base;
        sum.covariance += shares * gap * base - within(&s.control) * tc.form(&a.adjusted_slope, &a.observed_slope);
    }
    // Nothing varies inside: only the shares are by chance, of all units together.
    sum.df = if parts.iter().any(|part| part.0 > 0.0) { satterthwaite(&parts) } else { all - 1.0 };
    error_of(sum.variance).map(|_| sum)
}

/// Coefficient of the covariate from what varies inside of strata and arms.
fn theta_within(strata: &[Stratum], means: &[[f64; Table::SIZE]; 2], ratio: bool) -> f64 {
    let covariate = |m: &Moments| m.pre.is_some_and(|pre| pre.den.is_some() == ratio);
    if !strata.iter().all(|s| covariate(&s.control) && covariate(&s.treatment)) {
        return 0.0;
    }
    let (mut covariance, mut variance) = (0.0, 0.0);
    for s in strata {
        for (mean, arm) in means.iter().zip([&s.control, &s.treatment]) {
            let (Ok((_, now)), Ok((_, before))) = (gradient(mean, ratio, 0), gradient(mean, ratio, 2)) else {
                return 0.0;
            };
            let t = arm.table();
            covariance += t.form(&now, &before);
            variance += t.form(&before, &before);
        }
    }
    if variance > 0.0 { covariance / variance } else { 0.0 }
}
